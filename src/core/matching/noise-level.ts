import type { Raster } from '../raster/raster.ts';
import { gaussianTaps } from '../raster/resample.ts';

/** Pixels that an autocovariance is taken from; of larger images every other row or fewer. */
const ampleSamples = 64_000;

/** Autocovariance of an image at 0, 1 and 2 px, mean of both axes; the mean is that of the image. */
function autocovariances({ data, width, height }: Raster): readonly [number, number, number] {
  let mean = 0;
  for (let i = 0; i < data.length; i++) mean += data[i] / data.length;
  let [zero, one, two, n] = [0, 0, 0, 0];
  const step = Math.max(1, Math.floor(data.length / ampleSamples));
  for (let y = 0; y + 2 < height; y += step)
    for (let i = y * width; i + 2 < (y + 1) * width; i++) {
      const value = data[i] - mean;
      zero += value * value;
      one += (value * (data[i + 1] + data[i + width] - 2 * mean)) / 2;
      two += (value * (data[i + 2] + data[i + 2 * width] - 2 * mean)) / 2;
      n++;
    }
  return n === 0 ? [0, 0, 0] : [zero / n, one / n, two / n];
}

/** What is noise and what is structure in an image, in squared units of its samples. */
export interface NoiseLevel {
  /** Variance of what is independent from pixel to pixel. */
  readonly noise: number;
  /** Variance of the structure's slope along one axis, per px². */
  readonly slope: number;
}

/**
 * Noise and slope from the autocovariance R at 0, 1 and 2 px: structure is smooth, R(0) − R(1) = s/2 and
 * R(1) − R(2) = 3s/2 to second order; what R(0) has above that is noise.
 * @see Thong, Sim, Phang 2001, "Single-image signal-to-noise ratio estimation"
 */
export function noiseLevelOf(raster: Raster): NoiseLevel {
  const [zero, one, two] = autocovariances(raster);
  const slope = Math.max(0, (2 / 3) * (one - two));
  return { noise: Math.max(0, zero - one - slope / 2), slope };
}

/** Least and largest blur before alignment, px: less leaves interpolation to show, more would cost structure. */
const leastBlurPx = 0.6;
const largestBlurPx = 1.2;
/** Chosen on the training images at noise of 5 to 50 grey levels: best blurs 0.6, 0.7, 0.9 and 1.1 px. */
const blurPerNoise = 0.06;

/**
 * Gaussian blur with which direct alignment loses least to noise, px. The best weighting of frequencies is
 * √(S/(2S + N)) of the spectra of structure and noise; for the spectra of EM a Gaussian of this width is near it.
 */
export function alignmentBlurPx(levelA: NoiseLevel, levelB: NoiseLevel): number {
  const ratio = Math.max(levelA.noise / (levelA.slope + 1e-12), levelB.noise / (levelB.slope + 1e-12));
  return Math.min(largestBlurPx, leastBlurPx + blurPerNoise * Math.sqrt(ratio));
}

/** What a Gaussian blur leaves of the variance of independent noise. */
export function noiseLeftBy(sigmaPx: number): number {
  const taps = gaussianTaps(sigmaPx);
  let squares = taps[0] * taps[0];
  for (let k = 1; k < taps.length; k++) squares += 2 * taps[k] * taps[k];
  return squares * squares;
}

/** What a Gaussian blur and then a central difference along one axis leave of the variance of independent noise, per px². */
export function noiseSlopeLeftBy(sigmaPx: number): number {
  const taps = gaussianTaps(sigmaPx);
  const at = (k: number) => (Math.abs(k) < taps.length ? taps[Math.abs(k)] : 0);
  let [squares, differences] = [0, 0];
  for (let k = -taps.length; k <= taps.length; k++) {
    squares += at(k) ** 2;
    differences += ((at(k + 1) - at(k - 1)) / 2) ** 2;
  }
  return squares * differences;
}

/** Variances of a and of b and their covariance, per pixel. */
export interface Variances {
  readonly a: number;
  readonly b: number;
  readonly ab: number;
}

/** Least share of the variance that is taken for structure: below it the correction would only amplify noise. */
const leastShare = 0.05;

/** Structure over noise, in variance, from which cells can be compared one by one. */
const leastSparedRatio = 2;

/**
 * The same of what `sparedVariances` leaves; null where noise is too much of it to tell structure that is the same from
 * structure that is alike.
 */
export function sparedCorrelation(variances: Variances, noiseA: number, noiseB: number): number | null {
  const { a, b } = variances;
  const isClear = a > (1 + leastSparedRatio) * noiseA && b > (1 + leastSparedRatio) * noiseB;
  return isClear ? structureCorrelation(variances, noiseA, noiseB) : null;
}

/** Correlation of the structure in two images from their variances and covariance, the noise of each taken out. */
export function structureCorrelation({ a, b, ab }: Variances, noiseA: number, noiseB: number): number {
  const structureA = Math.max(leastShare * a, a - noiseA);
  const structureB = Math.max(leastShare * b, b - noiseB);
  return structureA > 0 && structureB > 0 ? Math.min(1, ab / Math.sqrt(structureA * structureB)) : 0;
}
