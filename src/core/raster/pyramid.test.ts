import { describe, expect, it } from 'vitest';
import { halveRaster, levelForScale, levelSize, rasterAtLevel } from './pyramid.ts';

describe('halveRaster', () => {
  it('averages 2×2 blocks, rounds halves to even and takes what is there at odd edges', () => {
    const raster = { data: Uint8Array.of(0, 1, 10, 1, 0, 12, 4, 6, 7), width: 3, height: 3 };
    expect(halveRaster(raster)).toEqual({ data: Uint8Array.of(0, 11, 5, 7), width: 2, height: 2 });
    const halves = { data: Int16Array.of(0, 1, 1, 2, -1, -2, -3, -4), width: 8, height: 1 };
    expect(Array.from(halveRaster(halves).data)).toEqual([0, 2, -2, -4]);
  });

  it('has no brightness bias over many levels', () => {
    const side = 512;
    let state = 1;
    const data = Uint16Array.from(
      { length: side * side },
      () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 16,
    );
    const mean = (samples: ArrayLike<number>) =>
      Array.from(samples).reduce((sum, value) => sum + value, 0) / samples.length;
    expect(Math.abs(mean(rasterAtLevel({ data, width: side, height: side }, 6).data) - mean(data))).toBeLessThan(0.2);
  });

  it('keeps a float ramp exact: pixel k of level n is the ramp at 2ⁿk + (2ⁿ − 1)/2', () => {
    const data = Float32Array.from({ length: 64 }, (_, i) => 3 * i);
    const { data: coarse } = rasterAtLevel({ data, width: 64, height: 1 }, 3);
    expect(Array.from(coarse)).toEqual(Array.from({ length: 8 }, (_, k) => 3 * (8 * k + 3.5)));
  });

  it('lets a NaN be seen', () => {
    expect(halveRaster({ data: Float32Array.of(1, NaN), width: 2, height: 1 }).data[0]).toBeNaN();
  });
});

describe('levelForScale', () => {
  it('takes the coarsest level that still has enough samples', () => {
    expect([4, 1, 0.6, 0.5, 0.3, 0.25, 1 / 8].map(levelForScale)).toEqual([0, 0, 0, 1, 1, 2, 3]);
    expect(levelSize({ width: 1025, height: 3 }, 2)).toEqual({ width: 257, height: 1 });
  });
});
