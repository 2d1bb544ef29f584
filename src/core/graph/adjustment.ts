import { StitchError } from '../errors.ts';
import type { TransformModel } from '../matching/link.ts';
import type { RunContext } from '../progress.ts';
import { poseStride, sumsStride, withoutScatter } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { assemble } from './assemble.ts';
import type { LinearPrior } from './assemble.ts';
import { allocateNormalEquations } from './normal-equations.ts';
import type { NormalEquations } from './normal-equations.ts';
import { applyStep } from './pose-step.ts';
import { addPins, noPins } from './pins.ts';
import type { Pins } from './pins.ts';
import { factoriseSome, solveFactored, startFactorisation } from './sparse-cholesky.ts';
import type { CholeskyPattern } from './cholesky-pattern.ts';
import type { CholeskyFactor, Factorisation } from './sparse-cholesky.ts';

/** One model's least squares over a graph: everything that stays while weights and poses change. */
export interface Adjustment {
  readonly model: TransformModel;
  readonly system: LinkSystem;
  readonly sums: Float64Array;
  readonly pattern: CholeskyPattern;
  readonly equations: NormalEquations;
  readonly prior: LinearPrior | null;
  readonly pins: Pins;
  /** Nodes held where they are, one a component: the gauge. */
  readonly anchors: readonly number[];
}

/**
 * Holds every tile to its *current* place with this fraction of the mean link weight. It keeps the matrix definite where
 * links leave a direction open (a single match says nothing of rotation) and, moving along with the iterate
 * (proximal point, Rockafellar 1976), bends nothing: at convergence it pulls at nobody.
 */
const proximalFraction = 1e-9;

/** With a linear prior: small even against that prior's hold on the size of the mosaic, or the gauge creeps. */
const suppleProximalFraction = 1e-13;

export function createAdjustment(
  model: TransformModel,
  system: LinkSystem,
  pattern: CholeskyPattern,
  anchors: readonly number[],
  prior: LinearPrior | null,
  pins: Pins = noPins,
): Adjustment {
  return {
    model,
    system,
    sums: model === 'similarity' || model === 'affine' ? withoutScatter(system.sums) : system.sums,
    pattern,
    equations: allocateNormalEquations(model, system.nodes.length, system.links.length),
    prior,
    pins,
    anchors,
  };
}

/** Fills the equations at the poses. */
export function linearise(adjustment: Adjustment, weights: Float64Array, poses: Float64Array): void {
  const { model, system, sums, prior, pins, equations } = adjustment;
  assemble(model, system, sums, weights, poses, prior, equations);
  addPins(model, system, pins, poses, equations);
}

/** Unknowns of a block that the linear prior determines; they come last. */
const heldByPrior: Readonly<Record<TransformModel, number>> = { translation: 0, rigid: 0, similarity: 2, affine: 2 };

/** Blocks handled between two chances to hear an abort: about 50 ms. */
const productsPerTurn = 2_000_000;

/**
 * Factorises the equations as they are, with the gauge held.
 *
 * @param spent a factorisation of these equations that is needed no more.
 * @throws StitchError `numerical-failure` naming the tile at which the system is singular or not finite.
 */
export async function factorise(
  adjustment: Adjustment,
  ctx: RunContext,
  spent: Factorisation | null = null,
): Promise<Factorisation> {
  const { equations, pattern, anchors, system, prior, model } = adjustment;
  const { k } = equations;
  const kk = k * k;
  const diagonal = equations.diagonal.slice();
  const unit = meanLinkWeight(system);
  const hold = (prior === null ? proximalFraction : suppleProximalFraction) * unit;
  // A linear prior holds the linear parts already, and by little: holding them more would only slow the iteration down.
  const held = prior === null ? k : k - heldByPrior[model];
  for (let i = 0; i < system.nodes.length; i++) for (let r = 0; r < held; r++) diagonal[i * kk + r * k + r] += hold;
  for (const i of anchors) for (let r = 0; r < held; r++) diagonal[i * kk + r * k + r] += unit;
  const state = startFactorisation(pattern, k, diagonal, equations.offDiagonal, spent);
  while (state.next < pattern.nodeCount) {
    const failed = factoriseSome(state, productsPerTurn);
    if (failed !== -1) throw singularAt(system, failed);
    if (state.next < pattern.nodeCount) {
      ctx.signal.throwIfAborted();
      await ctx.yieldNow();
    }
  }
  return state;
}

function singularAt(system: LinkSystem, node: number): StitchError {
  const { id } = system.nodes[node];
  return new StitchError(
    'numerical-failure',
    `The place of ${id} could not be computed: its links are not finite or contradict each other numerically. Exclude its links and solve again.`,
    { file: id },
  );
}

/**
 * Moves the poses by −H⁻¹·gradient, with a factor of this or an earlier linearisation.
 *
 * @returns the largest component of the step, px.
 * @throws StitchError `numerical-failure` when the step is not finite.
 */
export function takeStep(adjustment: Adjustment, factor: CholeskyFactor, poses: Float64Array): number {
  return takeStepBy(adjustment, (rhs) => solveFactored(factor, rhs), poses);
}

/** `takeStep` with H⁻¹ by other means: `solve` replaces a gradient by H⁻¹·gradient. */
export function takeStepBy(adjustment: Adjustment, solve: (rhs: Float64Array) => void, poses: Float64Array): number {
  const { model, system, equations } = adjustment;
  const steps = equations.gradients.map((gradient) => gradient.slice());
  for (const step of steps) {
    solve(step);
    for (let s = 0; s < step.length; s++)
      if (!Number.isFinite(step[s])) throw singularAt(system, Math.floor(s / equations.k));
  }
  return applyStep(model, system, poses, steps);
}

/** Mean Σw of the links, 1 when there are none: the unit in which damping is measured. */
export function meanLinkWeight(system: LinkSystem): number {
  const count = system.links.length;
  let sum = 0;
  for (let l = 0; l < count; l++) sum += system.sums[sumsStride * l];
  return sum > 0 ? sum / count : 1;
}

/** The node of each component nearest to the mean of its centres. */
export function chooseAnchors(label: Int32Array, componentCount: number, poses: Float64Array): number[] {
  const sums = new Float64Array(3 * componentCount);
  for (let i = 0; i < label.length; i++) {
    sums[3 * label[i]] += poses[poseStride * i];
    sums[3 * label[i] + 1] += poses[poseStride * i + 1];
    sums[3 * label[i] + 2]++;
  }
  const best = new Float64Array(componentCount).fill(Infinity);
  const anchors = new Array<number>(componentCount).fill(0);
  for (let i = 0; i < label.length; i++) {
    const s = 3 * label[i];
    const distance = Math.hypot(
      poses[poseStride * i] - sums[s] / sums[s + 2],
      poses[poseStride * i + 1] - sums[s + 1] / sums[s + 2],
    );
    if (distance < best[label[i]]) {
      best[label[i]] = distance;
      anchors[label[i]] = i;
    }
  }
  return anchors;
}
