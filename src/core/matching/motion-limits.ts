import { applyAffine, determinant, isFiniteAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Rect } from '../geometry/rect.ts';

/** Below this area scale nothing is left to compare. */
const leastDeterminant = 0.25;

/** Whether images may be compared under a motion: its numbers are finite, and it shrinks areas to a quarter at most. */
export function isAlignable(aFromB: Affine2): boolean {
  return isFiniteAffine(aFromB) && Math.abs(determinant(aFromB)) >= leastDeterminant;
}

/** Largest distance between what two motions make of the corner pixels of a rectangle, px. */
export function cornerShiftPx(from: Affine2, to: Affine2, { x, y, width, height }: Rect): number {
  const shifts = [
    [x, y],
    [x + width - 1, y],
    [x, y + height - 1],
    [x + width - 1, y + height - 1],
  ].map(([u, v]) => {
    const p = applyAffine(from, u, v);
    const q = applyAffine(to, u, v);
    return Math.hypot(p.x - q.x, p.y - q.y);
  });
  return Math.max(...shifts);
}
