import { StitchError } from '../errors.ts';
import type { RunContext } from '../progress.ts';
import { analysePattern, withEdges } from './cholesky-pattern.ts';
import { finishSolve } from './finish-solve.ts';
import { noEdits } from './graph-edits.ts';
import type { GraphEdits } from './graph-edits.ts';
import { withLandmarks } from './landmarks.ts';
import type { SolveLinks } from './landmarks.ts';
import { asStiff, buildLinkSystem, poseStride, sumsStride, unitVarianceOf } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { modelErrorOf } from './model-error.ts';
import { buildPins } from './pins.ts';
import type { Pins } from './pins.ts';
import type { PoseGraph, SolveOptions, SolveReport } from './pose-graph.ts';
import { judgeLinks } from './robust-start.ts';
import { beginSolve } from './solve-run.ts';
import type { Solve } from './solve-run.ts';
import { fitStageMap, initialPoses, linkMotions, stagePoses } from './stage.ts';
import type { LinkMotions, StagePoses } from './stage.ts';
import { believed, excludedOf, refused, solveWarm, unjudged } from './warm-start.ts';
import type { WarmStart } from './warm-start.ts';

/**
 * Global adjustment: the poses that minimise, over all inliers p (in a), q (in b) of all links,
 *
 *   Σ_l w_l Σ |m_a(p) − m_b(q)|²,   m = mosaicFromTile,  px
 *
 * with w_l from a Geman–McClure loss on the link's misfit (graduated), worst links removed, tiles without links placed by
 * the stage relative to their solved neighbours. The gauge is that of the layout: mean position and mean rotation of the
 * largest component are the stage's, and the mean linear part is a rotation; a component with pins lies where they say.
 * The result does not depend on the order of nodes and links.
 *
 * @throws StitchError `numerical-failure` naming the pair or tile; an abort is rethrown.
 * @throws RangeError when an edit names a tile that is no node, or states no sigma.
 */
export async function solvePoseGraph(graph: PoseGraph, options: SolveOptions, ctx: RunContext): Promise<SolveReport> {
  return (await solveFrom(graph, options, ctx, null)).report;
}

/**
 * `solvePoseGraph`, from where a former solve of the same nodes and links left off when it is given. `warm` of the result is
 * what the next one can start from: the former's where it served, or where landmarks leave nothing to start from.
 */
export async function solveFrom(
  graph: PoseGraph,
  options: SolveOptions,
  ctx: RunContext,
  warm: WarmStart | null,
): Promise<{ readonly report: SolveReport; readonly warm: WarmStart | null }> {
  if (!(options.robustScalePx > 0))
    throw new StitchError('bad-options', `robustScalePx must be above 0, not ${options.robustScalePx}.`);
  const edits = graph.edits ?? noEdits;
  let former = warm;
  // Links are judged without landmarks first, as they are where landmarks are set later.
  if (former === null && edits.manualLinks.length > 0)
    former = (await judge({ ...graph, edits: { ...edits, manualLinks: [] } }, options, ctx, null)).kept;
  if (former !== null) {
    const report = await solveWarm(former, edits, options, ctx);
    if (report !== null) return { report, warm: former };
  }
  const { kept, solve, pins } = await judge(graph, options, ctx, former);
  const { report, settled } = await finishSolve({ ...solve, pins }, kept.poses.slice());
  if (edits.manualLinks.length > 0) return { report, warm: former };
  return { report, warm: { ...kept, settled: edits.pins.length === 0 ? settled : null } };
}

/** Links that have been judged. */
interface Judged {
  readonly kept: WarmStart;
  readonly solve: Solve;
  readonly pins: Pins;
}

/**
 * Tells the right links of a graph from the wrong ones in a search from the beginning.
 *
 * @param former a solve of the same nodes and links: what no edit can change is taken over from it.
 */
async function judge(
  graph: PoseGraph,
  options: SolveOptions,
  ctx: RunContext,
  former: WarmStart | null,
): Promise<Judged> {
  const edits = graph.edits ?? noEdits;
  const measured = former === null ? measuredLinks(graph, options, edits) : measuredAgain(former, edits);
  const { stage, modelErrorPx, stiffErrorPx } = measured;
  const { system, motions, active, sourceOf } =
    edits.manualLinks.length === 0
      ? { ...measured, sourceOf: measured.system.from.map((_, l) => l) }
      : withLandmarks(measured, stage, edits.manualLinks);
  const { from, to } = system;
  const pins = buildPins(system, edits.pins, system.unitVariance);
  const poses = former === null ? startPoses(measured.system, stage, measured.motions) : former.start.slice();
  const pattern =
    (former === null ? null : withEdges(former.pattern, from, to, sourceOf)) ??
    analysePattern(from, to, coordinates(poses, 0), coordinates(poses, 1));
  const solve = beginSolve({ modelErrorPx, stiffErrorPx, system, options, ctx, stage, motions, pattern, active });
  const start = poses.slice();
  const counted = active.slice();
  const tolerancePx = await judgeLinks(solve, poses);
  const judged = active.map((on, l) => (counted[l] === 0 ? unjudged : on === 0 ? refused : believed));
  const found = { start, judged, tolerancePx, poses, settled: null };
  return { kept: { system, stage, motions, pattern, modelErrorPx, stiffErrorPx, ...found }, solve, pins };
}

/** What is known of a graph before its links are judged, landmarks aside. */
interface MeasuredLinks extends SolveLinks {
  readonly stage: StagePoses;
  readonly modelErrorPx: number;
  readonly stiffErrorPx: number;
}

function measuredLinks(graph: PoseGraph, { model }: SolveOptions, edits: GraphEdits): MeasuredLinks {
  const system = buildLinkSystem(graph.nodes, graph.links, model, edits);
  const stage = stagePoses(system);
  const motions = linkMotions(system, stage, model !== 'translation');
  const active = countingLinks(system);
  return { system, stage, motions, active, ...modelErrors(system, motions, active) };
}

function measuredAgain(former: WarmStart, edits: GraphEdits): MeasuredLinks {
  const { stage, motions, modelErrorPx, stiffErrorPx } = former;
  const excluded = excludedOf(former.system, edits.excludedLinks);
  const system = { ...former.system, excluded, unitVariance: unitVarianceOf({ ...former.system, excluded }) };
  const active = countingLinks(system);
  return { system, stage, motions, active, modelErrorPx, stiffErrorPx };
}

function countingLinks({ links, excluded, sums }: LinkSystem): Uint8Array {
  return Uint8Array.from(links, (_, l) => (excluded[l] === 0 && sums[sumsStride * l] > 0 ? 1 : 0));
}

/** `modelErrorOf` under the model and under the stiff one that tells right links from wrong ones. */
function modelErrors(system: LinkSystem, motions: LinkMotions, active: Uint8Array) {
  const modelErrorPx = modelErrorOf(system, motions, active);
  const stiff = asStiff(system);
  return { modelErrorPx, stiffErrorPx: stiff === system ? modelErrorPx : modelErrorOf(stiff, motions, active) };
}

function startPoses(system: LinkSystem, stage: StagePoses, motions: LinkMotions): Float64Array {
  return initialPoses(system, stage, fitStageMap(system, stage, motions), motions);
}

function coordinates(poses: Float64Array, axis: 0 | 1): Float64Array {
  return Float64Array.from({ length: poses.length / poseStride }, (_, i) => poses[poseStride * i + axis]);
}
