import { rasterAtLevel } from '../raster/pyramid.ts';
import { cropRaster } from '../raster/raster.ts';
import type { Raster } from '../raster/raster.ts';
import type { TileId, TileReader } from '../tiles/tile.ts';

/** A reader of tiles that lie in memory, one list of channels a tile; levels by the one box average of core. */
export function memoryTileReader(tiles: ReadonlyMap<TileId, readonly Raster[]>): TileReader {
  return {
    async read(tile, { level, region, signal }) {
      signal.throwIfAborted();
      const channels = tiles.get(tile);
      if (!channels) throw new RangeError(`no tile ${tile} in memory`);
      return channels.map((channel) => {
        const raster = rasterAtLevel(channel, level);
        return region ? cropRaster(raster, region) : raster;
      });
    },
  };
}
