import type { Rect } from '../geometry/rect.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import type { Mosaic, Placement } from './mosaic.ts';

/** Cells of the index are this large, mosaic px: a few of them cover a tile, a few of them a composed square. */
const cellSidePx = 2048;

/**
 * Finds the placements that may touch a rectangle of the mosaic, in drawing order. `composeRegion` tests every placement
 * of the mosaic it is given; over ten thousand tiles and as many squares those tests would cost more than the pixels.
 */
export function placementIndex(mosaic: Mosaic): (rect: Rect) => Mosaic {
  const cells = new Map<string, number[]>();
  mosaic.placements.forEach((placement, index) => {
    for (const key of cellsOf(reachOf(placement))) {
      const cell = cells.get(key);
      if (cell === undefined) cells.set(key, [index]);
      else cell.push(index);
    }
  });
  return (rect) => {
    const found = new Set<number>();
    for (const key of cellsOf(rect)) for (const index of cells.get(key) ?? []) found.add(index);
    const placements = [...found].sort((p, q) => p - q).map((index) => mosaic.placements[index]);
    return { ...mosaic, placements };
  };
}

/** Where a placement can have pixels: its pixel centres grown by more than the half pixel that they cover. */
function reachOf(placement: Placement): Rect {
  const { x, y, width, height } = boundsOfPlacements([placement]);
  return { x: x - 2, y: y - 2, width: width + 4, height: height + 4 };
}

function* cellsOf({ x, y, width, height }: Rect): Generator<string> {
  const last = { column: Math.floor((x + width - 1) / cellSidePx), row: Math.floor((y + height - 1) / cellSidePx) };
  for (let row = Math.floor(y / cellSidePx); row <= last.row; row++)
    for (let column = Math.floor(x / cellSidePx); column <= last.column; column++) yield `${column},${row}`;
}
