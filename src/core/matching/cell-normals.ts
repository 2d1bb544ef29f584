import { invertSymmetric } from '../geometry/symmetric-matrix.ts';
import { scoreStride } from './cell-scores.ts';
import type { CellScores } from './cell-scores.ts';
import type { TransformModel } from './link.ts';
import { fillBasis, parameterCount } from './motion-model.ts';
import type { OverlapCells } from './overlap-cells.ts';

/** The scores and weights of cells, as `scoreCells` makes them. */
export type WeightedScores = Pick<CellScores, 'cells' | 'weights'>;

/** B·d = r of a Gauss–Newton step d in the parameters of a model. */
export interface NormalEquations {
  /** [k × k] of which the lower triangle is filled. */
  readonly matrix: Float64Array;
  readonly right: Float64Array;
}

/** Below this share of the square of its trace the determinant of a cell's curvature fixes one direction alone. */
const leastDeterminantShare = 1e-9;
/** What the measured slope of the score may be of the Gauss–Newton matrix. */
const shareLimits = [0.2, 1.2] as const;

/** Σ w JᵀHJ and Σ w Jᵀu over the cells; J the model's derivatives at the cell's centre, counted from `centre`. */
export function normalEquations(
  { centre: places }: Pick<OverlapCells, 'centre'>,
  { cells, weights }: WeightedScores,
  model: TransformModel,
  centre: readonly [number, number],
): NormalEquations {
  const k = parameterCount[model];
  const matrix = new Float64Array(k * k);
  const right = new Float64Array(k);
  const [rowX, rowY] = [new Float64Array(k), new Float64Array(k)];
  weights.forEach((w, cell) => {
    fillBasis(model, places[2 * cell] - centre[0], places[2 * cell + 1] - centre[1], rowX, rowY);
    const [ux, uy, xx, xy, yy] = scoresOf(cells, cell).map((score) => w * score);
    for (let i = 0; i < k; i++) {
      right[i] += rowX[i] * ux + rowY[i] * uy;
      const hx = rowX[i] * xx + rowY[i] * xy;
      const hy = rowX[i] * xy + rowY[i] * yy;
      for (let j = 0; j <= i; j++) matrix[i * k + j] += hx * rowX[j] + hy * rowY[j];
    }
  });
  return { matrix, right };
}

/** ux, uy, Hxx, Hxy, Hyy of a cell, a view. */
export function scoresOf(cells: Float64Array, cell: number): Float64Array {
  return cells.subarray(cell * scoreStride, (cell + 1) * scoreStride);
}

/** w uᵀH⁻¹u of a cell, px² of grey levels; NaN of a cell without weight, and where H fixes one direction alone. */
export function residualSquare({ cells, weights }: WeightedScores, cell: number): number {
  const w = weights[cell];
  const [ux, uy, xx, xy, yy] = scoresOf(cells, cell);
  const det = xx * yy - xy * xy;
  if (!(w > 0 && det > leastDeterminantShare * (xx + yy) ** 2)) return NaN;
  return (w * (yy * ux * ux - 2 * xy * ux * uy + xx * uy * uy)) / det;
}

/** Σ w uᵀH⁻¹u over the cells that determine both directions, and the number of such directions. */
export function residualSquares(scores: WeightedScores): { readonly squares: number; readonly known: number } {
  const known = Array.from(scores.weights, (_, cell) => residualSquare(scores, cell)).filter(
    (value) => value === value,
  );
  return { squares: known.reduce((sum, value) => sum + value, 0), known: 2 * known.length };
}

/**
 * What part of the template's curvature is structure that both images have: the measured slope of the score against
 * the Gauss–Newton matrix. Noise has gradients too, which make steps too short and the covariance too small.
 *
 * @param right the scores after a shift by `shiftPx` along x, `down` after one along y, px of the level.
 */
export function signalShare(
  here: WeightedScores,
  right: WeightedScores,
  down: WeightedScores,
  shiftPx: number,
): number {
  let [slope, curvature] = [0, 0];
  for (let o = 0; o < here.cells.length; o += scoreStride) {
    slope += here.cells[o] - right.cells[o] + here.cells[o + 1] - down.cells[o + 1];
    curvature += shiftPx * (here.cells[o + 2] + here.cells[o + 4]);
  }
  return Math.min(shareLimits[1], Math.max(shareLimits[0], slope / curvature));
}

/** B⁻¹ Σ w² Jᵀ(s²H)J B⁻¹ with s² from the cells' scores at the solution; B the slope of the score, `share` of the matrix. */
export function covarianceOf(
  cells: Pick<OverlapCells, 'centre'>,
  scores: WeightedScores,
  model: TransformModel,
  centre: readonly [number, number],
  share: number,
): Float64Array | null {
  const k = parameterCount[model];
  const { squares, known } = residualSquares(scores);
  const variance = squares / Math.max(1, known - k);
  const inverse = invertSymmetric(normalEquations(cells, scores, model, centre).matrix, k);
  return inverse && inverse.map((value) => (value * variance) / share ** 2);
}

/** A covariance of a level in full-resolution px: shifts of a level are 1/scale of it; angles and stretches are the same. */
export function covarianceInFullPixels(covariance: Float64Array, scale: number): Float64Array {
  const k = Math.round(Math.sqrt(covariance.length));
  return covariance.map((value, i) => value / (Math.floor(i / k) < 2 ? scale : 1) / (i % k < 2 ? scale : 1));
}

/** Mean place of the pixels that both show. */
export function meanPlaceOf({ count, centre }: Pick<OverlapCells, 'count' | 'centre'>): readonly [number, number] {
  let [x, y, n] = [0, 0, 0];
  for (let cell = 0; cell < count.length; cell++) {
    x += count[cell] * centre[2 * cell];
    y += count[cell] * centre[2 * cell + 1];
    n += count[cell];
  }
  return [x / n, y / n];
}
