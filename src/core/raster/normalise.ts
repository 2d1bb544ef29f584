import type { FloatRaster, Raster, Samples } from './raster.ts';

/** Percentiles that `normaliseForMatching` maps to 0 and 1. */
export const matchingPercentiles: readonly [number, number] = [0.5, 99.5];

/** At most this many float samples are sorted for a percentile; its error is then below 0.1 percentage points. */
const sortedSamples = 1 << 16;

function integerPercentiles(data: Samples, percentiles: readonly number[]): readonly number[] {
  const offset = data instanceof Int16Array ? 32768 : 0;
  const counts = new Uint32Array(data instanceof Uint8Array ? 256 : 65536);
  for (let i = 0; i < data.length; i++) counts[data[i] + offset]++;
  return percentiles.map((percent) => {
    const rank = (percent / 100) * (data.length - 1);
    let seen = 0;
    for (let value = 0; value < counts.length; value++) {
      seen += counts[value];
      if (seen > rank) return value - offset;
    }
    return counts.length - 1 - offset;
  });
}

function floatPercentiles(data: Float32Array, percentiles: readonly number[]): readonly number[] {
  // an odd stride, so that no column of an even-sized raster is favoured
  const stride = Math.max(1, Math.ceil(data.length / sortedSamples)) | 1;
  const samples = new Float32Array(Math.ceil(data.length / stride));
  let count = 0;
  for (let i = 0; i < data.length; i += stride) if (Number.isFinite(data[i])) samples[count++] = data[i];
  if (count === 0) return percentiles.map(() => NaN);
  const sorted = samples.subarray(0, count).sort();
  return percentiles.map((percent) => sorted[Math.round((percent / 100) * (count - 1))]);
}

/** Percentiles (0…100) of the finite samples, by nearest rank; exact for integers, sampled for floats; NaN when none is finite. */
export function percentilesOf(raster: Raster, percentiles: readonly number[]): readonly number[] {
  if (raster.data.length === 0) return percentiles.map(() => NaN);
  return raster.data instanceof Float32Array
    ? floatPercentiles(raster.data, percentiles)
    : integerPercentiles(raster.data, percentiles);
}

function finiteRange(data: Samples): readonly [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of data) {
    if (value < low && value !== -Infinity) low = value;
    if (value > high && value !== Infinity) high = value;
  }
  return [low, high];
}

/**
 * Robust stretch for matching only: the two percentiles go to 0 and 1, what lies outside is clipped.
 * NaN counts as low, a constant raster becomes zeros. The mosaic is composed of raw samples, never of these.
 */
export function normaliseForMatching(
  raster: Raster,
  percentiles: readonly [number, number] = matchingPercentiles,
): FloatRaster {
  const { data, width, height } = raster;
  let [low, high] = percentilesOf(raster, percentiles);
  // nearly all samples alike: a few grains on an empty field still are texture
  if (!(high > low)) [low, high] = finiteRange(data);
  const output = new Float32Array(width * height);
  if (!(high > low)) return { data: output, width, height };
  const gain = 1 / (high - low);
  for (let i = 0; i < output.length; i++) {
    const value = (data[i] - low) * gain;
    output[i] = value > 0 ? (value < 1 ? value : 1) : 0;
  }
  return { data: output, width, height };
}

/**
 * Distances, px, at which structure correlates and detector noise does not. Near ones alone are not enough: the
 * faintest strip of the mussel grids that still links has −0.035 at 2 px and 0.018 at 8 px.
 */
const textureLags = [2, 3, 4, 8] as const;
/** Lags whose correlations are also taken together: faint structure shows in all of them. */
const jointLags = 3;
/** A correlation of independent noise is 0 ± 1/√n, and those at several lags are independent. */
const noiseSigmas = 5;

/**
 * Whether there may be something to match: not constant, and more than uncorrelated noise.
 * @param leastSigmas how far above what noise correlates by chance, standard deviations.
 */
export function hasTexture(raster: Raster, leastSigmas: number = noiseSigmas): boolean {
  const { data } = raster;
  let count = 0;
  let sum = 0;
  for (const value of data) {
    if (!Number.isFinite(value)) continue;
    count++;
    sum += value;
  }
  if (count < 16) return false;
  const mean = sum / count;
  let variance = 0;
  for (const value of data) if (Number.isFinite(value)) variance += (value - mean) ** 2 / count;
  if (!(variance > 1e-12 * Math.max(1, mean * mean))) return false;
  const sigmas = textureLags.map((lag) => correlationSigmas(raster, lag, mean, variance));
  const joint = sigmas.slice(0, jointLags).reduce((total, value) => total + value, 0) / Math.sqrt(jointLags);
  return joint > leastSigmas || sigmas.some((value) => value > leastSigmas);
}

/** Correlation at a distance along both axes, in standard deviations of that of independent noise; 0 without pixels. */
function correlationSigmas({ data, width, height }: Raster, lag: number, mean: number, variance: number): number {
  let products = 0;
  let terms = 0;
  for (let y = 0; y + lag < height; y++) {
    for (let x = 0; x + lag < width; x++) {
      const i = y * width + x;
      const product = (data[i] - mean) * (data[i + lag] - mean + (data[i + lag * width] - mean));
      if (!Number.isFinite(product)) continue;
      products += product;
      terms += 2;
    }
  }
  return terms > 0 ? products / (Math.sqrt(terms) * variance) : 0;
}
