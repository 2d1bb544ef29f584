import { StitchError } from '../src/core/errors.ts';
import { boundedTileReader } from '../src/core/mosaic/bounded-reader.ts';
import { cachedTileReader, matchingCacheBytes, type CachedTileReader } from '../src/core/mosaic/tile-cache.ts';
import type { RunContext } from '../src/core/progress.ts';
import type { Tile } from '../src/core/tiles/tile.ts';
import type { ByteSource } from '../src/formats/image-file.ts';
import { inspectFiles, type Inspection } from '../src/formats/inspect.ts';
import { projectTileReader } from '../src/formats/project-reader.ts';
import { listFolder } from './node-files.ts';

/** A folder of tiles, headers read. */
export interface OpenFolder {
  readonly inspection: Inspection;
  readonly sources: readonly ByteSource[];
  readonly reader: CachedTileReader;
}

/**
 * Lists and inspects a folder.
 * @throws StitchError `no-tiles` when nothing in it is an image, with the first file's problem.
 */
export async function openFolder(folder: string, context: RunContext): Promise<OpenFolder> {
  const sources = await listFolder(folder);
  if (sources.length === 0)
    throw new StitchError('no-tiles', `${folder} is empty; name the folder that holds the tiles.`, { file: folder });
  const inspection = await inspectFiles(sources, context);
  if (inspection.tiles.length === 0)
    throw new StitchError(
      'no-tiles',
      `${folder} holds no image that can be read. ${inspection.problems[0]?.message ?? 'Name the folder of the tiles.'}`,
      { file: folder },
    );
  return { inspection, sources, reader: tileReaderOf(sources, inspection.tiles) };
}

/** A cached reader of the given tiles. */
export function tileReaderOf(sources: readonly ByteSource[], tiles: readonly Tile[]): CachedTileReader {
  const byName = new Map(sources.map((source) => [source.name, source]));
  const files = tiles.flatMap((tile) => {
    const source = byName.get(tile.file);
    return source ? [{ tile, source }] : [];
  });
  return cachedTileReader(boundedTileReader(projectTileReader(files)), matchingCacheBytes(tiles));
}
