import type { Point } from '../../core/geometry/affine2.ts';
import type { TileId } from '../../core/tiles/tile.ts';
import type { DisplayRange } from '../../../workers/protocol.ts';
import { heatKinds, startingOverlays, tintKinds, type Overlays } from '../viewer/overlays.ts';
import { turnedBy, type QuarterTurns } from '../viewer/turn.ts';
import type { TextSize } from './text-size.ts';
import type { ViewerCommand } from '../viewer/viewer-commands.ts';
import type { Viewport } from '../viewer/viewport.ts';

export type { Overlays };

export const resultTabs = ['links', 'inspector', 'corrections', 'tiles', 'export', 'acquisition'] as const;
export type ResultTab = (typeof resultTabs)[number];

/** What of the evidence of a pair is looked at. */
export const evidenceLooks = ['pictures', 'residuals', 'point', 'matchers', 'landmarks'] as const;
export type EvidenceLook = (typeof evidenceLooks)[number];

/** How the overlap of a pair is compared. */
export const compareModes = ['blink', 'swipe', 'checker', 'sides', 'difference', 'colours'] as const;
export type CompareMode = (typeof compareModes)[number];

/** `auto`: the panel is there while there is something to decide, and makes room for the mosaic else. */
export type SidePanel = 'auto' | 'open' | 'closed';

/** Slice `view`: what is looked at; nothing here changes data. */
export interface ViewState {
  readonly tab: ResultTab;
  readonly sidePanel: SidePanel;
  /** Of letters and controls, %; of the screen that is looked at, so in no project and no link. */
  readonly textSize: TextSize;
  readonly overlays: Overlays;
  readonly display: DisplayRange;
  readonly turns: QuarterTurns;
  /** The pixel inspector is open. */
  readonly isPixelShown: boolean;
  /** What the user says where the files do not, nm. */
  readonly pixelSizeNm: number | null;
  /** The pair inspector lies over the whole window. */
  readonly isInspectorLarge: boolean;
  /** Kept from pair to pair: who compares many seams chooses once. */
  readonly evidence: EvidenceLook;
  readonly compare: CompareMode;
  /** Whether the tiles blink by themselves, and how often they were flipped by hand. */
  readonly blink: { readonly isRunning: boolean; readonly flips: number };
  readonly selectedPair: string | null;
  readonly selectedTile: TileId | null;
  /** What the viewer shows; null before it has told. */
  readonly viewport: Viewport | null;
  /** Where a link or an earlier visit wants it to look; the viewer goes there once. */
  readonly wantedViewport: Viewport | null;
  /** Mosaic pixel under the pointer. */
  readonly cursor: Point | null;
}

export const initialView: ViewState = {
  tab: 'links',
  sidePanel: 'auto',
  textSize: 100,
  overlays: startingOverlays,
  display: { low: 0, high: 255, gamma: 1, invert: false },
  turns: 0,
  isPixelShown: false,
  pixelSizeNm: null,
  isInspectorLarge: false,
  evidence: 'pictures',
  compare: 'blink',
  blink: { isRunning: true, flips: 0 },
  selectedPair: null,
  selectedTile: null,
  viewport: null,
  wantedViewport: null,
  cursor: null,
};

/** The view after a key of the viewer; `auto-contrast` and `full-screen` need more than the state and change nothing. */
export function withCommand(view: ViewState, command: ViewerCommand): ViewState {
  const { overlays, display } = view;
  switch (command.kind) {
    case 'toggle':
      return { ...view, overlays: { ...overlays, [command.overlay]: !overlays[command.overlay] } };
    case 'next-heat':
      return { ...view, overlays: { ...overlays, heat: nextOf(heatKinds, overlays.heat) } };
    case 'next-tint':
      return { ...view, overlays: { ...overlays, tint: nextOf(tintKinds, overlays.tint) } };
    case 'turn':
      return { ...view, turns: turnedBy(view.turns, command.by) };
    case 'pixel':
      return { ...view, isPixelShown: !view.isPixelShown };
    case 'invert':
      return { ...view, display: { ...display, invert: !display.invert } };
    case 'auto-contrast':
    case 'full-screen':
      return view;
  }
}

function nextOf<T>(all: readonly T[], now: T): T {
  return all[(all.indexOf(now) + 1) % all.length];
}
