import type { TransformModel } from '../matching/link.ts';
import { poseStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';

/**
 * poses ← poses − step, the step in the model's unknowns (`steps` like `gradients`).
 *
 * @returns the largest component of the step, px; NaN when any is not finite.
 */
export function applyStep(
  model: TransformModel,
  system: LinkSystem,
  poses: Float64Array,
  steps: readonly Float64Array[],
): number {
  let largest = 0;
  for (const step of steps)
    for (const component of step) {
      const size = Math.abs(component);
      if (!(size <= largest)) largest = size;
      if (Number.isNaN(size)) return NaN;
    }
  for (let i = 0; i < system.nodes.length; i++) {
    const o = poseStride * i;
    const h = 1 / system.lever[i];
    switch (model) {
      case 'translation':
        poses[o] -= steps[0][i];
        poses[o + 1] -= steps[1][i];
        break;
      case 'rigid':
        poses[o] -= steps[0][3 * i];
        poses[o + 1] -= steps[0][3 * i + 1];
        turnLinear(poses, o, -steps[0][3 * i + 2] * h);
        break;
      case 'similarity': {
        const step = steps[0];
        poses[o] -= step[4 * i];
        poses[o + 1] -= step[4 * i + 1];
        poses[o + 2] -= step[4 * i + 2] * h;
        poses[o + 3] -= step[4 * i + 3] * h;
        poses[o + 4] = -poses[o + 3];
        poses[o + 5] = poses[o + 2];
        break;
      }
      case 'affine':
        for (const axis of [0, 1] as const) {
          const step = steps[axis];
          poses[o + axis] -= step[3 * i];
          poses[o + 2 + axis] -= step[3 * i + 1] * h;
          poses[o + 4 + axis] -= step[3 * i + 2] * h;
        }
        break;
    }
  }
  return largest;
}

/** A ← R(angle)·A for the pose at offset `o`. */
export function turnLinear(poses: Float64Array, o: number, angle: number): void {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const a = poses[o + 2];
  const b = poses[o + 3];
  const c = poses[o + 4];
  const d = poses[o + 5];
  poses[o + 2] = cos * a - sin * b;
  poses[o + 3] = sin * a + cos * b;
  poses[o + 4] = cos * c - sin * d;
  poses[o + 5] = sin * c + cos * d;
}
