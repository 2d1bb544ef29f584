import { countText } from '../count-text.ts';
import { StitchError } from '../errors.ts';
import type { Pose2 } from '../geometry/pose2.ts';
import { firstNumber } from './file-name-pattern.ts';
import type { LayoutHypothesis } from './layout-ranking.ts';
import { nameFields } from './name-fields.ts';
import { cellTaken, medianSize, neighbourSigmaFraction } from './nominal-poses.ts';
import { cellOf, describeScanOrder, isSameScan, scanOrders } from './scan-order.ts';
import type { ScanOrder } from './scan-order.ts';
import { findGroups } from './tile-groups.ts';
import type { NameScheme, TileGroup } from './tile-groups.ts';
import type { FreePositions, GridCell, Overlap, Tile, TileGrid, TileId } from './tile.ts';

/** Overlap of a layout until it is measured, as a fraction of the tile. */
export const defaultOverlap: Overlap = { x: 0.1, y: 0.1 };

/** Longest list of cells that all hypotheses together may have: bounds time and memory for 10,000 tiles. */
const maxCells = 600_000;
/** Steps between rows or columns that are at least this are a spacing (`x0900`), not missing lines. */
const minSpacing = 5;

/** A hypothesis before the beliefs are scaled to a sum of one. */
interface Weighted {
  readonly layout: TileGrid | FreePositions;
  readonly description: string;
  readonly weight: number;
}

/** Lines of a grid that numbers count: `position` is 0 … count − 1; `unit` is the step of one line, 0 when uneven. */
interface Lines {
  readonly position: (value: number) => number;
  readonly count: number;
  readonly least: number;
  readonly unit: number;
}

/** Dense numbers count as they are, evenly spaced ones (`x0900`) a step each, uneven ones (time stamps) by rank. */
function linesOf(values: readonly number[]): Lines {
  const sorted = [...new Set(values)].sort((p, q) => p - q);
  let step = 0;
  for (let k = 1; k < sorted.length; k++) step = greatestCommonDivisor(step, sorted[k] - sorted[k - 1]);
  const unit = step >= minSpacing ? step : 1;
  const least = sorted[0];
  const count = (sorted[sorted.length - 1] - least) / unit + 1;
  if (count <= 4 * sorted.length + 8) return { position: (value) => (value - least) / unit, count, least, unit };
  const ranks = new Map(sorted.map((value, rank) => [value, rank]));
  return { position: (value) => ranks.get(value) ?? 0, count: sorted.length, least, unit: 0 };
}

function greatestCommonDivisor(p: number, q: number): number {
  // Numbers that are no whole ones any more (over 308 digits) have none.
  if (!Number.isSafeInteger(p) || !Number.isSafeInteger(q)) return 1;
  return q === 0 ? p : greatestCommonDivisor(q, p % q);
}

/** @throws StitchError `cell-taken` */
function gridOf(tiles: readonly Tile[], rows: number, columns: number, cellAt: (k: number) => GridCell): TileGrid {
  const cells = new Map<TileId, GridCell>();
  const taken = new Map<number, Tile>();
  for (let k = 0; k < tiles.length; k++) {
    const cell = cellAt(k);
    const key = cell.row * columns + cell.column;
    const other = taken.get(key);
    if (other !== undefined) throw cellTaken(other.file, tiles[k].file, cell);
    taken.set(key, tiles[k]);
    cells.set(tiles[k].id, cell);
  }
  return { kind: 'grid', rows, columns, cells, overlap: defaultOverlap };
}

/** The eight ways to lay two numbers on a grid: which is the row, and from which side rows and columns count. */
function cellHypotheses(group: TileGroup, scheme: NameScheme & { kind: 'cells' }): Weighted[] {
  const values = group.tiles.map((tile) => nameFields(tile).values);
  const column = (field: number | null): number[] => values.map((of) => (field === null ? 0 : of[field]));
  const first = { values: column(scheme.first), ...linesOf(column(scheme.first)) };
  const second = { values: column(scheme.second), ...linesOf(column(scheme.second)) };
  const hypotheses: Weighted[] = [];
  for (const rowIsFirst of [true, false]) {
    const [row, col] = rowIsFirst ? [first, second] : [second, first];
    for (const fromBottom of [false, true])
      for (const fromRight of [false, true]) {
        if ((fromBottom && row.count === 1) || (fromRight && col.count === 1)) continue;
        const layout = gridOf(group.tiles, row.count, col.count, (k) => {
          const r = row.position(row.values[k]);
          const c = col.position(col.values[k]);
          return { row: fromBottom ? row.count - 1 - r : r, column: fromRight ? col.count - 1 - c : c };
        });
        const weight = orientationWeight(group, scheme, rowIsFirst) * (fromBottom ? 0.06 : 1) * (fromRight ? 0.03 : 1);
        hypotheses.push({
          layout,
          weight,
          description: describeCells(layout, scheme, rowIsFirst, fromBottom, fromRight),
        });
      }
  }
  return hypotheses;
}

function orientationWeight(group: TileGroup, scheme: NameScheme & { kind: 'cells' }, rowIsFirst: boolean): number {
  if (scheme.marked === 'row-column') return rowIsFirst ? 1 : 0.02;
  if (scheme.marked === 'x-y') return rowIsFirst ? 1 : 0.1;
  // `[Grid@1 2]` is column, row in stitch2d and MIST-like tools; bare `_1_2` is row, column more often than not.
  const likely = /grid@/i.test(group.label) ? !rowIsFirst : rowIsFirst;
  return likely ? 1 : 0.5;
}

function describeCells(
  grid: TileGrid,
  scheme: NameScheme & { kind: 'cells' },
  rowIsFirst: boolean,
  fromBottom: boolean,
  fromRight: boolean,
): string {
  const marks = { 'row-column': ['row', 'column'], 'x-y': ['y', 'x'] } as const;
  const isAsMarked = scheme.marked !== null && rowIsFirst;
  const order = rowIsFirst ? 'row, column' : 'column, row';
  const says =
    scheme.marked === null
      ? `the numbers in the names are ${order}`
      : `the names say ${marks[scheme.marked].join(' and ')}${isAsMarked ? '' : ', taken the other way round'}`;
  const sides = [fromBottom ? 'rows count from the bottom' : '', fromRight ? 'columns count from the right' : ''];
  const counted = sides.filter((side) => side !== '').join(', ');
  const shape = `${countText(grid.rows, 'row')} × ${countText(grid.columns, 'column')}`;
  return `${shape}: ${says}${counted === '' ? '' : `; ${counted}`}`;
}

/** A shape that holds running cells, with its weight. */
interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly weight: number;
}

/** Rows × columns that hold `count` running cells and leave less than a line empty; square and full ones first. */
function shapesFor(count: number): Shape[] {
  const shapes: Shape[] = [];
  const steepest = count <= 36 ? Infinity : 6;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const slope = Math.max(rows / columns, columns / rows);
    const empty = rows * columns - count;
    if (slope > steepest || (empty > 0 && slope > 3)) continue;
    shapes.push({ rows, columns, weight: (empty > 0 ? 0.08 : 1) * Math.exp(-1.2 * Math.log(slope)) });
  }
  return shapes.sort((p, q) => q.weight - p.weight);
}

/** True when no whole line of the scan stays empty: only its last line may be unfinished. */
function fills(shape: Shape, order: ScanOrder, count: number): boolean {
  const lineLength = order.axis === 'row' ? shape.columns : shape.rows;
  return shape.rows * shape.columns - count < lineLength;
}

function scanWeight(order: ScanOrder): number {
  const corner = { 'top-left': 1, 'bottom-left': 0.15, 'top-right': 0.1, 'bottom-right': 0.05 }[order.corner];
  return corner * (order.axis === 'row' ? 1 : 0.3) * (order.path === 'raster' ? 1 : 0.6);
}

function indexHypotheses(group: TileGroup, numbers: readonly number[]): Weighted[] {
  const lines = linesOf(numbers);
  // The empty cells before the least number: the first ones of a scan counted from 0 or 1.
  const missing = lines.unit === 1 ? lines.least - firstNumber(lines.least, numbers.length) : 0;
  const positions = numbers.map((value) => lines.position(value) + missing);
  const count = lines.count + missing;
  const range = `${lines.least - missing}…${largestOf(numbers)}`;
  const hypotheses: Weighted[] = [];
  let budget = maxCells;
  for (const shape of shapesFor(count)) {
    const kept: ScanOrder[] = [];
    for (const order of scanOrders) {
      if (!fills(shape, order, count)) continue;
      if (budget < group.tiles.length && hypotheses.length > 0) break;
      if (shape.rows * shape.columns <= 4096 && kept.some((p) => isSameScan(p, order, shape.rows, shape.columns)))
        continue;
      kept.push(order);
      budget -= group.tiles.length;
      const cellAt = (k: number): GridCell => cellOf(positions[k], shape.rows, shape.columns, order);
      const layout = gridOf(group.tiles, shape.rows, shape.columns, cellAt);
      const description = `${range} in ${shape.rows} rows × ${shape.columns} columns, ${describeScanOrder(order)}`;
      hypotheses.push({ layout, description, weight: shape.weight * scanWeight(order) });
    }
  }
  return hypotheses;
}

function largestOf(values: readonly number[]): number {
  return values.reduce((largest, value) => Math.max(largest, value), -Infinity);
}

/**
 * Free positions of the tiles that have a stage position of their own, or null when fewer than two have one or all
 * are the same. The sigma is the usual stage error, see `neighbourSigmaFraction`.
 */
export function stageLayout(tiles: readonly Tile[]): FreePositions | null {
  const poses = new Map<TileId, Pose2>();
  for (const tile of tiles) if (tile.stage !== null) poses.set(tile.id, tile.stage);
  const places = new Set([...poses.values()].map((pose) => `${pose.x},${pose.y}`));
  if (places.size < 2) return null;
  const size = medianSize(tiles);
  return {
    kind: 'positions',
    poses,
    sigmaPx: ((neighbourSigmaFraction / Math.SQRT2) * (size.width + size.height)) / 2,
  };
}

function stageHypothesis(tiles: readonly Tile[]): Weighted[] {
  const layout = stageLayout(tiles);
  if (layout === null) return [];
  const isWhole = tiles.every((tile) => layout.poses.has(tile.id));
  const description = isWhole
    ? 'stage positions written in the files'
    : `stage positions written in ${layout.poses.size} of ${tiles.length} files; the others have none`;
  return [{ layout, description, weight: isWhole ? 20 : 0.02 }];
}

function nameHypotheses(group: TileGroup): Weighted[] {
  const { scheme } = group;
  if (scheme.kind === 'cells') return cellHypotheses(group, scheme);
  if (scheme.kind === 'index')
    return indexHypotheses(
      group,
      group.tiles.map((tile) => nameFields(tile).values[scheme.field]),
    );
  return indexHypotheses(
    group,
    group.tiles.map((_, k) => k + 1),
  );
}

/**
 * The layouts that fit the names (and the stage positions in the files), the likeliest first, `confidence` being the
 * belief from names alone; overlaps are `defaultOverlap`. When several grids are mixed (`findGroups`), only the largest
 * is laid out and the description says so: call it with the tiles of a group to lay out that one.
 * @throws StitchError `no-tiles`, `one-tile`; `cell-taken` naming both files when two names read the same.
 */
export function proposeLayouts(tiles: readonly Tile[]): readonly LayoutHypothesis[] {
  if (tiles.length === 0) throw new StitchError('no-tiles', 'There is no tile to lay out. Drop the images of a grid.');
  if (tiles.length === 1)
    throw new StitchError('one-tile', `"${tiles[0].file}" is the only tile; a mosaic needs two. Add its neighbours.`, {
      file: tiles[0].file,
    });
  const [group, ...others] = findGroups(tiles);
  const left = others.reduce((sum, other) => sum + other.tiles.length, 0);
  const suffix = left === 0 ? '' : ` (${group.label}; ${left} tiles of other names are left out)`;
  const sharing = findTwins(group);
  if (sharing !== null) throw twins(sharing);
  const named = nameHypotheses(group).map((guess) => ({ ...guess, description: guess.description + suffix }));
  const scaled = scaleTo(named, 1);
  const weighted = [...stageHypothesis(tiles), ...scaled].sort((p, q) => q.weight - p.weight);
  return scaleTo(weighted, 1).map(({ layout, description, weight }) => ({
    layout,
    description,
    confidence: weight,
    correlation: null,
  }));
}

function scaleTo(guesses: readonly Weighted[], total: number): Weighted[] {
  const sum = guesses.reduce((partial, guess) => partial + guess.weight, 0);
  return guesses.map((guess) => ({ ...guess, weight: (guess.weight * total) / sum }));
}

/** Two tiles whose names hold the same numbers, or null. */
function findTwins(group: TileGroup): readonly [Tile, Tile] | null {
  if (group.scheme.kind === 'sorted') return null;
  const { scheme } = group;
  const seen = new Map<string, Tile>();
  for (const tile of group.tiles) {
    const { values } = nameFields(tile);
    const placing = scheme.kind === 'index' ? [scheme.field] : [scheme.first, scheme.second];
    const key = placing.map((field) => (field === null ? '' : values[field])).join();
    const other = seen.get(key);
    if (other !== undefined) return [other, tile];
    seen.set(key, tile);
  }
  return null;
}

function twins([first, second]: readonly [Tile, Tile]): StitchError {
  return new StitchError(
    'cell-taken',
    `"${first.id}" and "${second.id}" have the same numbers in their names and would lie in the same cell. ` +
      'Remove one of the two files or give a name pattern.',
    { file: second.file, pair: [first.id, second.id] },
  );
}
