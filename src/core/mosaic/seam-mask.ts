import { growRect, intersectRects, type Rect } from '../geometry/rect.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import { centreOf } from './block-sources.ts';
import type { ComposeOptions, Mosaic, Placement } from './mosaic.ts';
import { isAhead } from './owners.ts';
import type { SeamedTile } from './owners.ts';
import type { SeamTable } from './row-work.ts';
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

/** A region of the mosaic, as `composeRegion` renders it. */
interface MaskedRegion {
  readonly rect: Rect;
  readonly scale: number;
}

/**
 * Where the tile that shows changes, for the blend that is shown: the topmost under `overlay`, by the seams of the
 * composition under `seam` and `multiband`, the largest weight under `feather`, else the nearest centre. Both pixels at a
 * change are marked. The region is sampled as `composeRegion` does; no pixel is read. `seams` are those of the placements
 * (`seamTableOf`), and of no other list of them.
 */
export function seamMask(
  { placements }: Pick<Mosaic, 'placements'>,
  region: MaskedRegion,
  blend: ComposeOptions['blend'],
  seams: SeamTable | null = null,
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
  const tiles = placements.map((placement, index) => {
    const { x, y } = centreOf(placement);
    return { index, warp: warpOf(placement, 0, span), centreX: x, centreY: y };
  });
  const marks = new Uint8Array(width * height);
  const scan: Scan = { blend, seams, xs, say: new Float64Array(width + 1), us: xs.slice(), vs: xs.slice() };
  let above = new Int32Array(width + 1);
  let row = new Int32Array(width + 1);
  // One row and one column beyond the region: a seam on its border belongs to it.
  for (let j = 0; j <= height; j++) {
    ownersOfRow(tiles, scan, region.rect.y + (j + 0.5) / region.scale - 0.5, row);
    if (j < height) markAcross(row, marks, j * width, width);
    if (j > 0) markDown(above, row, marks, (j - 1) * width, width, j < height);
    [above, row] = [row, above];
  }
  return { width, height, marks };
}

/** The tiles that a region and its border may show, in drawing order: what `seamMask` wants. */
export function tilesOfMask(placements: readonly Placement[], { rect, scale }: MaskedRegion): readonly Placement[] {
  const near = growRect(rect, Math.ceil(1 / scale) + 1);
  return placements.filter((placement) => intersectRects(boundsOfPlacements([placement]), near) !== null);
}

interface MaskTile extends SeamedTile {
  readonly warp: TileWarp;
}

/** What the rows of one mask share. */
interface Scan {
  readonly blend: ComposeOptions['blend'];
  readonly seams: SeamTable | null;
  readonly xs: Float64Array;
  /** How much say the owner of each column has. */
  readonly say: Float64Array;
  readonly us: Float64Array;
  readonly vs: Float64Array;
}

function ownersOfRow(tiles: readonly MaskTile[], scan: Scan, y: number, owners: Int32Array): void {
  const { xs, blend, seams, say, us, vs } = scan;
  owners.fill(nobody);
  say.fill(-Infinity);
  for (const tile of tiles) {
    const { warp, index } = tile;
    const ranges = new Int32Array(2 * warp.rangeCount);
    warp.coverRow(xs, y, 0, xs.length, ranges, 0);
    for (let k = 0; k < ranges.length; k += 2) {
      if (blend === 'feather') warp.mapRow(xs, y, ranges[k], ranges[k + 1], us, vs);
      for (let i = ranges[k]; i < ranges[k + 1]; i++) {
        const owner = owners[i];
        if (seams !== null) {
          if (owner !== nobody && isAhead(seams.seams[owner * seams.count + index], tiles[owner], tile, xs[i], y))
            continue;
        } else {
          const mine = blend === 'feather' ? featherOf(warp, us[i], vs[i]) : sayOf(tile, blend, xs[i], y);
          if (mine <= say[i]) continue;
          say[i] = mine;
        }
        owners[i] = index;
      }
    }
  }
}

/** The earlier in drawing order, or the nearer, has more say. */
function sayOf({ index, centreX, centreY }: SeamedTile, blend: ComposeOptions['blend'], x: number, y: number): number {
  return blend === 'overlay' ? -index : -((x - centreX) ** 2 + (y - centreY) ** 2);
}

/** The feather weight at a place of a tile, as in `blendInterval`. */
function featherOf({ width, height }: TileWarp, u: number, v: number): number {
  const across = Math.min(u + 0.5, width - 0.5 - u);
  const along = Math.min(v + 0.5, height - 0.5 - v);
  return (Math.max(0, across) * Math.max(0, along)) / (width * height);
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
