import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blurGaussian, downsample, fullFromSmall, smallFromFull } from './resample.ts';

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
