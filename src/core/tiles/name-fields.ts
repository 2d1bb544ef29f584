import type { Tile } from './tile.ts';

/** All that a name says of a tile: what can be known before its file is opened. */
export type TileName = Pick<Tile, 'id' | 'file' | 'page'>;

/** The numbers in a tile's name (its path without the extension, and its page), and the text between them. */
export interface NameFields {
  /** The path in lower case, without extension, every run of digits replaced by `#`; equal for tiles named alike. */
  readonly template: string;
  /** The numbers, left to right; the page in the file (mostly 0) is the last one. */
  readonly values: readonly number[];
  /** The numbers as they are written: `00007`. */
  readonly digits: readonly string[];
  /** The letters directly before each number, lower case: `r` in `tile_r01`, `grid` in `[Grid@1`; '' when none. */
  readonly markers: readonly string[];
  readonly extension: string;
}

/** What the letters before a number say about it. */
export type FieldRole = 'row' | 'column' | 'index' | 'section';

const roleWords: Readonly<Record<FieldRole, readonly string[]>> = {
  row: ['r', 'row', 'rows', 'y', 'iy', 'ypos'],
  column: ['c', 'col', 'cols', 'column', 'columns', 'x', 'ix', 'xpos'],
  index: ['t', 'tile', 'i', 'idx', 'index', 'img', 'image', 'p', 'pos', 'position', 'f', 'field', 'fov', 'm', 'page'],
  section: [
    's',
    'sec',
    'section',
    'slice',
    'z',
    'g',
    'grid',
    'ch',
    'channel',
    'scan',
    'montage',
    'mosaic',
    'sample',
    'day',
  ],
};

/** The role that a marker names, or null when it names none. */
export function roleOfMarker(marker: string): FieldRole | null {
  for (const role of ['row', 'column', 'index', 'section'] as const) if (roleWords[role].includes(marker)) return role;
  return null;
}

/** Splits off `.tif`, `.ome.tif`, `.png` …; equal formats are written alike (`.TIFF` and `.tif`). */
function splitExtension(path: string): { stem: string; extension: string } {
  const match = /((?:\.ome)?\.[a-z][a-z0-9]{0,5})$/i.exec(path);
  if (match === null) return { stem: path, extension: '' };
  const extension = match[1].toLowerCase().replace('.tiff', '.tif').replace('.jpeg', '.jpg');
  return { stem: path.slice(0, match.index), extension };
}

/** Letters and signs before a number that are looked at. */
const maxMarker = 64;

/** Takes a tile's name apart into its numbers. */
export function nameFields(tile: TileName): NameFields {
  const { stem, extension } = splitExtension(tile.file);
  const digits: string[] = [];
  const markers: string[] = [];
  for (const match of stem.matchAll(/\d+/g)) {
    digits.push(match[0]);
    // The letters before it are looked for near by: over the whole of a long name the search takes quadratic time.
    const before = stem.slice(Math.max(0, match.index - maxMarker), match.index);
    markers.push(/([a-z]+)[^a-z0-9/]*$/i.exec(before)?.[1].toLowerCase() ?? '');
  }
  digits.push(String(tile.page));
  markers.push('page');
  return { template: stem.toLowerCase().replace(/\d+/g, '#'), values: digits.map(Number), digits, markers, extension };
}

/** The name with the numbers of `fields` shown as `*`: `165_*_*.tif`. */
export function nameWithout(tile: TileName, fields: ReadonlySet<number>): string {
  const { stem } = splitExtension(tile.file);
  let field = -1;
  const shown = stem.replace(/\d+/g, (digits) => (fields.has(++field) ? '*' : digits));
  return shown + tile.file.slice(stem.length);
}

/** Orders names as people do: numbers by value. */
export function compareNames(a: string, b: string): number {
  const p = a.split(/(\d+)/);
  const q = b.split(/(\d+)/);
  for (let k = 0; k < Math.min(p.length, q.length); k++) {
    const difference = k % 2 === 1 ? Number(p[k]) - Number(q[k]) : 0;
    // Numbers of over 308 digits are infinite, and their difference is none: they are ordered as text.
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
    if (p[k] !== q[k]) return p[k] < q[k] ? -1 : 1;
  }
  return p.length - q.length;
}
