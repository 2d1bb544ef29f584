import type { Point } from '../../core/geometry/affine2.ts';
import type { Rect } from '../../core/geometry/rect.ts';
import { paintChunks, type EachChunk } from './paint-chunks.ts';
import { frameFromScreen, frameSize, turnContext, type QuarterTurns } from './turn.ts';
import { edgesOf, type Edges } from './viewport.ts';

const LONG_SIDE_PX = 148;

/** What the map shows: the mosaic, the part of it that is in view, and how it is turned. */
export interface NavigatorScene {
  readonly bounds: Rect;
  readonly view: Edges;
  readonly turns: QuarterTurns;
  readonly ratio: number;
  readonly accent: string;
}

/** The small map of the whole mosaic: drawn while a part is in view; a click or drag moves the view. */
export class NavigatorMap {
  readonly #canvas: HTMLCanvasElement;
  #scene: NavigatorScene | null = null;

  constructor(canvas: HTMLCanvasElement, onCentre: (at: Point) => void, signal: AbortSignal) {
    this.#canvas = canvas;
    const follow = (event: PointerEvent, isStart: boolean): void => {
      if ((event.buttons & 1) === 0) return;
      if (isStart) canvas.setPointerCapture(event.pointerId);
      const at = this.#mosaicPoint(event);
      if (at !== null) onCentre(at);
    };
    canvas.addEventListener('pointerdown', (event) => follow(event, true), { signal });
    canvas.addEventListener('pointermove', (event) => follow(event, false), { signal });
  }

  hide(): void {
    this.#scene = null;
    this.#canvas.hidden = true;
  }

  /** Hidden when everything is in view anyway. */
  paint(scene: NavigatorScene, overview: EachChunk): void {
    if (holds(scene.view, edgesOf(scene.bounds))) {
      this.hide();
      return;
    }
    this.#scene = scene;
    this.#canvas.hidden = false;
    const { bounds, ratio, turns, view } = scene;
    const fit = LONG_SIDE_PX / Math.max(bounds.width, bounds.height);
    const frame = { width: Math.max(8, bounds.width * fit), height: Math.max(8, bounds.height * fit) };
    this.#resize(frameSize(frame, turns), ratio);
    const context = this.#canvas.getContext('2d');
    if (context === null) return;
    turnContext(context, this.#canvas, turns);
    const scale = fit * ratio;
    const edges = edgesOf(bounds);
    const t = { scale, x: -edges.left * scale, y: -edges.top * scale };
    context.clearRect(0, 0, frame.width * ratio, frame.height * ratio);
    paintChunks(context, t, overview);
    context.strokeStyle = scene.accent;
    context.lineWidth = 1.5 * ratio;
    context.strokeRect(
      view.left * scale + t.x,
      view.top * scale + t.y,
      (view.right - view.left) * scale,
      (view.bottom - view.top) * scale,
    );
  }

  #resize(size: { readonly width: number; readonly height: number }, ratio: number): void {
    const canvas = this.#canvas;
    const width = Math.round(size.width * ratio);
    const height = Math.round(size.height * ratio);
    if (canvas.width === width && canvas.height === height) return;
    canvas.width = width;
    canvas.height = height;
    canvas.style.width = `${size.width}px`;
    canvas.style.height = `${size.height}px`;
  }

  #mosaicPoint(event: PointerEvent): Point | null {
    if (this.#scene === null) return null;
    const { bounds, turns } = this.#scene;
    const box = this.#canvas.getBoundingClientRect();
    const screen = { width: box.width, height: box.height };
    const at = frameFromScreen({ x: event.clientX - box.left, y: event.clientY - box.top }, screen, turns);
    const frame = frameSize(screen, turns);
    const edges = edgesOf(bounds);
    return {
      x: edges.left + (at.x / frame.width) * bounds.width,
      y: edges.top + (at.y / frame.height) * bounds.height,
    };
  }
}

function holds(outer: Edges, inner: Edges): boolean {
  return (
    outer.left <= inner.left && outer.top <= inner.top && outer.right >= inner.right && outer.bottom >= inner.bottom
  );
}
