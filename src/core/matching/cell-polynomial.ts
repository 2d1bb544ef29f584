import { fillMonomials } from '../geometry/cubic-monomials.ts';
import { invertSymmetric } from '../geometry/symmetric-matrix.ts';
import { residualSquare, scoresOf } from './cell-normals.ts';
import type { WeightedScores } from './cell-normals.ts';
import type { OverlapCells } from './overlap-cells.ts';

/** Terms of the motions that are tried on top of the given one: affine, then x², xy, y², then the cubes. */
export const polynomialTerms = [3, 6, 10] as const;
const mostTerms = polynomialTerms[2];
/** F value from which k more coefficients an axis are believed, 1 + fMargin/√(2k): one in a thousand by chance. */
const fMargin = 9;
/** Of the mean curvature, added to every coefficient's: keeps empty corners from bending. */
const stiffness = 1e-5;

/** A polynomial displacement of a lattice's cells, px of the level: coefficients along x and along y. */
export interface CellPolynomial {
  readonly terms: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** A polynomial displacement that the cells' scores ask for. */
export interface PolynomialFit extends CellPolynomial {
  /** What a coefficient explains of the scores' squares against what is left a degree of freedom. */
  readonly fValue: number;
  /** Largest displacement of a cell, px of the level. */
  readonly largestPx: number;
}

/** [cells · 10] monomials at the cells' centres, the lattice mapped onto [−1, 1]². */
export function polynomialBasis({
  x,
  y,
  columns,
  rows,
  side,
  centre,
}: Pick<OverlapCells, 'x' | 'y' | 'columns' | 'rows' | 'side' | 'centre'>): Float64Array {
  const halfWidth = (columns * side) / 2;
  const halfHeight = (rows * side) / 2;
  const cells = centre.length / 2;
  const basis = new Float64Array(mostTerms * cells);
  for (let k = 0; k < cells; k++)
    fillMonomials(
      (centre[2 * k] - (x + halfWidth)) / halfWidth,
      (centre[2 * k + 1] - (y + halfHeight)) / halfHeight,
      basis.subarray(k * mostTerms, (k + 1) * mostTerms),
    );
  return basis;
}

/** The displacement of a cell, px of the level. */
export function polynomialAt(
  { terms, x, y }: CellPolynomial,
  basis: Float64Array,
  cell: number,
): readonly [number, number] {
  const at = cell * mostTerms;
  let [dx, dy] = [0, 0];
  for (let i = 0; i < terms; i++) {
    dx += x[i] * basis[at + i];
    dy += y[i] * basis[at + i];
  }
  return [dx, dy];
}

/** Whether the images bear the coefficients of a fit out. */
export function isBelieved({ fValue, terms }: PolynomialFit): boolean {
  return fValue > 1 + fMargin / Math.sqrt(2 * terms);
}

/** The polynomial displacement that the cells' scores ask for, one Gauss–Newton step; null where too few cells tell. */
export function fitPolynomial(scores: WeightedScores, basis: Float64Array, terms: number): PolynomialFit | null {
  const n = 2 * terms;
  const matrix = new Float64Array(n * n);
  const right = new Float64Array(n);
  let [squares, known] = [0, 0];
  for (let k = 0; k < scores.weights.length; k++) {
    const square = residualSquare(scores, k);
    if (square !== square) continue;
    squares += square;
    known += 2;
    const [ux, uy, xx, xy, yy] = scoresOf(scores.cells, k);
    const monomials = basis.subarray(k * mostTerms, (k + 1) * mostTerms);
    for (let i = 0; i < terms; i++) {
      const p = scores.weights[k] * monomials[i];
      right[i] += p * ux;
      right[terms + i] += p * uy;
      // The inverse reads the lower triangle alone.
      for (let j = 0; j < terms; j++) {
        const q = p * monomials[j];
        matrix[i * n + j] += q * xx;
        matrix[(terms + i) * n + j] += q * xy;
        matrix[(terms + i) * n + terms + j] += q * yy;
      }
    }
  }
  if (known < 2 * n) return null;
  let trace = 0;
  for (let i = 0; i < n; i++) trace += matrix[i * n + i] / n;
  for (let i = 0; i < n; i++) matrix[i * n + i] += stiffness * trace;
  const inverse = invertSymmetric(matrix, n);
  if (inverse === null) return null;
  const solution = new Float64Array(n);
  let explained = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) solution[i] += inverse[i * n + j] * right[j];
    explained += solution[i] * right[i];
  }
  const fit = { terms, x: solution.subarray(0, terms), y: solution.subarray(terms) };
  const moved = Array.from(scores.weights, (w, k) => (w > 0 ? Math.hypot(...polynomialAt(fit, basis, k)) : 0));
  const left = Math.max(1e-12 * squares, squares - explained) / (known - n);
  return { ...fit, fValue: explained / n / left, largestPx: Math.max(...moved) };
}
