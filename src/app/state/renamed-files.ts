import type { Edit } from '../../core/edits/edit.ts';
import { applyAffine } from '../../core/geometry/affine2.ts';
import { affineFromPose, invertPose } from '../../core/geometry/pose2.ts';
import { pairKey, tileId, type Tile, type TileId, type TilePair } from '../../core/tiles/tile.ts';
import type { NamedFile, ProjectFile } from '../../../workers/protocol.ts';
import { groupKey } from './project.ts';

/** How the files of a saved project are called now. */
export interface RenamedFiles {
  /** The path of a file now by the path that it was saved with; only files whose path is another. */
  readonly now: ReadonlyMap<string, string>;
  /** Saved paths of files that are not there; a file of other content may have the name. */
  readonly missing: readonly string[];
}

/**
 * Recognises the files of a saved project by their content, whatever they are called: a file that kept its path first,
 * then, of equal files, one by one in the order of the lists.
 * @param identities of `files`, in their order.
 */
export function renamedFiles(
  saved: ProjectFile,
  files: readonly NamedFile[],
  identities: readonly string[],
): RenamedFiles {
  const pathsOf = new Map<string, Set<string>>();
  files.forEach(({ path }, k) => pathsOf.set(identities[k], (pathsOf.get(identities[k]) ?? new Set()).add(path)));
  const others = saved.files.filter(({ path, identity }) => !(pathsOf.get(identity)?.delete(path) ?? false));
  const now = new Map<string, string>();
  const missing: string[] = [];
  for (const { path, identity } of others) {
    const [found] = pathsOf.get(identity) ?? [];
    if (found === undefined) missing.push(path);
    else {
      now.set(path, found);
      pathsOf.get(identity)?.delete(found);
    }
  }
  return { now, missing };
}

/**
 * The saved decisions with the tiles called as they are now. What was corrected on a file that is not there, and whose
 * name another file has taken, would be said of the wrong tile: it is left out.
 */
export function withNamesNow(saved: ProjectFile, { now, missing }: RenamedFiles): ProjectFile {
  if (now.size === 0) return saved;
  const taken = new Set(now.values());
  const lost = new Set(missing.filter((path) => taken.has(path)));
  const nameOf = (tile: TileId): TileId => {
    const { file, page } = partsOf(tile);
    const path = now.get(file);
    return path === undefined ? tile : (`${path}${page}` as TileId);
  };
  const isKnown = ({ edit }: ProjectFile['corrections'][number]) =>
    tilesOf(edit).every((tile) => !lost.has(partsOf(tile).file));
  const { layoutChoice, view } = saved;
  return {
    ...saved,
    files: saved.files.map((file) => ({ ...file, path: now.get(file.path) ?? file.path })),
    layoutChoice:
      layoutChoice.kind === 'table'
        ? { ...layoutChoice, path: now.get(layoutChoice.path) ?? layoutChoice.path }
        : layoutChoice,
    corrections: saved.corrections
      .filter(isKnown)
      .map((entry) => ({ ...entry, edit: renamedEdit(entry.edit, nameOf) })),
    view: { ...view, selectedPair: view.selectedPair && renamedPair(view.selectedPair, nameOf) },
  };
}

/** The tiles, called in `file` as the project was saved with: what their names said then can be read again. */
export function withNamesThen(tiles: readonly Tile[], { now }: RenamedFiles): readonly Tile[] {
  const then = new Map([...now].map(([path, renamed]) => [renamed, path]));
  return tiles.map((tile) => ({ ...tile, file: then.get(tile.file) ?? tile.file }));
}

/** The group of files that was stitched, under the names of now; null = all tiles, or none is left of it. */
export function groupNow(saved: ProjectFile, tiles: readonly Tile[], renamed: RenamedFiles): string | null {
  if (saved.group === null) return null;
  const then = withNamesThen(tiles, renamed);
  const at = then.findIndex((tile) => groupKey(tile) === saved.group);
  return at < 0 ? null : groupKey(tiles[at]);
}

/** The file of a tile, and the page as it stands in the id: empty, or `#` with a number. */
function partsOf(tile: string): { readonly file: string; readonly page: string } {
  const [page = ''] = /#\d+$/.exec(tile) ?? [];
  return { file: tile.slice(0, tile.length - page.length), page };
}

function tilesOf(edit: Edit): readonly TileId[] {
  if ('pair' in edit) return [edit.pair.a, edit.pair.b];
  return 'tile' in edit ? [edit.tile] : [edit.a, edit.b];
}

type NameOf = (tile: TileId) => TileId;

/**
 * An edit with its tiles called otherwise. Pairs stand in the order of their names: where that has turned, so does what
 * is said of a and b.
 */
export function renamedEdit(edit: Edit, nameOf: NameOf): Edit {
  switch (edit.kind) {
    case 'exclude-link':
    case 'restore-link': {
      const [a, b] = [nameOf(edit.a), nameOf(edit.b)].sort();
      return { ...edit, a, b };
    }
    case 'landmark': {
      const [a, b] = [nameOf(edit.a), nameOf(edit.b)];
      return a < b ? { ...edit, a, b } : { ...edit, a: b, b: a, inA: edit.inB, inB: edit.inA };
    }
    case 'link-tiles': {
      const pair = { ...edit.pair, a: nameOf(edit.pair.a), b: nameOf(edit.pair.b) };
      return { ...edit, pair: pair.a < pair.b ? pair : turnedPair(pair) };
    }
    case 'pin-tile':
    case 'mask-tile':
    case 'raise-tile':
      return { ...edit, tile: nameOf(edit.tile) };
  }
}

/** The same pair seen from the other tile; the overlap keeps its size about its middle. */
function turnedPair({ a, b, aFromB, sigmaPx, expectedOverlap }: TilePair): TilePair {
  const bFromA = invertPose(aFromB);
  const turned = { a: b, b: a, aFromB: bFromA, sigmaPx };
  if (expectedOverlap === null) return { ...turned, expectedOverlap };
  const { x, y, width, height } = expectedOverlap;
  const middle = applyAffine(affineFromPose(bFromA), x + (width - 1) / 2, y + (height - 1) / 2);
  const corner = { x: Math.round(middle.x - (width - 1) / 2), y: Math.round(middle.y - (height - 1) / 2) };
  return { ...turned, expectedOverlap: { ...corner, width, height } };
}

function renamedPair(key: string, nameOf: NameOf): string {
  const [a, b] = key.split('\u0000').map((id) => nameOf(tileId(id)));
  if (a === undefined || b === undefined) return key;
  return pairKey(a < b ? { a, b } : { a: b, b: a });
}
