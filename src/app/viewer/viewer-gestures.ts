import type { Point } from '../../core/geometry/affine2.ts';
import { wheelFactor } from './viewport.ts';

/** What wheel, pointer and keys ask for; points and movements are CSS px of the screen as it is seen. */
export interface GestureTarget {
  panBy(dx: number, dy: number): void;
  zoomAt(at: Point, factor: number): void;
  /** The pointer rests or moves without a button; null when it has left. */
  hover(at: Point | null): void;
  click(at: Point): void;
  /** Whether the point is grabbed by a tool; its moves then go there until the pointer is up. */
  grab(at: Point, event: PointerEvent): boolean;
  dragTo(at: Point, event: PointerEvent): void;
  release(at: Point, event: PointerEvent): void;
  /** True when the key means something. */
  key(event: KeyboardEvent): boolean;
}

const CLICK_SLOP_PX = 4;

/** Turns the events of an element into what a `GestureTarget` understands; `others` keep their own pointers. */
export class ViewerGestures {
  readonly #root: HTMLElement;
  readonly #others: HTMLElement;
  readonly #target: GestureTarget;
  readonly #pointers = new Map<number, Point>();
  #dragged = 0;
  #isSpaceDown = false;
  /** The pointer that a tool holds. */
  #grabbed: number | null = null;

  constructor(root: HTMLElement, others: HTMLElement, target: GestureTarget, signal: AbortSignal) {
    this.#root = root;
    this.#others = others;
    this.#target = target;
    root.addEventListener('wheel', (event) => this.#onWheel(event), { signal, passive: false });
    root.addEventListener('pointerdown', (event) => this.#onDown(event), { signal });
    root.addEventListener('pointermove', (event) => this.#onMove(event), { signal });
    root.addEventListener('pointerup', (event) => this.#onUp(event), { signal });
    root.addEventListener('pointercancel', (event) => this.#onCancel(event), { signal });
    root.addEventListener('pointerleave', () => target.hover(null), { signal });
    root.addEventListener('keydown', (event) => this.#onKeyDown(event), { signal });
    root.addEventListener('keyup', (event) => event.key === ' ' && this.#setSpace(false), { signal });
    root.addEventListener('blur', () => this.#setSpace(false), { signal });
  }

  #pointOf(event: MouseEvent): Point {
    const box = this.#root.getBoundingClientRect();
    const { clientLeft, clientTop } = this.#root;
    return { x: event.clientX - box.left - clientLeft, y: event.clientY - box.top - clientTop };
  }

  #isElsewhere(event: Event): boolean {
    return event.target instanceof Node && this.#others.contains(event.target);
  }

  #onWheel(event: WheelEvent): void {
    event.preventDefault();
    const at = this.#pointOf(event);
    this.#target.zoomAt(at, wheelFactor(event.deltaY, event.deltaMode, event.ctrlKey));
    this.#target.hover(at);
  }

  #onDown(event: PointerEvent): void {
    if (event.button > 1 || this.#isElsewhere(event)) return;
    this.#root.setPointerCapture(event.pointerId);
    const at = this.#pointOf(event);
    this.#pointers.set(event.pointerId, at);
    this.#dragged = this.#pointers.size > 1 ? Infinity : 0;
    const isForTool = event.button === 0 && this.#pointers.size === 1 && !this.#isSpaceDown;
    if (isForTool && this.#target.grab(at, event)) this.#grabbed = event.pointerId;
  }

  #onMove(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    const at = this.#pointOf(event);
    if (before === undefined) {
      this.#target.hover(this.#isElsewhere(event) ? null : at);
      return;
    }
    this.#pointers.set(event.pointerId, at);
    this.#dragged += Math.hypot(at.x - before.x, at.y - before.y);
    if (this.#grabbed === event.pointerId) {
      this.#target.dragTo(at, event);
      return;
    }
    if (this.#dragged <= CLICK_SLOP_PX) return;
    this.#root.dataset.dragging = 'true';
    this.#target.hover(null);
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other === undefined) this.#target.panBy(at.x - before.x, at.y - before.y);
    else this.#pinch(before, at, other);
  }

  #pinch(before: Point, at: Point, other: Point): void {
    const from = Math.hypot(before.x - other.x, before.y - other.y);
    const to = Math.hypot(at.x - other.x, at.y - other.y);
    this.#target.panBy((at.x - before.x) / 2, (at.y - before.y) / 2);
    if (from > 0) this.#target.zoomAt({ x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 }, to / from);
  }

  #onUp(event: PointerEvent): void {
    if (!this.#pointers.delete(event.pointerId)) return;
    delete this.#root.dataset.dragging;
    const at = this.#pointOf(event);
    if (this.#grabbed === event.pointerId) {
      this.#grabbed = null;
      this.#target.release(at, event);
      return;
    }
    if (this.#dragged > CLICK_SLOP_PX || this.#isSpaceDown || event.button !== 0) return;
    this.#target.click(at);
  }

  #onCancel(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
    delete this.#root.dataset.dragging;
    if (this.#grabbed !== event.pointerId) return;
    this.#grabbed = null;
    this.#target.release(this.#pointOf(event), event);
  }

  #onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.target !== this.#root) return;
    if (event.key === ' ' && !event.altKey) this.#setSpace(true);
    else if (!this.#target.key(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #setSpace(isDown: boolean): void {
    this.#isSpaceDown = isDown;
    if (isDown) this.#root.dataset.panning = 'true';
    else delete this.#root.dataset.panning;
  }
}
