import type { Point } from '../../core/geometry/affine2.ts';
import type { Rect, Size } from '../../core/geometry/rect.ts';
import type { DrawTransform } from './draw-transform.ts';
import { frameFromScreen, frameSize, frameVector, type QuarterTurns } from './turn.ts';
import * as viewports from './viewport.ts';
import type { Edges, Viewport } from './viewport.ts';

/** Air round a region that is shown whole, CSS px. */
const REVEAL_MARGIN_PX = 48;

/** Where the viewer looks: a viewport on a turned screen, kept over the mosaic. Screen points are CSS px as seen. */
export class Camera {
  #screen: Size = { width: 0, height: 0 };
  #ratio = 1;
  #turns: QuarterTurns = 0;
  #bounds: Rect | null = null;
  #view: Viewport = { x: 0, y: 0, zoom: 1 };
  /** The view follows the bounds until the user moves it. */
  #isFitted = true;
  /** The view came from a file or an address and has not been checked yet. */
  #isForeign = false;

  get view(): Viewport {
    return this.#view;
  }

  get screen(): Size {
    return this.#screen;
  }

  /** Device px per CSS px. */
  get ratio(): number {
    return this.#ratio;
  }

  get turns(): QuarterTurns {
    return this.#turns;
  }

  get bounds(): Rect | null {
    return this.#bounds;
  }

  get isOnScreen(): boolean {
    return this.#screen.width > 0 && this.#screen.height > 0;
  }

  /** Device px per mosaic px. */
  get deviceZoom(): number {
    return this.#view.zoom * this.#ratio;
  }

  /** What of the mosaic plane is on the screen. */
  get visible(): Edges {
    return viewports.visibleEdges(this.#view, this.#frame());
  }

  /** Whole device pixels of translation, so that a mosaic at 100 % is not smeared over two. */
  get transform(): DrawTransform {
    const scale = this.deviceZoom;
    const { width, height } = this.#frame();
    return {
      scale,
      x: Math.round((width / 2) * this.#ratio - (this.#view.x + 0.5) * scale) + scale / 2,
      y: Math.round((height / 2) * this.#ratio - (this.#view.y + 0.5) * scale) + scale / 2,
    };
  }

  /** False when nothing has changed. */
  setScreen(screen: Size, ratio: number): boolean {
    if (screen.width === this.#screen.width && screen.height === this.#screen.height && ratio === this.#ratio)
      return false;
    this.#screen = screen;
    this.#ratio = ratio;
    this.#checkForeign();
    this.#follow();
    return true;
  }

  setMosaic(bounds: Rect | null, turns: QuarterTurns): void {
    const isSame = isSameRect(bounds, this.#bounds) && turns === this.#turns;
    this.#bounds = bounds;
    this.#turns = turns;
    this.#checkForeign();
    if (!isSame) this.#follow();
  }

  mosaicPoint(at: Point): Point {
    const { x, y } = frameFromScreen(at, this.#screen, this.#turns);
    return viewports.mosaicFromScreen(this.#view, this.#frame(), x, y);
  }

  /** The whole mosaic, and again after every change of size until the view is moved. */
  fit(): void {
    this.#isFitted = true;
    this.#follow();
  }

  /** Takes the view as it is; the whole mosaic instead of one that nobody could have come to, once that is known. */
  adopt(view: Viewport): void {
    this.#isFitted = false;
    this.#view = view;
    this.#isForeign = true;
    this.#checkForeign();
  }

  panBy(dx: number, dy: number): void {
    const by = frameVector(dx, dy, this.#turns);
    this.#move(viewports.panBy(this.#view, by.x, by.y));
  }

  zoomAt(at: Point, factor: number): void {
    if (this.#bounds === null) return;
    const limits = viewports.zoomLimits(this.#bounds, this.#frame());
    const inFrame = frameFromScreen(at, this.#screen, this.#turns);
    this.#move(viewports.zoomAt(this.#view, this.#frame(), inFrame, factor, limits));
  }

  /** Zooms about the middle of the screen. */
  zoomBy(factor: number): void {
    this.zoomAt({ x: this.#screen.width / 2, y: this.#screen.height / 2 }, factor);
  }

  centreOn({ x, y }: Point): void {
    this.#move(viewports.centreOn(this.#view, x, y));
  }

  /** Shows the whole of a region, mosaic px. */
  reveal(region: Rect): void {
    this.#move(viewports.fitViewport(region, this.#frame(), REVEAL_MARGIN_PX));
  }

  sees({ x, y }: Point): boolean {
    const { left, top, right, bottom } = this.visible;
    return x >= left && x <= right && y >= top && y <= bottom;
  }

  #checkForeign(): void {
    if (!this.#isForeign || this.#bounds === null || this.#screen.width === 0) return;
    this.#isForeign = false;
    if (!viewports.isReachable(this.#view, this.#bounds, this.#frame())) this.fit();
  }

  #frame(): Size {
    return frameSize(this.#screen, this.#turns);
  }

  #move(view: Viewport): void {
    if (this.#bounds === null) return;
    this.#isFitted = false;
    this.#view = viewports.keepInside(view, this.#bounds);
  }

  #follow(): void {
    if (!this.#isFitted || this.#bounds === null || this.#screen.width === 0) return;
    const view = viewports.fitViewport(this.#bounds, this.#frame());
    // A mosaic smaller than the screen is not blown up.
    this.#view = { ...view, zoom: Math.min(view.zoom, Math.max(1, 1 / this.#ratio)) };
  }
}

function isSameRect(p: Rect | null, q: Rect | null): boolean {
  if (p === null || q === null) return p === q;
  return p.x === q.x && p.y === q.y && p.width === q.width && p.height === q.height;
}
