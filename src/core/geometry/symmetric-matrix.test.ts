import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { factoriseSymmetric, invertSymmetric, solveFactorised, solveSymmetric } from './symmetric-matrix.ts';

describe('a symmetric system', () => {
  const n = 5;
  const random = seededRandom(9);
  const root = Float64Array.from({ length: n * n }, () => random() - 0.5);
  const matrix = Float64Array.from({ length: n * n }, (_, k) => {
    const [i, j] = [Math.floor(k / n), k % n];
    let sum = i === j ? 0.05 : 0;
    for (let p = 0; p < n; p++) sum += root[i * n + p] * root[j * n + p];
    return sum;
  });
  const product = (x: ArrayLike<number>) =>
    Float64Array.from({ length: n }, (_, i) =>
      Array.from({ length: n }, (__, j) => matrix[i * n + j] * x[j]).reduce((p, q) => p + q),
    );

  it('is solved, and inverted', () => {
    const x = [1, -2, 3, 0.5, -0.25];
    const right = product(x);
    expect(solveSymmetric(matrix.slice(), n, right)).toBe(true);
    right.forEach((value, i) => expect(value).toBeCloseTo(x[i], 9));
    const inverse = invertSymmetric(matrix, n) ?? new Float64Array(0);
    for (let j = 0; j < n; j++) {
      const column = product(Array.from({ length: n }, (_, i) => inverse[i * n + j]));
      column.forEach((value, i) => expect(value).toBeCloseTo(i === j ? 1 : 0, 9));
    }
  });

  it('reads the lower triangle alone', () => {
    const lower = matrix.map((value, k) => (k % n > Math.floor(k / n) ? NaN : value));
    const right = product([1, 1, 1, 1, 1]);
    expect(solveSymmetric(lower, n, right)).toBe(true);
    right.forEach((value) => expect(value).toBeCloseTo(1, 9));
  });

  it('is refused where it is not positive definite', () => {
    const two = (a: number, b: number, d: number) =>
      solveSymmetric(Float64Array.of(a, b, b, d), 2, new Float64Array(2));
    expect([two(1, 0.5, 1), two(1, 1, 1), two(1, 2, 1), two(0, 0, 1), two(-1, 0, 1), two(NaN, 0, 1)]).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(two(1, 1, 1 + 1e-11)).toBe(false);
    expect(two(1, 1, 1 + 1e-9)).toBe(true);
    expect(invertSymmetric(Float64Array.of(1, 1, 1, 1), 2)).toBeNull();
  });

  it('has no inverse where it is singular, indefinite or no number', () => {
    expect(invertSymmetric(Float64Array.of(1, 2, 2, 4), 2)).toBeNull();
    expect(invertSymmetric(Float64Array.of(1, 2, 2, 1), 2)).toBeNull();
    expect(invertSymmetric(Float64Array.of(0, 0, 0, 1), 2)).toBeNull();
    expect(invertSymmetric(Float64Array.of(-1), 1)).toBeNull();
    expect(invertSymmetric(Float64Array.of(NaN), 1)).toBeNull();
    expect([...(invertSymmetric(Float64Array.of(4), 1) ?? [])]).toEqual([0.25]);
  });

  it('takes the least pivot that it is given instead', () => {
    const factor = Float64Array.of(4, 9, 2, 5);
    expect(factoriseSymmetric(factor.slice(), 2, 4)).toBe(false);
    expect(factoriseSymmetric(factor, 2, 3.9)).toBe(true);
    // L = [2 0; 1 2]; what stands above the diagonal stays.
    expect([...factor]).toEqual([2, 9, 1, 2]);
    const right = Float64Array.of(8, 14);
    solveFactorised(factor, 2, right);
    expect([...right]).toEqual([0.75, 2.5]);
  });
});
