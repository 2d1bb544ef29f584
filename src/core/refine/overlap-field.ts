import { addEntry, bandMatrix, factoriseBand, solveBand } from '../graph/band-cholesky.ts';
import { gemanMcClureWeight, medianOf } from '../graph/robust-loss.ts';
import { fillMonomials, monomialCount } from '../geometry/cubic-monomials.ts';
import type { Rect } from '../geometry/rect.ts';

/**
 * A smooth displacement over an overlap: a polynomial of total degree ≤ 3 in coordinates that run from −1 to 1 over
 * `domain` along x and y.
 */
export interface OverlapField {
  readonly domain: Rect;
  readonly degree: number;
  /** Coefficients of 1, x, y, x², xy, y², x³, x²y, xy², y³ along x, then along y. */
  readonly coefficients: Float64Array;
}

/** Points needed for each degree: three times its coefficients, so that no point fits itself. */
const leastPoints = [1, 9, 18, 40] as const;
/** A little of each coefficient but the first is held to zero, in points of weight 1. */
const ridge = 0.05;
const reweightings = 10;
/** The scale of the loss follows this many median misfits down to `leastScalePx`. */
const mediansOfScale = 2;
const leastScalePx = 0.4;

/** The field of zero displacement. */
export function noField(domain: Rect): OverlapField {
  return { domain, degree: 0, coefficients: new Float64Array(20) };
}

/**
 * The field that most of the displacements agree on, by iteratively re-weighted least squares with a Geman–McClure
 * loss; of a lower degree when there are few.
 * @param points [2N] x, y. @param displacements [2N] parallel.
 */
export function fitOverlapField(points: Float64Array, displacements: Float64Array, domain: Rect): OverlapField {
  const count = points.length / 2;
  if (count === 0) return noField(domain);
  let degree = 0;
  while (degree < 3 && count >= leastPoints[degree + 1]) degree++;
  const start = new Float64Array(20);
  start[0] = medianOf(displacements.filter((_, k) => k % 2 === 0));
  start[10] = medianOf(displacements.filter((_, k) => k % 2 === 1));
  let field: OverlapField = { domain, degree, coefficients: start };
  const misfits = new Float64Array(count);
  const at = new Float64Array(6);
  for (let round = 0; round < reweightings; round++) {
    for (let k = 0; k < count; k++) {
      evaluateField(field, points[2 * k], points[2 * k + 1], at);
      misfits[k] = Math.hypot(displacements[2 * k] - at[0], displacements[2 * k + 1] - at[1]);
    }
    const scale = Math.max(leastScalePx, mediansOfScale * medianOf(misfits));
    const weights = misfits.map((misfit) => gemanMcClureWeight(misfit, scale));
    field = { domain, degree, coefficients: leastSquares(points, displacements, weights, domain, degree) };
  }
  return field;
}

function leastSquares(
  points: Float64Array,
  displacements: Float64Array,
  weights: Float64Array,
  domain: Rect,
  degree: number,
): Float64Array {
  const terms = monomialCount[degree];
  const matrix = bandMatrix(terms, terms - 1);
  const sides = [new Float64Array(terms), new Float64Array(terms)];
  const basis = new Float64Array(10);
  for (let k = 0; k < weights.length; k++) {
    fillBasis(domain, points[2 * k], points[2 * k + 1], basis);
    for (let i = 0; i < terms; i++) {
      const weighted = weights[k] * basis[i];
      for (let j = 0; j <= i; j++) addEntry(matrix, i, j, weighted * basis[j]);
      sides[0][i] += weighted * displacements[2 * k];
      sides[1][i] += weighted * displacements[2 * k + 1];
    }
  }
  addEntry(matrix, 0, 0, 1e-9);
  for (let i = 1; i < terms; i++) addEntry(matrix, i, i, ridge);
  const coefficients = new Float64Array(20);
  if (!factoriseBand(matrix)) return coefficients;
  sides.forEach((side, axis) => {
    solveBand(matrix, side);
    coefficients.set(side, 10 * axis);
  });
  return coefficients;
}

function fillBasis({ x: left, y: top, width, height }: Rect, x: number, y: number, basis: Float64Array): void {
  const u = (2 * (x - left)) / Math.max(1, width - 1) - 1;
  const v = (2 * (y - top)) / Math.max(1, height - 1) - 1;
  fillMonomials(u, v, basis);
}

/** Writes the displacement at (x, y) and its derivatives: [dx, dy, ∂dx/∂x, ∂dy/∂x, ∂dx/∂y, ∂dy/∂y]. */
export function evaluateField(
  { domain, coefficients: c }: OverlapField,
  x: number,
  y: number,
  out: Float64Array,
): void {
  const scaleX = 2 / Math.max(1, domain.width - 1);
  const scaleY = 2 / Math.max(1, domain.height - 1);
  const u = scaleX * (x - domain.x) - 1;
  const v = scaleY * (y - domain.y) - 1;
  for (let axis = 0; axis < 2; axis++) {
    const o = 10 * axis;
    out[axis] =
      c[o] +
      u * (c[o + 1] + u * (c[o + 3] + u * c[o + 6] + v * c[o + 7]) + v * (c[o + 4] + v * c[o + 8])) +
      v * (c[o + 2] + v * (c[o + 5] + v * c[o + 9]));
    out[2 + axis] =
      scaleX * (c[o + 1] + u * (2 * c[o + 3] + 3 * u * c[o + 6] + 2 * v * c[o + 7]) + v * (c[o + 4] + v * c[o + 8]));
    out[4 + axis] =
      scaleY * (c[o + 2] + v * (2 * c[o + 5] + 3 * v * c[o + 9] + 2 * u * c[o + 8]) + u * (c[o + 4] + u * c[o + 7]));
  }
}
