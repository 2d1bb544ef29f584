import { loopClosures, overlapFlow } from '../src/core/evaluation/overlap-flow.ts';
import { medianOf, quantileOf } from '../src/core/evaluation/statistics.ts';
import { composeAffine, invertAffine } from '../src/core/geometry/affine2.ts';
import { solvePoseGraph } from '../src/core/graph/solve.ts';
import type { Link, PairResult } from '../src/core/matching/link.ts';
import { matchPair } from '../src/core/matching/match-pair.ts';
import type { Matcher } from '../src/core/matching/matcher.ts';
import { defaultStitchOptions } from '../src/core/options.ts';
import type { RunContext } from '../src/core/progress.ts';
import { lumaOf } from '../src/core/raster/raster.ts';
import { stitch } from '../src/core/stitch.ts';
import type { Layout, Tile, TileId, TileReader } from '../src/core/tiles/tile.ts';
import { fileIdentity } from '../src/formats/file-identity.ts';
import { chooseLayout } from './layout-options.ts';
import { openFolder } from './open-folder.ts';

/** A real grid, of which no truth is known, under one matcher: what its own pixels say after the affine solve. */
export interface RealGridRecord {
  readonly tiles: number;
  readonly solvedTiles: number;
  readonly pairs: number;
  readonly links: number;
  /** Links that the solver removed. */
  readonly removed: number;
  /** Median over pairs, ms. */
  readonly matchMs: number;
  /** Residual of every 2×2 cycle before the solve, px. */
  readonly loopClosuresPx: readonly number[];
  /** Blocks of 64 px with texture in the overlaps of solved neighbours. */
  readonly blocks: number;
  /** Blocks that correlate to 0.5 nowhere within 8 px. */
  readonly unmatchedBlocks: number;
  readonly shiftMedianPx: number;
  readonly shiftP90Px: number;
  readonly correlationMedian: number;
}

/** A folder of tiles without truth, read once for all matchers. */
export interface RealGrid {
  readonly folder: string;
  /** Identities of the files, for the cache. */
  readonly identity: readonly string[];
  readonly tiles: readonly Tile[];
  readonly layout: Layout;
  readonly reader: TileReader;
}

/**
 * Opens a folder of tiles as `stitch` does.
 * @throws StitchError `no-tiles`, `layout-unknown`
 */
export async function openRealGrid(folder: string, context: RunContext): Promise<RealGrid> {
  const { inspection, sources, reader } = await openFolder(folder, context);
  const { layout } = await chooseLayout(inspection, reader, {}, context);
  const identity = await Promise.all(sources.map((source) => fileIdentity(source)));
  return { folder, identity, tiles: inspection.tiles, layout, reader };
}

/** Stitches a real grid with the default options and measures overlap flow, correlation and loop closure. */
export async function evaluateRealGrid(
  { tiles, layout, reader }: RealGrid,
  matcher: Matcher,
  context: RunContext,
): Promise<RealGridRecord> {
  const byId = new Map(tiles.map((tile) => [tile.id, tile]));
  const tileOf = (id: TileId): Tile => {
    const tile = byId.get(id);
    if (!tile) throw new RangeError(`no tile ${id}`);
    return tile;
  };
  for (const tile of tiles) await reader.read(tile.id, { level: 0, signal: context.signal });
  const options = defaultStitchOptions;
  const times: number[] = [];
  const { pairs, report } = await stitch(
    { tiles, layout, options, known: new Map(), excluded: new Set() },
    {
      concurrency: 1,
      matchPair: async (pair) => {
        const start = performance.now();
        const steps = { reader, matcher, now: () => performance.now() };
        const result = await matchPair(pair, tileOf(pair.a), tileOf(pair.b), steps, options.pair, context);
        times.push(performance.now() - start);
        return result;
      },
      onPair: () => undefined,
      solve: (graph, solveOptions) => solvePoseGraph(graph, solveOptions, context),
      solveTones: async () => new Map(),
    },
    context,
  );
  const links = pairs.filter((pair): pair is Link => pair.kind === 'link');
  const blocks = [];
  for (const { pair } of pairs) {
    const [poseA, poseB] = [report.mosaicFromTile.get(pair.a), report.mosaicFromTile.get(pair.b)];
    const areSolved = report.state.get(pair.a) === 'solved' && report.state.get(pair.b) === 'solved';
    if (!poseA || !poseB || !areSolved) continue;
    const read = async (id: TileId) => lumaOf(await reader.read(id, { level: 0, signal: context.signal }));
    blocks.push(...overlapFlow(await read(pair.a), await read(pair.b), composeAffine(invertAffine(poseA), poseB)));
  }
  const shifts = blocks.flatMap(({ shiftPx }) => (shiftPx === null ? [] : [shiftPx]));
  return {
    tiles: tiles.length,
    solvedTiles: [...report.state.values()].filter((state) => state === 'solved').length,
    ...linkCounts(pairs),
    removed: report.edges.filter((edge) => edge.removed).length,
    matchMs: medianOf(times),
    loopClosuresPx: layout.kind === 'grid' ? loopClosures(layout, links, (id) => tileOf(id).size) : [],
    blocks: blocks.length,
    unmatchedBlocks: blocks.length - shifts.length,
    shiftMedianPx: medianOf(shifts),
    shiftP90Px: quantileOf(shifts, 0.9),
    correlationMedian: medianOf(blocks.map(({ correlation }) => correlation)),
  };
}

function linkCounts(pairs: readonly PairResult[]): { readonly pairs: number; readonly links: number } {
  return { pairs: pairs.length, links: pairs.filter((pair) => pair.kind === 'link').length };
}
