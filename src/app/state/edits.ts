import { editName } from '../../core/edits/edit.ts';
import type { EditList, Landmark, NamedEdit } from '../../core/edits/edit.ts';
import { countText } from '../../core/count-text.ts';
import { pairKey, type TileId } from '../../core/tiles/tile.ts';
import { tileName } from '../viewer/tile-name.ts';
import type { RunChange } from './result.ts';

/** What the next drag, click or key on the mosaic does besides looking round. */
export type Tool =
  | { readonly kind: 'move'; readonly tile: TileId }
  | { readonly kind: 'mask'; readonly tile: TileId; readonly shape: 'rectangle' | 'polygon' };

/** Slice `tool`: null while the mosaic is only looked at. */
export interface ToolState {
  readonly tool: Tool | null;
}

export const noTool: ToolState = { tool: null };

/** A landmark of the list with its id, for drawing, moving and deleting. */
export interface ListedLandmark {
  readonly id: string;
  readonly isOn: boolean;
  readonly landmark: Landmark;
}

/** The landmarks of one pair in the order in which they were set. */
export function landmarksOf(list: EditList, pair: string): readonly ListedLandmark[] {
  return list.flatMap(({ id, isOn, edit }) =>
    edit.kind === 'landmark' && pairKey(edit) === pair ? [{ id, isOn, landmark: edit }] : [],
  );
}

/** What an edit of the list is called. */
export function entryName({ edit }: NamedEdit): string {
  return editName(edit, tileName);
}

/** The error before and after an edit as one line: 'mean 0.53 → 0.41 px, worst 3.20 → 0.90 px over 12 links'. */
export function changeText({ before, after }: RunChange): string {
  const step = (p: number, q: number) => `${p.toFixed(2)} → ${q.toFixed(2)} px`;
  const links = countText(after.links, 'link');
  return `mean ${step(before.meanPx, after.meanPx)}, worst ${step(before.worstPx, after.worstPx)} over ${links}`;
}
