import { StitchError } from '../errors.ts';
import { gemanMcClureWeight, medianOf } from '../graph/robust-loss.ts';
import { analysePattern } from '../graph/cholesky-pattern.ts';
import { factoriseSome, solveFactored, startFactorisation } from '../graph/sparse-cholesky.ts';
import type { CholeskyPattern } from '../graph/cholesky-pattern.ts';
import { invertSymmetric } from '../geometry/symmetric-matrix.ts';
import type { ShadingBasis } from './shading-basis.ts';
import type { OverlapEvidence } from './shading-evidence.ts';

/** Everything that a shading is fitted to. */
export interface ShadingProblem {
  readonly basis: ShadingBasis;
  /** Surface coefficients of every tile, null where it has none. */
  readonly surfaces: readonly (Float64Array | null)[];
  readonly overlaps: readonly OverlapEvidence[];
  /** Centres of the tiles in the mosaic: they order the elimination. */
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** A fitted surface and how far it can be trusted. */
export interface ShadingFit {
  /** Coefficients of the logarithm of the shading, those that chance could have made reduced to nothing. */
  readonly coefficients: Float64Array;
  /** One sigma of each, by the jackknife over groups of tiles. */
  readonly sigmas: Float64Array;
}

const reweightings = 6;
/** One sigma of a tile's log gain at first; then what the tiles show. */
const firstLogGain = 0.3;
const leastLogGain = 0.01;
/** Neighbouring cells of an overlap share their error: so many count as one. */
const samplesPerIndependent = 16;
/** Residuals beyond this many medians (overlaps) or sigmas (surfaces) lose their say. */
const scaleOfLoss = 3;
/** Tiles never differ in their content by less than this (a log): keeps a grid of flat tiles from dividing by nothing. */
const leastContent = 1e-3;
/** Rms residual of an overlap that nothing improves on. */
const leastResidual = 2e-3;
/** Groups of the jackknife at most. */
const mostGroups = 12;
/**
 * A coefficient below `nothing` sigmas is dropped, above `sure` it is kept, and in between it fades. A sigma from few tiles
 * is itself uncertain: both limits grow by 1 + `caution` / tiles.
 */
const significance = { nothing: 2.5, sure: 4, caution: 8 } as const;

/**
 * Fits the logarithm of the shading, c·φ, so that overlapping samples agree and tiles have no common surface left:
 *
 *   Σ_l w_l Σ_s (y_s − (λ_a − λ_b) − (φ_a − φ_b)·c)² / (16 σ_o²) + Σ_i λ_i² / σ_λ² + Σ_i Σ_k w_ik (c_k − ĉ_ik)² / τ_k²
 *
 * λ being the log gains of the tiles and ĉ_i the surface that each tile shows by itself (shading and content, whose spread
 * over the tiles is τ). Overlaps see all of the shading but its linear part, which they cannot tell from gains that rise
 * from tile to tile: that comes from gains being small and from the mean over the tiles. λ is eliminated by the sparse
 * factorisation of the tiles' graph, w are Geman–McClure weights.
 *
 * A coefficient is believed where it stands out of its own error: that of the equations, or that which the jackknife over
 * groups of tiles measures, whichever is larger.
 * Null with fewer tiles than groups can be made of.
 *
 * @see Efron 1982, "The Jackknife, the Bootstrap and Other Resampling Plans"
 */
export function fitShading(problem: ShadingProblem): ShadingFit | null {
  const n = problem.surfaces.length;
  const groups = Math.min(mostGroups, n);
  const pattern = analysePattern(
    Int32Array.from(problem.overlaps, ({ from }) => from),
    Int32Array.from(problem.overlaps, ({ to }) => to),
    problem.x,
    problem.y,
  );
  const whole = solveShading(problem, pattern, new Uint8Array(n).fill(1));
  if (whole === null || groups < 2) return null;
  const k = problem.basis.count;
  const sums = new Float64Array(k);
  const squares = new Float64Array(k);
  for (let group = 0; group < groups; group++) {
    const without = solveShading(
      problem,
      pattern,
      Uint8Array.from({ length: n }, (_, i) => (i % groups === group ? 0 : 1)),
    );
    if (without === null) return null;
    for (let p = 0; p < k; p++) {
      sums[p] += without.shading[p];
      squares[p] += without.shading[p] ** 2;
    }
  }
  const sigmas = Float64Array.from(squares, (square, p) =>
    Math.max(whole.sigmas[p], Math.sqrt(Math.max(0, square - sums[p] ** 2 / groups) * ((groups - 1) / groups))),
  );
  const { nothing, sure, caution } = significance;
  const care = 1 + caution / n;
  const coefficients = whole.shading.map((value, p) => {
    const score = sigmas[p] > 0 ? Math.abs(value) / sigmas[p] : Infinity;
    return value * Math.min(1, Math.max(0, (score / care - nothing) / (sure - nothing)));
  });
  return { coefficients, sigmas };
}

/** Coefficients, and one sigma of each as far as the equations know. */
interface Surface {
  readonly shading: Float64Array;
  readonly sigmas: Float64Array;
}

/** The surface of the tiles that are `included`; null when they do not determine it. */
function solveShading(problem: ShadingProblem, pattern: CholeskyPattern, included: Uint8Array): Surface | null {
  const { surfaces, overlaps, basis } = problem;
  const k = basis.count;
  const members = surfaces.flatMap((surface, i) => (surface !== null && included[i] === 1 ? [surface] : []));
  if (members.length < 2) return null;
  const start = Float64Array.from({ length: k }, (_, p) => medianOf(Float64Array.from(members, (of) => of[p])));
  const spread = Float64Array.from({ length: k }, (_, p) => spreadAbout(members, start, p));
  const weights = Float64Array.from(overlaps, ({ from, to }) => included[from] * included[to]);
  const inside = weights.slice();
  let noise = 0.02;
  let sigmaGain = firstLogGain;
  let shading: Float64Array = start;
  let sigmas: Float64Array = spread;
  for (let iteration = 0; iteration < reweightings; iteration++) {
    const scale = 1 / (samplesPerIndependent * noise ** 2);
    const solved = eliminateGains(problem, pattern, weights, scale, sigmaGain, (p) => {
      let [weight, pull] = [0, 0];
      for (const surface of members) {
        const w = gemanMcClureWeight((surface[p] - shading[p]) / spread[p], scaleOfLoss) / spread[p] ** 2;
        weight += w;
        pull += w * surface[p];
      }
      return [weight, pull];
    });
    if (solved === null) return null;
    ({ shading, sigmas } = solved);
    const residuals = Float64Array.from(overlaps, (overlap) => residualOf(overlap, solved.gains, shading));
    noise = Math.max(leastResidual, medianOf(residuals.filter((_, l) => inside[l] === 1)));
    for (let l = 0; l < weights.length; l++)
      weights[l] = inside[l] * gemanMcClureWeight(residuals[l], scaleOfLoss * noise);
    const active = solved.gains.filter((_, i) => included[i] === 1);
    sigmaGain = Math.max(leastLogGain, Math.sqrt(active.reduce((sum, gain) => sum + gain * gain, 0) / active.length));
  }
  return { shading, sigmas };
}

function spreadAbout(surfaces: readonly Float64Array[], middle: Float64Array, p: number): number {
  const deviations = Float64Array.from(surfaces, (surface) => Math.abs(surface[p] - middle[p]));
  return Math.max(leastContent, 1.4826 * medianOf(deviations));
}

/** One weighted least-squares solve; the gains are eliminated: (C − Bᵀ A⁻¹ B) c = r_c − Bᵀ A⁻¹ r_λ. */
function eliminateGains(
  { overlaps, basis, surfaces }: ShadingProblem,
  pattern: CholeskyPattern,
  weights: Float64Array,
  scale: number,
  sigmaGain: number,
  pullOf: (p: number) => readonly [number, number],
): (Surface & { readonly gains: Float64Array }) | null {
  const k = basis.count;
  const n = surfaces.length;
  const diagonal = new Float64Array(n).fill(1 / sigmaGain ** 2);
  const offDiagonal = new Float64Array(overlaps.length);
  const mixed = Array.from({ length: k }, () => new Float64Array(n));
  const rightGains = new Float64Array(n);
  const normal = new Float64Array(k * k);
  const right = new Float64Array(k);
  for (let p = 0; p < k; p++) {
    const [weight, pull] = pullOf(p);
    normal[p * k + p] = weight;
    right[p] = pull;
  }
  for (let l = 0; l < overlaps.length; l++) {
    const { from, to, count, d, dd, y, dy } = overlaps[l];
    const w = weights[l] * scale;
    diagonal[from] += w * count;
    diagonal[to] += w * count;
    offDiagonal[l] = -w * count;
    rightGains[from] += w * y;
    rightGains[to] -= w * y;
    for (let p = 0; p < k; p++) {
      mixed[p][from] += w * d[p];
      mixed[p][to] -= w * d[p];
      right[p] += w * dy[p];
      for (let q = 0; q < k; q++) normal[p * k + q] += w * dd[p * k + q];
    }
  }
  const factor = startFactorisation(pattern, 1, diagonal, offDiagonal);
  if (factoriseSome(factor, Infinity) !== -1)
    throw new StitchError('numerical-failure', 'The shading of the tiles could not be solved; switch it off.');
  const solved = mixed.map((column) => {
    const x = column.slice();
    solveFactored(factor, x);
    return x;
  });
  const gains = rightGains.slice();
  solveFactored(factor, gains);
  for (let p = 0; p < k; p++) {
    for (let i = 0; i < n; i++) right[p] -= mixed[p][i] * gains[i];
    for (let q = 0; q < k; q++) for (let i = 0; i < n; i++) normal[p * k + q] -= mixed[p][i] * solved[q][i];
  }
  const inverse = invertSymmetric(normal, k);
  if (inverse === null) return null;
  const shading = new Float64Array(k);
  for (let p = 0; p < k; p++) for (let q = 0; q < k; q++) shading[p] += inverse[p * k + q] * right[q];
  for (let i = 0; i < n; i++) for (let p = 0; p < k; p++) gains[i] -= solved[p][i] * shading[p];
  const sigmas = Float64Array.from({ length: k }, (_, p) => Math.sqrt(inverse[p * k + p]));
  return { shading, sigmas, gains };
}

/** Root mean square residual of an overlap, a log. */
function residualOf(overlap: OverlapEvidence, gains: Float64Array, shading: Float64Array): number {
  const { from, to, count, d, dd, y, dy, yy } = overlap;
  const k = shading.length;
  const step = gains[from] - gains[to];
  let sum = yy - 2 * step * y + step * step * count;
  for (let p = 0; p < k; p++) {
    sum += 2 * shading[p] * (step * d[p] - dy[p]);
    for (let q = 0; q < k; q++) sum += shading[p] * shading[q] * dd[p * k + q];
  }
  return Math.sqrt(Math.max(0, sum) / count);
}
