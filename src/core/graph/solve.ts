import { StitchError } from '../errors.ts';
import type { RunContext } from '../progress.ts';
import { connectedComponents } from './components.ts';
import { typicalClosure } from './loops.ts';
import { noEdits } from './graph-edits.ts';
import { buildLinkSystem, poseStride, sumsStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { buildPins, moveToPins, noPins } from './pins.ts';
import type { PoseGraph, SolveOptions, SolveReport } from './pose-graph.ts';
import { adjust, firstLinearSigma } from './reweighted-solve.ts';
import { graduate, separateWrongLinks } from './robust-start.ts';
import { writeReport } from './solve-report.ts';
import type { Solve } from './solve-run.ts';
import { analysePattern } from './cholesky-pattern.ts';
import type { CholeskyPattern } from './cholesky-pattern.ts';
import { fitStageMap, initialPoses, linkMotions, stagePoses } from './stage.ts';
import type { LinkMotions, StagePoses } from './stage.ts';
import { tileSigmas } from './tile-sigma.ts';

/** Share of a loop's closure error that falls to one of its links once it is spread over all. */
const closureShare = 0.5;

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

/** What a solve whose links all agreed leaves to the next one of the same graph. */
export interface WarmStart {
  /** Poses at which the links were found to agree, before pins and the model's own adjustment. */
  readonly poses: Float64Array;
  readonly modelErrorPx: number;
  /** Of the graph's own links, without landmarks. */
  readonly pattern: CholeskyPattern;
  /** [links] 1 for those that agreed; 0 for those that were left out. */
  readonly judged: Uint8Array;
}

/**
 * `solvePoseGraph` from where a former solve of the same nodes and links found them to agree: nothing is searched for
 * again. `warm` of the result is null where links were refused: an edit may then speak for or against any of them.
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
  const system = buildLinkSystem(graph.nodes, graph.links, options.model, edits);
  const { from, to, sums, excluded, links } = system;
  const pins = buildPins(system, edits.pins, system.unitVariance);
  const active = Uint8Array.from(links, (_, l) => (excluded[l] === 0 && sums[sumsStride * l] > 0 ? 1 : 0));
  const stage = stagePoses(system);
  const motions = linkMotions(system, stage, options.model !== 'translation');
  // Landmarks are links of their own: what was kept of the measured ones does not fit beside them.
  const kept = warm !== null && warm.judged.length === links.length && !system.manual.includes(1) ? warm : null;
  const isJudged = kept !== null && active.every((on, l) => on === 0 || kept.judged[l] === 1);
  const poses = warm !== null && isJudged ? warm.poses.slice() : startPoses(system, stage, motions);
  const solve: Solve = {
    modelErrorPx: kept?.modelErrorPx ?? closureShare * typicalClosure(system, motions, active),
    system,
    options,
    ctx,
    stage,
    motions,
    pattern: kept?.pattern ?? analysePattern(from, to, coordinates(poses, 0), coordinates(poses, 1)),
    active,
    weights: Float64Array.from(active),
    trusted: active.slice(),
    pins: noPins,
    iterations: 0,
    linearSigma: firstLinearSigma,
  };
  if (active.includes(1) && !isJudged) {
    const start = poses.slice();
    await graduate(solve, poses);
    if (options.removal !== null) await separateWrongLinks(solve, poses, start);
  }
  const agreed: WarmStart = {
    poses: poses.slice(),
    modelErrorPx: solve.modelErrorPx,
    pattern: solve.pattern,
    judged: active.slice(),
  };
  const pinned = { ...solve, pins };
  const { label } = connectedComponents(system.nodes.length, from, to, active);
  moveToPins(system, pins, label, poses, options.model !== 'translation');
  if (!active.includes(1)) return { report: writeReport(pinned, poses, 'no-links', null), warm: null };
  const { adjustment, factor, converged } = await adjust(pinned, poses);
  const sigma = tileSigmas(adjustment, factor, poses, solve.weights, active);
  const report = writeReport(pinned, poses, converged ? 'converged' : 'max-iterations', sigma);
  const isClean = !report.edges.some((edge) => edge.removed && edge.excluded !== true);
  return { report, warm: isClean && !system.manual.includes(1) ? agreed : null };
}

function startPoses(system: LinkSystem, stage: StagePoses, motions: LinkMotions): Float64Array {
  return initialPoses(system, stage, fitStageMap(system, stage, motions), motions);
}

function coordinates(poses: Float64Array, axis: 0 | 1): Float64Array {
  return Float64Array.from({ length: poses.length / poseStride }, (_, i) => poses[poseStride * i + axis]);
}
