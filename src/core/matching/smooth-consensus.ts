import type { Affine2 } from '../geometry/affine2.ts';
import { fillMonomials, monomialCount } from '../geometry/cubic-monomials.ts';
import { factoriseSymmetric, solveFactorised } from '../geometry/symmetric-matrix.ts';
import type { Correspondences } from './matcher.ts';
import { squaredResiduals } from './ransac.ts';

/**
 * Degrees of the smooth motion that inliers are grown with: how many inliers a degree needs before it is trusted,
 * and the residual, in thresholds, up to which matches are taken in. A real scan is stretched by several percent
 * near the start of its lines, smoothly: a cubic per pair predicts left-out blocks to 0.3 px, an affine to 0.8 px.
 */
const stages = [
  { degree: 1, inliers: 6, thresholds: 2 },
  { degree: 2, inliers: 24, thresholds: 1.5 },
  { degree: 3, inliers: 60, thresholds: 1 },
] as const;

/** Expected size of a coefficient beyond affine, px over the normalised strip; keeps sparse corners from bending. */
const bendingPx = 10;

const refits = 4;

/**
 * The matches that agree with one smooth motion through a consensus: a polynomial a(q) of degree 1, then 2, then 3 is
 * fitted to the inliers and takes in what lies within its threshold. A wrong match passes only when it lies within
 * `thresholdPx` of where its neighbours put it. Fewer inliers than a degree needs leave the lower degree's answer.
 *
 * @param start [N] inliers of a RANSAC consensus, and its model.
 * @returns [N] 1 for inliers.
 */
export function growSmoothConsensus(
  correspondences: Correspondences,
  start: { readonly aFromB: Affine2; readonly inlierMask: Uint8Array },
  thresholdPx: number,
): Uint8Array {
  let mask = start.inlierMask;
  let squares = squaredResiduals(correspondences, start.aFromB);
  const frame = normalisingFrame(correspondences);
  for (const stage of stages) {
    if (countOf(mask) < stage.inliers) break;
    const limit = (stage.thresholds * thresholdPx) ** 2;
    for (let round = 0; round < refits; round++) {
      const motion = fitPolynomial(correspondences, mask, stage.degree, frame, thresholdPx);
      if (motion === null) break;
      squares = polynomialResiduals(correspondences, motion, stage.degree, frame);
      const grown = Uint8Array.from(squares, (square) => (square < limit ? 1 : 0));
      const settled = grown.every((inlier, i) => inlier === mask[i]);
      mask = grown;
      if (settled) break;
    }
  }
  const limit = thresholdPx * thresholdPx;
  const kept = Uint8Array.from(squares, (square) => (square < limit ? 1 : 0));
  return countOf(kept) >= countOf(start.inlierMask) / 2 ? kept : start.inlierMask;
}

/** F value per coefficient from which the matches are believed to bend. */
const bendingF = 4;
/** Root mean square of bending that is worth starting from, px. */
const leastBendPx = 0.75;

/**
 * What a smooth motion through the inliers adds to an affine one, as a displacement in a at a place of b, px; null when
 * the inliers do not show by an F-test that they bend, or are too few for a quadratic.
 */
export function bendOfMatches(
  correspondences: Correspondences,
  mask: Uint8Array,
  aFromB: Affine2,
  noisePx: number,
): ((x: number, y: number) => readonly [number, number]) | null {
  const { a, b, confidence } = correspondences;
  const count = countOf(mask);
  const stage = stages.findLast(({ inliers }) => count >= inliers);
  if (stage === undefined || stage.degree < 2) return null;
  const { degree } = stage;
  // The residual against aFromB, written as matches whose displacement it is.
  const left = { a: a.slice(), b, confidence };
  let before = 0;
  for (let i = 0; i < mask.length; i++) {
    const [x, y] = [b[2 * i], b[2 * i + 1]];
    left.a[2 * i] += x - (aFromB.a * x + aFromB.c * y + aFromB.e);
    left.a[2 * i + 1] += y - (aFromB.b * x + aFromB.d * y + aFromB.f);
    if (mask[i] !== 0) before += (left.a[2 * i] - x) ** 2 + (left.a[2 * i + 1] - y) ** 2;
  }
  const frame = normalisingFrame(left);
  const motion = fitPolynomial(left, mask, degree, frame, noisePx);
  if (motion === null) return null;
  const squares = polynomialResiduals(left, motion, degree, frame);
  const after = squares.reduce((sum, square, i) => sum + (mask[i] === 0 ? 0 : square), 0);
  const free = 2 * (count - monomialCount[degree]);
  if (!((before - after) / (2 * monomialCount[degree]) > (bendingF * after) / free)) return null;
  // Matches of a network share their errors with their neighbours: a little bending is theirs, and alignment finds it.
  if (before - after < count * leastBendPx ** 2) return null;
  const powers = new Float64Array(10);
  return (x, y) => {
    fillMonomials(clampUnit((x - frame.x) / frame.halfWidth), clampUnit((y - frame.y) / frame.halfHeight), powers);
    let [dx, dy] = [0, 0];
    for (let k = 0; k < monomialCount[degree]; k++) {
      dx += motion[0][k] * powers[k];
      dy += motion[1][k] * powers[k];
    }
    return [dx, dy];
  };
}

/** A cubic is not to be trusted beyond the matches. */
function clampUnit(value: number): number {
  return Math.min(1, Math.max(-1, value));
}

function countOf(mask: Uint8Array): number {
  let count = 0;
  for (const inlier of mask) count += inlier;
  return count;
}

/** Maps b's bounding box of matches onto [−1, 1]², so that powers stay of one size. */
interface Frame {
  readonly x: number;
  readonly y: number;
  readonly halfWidth: number;
  readonly halfHeight: number;
}

function normalisingFrame({ b }: Correspondences): Frame {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < b.length; i += 2) {
    left = Math.min(left, b[i]);
    right = Math.max(right, b[i]);
    top = Math.min(top, b[i + 1]);
    bottom = Math.max(bottom, b[i + 1]);
  }
  const halfWidth = Math.max((right - left) / 2, 1);
  const halfHeight = Math.max((bottom - top) / 2, 1);
  return { x: (left + right) / 2, y: (top + bottom) / 2, halfWidth, halfHeight };
}

/** Least squares with a ridge on the terms beyond affine; [x coefficients, y coefficients], or null when singular. */
function fitPolynomial(
  { a, b }: Correspondences,
  mask: Uint8Array,
  degree: 1 | 2 | 3,
  frame: Frame,
  noisePx: number,
): readonly [Float64Array, Float64Array] | null {
  const terms = monomialCount[degree];
  const powers = new Float64Array(10);
  const normal = new Float64Array(terms * terms);
  const rightX = new Float64Array(terms);
  const rightY = new Float64Array(terms);
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    fillMonomials((b[2 * i] - frame.x) / frame.halfWidth, (b[2 * i + 1] - frame.y) / frame.halfHeight, powers);
    const dx = a[2 * i] - b[2 * i];
    const dy = a[2 * i + 1] - b[2 * i + 1];
    for (let j = 0; j < terms; j++) {
      rightX[j] += powers[j] * dx;
      rightY[j] += powers[j] * dy;
      for (let k = 0; k <= j; k++) normal[j * terms + k] += powers[j] * powers[k];
    }
  }
  const ridge = (noisePx / bendingPx) ** 2;
  for (let j = 3; j < terms; j++) normal[j * terms + j] += ridge;
  if (!factoriseSymmetric(normal, terms, 1e-9 * normal[0])) return null;
  solveFactorised(normal, terms, rightX);
  solveFactorised(normal, terms, rightY);
  return [rightX, rightY];
}

function polynomialResiduals(
  { a, b }: Correspondences,
  motion: readonly [Float64Array, Float64Array],
  degree: 1 | 2 | 3,
  frame: Frame,
): Float64Array {
  const [byX, byY] = motion;
  const terms = monomialCount[degree];
  const powers = new Float64Array(10);
  const squares = new Float64Array(a.length >> 1);
  for (let i = 0; i < squares.length; i++) {
    fillMonomials((b[2 * i] - frame.x) / frame.halfWidth, (b[2 * i + 1] - frame.y) / frame.halfHeight, powers);
    let dx = b[2 * i] - a[2 * i];
    let dy = b[2 * i + 1] - a[2 * i + 1];
    for (let k = 0; k < terms; k++) {
      dx += byX[k] * powers[k];
      dy += byY[k] * powers[k];
    }
    squares[i] = dx * dx + dy * dy;
  }
  return squares;
}
