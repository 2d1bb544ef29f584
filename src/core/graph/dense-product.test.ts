import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { dotRows, subtractProduct } from './dense-product.ts';
import { factoriseFront } from './front.ts';

const noise = (length: number, seed: number) => {
  const random = seededRandom(seed);
  return Float64Array.from({ length }, () => random() - 0.5);
};

describe('a product of rows', () => {
  it('is the sum of products', () => {
    expect(dotRows(Float64Array.of(9, 1, 2, 3), 1, Float64Array.of(4, 5, 6, 9), 0, 3)).toBe(32);
    expect(dotRows(Float64Array.of(1), 0, Float64Array.of(1), 0, 0)).toBe(0);
  });

  it.each([
    [1, 1, 1],
    [3, 3, 4],
    [4, 5, 7],
    [7, 2, 130],
    [50, 52, 3],
    [101, 100, 121],
  ])(
    'takes %d × %d products of %d entries from a matrix in a larger array, and touches nothing else',
    (rowsA, rowsB, depth) => {
      const [strideA, strideB, strideC] = [depth + 2, depth + 1, rowsB + 3];
      const a = noise(5 + rowsA * strideA, 1);
      const b = noise(7 + rowsB * strideB, 2);
      for (const isLower of [false, true]) {
        const values = noise(11 + rowsA * strideC, 3);
        const before = values.slice();
        subtractProduct(
          { values, at: 11, stride: strideC },
          { values: a, at: 5, stride: strideA },
          rowsA,
          { values: b, at: 7, stride: strideB },
          rowsB,
          depth,
          isLower,
        );
        for (let n = 0; n < values.length; n++) {
          const [i, j] = [Math.floor((n - 11) / strideC), (n - 11) % strideC];
          const isIn = n >= 11 && j < rowsB;
          if (!isIn) expect(values[n]).toBe(before[n]);
          // Of a lower triangle more may be written.
          else if (!isLower || j <= i) {
            const product = dotRows(a, 5 + i * strideA, b, 7 + j * strideB, depth);
            expect(values[n]).toBeCloseTo(before[n] - product, 10);
          }
        }
      }
    },
  );
});

describe('a front', () => {
  /** A positive definite matrix, [size × size]. */
  function positive(size: number) {
    const root = noise(size * size, size);
    return Float64Array.from({ length: size * size }, (_, n) => {
      const [i, j] = [Math.floor(n / size), n % size];
      return dotRows(root, i * size, root, j * size, size) + (i === j ? 0.1 : 0);
    });
  }

  it.each([
    [5, 2],
    [4, 4],
    [13, 7],
    [70, 52],
    [110, 101],
  ])('of %d rows has its first %d columns factorised, and leaves the rest of what they explain', (height, width) => {
    const matrix = positive(height);
    const panel = Float64Array.from({ length: height * width }, (_, n) => {
      const [i, j] = [Math.floor(n / width), n % width];
      return j > i && i < width ? NaN : matrix[i * height + j];
    });
    const size = height - width;
    const rest = Float64Array.from(
      { length: size * size },
      (_, n) => matrix[(width + Math.floor(n / size)) * height + width + (n % size)],
    );
    expect(factoriseFront({ panel, rest }, height, width)).toBe(-1);
    const lower = (i: number, j: number) => (j > i ? 0 : panel[i * width + j]);
    let worst = 0;
    for (let i = 0; i < height; i++)
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let m = 0; m < Math.min(width, j + 1); m++) sum += lower(i, m) * lower(j, m);
        const found = j < width ? sum : sum + rest[(i - width) * size + j - width];
        const error = Math.abs(found - matrix[i * height + j]);
        worst = error <= worst ? worst : error;
      }
    expect(worst).toBeLessThan(1e-9);
  });

  it.each([0, 1, 2, 3, 5, 49])('names the column whose pivot is not positive: %d', (column) => {
    const size = 51;
    for (const bad of [-1, 0, NaN, Infinity]) {
      const panel = Float64Array.from({ length: size * size }, (_, n) => (n % (size + 1) === 0 ? 4 : 0));
      panel[column * (size + 1)] = bad;
      expect(factoriseFront({ panel, rest: new Float64Array(0) }, size, size)).toBe(column);
    }
  });
});
