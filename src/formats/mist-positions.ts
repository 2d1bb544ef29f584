import { badLayoutFile, parseCoordinate, positionTable } from './position-table.ts';
import type { FilePosition, PositionTable } from './position-table.ts';

/**
 * Parses MIST's global positions: `file: NAME; corr: c; position: (x, y); grid: (column, row);` lines.
 * @throws StitchError `bad-layout-file` with the line
 */
export function parseMistPositions(file: string, text: string): PositionTable {
  const positions: FilePosition[] = [];
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (line.trim() === '') continue;
    const parts = /^\s*file:\s*(.+?)\s*;.*?position:\s*\(([^,()]*),([^,()]*)\)/.exec(line);
    if (parts === null) throw badLayoutFile(file, index + 1, 'expected "file: NAME; corr: c; position: (x, y); …"');
    const x = parseCoordinate(file, index + 1, parts[2]);
    const y = parseCoordinate(file, index + 1, parts[3]);
    positions.push({ file: parts[1].replaceAll('\\', '/'), x, y });
  }
  return positionTable(file, 'MIST positions', positions);
}
