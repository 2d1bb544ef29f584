import type { Samples } from './raster.ts';

/**
 * Moments and range of finite samples. Samples that are NaN or infinite are left out and counted: every statistic here
 * treats them so.
 */
export interface SampleMoments {
  /** Finite samples. */
  readonly count: number;
  readonly nonFinite: number;
  /** NaN when there is no finite sample, like every number below. */
  readonly mean: number;
  /** Population variance: Σ(v − mean)² / count. */
  readonly variance: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Mean, variance and range in two passes, so that a large mean costs no digits.
 * @param mask counts only samples whose mask byte is not 0.
 */
export function momentsOf(samples: Samples, mask?: Uint8Array): SampleMoments {
  let [count, nonFinite, sum, min, max] = [0, 0, 0, Infinity, -Infinity];
  for (let i = 0; i < samples.length; i++) {
    if (mask && mask[i] === 0) continue;
    const value = samples[i];
    if (!Number.isFinite(value)) {
      nonFinite++;
      continue;
    }
    count++;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (count === 0) return { count, nonFinite, mean: NaN, variance: NaN, min: NaN, max: NaN };
  const mean = sum / count;
  return { count, nonFinite, mean, variance: squaredDeviations(samples, mask, mean) / count, min, max };
}

function squaredDeviations(samples: Samples, mask: Uint8Array | undefined, mean: number): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) {
    const deviation = samples[i] - mean;
    if (Number.isFinite(deviation) && !(mask && mask[i] === 0)) sum += deviation * deviation;
  }
  return sum;
}

/** Counts of equal bins over min … max. */
export interface Histogram {
  /** Bin k counts min + k·width ≤ v < min + (k+1)·width, width = (max − min)/bins; the last bin includes max. */
  readonly counts: Uint32Array;
  readonly min: number;
  readonly max: number;
  /** Finite samples counted, and samples that are not finite. */
  readonly count: number;
  readonly nonFinite: number;
}

/** Number of bins that the contrast control shows. */
export const displayBins = 256;

/**
 * Histogram over the range of the finite samples, or over a given range whose outer bins take what lies beyond it.
 * Without a finite sample all counts are 0 and the range is NaN.
 */
export function histogramOf(
  samples: Samples,
  options: { readonly mask?: Uint8Array; readonly bins?: number; readonly range?: readonly [number, number] } = {},
): Histogram {
  const { mask, bins = displayBins } = options;
  const moments = momentsOf(samples, mask);
  const [min, max] = options.range ?? [moments.min, moments.max];
  const counts = new Uint32Array(bins);
  const perUnit = max > min ? bins / (max - min) : 0;
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i];
    if ((mask && mask[i] === 0) || !Number.isFinite(value)) continue;
    const bin = Math.floor((value - min) * perUnit);
    counts[bin < 0 ? 0 : bin >= bins ? bins - 1 : bin]++;
  }
  return { counts, min, max, count: moments.count, nonFinite: moments.nonFinite };
}

/**
 * The values below which the given fractions 0…1 of the finite samples lie, interpolated linearly between the two
 * neighbouring order statistics at (count − 1)·fraction (numpy's default). Exact for every sample type. NaN when no
 * sample is finite.
 */
export function quantilesOf(samples: Samples, fractions: readonly number[], mask?: Uint8Array): readonly number[] {
  for (const fraction of fractions)
    if (!(fraction >= 0 && fraction <= 1)) throw new RangeError(`quantile ${fraction} outside 0…1`);
  return samples instanceof Float32Array
    ? quantilesBySorting(samples, fractions, mask)
    : quantilesByCounting(samples, fractions, mask);
}

function quantilesBySorting(samples: Float32Array, fractions: readonly number[], mask: Uint8Array | undefined) {
  const sorted = samples.filter((value, i) => Number.isFinite(value) && !(mask && mask[i] === 0)).sort();
  return fractions.map((fraction) => {
    if (sorted.length === 0) return NaN;
    const place = (sorted.length - 1) * fraction;
    const below = Math.floor(place);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  });
}

function quantilesByCounting(samples: Samples, fractions: readonly number[], mask: Uint8Array | undefined) {
  const lowest = samples instanceof Int16Array ? -32768 : 0;
  const counts = new Uint32Array(samples instanceof Uint8Array ? 256 : 65536);
  let total = 0;
  for (let i = 0; i < samples.length; i++) {
    if (mask && mask[i] === 0) continue;
    counts[samples[i] - lowest]++;
    total++;
  }
  return fractions.map((fraction) => {
    if (total === 0) return NaN;
    const place = (total - 1) * fraction;
    const below = Math.floor(place);
    const low = valueOfRank(counts, below) + lowest;
    if (place === below) return low;
    return low + (place - below) * (valueOfRank(counts, below + 1) + lowest - low);
  });
}

/** Index of the bin that holds the sample of the given rank, 0 = smallest. */
function valueOfRank(counts: Uint32Array, rank: number): number {
  let seen = 0;
  for (let value = 0; value < counts.length; value++) {
    seen += counts[value];
    if (seen > rank) return value;
  }
  return counts.length - 1;
}
