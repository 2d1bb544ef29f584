import { describe, expect, it } from 'vitest';
import { silentContext } from '../progress.ts';
import { cornerErrors, makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import type { SyntheticGraph } from '../testing/synthetic-graph.ts';
import type { TileId } from '../tiles/tile.ts';
import { defaultSolveOptions } from './pose-graph.ts';
import type { SolveReport } from './pose-graph.ts';
import { solvePoseGraph } from './solve.ts';

const size = { width: 1000, height: 800 };
const rigid = { ...defaultSolveOptions, model: 'rigid' } as const;

/** A mosaic of 32 × 32 tiles with three wrong links in ten, half of them a period off. */
function spoiltMosaic(seed: number): SyntheticGraph {
  return makeSyntheticGraph({
    ...size,
    rows: 32,
    columns: 32,
    linkSigmaPx: 0.1,
    linkSigmaRad: (0.01 * Math.PI) / 180,
    wrongFraction: 0.3,
    periodPx: 80,
    seed,
  });
}

/** Solved tiles more than 1 px off the truth. */
function tilesOff({ truth }: SyntheticGraph, report: SolveReport, solved: ReadonlySet<TileId>): readonly TileId[] {
  const ids = [...truth.keys()];
  const errors = cornerErrors(report.mosaicFromTile, truth, ids, size, 'rigid');
  return ids.filter((id, i) => solved.has(id) && errors[i] > 1);
}

/** Share of the tiles with two right links and more that are solved. */
function solvedShare({ graph, wrong }: SyntheticGraph, solved: ReadonlySet<TileId>): number {
  const count = new Map<TileId, number>();
  graph.links.forEach(({ pair }, l) => {
    if (!wrong[l]) for (const id of [pair.a, pair.b]) count.set(id, (count.get(id) ?? 0) + 1);
  });
  const held = [...count].filter(([, links]) => links >= 2).map(([id]) => id);
  return held.filter((id) => solved.has(id)).length / held.length;
}

describe('a mosaic with three wrong links in ten', () => {
  // Before parts of islands were reviewed, and loops by their length, 98.4, 97.8 and 98.5 % were solved.
  it.each([2, 6, 9])(
    'keeps its islands, and no tile follows a wrong link (seed %i)',
    async (seed) => {
      const synthetic = spoiltMosaic(seed);
      const { graph, wrong } = synthetic;
      const report = await solvePoseGraph(graph, rigid, silentContext);
      const solved = new Set([...report.state].flatMap(([id, state]) => (state === 'solved' ? [id] : [])));
      expect(solvedShare(synthetic, solved)).toBeGreaterThan(0.994);
      // What noise leaves: the same tiles are off when only the right ones of the links that were kept are there.
      const links = graph.links.filter((_, l) => !wrong[l] && !report.edges[l].removed);
      const noise = await solvePoseGraph({ ...graph, links }, rigid, silentContext);
      const offByNoise = new Set(tilesOff(synthetic, noise, solved));
      expect(tilesOff(synthetic, report, solved).filter((id) => !offByNoise.has(id))).toEqual([]);
    },
    20_000,
  );
});
