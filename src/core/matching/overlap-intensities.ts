import { applyAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Rect } from '../geometry/rect.ts';
import { downsample, fullFromSmall, smallFromFull } from '../raster/resample.ts';
import type { FloatRaster, Raster } from '../raster/raster.ts';
import type { IntensityMoments } from './link.ts';

/** The samples of one tile's overlap strip. */
export interface Strip {
  readonly raster: Raster;
  /** Where the strip lies in its tile, full-resolution px; its size is the raster's. */
  readonly region: Rect;
}

/** Samples are means over 4×4 px: a misplacement of a pixel and the detector's noise hardly change them. */
const blockScale = 1 / 4;
/** A block with more clipped samples than this says little about gain. */
const largestClippedShare = 0.25;
/** Blocks whose difference lies beyond this many robust standard deviations are charging, dirt or misplacement. */
const trimSigmas = 4;
const leastSamples = 16;
const mostSamples = 40_000;

/**
 * Moments of the raw samples that a link lays on top of each other: block means on a grid over a's strip, bilinear in
 * b's, without clipped blocks and outliers. Null when fewer than 16 blocks are common.
 * @param aFromB full-resolution px of the tiles.
 */
export function overlapIntensities(a: Strip, b: Strip, aFromB: Affine2): IntensityMoments | null {
  if (Math.min(a.region.width, a.region.height, b.region.width, b.region.height) < 8) return null;
  const pairs = commonBlocks(a, b, invertAffine(aFromB));
  const first = momentsOf(pairs, null);
  if (first === null) return null;
  return momentsOf(pairs, outliersOf(pairs, first)) ?? first;
}

interface BlockPairs {
  readonly a: Float64Array;
  readonly b: Float64Array;
}

function commonBlocks(a: Strip, b: Strip, bFromA: Affine2): BlockPairs {
  const blocksA = downsample(a.raster, blockScale);
  const blocksB = downsample(b.raster, blockScale);
  const clippedA = downsample(clippedSamples(a.raster), blockScale);
  const clippedB = downsample(clippedSamples(b.raster), blockScale);
  const step = Math.max(1, Math.ceil(Math.sqrt(blocksA.data.length / mostSamples)));
  const valuesA: number[] = [];
  const valuesB: number[] = [];
  for (let j = 0; j < blocksA.height; j += step) {
    for (let i = 0; i < blocksA.width; i += step) {
      const at = j * blocksA.width + i;
      if (clippedA.data[at] > largestClippedShare) continue;
      const q = applyAffine(bFromA, fullFromSmall(i, blockScale, a.region.x), fullFromSmall(j, blockScale, a.region.y));
      const x = smallFromFull(q.x, blockScale, b.region.x);
      const y = smallFromFull(q.y, blockScale, b.region.y);
      const value = bilinear(blocksB, x, y);
      if (!Number.isFinite(value) || !Number.isFinite(blocksA.data[at])) continue;
      if (bilinear(clippedB, x, y) > largestClippedShare) continue;
      valuesA.push(blocksA.data[at]);
      valuesB.push(value);
    }
  }
  return { a: Float64Array.from(valuesA), b: Float64Array.from(valuesB) };
}

/** 1 where an integer sample is at the end of what its file uses of its type, 0 elsewhere; floats do not clip. */
function clippedSamples({ data, width, height }: Raster): Raster {
  const clipped = new Uint8Array(data.length);
  const ends = data instanceof Uint8Array ? [0, 255] : data instanceof Uint16Array ? [0, 65535] : null;
  if (ends !== null)
    for (let i = 0; i < data.length; i++) clipped[i] = data[i] === ends[0] || data[i] === ends[1] ? 1 : 0;
  return { data: clipped, width, height };
}

/** NaN outside the raster. */
function bilinear({ data, width, height }: FloatRaster, x: number, y: number): number {
  if (!(x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1)) return NaN;
  const i = Math.min(Math.floor(x), width - 2);
  const j = Math.min(Math.floor(y), height - 2);
  const u = x - i;
  const v = y - j;
  const at = j * width + i;
  const top = data[at] * (1 - u) + data[at + 1] * u;
  const bottom = data[at + width] * (1 - u) + data[at + width + 1] * u;
  return top * (1 - v) + bottom * v;
}

function momentsOf({ a, b }: BlockPairs, left: Uint8Array | null): IntensityMoments | null {
  let count = 0;
  let meanA = 0;
  let meanB = 0;
  for (let i = 0; i < a.length; i++) {
    if (left !== null && left[i] !== 0) continue;
    count++;
    meanA += a[i];
    meanB += b[i];
  }
  if (count < leastSamples) return null;
  meanA /= count;
  meanB /= count;
  let varianceA = 0;
  let varianceB = 0;
  let covariance = 0;
  for (let i = 0; i < a.length; i++) {
    if (left !== null && left[i] !== 0) continue;
    varianceA += (a[i] - meanA) ** 2;
    varianceB += (b[i] - meanB) ** 2;
    covariance += (a[i] - meanA) * (b[i] - meanB);
  }
  return {
    count,
    meanA,
    meanB,
    varianceA: varianceA / count,
    varianceB: varianceB / count,
    covariance: covariance / count,
  };
}

/** 1 for blocks whose a is far from the straight line through the moments, by the median absolute deviation. */
function outliersOf({ a, b }: BlockPairs, moments: IntensityMoments): Uint8Array {
  const slope = moments.varianceB > 0 ? Math.sqrt(moments.varianceA / moments.varianceB) : 1;
  const gain = moments.covariance < 0 ? -slope : slope;
  const residuals = Float64Array.from(a, (value, i) => value - moments.meanA - gain * (b[i] - moments.meanB));
  const median = middleOf(residuals);
  const deviations = residuals.map((residual) => Math.abs(residual - median));
  const limit = trimSigmas * 1.4826 * middleOf(deviations);
  return Uint8Array.from(deviations, (deviation) => (deviation > limit && limit > 0 ? 1 : 0));
}

function middleOf(values: Float64Array): number {
  const sorted = values.slice().sort();
  return sorted[sorted.length >> 1];
}
