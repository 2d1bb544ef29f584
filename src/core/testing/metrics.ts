import { applyAffine, composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Size } from '../geometry/rect.ts';
import type { Raster } from '../raster/raster.ts';
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

/** Distances between the images of the corner pixels' centres under two maps. */
export function cornerErrors(estimated: Affine2, truth: Affine2, size: Size): CornerErrors {
  const distances = cornersOf(size).map(([x, y]) => {
    const p = applyAffine(estimated, x, y);
    const q = applyAffine(truth, x, y);
    return Math.hypot(p.x - q.x, p.y - q.y);
  });
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

/**
 * Area under the recall curve up to t, divided by t: all errors sorted, recall k/n over error, trapezoid from (0, 0) to
 * t with the last recall held. Failed pairs count as infinite errors; 0 for no errors at all.
 */
export function areaUnderRecall(errors: readonly number[], t: number): number {
  const sorted = [...errors].sort((a, b) => a - b);
  let [area, lastError, lastRecall] = [0, 0, 0];
  for (const [k, error] of sorted.entries()) {
    if (!(error <= t)) break;
    const recall = (k + 1) / sorted.length;
    area += ((recall + lastRecall) / 2) * (error - lastError);
    [lastError, lastRecall] = [error, recall];
  }
  return (area + lastRecall * (t - lastError)) / t;
}

/** Two images of one size, and which pixels count (mask ≠ 0; all without a mask). */
export interface ImagePair {
  readonly image: Raster;
  readonly reference: Raster;
  readonly mask?: Uint8Array;
}

/** The one gain and offset that bring the image closest to the reference: argmin Σ(g·image + o − reference)². */
export function globalTone({ image, reference, mask }: ImagePair): { readonly gain: number; readonly offset: number } {
  let [n, x, y, xx, xy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < image.data.length; i++) {
    if (mask && mask[i] === 0) continue;
    const a = image.data[i];
    const b = reference.data[i];
    n++;
    x += a;
    y += b;
    xx += a * a;
    xy += a * b;
  }
  const spread = xx - (x * x) / n;
  const gain = spread > 0 ? (xy - (x * y) / n) / spread : 0;
  return { gain, offset: (y - gain * x) / n };
}

/** Greatest grey value of PSNR and SSIM. */
const dataRange = 255;

/** PSNR in dB after one global gain and offset, data range 255. */
export function peakSignalToNoise(pair: ImagePair): number {
  const { image, reference, mask } = pair;
  const { gain, offset } = globalTone(pair);
  let [n, squares] = [0, 0];
  for (let i = 0; i < image.data.length; i++) {
    if (mask && mask[i] === 0) continue;
    n++;
    squares += (gain * image.data[i] + offset - reference.data[i]) ** 2;
  }
  return 10 * Math.log10((dataRange * dataRange * n) / squares);
}

/**
 * Mean SSIM after one global gain and offset: 11×11 Gaussian window with σ = 1.5, data range 255, population
 * covariances; over the pixels whose whole window lies in the image and in the mask. NaN when there are none.
 * @see Wang, Bovik, Sheikh, Simoncelli, Image quality assessment, IEEE TIP 13(4), 2004
 */
export function structuralSimilarity(pair: ImagePair): number {
  const { image, reference, mask } = pair;
  const { width, height } = image;
  const { gain, offset } = globalTone(pair);
  const x = Float64Array.from(image.data, (value) => gain * value + offset);
  const y = Float64Array.from(reference.data);
  const product = (a: Float64Array, b: Float64Array) => a.map((value, i) => value * b[i]);
  const [mx, my, mxx, myy, mxy] = [x, y, product(x, x), product(y, y), product(x, y)].map((plane) =>
    smooth(plane, width, height),
  );
  const inside = mask
    ? smooth(
        Float64Array.from(mask, (value) => (value === 0 ? 0 : 1)),
        width,
        height,
      )
    : null;
  const c1 = (0.01 * dataRange) ** 2;
  const c2 = (0.03 * dataRange) ** 2;
  let [n, sum] = [0, 0];
  for (let j = windowRadius; j < height - windowRadius; j++)
    for (let i = windowRadius; i < width - windowRadius; i++) {
      const at = j * width + i;
      if (inside && inside[at] < 1 - 1e-9) continue;
      const [vx, vy, cov] = [mxx[at] - mx[at] ** 2, myy[at] - my[at] ** 2, mxy[at] - mx[at] * my[at]];
      const numerator = (2 * mx[at] * my[at] + c1) * (2 * cov + c2);
      sum += numerator / ((mx[at] ** 2 + my[at] ** 2 + c1) * (vx + vy + c2));
      n++;
    }
  return sum / n;
}

const windowRadius = 5;
const windowSigma = 1.5;

/** Gaussian-weighted window means; only pixels with a whole window are meaningful. */
function smooth(plane: Float64Array, width: number, height: number): Float64Array {
  const raw = Array.from({ length: 2 * windowRadius + 1 }, (_, k) =>
    Math.exp(-((k - windowRadius) ** 2) / (2 * windowSigma ** 2)),
  );
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  const kernel = Float64Array.from(raw, (weight) => weight / total);
  const across = new Float64Array(plane.length);
  for (let j = 0; j < height; j++) slide(plane, across, kernel, j * width, width, 1);
  const along = new Float64Array(plane.length);
  for (let i = 0; i < width; i++) slide(across, along, kernel, i, height, width);
  return along;
}

function slide(
  from: Float64Array,
  to: Float64Array,
  kernel: Float64Array,
  start: number,
  count: number,
  step: number,
): void {
  for (let n = windowRadius; n < count - windowRadius; n++) {
    let sum = 0;
    for (let k = 0; k < kernel.length; k++) sum += kernel[k] * from[start + (n + k - windowRadius) * step];
    to[start + n * step] = sum;
  }
}
