import { describe, expect, it } from 'vitest';
import { addNoise, sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { identityAffine } from '../geometry/affine2.ts';
import { hasTexture, normaliseForMatching, percentilesOf } from './normalise.ts';

describe('normaliseForMatching', () => {
  it('maps the percentiles to 0 and 1 and clips the rest, alike for every sample type', () => {
    const values = Array.from({ length: 1000 }, (_, i) => (i % 250) + 1);
    values[0] = 32000;
    values[1] = 0;
    for (const data of [Uint16Array.from(values), Int16Array.from(values), Float32Array.from(values)]) {
      const { data: output } = normaliseForMatching({ data, width: 40, height: 25 }, [2, 98]);
      expect(Math.min(...output)).toBe(0);
      expect(Math.max(...output)).toBe(1);
      // value 125 between the percentiles 5 and 246
      expect(output[124]).toBeCloseTo((125 - 5) / (246 - 5), 1);
    }
  });

  it('counts NaN as low and ignores infinities', () => {
    const data = Float32Array.from({ length: 100 }, (_, i) => i);
    data[50] = NaN;
    data[51] = Infinity;
    const { data: output } = normaliseForMatching({ data, width: 10, height: 10 });
    expect(output[50]).toBe(0);
    expect(output[51]).toBe(1);
    expect(output.every(Number.isFinite)).toBe(true);
  });

  it('makes a constant, and a raster without a finite sample, zeros', () => {
    for (const value of [0, 7, NaN])
      expect(normaliseForMatching({ data: new Float32Array(64).fill(value), width: 8, height: 8 }).data).toEqual(
        new Float32Array(64),
      );
  });

  it('shows the few grains of an otherwise even field', () => {
    const data = new Uint8Array(10_000).fill(200);
    data[5050] = 10;
    expect(normaliseForMatching({ data, width: 100, height: 100 }).data[5050]).toBe(0);
    expect(normaliseForMatching({ data, width: 100, height: 100 }).data[0]).toBe(1);
  });

  it('samples large float rasters with an error below 0.2 percentage points', () => {
    const data = Float32Array.from({ length: 1_000_000 }, (_, i) => (i * 7919) % 1_000_000);
    const [low, high] = percentilesOf({ data, width: 1000, height: 1000 }, [0.5, 99.5]);
    expect(Math.abs(low - 5000)).toBeLessThan(2000);
    expect(Math.abs(high - 995_000)).toBeLessThan(2000);
  });
});

describe('hasTexture', () => {
  const texture = sampleTexture(spotTexture(3), 128, 64, identityAffine);
  const even = { data: new Float32Array(128 * 64).fill(90), width: 128, height: 64 };

  it('is true of structure, also under noise twice as strong', () => {
    expect(hasTexture(texture)).toBe(true);
    expect(hasTexture(addNoise(texture, 0.3, 1))).toBe(true);
  });

  it('is false of an even field and of noise alone', () => {
    expect(hasTexture(even)).toBe(false);
    for (const seed of [1, 2, 3, 4, 5]) expect(hasTexture(addNoise(even, 12, seed))).toBe(false);
  });
});
