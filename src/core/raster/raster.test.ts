import { describe, expect, it } from 'vitest';
import { allocateSamples, bytesPerSample, cropRaster, lumaOf, sampleTypeOf } from './raster.ts';
import type { SampleType } from './raster.ts';

const raster = { data: Uint16Array.from({ length: 12 }, (_, k) => 10 * k), width: 4, height: 3 };

describe('samples', () => {
  it.each<[SampleType, object, number]>([
    ['uint8', Uint8Array, 1],
    ['uint16', Uint16Array, 2],
    ['int16', Int16Array, 2],
    ['float32', Float32Array, 4],
  ])('of %s keep their type', (type, constructor, bytes) => {
    const samples = allocateSamples(type, 3);
    expect(samples.constructor).toBe(constructor);
    expect([...samples]).toEqual([0, 0, 0]);
    expect(sampleTypeOf(samples)).toBe(type);
    expect(bytesPerSample[type]).toBe(bytes);
  });
});

describe('cropping', () => {
  it('copies the pixels of the region, to the last row and column', () => {
    expect(cropRaster(raster, { x: 1, y: 1, width: 3, height: 2 })).toEqual({
      data: Uint16Array.of(50, 60, 70, 90, 100, 110),
      width: 3,
      height: 2,
    });
    const whole = cropRaster(raster, { x: 0, y: 0, width: 4, height: 3 });
    expect(whole).toEqual(raster);
    expect(whole.data).not.toBe(raster.data);
  });

  it.each([
    [-1, 0, 2, 2],
    [0, -1, 2, 2],
    [3, 0, 2, 2],
    [0, 2, 2, 2],
  ])('refuses a region at %d,%d of %d × %d that leaves the raster', (x, y, width, height) => {
    expect(() => cropRaster(raster, { x, y, width, height })).toThrow(
      new RangeError(`crop ${x},${y} 2×2 leaves the raster 4×3`),
    );
  });
});

describe('luma', () => {
  const channel = (...values: readonly number[]) => ({ data: Uint8Array.from(values), width: 2, height: 1 });

  it('is Rec. 601 of three channels, and the channel itself of one', () => {
    const { data, width, height } = lumaOf([channel(255, 10), channel(0, 20), channel(0, 30)]);
    expect([width, height]).toEqual([2, 1]);
    expect(data[0]).toBeCloseTo(76.245, 4);
    expect(data[1]).toBeCloseTo(18.15, 4);
    const grey = channel(1, 2);
    expect(lumaOf([grey])).toBe(grey);
  });
});
