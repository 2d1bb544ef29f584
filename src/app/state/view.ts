import type { Point } from '../../core/geometry/affine2.ts';
import type { TileId } from '../../core/tiles/tile.ts';
import type { DisplayRange } from '../../../workers/protocol.ts';
import type { Viewport } from '../viewer/viewport.ts';

export type ResultTab = 'links' | 'inspector' | 'corrections' | 'tiles' | 'export' | 'acquisition';

/** `auto`: the panel is there while there is something to decide or to warn of, and makes room for the mosaic else. */
export type SidePanel = 'auto' | 'open' | 'closed';

export interface Overlays {
  readonly outlines: boolean;
  readonly names: boolean;
  readonly links: boolean;
}

/** Slice `view`: what is looked at; nothing here changes data. */
export interface ViewState {
  readonly tab: ResultTab;
  readonly sidePanel: SidePanel;
  readonly overlays: Overlays;
  readonly display: DisplayRange;
  readonly selectedPair: string | null;
  readonly selectedTile: TileId | null;
  /** What the viewer shows; null before it has told. */
  readonly viewport: Viewport | null;
  /** Mosaic pixel under the pointer. */
  readonly cursor: Point | null;
}

export const initialView: ViewState = {
  tab: 'links',
  sidePanel: 'auto',
  overlays: { outlines: false, names: false, links: true },
  display: { low: 0, high: 255, gamma: 1, invert: false },
  selectedPair: null,
  selectedTile: null,
  viewport: null,
  cursor: null,
};
