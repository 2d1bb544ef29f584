import { applyAffine } from '../geometry/affine2.ts';
import type { Point } from '../geometry/affine2.ts';
import type { Rect } from '../geometry/rect.ts';
import { StitchError } from '../errors.ts';
import type { SolveReport } from '../graph/pose-graph.ts';
import type { SampleType } from '../raster/raster.ts';
import type { Tile, TileId } from '../tiles/tile.ts';
import { unitGain } from '../photometry/gain-offset.ts';
import type { GainOffset } from '../photometry/gain-offset.ts';
import type { Mosaic, Placement } from './mosaic.ts';

/** Pixel centres this close to a whole pixel count as on it: rounding errors of a pose never add an empty column. */
const boundsSlackPx = 1e-6;

/**
 * The mosaic of a solution. `order` lists tiles in drawing order, the first on top; tiles it does not name follow in
 * the order of `tiles`. Unplaced tiles and tiles without a pose are left out. `bounds` is the integer bounding box of
 * all pixel centres: ⌊min⌋ … ⌈max⌉. Tiles of differing kind meet in the smallest type that holds all their values as
 * they are (uint8 values stay 0…255 in a uint16 mosaic; uint16 with int16 gives float32), grey in all three channels
 * of a colour mosaic. `pixelSizeNm` is the median of the tiles that state one.
 * @throws StitchError `no-tiles` when no tile is placed; `numerical-failure` when a pose is not finite.
 */
export function buildMosaic(
  tiles: readonly Tile[],
  report: SolveReport,
  tones: ReadonlyMap<TileId, GainOffset>,
  order: readonly TileId[],
): Mosaic {
  const placed = inDrawingOrder(tiles, order).flatMap((tile) => {
    const placement = placementOf(tile, report, tones);
    return placement ? [{ tile, placement }] : [];
  });
  if (placed.length === 0) throw new StitchError('no-tiles', 'No tile of the project has a place in the mosaic.');
  return {
    bounds: boundsOfPlacements(placed.map((each) => each.placement)),
    placements: placed.map((each) => each.placement),
    channels: placed.some((each) => each.tile.channels === 3) ? 3 : 1,
    sampleType: commonSampleType(placed.map((each) => each.tile.sampleType)),
    pixelSizeNm: median(placed.flatMap((each) => (each.tile.pixelSizeNm === null ? [] : [each.tile.pixelSizeNm]))),
  };
}

/** The smallest type that holds the values of all given types unchanged; uint8 for none. */
export function commonSampleType(types: readonly SampleType[]): SampleType {
  const present = new Set(types);
  if (present.has('float32') || (present.has('uint16') && present.has('int16'))) return 'float32';
  if (present.has('uint16')) return 'uint16';
  return present.has('int16') ? 'int16' : 'uint8';
}

/** Integer bounding box of the pixel centres of the placements: ⌊min⌋ … ⌈max⌉ of the corners' centres. */
export function boundsOfPlacements(placements: readonly Placement[]): Rect {
  let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const placement of placements) {
    for (const corner of outlineOf(placement)) {
      minX = Math.min(minX, corner.x);
      minY = Math.min(minY, corner.y);
      maxX = Math.max(maxX, corner.x);
      maxY = Math.max(maxY, corner.y);
    }
  }
  const x = Math.floor(minX + boundsSlackPx);
  const y = Math.floor(minY + boundsSlackPx);
  return { x, y, width: Math.ceil(maxX - boundsSlackPx) - x + 1, height: Math.ceil(maxY - boundsSlackPx) - y + 1 };
}

/** The vertices of a tile's outline in the mosaic: its corners, and every border node of its mesh. */
export function outlineOf({ mosaicFromTile, size, mesh }: Pick<Placement, 'mosaicFromTile' | 'size' | 'mesh'>) {
  const columns = mesh?.columns ?? 2;
  const rows = mesh?.rows ?? 2;
  const vertices: Point[] = [];
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) {
      if (i > 0 && i + 1 < columns && j > 0 && j + 1 < rows) continue;
      const x = (i * (size.width - 1)) / (columns - 1);
      const y = (j * (size.height - 1)) / (rows - 1);
      const place = applyAffine(mosaicFromTile, x, y);
      const at = j * columns + i;
      vertices.push(mesh ? { x: place.x + mesh.dx[at], y: place.y + mesh.dy[at] } : place);
    }
  return vertices;
}

function inDrawingOrder(tiles: readonly Tile[], order: readonly TileId[]): readonly Tile[] {
  const rank = new Map(order.map((id, index) => [id, index]));
  const rankOf = (tile: Tile) => rank.get(tile.id) ?? order.length;
  return [...tiles].sort((a, b) => rankOf(a) - rankOf(b)); // Array.prototype.sort is stable
}

function placementOf(tile: Tile, report: SolveReport, tones: ReadonlyMap<TileId, GainOffset>): Placement | null {
  const mosaicFromTile = report.mosaicFromTile.get(tile.id);
  const state = report.state.get(tile.id) ?? 'unplaced';
  if (!mosaicFromTile || state === 'unplaced') return null;
  const { a, b, c, d, e, f } = mosaicFromTile;
  if (![a, b, c, d, e, f].every(Number.isFinite))
    throw new StitchError('numerical-failure', `The pose of ${tile.file} is not a number.`, { file: tile.file });
  const mesh = report.meshes?.get(tile.id);
  return {
    tile: tile.id,
    size: tile.size,
    mosaicFromTile,
    ...(mesh ? { mesh } : {}),
    state,
    component: report.component.get(tile.id) ?? 0,
    tone: tones.get(tile.id) ?? unitGain,
  };
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
