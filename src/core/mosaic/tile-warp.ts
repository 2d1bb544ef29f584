/**
 * A tile covers the hull of its pixel centres grown by ½ px, closed, with this slack in level px: abutting tiles then
 * leave no gap, whatever the last bits of their poses are.
 */
export const hullSlackPx = 1e-7;

/** A rectangle of mosaic points, borders included, mosaic px. */
export interface MosaicSpan {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

/** Range of tile coordinates, level px. */
export interface WarpBounds {
  readonly minU: number;
  readonly maxU: number;
  readonly minV: number;
  readonly maxV: number;
}

/** Output columns whose mosaic x are xs[i] = xs[0] + i·step; column i has the absolute index first + i. */
export interface RowGrid {
  readonly xs: Float64Array;
  readonly first: number;
  /** Mosaic px a column; a power of two. */
  readonly step: number;
}

/** Numbers that a piece takes: end column, u, v, du, dv. */
export const pieceLength = 5;

/**
 * Where mosaic points lie in one level of a tile: the seam at which a displacement mesh replaces the affine map.
 * Rows of points are (xs[i], y), xs ascending; every result depends on the point alone, never on the row's cut.
 */
export interface TileWarp {
  /** Extent of the level: full-resolution size / 2ⁿ, not rounded; covered u lie in [−½, width − ½]. */
  readonly width: number;
  readonly height: number;
  /** Tile coordinates of points from ≤ i < to into us and vs, level px. */
  mapRow(xs: Float64Array, y: number, from: number, to: number, us: Float64Array, vs: Float64Array): void;
  /**
   * The columns from ≤ i < to as straight pieces one after the other, `pieceLength` numbers each from out[0] on: the column
   * behind it, fixed-point coordinates of its first column, and their steps (`fixed-point.ts`), within 0.002 px of
   * `mapRow`. Answers their count, 0 where coordinates are too large.
   */
  pieces(grid: RowGrid, y: number, from: number, to: number, out: Int32Array): number;
  /** How many ranges `coverRow` writes: a straight edge crosses a row once, a bent one may cross it more often. */
  readonly rangeCount: number;
  /** Covered points of the row, `rangeCount` ascending ranges out[at] ≤ i < out[at + 1], empty ones among them. */
  coverRow(xs: Float64Array, y: number, from: number, to: number, out: Int32Array, at: number): void;
  /** Tile coordinates that the points of a mosaic rectangle may have. */
  boundsOf(x0: number, y0: number, x1: number, y1: number): WarpBounds;
  /** Where level pixels coincide with points of step 2ⁿ: u = x / 2ⁿ + shiftU; null for any other motion. */
  readonly shift: { readonly u: number; readonly v: number } | null;
}
