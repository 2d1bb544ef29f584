import { badLayoutFile, layoutLines, parseCoordinate, positionTable } from './position-table.ts';
import type { FilePosition, PositionTable } from './position-table.ts';

const fileHeaders = ['file', 'filename', 'file_name', 'name', 'image', 'tile', 'path'];
const xHeaders = ['x', 'x_px', 'px', 'pos_x', 'posx', 'x_pos', 'position_x'];
const yHeaders = ['y', 'y_px', 'py', 'pos_y', 'posy', 'y_pos', 'position_y'];

interface Columns {
  readonly file: number;
  readonly x: number;
  readonly y: number;
}

/**
 * Parses a table of file, x, y in full-resolution px, separated by tab, semicolon or comma; a header line may name the
 * columns in any order (with semicolons or tabs a decimal comma is understood); quoted cells as in RFC 4180. Lines
 * beginning with # and feabas's {…} lines are skipped.
 * @throws StitchError `bad-layout-file` with the line
 */
export function parsePositionsCsv(file: string, text: string): PositionTable {
  const lines = layoutLines(file, text.replace(/^\uFEFF/, ''));
  const isRow = (line: string): boolean => line.trim() !== '' && !/^\s*[#{]/.test(line);
  const first = lines.findIndex(isRow);
  if (first < 0) throw badLayoutFile(file, null, 'it holds no positions');
  const separator = separatorOf(lines[first]);
  if (separator === null)
    throw badLayoutFile(file, first + 1, 'expected file, x, y separated by comma, semicolon or tab');
  const header = columnsOf(splitCells(lines[first], separator));
  const columns = header ?? { file: 0, x: 1, y: 2 };
  const positions: FilePosition[] = [];
  for (let i = header === null ? first : first + 1; i < lines.length; i++) {
    if (!isRow(lines[i])) continue;
    const cells = splitCells(lines[i], separator);
    if (cells.length <= Math.max(columns.file, columns.x, columns.y))
      throw badLayoutFile(file, i + 1, `expected file, x and y, found ${cells.length} columns`);
    const name = cells[columns.file].trim().replaceAll('\\', '/');
    if (name === '') throw badLayoutFile(file, i + 1, 'the file name is empty');
    const [x, y] = [columns.x, columns.y].map((c) => parseCoordinate(file, i + 1, cells[c], separator !== ','));
    positions.push({ file: name, x, y });
  }
  return positionTable(file, 'CSV positions', positions);
}

function separatorOf(line: string): string | null {
  return ['\t', ';', ','].find((separator) => line.split(separator).length >= 3) ?? null;
}

/** Columns named by a header line; null when the line is data. */
function columnsOf(cells: readonly string[]): Columns | null {
  const names = cells.map((cell) => cell.trim().toLowerCase());
  const find = (known: readonly string[]): number => names.findIndex((name) => known.includes(name));
  const columns = { file: find(fileHeaders), x: find(xHeaders), y: find(yHeaders) };
  return columns.file >= 0 && columns.x >= 0 && columns.y >= 0 ? columns : null;
}

function splitCells(line: string, separator: string): readonly string[] {
  if (!line.includes('"')) return line.split(separator);
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (c === '"' && isQuoted && line[i + 1] === '"') {
      cell += '"';
      i++;
    } else if (c === '"') isQuoted = !isQuoted;
    else if (c === separator && !isQuoted) {
      cells.push(cell);
      cell = '';
    } else cell += c;
  }
  return [...cells, cell];
}
