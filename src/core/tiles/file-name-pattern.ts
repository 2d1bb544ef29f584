import { StitchError } from '../errors.ts';
import { cellTaken } from './nominal-poses.ts';
import { cellOf } from './scan-order.ts';
import type { ScanOrder } from './scan-order.ts';
import type { GridCell, Overlap, Tile, TileGrid, TileId } from './tile.ts';

/** Longest pattern that is accepted, characters. */
const maxPatternLength = 256;
/** Most unbounded quantifiers (`+`, `*`, `{n,}`) in a pattern. */
const maxUnboundedQuantifiers = 5;
/** Most steps that the search of one name may take, worst case: about a second. */
const searchBudget = 3e8;
/** Largest row, column or index that is accepted. */
const maxNumber = 1_000_000_000;

/** What a name says about its tile: a cell as it is numbered in the name (zero- or one-based), or a running number. */
export type NameReading =
  | { readonly kind: 'cell'; readonly row: number; readonly column: number }
  | { readonly kind: 'index'; readonly index: number };

/** A parsed file-name pattern; made by `parsePattern`. */
export interface FileNamePattern {
  readonly text: string;
  readonly kind: 'placeholders' | 'regular-expression';
  /** Whether names give a cell or a running number. */
  readonly gives: NameReading['kind'];
  readonly regularExpression: RegExp;
  /** True when the pattern names a folder: it is then tried on the whole path instead of the file's name. */
  readonly onPath: boolean;
  /** A longer name counts as not matching: its search could take longer than a second. */
  readonly maxNameLength: number;
}

/** One line of the table that the user checks before anything runs. */
export interface PatternTableRow {
  readonly file: string;
  /** Null when the pattern does not fit the name. */
  readonly reading: NameReading | null;
}

/** A pattern applied to names. */
export interface PatternTable {
  readonly rows: readonly PatternTableRow[];
  /** `pattern-mismatch` (one, naming the first misfit and their count) and `cell-taken` (one for each doubled cell). */
  readonly errors: readonly StitchError[];
}

const groupNames = {
  row: ['row', 'r', 'y'],
  column: ['column', 'col', 'c', 'x'],
  index: ['index', 'i', 'p'],
} as const;

const badPattern = (text: string, why: string): StitchError =>
  new StitchError('bad-options', `The name pattern "${text}" cannot be used: ${why}`, { pattern: text });

const escapeLiteral = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** Placeholders → regular expression: `{rr}` is two digits or more, exactly two when more digits follow directly. */
function expandPlaceholders(text: string): string {
  const parts = text.split(/(\{r+\}|\{c+\}|\{i+\}|\{p+\}|\*)/);
  const source = parts.map((part, k) => {
    if (part === '*') return '[^/]*';
    const placeholder = /^\{(r+|c+|i+|p+)\}$/.exec(part);
    if (placeholder === null) return escapeLiteral(part);
    const width = placeholder[1].length;
    const next = parts[k + 1] === '' ? (parts[k + 2] ?? '') : (parts[k + 1] ?? '');
    const isFollowedByDigits = /^(\{|\d)/.test(next);
    return `(?<${placeholder[1][0]}>\\d{${width}${isFollowedByDigits ? '' : ','}})`;
  });
  return `^${source.join('')}$`;
}

/**
 * Refuses expressions whose search can explode: nested or too many unbounded quantifiers, back-references.
 * Returns the number of unbounded quantifiers q: the search of a name of length n takes at most n^q / q! steps, times n
 * when the expression is not anchored.
 */
function assertCheap(text: string): number {
  if (/\\[1-9]|\\k</.test(text)) throw badPattern(text, 'it refers back to a group.');
  const open: boolean[] = [];
  let unbounded = 0;
  let closedWithChoice = false;
  let previous = '';
  for (let k = 0; k < text.length; k++) {
    const token = readToken(text, k);
    k += token.length - 1;
    if (token === '(') open.push(false);
    else if (token === ')') closedWithChoice = open.pop() ?? false;
    const isUnbounded = /^(\*|\+|\{\d*,\})$/.test(token);
    const isRepeat = isUnbounded || /^\{\d+(,\d+)?\}$/.test(token);
    if (isRepeat && previous === ')' && closedWithChoice)
      throw badPattern(text, 'a repeated group holds a repetition or a choice itself; searching it can take for ever.');
    if (isUnbounded && ++unbounded > maxUnboundedQuantifiers)
      throw badPattern(text, `it has more than ${maxUnboundedQuantifiers} open repetitions (* or +).`);
    if (isRepeat || token === '|' || (token === ')' && closedWithChoice)) open.fill(true);
    previous = token;
  }
  return unbounded;
}

/** Longest name n with nᵈ / d! ≤ `searchBudget`, d being the number of free ends of the search. */
function longestName(degree: number): number {
  let factorial = 1;
  for (let k = 2; k <= degree; k++) factorial *= k;
  return Math.floor(Math.min(4096, (searchBudget * factorial) ** (1 / Math.max(1, degree))));
}

/** The token of a regular expression at k: an escape, a class, a repetition or one character. */
function readToken(text: string, k: number): string {
  const token = /^(\\.|\[(\\.|[^\]\\])*\]|\{\d*,?\d*\})/.exec(text.slice(k));
  return token === null ? text[k] : token[0];
}

function compile(text: string, source: string): RegExp {
  try {
    return new RegExp(source, 'iu');
  } catch (cause) {
    throw new StitchError(
      'bad-options',
      `The name pattern "${text}" is no regular expression: ${cause instanceof Error ? cause.message : 'syntax error'}.`,
      { pattern: text },
      { cause },
    );
  }
}

/**
 * Parses a file-name pattern.
 *
 * Placeholders: `{rrr}` row, `{ccc}` column, `{iii}` (or `{ppp}`) running number, `*` anything; as many letters as there
 * are digits at least (`{r}` takes any width), the whole name must fit, upper and lower case are the same.
 *
 * Regular expression: recognised by its named groups `row`/`r`/`y`, `column`/`col`/`c`/`x`, `index`/`i`/`p`; it may fit
 * anywhere in the name. Both are tried on the file's name, or on the whole path when the pattern contains a `/`.
 * @throws StitchError `bad-options` when the pattern has no row and column and no index, or is no (or too costly a)
 * regular expression.
 */
export function parsePattern(text: string): FileNamePattern {
  if (text.length > maxPatternLength) throw badPattern(text, `it is longer than ${maxPatternLength} characters.`);
  const isExpression = text.includes('(?<');
  const source = isExpression ? text : expandPlaceholders(text);
  const degree = assertCheap(source) + (source.startsWith('^') ? 0 : 1);
  const regularExpression = compile(text, source);
  const named = new Set([...source.matchAll(/\(\?<([A-Za-z]+)>/g)].map((match) => match[1]));
  const has = (names: readonly string[]): boolean => names.some((name) => named.has(name));
  const givesCell = has(groupNames.row) && has(groupNames.column);
  if (!givesCell && !has(groupNames.index))
    throw badPattern(text, 'it needs {r} and {c}, or {i} (groups row and column, or index).');
  return {
    text,
    kind: isExpression ? 'regular-expression' : 'placeholders',
    gives: givesCell ? 'cell' : 'index',
    regularExpression,
    onPath: text.includes('/'),
    maxNameLength: longestName(degree),
  };
}

function numberIn(groups: Readonly<Record<string, string | undefined>>, names: readonly string[]): number | null {
  for (const name of names) {
    const text = groups[name];
    if (text === undefined || !/^\d+$/.test(text)) continue;
    const value = Number(text);
    return value <= maxNumber ? value : null;
  }
  return null;
}

/** What a pattern reads in one name (a path relative to the dropped folder), or null when it does not fit. */
export function readName(pattern: FileNamePattern, file: string): NameReading | null {
  const name = pattern.onPath ? file : file.slice(file.lastIndexOf('/') + 1);
  if (name.length > pattern.maxNameLength) return null;
  const groups = pattern.regularExpression.exec(name)?.groups;
  if (groups === undefined) return null;
  if (pattern.gives === 'index') {
    const index = numberIn(groups, groupNames.index);
    return index === null ? null : { kind: 'index', index };
  }
  const row = numberIn(groups, groupNames.row);
  const column = numberIn(groups, groupNames.column);
  return row === null || column === null ? null : { kind: 'cell', row, column };
}

/** The table name → row, column or running number for a pattern, with everything that is wrong about it. */
export function applyPattern(pattern: FileNamePattern, files: readonly string[]): PatternTable {
  const rows = files.map((file) => ({ file, reading: readName(pattern, file) }));
  const errors: StitchError[] = [];
  const misfits = rows.filter((row) => row.reading === null);
  if (misfits.length > 0) errors.push(mismatch(pattern, misfits[0].file, misfits.length, files.length));
  const taken = new Map<string, string>();
  for (const { file, reading } of rows) {
    if (reading === null) continue;
    const key = reading.kind === 'cell' ? `${reading.row},${reading.column}` : String(reading.index);
    const other = taken.get(key);
    if (other === undefined) taken.set(key, file);
    else
      errors.push(
        reading.kind === 'cell' ? takenAsNamed(other, file, reading) : numberTaken(other, file, reading.index),
      );
  }
  return { rows, errors };
}

function mismatch(pattern: FileNamePattern, first: string, misfits: number, count: number): StitchError {
  const others = misfits > 1 ? ` and ${misfits - 1} more of ${count} names` : '';
  return new StitchError(
    'pattern-mismatch',
    `The pattern "${pattern.text}" does not fit "${first}"${others}. Correct the pattern or remove the files.`,
    { file: first, pattern: pattern.text, misfits },
  );
}

function takenAsNamed(first: string, second: string, cell: GridCell): StitchError {
  return new StitchError(
    'cell-taken',
    `"${first}" and "${second}" both read as row ${cell.row}, column ${cell.column}. ` +
      'Correct the name pattern or remove one of the two files.',
    { file: second, pair: [first, second], row: cell.row, column: cell.column },
  );
}

function numberTaken(first: string, second: string, index: number): StitchError {
  return new StitchError(
    'cell-taken',
    `"${first}" and "${second}" both read as number ${index}. Correct the name pattern or remove one of the two files.`,
    { file: second, pair: [first, second], index },
  );
}

/** How running numbers fill a grid; rows or columns may be null, then the other one or a square decides. */
export interface IndexOrder {
  readonly order: ScanOrder;
  readonly rows: number | null;
  readonly columns: number | null;
}

/** The first number of a scan: 0 or 1 when the least number is that or little more (its cells are empty). */
export function firstNumber(least: number, count: number): number {
  if (least === 0) return 0;
  return least <= 1 + count / 4 ? 1 : least;
}

/** Rows and columns for `cells` running cells; a square-like grid when neither is given. */
export function shapeFor(
  cells: number,
  rows: number | null,
  columns: number | null,
): { rows: number; columns: number } {
  if (rows !== null && columns !== null) return { rows, columns };
  if (columns !== null) return { rows: Math.ceil(cells / columns), columns };
  if (rows !== null) return { rows, columns: Math.ceil(cells / rows) };
  const side = Math.ceil(Math.sqrt(cells));
  return { rows: Math.ceil(cells / side), columns: side };
}

/**
 * The grid that the pattern reads from the names of the tiles. Rows and columns are counted from the least one named;
 * running numbers from 0 or 1 (see `firstNumber`) in the given order. Tiles that do not fit are in no cell.
 * @throws StitchError `pattern-mismatch` when no name fits; `cell-taken` when two tiles meet in one cell;
 * `bad-options` when the running numbers do not fit into the given rows and columns.
 */
export function gridFromPattern(
  pattern: FileNamePattern,
  tiles: readonly Tile[],
  indexOrder: IndexOrder,
  overlap: Overlap,
): TileGrid {
  const read = tiles.flatMap((tile) => {
    const reading = readName(pattern, tile.file);
    return reading === null ? [] : [{ tile, reading }];
  });
  if (read.length === 0) throw mismatch(pattern, tiles[0]?.file ?? '', tiles.length, tiles.length);
  const cellReadings = read.map(({ reading }) => reading);
  const cellFor =
    pattern.gives === 'cell' ? cellsAsNamed(cellReadings) : cellsInOrder(cellReadings, indexOrder, pattern);
  const cells = new Map<TileId, GridCell>();
  const taken = new Map<string, Tile>();
  for (const { tile, reading } of read) {
    const cell = cellFor.cell(reading);
    const key = `${cell.row},${cell.column}`;
    const other = taken.get(key);
    if (other !== undefined) throw cellTaken(other.file, tile.file, cell);
    taken.set(key, tile);
    cells.set(tile.id, cell);
  }
  return { kind: 'grid', rows: cellFor.rows, columns: cellFor.columns, cells, overlap };
}

interface CellReader {
  readonly rows: number;
  readonly columns: number;
  readonly cell: (reading: NameReading) => GridCell;
}

function cellsAsNamed(readings: readonly NameReading[]): CellReader {
  const row = rangeOf(readings.map((reading) => (reading.kind === 'cell' ? reading.row : 0)));
  const column = rangeOf(readings.map((reading) => (reading.kind === 'cell' ? reading.column : 0)));
  return {
    rows: row.count,
    columns: column.count,
    cell: (reading) =>
      reading.kind === 'cell'
        ? { row: reading.row - row.least, column: reading.column - column.least }
        : { row: 0, column: 0 },
  };
}

function cellsInOrder(readings: readonly NameReading[], wanted: IndexOrder, pattern: FileNamePattern): CellReader {
  const range = rangeOf(readings.map((reading) => (reading.kind === 'index' ? reading.index : 0)));
  const first = firstNumber(range.least, readings.length);
  const count = range.least + range.count - first;
  const { rows, columns } = shapeFor(count, wanted.rows, wanted.columns);
  if (count > rows * columns)
    throw new StitchError(
      'bad-options',
      `The names read with "${pattern.text}" go from ${first} to ${first + count - 1}, but ${rows} rows × ${columns} ` +
        `columns hold only ${rows * columns} tiles. Change rows, columns or the pattern.`,
      { rows, columns, count },
    );
  return {
    rows,
    columns,
    cell: (reading) => cellOf(reading.kind === 'index' ? reading.index - first : 0, rows, columns, wanted.order),
  };
}

function rangeOf(values: readonly number[]): { least: number; count: number } {
  let least = Infinity;
  let largest = -Infinity;
  for (const value of values) {
    if (value < least) least = value;
    if (value > largest) largest = value;
  }
  return { least, count: largest - least + 1 };
}
