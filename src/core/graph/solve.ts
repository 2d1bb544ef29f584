import { StitchError } from '../errors.ts';
import { stretchesOf } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { RunContext } from '../progress.ts';
import type { TileId } from '../tiles/tile.ts';
import { pairKey } from '../tiles/tile.ts';
import { chooseAnchors, createAdjustment, factorise, linearise, meanLinkWeight, takeStep } from './adjustment.ts';
import type { Adjustment } from './adjustment.ts';
import { connectedComponents } from './components.ts';
import { findConsensus, typicalClosure } from './consensus.ts';
import { fixGauge, placeUnlinked } from './gauge.ts';
import {
  affineOfPose,
  buildLinkSystem,
  linkCost,
  linkMisfit,
  linkRms,
  poseStride,
  sumsStride,
  withModel,
} from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { turnLinear } from './normal-equations.ts';
import type { EdgeReport, PoseGraph, SolveOptions, SolveReport, TileState } from './pose-graph.ts';
import { cauchyWeight, gemanMcClureWeight, medianOf } from './robust-loss.ts';
import { analysePattern, factoriseSome, solveFactored, startFactorisation } from './sparse-cholesky.ts';
import type { CholeskyFactor, CholeskyPattern } from './sparse-cholesky.ts';
import { fitStageMap, initialPoses, linkMotions, stagePoses } from './stage.ts';
import type { LinkMotions, StagePoses } from './stage.ts';
import { tileSigmas } from './tile-sigma.ts';

/** Re-weightings or Gauss–Newton steps of one model at most. */
const maxIterations = 60;
/** A step below this moves no pixel that anyone can see; noise-free grids come out to about a tenth of it. */
const stepTolerancePx = 1e-6;
/** Weights follow the misfits for so many iterations and then stand, so that what is left is plain least squares. */
const reweightings = 10;
/** A factor serves until a link's weight has changed by this much; older factors still give a descent direction. */
const refactorWeightChange = 0.03;
/** … or until a rigid step has been this large, px: the turn of the linear part is then no longer small. */
const refactorStepPx = 2;
/** Rounds of worst-link removal at most. */
const maxRemovalRounds = 12;
/** Graduated non-convexity: factor by which the scale of the loss falls a step. */
const graduation = 0.7;
/** The scale starts at this many median misfits of the links to the stage's poses. */
const mediansOfStage = 1.5;
/** In the end links are judged at no less than this many median misfits: what the model cannot express is no blunder. */
const mediansOfScale = 2.5;
/**
 * One sigma of the entries of a tile's linear part about its rigid solution, to begin with: 5 % of stretch or shear. Then
 * it is what the tiles themselves show: a thin overlap says little of a tile's stretch across it, and that little is
 * matching noise under the lever of the tile. Stiff tiles come out stiff and tiles that stretch keep their stretch.
 */
const firstLinearSigma = 0.05;
/** … and never less than this, which moves the corner of a 2048-px tile by half a pixel. */
const leastLinearSigma = 5e-4;
/** Rounds of measuring that sigma at most; it stands once it falls by less than a tenth. */
const linearSigmaRounds = 6;
const settledRatio = 0.9;
/**
 * Matches count one in ten against the linear prior: neighbouring matches share their error (a network's are drawn
 * towards the edge of a strip, which looks like 1 % of stretch in every link of a grid with 10 % overlap).
 */
const independentShare = 0.1;
/** Largest step of a rigid solution that only serves as a start and a target, px. */
const rigidTolerancePx = 1e-2;
/** A link that the rigid model leaves less than this weight is not trusted by a model that bends. */
const suspicion = 0.01;
/** A link is grossly wrong when it misses the robust solution by this many scales. */
const grossFactor = 3;
/** Share of a loop's closure error that falls to one of its links once it is spread over all. */
const closureShare = 0.5;
/** Matches are never taken for better than this, px: the linear prior must stay above rounding. */
const leastMatchNoisePx = 1e-4;

/** Everything that the phases of one solve share. */
interface Solve {
  /** What loops of right links fail to close by because tiles are not as stiff as the model, px. */
  readonly modelErrorPx: number;
  readonly system: LinkSystem;
  readonly options: SolveOptions;
  readonly ctx: RunContext;
  readonly stage: StagePoses;
  readonly motions: LinkMotions;
  readonly pattern: CholeskyPattern;
  /** [links] 0 once removed. */
  readonly active: Uint8Array;
  readonly weights: Float64Array;
  /** [links] 0 while a link that the rigid model calls wrong has no say in the bending of tiles. */
  readonly trusted: Uint8Array;
  iterations: number;
  linearSigma: number;
}

/**
 * Global adjustment: the poses that minimise, over all inliers p (in a), q (in b) of all links,
 *
 *   Σ_l w_l Σ |m_a(p) − m_b(q)|²,   m = mosaicFromTile,  px
 *
 * with w_l from a Geman–McClure loss on the link's misfit (graduated), worst links removed, tiles without links placed by
 * the stage relative to their solved neighbours. The gauge is that of the layout: mean position and mean rotation of the
 * largest component are the stage's, and the mean linear part is a rotation. The result does not depend on the order of
 * nodes and links.
 *
 * @throws StitchError `numerical-failure` naming the pair or tile; an abort is rethrown.
 */
export async function solvePoseGraph(graph: PoseGraph, options: SolveOptions, ctx: RunContext): Promise<SolveReport> {
  if (!(options.robustScalePx > 0))
    throw new StitchError('bad-options', `robustScalePx must be above 0, not ${options.robustScalePx}.`);
  const system = buildLinkSystem(graph.nodes, graph.links, options.model);
  const stage = stagePoses(system);
  const motions = linkMotions(system, stage, options.model !== 'translation');
  const stageMap = fitStageMap(system, stage, motions);
  const poses = initialPoses(system, stage, stageMap, motions);
  const { from, to } = system;
  const active = Uint8Array.from(system.links, (_, l) => (system.sums[sumsStride * l] > 0 ? 1 : 0));
  const solve: Solve = {
    modelErrorPx: closureShare * typicalClosure(system, motions, active),
    system,
    options,
    ctx,
    stage,
    motions,
    pattern: analysePattern(from, to, coordinates(poses, 0), coordinates(poses, 1)),
    active,
    weights: Float64Array.from(active),
    trusted: active.slice(),
    iterations: 0,
    linearSigma: firstLinearSigma,
  };
  if (!active.includes(1)) return report(solve, poses, 'no-links', null);

  const start = poses.slice();
  await graduate(solve, poses);
  if (options.removal !== null) await separateWrongLinks(solve, poses, start);
  const { adjustment, factor, converged } = await adjust(solve, poses);
  const sigma = tileSigmas(adjustment, factor, poses, solve.weights, active);
  return report(solve, poses, converged ? 'converged' : 'max-iterations', sigma);
}

function coordinates(poses: Float64Array, axis: 0 | 1): Float64Array {
  return Float64Array.from({ length: poses.length / poseStride }, (_, i) => poses[poseStride * i + axis]);
}

async function breathe(solve: Solve, note: string): Promise<void> {
  solve.ctx.signal.throwIfAborted();
  solve.iterations++;
  solve.ctx.onProgress({
    stage: 'solve',
    done: solve.iterations,
    total: Math.max(maxIterations, solve.iterations),
    note,
  });
  await solve.ctx.yieldNow();
}

/**
 * Finds the right links and a good start: links are weighed at a scale c that falls from the stage's error to the loss's
 * own while rotations and then positions are solved, each a scalar problem. The positions are held to the stage s by
 *
 *   Σ_l w_l W_l |r_l|² + W̄ (c/σ)² Σ_i |u_i − s_i|²
 *
 * as if a link were known to c and a stage position to σ: the stage decides between links as long as they are judged
 * loosely and has (c/σ)² → nothing to say in the end. Without it 30 % of wrong links carry the day.
 *
 * @see Yang et al. 2020, "Graduated non-convexity for robust spatial perception"
 */
async function graduate(solve: Solve, poses: Float64Array): Promise<void> {
  const { options, pattern, weights, active, stage } = solve;
  const isTranslation = options.model === 'translation';
  const system = withModel(solve.system, isTranslation ? 'translation' : 'rigid');
  const relaxed = { ...solve, system };
  const start = poses.slice();
  const anchors = anchorsOf(relaxed, poses);
  const stageError = medianMisfit(system, poses, active);
  const leastScale = Math.max(options.robustScalePx, solve.modelErrorPx);
  let scale = Math.max(mediansOfStage * stageError, leastScale);
  for (;;) {
    const isLast = scale <= leastScale;
    weigh(system, poses, active, scale, gemanMcClureWeight, weights);
    if (!isTranslation) solveRotations(relaxed, poses, anchors);
    const adjustment = createAdjustment('translation', system, pattern, anchors, null);
    linearise(adjustment, weights, poses);
    if (!isLast) holdToStage(adjustment, stage, poses, start, (scale / stageError) ** 2);
    takeStep(adjustment, await factorise(adjustment, solve.ctx), poses);
    await breathe(solve, 'finding wrong links');
    if (isLast) return;
    scale = Math.max(leastScale, graduation * scale);
  }
}

/**
 * Where the loss has switched links off there are wrong ones, and perhaps too many for it: then the links are sorted
 * by consensus, and those that fit no body are removed.
 */
async function separateWrongLinks(solve: Solve, poses: Float64Array, start: Float64Array): Promise<void> {
  const { options, active, weights, trusted, motions, pattern } = solve;
  const isTranslation = options.model === 'translation';
  const stiffModel = isTranslation ? 'translation' : 'rigid';
  const system = withModel(solve.system, stiffModel);
  const stiff = { ...solve, system, options: { ...options, model: stiffModel } as const };
  await iterate(stiff, poses, null, rigidTolerancePx, gemanMcClureWeight);
  solve.iterations = stiff.iterations;
  const limit = grossFactor * robustScale(stiff, poses);
  if (!active.some((on, l) => on !== 0 && linkMisfit(system, poses, l) > limit)) return;
  // Where even the best loops do not close, stiff bodies have nothing to agree on.
  if (solve.modelErrorPx > options.robustScalePx) return;
  poses.set(start);
  const settle = async (accepted: Uint8Array): Promise<void> => {
    for (let l = 0; l < weights.length; l++) weights[l] = accepted[l];
    const inside = { ...solve, system, active: accepted };
    const anchors = anchorsOf(inside, poses);
    if (!isTranslation) solveRotations(inside, poses, anchors);
    const adjustment = createAdjustment('translation', system, pattern, anchors, null);
    linearise(adjustment, weights, poses);
    takeStep(adjustment, await factorise(adjustment, solve.ctx), poses);
    await breathe(solve, 'sorting links by consensus');
  };
  const stageErrorPx = medianMisfit(system, start, active);
  const { accepted } = await findConsensus(system, motions, active, poses, {
    stage: start,
    stageErrorPx,
    tolerancePx: options.robustScalePx,
    settle,
  });
  for (let l = 0; l < active.length; l++) active[l] = trusted[l] = accepted[l];
  await settle(accepted);
}

/** Adds W̄·strength·Σ|u_i − start_i|² over the tiles that the stage knows to a translation's equations. */
function holdToStage(
  { system, equations }: Adjustment,
  stage: StagePoses,
  poses: Float64Array,
  start: Float64Array,
  strength: number,
): void {
  const weight = strength * meanLinkWeight(system);
  for (let i = 0; i < stage.known.length; i++) {
    if (stage.known[i] === 0) continue;
    equations.diagonal[i] += weight;
    for (const axis of [0, 1] as const)
      equations.gradients[axis][i] += weight * (poses[poseStride * i + axis] - start[poseStride * i + axis]);
  }
}

/** The scale at which links are judged at the poses, px. */
function robustScale({ options, system, trusted, modelErrorPx }: Solve, poses: Float64Array): number {
  const isStiff = options.model === 'translation' || options.model === 'rigid';
  const least = Math.max(options.robustScalePx, isStiff ? modelErrorPx : 0);
  return Math.max(least, mediansOfScale * medianMisfit(system, poses, trusted));
}

function weigh(
  system: LinkSystem,
  poses: Float64Array,
  active: Uint8Array,
  scale: number,
  weightOf: (misfit: number, scale: number) => number,
  weights: Float64Array,
): void {
  for (let l = 0; l < weights.length; l++)
    weights[l] = active[l] === 0 ? 0 : weightOf(linkMisfit(system, poses, l), scale);
}

/** Median misfit of the active links, px. */
function medianMisfit(system: LinkSystem, poses: Float64Array, active: Uint8Array): number {
  const misfits = new Float64Array(active.length);
  let count = 0;
  for (let l = 0; l < active.length; l++) if (active[l] !== 0) misfits[count++] = linkMisfit(system, poses, l);
  return medianOf(misfits.subarray(0, count));
}

function anchorsOf(solve: Solve, poses: Float64Array): number[] {
  const { system, active } = solve;
  const { label, sizes } = connectedComponents(system.nodes.length, system.from, system.to, active);
  return chooseAnchors(label, sizes.length, poses);
}

/** Rotations alone: least Σ W·spread·(θ_a + θ_ab − θ_b)², linear once the turns are wrapped at the present poses. */
function solveRotations(solve: Solve, poses: Float64Array, anchors: readonly number[]): void {
  const { system, pattern, motions, weights } = solve;
  const { from, to, sums } = system;
  const n = system.nodes.length;
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(from.length);
  const gradient = new Float64Array(n);
  const angle = Float64Array.from({ length: n }, (_, i) =>
    Math.atan2(poses[poseStride * i + 3], poses[poseStride * i + 2]),
  );
  let total = 0;
  for (let l = 0; l < from.length; l++) {
    const o = sumsStride * l;
    const weight = weights[l] * (sums[o + 8] + sums[o + 10]);
    if (!(weight > 0)) continue;
    const excess = angle[from[l]] + motions.theta[l] - angle[to[l]];
    const residual = excess - 2 * Math.PI * Math.round(excess / (2 * Math.PI));
    diagonal[from[l]] += weight;
    diagonal[to[l]] += weight;
    offDiagonal[l] -= weight;
    gradient[from[l]] += weight * residual;
    gradient[to[l]] -= weight * residual;
    total += weight;
  }
  if (!(total > 0)) return;
  for (let i = 0; i < n; i++) diagonal[i] += (1e-9 * total) / from.length;
  for (const i of anchors) diagonal[i] += total / from.length;
  const factor = startFactorisation(pattern, 1, diagonal, offDiagonal);
  if (factoriseSome(factor, Infinity) !== -1) return;
  solveFactored(factor, gradient);
  for (let i = 0; i < n; i++) turnLinear(poses, poseStride * i, -gradient[i]);
}

/** Gross errors are gone by now: the loss is wider, so that the links that remain share what the model cannot express. */
function lateWeight(misfit: number, scale: number): number {
  return cauchyWeight(misfit, 2 * scale);
}

interface Adjusted {
  readonly adjustment: Adjustment;
  readonly factor: CholeskyFactor;
  readonly converged: boolean;
}

/** The rigid solution, then the model's own from there; worst links are removed under the model asked for. */
async function adjust(solve: Solve, poses: Float64Array): Promise<Adjusted> {
  const { model } = solve.options;
  if (model === 'translation' || model === 'rigid') return adjustAndRemove(solve, poses, null);
  const rigid = {
    ...solve,
    system: withModel(solve.system, 'rigid'),
    options: { ...solve.options, model: 'rigid' as const },
  };
  await iterate(rigid, poses, null, rigidTolerancePx, gemanMcClureWeight);
  solve.iterations = rigid.iterations;
  const { weights, trusted, active } = solve;
  // A tile that may stretch can bend to a wrong link: the stiff model judges first, the supple one may acquit.
  for (let l = 0; l < weights.length; l++) if (weights[l] < suspicion) trusted[l] = 0;
  const target = poses.slice();
  await iterate(solve, poses, target, rigidTolerancePx);
  const scale = robustScale(solve, poses);
  for (let l = 0; l < weights.length; l++)
    trusted[l] = active[l] !== 0 && (trusted[l] === 1 || linkMisfit(solve.system, poses, l) < scale) ? 1 : 0;
  for (let round = 0; round < linearSigmaRounds; round++) {
    const shown = Math.max(leastLinearSigma, linearSpread(solve, poses));
    if (shown > settledRatio * solve.linearSigma) break;
    solve.linearSigma = shown;
    await iterate(solve, poses, target, rigidTolerancePx);
  }
  return adjustAndRemove(solve, poses, target);
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

async function adjustAndRemove(solve: Solve, poses: Float64Array, target: Float64Array | null): Promise<Adjusted> {
  let adjusted = await iterate(solve, poses, target, stepTolerancePx);
  for (let round = 0; round < maxRemovalRounds; round++) {
    if (!removeWorst(solve, poses)) break;
    adjusted = await iterate(solve, poses, target, stepTolerancePx);
  }
  return adjusted;
}

/** Iteratively re-weighted Gauss–Newton for the model of `solve.options`. */
async function iterate(
  solve: Solve,
  poses: Float64Array,
  target: Float64Array | null,
  tolerancePx: number,
  weightOf: (misfit: number, scale: number) => number = lateWeight,
): Promise<Adjusted> {
  const { system, options, pattern, weights, trusted, ctx } = solve;
  const prior =
    target === null ? null : { information: matchNoise(system) / (independentShare * solve.linearSigma ** 2), target };
  const adjustment = createAdjustment(options.model, system, pattern, anchorsOf(solve, poses), prior);
  let scale = Infinity;
  let factor: CholeskyFactor | null = null;
  const factored = weights.slice();
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    // The scale follows the shrinking misfits down and never up, so that the weights can converge.
    if (iteration < reweightings) {
      scale = Math.min(scale, robustScale(solve, poses));
      weigh(system, poses, trusted, scale, weightOf, weights);
    }
    linearise(adjustment, weights, poses);
    const stale = iteration < reweightings ? refactorWeightChange : 0;
    if (factor === null || largestChange(weights, factored) > stale) {
      factor = await factorise(adjustment, ctx);
      factored.set(weights);
    }
    const step = takeStep(adjustment, factor, poses);
    await breathe(solve, options.model);
    if (step < tolerancePx) return { adjustment, factor, converged: true };
    if (step > refactorStepPx && options.model === 'rigid') factor = null;
  }
  return { adjustment, factor: factor ?? (await factorise(adjustment, ctx)), converged: false };
}

/** Variance of a match on one axis, px²: the median over the links of what their own best pose leaves. */
function matchNoise(system: LinkSystem): number {
  const variances = system.floor.map((floor, l) => floor / Math.max(1, 2 * system.sums[sumsStride * l] - 6));
  return Math.max(leastMatchNoisePx ** 2, medianOf(variances));
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
  const limit = Math.max(options.removal.minPx, total > 0 ? (options.removal.timesMean * sum) / total : 0);
  const worstAt = new Float64Array(system.nodes.length);
  for (let l = 0; l < rms.length; l++) {
    worstAt[system.from[l]] = Math.max(worstAt[system.from[l]], rms[l]);
    worstAt[system.to[l]] = Math.max(worstAt[system.to[l]], rms[l]);
  }
  let removed = false;
  for (let l = 0; l < rms.length; l++) {
    if (!(rms[l] > limit)) continue;
    // A link that the loss has already switched off waits for no one.
    if (weights[l] > 0.1 && (rms[l] < worstAt[system.from[l]] || rms[l] < worstAt[system.to[l]])) continue;
    active[l] = 0;
    solve.trusted[l] = 0;
    removed = true;
  }
  return removed;
}

/** Fixes the gauge, places what no link reaches and writes the answer. */
function report(
  solve: Solve,
  poses: Float64Array,
  termination: SolveReport['termination'],
  sigma: Float64Array | null,
): SolveReport {
  const { system, stage, active, weights, options } = solve;
  const { label, sizes } = connectedComponents(system.nodes.length, system.from, system.to, active);
  let cost = 0;
  const edges = system.links.map((link, l): EdgeReport => {
    if (active[l] !== 0) cost += weights[l] * linkCost(system, poses, l);
    return {
      pairKey: pairKey(link.pair),
      residualPx: linkRms(system, poses, l),
      weight: active[l] === 0 ? 0 : weights[l],
      removed: active[l] === 0,
    };
  });
  fixGauge(options.model, poses, stage, label, sizes);
  placeUnlinked(system, poses, stage, label, sizes);
  const mosaicFromTile = new Map<TileId, Affine2>();
  const state = new Map<TileId, TileState>();
  const sigmaPx = new Map<TileId, number>();
  const component = new Map<TileId, number>();
  const components: TileId[][] = sizes.map(() => []);
  system.nodes.forEach(({ id, prior }, i) => {
    const isSolved = sizes[label[i]] > 1;
    state.set(id, isSolved ? 'solved' : stage.known[i] === 1 ? 'prior' : 'unplaced');
    if (isSolved || stage.known[i] === 1) {
      mosaicFromTile.set(id, affineOfPose(system, poses, i));
      sigmaPx.set(id, isSolved && sigma !== null ? sigma[i] : prior.sigmaPx);
    }
    component.set(id, label[i]);
    components[label[i]].push(id);
  });
  return {
    mosaicFromTile,
    state,
    sigmaPx,
    component,
    components,
    edges,
    termination,
    iterations: solve.iterations,
    cost,
  };
}
