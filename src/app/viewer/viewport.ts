/**
 * View maths of the mosaic and of every zoomable picture. Mosaic points have pixel *centres* at whole numbers; the
 * screen has pixel *corners* at whole numbers (CSS px, y down). Pixel i therefore covers i − ½ … i + ½ of the mosaic
 * and, at zoom z, z CSS px of the screen.
 */
import type { Point } from '../../core/geometry/affine2.ts';
import type { Rect, Size } from '../../core/geometry/rect.ts';

/** The mosaic point shown at the centre of the screen, and CSS px per mosaic px. */
export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** Outer edges of a region in mosaic coordinates: a rectangle's pixels reach half a pixel beyond their centres. */
export interface Edges {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Smallest and largest zoom that the user can reach. */
export interface ZoomLimits {
  readonly min: number;
  readonly max: number;
}

const LARGEST_ZOOM = 32;
/** One can zoom out until the mosaic fills this fraction of the fitted view. */
const SMALLEST_FRACTION_OF_FIT = 0.5;

/** The outer edges of a rectangle of whole pixels. */
export function edgesOf(rect: Rect): Edges {
  return {
    left: rect.x - 0.5,
    top: rect.y - 0.5,
    right: rect.x + rect.width - 0.5,
    bottom: rect.y + rect.height - 0.5,
  };
}

/** Screen position (CSS px from the view's upper-left corner) of the mosaic point (x, y). */
export function screenFromMosaic(view: Viewport, screen: Size, x: number, y: number): Point {
  return { x: (x - view.x) * view.zoom + screen.width / 2, y: (y - view.y) * view.zoom + screen.height / 2 };
}

/** The mosaic point under a screen position. */
export function mosaicFromScreen(view: Viewport, screen: Size, x: number, y: number): Point {
  return { x: (x - screen.width / 2) / view.zoom + view.x, y: (y - screen.height / 2) / view.zoom + view.y };
}

/** The mosaic pixel under a screen position. */
export function pixelUnder(view: Viewport, screen: Size, x: number, y: number): Point {
  const p = mosaicFromScreen(view, screen, x, y);
  return { x: Math.floor(p.x + 0.5), y: Math.floor(p.y + 0.5) };
}

/** What of the mosaic the screen shows. */
export function visibleEdges(view: Viewport, screen: Size): Edges {
  const halfWidth = screen.width / 2 / view.zoom;
  const halfHeight = screen.height / 2 / view.zoom;
  return { left: view.x - halfWidth, top: view.y - halfHeight, right: view.x + halfWidth, bottom: view.y + halfHeight };
}

/** The whole of `bounds`, centred, with `marginPx` CSS px of air on every side. */
export function fitViewport(bounds: Rect, screen: Size, marginPx = 16): Viewport {
  const width = Math.max(1, screen.width - 2 * marginPx);
  const height = Math.max(1, screen.height - 2 * marginPx);
  const zoom = Math.min(width / Math.max(1, bounds.width), height / Math.max(1, bounds.height));
  return { x: bounds.x + (bounds.width - 1) / 2, y: bounds.y + (bounds.height - 1) / 2, zoom };
}

/** From half the fitted view to 32 CSS px a mosaic px; always holds 100 %. */
export function zoomLimits(bounds: Rect, screen: Size): ZoomLimits {
  const fit = fitViewport(bounds, screen).zoom;
  return { min: Math.min(fit * SMALLEST_FRACTION_OF_FIT, 0.5), max: Math.max(LARGEST_ZOOM, fit) };
}

/** True for a view that a user can come to: its middle on the mosaic, its zoom within the limits. */
export function isReachable(view: Viewport, bounds: Rect, screen: Size): boolean {
  const { min, max } = zoomLimits(bounds, screen);
  return view.zoom >= min && view.zoom <= max && keepInside(view, bounds) === view;
}

/** Zooms by `factor` so that the mosaic point under (x, y) stays there. */
export function zoomAt(
  view: Viewport,
  screen: Size,
  at: Point,
  factor: number,
  limits: ZoomLimits = { min: 0, max: Infinity },
): Viewport {
  const zoom = Math.min(limits.max, Math.max(limits.min, view.zoom * factor));
  const fixed = mosaicFromScreen(view, screen, at.x, at.y);
  return {
    x: fixed.x - (at.x - screen.width / 2) / zoom,
    y: fixed.y - (at.y - screen.height / 2) / zoom,
    zoom,
  };
}

/** Moves the picture by (dx, dy) CSS px. */
export function panBy(view: Viewport, dx: number, dy: number): Viewport {
  return { x: view.x - dx / view.zoom, y: view.y - dy / view.zoom, zoom: view.zoom };
}

/** The same zoom with the mosaic point in the middle. */
export function centreOn(view: Viewport, x: number, y: number): Viewport {
  return { x, y, zoom: view.zoom };
}

/** Keeps the middle of the screen inside the bounds, so that the mosaic cannot be lost. */
export function keepInside(view: Viewport, bounds: Rect): Viewport {
  const edges = edgesOf(bounds);
  const x = Math.min(edges.right, Math.max(edges.left, view.x));
  const y = Math.min(edges.bottom, Math.max(edges.top, view.y));
  return x === view.x && y === view.y ? view : { x, y, zoom: view.zoom };
}

/** Zoom factor of a wheel event; a mouse's notch (100 px) is a quarter, a track pad's pinch is finer and stronger. */
export function wheelFactor(deltaY: number, deltaMode: number, isPinch: boolean): number {
  const px = deltaMode === 1 ? deltaY * 16 : deltaMode === 2 ? deltaY * 400 : deltaY;
  return 2 ** (-Math.max(-300, Math.min(300, px)) * (isPinch ? 0.01 : 0.0032));
}

/** A length of 1, 2 or 5 times a power of ten that is at most `maxPx` CSS px long. */
export function scaleBar(
  pixelSizeNm: number,
  zoom: number,
  maxPx: number,
): { readonly px: number; readonly label: string } {
  const nmPerCssPx = pixelSizeNm / zoom;
  const longest = nmPerCssPx * maxPx;
  const decade = 10 ** Math.floor(Math.log10(longest));
  const step = [5, 2, 1].find((s) => s * decade <= longest * (1 + 1e-12)) ?? 1;
  const nm = step * decade;
  return { px: nm / nmPerCssPx, label: lengthLabel(nm) };
}

function lengthLabel(nm: number): string {
  if (nm >= 1e6) return `${trimmed(nm / 1e6)} mm`;
  if (nm >= 1e3) return `${trimmed(nm / 1e3)} µm`;
  return `${trimmed(nm)} nm`;
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(6)));
}
