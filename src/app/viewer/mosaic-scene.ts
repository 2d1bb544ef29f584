import type { Point } from '../../core/geometry/affine2.ts';
import type { Rect } from '../../core/geometry/rect.ts';
import type { TileId } from '../../core/tiles/tile.ts';
import type { DisplayRange } from '../../../workers/protocol.ts';
import type { ViewerLink, ViewerPlacement } from './link-graph.ts';
import type { Overlays } from './overlays.ts';
import type { ResidualArrows } from './residual-arrows.ts';
import type { OverlayView } from './tile-overlay.ts';
import type { QuarterTurns } from './turn.ts';
import type { Viewport } from './viewport.ts';

/** What is selected in the mosaic. */
export interface MosaicSelection {
  readonly link: string | null;
  readonly tile: TileId | null;
}

/** Everything that is shown; replaced as a whole, compared field by field. */
export interface MosaicScene {
  readonly bounds: Rect | null;
  readonly generation: number;
  readonly display: DisplayRange;
  readonly placements: readonly ViewerPlacement[];
  readonly links: readonly ViewerLink[];
  readonly overlays: Overlays;
  /** Colour of each placement, see `OverlayContent`. */
  readonly tints?: Int8Array | null;
  readonly arrows?: ResidualArrows | null;
  readonly selection: MosaicSelection;
  readonly pixelSizeNm: number | null;
  readonly turns?: QuarterTurns;
  /** A cross in the middle of the view while the pointer is elsewhere. */
  readonly hasCross?: boolean;
  readonly tool?: ViewerTool | null;
}

/** A tool of the hand: what it grabs does not pan. Points are mosaic px. */
export interface ViewerTool {
  /** True when the tool takes the pointer that was pressed here. */
  grab(at: Point, event: PointerEvent): boolean;
  dragTo(at: Point, event: PointerEvent): void;
  release(at: Point, event: PointerEvent): void;
  /** True when the key is the tool's; asked before the viewer's own. */
  key?(event: KeyboardEvent): boolean;
  /** Draws over everything, in device px of the upright frame. */
  paint?(context: CanvasRenderingContext2D, view: OverlayView): void;
}

/** The latest callbacks of the component. */
export interface MosaicEvents {
  readonly onSelectLink?: ((pairKey: string | null) => void) | undefined;
  readonly onSelectTile?: ((tile: TileId | null) => void) | undefined;
  /** The mosaic pixel under the pointer, null when it has left. */
  readonly onHover?: ((pixel: Point | null) => void) | undefined;
  /** Once a frame at most. */
  readonly onViewportChange?: ((viewport: Viewport) => void) | undefined;
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The elements that the component renders and the canvas draws into. */
export interface MosaicElements {
  readonly root: HTMLElement;
  readonly picture: HTMLCanvasElement;
  readonly overlay: HTMLCanvasElement;
  readonly navigator: HTMLCanvasElement;
  readonly tooltip: HTMLElement;
  readonly scaleBar: HTMLElement;
  readonly scaleLabel: HTMLElement;
  readonly zoomLabel: HTMLElement;
}
