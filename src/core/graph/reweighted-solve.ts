import { stretchesOf } from '../geometry/affine2.ts';
import { createAdjustment, factorise, linearise, takeStep, takeStepBy } from './adjustment.ts';
import type { Adjustment } from './adjustment.ts';
import { connectedComponents } from './components.ts';
import type { Inverse } from './factor-update.ts';
import {
  asStiff,
  independentShare,
  isStiff,
  linkMisfit,
  linkRms,
  matchNoise,
  poseStride,
  sumsStride,
} from './link-system.ts';
import { cauchyWeight, gemanMcClureWeight } from './robust-loss.ts';
import { anchorsOf, breathe, errorUnderModel, maxIterations, robustScale, weigh } from './solve-run.ts';
import type { Solve } from './solve-run.ts';
import type { Factorisation } from './sparse-cholesky.ts';

/** A step below this moves no pixel that anyone can see; noise-free grids come out to about a tenth of it. */
const stepTolerancePx = 1e-6;
/** Weights follow the misfits for so many iterations and then stand, so that what is left is plain least squares. */
const mostReweightings = 10;
/** A factor serves until a link's weight has changed by this much; older factors still give a descent direction … */
const refactorWeightChange = 0.3;
/** … and as long as every step is shorter than this share of the one before. */
const contraction = 0.5;
/** Weights that changed by more ask for equations of their own. */
const mostChangeTakenOver = 0.03;
/** The factor that is handed on is that of the weights, but for changes below this. */
const exactWeightChange = 1e-3;
/** … or until a rigid step has been this large, px: the turn of the linear part is then no longer small. */
const refactorStepPx = 2;
/** Rounds of worst-link removal at most. */
const maxRemovalRounds = 12;
/** That sigma (`Solve.linearSigma`) is never less than this, which moves the corner of a 2048-px tile by half a pixel. */
const leastLinearSigma = 5e-4;
/** Rounds of measuring that sigma at most; it stands once it falls by less than a tenth. */
const linearSigmaRounds = 6;
const settledRatio = 0.9;
/** Largest step of a rigid solution that only serves as a start and a target, px. */
export const rigidTolerancePx = 1e-2;
/** … and its re-weightings at most, those of the search for wrong links before it not counted. */
const rigidReweightings = 4;
/** A link that the rigid model leaves less than this weight is not trusted by a model that bends. */
const suspicion = 0.01;

/** Gross errors are gone by now: the loss is wider, so that the links that remain share what the model cannot express. */
function lateWeight(misfit: number, scale: number): number {
  return cauchyWeight(misfit, 2 * scale);
}

export interface Adjusted {
  readonly adjustment: Adjustment;
  readonly factor: Factorisation;
  /** Whether the factor is that of the last weights, not of some before. */
  readonly isExact: boolean;
  readonly converged: boolean;
}

/** The rigid solution, then the model's own from there; worst links are removed under the model asked for. */
export async function adjust(solve: Solve, poses: Float64Array): Promise<Adjusted> {
  const { model } = solve.options;
  if (isStiff(model)) return adjustAndRemove(solve, poses, null, null);
  const rigid = {
    ...solve,
    system: asStiff(solve.system),
    options: { ...solve.options, model: 'rigid' as const },
  };
  let { factor } = await iterate(rigid, poses, null, rigidTolerancePx, gemanMcClureWeight, rigidReweightings);
  solve.iterations = rigid.iterations;
  const { weights, trusted, active } = solve;
  // A tile that may stretch can bend to a wrong link: the stiff model judges first, the supple one may acquit.
  for (let l = 0; l < weights.length; l++) if (weights[l] < suspicion) trusted[l] = 0;
  const target = poses.slice();
  const refine = () => iterate(solve, poses, target, rigidTolerancePx, lateWeight, mostReweightings, factor);
  ({ factor } = await refine());
  const scale = robustScale(solve, poses);
  for (let l = 0; l < weights.length; l++)
    trusted[l] = active[l] !== 0 && (trusted[l] === 1 || linkMisfit(solve.system, poses, l) < scale) ? 1 : 0;
  for (let round = 0; round < linearSigmaRounds; round++) {
    const shown = Math.max(leastLinearSigma, linearSpread(solve, poses));
    if (shown > settledRatio * solve.linearSigma) break;
    solve.linearSigma = shown;
    ({ factor } = await refine());
  }
  acquit(solve, poses);
  return adjustAndRemove(solve, poses, target, factor);
}

/** Takes up again what the stiff model refused and the solution fits all the same: the tiles were not stiff. */
function acquit(solve: Solve, poses: Float64Array): void {
  const { system, active, trusted } = solve;
  const { label } = connectedComponents(system.nodes.length, system.from, system.to, active);
  const scale = robustScale(solve, poses);
  for (let l = 0; l < active.length; l++) {
    if (active[l] !== 0 || system.excluded[l] === 1 || !(system.sums[sumsStride * l] > 0)) continue;
    if (label[system.from[l]] !== label[system.to[l]] || linkMisfit(system, poses, l) > scale) continue;
    active[l] = trusted[l] = 1;
  }
}

/** Root mean square of the entries of (linear part − nearest rotation) over the linked tiles: √(Σ(s − 1)² / 4n). */
function linearSpread({ system, active }: Solve, poses: Float64Array): number {
  const linked = new Set<number>();
  for (let l = 0; l < active.length; l++) if (active[l] !== 0) linked.add(system.from[l]).add(system.to[l]);
  let squares = 0;
  for (const i of linked) {
    const [a, b, c, d] = poses.subarray(poseStride * i + 2, poseStride * i + 6);
    const [largest, smallest] = stretchesOf({ a, b, c, d, e: 0, f: 0 });
    squares += (largest - 1) ** 2 + (smallest - 1) ** 2;
  }
  return Math.sqrt(squares / (4 * linked.size));
}

async function adjustAndRemove(
  solve: Solve,
  poses: Float64Array,
  target: Float64Array | null,
  spent: Factorisation | null,
): Promise<Adjusted> {
  const refine = (used: Factorisation | null) =>
    iterate(solve, poses, target, stepTolerancePx, lateWeight, mostReweightings, used);
  let adjusted = await refine(spent);
  for (let round = 0; round < maxRemovalRounds; round++) {
    if (!removeWorst(solve, poses)) break;
    adjusted = await refine(adjusted.factor);
  }
  if (adjusted.isExact) return adjusted;
  const { adjustment } = adjusted;
  linearise(adjustment, solve.weights, poses);
  return { ...adjusted, factor: await factorise(adjustment, solve.ctx, adjusted.factor), isExact: true };
}

/**
 * Iteratively re-weighted Gauss–Newton for the model of `solve.options`.
 *
 * @param used a factorisation on the same pattern that is needed no more.
 */
export async function iterate(
  solve: Solve,
  poses: Float64Array,
  target: Float64Array | null,
  tolerancePx: number,
  weightOf: (misfit: number, scale: number) => number = lateWeight,
  reweightings = mostReweightings,
  used: Factorisation | null = null,
): Promise<Adjusted> {
  const { system, options, pattern, weights, trusted, ctx } = solve;
  const prior =
    target === null
      ? null
      : {
          information: matchNoise(system) / (independentShare * solve.linearSigma ** 2),
          target,
        };
  const adjustment = createAdjustment(options.model, system, pattern, anchorsOf(solve, poses), prior, solve.pins);
  let scale = Infinity;
  let factor: Factorisation | null = null;
  let spent = used?.k === adjustment.equations.k ? used : null;
  let last = Infinity;
  const factored = weights.slice();
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    // The scale follows the shrinking misfits down and never up, so that the weights can converge.
    if (iteration < reweightings) {
      scale = Math.min(scale, robustScale(solve, poses));
      weigh(system, poses, trusted, scale, weightOf, weights);
    }
    linearise(adjustment, weights, poses);
    if (factor === null || largestChange(weights, factored) > refactorWeightChange) {
      factor = await factorise(adjustment, ctx, spent);
      spent = factor;
      factored.set(weights);
    }
    const step = takeStep(adjustment, factor, poses);
    await breathe(solve, options.model);
    const change = largestChange(weights, factored);
    if (step < tolerancePx) return { adjustment, factor, isExact: change < exactWeightChange, converged: true };
    const isSlow = step > contraction * last && change > 0;
    if (isSlow || (step > refactorStepPx && options.model === 'rigid')) factor = null;
    last = step;
  }
  return {
    adjustment,
    factor: factor ?? (await factorise(adjustment, ctx, spent)),
    isExact: factor === null,
    converged: false,
  };
}

/**
 * The last iterations again with a given inverse of the equations, from poses and weights at which they came to rest before
 * little was changed; `poses` and the weights of `solve` are changed in place.
 *
 * @returns false where that does not converge, weights change by much or a link is to be removed.
 */
export async function settleWith(
  solve: Solve,
  adjustment: Adjustment,
  inverse: Inverse,
  poses: Float64Array,
): Promise<boolean> {
  const { system, weights, trusted, options } = solve;
  const factored = weights.slice();
  let scale = Infinity;
  for (let iteration = 0; iteration < mostReweightings; iteration++) {
    scale = Math.min(scale, robustScale(solve, poses));
    weigh(system, poses, trusted, scale, lateWeight, weights);
    if (largestChange(weights, factored) > mostChangeTakenOver) return false;
    linearise(adjustment, weights, poses);
    const step = takeStepBy(adjustment, inverse.solve, poses);
    await breathe(solve, options.model);
    if (step < stepTolerancePx) return !removeWorst(solve, poses);
  }
  return false;
}

function largestChange(now: Float64Array, then: Float64Array): number {
  let change = 0;
  for (let l = 0; l < now.length; l++) change = Math.max(change, Math.abs(now[l] - then[l]));
  return change;
}

/**
 * Removes the links whose residual exceeds `timesMean` × the mean and `minPx`, the worst of each neighbourhood first.
 *
 * @returns whether any was removed.
 */
function removeWorst(solve: Solve, poses: Float64Array): boolean {
  const { system, options, active, weights } = solve;
  if (options.removal === null) return false;
  const rms = Float64Array.from(active, (on, l) => (on === 0 ? 0 : linkRms(system, poses, l)));
  let sum = 0;
  let total = 0;
  for (let l = 0; l < rms.length; l++) {
    // Weighed by the loss: gross errors must not raise the bar for themselves.
    sum += weights[l] * rms[l];
    total += weights[l];
  }
  const ofMean = total > 0 ? (options.removal.timesMean * sum) / total : 0;
  const limit = Math.max(options.removal.minPx, ofMean, errorUnderModel(solve));
  const worstAt = new Float64Array(system.nodes.length);
  for (let l = 0; l < rms.length; l++) {
    worstAt[system.from[l]] = Math.max(worstAt[system.from[l]], rms[l]);
    worstAt[system.to[l]] = Math.max(worstAt[system.to[l]], rms[l]);
  }
  let removed = false;
  for (let l = 0; l < rms.length; l++) {
    if (!(rms[l] > limit) || system.manual[l] === 1) continue;
    // A link that the loss has already switched off waits for no one.
    if (weights[l] > 0.1 && (rms[l] < worstAt[system.from[l]] || rms[l] < worstAt[system.to[l]])) continue;
    active[l] = 0;
    solve.trusted[l] = 0;
    removed = true;
  }
  return removed;
}
