import type { Point } from '../../../core/geometry/affine2.ts';
import type { Size } from '../../../core/geometry/rect.ts';
import type { DrawTransform } from '../../viewer/draw-transform.ts';
import type { Viewport } from '../../viewer/viewport.ts';
import type { LinkedPicture, PanZoomLink } from './pan-zoom-link.ts';
import {
  fitViewport,
  keepInside,
  mosaicFromScreen,
  panBy,
  wheelFactor,
  zoomAt,
  zoomLimits,
} from '../../viewer/viewport.ts';

/** Paints the content; the context's unit is the device pixel and the canvas is clear. */
export type Paint = (context: CanvasRenderingContext2D, transform: DrawTransform, ratio: number) => void;

const MARGIN_PX = 6;
/** A long, thin picture is shown at least so wide (CSS px) and then looked along. */
const SHORT_SIDE_PX = 60;
const KEY_ZOOM = 1.4142;
const KEY_PAN_PX = 48;
const CLICK_SLOP_PX = 4;

/** A canvas with wheel zoom, drag pan, keys (arrows, + − 0) and a double click that fits. */
export class PanZoom implements LinkedPicture {
  readonly #canvas: HTMLCanvasElement;
  readonly #listeners = new AbortController();
  readonly #resize: ResizeObserver;
  #paint: Paint | null = null;
  #content: Size = { width: 1, height: 1 };
  #screen: Size = { width: 0, height: 0 };
  #ratio = 1;
  #view: Viewport = { x: 0, y: 0, zoom: 1 };
  #isFitted = true;
  #frame = 0;
  #grabbed: Point | null = null;
  /** CSS px since the pointer went down. */
  #dragged = 0;
  #link: PanZoomLink | null = null;
  #onPick: ((at: Point) => void) | null = null;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    const { signal } = this.#listeners;
    canvas.addEventListener('wheel', (event) => this.#onWheel(event), { signal, passive: false });
    canvas.addEventListener('pointerdown', (event) => this.#onPointerDown(event), { signal });
    canvas.addEventListener('pointermove', (event) => this.#onPointerMove(event), { signal });
    canvas.addEventListener('pointerup', (event) => this.#onPointerUp(event), { signal });
    canvas.addEventListener('pointercancel', () => (this.#grabbed = null), { signal });
    canvas.addEventListener('dblclick', () => this.fit(), { signal });
    canvas.addEventListener('keydown', (event) => this.#onKeyDown(event), { signal });
    this.#resize = new ResizeObserver(() => this.#measure());
    this.#resize.observe(canvas);
    this.#measure();
  }

  /** What is painted; a content of another size is fitted anew. */
  setContent(size: Size, paint: Paint): void {
    const isOther = size.width !== this.#content.width || size.height !== this.#content.height;
    this.#content = { width: size.width, height: size.height };
    this.#paint = paint;
    if (isOther || this.#isFitted) this.#setFitted();
    this.#request();
  }

  /** Moves with the other pictures of the link; call the returned function to leave. */
  follow(link: PanZoomLink): () => void {
    this.#link = link;
    const leave = link.join(this);
    return () => {
      this.#link = null;
      leave();
    };
  }

  /** Who hears of a click without a drag, and of Enter for the middle: a point of the content. */
  setPick(onPick: ((at: Point) => void) | null): void {
    this.#onPick = onPick;
  }

  adopt(view: Viewport): void {
    this.#isFitted = false;
    this.#view = view;
    this.#request();
  }

  fit(): void {
    this.#setFitted();
    this.#request();
    this.#link?.tell(this, this.#view);
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    this.#listeners.abort();
    this.#resize.disconnect();
  }

  #setFitted(): void {
    this.#isFitted = true;
    if (this.#screen.width === 0 || this.#screen.height === 0) return;
    const view = fitViewport({ x: 0, y: 0, ...this.#content }, this.#screen, MARGIN_PX);
    const short = Math.min(this.#content.width, this.#content.height);
    const widest = Math.min(SHORT_SIDE_PX, this.#screen.width - 2 * MARGIN_PX, this.#screen.height - 2 * MARGIN_PX);
    this.#view = { ...view, zoom: Math.max(view.zoom, widest / short) };
  }

  #measure(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.#screen = { width, height };
    this.#ratio = devicePixelRatio;
    this.#canvas.width = Math.max(1, Math.round(width * this.#ratio));
    this.#canvas.height = Math.max(1, Math.round(height * this.#ratio));
    if (this.#isFitted) this.#setFitted();
    this.#draw();
  }

  #request(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const context = this.#canvas.getContext('2d');
    if (context === null || this.#paint === null || this.#screen.width === 0) return;
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    const scale = this.#view.zoom * this.#ratio;
    const transform = {
      scale,
      x: this.#canvas.width / 2 - this.#view.x * scale,
      y: this.#canvas.height / 2 - this.#view.y * scale,
    };
    context.save();
    this.#paint(context, transform, this.#ratio);
    context.restore();
  }

  #move(view: Viewport): void {
    this.#isFitted = false;
    this.#view = keepInside(view, { x: 0, y: 0, ...this.#content });
    this.#request();
    this.#link?.tell(this, this.#view);
  }

  #zoomAt(at: Point, factor: number): void {
    const limits = zoomLimits({ x: 0, y: 0, ...this.#content }, this.#screen);
    this.#move(zoomAt(this.#view, this.#screen, at, factor, limits));
  }

  #onWheel(event: WheelEvent): void {
    event.preventDefault();
    const at = { x: event.offsetX, y: event.offsetY };
    this.#zoomAt(at, wheelFactor(event.deltaY, event.deltaMode, event.ctrlKey));
  }

  #onPointerDown(event: PointerEvent): void {
    if (event.button > 1) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#grabbed = { x: event.offsetX, y: event.offsetY };
    this.#dragged = 0;
  }

  #onPointerUp(event: PointerEvent): void {
    const wasGrabbed = this.#grabbed !== null;
    this.#grabbed = null;
    if (!wasGrabbed || this.#dragged > CLICK_SLOP_PX || event.button !== 0) return;
    this.#onPick?.(mosaicFromScreen(this.#view, this.#screen, event.offsetX, event.offsetY));
  }

  #onPointerMove(event: PointerEvent): void {
    if (this.#grabbed === null) return;
    this.#dragged += Math.hypot(event.offsetX - this.#grabbed.x, event.offsetY - this.#grabbed.y);
    this.#move(panBy(this.#view, event.offsetX - this.#grabbed.x, event.offsetY - this.#grabbed.y));
    this.#grabbed = { x: event.offsetX, y: event.offsetY };
  }

  #onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.#act(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #act(key: string): boolean {
    const middle = { x: this.#screen.width / 2, y: this.#screen.height / 2 };
    const pan = panSteps[key];
    if (pan !== undefined) this.#move(panBy(this.#view, pan[0] * KEY_PAN_PX, pan[1] * KEY_PAN_PX));
    else if (key === '+' || key === '=') this.#zoomAt(middle, KEY_ZOOM);
    else if (key === '-') this.#zoomAt(middle, 1 / KEY_ZOOM);
    else if (key === '0') this.fit();
    else if (key === 'Enter' && this.#onPick !== null) this.#onPick({ x: this.#view.x, y: this.#view.y });
    else return false;
    return true;
  }
}

const panSteps: Readonly<Record<string, readonly [number, number] | undefined>> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Draws a bitmap with its first pixel's centre at the content point (x, y). */
export function drawBitmap(
  context: CanvasRenderingContext2D,
  t: DrawTransform,
  bitmap: ImageBitmap,
  x: number,
  y: number,
): void {
  context.imageSmoothingEnabled = t.scale < 2;
  context.imageSmoothingQuality = 'medium';
  context.drawImage(
    bitmap,
    (x - 0.5) * t.scale + t.x,
    (y - 0.5) * t.scale + t.y,
    bitmap.width * t.scale,
    bitmap.height * t.scale,
  );
}
