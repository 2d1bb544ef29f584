import { StitchError } from '../core/errors.ts';
import type { Pose2 } from '../core/geometry/pose2.ts';
import type { FreePositions, Tile, TileId } from '../core/tiles/tile.ts';
import { mdocPositions, parseMdoc } from './mdoc.ts';
import { isMistPositions, parseMistPositions } from './mist-positions.ts';
import { badLayoutFile, positionTable } from './position-table.ts';
import type { FilePosition, PositionTable } from './position-table.ts';
import { parsePositionsCsv } from './positions-csv.ts';
import { isTileConfiguration, parseTileConfiguration } from './tile-configuration.ts';

export type { PositionTable } from './position-table.ts';

const extensions = ['txt', 'csv', 'tsv', 'mdoc'];
/** One-sigma error of a stage that wrote its positions into a file, px; pairing and priors start from it. */
const defaultSigmaPx = 20;

/** True for names that may hold positions; the content decides. */
export function isPositionFile(name: string): boolean {
  return extensions.includes(name.slice(name.lastIndexOf('.') + 1).toLowerCase());
}

/**
 * Positions of a text file, whichever format it is in (Fiji TileConfiguration, MIST, CSV, SerialEM .mdoc); null when it
 * is some other text that names none of `files` (a read-me, a log).
 * @param files paths of the drop; positions are given for these paths where the table's names fit one of them.
 * @throws StitchError `bad-layout-file` with the line
 */
export function parsePositionFile(name: string, text: string, files: readonly string[]): PositionTable | null {
  if (name.toLowerCase().endsWith('.mdoc')) return mdocTable(name, text, files);
  const sample = text.slice(0, 65536);
  if (isTileConfiguration(sample)) return withPaths(parseTileConfiguration(name, text), name, files);
  if (isMistPositions(sample)) return withPaths(parseMistPositions(name, text), name, files);
  return namesAny(text, new Set(files.filter((file) => file !== name).map(baseName)))
    ? withPaths(parsePositionsCsv(name, text), name, files)
    : null;
}

/** True where a cell of the text is one of the names: one walk, however many names there are. */
function namesAny(text: string, names: ReadonlySet<string>): boolean {
  for (const line of text.split(/[\r\n]+/))
    if (line.split(/[\t;,"]/).some((cell) => names.has(baseName(cell.trim().replaceAll('\\', '/'))))) return true;
  return false;
}

/**
 * The free layout that a table gives: tiles that it does not name have no place.
 * @throws StitchError `bad-layout-file` when it names none of the tiles
 */
export function layoutFromPositions(
  table: PositionTable & { readonly path?: string },
  tiles: readonly Tile[],
  sigmaPx = defaultSigmaPx,
): FreePositions {
  const find = pathFinder(
    tiles.map(({ file }) => file),
    table.path ?? '',
  );
  const byFile = new Map<string, FilePosition>();
  for (const position of table.positions) {
    const file = find(position.file);
    if (file !== null) byFile.set(file, position);
  }
  // Sections of a stack are named like tiles: file#page.
  const byId = new Map(table.positions.map((position) => [position.file, position]));
  const poses = new Map<TileId, Pose2>();
  for (const tile of tiles) {
    const position = byId.get(tile.id) ?? byFile.get(tile.file);
    if (position !== undefined) poses.set(tile.id, { x: position.x, y: position.y, thetaRad: 0 });
  }
  if (poses.size === 0)
    throw new StitchError(
      'bad-layout-file',
      `${table.path ?? 'The positions'}: none of its ${table.positions.length} names is one of the tiles. ` +
        'Check the names, or choose another layout.',
      { ...(table.path === undefined ? {} : { file: table.path }) },
    );
  return { kind: 'positions', poses, sigmaPx };
}

function withPaths(table: PositionTable, tablePath: string, files: readonly string[]): PositionTable {
  const find = pathFinder(files, tablePath);
  return { ...table, positions: table.positions.map((each) => ({ ...each, file: find(each.file) ?? each.file })) };
}

/**
 * Finds the path that a table means: the path itself, one beside the table, then the only file of that name, then the
 * only file of that name whatever its extension (positions are often kept for tiles converted since).
 */
function pathFinder(files: readonly string[], tablePath: string): (name: string) => string | null {
  const paths = new Set(files);
  const byName = groupBy(files, baseName);
  const byStem = groupBy(files, (file) => stemOf(baseName(file)));
  const folder = tablePath.slice(0, tablePath.lastIndexOf('/') + 1);
  return (name) => {
    if (paths.has(name)) return name;
    if (paths.has(folder + name)) return folder + name;
    const same = byName.get(baseName(name)) ?? [];
    if (same.length > 0) return same.length === 1 ? same[0] : null;
    const alike = byStem.get(stemOf(baseName(name))) ?? [];
    return alike.length === 1 ? alike[0] : null;
  };
}

function groupBy(files: readonly string[], keyOf: (file: string) => string): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const file of files) {
    const key = keyOf(file);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  return groups;
}

function mdocTable(name: string, text: string, files: readonly string[]): PositionTable | null {
  const mdoc = parseMdoc(name, text);
  const places = mdocPositions(mdoc);
  const find = pathFinder(files, name);
  const stack = find(mdoc.imageFile ?? baseName(name).replace(/\.mdoc$/i, ''));
  const positions = mdoc.sections.flatMap(({ file, section }, i) => {
    const place = places[i];
    // Sections of a stack are pages: their tiles are named `file#page`, the first one by the file alone.
    const page = stack === null || section === null ? null : section === 0 ? stack : `${stack}#${section}`;
    const target = file === null ? page : (find(file) ?? file);
    return place === null || target === null ? [] : [{ file: target, ...place }];
  });
  if (positions.length === 0 && mdoc.sections.every(({ piece, stage }) => piece === null && stage === null))
    return null;
  if (positions.length === 0) throw badLayoutFile(name, null, 'the image that it describes is not in the folder');
  return positionTable(name, 'SerialEM mdoc', positions);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function stemOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(0, dot) : name;
}
