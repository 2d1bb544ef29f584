import type { Point } from '../../core/geometry/affine2.ts';
import type { Rect, Size } from '../../core/geometry/rect.ts';
import type { TileId } from '../../core/tiles/tile.ts';
import type { DisplayRange, StitchClient } from '../../../workers/protocol.ts';
import { ChunkLayer } from './chunk-layer.ts';
import type { ViewerLink, ViewerPlacement } from './link-graph.ts';
import { pickLink } from './link-graph.ts';
import { readOverlayColours } from './overlay-colours.ts';
import type { DrawTransform, OverlayColours, Overlays } from './overlay-painter.ts';
import { OverlayPainter } from './overlay-painter.ts';
import { tileName } from './tile-name.ts';
import type { Viewport } from './viewport.ts';
import {
  centreOn,
  edgesOf,
  fitViewport,
  keepInside,
  mosaicFromScreen,
  panBy,
  pixelUnder,
  scaleBar,
  visibleEdges,
  wheelFactor,
  zoomAt,
  zoomLimits,
} from './viewport.ts';

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
  readonly selection: MosaicSelection;
  readonly pixelSizeNm: number | null;
}

/** The latest callbacks of the component. */
export interface MosaicEvents {
  readonly onSelectLink?: ((pairKey: string | null) => void) | undefined;
  readonly onSelectTile?: ((tile: TileId | null) => void) | undefined;
  readonly onHover?: ((pixel: Point | null) => void) | undefined;
  readonly onViewportChange?: ((viewport: Viewport) => void) | undefined;
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The elements that the component renders and this class draws into. */
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

const CLICK_SLOP_PX = 4;
const PICK_REACH_PX = 6;
const NAVIGATOR_PX = 148;
const PAN_STEP_FRACTION = 0.15;
const KEY_ZOOM = 1.4142;
const SCALE_BAR_MAX_PX = 130;

/** Draws a mosaic and its overlay and turns wheel, pointer and keys into a viewport. Lives as long as its elements. */
export class MosaicCanvas {
  readonly #elements: MosaicElements;
  readonly #chunks: ChunkLayer<ImageBitmap>;
  readonly #painter = new OverlayPainter();
  readonly #listeners = new AbortController();
  readonly #resize: ResizeObserver;
  /** Viewports handed out lately: a controlled parent echoes them, perhaps late, and must not pull the view back. */
  readonly #emitted = new WeakSet<Viewport>();
  readonly #pointers = new Map<number, Point>();
  #events: MosaicEvents = {};
  #scene: MosaicScene | null = null;
  #colours: OverlayColours;
  #screen: Size = { width: 0, height: 0 };
  #ratio = 1;
  #view: Viewport = { x: 0, y: 0, zoom: 1 };
  /** The view follows the bounds until the user moves it. */
  #isFitted = true;
  #frame = 0;
  #isPictureDirty = true;
  #isOverlayDirty = true;
  #dragged = 0;
  #isSpaceDown = false;
  #pickedLink: string | null = null;
  #hoverLink: string | null = null;
  #hoverTile: TileId | null = null;
  #hoverPixel: Point | null = null;

  constructor(elements: MosaicElements, client: Pick<StitchClient, 'renderChunk'>) {
    this.#elements = elements;
    this.#colours = readOverlayColours(elements.root);
    this.#chunks = new ChunkLayer<ImageBitmap>({
      render: (request, signal) => client.renderChunk(request, signal),
      onChange: () => this.#requestFrame(true, false),
      onError: (error) => this.#events.onError?.(error),
    });
    this.#resize = new ResizeObserver(() => this.#measure());
    this.#resize.observe(elements.root);
    this.#listen();
    this.#measure();
  }

  /** Mosaic point in the middle and CSS px per mosaic px. */
  get viewport(): Viewport {
    return this.#view;
  }

  setEvents(events: MosaicEvents): void {
    this.#events = events;
  }

  setScene(scene: MosaicScene): void {
    const before = this.#scene;
    this.#scene = scene;
    this.#painter.setPlacements(scene.placements);
    this.#painter.setLinks(scene.links);
    this.#colours = readOverlayColours(this.#elements.root);
    const { bounds, generation, display } = scene;
    this.#chunks.setSource(bounds === null ? null : { bounds, generation, display });
    // Said at once, not with the next frame: nobody may take the old picture for the new one.
    if (!this.#chunks.settled) this.#elements.root.dataset.settled = 'false';
    if (bounds !== null && this.#isFitted && !isSameRect(bounds, before?.bounds ?? null)) this.#setFitted();
    const { link } = scene.selection;
    if (before !== null && link !== before.selection.link && link !== this.#pickedLink) this.#bringIntoView(link);
    this.#requestFrame(true, true);
  }

  /** Takes a viewport from outside, unless it is one of our own coming back. */
  adoptViewport(view: Viewport): void {
    if (this.#emitted.has(view)) return;
    this.#isFitted = false;
    this.#view = view;
    this.#requestFrame(true, true);
  }

  fit(): void {
    this.#setFitted();
    this.#emit();
  }

  /** One mosaic pixel on one device pixel. */
  actualPixels(): void {
    this.zoomBy(1 / this.#ratio / this.#view.zoom);
  }

  /** Zooms about the middle of the screen. */
  zoomBy(factor: number): void {
    this.#zoomAt({ x: this.#screen.width / 2, y: this.#screen.height / 2 }, factor);
  }

  centreOn(point: Point): void {
    this.#move(centreOn(this.#view, point.x, point.y));
  }

  /** Shows the whole of `region` (mosaic px) with some air. */
  reveal(region: Rect): void {
    this.#move(fitViewport(region, this.#screen, 48));
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    this.#listeners.abort();
    this.#resize.disconnect();
    this.#chunks.dispose();
  }

  #measure(): void {
    const { root, picture, overlay } = this.#elements;
    const width = root.clientWidth;
    const height = root.clientHeight;
    const ratio = devicePixelRatio;
    if (width === this.#screen.width && height === this.#screen.height && ratio === this.#ratio) return;
    this.#screen = { width, height };
    this.#ratio = ratio;
    for (const canvas of [picture, overlay]) {
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
    }
    if (this.#isFitted) this.#setFitted();
    // A resized canvas is blank until it is painted: paint before the browser does.
    this.#isPictureDirty = true;
    this.#isOverlayDirty = true;
    this.#paint();
  }

  #setFitted(): void {
    const bounds = this.#scene?.bounds ?? null;
    this.#isFitted = true;
    if (bounds === null || this.#screen.width === 0) return;
    const view = fitViewport(bounds, this.#screen);
    // A mosaic smaller than the screen is not blown up.
    this.#view = { ...view, zoom: Math.min(view.zoom, Math.max(1, 1 / this.#ratio)) };
    this.#requestFrame(true, true);
  }

  /** A link chosen elsewhere must be seen; one picked here is seen already. */
  #bringIntoView(pairKey: string | null): void {
    const link = this.#scene?.links.find((candidate) => candidate.pairKey === pairKey);
    if (link === undefined || this.#screen.width === 0) return;
    const view = visibleEdges(this.#view, this.#screen);
    const { x, y } = link.seam;
    if (x < view.left || x > view.right || y < view.top || y > view.bottom) this.centreOn(link.seam);
  }

  #move(view: Viewport): void {
    const bounds = this.#scene?.bounds ?? null;
    if (bounds === null) return;
    this.#isFitted = false;
    this.#view = keepInside(view, bounds);
    this.#emit();
    this.#requestFrame(true, true);
  }

  #emit(): void {
    this.#emitted.add(this.#view);
    this.#events.onViewportChange?.(this.#view);
  }

  #zoomAt(at: Point, factor: number): void {
    const bounds = this.#scene?.bounds ?? null;
    if (bounds === null) return;
    this.#move(zoomAt(this.#view, this.#screen, at, factor, zoomLimits(bounds, this.#screen)));
  }

  #requestFrame(picture: boolean, overlay: boolean): void {
    this.#isPictureDirty ||= picture;
    this.#isOverlayDirty ||= overlay;
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #paint(): void {
    if (this.#screen.width === 0 || this.#screen.height === 0) return;
    const transform = this.#transform();
    if (this.#isPictureDirty) {
      this.#chunks.setView(visibleEdges(this.#view, this.#screen), this.#view.zoom * this.#ratio);
      this.#paintPicture(transform);
      this.#paintNavigator();
      this.#showFacts();
    }
    if (this.#isOverlayDirty) this.#paintOverlay(transform);
    this.#isPictureDirty = false;
    this.#isOverlayDirty = false;
  }

  /** Whole device pixels of translation, so that a mosaic at 100 % is not smeared over two. */
  #transform(): DrawTransform {
    const scale = this.#view.zoom * this.#ratio;
    return {
      scale,
      x: Math.round((this.#screen.width / 2) * this.#ratio - (this.#view.x + 0.5) * scale) + scale / 2,
      y: Math.round((this.#screen.height / 2) * this.#ratio - (this.#view.y + 0.5) * scale) + scale / 2,
    };
  }

  #paintPicture(t: DrawTransform): void {
    const canvas = this.#elements.picture;
    const context = canvas.getContext('2d');
    if (context === null) return;
    context.clearRect(0, 0, canvas.width, canvas.height);
    paintChunks(context, t, (visit) => this.#chunks.forEachDrawn(visit));
  }

  #paintOverlay(transform: DrawTransform): void {
    const canvas = this.#elements.overlay;
    const context = canvas.getContext('2d');
    const scene = this.#scene;
    if (context === null || scene === null) return;
    this.#painter.paint(
      context,
      { transform, size: { width: canvas.width, height: canvas.height }, ratio: this.#ratio },
      {
        overlays: scene.overlays,
        focus: { ...scene.selection, hoverLink: this.#hoverLink, hoverTile: this.#hoverTile },
        colours: this.#colours,
      },
    );
  }

  #paintNavigator(): void {
    const { navigator } = this.#elements;
    const bounds = this.#scene?.bounds ?? null;
    const isNeeded = bounds !== null && !this.#showsAllOf(bounds);
    navigator.hidden = !isNeeded;
    if (!isNeeded) return;
    const fit = NAVIGATOR_PX / Math.max(bounds.width, bounds.height);
    const size = { width: Math.max(8, bounds.width * fit), height: Math.max(8, bounds.height * fit) };
    const width = Math.round(size.width * this.#ratio);
    const height = Math.round(size.height * this.#ratio);
    if (navigator.width !== width || navigator.height !== height) {
      navigator.width = width;
      navigator.height = height;
      navigator.style.width = `${size.width}px`;
      navigator.style.height = `${size.height}px`;
    }
    const context = navigator.getContext('2d');
    if (context === null) return;
    const scale = fit * this.#ratio;
    const edges = edgesOf(bounds);
    const t = { scale, x: -edges.left * scale, y: -edges.top * scale };
    context.clearRect(0, 0, width, height);
    paintChunks(context, t, (visit) => this.#chunks.forEachOverview(visit));
    const view = visibleEdges(this.#view, this.#screen);
    context.strokeStyle = this.#colours.accent;
    context.lineWidth = 1.5 * this.#ratio;
    context.strokeRect(
      view.left * scale + t.x,
      view.top * scale + t.y,
      (view.right - view.left) * scale,
      (view.bottom - view.top) * scale,
    );
  }

  #showsAllOf(bounds: Rect): boolean {
    const view = visibleEdges(this.#view, this.#screen);
    const edges = edgesOf(bounds);
    return view.left <= edges.left && view.top <= edges.top && view.right >= edges.right && view.bottom >= edges.bottom;
  }

  #showFacts(): void {
    const { root, zoomLabel, scaleLabel, scaleBar: bar } = this.#elements;
    const hasMosaic = (this.#scene?.bounds ?? null) !== null;
    root.dataset.settled = String(hasMosaic && this.#chunks.settled);
    root.dataset.chunks = String(this.#chunks.loaded);
    const percent = this.#view.zoom * this.#ratio * 100;
    zoomLabel.textContent = hasMosaic ? `${percent < 10 ? percent.toPrecision(2) : Math.round(percent)} %` : '';
    const nm = this.#scene?.pixelSizeNm ?? null;
    const hasScale = hasMosaic && nm !== null && nm > 0;
    bar.hidden = !hasScale;
    scaleLabel.hidden = !hasScale;
    if (!hasScale) return;
    const { px, label } = scaleBar(nm, this.#view.zoom, SCALE_BAR_MAX_PX);
    bar.style.width = `${px}px`;
    scaleLabel.textContent = label;
  }

  #listen(): void {
    const { root, navigator } = this.#elements;
    const { signal } = this.#listeners;
    root.addEventListener('wheel', (event) => this.#onWheel(event), { signal, passive: false });
    root.addEventListener('pointerdown', (event) => this.#onPointerDown(event), { signal });
    root.addEventListener('pointermove', (event) => this.#onPointerMove(event), { signal });
    root.addEventListener('pointerup', (event) => this.#onPointerUp(event), { signal });
    root.addEventListener('pointercancel', (event) => this.#pointers.delete(event.pointerId), { signal });
    root.addEventListener('pointerleave', () => this.#hover(null), { signal });
    root.addEventListener('keydown', (event) => this.#onKeyDown(event), { signal });
    root.addEventListener('keyup', (event) => this.#onKeyUp(event), { signal });
    root.addEventListener('blur', () => this.#setSpace(false), { signal });
    navigator.addEventListener('pointerdown', (event) => this.#onNavigate(event, true), { signal });
    navigator.addEventListener('pointermove', (event) => this.#onNavigate(event, false), { signal });
  }

  #screenPoint(event: MouseEvent): Point {
    const box = this.#elements.root.getBoundingClientRect();
    const { clientLeft, clientTop } = this.#elements.root;
    return { x: event.clientX - box.left - clientLeft, y: event.clientY - box.top - clientTop };
  }

  #onWheel(event: WheelEvent): void {
    event.preventDefault();
    this.#zoomAt(this.#screenPoint(event), wheelFactor(event.deltaY, event.deltaMode, event.ctrlKey));
    this.#hover(event);
  }

  #onPointerDown(event: PointerEvent): void {
    if (event.button > 1 || isInside(event, this.#elements.navigator)) return;
    this.#elements.root.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, this.#screenPoint(event));
    this.#dragged = this.#pointers.size > 1 ? Infinity : 0;
  }

  #onPointerMove(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    const at = this.#screenPoint(event);
    if (before === undefined) {
      this.#hover(isInside(event, this.#elements.navigator) ? null : event);
      return;
    }
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, at);
    this.#dragged += Math.hypot(at.x - before.x, at.y - before.y);
    if (this.#dragged <= CLICK_SLOP_PX) return;
    this.#elements.root.dataset.dragging = 'true';
    this.#hover(null);
    if (other === undefined) this.#move(panBy(this.#view, at.x - before.x, at.y - before.y));
    else this.#pinch(before, at, other);
  }

  #pinch(before: Point, at: Point, other: Point): void {
    const from = Math.hypot(before.x - other.x, before.y - other.y);
    const to = Math.hypot(at.x - other.x, at.y - other.y);
    this.#move(panBy(this.#view, (at.x - before.x) / 2, (at.y - before.y) / 2));
    if (from > 0) this.#zoomAt({ x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 }, to / from);
  }

  #onPointerUp(event: PointerEvent): void {
    if (!this.#pointers.delete(event.pointerId)) return;
    delete this.#elements.root.dataset.dragging;
    if (this.#dragged > CLICK_SLOP_PX || this.#isSpaceDown || event.button !== 0) return;
    const at = this.#screenPoint(event);
    const link = this.#linkUnder(at);
    this.#pickedLink = link?.pairKey ?? null;
    if (link !== null) this.#events.onSelectLink?.(link.pairKey);
    else this.#events.onSelectTile?.(this.#tileUnder(at));
  }

  #linkUnder(at: Point): ViewerLink | null {
    const scene = this.#scene;
    if (scene === null || !scene.overlays.links) return null;
    const p = mosaicFromScreen(this.#view, this.#screen, at.x, at.y);
    return pickLink(scene.links, p, PICK_REACH_PX / this.#view.zoom);
  }

  #tileUnder(at: Point): TileId | null {
    const p = mosaicFromScreen(this.#view, this.#screen, at.x, at.y);
    return this.#painter.tileAt(p.x, p.y);
  }

  #hover(event: MouseEvent | null): void {
    const bounds = this.#scene?.bounds ?? null;
    const at = event === null || bounds === null ? null : this.#screenPoint(event);
    const link = at === null ? null : this.#linkUnder(at);
    const tile = at === null || link !== null ? null : this.#tileUnder(at);
    if ((link?.pairKey ?? null) !== this.#hoverLink || tile !== this.#hoverTile) {
      this.#hoverLink = link?.pairKey ?? null;
      this.#hoverTile = tile;
      this.#elements.root.dataset.over = link !== null ? 'link' : tile !== null ? 'tile' : 'nothing';
      this.#requestFrame(false, true);
    }
    this.#showTooltip(at, link !== null ? describeLink(link) : tile === null ? '' : tileName(tile));
    this.#tellPixel(at === null ? null : pixelUnder(this.#view, this.#screen, at.x, at.y));
  }

  #tellPixel(pixel: Point | null): void {
    if (pixel?.x === this.#hoverPixel?.x && pixel?.y === this.#hoverPixel?.y) return;
    this.#hoverPixel = pixel;
    this.#events.onHover?.(pixel);
  }

  #showTooltip(at: Point | null, text: string): void {
    const { tooltip } = this.#elements;
    tooltip.hidden = at === null || text === '';
    if (at === null || text === '') return;
    if (tooltip.textContent !== text) tooltip.textContent = text;
    const isRight = at.x > this.#screen.width * 0.7;
    const isLow = at.y > this.#screen.height - 48;
    const x = isRight ? `calc(${Math.round(at.x - 12)}px - 100%)` : `${Math.round(at.x + 14)}px`;
    tooltip.style.transform = `translate(${x}, ${Math.round(at.y + (isLow ? -34 : 16))}px)`;
  }

  #onNavigate(event: PointerEvent, isStart: boolean): void {
    const bounds = this.#scene?.bounds ?? null;
    const { navigator } = this.#elements;
    if (bounds === null || (event.buttons & 1) === 0) return;
    if (isStart) navigator.setPointerCapture(event.pointerId);
    const box = navigator.getBoundingClientRect();
    const fit = bounds.width / box.width;
    const edges = edgesOf(bounds);
    this.centreOn({ x: edges.left + (event.clientX - box.left) * fit, y: edges.top + (event.clientY - box.top) * fit });
  }

  #onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.#elements.root) return;
    const step = PAN_STEP_FRACTION * Math.min(this.#screen.width, this.#screen.height) * (event.shiftKey ? 4 : 1);
    if (!this.#act(event.key.length === 1 ? event.key.toLowerCase() : event.key, step)) return;
    event.preventDefault();
    event.stopPropagation();
    // Another place lies under the resting pointer now.
    this.#hover(null);
  }

  #act(key: string, step: number): boolean {
    switch (key) {
      case 'ArrowLeft':
      case 'a':
        this.#move(panBy(this.#view, step, 0));
        return true;
      case 'ArrowRight':
      case 'd':
        this.#move(panBy(this.#view, -step, 0));
        return true;
      case 'ArrowUp':
      case 'w':
        this.#move(panBy(this.#view, 0, step));
        return true;
      case 'ArrowDown':
      case 's':
        this.#move(panBy(this.#view, 0, -step));
        return true;
      case '+':
      case '=':
        this.zoomBy(KEY_ZOOM);
        return true;
      case '-':
      case '_':
        this.zoomBy(1 / KEY_ZOOM);
        return true;
      case '0':
        this.fit();
        return true;
      case '1':
        this.actualPixels();
        return true;
      case 'f':
        this.#toggleFullScreen();
        return true;
      case ' ':
        this.#setSpace(true);
        return true;
      default:
        return false;
    }
  }

  #toggleFullScreen(): void {
    const { root } = this.#elements;
    const change = document.fullscreenElement === root ? document.exitFullscreen() : root.requestFullscreen();
    change.catch((error: unknown) => this.#events.onError?.(error));
  }

  #onKeyUp(event: KeyboardEvent): void {
    if (event.key === ' ') this.#setSpace(false);
  }

  #setSpace(isDown: boolean): void {
    this.#isSpaceDown = isDown;
    if (isDown) this.#elements.root.dataset.panning = 'true';
    else delete this.#elements.root.dataset.panning;
  }
}

type EachChunk = (visit: (bitmap: ImageBitmap, rect: Rect, bounds: Rect) => void) => void;

/** Chunks share their rounded borders, so no hair line shows between them; nothing is drawn beyond the mosaic. */
function paintChunks(context: CanvasRenderingContext2D, t: DrawTransform, forEach: EachChunk): void {
  forEach((bitmap, rect, bounds) => {
    const source = edgesOf(rect);
    const inside = edgesOf(bounds);
    const left = Math.max(source.left, inside.left);
    const top = Math.max(source.top, inside.top);
    const right = Math.min(source.right, inside.right);
    const bottom = Math.min(source.bottom, inside.bottom);
    const perX = bitmap.width / rect.width;
    const perY = bitmap.height / rect.height;
    const x = Math.round(left * t.scale + t.x);
    const y = Math.round(top * t.scale + t.y);
    const width = Math.round(right * t.scale + t.x) - x;
    const height = Math.round(bottom * t.scale + t.y) - y;
    if (width <= 0 || height <= 0) return;
    context.imageSmoothingEnabled = t.scale < perX;
    context.imageSmoothingQuality = t.scale < 0.5 * perX ? 'medium' : 'low';
    context.drawImage(
      bitmap,
      (left - source.left) * perX,
      (top - source.top) * perY,
      (right - left) * perX,
      (bottom - top) * perY,
      x,
      y,
      width,
      height,
    );
  });
}

function describeLink(link: ViewerLink): string {
  switch (link.state) {
    case 'link':
      return link.label;
    case 'removed':
      return `${link.label} · removed by the solver`;
    case 'rejected':
      return `${link.label} · rejected`;
    case 'excluded':
      return `${link.label} · excluded`;
  }
}

function isInside(event: Event, element: Element): boolean {
  return event.target instanceof Node && element.contains(event.target);
}

function isSameRect(p: Rect, q: Rect | null): boolean {
  return q !== null && p.x === q.x && p.y === q.y && p.width === q.width && p.height === q.height;
}
