import { describe, expect, it } from 'vitest';
import { identityAffine, translation } from '../geometry/affine2.ts';
import { silentContext } from '../progress.ts';
import { seededRandom } from '../random.ts';
import type { Raster } from '../raster/raster.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { plainTile } from '../testing/plain-tile.ts';
import { tileId } from '../tiles/tile.ts';
import { correlationSurface, peakOf } from './correlation-surface.ts';

const { signal } = silentContext;
const side = 9;
const reach = 4;

/** The values of a surface at the displacements −4 … 4. */
const surfaceOf = (value: (dx: number, dy: number) => number) =>
  Float32Array.from({ length: side * side }, (_, k) => value((k % side) - reach, Math.floor(k / side) - reach));

describe('the peak of a surface', () => {
  it.each([
    [0.2, -0.4],
    [-2.3, 1.35],
    [2.9, -2.9],
  ])('at %d, %d lies at the vertex of its paraboloid', (x, y) => {
    const paraboloid = surfaceOf(
      (dx, dy) => 0.9 - 0.03 * (dx - x) ** 2 - 0.02 * (dy - y) ** 2 + 0.01 * (dx - x) * (dy - y),
    );
    const peak = peakOf(paraboloid, side, reach, null);
    expect(peak?.dx).toBeCloseTo(x, 4);
    expect(peak?.dy).toBeCloseTo(y, 4);
    expect(peak?.value).toBe(Math.max(...paraboloid));
  });

  it.each([
    [-4, 0],
    [4, 1],
    [2, -4],
    [0, 4],
  ])('on the border, at %d, %d, is a whole place', (x, y) => {
    const cone = surfaceOf((dx, dy) => -Math.hypot(dx - 1.2 * x, dy - 1.2 * y));
    expect(peakOf(cone, side, reach, null)).toMatchObject({ dx: x, dy: y });
  });

  it('is a whole place where its surroundings are flat along a line, and never half a pixel away', () => {
    const ridge = surfaceOf((dx) => -((dx - 1) ** 2));
    expect(peakOf(ridge, side, reach, null)).toMatchObject({ dx: 1, dy: -4 });
    const inside = ridge.map((value, k) => (Math.floor(k / side) === 0 ? NaN : value));
    expect(peakOf(inside, side, reach, null)).toMatchObject({ dx: 1, dy: -3 });
    // A maximum whose diagonals are almost as high: its paraboloid is a saddle.
    const saddle = surfaceOf(
      (dx, dy) => -(dx * dx) - dy * dy + (dx * dy !== 0 ? 2.5 * dx * dy : 0) - (Math.abs(dx) > 1 ? 99 : 0),
    );
    expect(
      peakOf(
        saddle.map((value, k) => (k === 40 ? 1 : Math.min(value, 0.9))),
        side,
        reach,
        null,
      ),
    ).toMatchObject({
      dx: 0,
      dy: 0,
    });
    // Steps that would lead farther are half a pixel.
    const steep = surfaceOf((dx, dy) =>
      dx === 0 && dy === 0 ? 1 : dx === 1 && dy === 1 ? 0.999 : dx * dx + dy * dy > 2 ? 0 : 0.3 + 0.3 * (dx + dy),
    );
    const found = peakOf(steep, side, reach, null);
    expect(Math.abs(found?.dx ?? 9)).toBeLessThanOrEqual(0.5);
    expect(Math.abs(found?.dy ?? 9)).toBeLessThanOrEqual(0.5);
  });

  it('is the first of equal ones, and passes over what is not known', () => {
    const values = surfaceOf(() => NaN);
    expect(peakOf(values, side, reach, null)).toBeNull();
    values[30] = -0.5;
    expect(peakOf(values, side, reach, null)).toMatchObject({ value: -0.5 });
    values[50] = -0.5;
    expect(peakOf(values, side, reach, null)).toEqual({ dx: -1, dy: -1, value: -0.5 });
    values[70] = 0.25;
    expect(peakOf(values, side, reach, null)).toEqual({ dx: 3, dy: 3, value: 0.25 });
  });

  it('has its rival more than 4 px away', () => {
    const values = surfaceOf((dx, dy) => -0.01 * Math.hypot(dx + 2, dy + 1));
    const peak = { dx: -2, dy: -1, value: 0 };
    // (2, −1) is 4 px away; (2, −2) and (2, 0) are the nearest beyond, one row before the other. It is no maximum of its
    // surroundings: half a pixel towards the higher ones.
    expect(peakOf(values, side, reach, peak)).toMatchObject({ dx: 1.5, dy: -1.5, value: values[2 * side + 6] });
    expect(
      peakOf(
        surfaceOf((dx, dy) => (Math.hypot(dx, dy) <= 4 ? 0 : NaN)),
        side,
        reach,
        { ...peak, dx: 0, dy: 0 },
      ),
    ).toBeNull();
  });
});

describe('the correlation of a patch', () => {
  const random = seededRandom(9);
  const rasterOf = (width: number, height: number): Raster => ({
    width,
    height,
    data: Float32Array.from({ length: width * height }, () => 200 * random()),
  });
  const [a, b] = [rasterOf(24, 20), rasterOf(22, 18)];
  const [tileA, tileB] = ['a', 'b'].map((id, k) =>
    plainTile(id, { width: [24, 22][k], height: [20, 18][k] }, { sampleType: 'float32' }),
  );
  const reader = memoryTileReader(
    new Map([
      [tileId('a'), [a]],
      [tileId('b'), [b]],
    ]),
  );
  const at = ({ data, width, height }: Raster, x: number, y: number) =>
    x < 0 || y < 0 || x >= width || y >= height ? NaN : data[y * width + x];

  /** Pearson's coefficient over the pixels of the square that both have; NaN where fewer than half do. */
  function coefficient(x: number, y: number, half: number, dx: number, dy: number, left: number, top: number): number {
    const pairs: [number, number][] = [];
    for (let v = y - half; v <= y + half; v++)
      for (let u = x - half; u <= x + half; u++) {
        const [p, q] = [at(a, u, v), at(b, u + dx - left, v + dy - top)];
        if (!Number.isNaN(p) && !Number.isNaN(q)) pairs.push([p, q]);
      }
    if (pairs.length < (2 * half + 1) ** 2 / 2) return NaN;
    const mean = (k: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[k], 0) / pairs.length;
    const [mp, mq] = [mean(0), mean(1)];
    const sum = (of: (p: number, q: number) => number) =>
      pairs.reduce((total, [p, q]) => total + of(p - mp, q - mq), 0);
    return sum((p, q) => p * q) / Math.sqrt(sum((p) => p * p) * sum((_, q) => q * q));
  }

  it.each([
    [12, 10, 5, 2, 4, 1],
    // At borders of a and of b parts are missing, and the place is rounded.
    [2.4, 1.6, 3, 2, 0, 0],
    [20.5, 17.2, 3, 3, -2, 3],
    [12, 10, 2, 3, 9, 8],
  ])('about %d, %d is Pearson’s over the pixels that both have', async (x, y, halfPx, reachPx, left, top) => {
    const request = { x, y, halfPx, reachPx };
    const found = await correlationSurface(tileA, tileB, translation(left, top), request, reader, signal);
    expect(found.side).toBe(2 * reachPx + 1);
    expect(found.values.length).toBe(found.side ** 2);
    found.values.forEach((value, k) => {
      const [dx, dy] = [(k % found.side) - reachPx, Math.floor(k / found.side) - reachPx];
      const expected = coefficient(Math.round(x), Math.round(y), halfPx, dx, dy, left, top);
      if (Number.isNaN(expected)) expect(value).toBeNaN();
      else expect(value).toBeCloseTo(expected, 5);
    });
    expect(found.peak).toEqual(peakOf(found.values, found.side, reachPx, null));
    expect(found.rival).toEqual(found.peak && peakOf(found.values, found.side, reachPx, found.peak));
  });

  it('is not known where one of them has no contrast', async () => {
    const flat = { ...b, data: new Float32Array(22 * 18).fill(7) };
    const readers = (one: Raster, two: Raster) =>
      memoryTileReader(
        new Map([
          [tileId('a'), [one]],
          [tileId('b'), [two]],
        ]),
      );
    const request = { x: 9, y: 9, halfPx: 2, reachPx: 1 };
    for (const each of [readers(a, flat), readers({ ...a, data: new Float32Array(24 * 20).fill(3) }, b)]) {
      const { values, peak, rival } = await correlationSurface(tileA, tileB, identityAffine, request, each, signal);
      expect([...values].every(Number.isNaN)).toBe(true);
      expect([peak, rival]).toEqual([null, null]);
    }
  });
});
