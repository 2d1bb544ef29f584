import { StitchError } from '../core/errors.ts';
import { maxLineLength } from './limits.ts';

/** Place of one file's upper-left pixel in full-resolution px, y down. */
export interface FilePosition {
  /** As written in the table: a name, or a path relative to the dropped folder. */
  readonly file: string;
  readonly x: number;
  readonly y: number;
}

/**
 * Positions read from a layout file. Corner or centre convention makes no difference: a pure translation is the same in
 * both.
 */
export interface PositionTable {
  readonly format: string;
  readonly positions: readonly FilePosition[];
}

/** Tables beyond this are damage or something else. */
export const maxPositions = 2_000_000;

/**
 * Lines of a layout file, without their ends.
 * @throws StitchError `bad-layout-file` where one is longer than any line of positions
 */
export function layoutLines(file: string, text: string): readonly string[] {
  const lines = text.split(/\r\n|\n|\r/);
  const long = lines.findIndex((line) => line.length > maxLineLength);
  if (long >= 0)
    throw badLayoutFile(file, long + 1, `it has ${lines[long].length} letters, which no list of positions has`);
  return lines;
}

/** The error of a layout file: names the file, the line (1-based, null for the whole) and what to do. */
export function badLayoutFile(file: string, line: number | null, what: string): StitchError {
  const where = line === null ? file : `${file}, line ${line}`;
  return new StitchError('bad-layout-file', `${where}: ${what}. Correct the file, or choose another layout.`, {
    file,
    ...(line === null ? {} : { line }),
  });
}

/**
 * A coordinate; a decimal comma is understood where `allowComma`.
 * @throws StitchError `bad-layout-file` when it is not a finite number
 */
export function parseCoordinate(file: string, line: number, text: string, allowComma = false): number {
  const trimmed = text.trim();
  const value = Number(allowComma ? trimmed.replace(',', '.') : trimmed);
  if (trimmed === '' || !Number.isFinite(value))
    throw badLayoutFile(file, line, `"${trimmed.slice(0, 40)}" is not a coordinate`);
  return value;
}

/**
 * The table, if it is one.
 * @throws StitchError `bad-layout-file` when it is empty or names a file twice with different places
 */
export function positionTable(file: string, format: string, positions: readonly FilePosition[]): PositionTable {
  if (positions.length === 0) throw badLayoutFile(file, null, 'it holds no positions');
  if (positions.length > maxPositions) throw badLayoutFile(file, null, `it holds more than ${maxPositions} positions`);
  const seen = new Map<string, FilePosition>();
  for (const position of positions) {
    const before = seen.get(position.file);
    if (before !== undefined && (before.x !== position.x || before.y !== position.y))
      throw badLayoutFile(file, null, `it places ${position.file} twice, differently`);
    seen.set(position.file, position);
  }
  return { format, positions: [...seen.values()] };
}
