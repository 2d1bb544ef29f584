import { describe, expect, it } from 'vitest';
import type { FloatRaster } from '../raster/raster.ts';
import { blurGaussian } from '../raster/resample.ts';
import {
  alignmentBlurPx,
  noiseLeftBy,
  noiseLevelOf,
  noiseSlopeLeftBy,
  sparedCorrelation,
  structureCorrelation,
} from './noise-level.ts';
import { seededRandom } from '../random.ts';

/** White noise of unit variance: sums of twelve uniform numbers. */
function white(width: number, height: number, seed: number): FloatRaster {
  const random = seededRandom(seed);
  const data = Float32Array.from({ length: width * height }, () => {
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += random();
    return sum;
  });
  return { data, width, height };
}

describe('the noise of an image', () => {
  it('is the variance of what is independent from pixel to pixel, whatever the mean', () => {
    const image = white(200, 150, 1);
    const { noise, slope } = noiseLevelOf({ ...image, data: image.data.map((value) => 100 + 3 * value) });
    expect(Math.abs(noise - 9)).toBeLessThan(0.5);
    expect(slope).toBeLessThan(0.2);
  });

  it('is none of waves, which have a slope', () => {
    // 10 sin(x/8) + 10 sin(y/8): R(d) = 50 (1 + cos(d/8)), whose slope variance along an axis is 50/64.
    const [width, height] = [402, 302];
    const data = Float32Array.from(
      { length: width * height },
      (_, k) => 10 * Math.sin((k % width) / 8) + 10 * Math.sin(Math.floor(k / width) / 8),
    );
    const { noise, slope } = noiseLevelOf({ data, width, height });
    expect(slope).toBeCloseTo(50 / 64, 1);
    expect(noise).toBeLessThan(0.02);
    const noisy = white(width, height, 2).data.map((value, k) => data[k] + 2 * value);
    expect(Math.abs(noiseLevelOf({ data: noisy, width, height }).noise - 4)).toBeLessThan(0.2);
  });

  it('is read off a part of the rows of a large image, and nothing of a small one', () => {
    const large = white(800, 400, 3);
    expect(Math.abs(noiseLevelOf(large).noise - 1)).toBeLessThan(0.03);
    expect(noiseLevelOf(white(2, 50, 4))).toEqual({ noise: 0, slope: 0 });
    expect(noiseLevelOf({ data: new Float32Array(400).fill(7), width: 20, height: 20 })).toEqual({
      noise: 0,
      slope: 0,
    });
  });
});

describe('the blur before alignment', () => {
  it('grows with the root of noise over slope, the worse of the two, between 0.6 and 1.2 px', () => {
    const clear = { noise: 0, slope: 5 };
    expect(alignmentBlurPx(clear, clear)).toBeCloseTo(0.6, 9);
    expect(alignmentBlurPx(clear, { noise: 80, slope: 5 })).toBeCloseTo(0.6 + 0.06 * 4, 9);
    expect(alignmentBlurPx({ noise: 80, slope: 5 }, clear)).toBeCloseTo(0.84, 9);
    expect(alignmentBlurPx(clear, { noise: 5000, slope: 5 })).toBe(1.2);
    expect(alignmentBlurPx(clear, { noise: 1, slope: 0 })).toBe(1.2);
  });

  it.each([0.6, 1, 1.7])('leaves of noise and of its slope what it leaves of an impulse, σ = %d', (sigma) => {
    const side = 31;
    const data = new Float32Array(side * side);
    data[15 * side + 15] = 1;
    const blurred = blurGaussian({ data, width: side, height: side }, sigma).data;
    const squares = blurred.reduce((sum, value) => sum + value * value, 0);
    expect(noiseLeftBy(sigma)).toBeCloseTo(squares, 5);
    let slopes = 0;
    for (let k = 1; k + 1 < blurred.length; k++) slopes += ((blurred[k + 1] - blurred[k - 1]) / 2) ** 2;
    expect(noiseSlopeLeftBy(sigma)).toBeCloseTo(slopes, 5);
  });
});

describe('the correlation of structure', () => {
  it('takes the noise out of both variances', () => {
    expect(structureCorrelation({ a: 10, b: 8, ab: 4 }, 2, 0)).toBeCloseTo(0.5, 12);
    expect(structureCorrelation({ a: 10, b: 8, ab: -4 }, 2, 0)).toBeCloseTo(-0.5, 12);
    expect(structureCorrelation({ a: 10, b: 8, ab: 9 }, 9, 7)).toBe(1);
  });

  it('takes five percent for structure at least, and none of a flat image', () => {
    expect(structureCorrelation({ a: 100, b: 100, ab: 2.5 }, 500, 0)).toBeCloseTo(2.5 / Math.sqrt(500), 12);
    expect(structureCorrelation({ a: 100, b: 100, ab: 2.5 }, 0, 500)).toBeCloseTo(2.5 / Math.sqrt(500), 12);
    expect(structureCorrelation({ a: 0, b: 4, ab: 0 }, 0, 0)).toBe(0);
    expect(structureCorrelation({ a: 4, b: 0, ab: 0 }, 0, 0)).toBe(0);
  });

  it('is not told within cells where structure is not twice the noise', () => {
    expect(sparedCorrelation({ a: 9.1, b: 9.1, ab: 3 }, 3, 3)).toBeCloseTo(3 / 6.1, 9);
    expect(sparedCorrelation({ a: 9, b: 9.1, ab: 3 }, 3, 3)).toBeNull();
    expect(sparedCorrelation({ a: 9.1, b: 9, ab: 3 }, 3, 3)).toBeNull();
  });
});
