import { applyAffine } from '../geometry/affine2.ts';
import { growRect, intersectRects, type Rect } from '../geometry/rect.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import type { ComposeOptions, Mosaic, Placement } from './mosaic.ts';
import type { TileWarp } from './tile-warp.ts';
import { warpOf } from './warp.ts';

/** Marks of a region's pixels: 0 nothing, 1 a seam. */
export interface SeamMask {
  readonly width: number;
  readonly height: number;
  readonly marks: Uint8Array;
}

/** No tile at all. */
const nobody = -1;

/**
 * Where the tile that has the most say changes: the topmost under `overlay`, the nearest centre else. Both pixels at a
 * change are marked. The region is sampled as `composeRegion` does; no pixel is read.
 */
export function seamMask(
  mosaic: Pick<Mosaic, 'placements'>,
  region: { readonly rect: Rect; readonly scale: number },
  blend: ComposeOptions['blend'],
): SeamMask {
  const width = Math.max(1, Math.round(region.rect.width * region.scale));
  const height = Math.max(1, Math.round(region.rect.height * region.scale));
  const xs = Float64Array.from({ length: width + 1 }, (_, i) => region.rect.x + (i + 0.5) / region.scale - 0.5);
  const span = {
    x0: xs[0],
    x1: xs[width],
    y0: region.rect.y - 1,
    y1: region.rect.y + region.rect.height + 1 / region.scale,
  };
  const tiles = candidates(mosaic.placements, region.rect, 1 / region.scale).map((placement) => ({
    warp: warpOf(placement, 0, span),
    centre: applyAffine(placement.mosaicFromTile, (placement.size.width - 1) / 2, (placement.size.height - 1) / 2),
  }));
  const marks = new Uint8Array(width * height);
  let above = new Int32Array(width + 1);
  let row = new Int32Array(width + 1);
  // One row and one column beyond the region: a seam on its border belongs to it.
  for (let j = 0; j <= height; j++) {
    ownersOfRow(tiles, xs, region.rect.y + (j + 0.5) / region.scale - 0.5, blend === 'overlay', row);
    if (j < height) markAcross(row, marks, j * width, width);
    if (j > 0) markDown(above, row, marks, (j - 1) * width, width, j < height);
    [above, row] = [row, above];
  }
  return { width, height, marks };
}

interface Candidate {
  readonly warp: TileWarp;
  readonly centre: { readonly x: number; readonly y: number };
}

function candidates(placements: readonly Placement[], rect: Rect, pad: number): readonly Placement[] {
  const near = growRect(rect, Math.ceil(pad) + 1);
  return placements.filter((placement) => intersectRects(boundsOfPlacements([placement]), near) !== null);
}

function ownersOfRow(
  tiles: readonly Candidate[],
  xs: Float64Array,
  y: number,
  isFirstOnTop: boolean,
  owners: Int32Array,
): void {
  owners.fill(nobody);
  const nearest = new Float64Array(xs.length).fill(Infinity);
  tiles.forEach(({ warp, centre }, index) => {
    const ranges = new Int32Array(2 * warp.rangeCount);
    warp.coverRow(xs, y, 0, xs.length, ranges, 0);
    const dy2 = (y - centre.y) ** 2;
    for (let k = 0; k < ranges.length; k += 2) {
      for (let i = ranges[k]; i < ranges[k + 1]; i++) {
        const distance = isFirstOnTop ? index : (xs[i] - centre.x) ** 2 + dy2;
        if (distance >= nearest[i]) continue;
        nearest[i] = distance;
        owners[i] = index;
      }
    }
  });
}

function markAcross(row: Int32Array, marks: Uint8Array, at: number, width: number): void {
  for (let i = 0; i < width; i++) {
    if (row[i] === row[i + 1] || row[i] === nobody || row[i + 1] === nobody) continue;
    marks[at + i] = 1;
    if (i + 1 < width) marks[at + i + 1] = 1;
  }
}

function markDown(
  above: Int32Array,
  row: Int32Array,
  marks: Uint8Array,
  at: number,
  width: number,
  hasBelow: boolean,
): void {
  for (let i = 0; i < width; i++) {
    if (above[i] === row[i] || above[i] === nobody || row[i] === nobody) continue;
    marks[at + i] = 1;
    if (hasBelow) marks[at + width + i] = 1;
  }
}
