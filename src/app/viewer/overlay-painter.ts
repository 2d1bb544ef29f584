/**
 * Outlines, names and links over the mosaic. Everything is prepared in typed arrays when it changes, so that a frame
 * with a thousand tiles draws what is in view and allocates nothing of note.
 */
import { applyAffine } from '../../core/geometry/affine2.ts';
import type { Size } from '../../core/geometry/rect.ts';
import type { TileId } from '../../core/tiles/tile.ts';
import type { ViewerLink, ViewerPlacement } from './link-graph.ts';
import { QUALITY_STEPS, qualityStep } from './link-state.ts';
import { tileName } from './tile-name.ts';

/** Colours of the overlay, from the design tokens. */
export interface OverlayColours {
  readonly background: string;
  readonly solved: string;
  readonly prior: string;
  readonly unplaced: string;
  readonly accent: string;
  readonly text: string;
  readonly dim: string;
  readonly bad: string;
  /** Worst to best. */
  readonly quality: readonly string[];
  readonly font: string;
}

/** What of the overlay is shown. */
export interface Overlays {
  readonly outlines: boolean;
  readonly names: boolean;
  readonly links: boolean;
}

/** What is selected or under the pointer; drawn heavier. */
export interface OverlayFocus {
  readonly link: string | null;
  readonly tile: TileId | null;
  readonly hoverLink: string | null;
  readonly hoverTile: TileId | null;
}

/** Device px = scale · mosaic + (x, y). */
export interface DrawTransform {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** Names appear when a tile is at least so wide, CSS px. */
const NAME_MIN_WIDTH = 96;
const NAME_SIZE = 11;
/** Upper bound of a name's width that is looked at, in letters of 0.62 em. */
const LETTER_EM = 0.62;
/** Dots appear when the mean link is at least so long, CSS px. */
const DOT_MIN_LENGTH = 14;
const QUALITY_GROUPS = QUALITY_STEPS;
const GROUP_OFF = QUALITY_GROUPS;
const GROUP_REMOVED = QUALITY_GROUPS + 1;
const FULL_TURN = 2 * Math.PI;

/** Draws the overlay on a 2-D context whose unit is the device pixel. */
export class OverlayPainter {
  #placements: readonly ViewerPlacement[] = [];
  #links: readonly ViewerLink[] = [];
  /** [8N] corners of the outer edges, clockwise from the upper left, mosaic px. */
  #corners = new Float64Array(0);
  /** [4N] left, top, right, bottom of the corners. */
  #boxes = new Float64Array(0);
  #names: string[] = [];
  /** [6N] from, seam, to. */
  #linkPoints = new Float64Array(0);
  #linkGroup = new Uint8Array(0);
  #meanLinkLength = 0;

  setPlacements(placements: readonly ViewerPlacement[]): void {
    if (placements === this.#placements) return;
    this.#placements = placements;
    this.#names = placements.map((placement) => tileName(placement.tile));
    this.#corners = new Float64Array(8 * placements.length);
    this.#boxes = new Float64Array(4 * placements.length);
    placements.forEach((placement, i) => this.#prepareTile(placement, i));
  }

  setLinks(links: readonly ViewerLink[]): void {
    if (links === this.#links) return;
    this.#links = links;
    this.#linkPoints = new Float64Array(6 * links.length);
    this.#linkGroup = new Uint8Array(links.length);
    let length = 0;
    links.forEach((link, i) => {
      this.#linkPoints.set([link.from.x, link.from.y, link.seam.x, link.seam.y, link.to.x, link.to.y], 6 * i);
      this.#linkGroup[i] = groupOf(link);
      length += Math.hypot(link.to.x - link.from.x, link.to.y - link.from.y);
    });
    this.#meanLinkLength = links.length === 0 ? 0 : length / links.length;
  }

  /** The tile drawn on top at a mosaic point; placements are in drawing order, the first on top. */
  tileAt(x: number, y: number): TileId | null {
    for (let i = 0; i < this.#placements.length; i++) {
      const box = 4 * i;
      if (x < this.#boxes[box] || y < this.#boxes[box + 1]) continue;
      if (x > this.#boxes[box + 2] || y > this.#boxes[box + 3]) continue;
      if (this.#holds(i, x, y)) return this.#placements[i].tile;
    }
    return null;
  }

  paint(
    context: CanvasRenderingContext2D,
    view: { readonly transform: DrawTransform; readonly size: Size; readonly ratio: number },
    what: { readonly overlays: Overlays; readonly focus: OverlayFocus; readonly colours: OverlayColours },
  ): void {
    const { transform, size, ratio } = view;
    context.clearRect(0, 0, size.width, size.height);
    context.lineJoin = 'round';
    if (what.overlays.outlines) this.#paintOutlines(context, transform, size, ratio, what.colours);
    this.#paintFocusedTiles(context, transform, ratio, what.focus, what.colours);
    if (what.overlays.links) this.#paintLinks(context, transform, size, ratio, what.colours, what.focus);
    if (what.overlays.names) this.#paintNames(context, transform, size, ratio, what.colours);
  }

  #prepareTile(placement: ViewerPlacement, i: number): void {
    const { size, mosaicFromTile } = placement;
    const right = size.width - 0.5;
    const bottom = size.height - 0.5;
    const p = applyAffine(mosaicFromTile, -0.5, -0.5);
    const q = applyAffine(mosaicFromTile, right, -0.5);
    const r = applyAffine(mosaicFromTile, right, bottom);
    const s = applyAffine(mosaicFromTile, -0.5, bottom);
    this.#corners.set([p.x, p.y, q.x, q.y, r.x, r.y, s.x, s.y], 8 * i);
    this.#boxes[4 * i] = Math.min(p.x, q.x, r.x, s.x);
    this.#boxes[4 * i + 1] = Math.min(p.y, q.y, r.y, s.y);
    this.#boxes[4 * i + 2] = Math.max(p.x, q.x, r.x, s.x);
    this.#boxes[4 * i + 3] = Math.max(p.y, q.y, r.y, s.y);
  }

  /** Inside the quadrilateral: on the same side of its four edges, whichever way round they run. */
  #holds(i: number, x: number, y: number): boolean {
    let left = 0;
    for (let k = 0; k < 4; k++) {
      const from = 8 * i + 2 * k;
      const to = 8 * i + 2 * ((k + 1) % 4);
      const ex = this.#corners[to] - this.#corners[from];
      const ey = this.#corners[to + 1] - this.#corners[from + 1];
      if (ex * (y - this.#corners[from + 1]) - ey * (x - this.#corners[from]) >= 0) left++;
    }
    return left === 4 || left === 0;
  }

  #isVisible(i: number, t: DrawTransform, size: Size): boolean {
    const box = 4 * i;
    return (
      this.#boxes[box + 2] * t.scale + t.x >= 0 &&
      this.#boxes[box + 3] * t.scale + t.y >= 0 &&
      this.#boxes[box] * t.scale + t.x <= size.width &&
      this.#boxes[box + 1] * t.scale + t.y <= size.height
    );
  }

  #traceTile(context: CanvasRenderingContext2D, i: number, t: DrawTransform): void {
    const c = this.#corners;
    const at = 8 * i;
    context.moveTo(c[at] * t.scale + t.x, c[at + 1] * t.scale + t.y);
    context.lineTo(c[at + 2] * t.scale + t.x, c[at + 3] * t.scale + t.y);
    context.lineTo(c[at + 4] * t.scale + t.x, c[at + 5] * t.scale + t.y);
    context.lineTo(c[at + 6] * t.scale + t.x, c[at + 7] * t.scale + t.y);
    context.closePath();
  }

  #paintOutlines(
    context: CanvasRenderingContext2D,
    t: DrawTransform,
    size: Size,
    ratio: number,
    colours: OverlayColours,
  ): void {
    for (const state of ['solved', 'prior', 'unplaced'] as const) {
      context.beginPath();
      for (let i = 0; i < this.#placements.length; i++)
        if (this.#placements[i].state === state && this.#isVisible(i, t, size)) this.#traceTile(context, i, t);
      // A dark rim, so that the line shows on light resin as well as on dark membranes.
      context.setLineDash(NO_DASH);
      context.strokeStyle = colours.background;
      context.globalAlpha = 0.4;
      context.lineWidth = 3 * ratio;
      context.stroke();
      context.strokeStyle = colours[state];
      context.globalAlpha = state === 'solved' ? 0.8 : 1;
      context.lineWidth = (state === 'solved' ? 1 : 1.75) * ratio;
      context.setLineDash(
        state === 'solved' ? NO_DASH : state === 'prior' ? [6 * ratio, 4 * ratio] : [2 * ratio, 3 * ratio],
      );
      context.stroke();
    }
    context.setLineDash(NO_DASH);
    context.globalAlpha = 1;
  }

  #paintFocusedTiles(
    context: CanvasRenderingContext2D,
    t: DrawTransform,
    ratio: number,
    focus: OverlayFocus,
    colours: OverlayColours,
  ): void {
    if (focus.tile === null && focus.hoverTile === null) return;
    for (let i = 0; i < this.#placements.length; i++) {
      const { tile } = this.#placements[i];
      if (tile !== focus.tile && tile !== focus.hoverTile) continue;
      context.beginPath();
      this.#traceTile(context, i, t);
      context.strokeStyle = colours.accent;
      context.globalAlpha = tile === focus.tile ? 1 : 0.55;
      context.lineWidth = (tile === focus.tile ? 2 : 1) * ratio;
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  #paintLinks(
    context: CanvasRenderingContext2D,
    t: DrawTransform,
    size: Size,
    ratio: number,
    colours: OverlayColours,
    focus: OverlayFocus,
  ): void {
    const lengthPx = (this.#meanLinkLength * t.scale) / ratio;
    const hasDots = lengthPx >= DOT_MIN_LENGTH;
    const width = lengthPx > 60 ? 2.5 : lengthPx > 20 ? 2 : 1.25;
    for (const group of PAINTING_ORDER) {
      this.#traceGroup(context, group, t, size);
      context.setLineDash(NO_DASH);
      context.strokeStyle = colours.background;
      context.globalAlpha = 0.55;
      context.lineWidth = (width + 1.5) * ratio;
      context.stroke();
      context.setLineDash(group >= GROUP_OFF ? [4 * ratio, 4 * ratio] : NO_DASH);
      context.globalAlpha = 1;
      context.strokeStyle = groupColour(group, colours);
      context.lineWidth = width * ratio;
      context.stroke();
      if (hasDots) this.#paintDots(context, group, t, size, ratio, colours);
    }
    context.setLineDash(NO_DASH);
    context.globalAlpha = 1;
    this.#paintFocusedLinks(context, t, ratio, colours, focus);
  }

  #isLinkVisible(i: number, t: DrawTransform, size: Size): boolean {
    const p = this.#linkPoints;
    const at = 6 * i;
    const left = Math.min(p[at], p[at + 2], p[at + 4]) * t.scale + t.x;
    const right = Math.max(p[at], p[at + 2], p[at + 4]) * t.scale + t.x;
    const top = Math.min(p[at + 1], p[at + 3], p[at + 5]) * t.scale + t.y;
    const bottom = Math.max(p[at + 1], p[at + 3], p[at + 5]) * t.scale + t.y;
    return right >= 0 && bottom >= 0 && left <= size.width && top <= size.height;
  }

  #traceLink(context: CanvasRenderingContext2D, i: number, t: DrawTransform): void {
    const p = this.#linkPoints;
    const at = 6 * i;
    context.moveTo(p[at] * t.scale + t.x, p[at + 1] * t.scale + t.y);
    context.lineTo(p[at + 2] * t.scale + t.x, p[at + 3] * t.scale + t.y);
    context.lineTo(p[at + 4] * t.scale + t.x, p[at + 5] * t.scale + t.y);
  }

  #traceGroup(context: CanvasRenderingContext2D, group: number, t: DrawTransform, size: Size): void {
    context.beginPath();
    for (let i = 0; i < this.#linkGroup.length; i++)
      if (this.#linkGroup[i] === group && this.#isLinkVisible(i, t, size)) this.#traceLink(context, i, t);
  }

  #paintDots(
    context: CanvasRenderingContext2D,
    group: number,
    t: DrawTransform,
    size: Size,
    ratio: number,
    colours: OverlayColours,
  ): void {
    const p = this.#linkPoints;
    const radius = Math.max(1.75, Math.min(4, (this.#meanLinkLength * t.scale) / ratio / 11)) * ratio;
    context.beginPath();
    for (let i = 0; i < this.#linkGroup.length; i++) {
      if (this.#linkGroup[i] !== group) continue;
      const x = p[6 * i + 2] * t.scale + t.x;
      const y = p[6 * i + 3] * t.scale + t.y;
      if (x < -radius || y < -radius || x > size.width + radius || y > size.height + radius) continue;
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, FULL_TURN);
    }
    context.setLineDash(NO_DASH);
    // Links that count have full dots, the others hollow ones.
    context.fillStyle = group < GROUP_OFF ? groupColour(group, colours) : colours.background;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = group < GROUP_OFF ? colours.background : groupColour(group, colours);
    context.lineWidth = Math.min(1.5, radius / ratio / 2.5) * ratio;
    context.stroke();
  }

  #paintFocusedLinks(
    context: CanvasRenderingContext2D,
    t: DrawTransform,
    ratio: number,
    colours: OverlayColours,
    focus: OverlayFocus,
  ): void {
    if (focus.link === null && focus.hoverLink === null) return;
    for (let i = 0; i < this.#links.length; i++) {
      const key = this.#links[i].pairKey;
      const isSelected = key === focus.link;
      if (!isSelected && key !== focus.hoverLink) continue;
      const x = this.#linkPoints[6 * i + 2] * t.scale + t.x;
      const y = this.#linkPoints[6 * i + 3] * t.scale + t.y;
      context.beginPath();
      this.#traceLink(context, i, t);
      context.strokeStyle = colours.accent;
      context.globalAlpha = isSelected ? 0.9 : 0.6;
      context.lineWidth = 6 * ratio;
      context.stroke();
      context.beginPath();
      this.#traceLink(context, i, t);
      context.globalAlpha = 1;
      context.strokeStyle = groupColour(this.#linkGroup[i], colours);
      context.lineWidth = 2.5 * ratio;
      context.stroke();
      context.beginPath();
      context.arc(x, y, 6 * ratio, 0, FULL_TURN);
      context.fillStyle = groupColour(this.#linkGroup[i], colours);
      context.fill();
      context.strokeStyle = colours.accent;
      context.lineWidth = 2.5 * ratio;
      context.stroke();
    }
  }

  #paintNames(
    context: CanvasRenderingContext2D,
    t: DrawTransform,
    size: Size,
    ratio: number,
    colours: OverlayColours,
  ): void {
    const fontPx = NAME_SIZE * ratio;
    const letter = fontPx * LETTER_EM;
    const pad = 4 * ratio;
    const height = fontPx + pad;
    context.font = `${fontPx}px ${colours.font}`;
    context.textBaseline = 'middle';
    for (let i = 0; i < this.#names.length; i++) {
      const width = (this.#boxes[4 * i + 2] - this.#boxes[4 * i]) * t.scale;
      if (width < NAME_MIN_WIDTH * ratio || !this.#isVisible(i, t, size)) continue;
      const letters = Math.min(this.#names[i].length, Math.floor((width - 4 * pad) / letter));
      // The end of a name tells tiles apart, so a long name loses its beginning.
      const text = letters < this.#names[i].length ? `…${this.#names[i].slice(1 - letters)}` : this.#names[i];
      const x = this.#corners[8 * i] * t.scale + t.x + 1.5 * pad;
      const y = this.#corners[8 * i + 1] * t.scale + t.y + 1.5 * pad;
      context.globalAlpha = 0.72;
      context.fillStyle = colours.background;
      context.fillRect(x - pad / 2, y, context.measureText(text).width + pad, height);
      context.globalAlpha = 1;
      context.fillStyle = this.#placements[i].state === 'solved' ? colours.text : colours[this.#placements[i].state];
      context.fillText(text, x, y + height / 2 + 0.5 * ratio);
    }
  }
}

const NO_DASH: number[] = [];
/** The unused first, then best to worst: what needs looking at lies on top. */
const PAINTING_ORDER: readonly number[] = [GROUP_OFF, 4, 3, 2, 1, 0, GROUP_REMOVED];

function groupOf(link: ViewerLink): number {
  if (link.state === 'removed') return GROUP_REMOVED;
  if (link.state !== 'link' || link.quality === null) return GROUP_OFF;
  return qualityStep(link.quality);
}

function groupColour(group: number, colours: OverlayColours): string {
  if (group === GROUP_OFF) return colours.dim;
  return group === GROUP_REMOVED ? colours.bad : colours.quality[group];
}
