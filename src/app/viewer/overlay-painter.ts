/**
 * Everything over the mosaic: tints, outlines, links, residuals, names. It is prepared in typed arrays when it changes,
 * so that a frame with a thousand tiles draws what is in view and allocates nothing of note.
 */
import type { TileId } from '../../core/tiles/tile.ts';
import type { ViewerLink, ViewerPlacement } from './link-graph.ts';
import { LinkOverlay } from './link-overlay.ts';
import type { OverlayColours } from './overlay-colours.ts';
import type { Overlays } from './overlays.ts';
import { paintArrows, type ResidualArrows } from './residual-arrows.ts';
import { paintFocusedTiles, paintNames, paintOutlines, paintTints, type OverlayView } from './tile-overlay.ts';
import { tileName } from './tile-name.ts';
import { TileShapes } from './tile-shapes.ts';

/** What is selected or under the pointer; drawn heavier. */
export interface OverlayFocus {
  readonly link: string | null;
  readonly tile: TileId | null;
  readonly hoverLink: string | null;
  readonly hoverTile: TileId | null;
}

/** What a frame shows of the overlay. */
export interface OverlayContent {
  readonly overlays: Overlays;
  /** Index of the colour of each placement, −1 for none; null tints nothing. */
  readonly tints: Int8Array | null;
  readonly arrows: ResidualArrows | null;
  readonly focus: OverlayFocus;
  readonly colours: OverlayColours;
  /** A cross in the middle: the pixel that is looked into when the pointer is elsewhere. */
  readonly hasCross: boolean;
}

/** Draws the overlay on a 2-D context whose unit is the device pixel of the upright frame. */
export class OverlayPainter {
  readonly #shapes = new TileShapes();
  readonly #links = new LinkOverlay();
  #names: readonly string[] = [];

  setPlacements(placements: readonly ViewerPlacement[]): void {
    if (this.#shapes.set(placements)) this.#names = placements.map((placement) => tileName(placement.tile));
  }

  setLinks(links: readonly ViewerLink[]): void {
    this.#links.set(links);
  }

  /** The tile drawn on top at a mosaic point. */
  tileAt(x: number, y: number): TileId | null {
    return this.#shapes.tileAt(x, y);
  }

  paint(context: CanvasRenderingContext2D, view: OverlayView, content: OverlayContent): void {
    const { overlays, tints, arrows, focus, colours } = content;
    context.clearRect(0, 0, view.size.width, view.size.height);
    context.lineJoin = 'round';
    if (tints !== null) paintTints(context, this.#shapes, tints, view, colours);
    if (overlays.outlines) paintOutlines(context, this.#shapes, view, colours);
    paintFocusedTiles(context, this.#shapes, view, focus, colours);
    if (overlays.links) this.#links.paint(context, view, focus, colours);
    if (arrows !== null) paintArrows(context, arrows, overlays.residualTimes, view, colours);
    if (overlays.names) paintNames(context, this.#shapes, this.#names, view, colours);
    if (content.hasCross) paintCross(context, view, colours);
  }
}

const CROSS_PX = 9;

function paintCross(context: CanvasRenderingContext2D, { size, ratio }: OverlayView, colours: OverlayColours): void {
  const x = Math.round(size.width / 2);
  const y = Math.round(size.height / 2);
  const arm = CROSS_PX * ratio;
  const gap = 3 * ratio;
  context.beginPath();
  for (const sign of [-1, 1]) {
    context.moveTo(x + sign * gap, y);
    context.lineTo(x + sign * arm, y);
    context.moveTo(x, y + sign * gap);
    context.lineTo(x, y + sign * arm);
  }
  context.strokeStyle = colours.background;
  context.lineWidth = 3 * ratio;
  context.stroke();
  context.strokeStyle = colours.accent;
  context.lineWidth = 1.25 * ratio;
  context.stroke();
}
