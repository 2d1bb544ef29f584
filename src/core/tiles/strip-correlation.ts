import { blurGaussian } from '../raster/resample.ts';
import type { FloatRaster } from '../raster/raster.ts';

/** Blurs between which the band of structures lies that neighbours are compared by, thumbnail px. */
const fineSigmaPx = 0.6;
const coarseSigmaPx = 4;
/** Values beyond this many standard deviations are cut: one bright speck must not decide a strip. */
const clipSigmas = 3;

/** Direction from a tile to its neighbour: `x` = the neighbour lies right of it, `y` = below it. */
export type SideAxis = 'x' | 'y';

/** Summed-area tables and values of a band-passed thumbnail. */
interface SummedRaster {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
  /** [(height + 1)(width + 1)] summed-area tables of the values and of their squares. */
  readonly sums: Float64Array;
  readonly squares: Float64Array;
}

/** A thumbnail ready to be correlated. */
export interface StripSource {
  readonly width: number;
  readonly height: number;
  /** For neighbours below each other. */
  readonly upright: SummedRaster;
  /** Rows and columns exchanged: for neighbours beside each other, so that inner loops always run along the seam. */
  readonly transposed: SummedRaster;
}

/** Prepares a thumbnail: difference of two Gaussians, clipped, with its summed-area tables. */
export function stripSource(thumbnail: FloatRaster): StripSource {
  const { width, height } = thumbnail;
  const fine = blurGaussian(thumbnail, fineSigmaPx).data;
  const coarse = blurGaussian(thumbnail, coarseSigmaPx).data;
  const values = new Float32Array(width * height);
  let square = 0;
  for (let i = 0; i < values.length; i++) {
    const value = fine[i] - coarse[i];
    values[i] = Number.isFinite(value) ? value : 0;
    square += values[i] * values[i];
  }
  const limit = clipSigmas * Math.sqrt(square / values.length);
  for (let i = 0; i < values.length; i++) values[i] = Math.max(-limit, Math.min(limit, values[i]));
  const turned = new Float32Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) turned[x * height + y] = values[y * width + x];
  return { width, height, upright: summed(values, width, height), transposed: summed(turned, height, width) };
}

function summed(values: Float32Array, width: number, height: number): SummedRaster {
  const stride = width + 1;
  const sums = new Float64Array(stride * (height + 1));
  const squares = new Float64Array(stride * (height + 1));
  for (let y = 0; y < height; y++) {
    let rowSum = 0;
    let rowSquare = 0;
    for (let x = 0; x < width; x++) {
      const value = values[y * width + x];
      rowSum += value;
      rowSquare += value * value;
      const at = (y + 1) * stride + x + 1;
      sums[at] = sums[at - stride] + rowSum;
      squares[at] = squares[at - stride] + rowSquare;
    }
  }
  return { width, height, values, sums, squares };
}

function boxSum(table: Float64Array, stride: number, x: number, y: number, width: number, height: number): number {
  const top = y * stride + x;
  const bottom = (y + height) * stride + x;
  return table[bottom + width] - table[bottom] - table[top + width] + table[top];
}

/** Sum of products of two equal boxes; four sums run side by side because each waits for its own last addition. */
function boxProduct(
  a: SummedRaster,
  b: SummedRaster,
  ax: number,
  ay: number,
  bx: number,
  width: number,
  height: number,
) {
  const p = a.values;
  const q = b.values;
  const whole = width - (width % 4);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let j = 0; j < height; j++) {
    const m = (ay + j) * a.width + ax;
    const n = j * b.width + bx;
    for (let i = 0; i < whole; i += 4) {
      s0 += p[m + i] * q[n + i];
      s1 += p[m + i + 1] * q[n + i + 1];
      s2 += p[m + i + 2] * q[n + i + 2];
      s3 += p[m + i + 3] * q[n + i + 3];
    }
    for (let i = whole; i < width; i++) s0 += p[m + i] * q[n + i];
  }
  return s0 + s1 + s2 + s3;
}

/** Overlaps (px across the seam) and sideways shifts (px along it) that are tried. */
export interface SearchRange {
  readonly minOverlap: number;
  readonly maxOverlap: number;
  readonly minSideways: number;
  readonly maxSideways: number;
}

/** The lowest `overlap` rows of a against the uppermost of b, b shifted `sideways` px to the right. */
function correlateBelow(a: SummedRaster, b: SummedRaster, overlap: number, sideways: number): number {
  const ax = Math.max(0, sideways);
  const bx = Math.max(0, -sideways);
  const ay = a.height - overlap;
  const width = Math.min(a.width - ax, b.width - bx);
  if (width <= 0) return 0;
  const count = width * overlap;
  const sumA = boxSum(a.sums, a.width + 1, ax, ay, width, overlap);
  const sumB = boxSum(b.sums, b.width + 1, bx, 0, width, overlap);
  const varA = boxSum(a.squares, a.width + 1, ax, ay, width, overlap) - (sumA * sumA) / count;
  const varB = boxSum(b.squares, b.width + 1, bx, 0, width, overlap) - (sumB * sumB) / count;
  const scale = Math.sqrt(Math.max(0, varA) * Math.max(0, varB));
  if (!(scale > 1e-9 * count)) return 0;
  return (boxProduct(a, b, ax, ay, bx, width, overlap) - (sumA * sumB) / count) / scale;
}

/**
 * Normalised cross-correlations (−1…1, 0 where a strip is flat) of b laid right of (`x`) or below (`y`) a, for every
 * overlap and sideways shift of the range: [overlaps × shifts], overlap-major; sideways > 0 lays b further down or right.
 */
export function correlationSurface(a: StripSource, b: StripSource, axis: SideAxis, range: SearchRange): Float32Array {
  const p = axis === 'x' ? a.transposed : a.upright;
  const q = axis === 'x' ? b.transposed : b.upright;
  const lanes = range.maxSideways - range.minSideways + 1;
  const most = Math.min(range.maxOverlap, p.height, q.height);
  const surface = new Float32Array((range.maxOverlap - range.minOverlap + 1) * lanes);
  let at = 0;
  for (let overlap = range.minOverlap; overlap <= most; overlap++)
    for (let sideways = range.minSideways; sideways <= range.maxSideways; sideways++)
      surface[at++] = correlateBelow(p, q, overlap, sideways);
  return surface;
}
