import { StitchError } from '../errors.ts';
import type { CancelSignal, RunContext } from '../progress.ts';
import { levelForScale } from '../raster/pyramid.ts';
import { lumaOf, type FloatRaster } from '../raster/raster.ts';
import { downsample, toFloatRaster } from '../raster/resample.ts';
import type { Tile, TileId, TileReader } from './tile.ts';

/** Long side of the thumbnails that layouts are ranked by, px. */
export const thumbnailSide = 256;

/**
 * The whole tile as luma, box-averaged so that its long side is at most `maxSide` px.
 * @throws what the reader throws.
 */
export async function thumbnailOf(
  tile: Tile,
  reader: TileReader,
  signal: CancelSignal,
  maxSide: number = thumbnailSide,
): Promise<FloatRaster> {
  const scale = Math.min(1, maxSide / Math.max(tile.size.width, tile.size.height));
  const level = levelForScale(scale);
  const luma = lumaOf(await reader.read(tile.id, { level, signal }));
  const rest = Math.min(1, scale * 2 ** level);
  return rest < 1 ? downsample(luma, rest) : toFloatRaster(luma);
}

/** Thumbnails of all tiles that can be read; one that cannot is left out, and named when it is matched. */
export async function thumbnailsOf(
  tiles: readonly Tile[],
  reader: TileReader,
  context: RunContext,
): Promise<ReadonlyMap<TileId, FloatRaster>> {
  const found = new Map<TileId, FloatRaster>();
  let done = 0;
  for (const tile of tiles) {
    context.signal.throwIfAborted();
    try {
      found.set(tile.id, await thumbnailOf(tile, reader, context.signal));
    } catch (error) {
      if (!(error instanceof StitchError)) throw error;
    }
    context.onProgress({ stage: 'layout', done: ++done, total: tiles.length, note: tile.file });
    await context.yieldNow();
  }
  return found;
}
