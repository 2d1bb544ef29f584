import type { Point } from '../geometry/affine2.ts';
import type { Pose2 } from '../geometry/pose2.ts';
import type { TileId, TilePair } from '../tiles/tile.ts';

/** The link between a and b says nothing any more. */
export interface ExcludeLink {
  readonly kind: 'exclude-link';
  readonly a: TileId;
  readonly b: TileId;
}

/** The link between a and b counts in full, whatever the solver thinks of it. */
export interface RestoreLink {
  readonly kind: 'restore-link';
  readonly a: TileId;
  readonly b: TileId;
}

/** A tile is held, or put, at a pose: mosaicFromTile with one standard deviation of its centre, px. */
export interface PinTile {
  readonly kind: 'pin-tile';
  readonly tile: TileId;
  readonly pose: Pose2;
  readonly sigmaPx: number;
}

/**
 * One place seen in two tiles, a < b: pixel coordinates in each with one standard deviation per axis, px. The landmarks
 * of a pair speak for it instead of its matches.
 */
export interface Landmark {
  readonly kind: 'landmark';
  readonly a: TileId;
  readonly b: TileId;
  readonly inA: Point;
  readonly inB: Point;
  readonly sigmaPx: number;
}

/** Two tiles that the layout did not propose are matched, too; `pair` says where the user had them. */
export interface LinkTiles {
  readonly kind: 'link-tiles';
  readonly pair: TilePair;
}

/** What a mask keeps pixels out of. */
export const maskUses = ['matching', 'compositing', 'both'] as const;
export type MaskUse = (typeof maskUses)[number];

/** Pixels of a tile whose centres lie inside a polygon (tile px, closed, even-odd) are ignored. */
export interface MaskTile {
  readonly kind: 'mask-tile';
  readonly tile: TileId;
  readonly polygon: readonly Point[];
  readonly use: MaskUse;
}

/** A tile is drawn on top of the others; of several the latest wins. */
export interface RaiseTile {
  readonly kind: 'raise-tile';
  readonly tile: TileId;
}

/** One thing that the user corrected by hand; plain data. Weights are stated as standard deviations in px. */
export type Edit = ExcludeLink | RestoreLink | PinTile | Landmark | LinkTiles | MaskTile | RaiseTile;

/** An edit of the list: it can be switched off and on again without being forgotten. */
export interface NamedEdit {
  /** Unique in its list. */
  readonly id: string;
  readonly isOn: boolean;
  readonly edit: Edit;
}

/** The edits in the order in which they were made. */
export type EditList = readonly NamedEdit[];

/** One standard deviation of a tile that is pinned, px: links give way to it, other pins do not. */
export const defaultPinSigmaPx = 0.05;
/** … of a landmark whose two ends were found by correlation, px. */
export const snappedLandmarkSigmaPx = 0.1;
/** … of a landmark set by eye, px. */
export const eyedLandmarkSigmaPx = 0.5;

/** The name of an edit for lists and undo; `nameOf` shortens a tile's id. */
export function editName(edit: Edit, nameOf: (tile: TileId) => string = (tile) => tile): string {
  switch (edit.kind) {
    case 'exclude-link':
      return `exclude link ${nameOf(edit.a)} – ${nameOf(edit.b)}`;
    case 'restore-link':
      return `restore link ${nameOf(edit.a)} – ${nameOf(edit.b)}`;
    case 'pin-tile':
      return `pin ${nameOf(edit.tile)} (± ${edit.sigmaPx} px)`;
    case 'landmark':
      return `landmark ${nameOf(edit.a)} – ${nameOf(edit.b)} (± ${edit.sigmaPx} px)`;
    case 'link-tiles':
      return `link ${nameOf(edit.pair.a)} – ${nameOf(edit.pair.b)}`;
    case 'mask-tile':
      return `mask ${nameOf(edit.tile)} for ${edit.use === 'both' ? 'matching and compositing' : edit.use}`;
    case 'raise-tile':
      return `${nameOf(edit.tile)} on top`;
  }
}

/**
 * The list with one more edit at its end. What it contradicts or repeats goes: a link is either excluded or restored, a
 * tile has one pin and one place in the order, a pair is proposed once.
 */
export function addEdit(list: EditList, edit: Edit): EditList {
  const subject = subjectOf(edit);
  const kept = subject === null ? list : list.filter((entry) => subjectOf(entry.edit) !== subject);
  return [...kept, { id: nextId(list), isOn: true, edit }];
}

/** The list without an edit; the same list when there is none of this id. */
export function removeEdit(list: EditList, id: string): EditList {
  return list.some((entry) => entry.id === id) ? list.filter((entry) => entry.id !== id) : list;
}

/** The list with an edit switched on or off; its place stays. */
export function switchEdit(list: EditList, id: string, isOn: boolean): EditList {
  return list.map((entry) => (entry.id === id ? { ...entry, isOn } : entry));
}

/** The list with the content of an edit replaced (a landmark moved, a tile dragged on); its place and id stay. */
export function changeEdit(list: EditList, id: string, edit: Edit): EditList {
  return list.map((entry) => (entry.id === id ? { ...entry, edit } : entry));
}

/** What only one edit of a list can speak of; null where several may. */
function subjectOf(edit: Edit): string | null {
  switch (edit.kind) {
    case 'exclude-link':
    case 'restore-link':
      return `trust\u0000${edit.a}\u0000${edit.b}`;
    case 'pin-tile':
    case 'raise-tile':
      return `${edit.kind}\u0000${edit.tile}`;
    case 'link-tiles':
      return `${edit.kind}\u0000${edit.pair.a}\u0000${edit.pair.b}`;
    case 'landmark':
    case 'mask-tile':
      return null;
  }
}

function nextId(list: EditList): string {
  return `e${list.reduce((highest, { id }) => Math.max(highest, Number(id.slice(1)) || 0), 0) + 1}`;
}
