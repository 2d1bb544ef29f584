import type { Pose2 } from '../geometry/pose2.ts';
import type { Rect, Size } from '../geometry/rect.ts';
import type { CancelSignal } from '../progress.ts';
import type { Raster, SampleType } from '../raster/raster.ts';

/** Identity of a tile in a project: the file's path relative to the dropped folder, `#page` appended when page > 0. */
export type TileId = string & { readonly __brand: 'TileId' };

/** The one brand constructor of `TileId`. */
export function tileId(file: string, page = 0): TileId {
  return (page > 0 ? `${file}#${page}` : file) as TileId;
}

/** What was imaged: geometry and kind of the samples, never the pixels. */
export interface Tile {
  readonly id: TileId;
  /** Path relative to the dropped folder, '/' separated. */
  readonly file: string;
  readonly page: number;
  readonly size: Size;
  readonly channels: 1 | 3;
  readonly sampleType: SampleType;
  /** Pixel size of the acquisition, nm; null when the file does not say. */
  readonly pixelSizeNm: number | null;
  /** Stage position in full-resolution pixels of this tile, when the file's own metadata have one; null otherwise. */
  readonly stage: Pose2 | null;
  /** When the tile was imaged by the file's own metadata, ms since 1970 in the microscope's clock; absent when unknown. */
  readonly acquiredAtMs?: number;
}

/** Where a tile is believed to be before matching: mosaicFromTile, with one-sigma uncertainties. */
export interface PosePrior {
  readonly pose: Pose2;
  readonly sigmaPx: number;
  readonly sigmaRad: number;
}

/** Zero-based cell of a grid. */
export interface GridCell {
  readonly row: number;
  readonly column: number;
}

/** Nominal overlap of neighbours, as a fraction of the tile's width (x) and height (y). */
export interface Overlap {
  readonly x: number;
  readonly y: number;
}

/** A rectangular grid of tiles; cells may be empty, the first one included. */
export interface TileGrid {
  readonly kind: 'grid';
  readonly rows: number;
  readonly columns: number;
  readonly cells: ReadonlyMap<TileId, GridCell>;
  readonly overlap: Overlap;
  /** Where an earlier section of the stack had the tile of the same cell; instead of the pitch that the overlap gives. */
  readonly poses?: ReadonlyMap<TileId, Pose2>;
}

/** Free positions (from a file or the stage): mosaicFromTile of the upper-left pixel centre of each tile. */
export interface FreePositions {
  readonly kind: 'positions';
  readonly poses: ReadonlyMap<TileId, Pose2>;
  /** One-sigma error of a position, full-resolution px. */
  readonly sigmaPx: number;
}

export type Layout = TileGrid | FreePositions;

/**
 * Two tiles that may overlap, `a < b` in code-unit order of their ids.
 * `aFromB` is where the layout puts b in the frame of a; `sigmaPx` its one-sigma error.
 */
export interface TilePair {
  readonly a: TileId;
  readonly b: TileId;
  readonly aFromB: Pose2;
  readonly sigmaPx: number;
  /** Nominal overlap in the frame of a, whole px; null when the layout says that they do not overlap. */
  readonly expectedOverlap: Rect | null;
}

/** Stable key of a pair: cache keys, random seeds, sorting. */
export function pairKey(pair: { readonly a: TileId; readonly b: TileId }): string {
  return `${pair.a}\u0000${pair.b}`;
}

/** Reads the samples of tiles; one raster a channel, all of the same size, in the file's own sample type. */
export interface TileReader {
  /**
   * @param request.region whole pixels of the level that is read; the whole tile when absent.
   * @param request.level  0 = full resolution; level n is box-averaged by 2ⁿ (its size is ⌈size / 2ⁿ⌉).
   * @throws StitchError `unreadable-file`, `truncated-file`, `unsupported-image`; an abort is rethrown.
   */
  read(
    tile: TileId,
    request: { readonly level: number; readonly region?: Rect; readonly signal: CancelSignal },
  ): Promise<readonly Raster[]>;
}
