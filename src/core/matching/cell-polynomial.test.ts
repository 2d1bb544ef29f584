import { describe, expect, it } from 'vitest';
import { monomialCount } from '../geometry/cubic-monomials.ts';
import { drawnScores } from '../testing/drawn-scores.ts';
import { seededRandom } from '../random.ts';
import { fitPolynomial, isBelieved, polynomialAt, polynomialBasis, polynomialTerms } from './cell-polynomial.ts';
import { residualSquares, scoresOf } from './cell-normals.ts';

const [columns, rows, side] = [5, 7, 12];
const lattice = {
  x: 30,
  y: 8,
  columns,
  rows,
  side,
  centre: Float64Array.from({ length: 2 * columns * rows }, (_, i) => {
    const cell = i >> 1;
    return i % 2 === 0 ? 30 + side * ((cell % columns) + 0.5) : 8 + side * (Math.floor(cell / columns) + 0.5);
  }),
};
const basis = polynomialBasis(lattice);
const cells = Array.from({ length: columns * rows }, (_, k) => k);

describe('the monomials of a lattice', () => {
  it('take it as the square from −1 to 1', () => {
    expect(basis.length).toBe(10 * columns * rows);
    const row = (k: number) => [...basis.subarray(10 * k, 10 * k + 10)];
    const [u, v] = [-1 + 1 / columns, -1 + 1 / rows];
    const at = [1, u, v, u * u, u * v, v * v, u ** 3, u * u * v, u * v * v, v ** 3];
    at.forEach((value, i) => expect(row(0)[i]).toBeCloseTo(value, 12));
    // The middle cell, and the last: the first mirrored.
    expect(row(17).map((value) => Math.round(1e9 * value))).toEqual([1e9, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    at.forEach((value, i) => expect(row(34)[i]).toBeCloseTo(i === 0 || (i > 2 && i < 6) ? value : -value, 12));
  });

  it('are tried by degree: 1, 2, 3', () => {
    expect(polynomialTerms).toEqual(monomialCount.slice(1));
  });
});

/** Coefficients of a polynomial of all ten terms, those beyond `terms` 0. */
function drawnPolynomial(terms: number, seed: number) {
  const random = seededRandom(seed);
  const draw = () => Float64Array.from({ length: 10 }, (_, i) => (i < terms ? 2 * random() - 1 : 0));
  return { terms: 10, x: draw(), y: draw() };
}

describe('the polynomial of cells', () => {
  it.each(polynomialTerms)('of %d terms is the one that they all ask for', (terms) => {
    const truth = drawnPolynomial(terms, terms);
    const scores = drawnScores(
      cells.map((k) => ({ displacement: polynomialAt(truth, basis, k), ...(k === 9 ? { weight: 0 } : {}) })),
    );
    const fit = fitPolynomial(scores, basis, terms);
    if (fit === null) throw new Error('none');
    expect([fit.terms, fit.x.length, fit.y.length]).toEqual([terms, terms, terms]);
    // But for the little that holds empty corners.
    for (let i = 0; i < terms; i++) {
      expect(fit.x[i]).toBeCloseTo(truth.x[i], 2);
      expect(fit.y[i]).toBeCloseTo(truth.y[i], 2);
    }
    const moved = cells.filter((k) => k !== 9).map((k) => Math.hypot(...polynomialAt(fit, basis, k)));
    expect(fit.largestPx).toBe(Math.max(...moved));
    expect(fit.fValue).toBeGreaterThan(1e5);
    expect(isBelieved(fit)).toBe(true);
  });

  it('compares what it explains with what it leaves, a coefficient with a degree of freedom', () => {
    const random = seededRandom(2);
    const truth = drawnPolynomial(3, 1);
    const scores = drawnScores(
      cells.map((k) => {
        const [dx, dy] = polynomialAt(truth, basis, k);
        return { displacement: [0.2 * dx + random() - 0.5, 0.2 * dy + random() - 0.5] };
      }),
    );
    for (const terms of polynomialTerms) {
      const fit = fitPolynomial(scores, basis, terms);
      if (fit === null) throw new Error('none');
      // Of the cost Σ w (d − u)ᵀ H (d − u) of the displacement 0 and of the fit.
      let [before, after] = [0, 0];
      for (const k of cells) {
        const [ux, uy, xx, xy, yy] = scoresOf(scores.cells, k);
        const det = xx * yy - xy * xy;
        const [wantX, wantY] = [(yy * ux - xy * uy) / det, (xx * uy - xy * ux) / det];
        const [dx, dy] = polynomialAt(fit, basis, k);
        const cost = (p: number, q: number) => scores.weights[k] * (xx * p * p + 2 * xy * p * q + yy * q * q);
        before += cost(wantX, wantY);
        after += cost(dx - wantX, dy - wantY);
      }
      expect(before).toBeCloseTo(residualSquares(scores).squares, 6);
      const [n, known] = [2 * terms, 2 * cells.length];
      expect(fit.fValue).toBeCloseTo((before - after) / n / (after / (known - n)), 2);
      // A step of the scores: nothing is left of their slope along any coefficient.
      for (let i = 0; i < terms; i++) {
        let [slopeX, slopeY, sizeX] = [0, 0, 0];
        for (const k of cells) {
          const [ux, uy, xx, xy, yy] = scoresOf(scores.cells, k);
          const [dx, dy] = polynomialAt(fit, basis, k);
          const p = scores.weights[k] * basis[10 * k + i];
          slopeX += p * (ux - xx * dx - xy * dy);
          slopeY += p * (uy - xy * dx - yy * dy);
          sizeX += Math.abs(p * ux);
        }
        expect(Math.abs(slopeX)).toBeLessThan(1e-3 * sizeX);
        expect(Math.abs(slopeY)).toBeLessThan(1e-3 * sizeX);
      }
    }
  });

  it('is none of fewer cells than twice its coefficients, nor of flat ones', () => {
    const some = (known: number) =>
      drawnScores(cells.map((k) => ({ displacement: [1, 2], ...(k < known ? {} : { weight: 0 }) })));
    expect(fitPolynomial(some(5), basis, 3)).toBeNull();
    expect(fitPolynomial(some(6), basis, 3)).not.toBeNull();
    const flat = drawnScores(cells.map(() => ({ displacement: [1, 2], curvature: [0, 0, 0] as const })));
    expect(fitPolynomial(flat, basis, 3)).toBeNull();
  });

  it('stays finite where cells in one corner alone tell', () => {
    const inColumn = drawnScores(
      cells.map((k) => ({ displacement: [0.5, -0.25], ...(k % columns === 0 ? {} : { weight: 0 }) })),
    );
    const fit = fitPolynomial(inColumn, basis, 3);
    if (fit === null) throw new Error('none');
    expect(fit.largestPx).toBeCloseTo(Math.hypot(0.5, 0.25), 2);
    // Along the column it is what the cells say; across, where nothing is known, it hardly grows.
    for (const k of cells) expect(Math.hypot(...polynomialAt(fit, basis, k))).toBeLessThan(0.7);
  });

  it('is believed from an F value that falls with its coefficients', () => {
    const none = { x: new Float64Array(0), y: new Float64Array(0), largestPx: 0 };
    for (const [terms, limit] of [
      [3, 1 + 9 / Math.sqrt(6)],
      [6, 1 + 9 / Math.sqrt(12)],
      [10, 1 + 9 / Math.sqrt(20)],
    ]) {
      expect(isBelieved({ ...none, terms, fValue: limit + 1e-9 })).toBe(true);
      expect(isBelieved({ ...none, terms, fValue: limit })).toBe(false);
    }
    expect(isBelieved({ ...none, terms: 3, fValue: NaN })).toBe(false);
  });
});
