import { minimalSample } from './ransac.ts';
import type { TransformModel } from './link.ts';
import type { Correspondences } from './matcher.ts';

/** log₁₀ of the expected number of equally good agreements among chance matches of one pair that is still accepted. */
export const largestLogFalseAlarms = -4;

function logFactorial(n: number): number {
  if (n < 2) return 0;
  // Stirling's series; the error is below 1e-6 from n = 2 on
  return n * Math.log(n) - n + Math.log(2 * Math.PI * n) / 2 + 1 / (12 * n) - 1 / (360 * n ** 3) + 1 / (1260 * n ** 5);
}

function logBinomial(n: number, k: number): number {
  return k < 0 || k > n ? -Infinity : logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

export interface Agreement {
  readonly model: TransformModel;
  /** Independent matches, and how many of them agree. */
  readonly matches: number;
  readonly inliers: number;
  /** Probability that a chance match lies within the threshold of where a model puts it. */
  readonly chance: number;
}

/**
 * log₁₀ of the number of false alarms: how many models one would expect with as many inliers if every match were
 * placed by chance,
 *
 *   NFA = (n − s) · C(n, k) · C(k, s) · αᵏ⁻ˢ,   s = size of the minimal sample.
 *
 * @see Moisan, Stival 2004, "A probabilistic criterion to detect rigid point matches between two images", eq. 7
 */
export function logFalseAlarms({ model, matches, inliers, chance }: Agreement): number {
  const size = minimalSample[model];
  if (inliers <= size || matches < inliers) return Infinity;
  const log =
    Math.log(Math.max(1, matches - size)) +
    logBinomial(matches, inliers) +
    logBinomial(inliers, size) +
    (inliers - size) * Math.log(Math.min(1, chance));
  return log / Math.LN10;
}

/** log₁₀ of the probability that `inliers` or more of `matches` chance matches agree with a motion given beforehand. */
export function logSupport(matches: number, inliers: number, chance: number): number {
  if (inliers <= 0) return 0;
  const [hit, miss] = [Math.log(Math.min(1, chance)), Math.log1p(-Math.min(1 - 1e-12, chance))];
  let tail = -Infinity;
  for (let k = inliers; k <= matches; k++) {
    const log = logBinomial(matches, k) + k * hit + (matches - k) * miss;
    tail = Math.max(tail, log) + Math.log1p(Math.exp(-Math.abs(tail - log)));
  }
  return Math.min(0, tail / Math.LN10);
}

/** log₁₀ of the probability that a normal deviate exceeds z standard deviations, right to 0.03; 0 for z ≤ 0. */
export function logNormalTail(z: number): number {
  if (!(z > 0)) return 0;
  const slope = z + Math.sqrt(z * z + 2.546479);
  return Math.log10(Math.sqrt(2 / Math.PI) / slope) - (z * z) / (2 * Math.LN10);
}

/** Fewest inliers that chance does not explain; null when no number of these matches would be enough. */
export function inliersNeeded(agreement: Omit<Agreement, 'inliers'>, atLeast: number): number | null {
  for (let inliers = Math.max(1, atLeast); inliers <= agreement.matches; inliers++)
    if (logFalseAlarms({ ...agreement, inliers }) <= largestLogFalseAlarms) return inliers;
  return null;
}

/**
 * Number of independent matches: matches whose ends share a cell of `cellPx` are one observation (a keypoint with two
 * orientations or scales, neighbouring cells of a network that follow one another). Counted in a and in b, the fewer.
 */
export function independentMatches({ a, b }: Correspondences, mask: Uint8Array | null, cellPx: number): number {
  const inA = new Set<number>();
  const inB = new Set<number>();
  for (let i = 0; i < a.length >> 1; i++) {
    if (mask !== null && mask[i] === 0) continue;
    inA.add(cellOf(a[2 * i], a[2 * i + 1], cellPx));
    inB.add(cellOf(b[2 * i], b[2 * i + 1], cellPx));
  }
  return Math.min(inA.size, inB.size);
}

function cellOf(x: number, y: number, cellPx: number): number {
  return Math.floor(x / cellPx) * 0x200000 + Math.floor(y / cellPx);
}
