import type { Point } from '../../core/geometry/affine2.ts';
import type { Rect } from '../../core/geometry/rect.ts';
import type { TileId } from '../../core/tiles/tile.ts';
import type { StitchClient } from '../../../workers/protocol.ts';
import { Camera } from './camera.ts';
import { ChunkLayer } from './chunk-layer.ts';
import { EvidenceLayers } from './evidence-layers.ts';
import { describeLink, showTooltip } from './hover-tooltip.ts';
import type { ViewerLink } from './link-graph.ts';
import { pickLink } from './link-graph.ts';
import type { MosaicElements, MosaicEvents, MosaicScene } from './mosaic-scene.ts';
import { NavigatorMap } from './navigator-map.ts';
import { readOverlayColours } from './overlay-colours.ts';
import { OverlayPainter } from './overlay-painter.ts';
import { paintChunks } from './paint-chunks.ts';
import { tileName } from './tile-name.ts';
import type { OverlayView } from './tile-overlay.ts';
import { frameSize, turnContext } from './turn.ts';
import { panKeys } from './viewer-commands.ts';
import { showFacts } from './viewer-facts.ts';
import { ViewerGestures, type GestureTarget } from './viewer-gestures.ts';
import type { Edges, Viewport } from './viewport.ts';

/** What the canvas asks the workers for. */
export type MosaicPictures = Pick<StitchClient, 'renderChunk' | 'renderEvidence'>;

const PICK_REACH_PX = 6;
/** … and a finger, which covers what it points at. */
const FINGER_REACH_PX = 20;
const PAN_STEP_FRACTION = 0.15;
const FAST_STEPS = 4;
const KEY_ZOOM = Math.SQRT2;

/** Draws a mosaic and its overlay and turns gestures into a viewport. Lives as long as its elements. */
export class MosaicCanvas implements GestureTarget {
  readonly #elements: MosaicElements;
  readonly #chunks: ChunkLayer<ImageBitmap>;
  readonly #evidence: EvidenceLayers;
  readonly #navigator: NavigatorMap;
  readonly #painter = new OverlayPainter();
  readonly #listeners = new AbortController();
  readonly #resize: ResizeObserver;
  /** Viewports handed out lately: a controlled parent echoes them, perhaps late, and must not pull the view back. */
  readonly #emitted = new WeakSet<Viewport>();
  #events: MosaicEvents = {};
  #scene: MosaicScene | null = null;
  #colours: ReturnType<typeof readOverlayColours>;
  readonly #camera = new Camera();
  #frame = 0;
  #isPictureDirty = true;
  #isOverlayDirty = true;
  #toldView: Viewport | null = null;
  #pickedLink: string | null = null;
  readonly #reachPx = matchMedia('(pointer: coarse)').matches ? FINGER_REACH_PX : PICK_REACH_PX;
  #hoverLink: string | null = null;
  #hoverTile: TileId | null = null;
  #hoverPixel: Point | null = null;

  constructor(elements: MosaicElements, client: MosaicPictures) {
    this.#elements = elements;
    this.#colours = readOverlayColours(elements.root);
    const onError = (error: unknown) => this.#events.onError?.(error);
    const onChange = () => this.#requestFrame(true, false);
    this.#chunks = new ChunkLayer<ImageBitmap>({
      render: (request, signal) => client.renderChunk(request, signal),
      onChange,
      onError,
    });
    this.#evidence = new EvidenceLayers({
      render: (request, signal) => client.renderEvidence(request, signal),
      colours: () => this.#colours,
      onChange,
      onError,
    });
    const { signal } = this.#listeners;
    this.#navigator = new NavigatorMap(elements.navigator, (at) => this.centreOn(at), signal);
    new ViewerGestures(elements.root, elements.navigator, this, signal);
    this.#resize = new ResizeObserver(() => this.#measure());
    this.#resize.observe(elements.root);
    this.#measure();
  }

  /** Mosaic point in the middle and CSS px per mosaic px. */
  get viewport(): Viewport {
    return this.#camera.view;
  }

  /** What of the mosaic plane is on the screen. */
  get visible(): Edges {
    return this.#camera.visible;
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
    const { bounds, generation, display, overlays } = scene;
    const source = bounds === null ? null : { bounds, generation, display };
    this.#chunks.setSource(source);
    this.#evidence.setSource(source, overlays);
    // Said at once, not with the next frame: nobody may take the old picture for the new one.
    if (!this.#isSettled()) this.#elements.root.dataset.settled = 'false';
    this.#camera.setMosaic(bounds, scene.turns ?? 0);
    const { link } = scene.selection;
    if (before !== null && link !== before.selection.link && link !== this.#pickedLink) this.#bringIntoView(link);
    this.#requestFrame(true, true);
  }

  /** Takes a viewport from outside, unless it is one of our own coming back. */
  adoptViewport(view: Viewport): void {
    if (this.#emitted.has(view)) return;
    this.#camera.adopt(view);
    this.#requestFrame(true, true);
  }

  fit(): void {
    this.#camera.fit();
    this.#requestFrame(true, true);
  }

  /** One mosaic pixel on one device pixel. */
  actualPixels(): void {
    this.zoomBy(1 / this.#camera.deviceZoom);
  }

  /** Zooms about the middle of the screen. */
  zoomBy(factor: number): void {
    this.#camera.zoomBy(factor);
    this.#requestFrame(true, true);
  }

  centreOn(point: Point): void {
    this.#camera.centreOn(point);
    this.#requestFrame(true, true);
  }

  /** Shows the whole of `region` (mosaic px) with some air. */
  reveal(region: Rect): void {
    this.#camera.reveal(region);
    this.#requestFrame(true, true);
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    this.#listeners.abort();
    this.#resize.disconnect();
    this.#chunks.dispose();
    this.#evidence.dispose();
  }

  panBy(dx: number, dy: number): void {
    this.#camera.panBy(dx, dy);
    this.#requestFrame(true, true);
  }

  zoomAt(at: Point, factor: number): void {
    this.#camera.zoomAt(at, factor);
    this.#requestFrame(true, true);
  }

  click(at: Point): void {
    const p = this.#camera.mosaicPoint(at);
    const link = this.#linkAt(p);
    this.#pickedLink = link?.pairKey ?? null;
    if (link !== null) this.#events.onSelectLink?.(link.pairKey);
    else this.#events.onSelectTile?.(this.#painter.tileAt(p.x, p.y));
  }

  grab(at: Point, event: PointerEvent): boolean {
    return this.#scene?.tool?.grab(this.#camera.mosaicPoint(at), event) ?? false;
  }

  dragTo(at: Point, event: PointerEvent): void {
    this.#scene?.tool?.dragTo(this.#camera.mosaicPoint(at), event);
    this.#requestFrame(false, true);
  }

  release(at: Point, event: PointerEvent): void {
    this.#scene?.tool?.release(this.#camera.mosaicPoint(at), event);
    this.#requestFrame(false, true);
  }

  hover(screenPoint: Point | null): void {
    const at = (this.#scene?.bounds ?? null) === null ? null : screenPoint;
    const p = at === null ? null : this.#camera.mosaicPoint(at);
    const link = p === null ? null : this.#linkAt(p);
    const tile = p === null || link !== null ? null : this.#painter.tileAt(p.x, p.y);
    if ((link?.pairKey ?? null) !== this.#hoverLink || tile !== this.#hoverTile) {
      this.#hoverLink = link?.pairKey ?? null;
      this.#hoverTile = tile;
      this.#elements.root.dataset.over = link !== null ? 'link' : tile !== null ? 'tile' : 'nothing';
      this.#requestFrame(false, true);
    }
    const text = link !== null ? describeLink(link) : tile === null ? '' : tileName(tile);
    showTooltip(this.#elements.tooltip, this.#camera.screen, at, text);
    this.#tellPixel(p === null ? null : { x: Math.round(p.x), y: Math.round(p.y) });
  }

  key(event: KeyboardEvent): boolean {
    if (this.#scene?.tool?.key?.(event) === true) {
      this.#requestFrame(false, true);
      return true;
    }
    // Alt is a tool's fine step; else it is the browser's.
    const moved = !event.altKey && this.#moveByKey(event.key, event.shiftKey);
    // Another place lies under the resting pointer now.
    if (moved) this.hover(null);
    return moved;
  }

  #moveByKey(key: string, isFast: boolean): boolean {
    const pan = panKeys[key.length === 1 ? key.toLowerCase() : key];
    const { screen } = this.#camera;
    const step = PAN_STEP_FRACTION * Math.min(screen.width, screen.height) * (isFast ? FAST_STEPS : 1);
    if (pan !== undefined) this.panBy(pan[0] * step, pan[1] * step);
    else if (key === '+' || key === '=') this.zoomBy(KEY_ZOOM);
    else if (key === '-' || key === '_') this.zoomBy(1 / KEY_ZOOM);
    else if (key === '0') this.fit();
    else if (key === '1') this.actualPixels();
    else return false;
    return true;
  }

  #isSettled(): boolean {
    return this.#chunks.settled && this.#evidence.settled;
  }

  #measure(): void {
    const { root, picture, overlay } = this.#elements;
    const { clientWidth: width, clientHeight: height } = root;
    const ratio = devicePixelRatio;
    if (!this.#camera.setScreen({ width, height }, ratio)) return;
    for (const canvas of [picture, overlay]) {
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
    }
    // A choice of larger letters comes as less room.
    this.#colours = readOverlayColours(root);
    // A resized canvas is blank until it is painted: paint before the browser does.
    this.#isPictureDirty = true;
    this.#isOverlayDirty = true;
    this.#paint();
  }

  /** A link chosen elsewhere must be seen; one picked here is seen already. */
  #bringIntoView(pairKey: string | null): void {
    const link = this.#scene?.links.find((candidate) => candidate.pairKey === pairKey);
    if (link === undefined || !this.#camera.isOnScreen) return;
    if (!this.#camera.sees(link.seam)) this.centreOn(link.seam);
  }

  #requestFrame(picture: boolean, overlay: boolean): void {
    this.#isPictureDirty ||= picture;
    this.#isOverlayDirty ||= overlay;
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
      this.#tellView();
    });
  }

  #tellView(): void {
    const { view } = this.#camera;
    if (view === this.#toldView || this.#camera.bounds === null) return;
    this.#toldView = view;
    this.#emitted.add(view);
    this.#events.onViewportChange?.(view);
  }

  #paint(): void {
    if (!this.#camera.isOnScreen) return;
    if (this.#isPictureDirty) {
      const { visible, deviceZoom } = this.#camera;
      this.#chunks.setView(visible, deviceZoom);
      this.#evidence.setView(visible, deviceZoom);
      this.#paintPicture();
      this.#paintNavigator();
      this.#showFacts();
    }
    if (this.#isOverlayDirty) this.#paintOverlay();
    this.#isPictureDirty = false;
    this.#isOverlayDirty = false;
  }

  #paintPicture(): void {
    const canvas = this.#elements.picture;
    const context = canvas.getContext('2d');
    if (context === null) return;
    context.resetTransform();
    context.clearRect(0, 0, canvas.width, canvas.height);
    const { transform, turns } = this.#camera;
    turnContext(context, canvas, turns);
    paintChunks(context, transform, (visit) => this.#chunks.forEachDrawn(visit));
    this.#evidence.paint(context, transform);
  }

  #paintOverlay(): void {
    const canvas = this.#elements.overlay;
    const context = canvas.getContext('2d');
    const scene = this.#scene;
    if (context === null || scene === null) return;
    const { transform, turns, ratio } = this.#camera;
    turnContext(context, canvas, turns);
    const view: OverlayView = { transform, size: frameSize(canvas, turns), ratio, turns };
    this.#painter.paint(context, view, {
      overlays: scene.overlays,
      tints: scene.tints ?? null,
      arrows: scene.arrows ?? null,
      focus: { ...scene.selection, hoverLink: this.#hoverLink, hoverTile: this.#hoverTile },
      colours: this.#colours,
      hasCross: scene.hasCross === true && this.#hoverPixel === null,
    });
    scene.tool?.paint?.(context, view);
  }

  #paintNavigator(): void {
    const { bounds, visible, turns, ratio } = this.#camera;
    if (bounds === null) this.#navigator.hide();
    else
      this.#navigator.paint({ bounds, view: visible, turns, ratio, accent: this.#colours.accent }, (visit) =>
        this.#chunks.forEachOverview(visit),
      );
  }

  #showFacts(): void {
    const { root } = this.#elements;
    const { bounds, view, ratio } = this.#camera;
    root.dataset.settled = String(bounds !== null && this.#isSettled());
    root.dataset.chunks = String(this.#chunks.loaded);
    const pixelSizeNm = this.#scene?.pixelSizeNm ?? null;
    showFacts(this.#elements, bounds === null ? null : { zoom: view.zoom, ratio, pixelSizeNm });
  }

  #linkAt(p: Point): ViewerLink | null {
    const scene = this.#scene;
    if (scene === null || !scene.overlays.links) return null;
    return pickLink(scene.links, p, this.#reachPx / this.#camera.view.zoom);
  }

  #tellPixel(pixel: Point | null): void {
    if (pixel?.x === this.#hoverPixel?.x && pixel?.y === this.#hoverPixel?.y) return;
    const crossChanged = (pixel === null) !== (this.#hoverPixel === null);
    this.#hoverPixel = pixel;
    if (crossChanged) this.#requestFrame(false, true);
    this.#events.onHover?.(pixel);
  }
}
