import type { Edit, EditList } from '../../core/edits/edit.ts';
import type { Point } from '../../core/geometry/affine2.ts';
import type { Tile } from '../../core/tiles/tile.ts';
import { tileName } from '../viewer/tile-name.ts';
import { entryName } from './edits.ts';
import { renamedEdit } from './renamed-files.ts';

/** A landmark lies in its tile, or beyond its border by no more than this share of its side. */
const largestBeyond = 0.05;
/** Nobody sets a place better than this, px: beyond it the solver's numbers end. */
const leastSigmaPx = 1e-3;
/** No mosaic reaches so far, px. */
const farthestPx = 1e8;

/** The corrections of a project with those switched off that cannot be meant, and what is wrong with each. */
export interface SoundCorrections {
  readonly corrections: EditList;
  readonly faults: readonly string[];
}

/**
 * What a hand or another program may have written into a project file, and the solver must not see: a landmark far
 * outside its tile would fling that away. Nothing is dropped; pairs stand in the order of their names, ids are unique.
 */
export function soundCorrections(list: EditList, tiles: readonly Tile[]): SoundCorrections {
  const sizeOf = new Map<string, Tile['size']>(tiles.map(({ id, size }) => [id, size]));
  const faults: string[] = [];
  const ids = new Set<string>();
  const corrections = list.map((entry, k) => {
    const id = ids.has(entry.id) ? `e${list.length + k + 1}` : entry.id;
    ids.add(id);
    const fault = faultOf(entry.edit, sizeOf);
    if (entry.isOn && fault !== null) faults.push(`${entryName(entry)} (${fault})`);
    return { id, isOn: entry.isOn && fault === null, edit: renamedEdit(entry.edit, (tile) => tile) };
  });
  return { corrections, faults };
}

function faultOf(edit: Edit, sizeOf: ReadonlyMap<string, Tile['size']>): string | null {
  const pair = 'pair' in edit ? edit.pair : 'a' in edit ? edit : null;
  if (pair?.a !== undefined && pair.a === pair.b) return 'joins a tile with itself';
  if ('sigmaPx' in edit && edit.sigmaPx < leastSigmaPx) return `a standard deviation of ${edit.sigmaPx} px`;
  if (edit.kind === 'pin-tile' && !(Math.hypot(edit.pose.x, edit.pose.y) < farthestPx)) return 'far beyond any mosaic';
  if (edit.kind !== 'landmark') return null;
  const ends = [
    [edit.a, edit.inA],
    [edit.b, edit.inB],
  ] as const;
  const outside = ends.find(([tile, at]) => isOutside(at, sizeOf.get(tile)));
  return outside ? `lies outside ${tileName(outside[0])}` : null;
}

function isOutside({ x, y }: Point, size: Tile['size'] | undefined): boolean {
  if (!size) return false;
  const [beyondX, beyondY] = [largestBeyond * size.width, largestBeyond * size.height];
  return x < -beyondX || y < -beyondY || x > size.width - 1 + beyondX || y > size.height - 1 + beyondY;
}
