/** The solver's thread: the pose graph and the tones. Numbers in, numbers out; no file, no pixel. */
import { recommendTransform } from '../src/core/diagnosis/recommend-transform.ts';
import { solveElasticGraph } from '../src/core/elastic/solve-elastic-graph.ts';
import { solvePoseGraph } from '../src/core/graph/solve.ts';
import { solveTones } from '../src/core/photometry/solve-tones.ts';
import type { SolveApi } from './api.ts';
import { serveCalls } from './remote-calls.ts';

const api: SolveApi = {
  solve: ({ graph, options }, context) => solvePoseGraph(graph, options, context),
  solveElastic: ({ graph, start, refined }, context) => solveElasticGraph(graph, start, refined, context),
  recommend: ({ graph, refined, options }, context) => recommendTransform(graph, refined, options, context),
  solveTones: async (links) => {
    const tiles = new Set(links.flatMap((link) => [link.pair.a, link.pair.b]));
    return solveTones(links, [...tiles]);
  },
};

serveCalls<SolveApi>(api, self);
