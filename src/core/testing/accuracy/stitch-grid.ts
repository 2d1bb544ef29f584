import { solvePoseGraph } from '../../graph/solve.ts';
import { matchPair } from '../../matching/match-pair.ts';
import type { Matcher } from '../../matching/matcher.ts';
import type { StitchOptions } from '../../options.ts';
import { solveTones } from '../../photometry/solve-tones.ts';
import { silentContext } from '../../progress.ts';
import { stitch, type StitchInput, type StitchResult, type StitchSteps } from '../../stitch.ts';
import { tileGridOf, tilesOf, type SyntheticGrid } from '../../synthesis/synthetic-grid.ts';
import type { Tile, TileId, TileReader } from '../../tiles/tile.ts';
import { memoryTileReader } from '../memory-tile-reader.ts';

/** A synthetic grid after the whole pipeline, and the pixels it was made of. */
export interface StitchedGrid {
  readonly grid: SyntheticGrid;
  readonly result: StitchResult;
  readonly reader: TileReader;
}

/** Runs the pipeline of the app and the command line on a synthetic grid: the same calls, one pair at a time. */
export async function stitchGrid(grid: SyntheticGrid, matcher: Matcher, options: StitchOptions): Promise<StitchedGrid> {
  const tiles = tilesOf(grid.plan);
  const reader = memoryTileReader(new Map(grid.tiles.map((tile) => [tile.id, [tile.raster]])));
  const steps: StitchSteps = {
    concurrency: 1,
    matchPair: (pair) =>
      matchPair(pair, tileOf(tiles, pair.a), tileOf(tiles, pair.b), { reader, matcher, now: () => 0 }, options.pair, {
        signal: silentContext.signal,
      }),
    onPair: () => undefined,
    solve: (graph, solveOptions) => solvePoseGraph(graph, solveOptions, silentContext),
    solveTones: async (links) =>
      solveTones(
        links,
        tiles.map((tile) => tile.id),
      ),
  };
  const input: StitchInput = { tiles, layout: tileGridOf(grid.plan), options, known: new Map(), excluded: new Set() };
  return { grid, reader, result: await stitch(input, steps, silentContext) };
}

function tileOf(tiles: readonly Tile[], id: TileId): Tile {
  const tile = tiles.find((each) => each.id === id);
  if (!tile) throw new RangeError(`no tile ${id}`);
  return tile;
}
