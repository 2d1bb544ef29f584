import { describe, expect, it } from 'vitest';
import { drawnScores } from '../testing/drawn-scores.ts';
import { seededRandom } from '../random.ts';
import {
  covarianceInFullPixels,
  covarianceOf,
  meanPlaceOf,
  normalEquations,
  residualSquare,
  residualSquares,
  scoresOf,
  signalShare,
} from './cell-normals.ts';
import { fillBasis, parameterCount } from './motion-model.ts';

const models = ['translation', 'rigid', 'similarity', 'affine'] as const;
const random = seededRandom(5);
const count = 14;
const centre = Float64Array.from({ length: 2 * count }, () => 100 * random());
const middle = [47, 52] as const;
const drawn = Array.from({ length: count }, (_, k) => ({
  displacement: [2 * random() - 1, 2 * random() - 1] as const,
  ...(k === 3 ? { weight: 0 } : {}),
}));
const scores = drawnScores(drawn);

/** Derivatives of the displacement of a cell by the parameters: along x, along y. */
function basisOf(model: (typeof models)[number], cell: number): readonly [Float64Array, Float64Array] {
  const rows = [new Float64Array(parameterCount[model]), new Float64Array(parameterCount[model])] as const;
  fillBasis(model, centre[2 * cell] - middle[0], centre[2 * cell + 1] - middle[1], ...rows);
  return rows;
}

describe('the normal equations of cells', () => {
  it.each(models)('are the second derivatives and the slope of their written cost: %s', (model) => {
    const k = parameterCount[model];
    const { matrix, right } = normalEquations({ centre }, scores, model, middle);
    for (let i = 0; i < k; i++) {
      let slope = 0;
      const row = new Float64Array(k);
      for (let cell = 0; cell < count; cell++) {
        const [x, y] = basisOf(model, cell);
        const [ux, uy, xx, xy, yy] = scoresOf(scores.cells, cell);
        const w = scores.weights[cell];
        slope += w * (x[i] * ux + y[i] * uy);
        for (let j = 0; j < k; j++)
          row[j] += w * (x[i] * xx * x[j] + x[i] * xy * y[j] + y[i] * xy * x[j] + y[i] * yy * y[j]);
      }
      expect(right[i]).toBeCloseTo(slope, 6);
      for (let j = 0; j < k; j++) expect(matrix[i * k + j]).toBeCloseTo(j <= i ? row[j] : 0, 6);
    }
  });

  it('give the covariance of least squares, the variance from what the cells leave', () => {
    for (const model of models) {
      const k = parameterCount[model];
      const share = 0.8;
      const covariance = covarianceOf({ centre }, scores, model, middle, share);
      const { matrix } = normalEquations({ centre }, scores, model, middle);
      const { squares, known } = residualSquares(scores);
      expect(known).toBe(2 * (count - 1));
      // B · covariance = s² / share².
      for (let i = 0; i < k; i++)
        for (let j = 0; j < k; j++) {
          let product = 0;
          for (let l = 0; l < k; l++)
            product += matrix[Math.max(i, l) * k + Math.min(i, l)] * (covariance ?? [])[l * k + j];
          expect(product).toBeCloseTo(i === j ? squares / (known - k) / share ** 2 : 0, 6);
        }
    }
  });

  it('have no covariance where a parameter is free, and divide by one at least', () => {
    const alone = drawnScores([{ displacement: [0.5, 0.2], weight: 1 }]);
    expect(covarianceOf({ centre: Float64Array.of(3, 4) }, alone, 'affine', middle, 1)).toBeNull();
    const covariance = covarianceOf({ centre: Float64Array.of(3, 4) }, alone, 'translation', middle, 1);
    const [, , xx, xy, yy] = alone.cells;
    const { squares } = residualSquares(alone);
    expect(covariance?.[0]).toBeCloseTo((squares * yy) / (xx * yy - xy * xy), 9);
  });
});

describe('the residual of a cell', () => {
  it('is what its best displacement explains, weighted', () => {
    drawn.forEach(({ displacement: [dx, dy] }, cell) => {
      const [ux, uy] = scoresOf(scores.cells, cell);
      const found = residualSquare(scores, cell);
      if (cell === 3) expect(found).toBeNaN();
      else expect(found).toBeCloseTo(scores.weights[cell] * (ux * dx + uy * dy), 9);
    });
    const known = drawn.map((_, cell) => residualSquare(scores, cell)).filter((value) => !Number.isNaN(value));
    expect(residualSquares(scores).squares).toBeCloseTo(
      known.reduce((sum, value) => sum + value, 0),
      9,
    );
  });

  it('is none where the curvature fixes one direction alone', () => {
    const displacement = [1, 1] as const;
    const cells = drawnScores(
      (
        [
          [1, 0, 2e-9],
          [1, 0, 0.5e-9],
          [0, 0, 0],
          [1, 1, 1],
          // Of the square of the trace, here 4.
          [1, Math.sqrt(1 - 5e-9), 1],
          [1, Math.sqrt(1 - 3e-9), 1],
        ] as const
      ).map((curvature) => ({ displacement, curvature, weight: 1 })),
    );
    const found = Array.from(cells.weights, (_, cell) => !Number.isNaN(residualSquare(cells, cell)));
    expect(found).toEqual([true, false, false, false, true, false]);
    expect(residualSquares(cells).known).toBe(4);
    expect(residualSquares({ cells: new Float64Array(0), weights: new Float64Array(0) })).toEqual({
      squares: 0,
      known: 0,
    });
  });
});

describe('the share of the signal', () => {
  /** The same cells where the score has fallen along x and along y by shares of what the curvature says. */
  const after = (shareX: number, shareY: number) => {
    const [right, down] = [scores.cells.slice(), scores.cells.slice()];
    for (let cell = 0; cell < count; cell++) {
      right[5 * cell] -= 0.5 * shareX * scores.cells[5 * cell + 2];
      down[5 * cell + 1] -= 0.5 * shareY * scores.cells[5 * cell + 4];
    }
    return signalShare(scores, { ...scores, cells: right }, { ...scores, cells: down }, 0.5);
  };

  it('is the slope of the score along both axes in terms of the curvature', () => {
    expect(after(0.7, 0.7)).toBeCloseTo(0.7, 12);
    expect(after(1, 1)).toBeCloseTo(1, 12);
    const sums = [2, 4].map((at) => drawn.reduce((sum, _, cell) => sum + scores.cells[5 * cell + at], 0));
    expect(after(0.4, 0.9)).toBeCloseTo((0.4 * sums[0] + 0.9 * sums[1]) / (sums[0] + sums[1]), 12);
  });

  it('is a fifth at least and 1.2 at most', () => {
    expect(after(0.1, 0.1)).toBe(0.2);
    expect(after(-3, -3)).toBe(0.2);
    expect(after(1.3, 1.3)).toBe(1.2);
    expect(after(1.15, 1.15)).toBeCloseTo(1.15, 12);
  });
});

describe('a covariance of a level', () => {
  it.each([2, 3, 4, 6])('of %d parameters has its shifts in full-resolution px', (k) => {
    const covariance = Float64Array.from({ length: k * k }, (_, i) => 1 + i);
    const full = covarianceInFullPixels(covariance, 0.25);
    covariance.forEach((value, at) => {
      const [i, j] = [Math.floor(at / k), at % k];
      expect(full[at]).toBe(value * (i < 2 ? 4 : 1) * (j < 2 ? 4 : 1));
    });
  });
});

describe('the mean place of cells', () => {
  it('is that of their pixels', () => {
    const place = meanPlaceOf({ count: Int32Array.of(1, 0, 3), centre: Float64Array.of(4, 8, 0, 0, 12, 4) });
    expect(place).toEqual([10, 5]);
  });
});
