import { compareNames, nameFields, nameWithout, roleOfMarker } from './name-fields.ts';
import type { FieldRole, NameFields, TileName } from './name-fields.ts';
import type { Tile } from './tile.ts';

/** How the numbers of a name place a tile. Field numbers count the numbers in the name from the left. */
export type NameScheme =
  /** Two fields are the line and the place in it; `marked` when the letters before them say which is which. */
  | {
      readonly kind: 'cells';
      readonly first: number | null;
      readonly second: number | null;
      readonly marked: 'row-column' | 'x-y' | null;
    }
  | { readonly kind: 'index'; readonly field: number }
  /** The names have no usable number: their sorted order counts. */
  | { readonly kind: 'sorted' };

/** Tiles that belong to one grid by their names. */
export interface TileGroup<T extends TileName = Tile> {
  /** The names with `*` for what varies: `165_*_*.tif`. */
  readonly label: string;
  readonly tiles: readonly T[];
  readonly scheme: NameScheme;
  /** The fields that tell this grid from others named alike: their numbers are constant within it. */
  readonly sections: readonly number[];
}

interface NamedTile<T extends TileName = TileName> {
  readonly tile: T;
  readonly fields: NameFields;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function distinct(tiles: readonly NamedTile[], fields: readonly number[]): number {
  return new Set(tiles.map((tile) => fields.map((field) => tile.fields.values[field]).join())).size;
}

/** Filled share of the smallest grid that holds the two fields' values as they are spaced; 1 is a full grid. */
function occupancy(tiles: readonly NamedTile[], first: number, second: number): number {
  return distinct(tiles, [first, second]) / (distinct(tiles, [first]) * distinct(tiles, [second]));
}

/** A scheme with the fields that tell grids apart. */
interface SchemeChoice {
  readonly scheme: NameScheme;
  readonly sections: readonly number[];
}

function markedCells(tiles: readonly NamedTile[], varying: readonly number[]): SchemeChoice | null {
  const { markers } = tiles[0].fields;
  const last = (role: FieldRole, among: readonly number[]): number | null =>
    among.filter((field) => roleOfMarker(markers[field]) === role).at(-1) ?? null;
  const all = markers.map((_, field) => field);
  const row = last('row', varying) ?? last('row', all);
  const column = last('column', varying) ?? last('column', all);
  if (row === null || column === null) return null;
  const rowVaries = varying.includes(row);
  const columnVaries = varying.includes(column);
  if (!rowVaries && !columnVaries) return null;
  // One of the two is constant: a single row or column, but only if nothing else could be the missing direction.
  if (!(rowVaries && columnVaries) && varying.some((field) => field !== row && field !== column)) return null;
  return {
    scheme: {
      kind: 'cells',
      first: rowVaries ? row : null,
      second: columnVaries ? column : null,
      marked: markers[column].includes('x') ? 'x-y' : 'row-column',
    },
    sections: sectionsBeside(tiles, varying, [row, column]),
  };
}

/** The varying fields beside the chosen ones that are needed to tell tiles apart; others only repeat what is known. */
function sectionsBeside(tiles: readonly NamedTile[], varying: readonly number[], chosen: readonly number[]): number[] {
  if (distinct(tiles, chosen) === tiles.length) return [];
  const { markers } = tiles[0].fields;
  const rest = varying.filter((field) => !chosen.includes(field));
  // A running number beside row and column tells tiles apart, but not grids.
  return rest.filter((field) => roleOfMarker(markers[field]) !== 'index' && distinct(tiles, [field]) < tiles.length);
}

function unmarkedCells(tiles: readonly NamedTile[], varying: readonly number[]): SchemeChoice | null {
  const { markers } = tiles[0].fields;
  const candidates = varying.filter(
    (field) => roleOfMarker(markers[field]) !== 'section' || /@/.test(tiles[0].tile.file),
  );
  let best: { choice: SchemeChoice; merit: number } | null = null;
  for (const first of candidates)
    for (const second of candidates) {
      if (second <= first) continue;
      const sections = sectionsBeside(tiles, varying, [first, second]);
      if (distinct(tiles, [first, second, ...sections]) < tiles.length && varying.length > 2) continue;
      // The last two numbers are the likely ones; a full grid speaks for a pair, a third number against it.
      const merit = occupancy(tiles, first, second) + 0.2 * candidates.indexOf(first) - 0.3 * sections.length;
      const choice: SchemeChoice = { scheme: { kind: 'cells', first, second, marked: null }, sections };
      if (occupancy(tiles, first, second) >= 0.3 && (best === null || merit > best.merit)) best = { choice, merit };
    }
  return best?.choice ?? null;
}

function chooseScheme(tiles: readonly NamedTile[]): SchemeChoice {
  const { markers } = tiles[0].fields;
  const varying = markers.map((_, field) => field).filter((field) => distinct(tiles, [field]) > 1);
  const marked = markedCells(tiles, varying);
  if (marked !== null) return marked;
  const index = varying.filter((field) => roleOfMarker(markers[field]) === 'index').at(-1);
  const sections = varying.filter((field) => roleOfMarker(markers[field]) === 'section' && field !== index);
  const unclear = varying.filter((field) => field !== index && !sections.includes(field));
  if (index !== undefined && unclear.length === 0) return { scheme: { kind: 'index', field: index }, sections };
  const cells = unmarkedCells(tiles, varying);
  if (cells !== null) return cells;
  // One number that tells all tiles apart (a time stamp may vary beside it): the last such.
  const telling = varying.filter((field) => distinct(tiles, [field, ...sections]) === tiles.length).at(-1);
  const field = index ?? telling ?? varying.at(-1);
  if (field === undefined) return { scheme: { kind: 'sorted' }, sections: [] };
  return { scheme: { kind: 'index', field }, sections: sections.filter((section) => section !== field) };
}

/** Fields shown as `*` in a group's label. */
function starredFields(scheme: NameScheme): ReadonlySet<number> {
  if (scheme.kind === 'index') return new Set([scheme.field]);
  if (scheme.kind === 'cells') return new Set([scheme.first, scheme.second].filter((field) => field !== null));
  return new Set();
}

function groupsOfTemplate<T extends TileName>(tiles: readonly NamedTile<T>[]): TileGroup<T>[] {
  const all = tiles[0].fields.values.map((_, field) => field);
  const byExtension = groupBy(tiles, (tile) => tile.fields.extension);
  // Every name twice, as .tif and as .png: two sets of files, not two tiles in each cell.
  const isSetTwice = byExtension.every((group) => group.length > 1 && distinct(group, all) === group.length);
  if (byExtension.length > 1 && isSetTwice && distinct(tiles, all) < tiles.length)
    return byExtension.flatMap((group) => groupsOfTemplate(group));
  const { scheme, sections } = chooseScheme(tiles);
  return groupBy(tiles, (tile) => sections.map((field) => tile.fields.values[field]).join()).map((group) => ({
    label: nameWithout(group[0].tile, starredFields(scheme)),
    tiles: group.map((named) => named.tile),
    scheme,
    sections,
  }));
}

/**
 * The grids that are mixed in the files, largest first, told apart by names alone: by the text in the names, and by
 * numbers that are constant within a grid (`165_1_1 … 1_3_3`; `g0_t00 … g1_t08`; folders). One group is the usual case;
 * with more, the app says "two grids are mixed: 165_*_*.tif (9 tiles), 1_*_*.png (9 tiles)" and asks which.
 * When every name is of its own kind, all tiles are one group in the sorted order of their names.
 */
export function findGroups<T extends TileName = Tile>(tiles: readonly T[]): readonly TileGroup<T>[] {
  const named = tiles.map((tile) => ({ tile, fields: nameFields(tile) }));
  const groups = groupBy(named, ({ fields }) => `${fields.template}\u0000${fields.values.length}`).flatMap((group) =>
    groupsOfTemplate(group),
  );
  if (tiles.length > 1 && groups.every((group) => group.tiles.length === 1)) {
    const sorted = [...tiles].sort((p, q) => compareNames(p.id, q.id));
    return [{ label: 'names in sorted order', tiles: sorted, scheme: { kind: 'sorted' }, sections: [] }];
  }
  return groups.sort((p, q) => q.tiles.length - p.tiles.length || compareNames(p.label, q.label));
}
