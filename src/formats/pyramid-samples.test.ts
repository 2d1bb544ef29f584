import { describe, expect, it } from 'vitest';
import type { CoveredImage } from '../core/mosaic/pyramid-stream.ts';
import type { Samples } from '../core/raster/raster.ts';
import { changeSamples, checkedRange, isNarrower, measuredRange, sampleTypeFor } from './pyramid-samples.ts';
import { describeChange } from './pyramid-source.ts';

const imageOf = (data: Samples, coverage: readonly number[] = [...data].map(() => 1)): CoveredImage => ({
  channels: [{ data, width: data.length, height: 1 }],
  coverage: Uint8Array.from(coverage),
  width: data.length,
  height: 1,
});
const changed = (...given: Parameters<typeof changeSamples>) => changeSamples(...given).channels[0].data;

describe('the sample type that is written', () => {
  it('is the asked one, or its own where it has as many bits', () => {
    expect(sampleTypeFor('int16', null)).toBe('int16');
    expect(sampleTypeFor('int16', '16')).toBe('int16');
    expect(sampleTypeFor('uint8', '16')).toBe('uint16');
    expect(sampleTypeFor('float32', '8')).toBe('uint8');
    expect(sampleTypeFor('uint16', '32f')).toBe('float32');
  });

  it('is narrower where it has fewer bits', () => {
    expect([isNarrower('uint16', 'uint8'), isNarrower('float32', 'uint16')]).toEqual([true, true]);
    expect([isNarrower('uint8', 'uint16'), isNarrower('uint8', 'uint8'), isNarrower('uint16', 'int16')]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('changing samples', () => {
  it('spreads a range over the narrower type, rounds, and clamps what lies beyond', () => {
    const range = { low: 100, high: 355 };
    expect(changed(imageOf(Uint16Array.of(0, 99, 100, 101, 354, 355, 356, 65535)), { to: 'uint8', range }, 0)).toEqual(
      Uint8Array.of(0, 0, 0, 1, 254, 255, 255, 255),
    );
    expect(
      changed(imageOf(Float32Array.of(-1, 0, 0.5, 1, 2)), { to: 'uint16', range: { low: 0, high: 1 } }, 0),
    ).toEqual(Uint16Array.of(0, 0, 32768, 65535, 65535));
    expect(changed(imageOf(Float32Array.of(0.4, 1.6)), { to: 'uint8', range: { low: 0, high: 255 } }, 0)).toEqual(
      Uint8Array.of(0, 2),
    );
  });

  it('keeps values where the type only grows', () => {
    expect(changed(imageOf(Uint8Array.of(0, 7, 255)), { to: 'uint16', range: null }, 0)).toEqual(
      Uint16Array.of(0, 7, 255),
    );
    expect(changed(imageOf(Int16Array.of(-5, 7)), { to: 'float32', range: null }, 0)).toEqual(Float32Array.of(-5, 7));
  });

  it('fills the canvas with the value that the type can hold, unscaled', () => {
    const at = (to: 'uint8' | 'uint16' | 'float32', fill: number) =>
      changed(imageOf(Float32Array.of(3, 9), [0, 1]), { to, range: null }, fill)[0];
    expect([at('uint8', 12.4), at('uint8', 300), at('uint8', -3), at('uint8', NaN)]).toEqual([12, 255, 0, 0]);
    expect([at('uint16', 300), at('uint16', 1e9)]).toEqual([300, 65535]);
    expect([at('float32', -3.5), at('float32', NaN)]).toEqual([-3.5, NaN]);
    expect(changed(imageOf(Float32Array.of(3, 9), [0, 1]), { to: 'uint8', range: null }, 5)).toEqual(
      Uint8Array.of(5, 9),
    );
  });

  it('leaves size and coverage as they are', () => {
    const image = imageOf(Uint8Array.of(1, 2), [1, 0]);
    expect(changeSamples(image, { to: 'uint16', range: null }, 0)).toMatchObject({
      width: 2,
      height: 1,
      coverage: image.coverage,
      channels: [{ width: 2, height: 1 }],
    });
  });

  it('is said in a sentence', () => {
    expect(describeChange(null)).toBeNull();
    expect(describeChange({ to: 'uint16', range: null })).toBe(
      'Values are kept as they are in a wider sample type (uint16).',
    );
    expect(describeChange({ to: 'uint8', range: { low: 1 / 3, high: 1234.56789 } })).toBe(
      'Values 0.3333333 … 1234.568 became 0 … 255; values beyond are clamped.',
    );
    expect(describeChange({ to: 'uint16', range: { low: 0, high: 1 } })).toMatch(/became 0 … 65535;/);
  });
});

describe('the range of a picture', () => {
  it('lies between its percentiles, from 64 windows from corner to corner, canvas left out', async () => {
    const asked: string[] = [];
    const range = await measuredRange({ width: 1000, height: 415 }, async (rect) => {
      asked.push(`${rect.x},${rect.y} ${rect.width}×${rect.height}`);
      // Covered pixels go from 0 to 1000 over the windows; canvas would be far off.
      const data = Float32Array.from({ length: 1001 }, (_, k) => (k === 1000 ? 1e9 : k));
      return imageOf(
        data,
        [...data].map((_, k) => (k === 1000 ? 0 : 1)),
      );
    });
    expect(asked.length).toBe(64);
    expect(asked[0]).toBe('0,0 128×128');
    expect(asked[1]).toBe('125,0 128×128');
    expect(asked[8]).toBe('0,41 128×128');
    expect(asked[63]).toBe('872,287 128×128');
    // 64 times 0 … 999: the 0.1 and 99.9 percentiles are 64 samples from either end.
    expect(range?.low).toBeCloseTo(1, 0);
    expect(range?.high).toBeCloseTo(998, 0);
  });

  it('of a picture of one value has a width, and there is none without a tile', async () => {
    const small = { width: 3, height: 2 };
    const rects: string[] = [];
    expect(
      await measuredRange(small, async (rect) => {
        rects.push(`${rect.x},${rect.y} ${rect.width}×${rect.height}`);
        return imageOf(Uint16Array.of(7, 7));
      }),
    ).toEqual({ low: 7, high: 8 });
    expect(new Set(rects)).toEqual(new Set(['0,0 3×2']));
    expect(await measuredRange(small, async () => imageOf(Uint8Array.of(7), [0]))).toBeNull();
  });

  it('that a user gives runs upwards', () => {
    expect(checkedRange(-1, 2.5)).toEqual({ low: -1, high: 2.5 });
    for (const [low, high] of [
      [1, 1],
      [2, 1],
      [NaN, 1],
      [0, Infinity],
    ])
      expect(() => checkedRange(low, high)).toThrow(`The range of values ${low} … ${high} is no range`);
  });
});
