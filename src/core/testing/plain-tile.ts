import type { Size } from '../geometry/rect.ts';
import { tileId, type Tile } from '../tiles/tile.ts';

/** A tile of one 8-bit channel in a file of its own, of which neither stage nor pixel size is known. */
export function plainTile(file: string, size: Size, more: Partial<Tile> = {}): Tile {
  return {
    id: tileId(file),
    file,
    page: 0,
    size,
    channels: 1,
    sampleType: 'uint8',
    pixelSizeNm: null,
    stage: null,
    ...more,
  };
}
