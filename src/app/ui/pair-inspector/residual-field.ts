/** How far the matches of a pair are from where a motion has them, as numbers. */
import type { Affine2 } from '../../../core/geometry/affine2.ts';
import type { Correspondences } from '../../../core/matching/matcher.ts';

/** Distribution of residuals: equal bins from 0; the last takes what lies beyond 5 px. */
export interface ResidualHistogram {
  readonly counts: readonly number[];
  /** Upper end of each bin, px. */
  readonly ends: readonly number[];
  readonly count: number;
  readonly medianPx: number;
  readonly rmsPx: number;
  /** 95 of 100 residuals are below. */
  readonly p95Px: number;
}

/** Ends of the axis, px: the first that holds the largest residual. Links start to be removed at three and a half. */
const AXIS_ENDS_PX = [0.5, 1, 2.5, 5] as const;
/** On this axis the last bin takes what lies beyond, too. */
export const WIDEST_PX = 5;
const BINS = 20;

/** The histogram of [N] residuals, those of `indices` only; null without any. */
export function residualHistogram(residuals: Float32Array, indices: readonly number[]): ResidualHistogram | null {
  if (indices.length === 0) return null;
  const sorted = indices.map((i) => residuals[i]).sort((p, q) => p - q);
  const counts = Array.from({ length: BINS }, () => 0);
  const axisPx = AXIS_ENDS_PX.find((end) => sorted[sorted.length - 1] < end) ?? WIDEST_PX;
  for (const residual of sorted) counts[Math.min(BINS - 1, Math.floor((residual / axisPx) * BINS))]++;
  return {
    counts,
    ends: counts.map((_, bin) => ((bin + 1) * axisPx) / BINS),
    count: sorted.length,
    medianPx: sorted[Math.floor((sorted.length - 1) / 2)],
    rmsPx: Math.sqrt(sorted.reduce((sum, residual) => sum + residual * residual, 0) / sorted.length),
    p95Px: sorted[Math.floor(0.95 * (sorted.length - 1))],
  };
}

/** [4N] x, y of each match in a and the vector from there to where the motion puts its partner, px of a. */
export function residualVectors(
  matches: Correspondences,
  indices: readonly number[],
  { a, b, c, d, e, f }: Affine2,
): Float64Array {
  const vectors = new Float64Array(4 * indices.length);
  indices.forEach((i, k) => {
    const [x, y] = [matches.b[2 * i], matches.b[2 * i + 1]];
    const [px, py] = [matches.a[2 * i], matches.a[2 * i + 1]];
    vectors.set([px, py, a * x + c * y + e - px, b * x + d * y + f - py], 4 * k);
  });
  return vectors;
}
