import type { Affine2 } from '../geometry/affine2.ts';
import type { TilePair } from '../tiles/tile.ts';
import type { Correspondences } from './matcher.ts';

/** Models of the relative motion of two tiles and of the pose of a tile, simplest first. */
export const transformModels = ['translation', 'rigid', 'similarity', 'affine'] as const;
export type TransformModel = (typeof transformModels)[number];

/**
 * Weighted sums over a link's inliers p (in a) and q (in b), centred on their weighted means, full-resolution px:
 * all that a solver needs of a link when the model is linear in the tile's parameters
 * (docs/adr: links carry moments).
 */
export interface LinkMoments {
  /** Σw */
  readonly weight: number;
  /** Weighted means of p and q. */
  readonly meanA: readonly [number, number];
  readonly meanB: readonly [number, number];
  /** Σw(p−p̄)(p−p̄)ᵀ as [xx, xy, yy]. */
  readonly aa: readonly [number, number, number];
  /** Σw(q−q̄)(q−q̄)ᵀ as [xx, xy, yy]. */
  readonly bb: readonly [number, number, number];
  /** Σw(p−p̄)(q−q̄)ᵀ as [pxqx, pxqy, pyqx, pyqy]. */
  readonly ab: readonly [number, number, number, number];
}

/** Moments of the intensities of corresponding samples in the overlap: what gain and offset are solved from. */
export interface IntensityMoments {
  readonly count: number;
  readonly meanA: number;
  readonly meanB: number;
  readonly varianceA: number;
  readonly varianceB: number;
  readonly covariance: number;
}

interface PairEvidence {
  readonly pair: TilePair;
  /** All matches above the matcher's lowest confidence, full-resolution px of a and b; kept for the inspector. */
  readonly correspondences: Correspondences;
  readonly matchMs: number;
}

/**
 * How well the overlap of a link fits as a whole, beside what its matches say; numbers of `weighOverlap`.
 */
export interface OverlapEvidence {
  /** `matches`: they agreed, and the overlap bears them out. `overlap`: they did not, and the overlap alone is the proof. */
  readonly kind: 'matches' | 'overlap';
  /** Correlation in standard deviations of what other places give; of the best other place. */
  readonly z: number;
  readonly rivalZ: number;
  /** Correlation of the structure, without noise; null when not aligned as a whole. */
  readonly structureNcc: number | null;
  /** The same within cells, the quarter that agrees least left out; null where noise hides it, or not aligned. */
  readonly sparedNcc: number | null;
}

/** A verified between-edge of the pose graph. */
export interface Link extends PairEvidence {
  readonly kind: 'link';
  readonly model: TransformModel;
  readonly aFromB: Affine2;
  /** [N] 1 for inliers of `aFromB`, 0 for the rest; parallel to `correspondences`. */
  readonly inlierMask: Uint8Array;
  readonly inliers: number;
  /** Mean confidence of the inliers, 0…1. */
  readonly confidence: number;
  /** Root mean square of |aFromB(q) − p| over the inliers, px. */
  readonly rmsPx: number;
  readonly moments: LinkMoments;
  readonly intensities: IntensityMoments | null;
  /** Absent when the overlap was not weighed. */
  readonly evidence?: OverlapEvidence;
}

export type RejectionReason = 'too-few-matches' | 'no-consensus' | 'implausible' | 'no-texture' | 'read-failed';

/** An expected outcome: the pair gives no link, and why, in a sentence that names the numbers. */
export interface RejectedPair extends PairEvidence {
  readonly kind: 'rejected';
  readonly reason: RejectionReason;
  readonly detail: string;
}

export type PairResult = Link | RejectedPair;
