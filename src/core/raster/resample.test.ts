import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FloatRaster, Raster } from './raster.ts';
import { blurGaussian, downsample, fullFromSmall, gaussianTaps, smallFromFull, toFloatRaster } from './resample.ts';

function ramp(width: number, height: number, slopeX: number, slopeY: number) {
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = slopeX * x + slopeY * y;
  return { data, width, height };
}

function placesIn({ width, height }: { readonly width: number; readonly height: number }) {
  return [
    [0, 0],
    [width - 1, height - 1],
    [width >> 1, height >> 1],
  ] as const;
}

describe('downsample', () => {
  it('averages 2×2 blocks at scale ½', () => {
    const small = downsample({ data: Uint8Array.of(0, 2, 10, 20, 4, 6, 30, 40), width: 4, height: 2 }, 0.5);
    expect(small).toMatchObject({ width: 2, height: 1 });
    expect([...small.data]).toEqual([3, 25]);
  });

  it('puts the value of a ramp at p_full = (p_small + ½)/s − ½ for any whole factor and size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 20, max: 90 }),
        fc.integer({ min: 20, max: 90 }),
        (factor, width, height) => {
          const small = downsample(ramp(width, height, 1, 0.25), 1 / factor);
          expect(small.width).toBe(Math.floor(width / factor));
          expect(small.height).toBe(Math.floor(height / factor));
          for (const [x, y] of placesIn(small)) {
            const truth = fullFromSmall(x, 1 / factor) + 0.25 * fullFromSmall(y, 1 / factor);
            // float32 holds a value of 100 to 4e-6
            expect(Math.abs(small.data[y * small.width + x] - truth)).toBeLessThan(2e-5);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('does so for any scale within s/8 (a pixel cut in two counts at its centre), without a bias', () => {
    for (const scale of [0.9, 0.613, 0.37, 0.23]) {
      const small = downsample(ramp(3000, 5, 1, 0), scale);
      let bias = 0;
      for (let x = 0; x < small.width; x++) {
        const error = small.data[x] - fullFromSmall(x, scale);
        expect(Math.abs(error)).toBeLessThan(scale / 8 + 1e-3);
        bias += error / small.width;
      }
      expect(Math.abs(bias)).toBeLessThan(1e-3);
    }
  });

  it('keeps a constant exactly, ends included', () => {
    for (const scale of [1 / 3, 0.37, 0.5, 0.75])
      expect(downsample({ data: new Uint16Array(31 * 17).fill(4000), width: 31, height: 17 }, scale).data).toSatisfy(
        (data: Float32Array) => data.every((value) => Math.abs(value - 4000) < 1e-3),
      );
  });

  it('refuses scales that enlarge or leave nothing', () => {
    expect(() => downsample(ramp(4, 4, 1, 1), 1.5)).toThrow(RangeError);
    expect(() => downsample(ramp(4, 4, 1, 1), 0.1)).toThrow(RangeError);
  });
});

describe('smallFromFull', () => {
  it('inverts fullFromSmall', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -10_000_000, max: 10_000_000 }).map((n) => n / 1000),
        fc.integer({ min: 50, max: 1000 }).map((n) => n / 1000),
        fc.integer({ min: 0, max: 8192 }),
        (q, scale, origin) => {
          expect(smallFromFull(fullFromSmall(q, scale, origin), scale, origin)).toBeCloseTo(q, 6);
        },
      ),
    );
  });
});

describe('blurGaussian', () => {
  it('spreads a point to variance σ² on each axis, centred, and keeps its sum', () => {
    const size = 41;
    const data = new Float32Array(size * size);
    data[20 * size + 20] = 1;
    const sigma = 2.3;
    const blurred = blurGaussian({ data, width: size, height: size }, sigma);
    let [sum, x, y, xx, yy] = [0, 0, 0, 0, 0];
    blurred.data.forEach((value, i) => {
      const [u, v] = [(i % size) - 20, Math.floor(i / size) - 20];
      sum += value;
      x += value * u;
      y += value * v;
      xx += value * u * u;
      yy += value * v * v;
    });
    expect(sum).toBeCloseTo(1, 5);
    expect(x).toBeCloseTo(0, 5);
    expect(y).toBeCloseTo(0, 5);
    // the cut at 4 σ takes 0.1 % off the variance
    expect(xx / sigma ** 2).toBeCloseTo(1, 2);
    expect(yy / sigma ** 2).toBeCloseTo(1, 2);
  });

  it('keeps a constant up to the border', () => {
    const blurred = blurGaussian({ data: new Float32Array(9 * 5).fill(0.7), width: 9, height: 5 }, 3);
    for (const value of blurred.data) expect(value).toBeCloseTo(0.7, 5);
  });
});

/** Whole numbers below 200 without any order. */
function scattered(width: number, height: number): FloatRaster {
  return { data: Float32Array.from({ length: width * height }, (_, k) => (k * k * 7 + 31 * k) % 199), width, height };
}

describe('downsample by its definition', () => {
  /** Share of pixel k in the interval [from, to). */
  const share = (k: number, from: number, to: number) =>
    Math.max(0, Math.min(to, k + 1) - Math.max(from, k)) / (to - from);

  it.each([
    [13, 9, 0.37],
    [7, 11, 0.61],
    [9, 9, 1 / 3],
    [10, 6, 0.93],
    [4, 5, 0.25],
    [3, 20, 0.4],
  ])('is the mean over the area of %d × %d px at %d', (width, height, scale) => {
    const raster = scattered(width, height);
    const small = downsample(raster, scale);
    expect([small.width, small.height]).toEqual([width, height].map((side) => Math.floor(side * scale + 1e-9)));
    for (let j = 0; j < small.height; j++)
      for (let i = 0; i < small.width; i++) {
        let sum = 0;
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++)
            sum +=
              raster.data[y * width + x] *
              share(x, i / scale, Math.min((i + 1) / scale, width)) *
              share(y, j / scale, Math.min((j + 1) / scale, height));
        // Float32 holds 200 to 1e-5.
        expect(Math.abs(small.data[j * small.width + i] - sum)).toBeLessThan(3e-5);
      }
  });

  it('lets a NaN be seen where it is covered, and nowhere else', () => {
    const raster = scattered(6, 4);
    raster.data[6 + 2] = NaN;
    expect([...downsample(raster, 0.5).data].map(Number.isNaN)).toEqual([false, true, false, false, false, false]);
  });

  it('at 1 is the raster itself, as floats', () => {
    const floats = scattered(3, 2);
    expect(downsample(floats, 1).data).toBe(floats.data);
    const whole: Raster = { data: Uint16Array.of(1, 2, 3), width: 3, height: 1 };
    expect(downsample(whole, 1)).toEqual({ data: Float32Array.of(1, 2, 3), width: 3, height: 1 });
    expect(toFloatRaster(whole).data).toEqual(Float32Array.of(1, 2, 3));
  });

  it.each([0, -0.5, 1.0001, NaN])('refuses %d as a scale', (scale) => {
    expect(() => downsample(scattered(4, 4), scale)).toThrow(
      new RangeError(`downsample by ${scale}: the scale must be in (0, 1]`),
    );
  });

  it('refuses to leave nothing of either side', () => {
    for (const [width, height] of [
      [4, 40],
      [40, 4],
    ])
      expect(() => downsample(scattered(width, height), 0.2)).toThrow(
        new RangeError(`downsample by 0.2 leaves nothing of ${width}×${height}`),
      );
    expect(downsample(scattered(5, 40), 0.2).width).toBe(1);
  });
});

describe('blurGaussian by its definition', () => {
  const mirrored = (i: number, length: number): number => {
    if (length === 1) return 0;
    let k = i;
    while (k < 0 || k >= length) k = k < 0 ? -k : 2 * (length - 1) - k;
    return k;
  };

  it.each([
    [9, 7, 0.2],
    [9, 7, 0.5],
    [5, 6, 0.7],
    [6, 5, 1],
    [11, 4, 1.2],
    [3, 9, 1.6],
    [2, 2, 2.1],
    [1, 6, 1.9],
    [6, 1, 2.3],
  ])('is the sum over taps cut at 4 σ, mirrored at the outer pixels: %d × %d px, σ = %d', (width, height, sigma) => {
    const raster = scattered(width, height);
    const radius = Math.max(1, Math.ceil(4 * sigma));
    const weight = (k: number) => Math.exp(-(k * k) / (2 * sigma * sigma));
    let total = 0;
    for (let k = -radius; k <= radius; k++) total += weight(k);
    const blurred = blurGaussian(raster, sigma);
    expect([blurred.width, blurred.height]).toEqual([width, height]);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let dy = -radius; dy <= radius; dy++)
          for (let dx = -radius; dx <= radius; dx++) {
            const at = mirrored(y + dy, height) * width + mirrored(x + dx, width);
            sum += ((weight(dx) * weight(dy)) / total ** 2) * raster.data[at];
          }
        // Sums of up to 21 floats of 200, twice.
        expect(Math.abs(blurred.data[y * width + x] - sum)).toBeLessThan(3e-4);
      }
  });

  it('has taps on one side that sum to 1 with those of the other', () => {
    const taps = gaussianTaps(1.5);
    expect(taps.length).toBe(7);
    expect(taps[0] + 2 * taps.slice(1).reduce((sum, tap) => sum + tap, 0)).toBeCloseTo(1, 6);
    expect(taps[2] / taps[0]).toBeCloseTo(Math.exp(-4 / 4.5), 6);
    expect(gaussianTaps(0.01)).toEqual(Float32Array.of(1, 0));
  });

  it.each([0, -1, NaN])('copies at σ = %d', (sigma) => {
    const raster = scattered(4, 3);
    const copy = blurGaussian(raster, sigma);
    expect(copy).toEqual(raster);
    expect(copy.data).not.toBe(raster.data);
  });
});
