import type { ViewerTool } from '../../viewer/mosaic-scene.ts';
import type { OverlayView } from '../../viewer/tile-overlay.ts';

/** A tool that draws with the picture of its tile, once that is there. */
export interface PaintedTool extends Omit<ViewerTool, 'paint'> {
  paintWith(context: CanvasRenderingContext2D, view: OverlayView, picture: ImageBitmap | null): void;
}
