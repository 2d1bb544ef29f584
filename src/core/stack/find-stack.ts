import { compareNames, nameFields, roleOfMarker } from '../tiles/name-fields.ts';
import type { TileName } from '../tiles/name-fields.ts';
import { findGroups } from '../tiles/tile-groups.ts';
import type { TileGroup } from '../tiles/tile-groups.ts';

/** One section of a stack: the tiles that are stitched into one mosaic. */
export interface Section<T extends TileName = TileName> {
  /** Unique in the stack and fit for a folder's name: `s00007`. */
  readonly name: string;
  /** The number in the name or folder, when all sections have one of their own; null otherwise. */
  readonly index: number | null;
  readonly tiles: readonly T[];
}

/** Sections in the order of their numbers or names. */
export interface Stack<T extends TileName = TileName> {
  readonly kind: 'folders' | 'names';
  readonly sections: readonly Section<T>[];
  /** Tiles that belong to no section: beside the folders, or alone with their kind of name. */
  readonly loose: readonly T[];
}

/** A section before its name is made unique. */
interface Draft<T extends TileName> {
  readonly label: string;
  readonly index: number | null;
  readonly tiles: readonly T[];
}

/** Markers of numbers that count sections of tissue; a `channel` or a `sample` tells grids apart, but makes no stack. */
const sliceMarkers = ['s', 'sec', 'section', 'slice', 'z'];
/** So many grids that are named alike are a stack even if nothing says `section`. */
const leastAlike = 3;

/**
 * The stack that names show: a folder of folders, one section each, or names with a slice index (`tile_r1_c2_s00007`).
 * Null when they show one grid, or fewer than two sections of two tiles.
 *
 * `asked` is true when the user says that it is a stack: then every folder of images counts as a section, and so does
 * every grid among mixed names. Otherwise only what can hardly be anything else: folders that do not make up one grid
 * together (`row1/…`, `row2/…` do), numbers that are marked as a slice's, and three or more grids named alike.
 * Names alone decide; no file needs to be open.
 */
export function findStack<T extends TileName>(tiles: readonly T[], asked: boolean): Stack<T> | null {
  return stackOfFolders(tiles, asked) ?? stackOfNames(tiles, asked);
}

function stackOfFolders<T extends TileName>(tiles: readonly T[], asked: boolean): Stack<T> | null {
  const depth = depthOfFolders(tiles);
  if (depth === null) return null;
  const byFolder = new Map<string, T[]>();
  const loose: T[] = [];
  for (const tile of tiles) {
    const folder = foldersOf(tile).at(depth);
    if (folder === undefined) loose.push(tile);
    else append(byFolder, folder, tile);
  }
  const folders = [...byFolder.keys()].sort(compareNames);
  if (folders.every((folder) => isLineOfGrid(folder))) return null;
  if (!asked && spansFolders(tiles, depth)) return null;
  const indices = indicesOfNames(folders);
  const drafts = folders.map((folder, k) => ({ label: folder, index: indices[k], tiles: byFolder.get(folder) ?? [] }));
  return stackOf('folders', drafts, loose);
}

/** Place in the path of the first folder that differs; null when all tiles lie in one folder. */
function depthOfFolders(tiles: readonly TileName[]): number | null {
  let common: readonly string[] | null = null;
  let deepest = 0;
  for (const tile of tiles) {
    const folders = foldersOf(tile);
    deepest = Math.max(deepest, folders.length);
    let k = 0;
    while (common !== null && k < common.length && folders[k] === common[k]) k++;
    common = common === null ? folders : common.slice(0, k);
  }
  return common === null || common.length >= deepest ? null : common.length;
}

function foldersOf({ file }: TileName): readonly string[] {
  return file.split('/').slice(0, -1);
}

/** A folder named `row3` or `c07` is a line of one grid. */
function isLineOfGrid(folder: string): boolean {
  const { markers } = nameFields({ id: '' as TileName['id'], file: `${folder}`, page: 0 });
  const role = markers.length > 1 ? roleOfMarker(markers[markers.length - 2]) : null;
  return role === 'row' || role === 'column';
}

/** True when the names make one grid out of tiles of several folders. */
function spansFolders(tiles: readonly TileName[], depth: number): boolean {
  return findGroups(tiles).some(
    (group) => group.scheme.kind !== 'sorted' && new Set(group.tiles.map((tile) => foldersOf(tile).at(depth))).size > 1,
  );
}

function stackOfNames<T extends TileName>(tiles: readonly T[], asked: boolean): Stack<T> | null {
  const groups = findGroups(tiles);
  const whole = groups.filter((group) => group.tiles.length > 1);
  if (whole.length < 2 || !(asked || isEvident(whole))) return null;
  const fields = whole.map((group) => nameFields(group.tiles[0]));
  const [{ sections }] = whole;
  const isNumbered =
    sections.length > 0 &&
    whole.every((group, k) => group.sections.join() === sections.join() && fields[k].template === fields[0].template);
  const numbers = fields.map(({ values }) => values[sections[0]]);
  const hasIndex = isNumbered && sections.length === 1 && new Set(numbers).size === numbers.length;
  const drafts = whole
    .map((group, k) => ({
      label: isNumbered ? labelOfFields(fields[k], sections) : labelOfGroup(group),
      index: hasIndex ? numbers[k] : null,
      tiles: group.tiles,
    }))
    .sort((p, q) => compareNames(p.label, q.label));
  const loose = groups.filter((group) => group.tiles.length === 1).flatMap((group) => group.tiles);
  return stackOf('names', drafts, loose);
}

/** Grids named alike that nobody would mix by accident. */
function isEvident(groups: readonly TileGroup<TileName>[]): boolean {
  const [first] = groups;
  const { template, markers } = nameFields(first.tiles[0]);
  if (first.sections.length === 0) return false;
  if (groups.some((group) => nameFields(group.tiles[0]).template !== template)) return false;
  return groups.length >= leastAlike || first.sections.some((field) => sliceMarkers.includes(markers[field]));
}

function labelOfFields({ digits, markers }: ReturnType<typeof nameFields>, sections: readonly number[]): string {
  return sections
    .map((field) => `${sliceMarkers.includes(markers[field]) ? markers[field] : ''}${digits[field]}`)
    .join('_');
}

/** `liver_*_*.tif` → `liver`. */
function labelOfGroup(group: TileGroup<TileName>): string {
  return group.label.replace(/\.[^./]*$/, '').replace(/[-_. ]*\*/g, '');
}

/** The one number that tells names apart which are alike otherwise; null for each where there is none. */
function indicesOfNames(names: readonly string[]): readonly (number | null)[] {
  const fields = names.map((file) => nameFields({ id: '' as TileName['id'], file, page: 0 }));
  const alike = fields.every(({ template }) => template === fields[0].template);
  const varying = fields[0].values
    .map((_, k) => k)
    .filter((k) => new Set(fields.map(({ values }) => values[k])).size > 1);
  const numbers = fields.map(({ values }) => values[varying[0]]);
  const isIndexed = alike && varying.length === 1 && new Set(numbers).size === numbers.length;
  return names.map((_, k) => (isIndexed ? numbers[k] : null));
}

function stackOf<T extends TileName>(
  kind: Stack['kind'],
  drafts: readonly Draft<T>[],
  loose: readonly T[],
): Stack<T> | null {
  if (drafts.filter(({ tiles }) => tiles.length > 1).length < 2) return null;
  const taken = new Set<string>();
  const sections = drafts.map(({ label, index, tiles }) => {
    const safe = label.replace(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^[._]+/, '') || 'section';
    let name = safe;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${safe}-${n}`;
    taken.add(name.toLowerCase());
    return { name, index, tiles };
  });
  const isOrdered = sections.every(({ index }) => index !== null);
  return { kind, sections: isOrdered ? sections.sort((p, q) => (p.index ?? 0) - (q.index ?? 0)) : sections, loose };
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
