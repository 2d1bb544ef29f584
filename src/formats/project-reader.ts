import { StitchError } from '../core/errors.ts';
import type { Tile, TileId, TileReader } from '../core/tiles/tile.ts';
import type { ByteSource, ImageFile } from './image-file.ts';
import { openImage } from './index.ts';

/** A tile and the bytes it is in. */
export interface TileFile {
  readonly tile: Tile;
  readonly source: ByteSource;
}

/**
 * Reads tiles straight from their files, level 0 only; `cachedTileReader` adds levels and a byte budget.
 * A file's headers are parsed once, on first use; a failed opening is tried again at the next read.
 */
export function projectTileReader(files: readonly TileFile[]): TileReader {
  const byId = new Map<TileId, TileFile>(files.map((entry) => [entry.tile.id, entry]));
  const opened = new Map<string, Promise<ImageFile>>();

  const open = (source: ByteSource): Promise<ImageFile> => {
    const found = opened.get(source.name);
    if (found) return found;
    const opening = openImage(source);
    opened.set(source.name, opening);
    opening.catch(() => opened.delete(source.name));
    return opening;
  };

  return {
    async read(id, { level, region, signal }) {
      if (level !== 0) throw new RangeError(`level ${level} of ${id}: this reader reads full resolution only`);
      const entry = byId.get(id);
      if (!entry)
        throw new StitchError('unreadable-file', `${id} is not in the project any more; drop its folder again.`, {
          file: id,
        });
      signal.throwIfAborted();
      const image = await open(entry.source);
      return image.readRegion(entry.tile.page, region, signal);
    },
  };
}
