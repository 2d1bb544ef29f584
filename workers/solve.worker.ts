/** The solver's thread: the pose graph and the tones. Numbers in, numbers out; no file, no pixel. */
import { recommendTransform } from '../src/core/diagnosis/recommend-transform.ts';
import { solveElasticGraph } from '../src/core/elastic/solve-elastic-graph.ts';
import { resolvePoseGraph, solveForEdits } from '../src/core/graph/resolve.ts';
import type { SolvedGraph } from '../src/core/graph/resolve.ts';
import { solvePoseGraph } from '../src/core/graph/solve.ts';
import { solveTones } from '../src/core/photometry/solve-tones.ts';
import type { SolveApi } from './api.ts';
import { serveCalls } from './remote-calls.ts';

/** The graph that edits are solved on; it stays on this thread. */
let kept: SolvedGraph | null = null;

const api: SolveApi = {
  solve: ({ graph, options }, context) => solvePoseGraph(graph, options, context),
  solveForEdits: async ({ graph, options }, context) => {
    kept = null;
    kept = await solveForEdits(graph, options, context);
    return kept.report;
  },
  resolveEdits: async (edits, context) => {
    if (kept === null) return null;
    kept = await resolvePoseGraph(kept, edits, context);
    return kept.report;
  },
  solveElastic: ({ graph, start, refined }, context) => solveElasticGraph(graph, start, refined, context),
  recommend: ({ graph, refined, options }, context) => recommendTransform(graph, refined, options, context),
  solveTones: async (links) => {
    const tiles = new Set(links.flatMap((link) => [link.pair.a, link.pair.b]));
    return solveTones(links, [...tiles]);
  },
};

serveCalls<SolveApi>(api, self);
