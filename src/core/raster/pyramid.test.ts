import { describe, expect, it } from 'vitest';
import { halveRaster, levelForScale, levelSize, rasterAtLevel } from './pyramid.ts';

describe('halveRaster', () => {
  it('averages 2×2 blocks, rounds halves to even and takes what is there at odd edges', () => {
    const raster = { data: Uint8Array.of(0, 1, 10, 1, 0, 12, 4, 6, 7), width: 3, height: 3 };
    expect(halveRaster(raster)).toEqual({ data: Uint8Array.of(0, 11, 5, 7), width: 2, height: 2 });
    const halves = { data: Int16Array.of(0, 1, 1, 2, -1, -2, -3, -4), width: 8, height: 1 };
    expect(Array.from(halveRaster(halves).data)).toEqual([0, 2, -2, -4]);
  });

  it.each([
    [1, 1],
    [4, 3],
    [5, 4],
    [5, 5],
    [1, 4],
    [6, 1],
  ])('is the mean of the part of a block that is there: %d × %d px', (width, height) => {
    const values = Array.from({ length: width * height }, (_, k) => (k * k * 13 + 5 * k) % 251);
    const means: number[] = [];
    for (let y = 0; y < height; y += 2)
      for (let x = 0; x < width; x += 2) {
        const block = [0, 1].flatMap((j) =>
          [0, 1].flatMap((i) => (x + i < width && y + j < height ? [values[(y + j) * width + x + i]] : [])),
        );
        means.push(block.reduce((sum, value) => sum + value, 0) / block.length);
      }
    const floats = halveRaster({ data: Float32Array.from(values), width, height });
    expect([floats.width, floats.height]).toEqual([Math.ceil(width / 2), Math.ceil(height / 2)]);
    expect([...floats.data]).toEqual(means);
    const halfToEven = (value: number) => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));
    expect([...halveRaster({ data: Uint8Array.from(values), width, height }).data]).toEqual(means.map(halfToEven));
    expect([...halveRaster({ data: Int16Array.from(values, (value) => -value), width, height }).data]).toEqual(
      means.map((mean) => 0 - halfToEven(mean)),
    );
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
  it('forgives the rounding of a power of two, and is never below 0', () => {
    expect([0.5 * (1 + 1e-12), 0.5 * (1 + 1e-8), 0.125 * (1 + 1e-12), 1e9].map(levelForScale)).toEqual([1, 0, 3, 0]);
    const raster = { data: Uint8Array.of(1), width: 1, height: 1 };
    expect(rasterAtLevel(raster, 0)).toBe(raster);
    expect(rasterAtLevel({ data: Uint8Array.of(1, 3, 5, 7), width: 2, height: 2 }, 1).data).toEqual(Uint8Array.of(4));
  });

  it('takes the coarsest level that still has enough samples', () => {
    expect([4, 1, 0.6, 0.5, 0.3, 0.25, 1 / 8].map(levelForScale)).toEqual([0, 0, 0, 1, 1, 2, 3]);
    expect(levelSize({ width: 1025, height: 3 }, 2)).toEqual({ width: 257, height: 1 });
  });
});
