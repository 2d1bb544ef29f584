import { createAdjustment, factorise, linearise, meanLinkWeight, takeStep } from './adjustment.ts';
import type { Adjustment } from './adjustment.ts';
import { reviewAttachments } from './attachments.ts';
import { connectedComponents } from './components.ts';
import { asStiff, linkMisfit, poseStride, sumsStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { closureBetween, createLoopNoise, mostClosure } from './loop-noise.ts';
import type { LoopNoise } from './loop-noise.ts';
import { turnLinear } from './pose-step.ts';
import { iterate } from './reweighted-solve.ts';
import { gemanMcClureWeight } from './robust-loss.ts';
import { anchorsOf, breathe, medianMisfit, robustScale, stiffModelOf, weigh } from './solve-run.ts';
import type { Solve } from './solve-run.ts';
import { factoriseSome, solveFactored, startFactorisation } from './sparse-cholesky.ts';
import type { StagePoses } from './stage.ts';

/** Rounds at the loss's own scale at most. */
const settlingRounds = 8;
/** Graduated non-convexity: factor by which the scale of the loss falls a step. */
const graduation = 0.7;
/** The scale starts at this many median misfits of the links to the stage's poses. */
const mediansOfStage = 1.5;
/** A link is grossly wrong when it misses the robust solution by this many of the loss's scales … */
const grossFactor = 3;
/** … and by this many times what right links may be off by: where the loss has sacrificed one, it misses by all of a loop. */
const grossErrors = 2.5;
/** Re-weightings before reviews at most: with fewer, loose groups of tiles stay where they were carried … */
const searchReweightings = 10;
/** … which need the poses no better than this, px. */
const searchTolerancePx = 0.1;
/** Rounds of reviewing attachments at most. */
const mostReviews = 6;
/** Right links agree within this many of their median misfits once gross errors are gone … */
const mediansOfTolerance = 6;
/** … and are not asked to agree better than this, px. */
const leastTolerancePx = 0.3;
/**
 * Wrong links are fewer than right ones: where a review leaves a smaller share of them, it had nothing to go by. It happens
 * in grids of few tiles, where two wrong links of twelve spoil most loops, and all tiles would be let go.
 */
const leastAccepted = 0.5;

/**
 * Tells right links from wrong ones: the active links of `solve` and `poses`, at which they agree, are changed in place.
 *
 * @returns what right links agree within, px; null where none was found wrong, or no telling which.
 */
export async function judgeLinks(solve: Solve, poses: Float64Array): Promise<number | null> {
  if (!solve.active.includes(1)) return null;
  const start = poses.slice();
  await graduate(solve, poses);
  return solve.options.removal === null ? null : separateWrongLinks(solve, poses, start);
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
  const { options, weights, active, stage } = solve;
  const system = asStiff(solve.system);
  const relaxed = { ...solve, system };
  const start = poses.slice();
  const anchors = anchorsOf(relaxed, poses);
  const stageError = medianMisfit(system, poses, active);
  const leastScale = Math.max(options.robustScalePx, solve.stiffErrorPx);
  let scale = Math.max(mediansOfStage * stageError, leastScale);
  for (; scale > leastScale; scale = Math.max(leastScale, graduation * scale)) {
    weigh(system, poses, active, scale, gemanMcClureWeight, weights);
    const strength = (scale / stageError) ** 2;
    await alternate(relaxed, poses, anchors, 'finding wrong links', (equations) => {
      holdToStage(equations, stage, poses, start, strength);
    });
  }
  await settle(relaxed, poses, leastScale);
}

/** Weighs the active links at a scale and solves rotations and positions in turn until hardly anything moves. */
async function settle(solve: Solve, poses: Float64Array, scale: number): Promise<void> {
  const { system, active, weights } = solve;
  const anchors = anchorsOf(solve, poses);
  for (let round = 0; round < settlingRounds; round++) {
    weigh(system, poses, active, scale, gemanMcClureWeight, weights);
    const step = await alternate(solve, poses, anchors, 'finding wrong links');
    if (step < searchTolerancePx || scale === Infinity) return;
  }
}

/**
 * Rotations and then positions under the present weights, each a scalar problem.
 *
 * @param amend adds to the equations of the positions.
 * @returns the largest step of a position, px.
 */
async function alternate(
  solve: Solve,
  poses: Float64Array,
  anchors: readonly number[],
  note: string,
  amend?: (adjustment: Adjustment) => void,
): Promise<number> {
  const { system, pattern, weights, options, ctx } = solve;
  if (options.model !== 'translation') solveRotations(solve, poses, anchors);
  const adjustment = createAdjustment('translation', system, pattern, anchors, null);
  linearise(adjustment, weights, poses);
  amend?.(adjustment);
  const step = takeStep(adjustment, await factorise(adjustment, ctx), poses);
  await breathe(solve, note);
  return step;
}

function grossScale(stiff: Solve, poses: Float64Array): number {
  const { options, stiffErrorPx } = stiff;
  return Math.max(grossFactor * options.robustScalePx, grossErrors * stiffErrorPx, robustScale(stiff, poses));
}

/**
 * Where the loss has switched links off there are wrong ones: then the places of the groups of tiles that hang on few
 * links are reviewed, and the links that do not fit in the end are removed.
 *
 * @returns what right links agree within, px; null when there is no wrong one, or no telling which; `poses` are then as
 *   they were.
 */
async function separateWrongLinks(solve: Solve, poses: Float64Array, start: Float64Array): Promise<number | null> {
  const { options, active, trusted } = solve;
  const { manual } = solve.system;
  const stiffModel = stiffModelOf(options.model);
  const system = asStiff(solve.system);
  const stiff = { ...solve, system, options: { ...options, model: stiffModel } as const };
  await iterate(stiff, poses, null, searchTolerancePx, gemanMcClureWeight, searchReweightings);
  solve.iterations = stiff.iterations;
  const limit = grossScale(stiff, poses);
  if (!active.some((on, l) => on !== 0 && linkMisfit(system, poses, l) > limit)) return null;
  const widest = Math.max(options.robustScalePx, solve.stiffErrorPx);
  const unreviewed = poses.slice();
  const accepted = Uint8Array.from(active, (_, l) =>
    active[l] !== 0 && (manual[l] === 1 || linkMisfit(system, poses, l) < widest) ? 1 : 0,
  );
  await reviewAll({ ...solve, system }, accepted, poses, start, widest, null);
  // A wrong link can still pull many right ones askew by little each: now that most are right, they tell what little is.
  const tolerance = Math.max(
    leastTolerancePx,
    solve.stiffErrorPx,
    mediansOfTolerance * medianMisfit(system, poses, accepted),
  );
  if (tolerance < widest) {
    const sharp = {
      ...stiff,
      active: accepted,
      trusted: accepted,
      options: { ...stiff.options, robustScalePx: tolerance / 2 },
    };
    await iterate(sharp, poses, null, searchTolerancePx, gemanMcClureWeight);
    solve.iterations = sharp.iterations;
    const noise = createLoopNoise(system.nodes.length, system.from, system.to, active, accepted.slice(), tolerance);
    for (let l = 0; l < accepted.length; l++)
      if (manual[l] === 0 && !isRight(sharp, noise, poses, l, tolerance)) accepted[l] = 0;
    await reviewAll({ ...solve, system }, accepted, poses, start, tolerance, null);
  }
  if (countOf(accepted) < leastAccepted * countOf(active)) {
    poses.set(unreviewed);
    return null;
  }
  for (let l = 0; l < active.length; l++) active[l] = trusted[l] = accepted[l];
  return Math.min(tolerance, widest);
}

function countOf(flags: Uint8Array): number {
  return flags.reduce((sum, flag) => sum + flag, 0);
}

/** Tiles so many links from a link that is left out are near it. */
const nearLinks = 4;

/**
 * `separateWrongLinks` after believed links were left out: what hangs on few links near them is reviewed again; `poses` and
 * the active links of `solve` are changed in place.
 *
 * @param tolerancePx what right links agree within; null where none was wrong, and nothing is to be reviewed.
 * @returns whether anything was changed.
 */
export async function reviewNear(
  solve: Solve,
  tolerancePx: number | null,
  poses: Float64Array,
  start: Float64Array,
  lost: readonly number[],
): Promise<boolean> {
  if (tolerancePx === null) return false;
  const { active, trusted } = solve;
  const system = asStiff(solve.system);
  const usable = active.map((_, l) => (system.excluded[l] === 0 && system.sums[sumsStride * l] > 0 ? 1 : 0));
  const near = tilesNear(system, lost, nearLinks);
  const accepted = active.slice();
  const weights = new Float64Array(active.length);
  if (!(await reviewAll({ ...solve, system, active: usable, weights }, accepted, poses, start, tolerancePx, near)))
    return false;
  for (let l = 0; l < active.length; l++) active[l] = trusted[l] = accepted[l];
  return true;
}

/** [nodes] 1 for the tiles of some links and those not more than `steps` links from them. */
export function tilesNear({ nodes, from, to }: LinkSystem, links: readonly number[], steps: number): Uint8Array {
  const near = new Uint8Array(nodes.length);
  for (const l of links) near[from[l]] = near[to[l]] = 1;
  for (let round = 0; round < steps; round++) {
    const before = near.slice();
    for (let l = 0; l < from.length; l++) if (before[from[l]] !== before[to[l]]) near[from[l]] = near[to[l]] = 1;
  }
  return near;
}

/**
 * Reviews attachments (those with a tile in `near` where given) and settles what was moved, until nothing changes;
 * `accepted` and `poses` are changed in place.
 *
 * @returns whether anything was changed.
 */
async function reviewAll(
  solve: Solve,
  accepted: Uint8Array,
  poses: Float64Array,
  start: Float64Array,
  tolerancePx: number,
  near: Uint8Array | null,
): Promise<boolean> {
  const { system, active, weights, motions, stage } = solve;
  const { from, to, nodes, manual } = system;
  let asked = near;
  for (let round = 0; round < mostReviews; round++) {
    const before = accepted.slice();
    const stageKnown = stage.known;
    const shortLoopPx = Math.min(tolerancePx, mediansOfTolerance * medianMisfit(system, poses, accepted));
    const attachments = {
      system,
      motions,
      active,
      accepted,
      poses,
      stage: start,
      stageKnown,
      tolerancePx,
      shortLoopPx,
      near: asked,
    };
    if (!reviewAttachments(attachments)) return round > 0;
    for (let l = 0; l < weights.length; l++) weights[l] = accepted[l];
    const inside = { ...solve, active: accepted };
    await alternate(inside, poses, anchorsOf(inside, poses), 'reviewing groups of tiles');
    solve.iterations = inside.iterations;
    const { label } = connectedComponents(nodes.length, from, to, accepted);
    const noise = createLoopNoise(nodes.length, from, to, active, accepted.slice(), shortLoopPx);
    const changed: number[] = [];
    for (let l = 0; l < accepted.length; l++) {
      const fits = manual[l] === 1 || isRight(inside, noise, poses, l, tolerancePx);
      accepted[l] = active[l] !== 0 && fits && label[from[l]] === label[to[l]] ? 1 : 0;
      if (accepted[l] !== before[l]) changed.push(l);
    }
    // What is far from all that was changed would be judged as before.
    asked = tilesNear(system, changed, nearLinks);
  }
  return true;
}

/** Whether link l misses the poses by no more than a right one may: where it closes a long way round, by what that adds up to. */
function isRight({ system }: Solve, noise: LoopNoise, poses: Float64Array, l: number, tolerancePx: number): boolean {
  const misfit = linkMisfit(system, poses, l);
  if (misfit < tolerancePx) return true;
  return misfit < mostClosure(noise) && misfit < closureBetween(noise, system.from[l], system.to[l], 1, null, l);
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
