import { describe, expect, it } from 'vitest';
import { fieldOf, shadingBasis } from './shading-basis.ts';
import { shadingAt } from './shading-field.ts';

const at = (degree: number, x: number, y: number) => {
  const basis = shadingBasis(degree);
  const out = new Float64Array(basis.count);
  basis.evaluate(x, y, out);
  return [...out];
};

describe('the surfaces of a shading', () => {
  it('are products of Legendre polynomials up to a degree, without the constant', () => {
    const [x, y] = [0.3, -0.7];
    const p2 = (t: number) => (3 * t * t - 1) / 2;
    const p3 = (t: number) => (5 * t ** 3 - 3 * t) / 2;
    const p4 = (t: number) => (35 * t ** 4 - 30 * t * t + 3) / 8;
    const expected = [
      [x, y],
      [p2(x), x * y, p2(y)],
      [p3(x), p2(x) * y, x * p2(y), p3(y)],
      [p4(x), p3(x) * y, p2(x) * p2(y), x * p3(y), p4(y)],
    ].flat();
    expect(shadingBasis(2)).toMatchObject({ degree: 2, count: 5 });
    expect(shadingBasis(4)).toMatchObject({ degree: 4, count: 14 });
    at(4, x, y).forEach((value, k) => expect(value).toBeCloseTo(expected[k], 12));
    at(2, x, y).forEach((value, k) => expect(value).toBeCloseTo(expected[k], 12));
    expect(at(1, x, y)).toEqual([x, y]);
    expect(at(0, x, y)).toEqual([]);
  });

  it('make a field that is their exponential, with a mean of 1 over the tile', () => {
    const basis = shadingBasis(2);
    const field = fieldOf(basis, Float64Array.of(0.3, -0.1, 0.2, 0.05, -0.4));
    expect([field.columns, field.rows, field.values.length]).toEqual([33, 33, 33 * 33]);
    const log = (x: number, y: number) =>
      [0.3, -0.1, 0.2, 0.05, -0.4].reduce((sum, c, k) => sum + c * at(2, x, y)[k], 0);
    // Nodes run over −1 … 1; only the mean is divided out.
    for (const [i, j] of [
      [0, 0],
      [32, 0],
      [5, 29],
      [32, 32],
    ])
      expect(field.values[33 * j + i] / field.values[33 * 16 + 16]).toBeCloseTo(
        Math.exp(log(i / 16 - 1, j / 16 - 1) - log(0, 0)),
        5,
      );
    let mean = 0;
    for (let n = 0; n < 320 * 320; n++)
      mean += shadingAt(field, ((n % 320) + 0.5) / 320, (Math.floor(n / 320) + 0.5) / 320) / (320 * 320);
    expect(mean).toBeCloseTo(1, 5);
  });
});
