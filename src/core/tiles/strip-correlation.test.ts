import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { blurGaussian } from '../raster/resample.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { correlationSurface, stripSource } from './strip-correlation.ts';

function noise(width: number, height: number, seed: number): FloatRaster {
  const random = seededRandom(seed);
  return { data: Float32Array.from({ length: width * height }, () => 100 * random()), width, height };
}

/** The band-passed picture as it is defined: two blurs apart, cut at three root mean squares. */
function band(image: FloatRaster): number[][] {
  const [fine, coarse] = [blurGaussian(image, 0.6), blurGaussian(image, 4)];
  const values = Array.from(fine.data, (value, k) => value - coarse.data[k]);
  const limit = 3 * Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  return Array.from({ length: image.height }, (_, y) =>
    values.slice(y * image.width, (y + 1) * image.width).map((value) => Math.max(-limit, Math.min(limit, value))),
  );
}

function correlation(p: readonly number[], q: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mp, mq] = [mean(p), mean(q)];
  const covariance = mean(p.map((value, k) => (value - mp) * (q[k] - mq)));
  return covariance / Math.sqrt(mean(p.map((v) => (v - mp) ** 2)) * mean(q.map((v) => (v - mq) ** 2)));
}

const transpose = (rows: readonly (readonly number[])[]) => rows[0].map((_, x) => rows.map((row) => row[x]));

describe('the correlation of facing strips', () => {
  const range = { minOverlap: 3, maxOverlap: 5, minSideways: -2, maxSideways: 2 };
  const [first, second] = [noise(17, 13, 1), noise(19, 13, 2)];
  first.data[40] = 3000; // a bright speck

  it.each(['x', 'y'] as const)('is that of the last lines of a and the first of b, %s', (axis) => {
    const surface = correlationSurface(stripSource(first), stripSource(second), axis, range);
    const turn = (rows: number[][]) => (axis === 'x' ? transpose(rows) : rows);
    const [a, b] = [turn(band(first)), turn(band(second))];
    expect(surface.length).toBe(15);
    for (let overlap = 3; overlap <= 5; overlap++)
      for (let sideways = -2; sideways <= 2; sideways++) {
        const [fromA, fromB] = [Math.max(0, sideways), Math.max(0, -sideways)];
        const width = Math.min(a[0].length - fromA, b[0].length - fromB);
        const p = a.slice(a.length - overlap).flatMap((row) => row.slice(fromA, fromA + width));
        const q = b.slice(0, overlap).flatMap((row) => row.slice(fromB, fromB + width));
        expect(surface[(overlap - 3) * 5 + sideways + 2]).toBeCloseTo(correlation(p, q), 5);
      }
  });

  it('is 1 for the same strip shifted, of any gain', () => {
    const wide = noise(60, 60, 3);
    const cut = (x: number, y: number, gain: number): FloatRaster => ({
      data: Float32Array.from(
        { length: 900 },
        (_, k) => gain * wide.data[(y + Math.floor(k / 30)) * 60 + x + (k % 30)] + 7,
      ),
      width: 30,
      height: 30,
    });
    const surface = correlationSurface(stripSource(cut(0, 5, 1)), stripSource(cut(22, 4, 3)), 'x', {
      minOverlap: 4,
      maxOverlap: 12,
      minSideways: -2,
      maxSideways: 2,
    });
    // Eight columns, one row up: only the blur at the borders differs.
    const best = surface.indexOf(Math.max(...surface));
    expect([4 + Math.floor(best / 5), (best % 5) - 2]).toEqual([8, -1]);
    expect(surface[best]).toBeGreaterThan(0.9);
  });

  it('is 0 where a strip is flat, beyond the side of either, and where a pixel is no number', () => {
    const flat = stripSource({ data: new Float32Array(169).fill(9), width: 13, height: 13 });
    const image = stripSource(noise(13, 13, 4));
    expect(correlationSurface(flat, image, 'y', range).every((value) => value === 0)).toBe(true);
    expect(correlationSurface(image, flat, 'x', range).every((value) => value === 0)).toBe(true);
    const tall = correlationSurface(image, image, 'y', {
      minOverlap: 12,
      maxOverlap: 15,
      minSideways: 0,
      maxSideways: 1,
    });
    expect([...tall].map((value) => value !== 0)).toEqual([true, true, true, true, false, false, false, false]);
    const aside = correlationSurface(image, image, 'y', {
      minOverlap: 5,
      maxOverlap: 5,
      minSideways: 13,
      maxSideways: 14,
    });
    expect([...aside]).toEqual([0, 0]);
    const broken = noise(13, 13, 5);
    broken.data[20] = NaN;
    for (const value of correlationSurface(stripSource(broken), image, 'y', range)) expect(value).toBe(value);
  });
});
