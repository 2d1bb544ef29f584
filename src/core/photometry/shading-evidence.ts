import { applyAffine, composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Size } from '../geometry/rect.ts';
import { medianOf } from '../graph/robust-loss.ts';
import type { FloatRaster, SampleType } from '../raster/raster.ts';
import { invertSymmetric } from '../geometry/symmetric-matrix.ts';
import type { ShadingBasis } from './shading-basis.ts';

/** A cell that holds less of the tile's median than this share, or more than so many times as much, tells nothing. */
const leastOfMedian = 0.25;
const mostOfMedian = 3;
/** Integer samples this near to an end of their type are clipped. */
const clippedShare = 0.02;
/** A tile needs this share of usable cells. */
const leastUsableShare = 0.6;
/** Fewer samples of an overlap say nothing. */
const leastSamples = 24;
/** Samples beyond this many robust sigmas of an overlap are dirt, charging or another place. */
const trimSigmas = 3.5;

/** A tile at reduced scale: logarithms of its cells relative to its median; NaN where a cell tells nothing. */
export interface TileCells {
  readonly size: Size;
  readonly mosaicFromTile: Affine2;
  readonly width: number;
  readonly height: number;
  readonly logs: Float32Array;
  /** Logarithm of the median: what tiles differ by. */
  readonly level: number;
}

/** Logarithms of a reduced tile; null when too little of it can be used (clipped, dark, empty). */
export function tileCells(
  raster: FloatRaster,
  sampleType: SampleType,
  place: { readonly size: Size; readonly mosaicFromTile: Affine2 },
): TileCells | null {
  const { data, width, height } = raster;
  const [low, high] = clippingEnds(sampleType);
  const median = medianOf(Float64Array.from(data.filter((value) => value > low && value < high)));
  if (!(median > 0)) return null;
  const logs = new Float32Array(data.length);
  let usable = 0;
  for (let n = 0; n < data.length; n++) {
    const value = data[n];
    const isUsable = value > low && value < high && value > leastOfMedian * median && value < mostOfMedian * median;
    logs[n] = isUsable ? Math.log(value / median) : NaN;
    if (isUsable) usable++;
  }
  return usable < leastUsableShare * data.length ? null : { ...place, width, height, logs, level: Math.log(median) };
}

/** Whole numbers clip at the ends of their type; floats at nothing. Shading is a factor: only positive values have one. */
function clippingEnds(type: SampleType): readonly [number, number] {
  if (type === 'float32') return [0, Infinity];
  const top = { uint8: 255, uint16: 65535, int16: 32767 }[type];
  return [type === 'uint8' ? clippedShare * top : 0, (1 - clippedShare) * top];
}

/** Coefficients of the surface that fits the cells of one tile best: shading and whatever it shows. Null if singular. */
export function tileSurface(cells: TileCells, basis: ShadingBasis): Float64Array | null {
  const k = basis.count + 1;
  const normal = new Float64Array(k * k);
  const right = new Float64Array(k);
  const phi = new Float64Array(basis.count);
  const row = new Float64Array(k);
  row[0] = 1;
  for (let j = 0; j < cells.height; j++)
    for (let i = 0; i < cells.width; i++) {
      const log = cells.logs[j * cells.width + i];
      if (log !== log) continue;
      basis.evaluate((2 * (i + 0.5)) / cells.width - 1, (2 * (j + 0.5)) / cells.height - 1, phi);
      row.set(phi, 1);
      for (let p = 0; p < k; p++) {
        right[p] += row[p] * log;
        for (let q = 0; q <= p; q++) normal[p * k + q] += row[p] * row[q];
      }
    }
  for (let p = 0; p < k; p++) for (let q = 0; q < p; q++) normal[q * k + p] = normal[p * k + q];
  const inverse = invertSymmetric(normal, k);
  if (inverse === null) return null;
  const solution = new Float64Array(basis.count);
  for (let p = 1; p < k; p++) for (let q = 0; q < k; q++) solution[p - 1] += inverse[p * k + q] * right[q];
  return solution;
}

/**
 * What one overlap says, y = log a − log b at the same place of the mosaic: y = λ_a − λ_b + (φ(a) − φ(b))·c. Sums over its
 * samples, with d = φ(a) − φ(b).
 */
export interface OverlapEvidence {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Σd, Σddᵀ, Σy, Σdy, Σy² */
  readonly d: Float64Array;
  readonly dd: Float64Array;
  readonly y: number;
  readonly dy: Float64Array;
  readonly yy: number;
}

/** The evidence of the overlap of tiles `from` and `to`; null when they have too little in common. */
export function overlapEvidence(
  tiles: readonly TileCells[],
  from: number,
  to: number,
  basis: ShadingBasis,
): OverlapEvidence | null {
  const samples = commonSamples(tiles[from], tiles[to]);
  if (samples.count < leastSamples) return null;
  const kept = trimmed(samples.y.subarray(0, samples.count));
  const k = basis.count;
  const d = new Float64Array(k);
  const dd = new Float64Array(k * k);
  const dy = new Float64Array(k);
  const phiA = new Float64Array(k);
  const phiB = new Float64Array(k);
  let [count, y, yy] = [0, 0, 0];
  for (let n = 0; n < samples.count; n++) {
    if (kept[n] === 0) continue;
    basis.evaluate(samples.places[4 * n], samples.places[4 * n + 1], phiA);
    basis.evaluate(samples.places[4 * n + 2], samples.places[4 * n + 3], phiB);
    const value = samples.y[n];
    count++;
    y += value;
    yy += value * value;
    for (let p = 0; p < k; p++) {
      const dp = phiA[p] - phiB[p];
      d[p] += dp;
      dy[p] += dp * value;
      for (let q = 0; q <= p; q++) dd[p * k + q] += dp * (phiA[q] - phiB[q]);
    }
  }
  for (let p = 0; p < k; p++) for (let q = 0; q < p; q++) dd[q * k + p] = dd[p * k + q];
  return { from, to, count, d, dd, y, dy, yy };
}

/** Logarithms of a over b at the cells of a, and the places of both in −1…1. */
function commonSamples(a: TileCells, b: TileCells) {
  const bFromA = composeAffine(invertAffine(b.mosaicFromTile), a.mosaicFromTile);
  const y = new Float64Array(a.logs.length);
  const places = new Float64Array(4 * a.logs.length);
  let count = 0;
  for (let j = 0; j < a.height; j++)
    for (let i = 0; i < a.width; i++) {
      const logA = a.logs[j * a.width + i];
      if (logA !== logA) continue;
      const s = (i + 0.5) / a.width;
      const t = (j + 0.5) / a.height;
      const q = applyAffine(bFromA, s * a.size.width - 0.5, t * a.size.height - 0.5);
      const u = (q.x + 0.5) / b.size.width;
      const v = (q.y + 0.5) / b.size.height;
      const logB = bilinear(b, u * b.width - 0.5, v * b.height - 0.5);
      if (logB !== logB) continue;
      y[count] = logA + a.level - logB - b.level;
      places[4 * count] = 2 * s - 1;
      places[4 * count + 1] = 2 * t - 1;
      places[4 * count + 2] = 2 * u - 1;
      places[4 * count + 3] = 2 * v - 1;
      count++;
    }
  return { y, places, count };
}

/** NaN outside the cells and beside one that tells nothing. */
function bilinear({ logs, width, height }: TileCells, x: number, y: number): number {
  if (!(x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1)) return NaN;
  const i = Math.min(Math.floor(x), width - 2);
  const j = Math.min(Math.floor(y), height - 2);
  const at = j * width + i;
  const top = logs[at] + (x - i) * (logs[at + 1] - logs[at]);
  const bottom = logs[at + width] + (x - i) * (logs[at + width + 1] - logs[at + width]);
  return top + (y - j) * (bottom - top);
}

/** 1 for values within 3.5 robust sigmas of the median, at least 1 %. */
function trimmed(values: Float64Array): Uint8Array {
  const middle = medianOf(values);
  const deviations = values.map((value) => Math.abs(value - middle));
  const limit = trimSigmas * Math.max(1.4826 * medianOf(deviations), 0.01);
  return Uint8Array.from(deviations, (deviation) => (deviation <= limit ? 1 : 0));
}
