import { badLayoutFile, layoutLines, parseCoordinate, positionTable } from './position-table.ts';
import type { FilePosition, PositionTable } from './position-table.ts';

/**
 * Parses MIST's global positions: `file: NAME; corr: c; position: (x, y); grid: (column, row);` lines.
 * @throws StitchError `bad-layout-file` with the line
 */
export function parseMistPositions(file: string, text: string): PositionTable {
  const positions: FilePosition[] = [];
  for (const [index, line] of layoutLines(file, text).entries()) {
    if (line.trim() === '') continue;
    const parts = partsOf(line);
    if (parts === null) throw badLayoutFile(file, index + 1, 'expected "file: NAME; corr: c; position: (x, y); …"');
    const [x, y] = parts.place.map((part) => parseCoordinate(file, index + 1, part));
    positions.push({ file: parts.name.replaceAll('\\', '/'), x, y });
  }
  return positionTable(file, 'MIST positions', positions);
}

/** True for a text with a line that names a file and a position as MIST does. */
export function isMistPositions(text: string): boolean {
  return text.split(/\r\n|\n|\r/).some((line) => partsOf(line) !== null);
}

/** The name and the two coordinates of a line. Cut, not matched: a pattern that looks back takes hours for a hostile line. */
function partsOf(line: string): { readonly name: string; readonly place: readonly string[] } | null {
  const trimmed = line.trim();
  if (!trimmed.startsWith('file:')) return null;
  const end = trimmed.indexOf(';');
  const key = trimmed.indexOf('position:', end);
  const open = trimmed.indexOf('(', key);
  const close = trimmed.indexOf(')', open);
  if (end < 0 || key < 0 || open < 0 || close < 0 || trimmed.slice(key + 'position:'.length, open).trim() !== '')
    return null;
  const name = trimmed.slice('file:'.length, end).trim();
  const place = trimmed.slice(open + 1, close).split(',');
  return name === '' || place.length !== 2 || place.some((part) => part.includes('(')) ? null : { name, place };
}
