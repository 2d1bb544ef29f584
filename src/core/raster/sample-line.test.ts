import { describe, expect, it } from 'vitest';
import type { FloatRaster } from './raster.ts';
import { sampleLine } from './sample-line.ts';

function rasterOf(width: number, height: number, valueAt: (x: number, y: number) => number): FloatRaster {
  const data = Float32Array.from({ length: width * height }, (_, k) => valueAt(k % width, Math.floor(k / width)));
  return { data, width, height };
}

function sampled(image: FloatRaster, u: number, v: number, du: number, dv: number, count: number): Float32Array {
  const into = new Float32Array(count + 2).fill(-7);
  sampleLine(image, u, v, du, dv, count, into, 1);
  expect([into[0], into[count + 1]]).toEqual([-7, -7]);
  return into.slice(1, count + 1);
}

describe('sampleLine', () => {
  it('goes through cubics exactly', () => {
    const cubic = (x: number, y: number) => 3 - x + 0.5 * x * y + 0.02 * x ** 3 - 0.01 * y ** 3 + 0.003 * x * x * y;
    const values = sampled(rasterOf(16, 12, cubic), 2.3, 4.7, 0.9, 0.31, 12);
    values.forEach((value, k) => expect(value).toBeCloseTo(cubic(2.3 + 0.9 * k, 4.7 + 0.31 * k), 4));
  });

  it('gives the pixels themselves at whole places, the last row and column included', () => {
    const image = rasterOf(7, 5, (x, y) => 10 * y + x * x);
    for (let y = 0; y < 5; y++)
      expect([...sampled(image, 0, y, 1, 0, 7)]).toEqual([...image.data.slice(7 * y, 7 * y + 7)]);
  });

  it('repeats the border beyond it', () => {
    const image = rasterOf(6, 6, (x, y) => x + 100 * y);
    expect([...sampled(image, -3, 2, 1, 0, 4)]).toEqual([200, 200, 200, 200]);
    expect([...sampled(image, 5, 5, 2, 3, 3)]).toEqual([505, 505, 505]);
  });

  it.each([
    [7, 5],
    [4, 4],
    [3, 6],
    [6, 2],
    [1, 1],
    [1, 4],
  ])('is the cubic through four neighbours an axis, the border repeated: %d × %d px', (width, height) => {
    const image = rasterOf(width, height, (x, y) => (37 * x * x + 61 * y * y + 17 * x * y) % 101);
    const pixel = (x: number, y: number) =>
      image.data[Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1)];
    /** Lagrange's polynomials over −1, 0, 1, 2. */
    const weights = (s: number) =>
      [-1, 0, 1, 2].map((n) =>
        [-1, 0, 1, 2].reduce((product, m) => (m === n ? product : (product * (s - m)) / (n - m)), 1),
      );
    const expected = (u: number, v: number) => {
      const [x, y] = [Math.min(Math.max(u, 0), width - 1), Math.min(Math.max(v, 0), height - 1)];
      const [i, j] = [Math.floor(x), Math.floor(y)];
      const [p, q] = [weights(x - i), weights(y - j)];
      let sum = 0;
      for (let m = 0; m < 4; m++) for (let n = 0; n < 4; n++) sum += p[n] * q[m] * pixel(i + n - 1, j + m - 1);
      return sum;
    };
    for (const [u, v, du, dv] of [
      [-1.3, -0.7, 0.37, 0.29],
      [-1.3, height - 0.4, 0.41, -0.33],
      [0.2, 1.4, 0.3, 0],
      [1.6, -2, 0, 0.31],
      [width + 1, height + 1, -0.43, -0.37],
      [0, 0, 0.5, 0.25],
      [width - 1, 0, 0, 0.5],
      [0, height - 1, 0.5, 0],
      [1, 1, 0.5, 0.5],
      [width - 2, height - 2, -0.5, -0.25],
      [width - 2.01, height - 2.01, 0.004, 0.004],
    ]) {
      const values = sampled(image, u, v, du, dv, 24);
      values.forEach((value, k) => expect(value).toBeCloseTo(expected(u + k * du, v + k * dv), 3));
    }
  });

  it('shifts a wave by less than a thousandth of a pixel where Catmull–Rom shifts it by four', () => {
    const period = 10;
    const omega = (2 * Math.PI) / period;
    const image = rasterOf(200, 8, (x) => Math.cos(omega * x));
    const shiftOf = (values: (k: number) => number, fraction: number): number => {
      let [re, im] = [0, 0];
      for (let k = 0; k < 10 * period; k++) {
        re += values(k) * Math.cos(omega * k);
        im -= values(k) * Math.sin(omega * k);
      }
      return Math.atan2(im, re) / omega - fraction;
    };
    const catmullRom = (k: number, s: number): number => {
      const at = (n: number) => Math.cos(omega * (20 + k + n));
      return (
        ((-0.5 * s + 1) * s - 0.5) * s * at(-1) +
        ((1.5 * s - 2.5) * s * s + 1) * at(0) +
        ((-1.5 * s + 2) * s + 0.5) * s * at(1) +
        (0.5 * s - 0.5) * s * s * at(2)
      );
    };
    const errors = [0.1, 0.2, 0.25, 0.4, 0.6, 0.8].map((s) => {
      const line = sampled(image, 20 + s, 4, 1, 0, 10 * period);
      return [Math.abs(shiftOf((k) => line[k], s)), Math.abs(shiftOf((k) => catmullRom(k, s), s))];
    });
    expect(Math.max(...errors.map(([ours]) => ours))).toBeLessThan(1e-3);
    expect(Math.max(...errors.map(([, theirs]) => theirs))).toBeGreaterThan(4e-3);
  });

  it('answers NaN for a place that is none', () => {
    expect(
      sampled(
        rasterOf(5, 5, () => 1),
        NaN,
        2,
        1,
        0,
        2,
      ).every(Number.isNaN),
    ).toBe(true);
  });
});
