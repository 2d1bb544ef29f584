import { describe, expect, it } from 'vitest';
import { addNoise, sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { identityAffine } from '../geometry/affine2.ts';
import { seededRandom } from '../random.ts';
import type { Raster } from './raster.ts';
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

describe('percentiles', () => {
  const of = (data: Raster['data'], ...percentiles: readonly number[]) =>
    percentilesOf({ data, width: data.length, height: 1 }, percentiles);

  it('are samples: of integers the last whose rank is not above, of floats that of the nearest rank', () => {
    // Ranks 0, 1, 2, 3 of four samples stand for 0, 33⅓, 66⅔ and 100.
    const values = [40, -10, 30, 7];
    expect(of(Int16Array.from(values), 0, 33, 34, 66, 67, 100)).toEqual([-10, -10, 7, 7, 30, 40]);
    expect(of(Float32Array.from(values), 0, 16, 17, 49, 51, 84, 100)).toEqual([-10, -10, 7, 7, 30, 40, 40]);
    expect(of(Uint8Array.of(255, 0, 255), 0, 49, 50, 100)).toEqual([0, 0, 255, 255]);
    expect(of(Uint16Array.of(65535), 0, 100)).toEqual([65535, 65535]);
    expect(of(Int16Array.of(-32768, 32767), 0, 100)).toEqual([-32768, 32767]);
  });

  it('leave out what is not finite, and are NaN of nothing', () => {
    expect(of(Float32Array.of(NaN, 3, Infinity, 1, -Infinity), 0, 100)).toEqual([1, 3]);
    expect(of(Float32Array.of(NaN, Infinity), 0, 100)).toEqual([NaN, NaN]);
    expect(of(new Uint8Array(0), 50)).toEqual([NaN]);
    expect(of(new Float32Array(0), 50)).toEqual([NaN]);
  });

  it('of more than 65,536 floats are of every third, of an odd step', () => {
    const at = (length: number) =>
      of(
        Float32Array.from({ length }, (_, k) => k),
        0,
        50,
        100,
      );
    expect(at(65_536)).toEqual([0, 32_768, 65_535]);
    expect(at(65_539)).toEqual([0, 32_769, 65_538]);
    expect(at(3 * 65_536 + 2)).toEqual([0, 98_305, 196_605].map((value) => value - (value % 5)));
  });
});

describe('hasTexture by its definition', () => {
  /** How far above chance the samples correlate: at one distance, or at the three nearest together. */
  function sigmasOf({ data, width, height }: Raster): number {
    const values = [...data].filter(Number.isFinite);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const each = [2, 3, 4, 8].map((lag) => {
      let [sum, terms] = [0, 0];
      for (let y = 0; y < height - lag; y++)
        for (let x = 0; x < width - lag; x++) {
          const [here, right, below] = [y * width + x, y * width + x + lag, (y + lag) * width + x].map(
            (at) => data[at] - mean,
          );
          const product = here * right + here * below;
          if (!Number.isFinite(product)) continue;
          sum += product;
          terms += 2;
        }
      return terms === 0 ? 0 : sum / Math.sqrt(terms) / variance;
    });
    return Math.max((each[0] + each[1] + each[2]) / Math.sqrt(3), ...each);
  }

  const random = seededRandom(4);
  const noise = (width: number, height: number, wave: number): Raster => ({
    data: Float32Array.from({ length: width * height }, (_, k) => random() + wave * Math.sin((k % width) / 3)),
    width,
    height,
  });
  const holed = noise(20, 20, 0.2);
  holed.data[45] = NaN;
  holed.data[46] = Infinity;
  const striped: Raster = {
    ...noise(24, 24, 0),
    data: Float32Array.from({ length: 576 }, (_, k) => Math.sin((k % 24) * (Math.PI / 4))),
  };

  it.each([
    ['noise', noise(20, 20, 0)],
    ['a faint wave', noise(20, 12, 0.3)],
    ['a wave with holes', holed],
    ['a wave that only eight pixels repeat', striped],
    ['too few rows for the largest distance', noise(30, 6, 0.4)],
  ])('is true of %s up to its own deviation from chance', (_, raster) => {
    const sigmas = sigmasOf(raster);
    expect(hasTexture(raster, sigmas - 1e-6)).toBe(true);
    expect(hasTexture(raster, sigmas + 1e-6)).toBe(false);
    expect(hasTexture(raster)).toBe(sigmas > 5);
  });

  it('needs sixteen finite samples that are not alike', () => {
    const few = { data: Float32Array.from({ length: 16 }, (_, k) => k), width: 4, height: 4 };
    expect(hasTexture(few, -10)).toBe(true);
    expect(hasTexture({ ...few, data: few.data.map((value) => (value === 3 ? NaN : value)) }, -10)).toBe(false);
    expect(hasTexture({ ...few, data: few.data.map(() => 3) }, -10)).toBe(false);
    // Differences below a millionth of the mean, or of 1, are rounding.
    const uneven = (mean: number, step: number) =>
      hasTexture(
        { ...few, data: Float32Array.from({ length: 16 }, (_, k) => mean + (k % 2 === 0 ? step : -step)) },
        -10,
      );
    expect([uneven(0, 1.1e-6), uneven(0, 0.9e-6)]).toEqual([true, false]);
    expect([uneven(64, 2 ** -12), uneven(4096, 2 ** -9)]).toEqual([true, false]);
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
