import { rotationOf } from '../geometry/affine2.ts';
import type { Size } from '../geometry/rect.ts';
import { em424Pitch, em424SourceSize, planEm424Grid } from './em424-grid.ts';
import { trueGridOf } from './set-grid.ts';
import type { PlannedGrid, SourceSpec } from './set-grid.ts';
import type { SetTile } from './set-tile.ts';
import type { PlannedTile } from './synthetic-grid.ts';
import type { TrueImaging, TruthSplit } from './truth-set.ts';

/**
 * The part of a source of which a grid is cut: as many rows and columns as lie in it whole, or the wanted ones; null
 * when these do not fit or there would be fewer than two tiles.
 */
export function gridThatFitsEm424(
  source: Size,
  tileSide: number,
  wanted: { readonly rows: number | null; readonly columns: number | null },
): Size | null {
  let [rows, columns] = [0, 0];
  while (em424SourceSize(rows + 1, 1, tileSide).height <= source.height) rows++;
  while (em424SourceSize(1, columns + 1, tileSide).width <= source.width) columns++;
  if ((wanted.rows ?? 0) > rows || (wanted.columns ?? 0) > columns) return null;
  const size = em424SourceSize(wanted.rows ?? rows, wanted.columns ?? columns, tileSide);
  return (wanted.rows ?? rows) * (wanted.columns ?? columns) >= 2 ? size : null;
}

/** A grid of the `em424` preset. */
export function em424SetGrid(grid: {
  readonly index: number;
  readonly split: TruthSplit;
  readonly seed: number;
  readonly tileSide: number;
  readonly source: SourceSpec;
  readonly sourceName: string;
  /** Part of the source that is used, from its upper left corner. */
  readonly size: Size;
}): PlannedGrid {
  const { index, split, seed, tileSide, source, size } = grid;
  const plan = planEm424Grid(size, { tileSide, grid: index, section: 0, seed });
  const pitch = em424Pitch(tileSide);
  const tiles = plan.tiles.map((tile, at) => setTileOf(tile, [seed, index, at]));
  const truth = trueGridOf(
    {
      name: `em424_g${String(index).padStart(5, '0')}`,
      index,
      rows: plan.rows,
      columns: plan.columns,
      tileSize: { width: tileSide, height: tileSide },
      model: 'rigid',
      nominal: { pitch: { x: pitch, y: pitch }, overlap: plan.overlap },
      source: grid.sourceName,
      sourceSize: size,
      split,
      hasOverlap: true,
      placesSkipped: 0,
    },
    tiles,
  );
  return { truth, tiles, source };
}

function setTileOf(tile: PlannedTile, seed: readonly [number, number, number]): SetTile {
  const { a, b, c, d, e, f } = tile.mosaicFromTile;
  const half = tile.size.width / 2;
  const imaging: TrueImaging = {
    blurSigmaPx: 0,
    gamma: 1,
    gain: tile.applied.gain,
    offset: tile.applied.offset,
    shading: 0,
    charges: 0,
    noiseSigma: tile.noiseSigma,
  };
  return {
    name: tile.name,
    row: tile.row,
    column: tile.column,
    size: tile.size,
    mosaicFromTile: tile.mosaicFromTile,
    mesh: null,
    startX: Math.round(a * half + c * half + e - half),
    startY: Math.round(b * half + d * half + f - half),
    angleDeg: Math.round((rotationOf(tile.mosaicFromTile) * 180) / Math.PI),
    imaging,
    exposure: 'em424',
    seed,
  };
}
