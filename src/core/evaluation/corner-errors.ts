import { applyAffine, composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Size } from '../geometry/rect.ts';
import type { TileId } from '../tiles/tile.ts';

/** A tile whose true pose is known; a synthetic tile fits. */
export interface TrueTilePose {
  readonly id: TileId;
  readonly size: Size;
  readonly mosaicFromTile: Affine2;
}

/** Distances of the four corners of a tile (or neighbour), px. */
export interface CornerErrors {
  readonly mean: number;
  readonly max: number;
}

/** Errors of a pair or tile without an estimate: infinite. */
export const failedCorners: CornerErrors = { mean: Infinity, max: Infinity };

/** Distances between the images of the four corner pixels' centres under two maps, px: upper left, upper right, lower left, lower right. */
export type CornerDistances = readonly [number, number, number, number];

/** How far apart two maps put the four corner pixels' centres of a tile, px. */
export function cornerDistances(estimated: Affine2, truth: Affine2, size: Size): CornerDistances {
  const distanceAt = (x: number, y: number) => {
    const p = applyAffine(estimated, x, y);
    const q = applyAffine(truth, x, y);
    return Math.hypot(p.x - q.x, p.y - q.y);
  };
  const [right, bottom] = [size.width - 1, size.height - 1];
  return [distanceAt(0, 0), distanceAt(right, 0), distanceAt(0, bottom), distanceAt(right, bottom)];
}

/** Mean and largest of `cornerDistances`. */
export function cornerErrors(estimated: Affine2, truth: Affine2, size: Size): CornerErrors {
  const distances = cornerDistances(estimated, truth, size);
  return { mean: distances.reduce((sum, d) => sum + d, 0) / 4, max: Math.max(...distances) };
}

function cornersOf({ width, height }: Size): readonly (readonly [number, number])[] {
  return [
    [0, 0],
    [width - 1, 0],
    [0, height - 1],
    [width - 1, height - 1],
  ];
}

/** Corner errors of b in the frame of a: the estimated against the true aFromB of neighbours. */
export function neighbourCornerErrors(
  estimated: ReadonlyMap<TileId, Affine2>,
  a: TrueTilePose,
  b: TrueTilePose,
): CornerErrors {
  const [poseA, poseB] = [estimated.get(a.id), estimated.get(b.id)];
  if (!poseA || !poseB) return failedCorners;
  const estimate = composeAffine(invertAffine(poseA), poseB);
  return cornerErrors(estimate, composeAffine(invertAffine(a.mosaicFromTile), b.mosaicFromTile), b.size);
}

/**
 * Corner errors of every tile after the estimated mosaic was laid on the true one by the rigid motion that is best for
 * all corners; infinite for tiles without an estimate.
 */
export function globalCornerErrors(
  estimated: ReadonlyMap<TileId, Affine2>,
  truth: readonly TrueTilePose[],
): ReadonlyMap<TileId, CornerErrors> {
  const trueFromEstimated = alignRigidly(estimated, truth);
  return new Map(
    truth.map((tile) => {
      const pose = estimated.get(tile.id);
      if (!pose || !trueFromEstimated) return [tile.id, failedCorners];
      return [tile.id, cornerErrors(composeAffine(trueFromEstimated, pose), tile.mosaicFromTile, tile.size)];
    }),
  );
}

/** The rigid trueFromEstimated = argmin Σ|true corner − R·estimated corner − t|²; null without a common tile. */
export function alignRigidly(estimated: ReadonlyMap<TileId, Affine2>, truth: readonly TrueTilePose[]): Affine2 | null {
  const pairs = truth.flatMap((tile) => {
    const pose = estimated.get(tile.id);
    if (!pose) return [];
    return cornersOf(tile.size).map(([x, y]) => ({
      p: applyAffine(tile.mosaicFromTile, x, y),
      q: applyAffine(pose, x, y),
    }));
  });
  if (pairs.length === 0) return null;
  const mean = (value: (pair: (typeof pairs)[number]) => number) =>
    pairs.reduce((sum, pair) => sum + value(pair), 0) / pairs.length;
  const [px, py, qx, qy] = [mean((c) => c.p.x), mean((c) => c.p.y), mean((c) => c.q.x), mean((c) => c.q.y)];
  const dot = mean(({ p, q }) => (q.x - qx) * (p.x - px) + (q.y - qy) * (p.y - py));
  const cross = mean(({ p, q }) => (q.x - qx) * (p.y - py) - (q.y - qy) * (p.x - px));
  const length = Math.hypot(dot, cross);
  const [cos, sin] = [dot / length, cross / length];
  return { a: cos, b: sin, c: -sin, d: cos, e: px - cos * qx + sin * qy, f: py - sin * qx - cos * qy };
}
