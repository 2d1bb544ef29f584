import type { RunContext } from '../progress.ts';
import { pairKey } from '../tiles/tile.ts';
import { inverseWithout } from './factor-update.ts';
import type { Inverse } from './factor-update.ts';
import { finishSolve } from './finish-solve.ts';
import type { Settled } from './finish-solve.ts';
import type { GraphEdits } from './graph-edits.ts';
import { isStiff, sumsStride, unitVarianceOf } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { buildPins } from './pins.ts';
import type { SolveOptions, SolveReport } from './pose-graph.ts';
import { reviewLandmarks } from './landmark-review.ts';
import { withLandmarks } from './landmarks.ts';
import { settleWith } from './reweighted-solve.ts';
import { reviewNear } from './robust-start.ts';
import { writeReport } from './solve-report.ts';
import { beginSolve } from './solve-run.ts';
import type { Solve } from './solve-run.ts';
import { solveFactored } from './sparse-cholesky.ts';
import { withEdges } from './cholesky-pattern.ts';
import type { CholeskyPattern } from './cholesky-pattern.ts';
import type { LinkMotions, StagePoses } from './stage.ts';
import { tileSigmas } from './tile-sigma.ts';

/** What a solve without landmarks leaves to the next one of the same nodes and links. */
export interface WarmStart {
  readonly system: LinkSystem;
  readonly stage: StagePoses;
  readonly motions: LinkMotions;
  readonly pattern: CholeskyPattern;
  readonly modelErrorPx: number;
  readonly stiffErrorPx: number;
  /** Poses that the search for wrong links began with. */
  readonly start: Float64Array;
  /** Poses at which the links were judged, before pins and the model's own adjustment. */
  readonly poses: Float64Array;
  /** [links] `unjudged` where they were left out, else what they were found to be. */
  readonly judged: Uint8Array;
  /** Links that differ by less from the poses agree, px; null where none was found wrong. */
  readonly tolerancePx: number | null;
  /** Where the solve came to rest; null with pins or without links. */
  readonly settled: Settled | null;
}

/** Values of `WarmStart.judged`. */
export const unjudged = 0;
export const believed = 1;
export const refused = 2;

/** Of stiff models, so many links are taken out of the equations' factor; for more it is made anew. */
const mostLinksTakenOut = 3;

/**
 * Solves again under edits: wrong links are looked for only among those near landmarks and the links that are left out.
 *
 * @returns null when a link counts that was never judged, or landmarks change much: it takes a cold solve.
 */
export async function solveWarm(
  warm: WarmStart,
  edits: GraphEdits,
  options: SolveOptions,
  ctx: RunContext,
): Promise<SolveReport | null> {
  const { judged, poses: agreed } = warm;
  const solve = takeUp(warm, edits, options, ctx);
  const { system, active } = solve;
  const isNew = (l: number): boolean => system.excluded[l] === 0 && system.sums[sumsStride * l] > 0;
  if (judged.some((value, l) => value === unjudged && isNew(l))) return null;
  const lost: number[] = [];
  for (let l = 0; l < judged.length; l++) if (judged[l] === believed && system.excluded[l] === 1) lost.push(l);
  const poses = agreed.slice();
  const isMoved = lost.length > 0 && (await reviewNear(solve, warm.tolerancePx, poses, warm.start, lost));
  if (edits.manualLinks.length > 0) return solveWithLandmarks(warm, edits, solve, poses);
  if (!isMoved && warm.settled !== null && edits.pins.length === 0 && lost.length <= mostLinksTakenOut) {
    const report = await settleAgain(takeUp(warm, edits, options, ctx), warm.settled, lost);
    if (report !== null) return report;
  }
  const pins = buildPins(system, edits.pins, system.unitVariance);
  return (await finishSolve({ ...solve, trusted: active.slice(), pins }, poses)).report;
}

async function solveWithLandmarks(
  warm: WarmStart,
  edits: GraphEdits,
  solve: Solve,
  poses: Float64Array,
): Promise<SolveReport | null> {
  const { options, ctx, stage } = solve;
  const { sourceOf, ...links } = withLandmarks(solve, stage, edits.manualLinks);
  const { system, active } = links;
  const pattern = withEdges(warm.pattern, system.from, system.to, sourceOf);
  if (pattern === null || !(await reviewLandmarks(links, warm, options, ctx, poses))) return null;
  const pins = buildPins(system, edits.pins, system.unitVariance);
  const { iterations, modelErrorPx, stiffErrorPx } = solve;
  const merged = beginSolve({ ...links, options, ctx, stage, pattern, modelErrorPx, stiffErrorPx });
  return (await finishSolve({ ...merged, iterations, trusted: active.slice(), pins }, poses)).report;
}

function takeUp(warm: WarmStart, edits: GraphEdits, options: SolveOptions, ctx: RunContext): Solve {
  const { judged, stage, motions, pattern, modelErrorPx, stiffErrorPx } = warm;
  const excluded = excludedOf(warm.system, edits.excludedLinks);
  const unitVariance = unitVarianceOf({ ...warm.system, excluded });
  const active = Uint8Array.from(judged, (value, l) => (value === believed && excluded[l] === 0 ? 1 : 0));
  return beginSolve({
    modelErrorPx,
    stiffErrorPx,
    system: { ...warm.system, excluded, unitVariance },
    options,
    ctx,
    stage,
    motions,
    pattern,
    active,
  });
}

/** [links] 1 where a key says that the link is left out. */
export function excludedOf({ links }: LinkSystem, keys: ReadonlySet<string>): Uint8Array {
  if (keys.size === 0) return new Uint8Array(links.length);
  return Uint8Array.from(links, ({ pair }) => (keys.has(pairKey(pair)) ? 1 : 0));
}

/** From where a solve of a stiff model came to rest, with its factor; null when that does not carry. */
async function settleAgain(solve: Solve, settled: Settled, lost: readonly number[]): Promise<SolveReport | null> {
  const { model } = solve.options;
  if (!isStiff(model)) return null;
  const { adjustment, factor, diagonal, weights } = settled;
  const isTakenOut = lost.filter((l) => settled.active[l] !== 0);
  const inverse: Inverse | null =
    isTakenOut.length === 0
      ? { solve: (rhs) => solveFactored(factor, rhs), diagonal }
      : inverseWithout(adjustment, factor, diagonal, settled.poses, weights, isTakenOut);
  if (inverse === null) return null;
  const poses = settled.poses.slice();
  for (let l = 0; l < weights.length; l++) {
    solve.active[l] = solve.system.excluded[l] === 1 ? 0 : settled.active[l];
    solve.trusted[l] = solve.system.excluded[l] === 1 ? 0 : settled.trusted[l];
    solve.weights[l] = solve.active[l] === 0 ? 0 : weights[l];
  }
  if (!(await settleWith(solve, adjustment, inverse, poses))) return null;
  const sigma = tileSigmas(adjustment, inverse, poses, solve.weights, solve.active);
  return writeReport(solve, poses, 'converged', sigma);
}
