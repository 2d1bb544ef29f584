import type { GridCell } from './tile.ts';

/** The direction of the fast axis: along rows or along columns. */
export type ScanAxis = 'row' | 'column';
/** Raster starts every line at the same side; snake turns round at its end. */
export type ScanPath = 'raster' | 'snake';
export type ScanCorner = 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right';

/** The order in which a stage visits the cells of a grid. */
export interface ScanOrder {
  readonly axis: ScanAxis;
  readonly path: ScanPath;
  readonly corner: ScanCorner;
}

const axes: readonly ScanAxis[] = ['row', 'column'];
const paths: readonly ScanPath[] = ['raster', 'snake'];
const corners: readonly ScanCorner[] = ['top-left', 'top-right', 'bottom-left', 'bottom-right'];

/** All 16 orders, the most usual first: raster by rows from the top left. */
export const scanOrders: readonly ScanOrder[] = corners.flatMap((corner) =>
  axes.flatMap((axis) => paths.map((path) => ({ axis, path, corner }))),
);

/**
 * The cell that is visited as number `index` (from zero).
 * @throws RangeError when the index is outside the grid: a programmer's error.
 */
export function cellOf(index: number, rows: number, columns: number, order: ScanOrder): GridCell {
  if (!Number.isInteger(index) || index < 0 || index >= rows * columns)
    throw new RangeError(`index ${index} is outside ${rows} × ${columns} cells`);
  const lineLength = order.axis === 'row' ? columns : rows;
  const line = Math.floor(index / lineLength);
  const step = index % lineLength;
  const isBackward = order.path === 'snake' && line % 2 === 1;
  const along = isBackward ? lineLength - 1 - step : step;
  const row = order.axis === 'row' ? line : along;
  const column = order.axis === 'row' ? along : line;
  const fromBottom = order.corner === 'bottom-left' || order.corner === 'bottom-right';
  const fromRight = order.corner === 'top-right' || order.corner === 'bottom-right';
  return { row: fromBottom ? rows - 1 - row : row, column: fromRight ? columns - 1 - column : column };
}

/** The order in words: "snake by rows from the top left". */
export function describeScanOrder(order: ScanOrder): string {
  return `${order.path} by ${order.axis}s from the ${order.corner.replace('-', ' ')}`;
}

/** True when both orders visit the cells of such a grid alike (a single row has no snake). */
export function isSameScan(p: ScanOrder, q: ScanOrder, rows: number, columns: number): boolean {
  for (let index = 0; index < rows * columns; index++) {
    const a = cellOf(index, rows, columns, p);
    const b = cellOf(index, rows, columns, q);
    if (a.row !== b.row || a.column !== b.column) return false;
  }
  return true;
}
