import type { TileId } from '../../core/tiles/tile.ts';
import type { DisplayRange } from '../../../workers/protocol.ts';

export type ResultTab = 'links' | 'inspector' | 'tiles' | 'export';

export interface Overlays {
  readonly outlines: boolean;
  readonly names: boolean;
  readonly links: boolean;
}

/** Slice `view`: what is looked at; nothing here changes data. */
export interface ViewState {
  readonly tab: ResultTab;
  readonly overlays: Overlays;
  readonly display: DisplayRange;
  readonly selectedPair: string | null;
  readonly selectedTile: TileId | null;
}

export const initialView: ViewState = {
  tab: 'links',
  overlays: { outlines: false, names: false, links: true },
  display: { low: 0, high: 255, gamma: 1, invert: false },
  selectedPair: null,
  selectedTile: null,
};
