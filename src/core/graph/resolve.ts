import type { RunContext } from '../progress.ts';
import type { GraphEdits } from './graph-edits.ts';
import type { PoseGraph, SolveOptions, SolveReport } from './pose-graph.ts';
import { solvePoseGraph } from './solve.ts';

/** A solved graph and what the solver keeps of it, so that an edit costs a fraction of a solve. */
export interface SolvedGraph {
  readonly report: SolveReport;
  readonly memory: SolveMemory;
}

/** Opaque to callers; stays on the thread that solved. */
export interface SolveMemory {
  readonly graph: PoseGraph;
  readonly options: SolveOptions;
}

/**
 * `solvePoseGraph` that can be taken up again. `graph` holds every link, those of `graph.edits.excludedLinks` included:
 * what can be restored must be there.
 *
 * @throws as `solvePoseGraph`.
 */
export async function solveForEdits(graph: PoseGraph, options: SolveOptions, ctx: RunContext): Promise<SolvedGraph> {
  return { report: await solvePoseGraph(graph, options, ctx), memory: { graph, options } };
}

/**
 * Solves again after edits: the same answer as `solveForEdits({ ...graph, edits })`. `edits` replaces the former edits
 * whole. `solved` stays as it is, so that an edit can be undone by going back to it.
 *
 * @throws as `solvePoseGraph`.
 */
export function resolvePoseGraph(solved: SolvedGraph, edits: GraphEdits, ctx: RunContext): Promise<SolvedGraph> {
  const { graph, options } = solved.memory;
  return solveForEdits({ ...graph, edits }, options, ctx);
}
