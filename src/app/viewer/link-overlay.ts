import type { Size } from '../../core/geometry/rect.ts';
import type { DrawTransform } from './draw-transform.ts';
import type { ViewerLink } from './link-graph.ts';
import { QUALITY_STEPS, qualityStep } from './link-state.ts';
import type { OverlayColours } from './overlay-colours.ts';
import type { OverlayView } from './tile-overlay.ts';

/** Keys of the links that are selected and under the pointer; drawn heavier. */
export interface LinkFocus {
  readonly link: string | null;
  readonly hoverLink: string | null;
}

/** Dots appear when the mean link is at least so long, CSS px. */
const DOT_MIN_LENGTH = 14;
/** More links in view than this are plain lines: their halos, bends and dots are not seen, and cost ten times the lines. */
const MOST_WITH_HALO = 1500;
const QUALITY_GROUPS = QUALITY_STEPS;
const GROUP_OFF = QUALITY_GROUPS;
const GROUP_REMOVED = QUALITY_GROUPS + 1;
const FULL_TURN = 2 * Math.PI;

/** The link graph: lines from centre to seam to centre with a dot at the seam, in typed arrays. */
export class LinkOverlay {
  #links: readonly ViewerLink[] = [];
  /** [6N] from, seam, to. */
  #points = new Float64Array(0);
  #group = new Uint8Array(0);
  #meanLength = 0;

  set(links: readonly ViewerLink[]): void {
    if (links === this.#links) return;
    this.#links = links;
    this.#points = new Float64Array(6 * links.length);
    this.#group = new Uint8Array(links.length);
    let length = 0;
    links.forEach((link, i) => {
      this.#points.set([link.from.x, link.from.y, link.seam.x, link.seam.y, link.to.x, link.to.y], 6 * i);
      this.#group[i] = groupOf(link);
      length += Math.hypot(link.to.x - link.from.x, link.to.y - link.from.y);
    });
    this.#meanLength = links.length === 0 ? 0 : length / links.length;
  }

  paint(
    context: CanvasRenderingContext2D,
    { transform: t, size, ratio }: OverlayView,
    focus: LinkFocus,
    colours: OverlayColours,
  ): void {
    const lengthPx = (this.#meanLength * t.scale) / ratio;
    const isPlain = this.#countVisible(t, size) > MOST_WITH_HALO;
    const hasDots = lengthPx >= DOT_MIN_LENGTH && !isPlain;
    const width = lengthPx > 60 ? 2.5 : lengthPx > 20 ? 2 : 1.25;
    for (const group of PAINTING_ORDER) {
      this.#traceGroup(context, group, t, size, isPlain);
      context.setLineDash(NO_DASH);
      if (!isPlain) {
        context.strokeStyle = colours.background;
        context.globalAlpha = 0.55;
        context.lineWidth = (width + 1.5) * ratio;
        context.stroke();
        context.setLineDash(group >= GROUP_OFF ? [4 * ratio, 4 * ratio] : NO_DASH);
      }
      context.globalAlpha = 1;
      context.strokeStyle = groupColour(group, colours);
      context.lineWidth = width * ratio;
      context.stroke();
      if (hasDots) this.#paintDots(context, group, t, size, ratio, colours);
    }
    context.setLineDash(NO_DASH);
    context.globalAlpha = 1;
    this.#paintFocused(context, t, ratio, colours, focus);
  }

  #isVisible(i: number, t: DrawTransform, size: Size): boolean {
    const p = this.#points;
    const at = 6 * i;
    const left = Math.min(p[at], p[at + 2], p[at + 4]) * t.scale + t.x;
    const right = Math.max(p[at], p[at + 2], p[at + 4]) * t.scale + t.x;
    const top = Math.min(p[at + 1], p[at + 3], p[at + 5]) * t.scale + t.y;
    const bottom = Math.max(p[at + 1], p[at + 3], p[at + 5]) * t.scale + t.y;
    return right >= 0 && bottom >= 0 && left <= size.width && top <= size.height;
  }

  #countVisible(t: DrawTransform, size: Size): number {
    let count = 0;
    for (let i = 0; i < this.#group.length; i++) if (this.#isVisible(i, t, size)) count++;
    return count;
  }

  #trace(context: CanvasRenderingContext2D, i: number, t: DrawTransform, isPlain = false): void {
    const p = this.#points;
    const at = 6 * i;
    context.moveTo(p[at] * t.scale + t.x, p[at + 1] * t.scale + t.y);
    if (!isPlain) context.lineTo(p[at + 2] * t.scale + t.x, p[at + 3] * t.scale + t.y);
    context.lineTo(p[at + 4] * t.scale + t.x, p[at + 5] * t.scale + t.y);
  }

  #traceGroup(context: CanvasRenderingContext2D, group: number, t: DrawTransform, size: Size, isPlain: boolean): void {
    context.beginPath();
    for (let i = 0; i < this.#group.length; i++)
      if (this.#group[i] === group && this.#isVisible(i, t, size)) this.#trace(context, i, t, isPlain);
  }

  #paintDots(
    context: CanvasRenderingContext2D,
    group: number,
    t: DrawTransform,
    size: Size,
    ratio: number,
    colours: OverlayColours,
  ): void {
    const p = this.#points;
    const radius = Math.max(1.75, Math.min(4, (this.#meanLength * t.scale) / ratio / 11)) * ratio;
    context.beginPath();
    for (let i = 0; i < this.#group.length; i++) {
      if (this.#group[i] !== group) continue;
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

  #paintFocused(
    context: CanvasRenderingContext2D,
    t: DrawTransform,
    ratio: number,
    colours: OverlayColours,
    focus: LinkFocus,
  ): void {
    if (focus.link === null && focus.hoverLink === null) return;
    for (let i = 0; i < this.#links.length; i++) {
      const key = this.#links[i].pairKey;
      const isSelected = key === focus.link;
      if (!isSelected && key !== focus.hoverLink) continue;
      const x = this.#points[6 * i + 2] * t.scale + t.x;
      const y = this.#points[6 * i + 3] * t.scale + t.y;
      context.beginPath();
      this.#trace(context, i, t);
      context.strokeStyle = colours.accent;
      context.globalAlpha = isSelected ? 0.9 : 0.6;
      context.lineWidth = 6 * ratio;
      context.stroke();
      context.beginPath();
      this.#trace(context, i, t);
      context.globalAlpha = 1;
      context.strokeStyle = groupColour(this.#group[i], colours);
      context.lineWidth = 2.5 * ratio;
      context.stroke();
      context.beginPath();
      context.arc(x, y, 6 * ratio, 0, FULL_TURN);
      context.fillStyle = groupColour(this.#group[i], colours);
      context.fill();
      context.strokeStyle = colours.accent;
      context.lineWidth = 2.5 * ratio;
      context.stroke();
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
