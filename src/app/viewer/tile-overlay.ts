import type { Size } from '../../core/geometry/rect.ts';
import type { TileId } from '../../core/tiles/tile.ts';
import type { DrawTransform } from './draw-transform.ts';
import type { OverlayColours } from './overlay-colours.ts';
import type { TileShapes } from './tile-shapes.ts';
import { screenFromFrame, type QuarterTurns } from './turn.ts';

/** Where and how large everything is drawn: device px of the upright frame. */
export interface OverlayView {
  readonly transform: DrawTransform;
  readonly size: Size;
  /** Device px per CSS px. */
  readonly ratio: number;
  readonly turns: QuarterTurns;
}

/** Names appear when a tile is at least so wide, CSS px. */
const NAME_MIN_WIDTH = 96;
const NAME_SIZE = 11;
/** More tiles in view than this have plain lines: rims and dashes are not seen, and of ten thousand they take a second. */
const MOST_WITH_RIM = 750;
/** Upper bound of a name's width that is looked at, in letters of 0.62 em. */
const LETTER_EM = 0.62;
const TINT_ALPHA = 0.28;
const NO_DASH: number[] = [];

/** Lays a colour over every tile: `tints[i]` is an index into the colours; −1 leaves a tile as it is. */
export function paintTints(
  context: CanvasRenderingContext2D,
  shapes: TileShapes,
  tints: Int8Array,
  { transform, size }: OverlayView,
  colours: OverlayColours,
): void {
  context.globalAlpha = TINT_ALPHA;
  for (let group = 0; group < colours.tints.length; group++) {
    context.beginPath();
    for (let i = 0; i < tints.length; i++)
      if (tints[i] === group && shapes.isVisible(i, transform, size)) shapes.trace(context, i, transform);
    context.fillStyle = colours.tints[group];
    context.fill();
  }
  context.globalAlpha = 1;
}

export function paintOutlines(
  context: CanvasRenderingContext2D,
  shapes: TileShapes,
  { transform, size, ratio }: OverlayView,
  colours: OverlayColours,
): void {
  let visible = 0;
  for (let i = 0; i < shapes.placements.length; i++) if (shapes.isVisible(i, transform, size)) visible++;
  const isPlain = visible > MOST_WITH_RIM;
  for (const state of ['solved', 'prior', 'unplaced'] as const) {
    let isEmpty = true;
    context.beginPath();
    for (let i = 0; i < shapes.placements.length; i++) {
      if (shapes.placements[i].state !== state || !shapes.isVisible(i, transform, size)) continue;
      if (isPlain) shapes.traceSides(context, i, transform);
      else shapes.trace(context, i, transform);
      isEmpty = false;
    }
    if (isEmpty) continue;
    context.setLineDash(NO_DASH);
    if (!isPlain) paintRim(context, ratio, colours);
    context.strokeStyle = colours[state];
    context.globalAlpha = state === 'solved' ? 0.8 : 1;
    context.lineWidth = (state === 'solved' ? 1 : 1.75) * ratio;
    if (state !== 'solved' && !isPlain)
      context.setLineDash(state === 'prior' ? [6 * ratio, 4 * ratio] : [2 * ratio, 3 * ratio]);
    context.stroke();
  }
  context.setLineDash(NO_DASH);
  context.globalAlpha = 1;
}

/** A dark rim, so that the line shows on light resin as well as on dark membranes. */
function paintRim(context: CanvasRenderingContext2D, ratio: number, colours: OverlayColours): void {
  context.strokeStyle = colours.background;
  context.globalAlpha = 0.4;
  context.lineWidth = 3 * ratio;
  context.stroke();
}

export function paintFocusedTiles(
  context: CanvasRenderingContext2D,
  shapes: TileShapes,
  { transform, ratio }: OverlayView,
  focus: { readonly tile: TileId | null; readonly hoverTile: TileId | null },
  colours: OverlayColours,
): void {
  if (focus.tile === null && focus.hoverTile === null) return;
  for (let i = 0; i < shapes.placements.length; i++) {
    const { tile } = shapes.placements[i];
    if (tile !== focus.tile && tile !== focus.hoverTile) continue;
    context.beginPath();
    shapes.trace(context, i, transform);
    context.strokeStyle = colours.accent;
    context.globalAlpha = tile === focus.tile ? 1 : 0.55;
    context.lineWidth = (tile === focus.tile ? 2 : 1) * ratio;
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** Names in the upper left corner of each tile as it is seen, upright whatever the turn. */
export function paintNames(
  context: CanvasRenderingContext2D,
  shapes: TileShapes,
  names: readonly string[],
  view: OverlayView,
  colours: OverlayColours,
): void {
  const { transform: t, size, ratio, turns } = view;
  const screen = turns % 2 === 0 ? size : { width: size.height, height: size.width };
  const fontPx = NAME_SIZE * colours.textScale * ratio;
  const letter = fontPx * LETTER_EM;
  const pad = 4 * ratio;
  const height = fontPx + pad;
  context.save();
  context.resetTransform();
  context.font = `${fontPx}px ${colours.font}`;
  context.textBaseline = 'middle';
  for (let i = 0; i < names.length; i++) {
    if (!shapes.isVisible(i, t, size)) continue;
    const p = screenFromFrame({ x: shapes.left(i) * t.scale + t.x, y: shapes.top(i) * t.scale + t.y }, screen, turns);
    const q = screenFromFrame(
      { x: shapes.right(i) * t.scale + t.x, y: shapes.bottom(i) * t.scale + t.y },
      screen,
      turns,
    );
    const width = Math.abs(q.x - p.x);
    if (width < NAME_MIN_WIDTH * ratio) continue;
    const letters = Math.min(names[i].length, Math.floor((width - 4 * pad) / letter));
    // The end of a name tells tiles apart, so a long name loses its beginning.
    const text = letters < names[i].length ? `…${names[i].slice(1 - letters)}` : names[i];
    const x = Math.min(p.x, q.x) + 1.5 * pad;
    const y = Math.min(p.y, q.y) + 1.5 * pad;
    const { state } = shapes.placements[i];
    context.globalAlpha = 0.72;
    context.fillStyle = colours.background;
    context.fillRect(x - pad / 2, y, context.measureText(text).width + pad, height);
    context.globalAlpha = 1;
    context.fillStyle = state === 'solved' ? colours.text : colours[state];
    context.fillText(text, x, y + height / 2 + 0.5 * ratio);
  }
  context.restore();
}
