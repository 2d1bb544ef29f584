import { basename, join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import {
  evaluateGrid,
  type DirectAlignment,
  type EvaluationChoice,
  type GridRecord,
} from '../src/core/evaluation/evaluate-grid.ts';
import type { EvaluatedTile } from '../src/core/evaluation/evaluate-pair.ts';
import { alignOverlap } from '../src/core/matching/align-overlap.ts';
import type { Matcher } from '../src/core/matching/matcher.ts';
import { cachedTileReader } from '../src/core/mosaic/tile-cache.ts';
import type { RunContext } from '../src/core/progress.ts';
import { lumaOf, type Raster } from '../src/core/raster/raster.ts';
import { tileId, type Tile, type TileGrid, type TileId } from '../src/core/tiles/tile.ts';
import { openImage } from '../src/formats/index.ts';
import { inspectFiles } from '../src/formats/inspect.ts';
import { projectTileReader } from '../src/formats/project-reader.ts';
import { CommandError } from './arguments.ts';
import type { TruthGrid } from './evaluate-truth.ts';
import { fileSource } from './node-files.ts';

/** Decoded tiles of one grid kept in memory: 64 tiles of 1024² and more. */
const tileCacheBytes = 192 * 2 ** 20;

function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const alignDirectly: DirectAlignment = (a, b, aFromB, model) => alignOverlap(a, b, aFromB, model)?.aFromB ?? null;

/**
 * Reads the tiles of one grid of a folder, each file once, and evaluates a matcher on it.
 * @param sourcePath the picture that the grid was cut from, to compare its mosaic with; null when it is not at hand.
 * @throws CommandError when a file is absent, unreadable or of another size than the truth says; what a step throws.
 */
export async function evaluateFolderGrid(
  folder: string,
  grid: TruthGrid,
  matcher: Matcher,
  choice: EvaluationChoice,
  sourcePath: string | null,
  context: RunContext,
): Promise<GridRecord> {
  const sources = await Promise.all(grid.tiles.map(({ file }) => fileSource(join(folder, file), file)));
  const inspection = await inspectFiles(sources, { ...context, onProgress: () => undefined });
  const byFile = new Map(inspection.tiles.map((tile) => [tile.file, tile]));
  const tiles: Tile[] = [];
  const files = grid.tiles.map((truth, k) => {
    const tile = byFile.get(truth.file);
    const problem = inspection.problems.find(({ file }) => file === truth.file);
    if (!tile) throw new CommandError(`${join(folder, truth.file)}: ${problem?.message ?? 'no image'}`);
    const { width, height } = tile.size;
    if (width !== truth.size.width || height !== truth.size.height)
      throw new CommandError(`${truth.file} has ${width} × ${height} px, which truth.json does not say`);
    tiles.push(tile);
    return { tile, source: sources[k] };
  });
  const reader = cachedTileReader(projectTileReader(files), tileCacheBytes);
  const { model, hasOverlap } = grid;
  const source = sourcePath && choice.mosaics ? await readLuma(sourcePath, context) : null;
  const subject = { tiles, layout: layoutOf(grid), truth: truthOf(grid), model, hasOverlap, reader, source };
  const steps = { matcher, now: () => performance.now(), cpuNow: isMainThread ? cpuNow : null, alignDirectly };
  return evaluateGrid(subject, choice, steps, context);
}

async function readLuma(path: string, { signal }: RunContext): Promise<Raster> {
  const image = await openImage(await fileSource(path, basename(path)));
  return lumaOf(await image.readRegion(0, undefined, signal));
}

/** What a microscope would report: cells and the nominal overlap; the true poses are its stage errors. */
function layoutOf({ rows, columns, overlap, tiles }: TruthGrid): TileGrid {
  const cells = new Map(tiles.map(({ file, row, column }) => [tileId(file), { row, column }]));
  return { kind: 'grid', rows, columns, cells, overlap };
}

function truthOf({ tiles }: TruthGrid): ReadonlyMap<TileId, EvaluatedTile> {
  return new Map(tiles.map((tile) => [tileId(tile.file), tile]));
}
