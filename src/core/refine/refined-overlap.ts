import type { TilePair } from '../tiles/tile.ts';

/** Why patches of an overlap were left out, counts. */
export interface PatchLosses {
  /** Flat, or structure in one direction only. */
  readonly texture: number;
  /** The alignment left the overlap, wandered off or correlated badly. */
  readonly correlation: number;
  /** Aligned there and back it did not come home. */
  readonly backward: number;
  /** It contradicted its neighbours. */
  readonly neighbours: number;
}

/**
 * Patches of one overlap aligned at full resolution: correspondences with a covariance each. Points are pixel centres of
 * the tiles, full-resolution px.
 */
export interface RefinedOverlap {
  readonly pair: TilePair;
  /** [2N] x, y in a and in b. */
  readonly a: Float32Array;
  readonly b: Float32Array;
  /** [3N] covariance of the place in b as [xx, xy, yy], px². */
  readonly covariance: Float32Array;
  /** [N] correlation of the aligned patches, −1…1. */
  readonly correlation: Float32Array;
  readonly tried: number;
  readonly losses: PatchLosses;
}

/**
 * What the covariance does not know: deformation within the patch, texture that changed between the exposures, px. Two
 * patches of the mussel grids at the same place agree to about this.
 */
const unmodelledSigmaPx = 0.15;

/** Variance of patch k along one axis, mean of both, px². */
export function patchVariance({ covariance }: RefinedOverlap, k: number): number {
  return (covariance[3 * k] + covariance[3 * k + 2]) / 2 + unmodelledSigmaPx ** 2;
}
