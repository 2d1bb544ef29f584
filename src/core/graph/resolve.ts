import type { RunContext } from '../progress.ts';
import { noEdits } from './graph-edits.ts';
import type { GraphEdits } from './graph-edits.ts';
import type { PoseGraph, SolveOptions, SolveReport } from './pose-graph.ts';
import { solveFrom } from './solve.ts';
import type { WarmStart } from './warm-start.ts';

/** A solved graph and what the solver keeps of it, so that an edit costs a fraction of a solve. */
export interface SolvedGraph {
  readonly report: SolveReport;
  readonly memory: SolveMemory;
}

/** Opaque to callers; stays on the thread that solved. */
export interface SolveMemory {
  readonly graph: PoseGraph;
  readonly options: SolveOptions;
  /** Where the links of the graph were last told right from wrong; null where that is not known. */
  readonly warm: WarmStart | null;
}

/**
 * `solvePoseGraph` that can be taken up again. `graph` holds every link, those of `graph.edits.excludedLinks` included:
 * what can be restored must be there.
 *
 * @throws as `solvePoseGraph`.
 */
export async function solveForEdits(graph: PoseGraph, options: SolveOptions, ctx: RunContext): Promise<SolvedGraph> {
  const { report, warm } = await solveFrom(graph, options, ctx, null);
  return { report, memory: { graph, options, warm } };
}

/**
 * Solves again after edits: the same answer as `solveForEdits({ ...graph, edits })`. `edits` replaces the former edits
 * whole. `solved` stays as it is, so that an edit can be undone by going back to it. What a link was judged to be stands
 * but near landmarks and links that are left out; edits that say the same change nothing; where landmarks change much, or a
 * link comes back that was never judged, the solve is cold.
 *
 * @throws as `solvePoseGraph`.
 */
export async function resolvePoseGraph(solved: SolvedGraph, edits: GraphEdits, ctx: RunContext): Promise<SolvedGraph> {
  const { graph, options, warm: former } = solved.memory;
  if (isSame(graph.edits ?? noEdits, edits)) return solved;
  const edited = { ...graph, edits };
  const { report, warm } = await solveFrom(edited, options, ctx, former);
  return { report, memory: { graph: edited, options, warm } };
}

function isSame(one: GraphEdits, other: GraphEdits): boolean {
  const said = ({ excludedLinks, pins, manualLinks }: GraphEdits): string =>
    JSON.stringify([[...excludedLinks].sort(), pins, manualLinks]);
  return said(one) === said(other);
}
