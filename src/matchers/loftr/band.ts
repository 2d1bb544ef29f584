import { applyAffine, invertAffine, type Affine2 } from '../../core/geometry/affine2.ts';
import type { Size } from '../../core/geometry/rect.ts';

/** Side of a coarse cell, px. */
const cellPx = 8;
/** What strips that are turned and stretched move beyond their common shift, px. */
const slackPx = 16;
/** Blocks are a multiple of this many columns long, so that a run has a few lengths only. */
const stepColumns = 4;
/** A band pays when its three blocks are at most this part of the strip; beyond, all against all is as fast. */
const mostShare = 0.75;

/**
 * Columns of coarse cells in a block, so that every plausible partner of a cell lies in its own block or a neighbour:
 * as many as the farthest partner is away along the long side, x. Null where a band does not pay.
 *
 * @param aFromB where the layout puts b in a, px of the strips as the network sees them (long side along x).
 * @param radiusPx how far from there a partner may lie.
 */
export function bandColumns(a: Size, b: Size, aFromB: Affine2, radiusPx: number): number | null {
  const bFromA = invertAffine(aFromB);
  const corners = [0, a.width - 1].flatMap((x) => [0, a.height - 1].map((y) => ({ x, y })));
  const shiftPx = Math.max(...corners.map(({ x, y }) => Math.abs(applyAffine(bFromA, x, y).x - x)));
  const columns = Math.ceil((shiftPx + radiusPx + slackPx) / cellPx / stepColumns) * stepColumns;
  const isWorth = 3 * columns * cellPx <= mostShare * Math.max(a.width, b.width);
  return isWorth ? columns : null; // Infinity and NaN are not worth it either
}
