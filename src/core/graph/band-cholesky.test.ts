import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addEntry, bandMatrix, factoriseBand, solveBand } from './band-cholesky.ts';

describe('the Cholesky factorisation of a band matrix', () => {
  it('solves what it was made from', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 0, max: 11 }),
        fc.array(
          fc.integer({ min: -1000, max: 1000 }).map((n) => n / 1000),
          { minLength: 160, maxLength: 160 },
        ),
        (size, widest, numbers) => {
          const reach = Math.min(widest, size - 1);
          const matrix = bandMatrix(size, reach);
          const dense = Array.from({ length: size }, () => new Float64Array(size));
          let k = 0;
          for (let i = 0; i < size; i++)
            for (let j = Math.max(0, i - reach); j <= i; j++) {
              const value = i === j ? 2 * reach + 2 + numbers[k++] : numbers[k++];
              addEntry(matrix, j, i, value); // either order is the same entry
              dense[i][j] = value;
              dense[j][i] = value;
            }
          const truth = Float64Array.from({ length: size }, (_, i) => numbers[159 - i]);
          const rhs = new Float64Array(size + 1);
          for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) rhs[i + 1] += dense[i][j] * truth[j];
          expect(factoriseBand(matrix)).toBe(true);
          solveBand(matrix, rhs, 1);
          for (let i = 0; i < size; i++) expect(rhs[i + 1]).toBeCloseTo(truth[i], 9);
        },
      ),
    );
  });

  it('says that an indefinite matrix or one that is not finite cannot be factored', () => {
    for (const value of [-1, 0, NaN, Infinity]) {
      const matrix = bandMatrix(3, 1);
      for (let i = 0; i < 3; i++) addEntry(matrix, i, i, i === 1 ? value : 1);
      expect(factoriseBand(matrix)).toBe(false);
    }
  });
});
