import { StitchError } from '../errors.ts';
import type { Size } from '../geometry/rect.ts';
import type { GridCell, Layout, PosePrior, Tile, TileGrid, TileId } from './tile.ts';

/**
 * One-sigma error of the shift between two grid neighbours as a fraction of the tile's mean side. EM stages: a measured
 * section of 2048-px tiles does not close by up to 33 px (1.6 %); 2.5 % keeps the worst of them within one sigma.
 */
export const neighbourSigmaFraction = 0.025;

/** One-sigma rotation of a tile against the grid; neighbours on real sections are turned by up to ±1.5°. */
export const stageSigmaRad = Math.PI / 180;

/** The middle value (mean of the two middle ones); 0 for an empty list. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median width and height of the tiles, full-resolution px: what the overlap is a fraction of. */
export function medianSize(tiles: readonly Tile[]): Size {
  return { width: median(tiles.map((tile) => tile.size.width)), height: median(tiles.map((tile) => tile.size.height)) };
}

/**
 * Tiles by cell, keyed `row,column`.
 * @throws StitchError `cell-taken` when two tiles are in one cell; the message names both.
 */
export function tilesByCell(grid: TileGrid): ReadonlyMap<string, TileId> {
  const byCell = new Map<string, TileId>();
  for (const [id, cell] of grid.cells) {
    const key = cellKey(cell.row, cell.column);
    const other = byCell.get(key);
    if (other !== undefined) throw cellTaken(other, id, cell);
    byCell.set(key, id);
  }
  return byCell;
}

/** Key of a cell in the map of `tilesByCell`. */
export function cellKey(row: number, column: number): string {
  return `${row},${column}`;
}

/** The error for two tiles in one cell; rows and columns are counted from one in the sentence. */
export function cellTaken(first: string, second: string, cell: GridCell): StitchError {
  return new StitchError(
    'cell-taken',
    `"${first}" and "${second}" would both lie in row ${cell.row + 1}, column ${cell.column + 1}. ` +
      'Correct the name pattern or remove one of the two files.',
    { file: second, pair: [first, second], row: cell.row, column: cell.column },
  );
}

/** Upper-left corners of the lines (columns or rows) of a grid: each line is as wide as its median tile. */
function lineOrigins(count: number, sizesByLine: ReadonlyMap<number, number[]>, typical: number, overlap: number) {
  const origins = new Float64Array(count);
  for (let line = 1; line < count; line++) {
    const sizes = sizesByLine.get(line - 1);
    const size = sizes === undefined ? typical : median(sizes);
    origins[line] = origins[line - 1] + size - overlap * typical;
  }
  return origins;
}

function append(lines: Map<number, number[]>, line: number, value: number): void {
  const values = lines.get(line);
  if (values === undefined) lines.set(line, [value]);
  else values.push(value);
}

function gridPriors(grid: TileGrid, tiles: readonly Tile[]): ReadonlyMap<TileId, PosePrior> {
  const placed = tiles.filter((tile) => grid.cells.has(tile.id));
  const typical = medianSize(placed);
  const widths = new Map<number, number[]>();
  const heights = new Map<number, number[]>();
  for (const tile of placed) {
    const cell = grid.cells.get(tile.id);
    if (cell === undefined) continue;
    append(widths, cell.column, tile.size.width);
    append(heights, cell.row, tile.size.height);
  }
  const xOf = lineOrigins(grid.columns, widths, typical.width, grid.overlap.x);
  const yOf = lineOrigins(grid.rows, heights, typical.height, grid.overlap.y);
  const sigmaPx = ((neighbourSigmaFraction / Math.SQRT2) * (typical.width + typical.height)) / 2;
  const priors = new Map<TileId, PosePrior>();
  for (const tile of placed) {
    const cell = grid.cells.get(tile.id);
    if (cell === undefined) continue;
    const pose = grid.poses?.get(tile.id) ?? { x: xOf[cell.column], y: yOf[cell.row], thetaRad: 0 };
    priors.set(tile.id, { pose, sigmaPx, sigmaRad: stageSigmaRad });
  }
  return priors;
}

/**
 * Where the layout puts every tile before matching, mosaicFromTile; tiles outside the layout have no entry.
 *
 * Grid: cell (0, 0) is at the origin. The next column begins at the median width of this column's tiles minus
 * overlap.x × the median width of all tiles (an empty column counts as a median tile); rows likewise. With equal tiles
 * that is the pitch width × (1 − overlap.x); with a narrower last column or one odd column every seam keeps its overlap.
 * Upper-left corners are aligned within a column and a row.
 * A pose's sigma is `neighbourSigmaFraction` / √2, so that the difference of two poses has `neighbourSigmaFraction`.
 * Where the grid knows poses (of an earlier section) they stand instead, with the same sigma: the stage errs anew.
 *
 * Free positions: the poses as given, with the layout's own sigma.
 */
export function nominalPriors(layout: Layout, tiles: readonly Tile[]): ReadonlyMap<TileId, PosePrior> {
  if (layout.kind === 'grid') return gridPriors(layout, tiles);
  const priors = new Map<TileId, PosePrior>();
  for (const tile of tiles) {
    const pose = layout.poses.get(tile.id);
    if (pose !== undefined) priors.set(tile.id, { pose, sigmaPx: layout.sigmaPx, sigmaRad: stageSigmaRad });
  }
  return priors;
}
