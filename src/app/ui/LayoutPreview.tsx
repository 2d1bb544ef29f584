import { useEffect, useRef, useState } from 'react';
import { isAbort } from '../../core/errors.ts';
import { nominalPriors } from '../../core/tiles/nominal-poses.ts';
import type { Layout, Tile, TileId } from '../../core/tiles/tile.ts';
import { useApp, useAppState } from './app-context.ts';
import { redrawPauseMs, thumbnailSide } from './thumbnail-size.ts';

/** Thumbnails asked for at once. */
const inFlight = 4;
const marginPx = 24;
/** Names are drawn when a tile is at least this wide on the screen, CSS px. */
const smallestNamed = 72;

/** The grid as the layout has it, drawn from thumbnails: a wrong layout is seen before anything is matched. */
export function LayoutPreview() {
  const { client, jobs } = useApp();
  const tiles = useAppState(({ project }) => project.tiles);
  const layout = useAppState(({ project }) => project.edits.layout);
  // The workers know new tiles only once the layout job has handed them over.
  const isOpen = useAppState(({ project }) => project.ranking !== null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const bitmaps = useRef(new Map<TileId, ImageBitmap>());
  const [drawn, setDrawn] = useState(0);

  useEffect(() => {
    const loaded = bitmaps.current;
    const controller = new AbortController();
    const queue = isOpen ? tiles.values() : [].values();
    const maxSide = thumbnailSide(tiles.length);
    let timer: ReturnType<typeof setTimeout> | null = null;
    // Every redraw draws all tiles: one for each thumbnail would be quadratic.
    const redrawSoon = () => {
      timer ??= setTimeout(() => {
        timer = null;
        setDrawn(loaded.size);
      }, redrawPauseMs(tiles.length));
    };
    const load = async () => {
      for (const { id } of queue) {
        const bitmap = await client.thumbnail({ tile: id, maxSide }, controller.signal);
        if (controller.signal.aborted) return bitmap.close();
        loaded.set(id, bitmap);
        redrawSoon();
      }
    };
    for (let k = 0; k < inFlight; k++) load().catch((error: unknown) => isAbort(error) || jobs.report(error));
    return () => {
      controller.abort();
      if (timer !== null) clearTimeout(timer);
      for (const bitmap of loaded.values()) bitmap.close();
      loaded.clear();
    };
  }, [client, jobs, tiles, isOpen]);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const redraw = () => drawLayout(element, layout, tiles, bitmaps.current);
    redraw();
    const observer = new ResizeObserver(redraw);
    observer.observe(element);
    return () => observer.disconnect();
  }, [layout, tiles, drawn]);

  const placed = layout ? (layout.kind === 'grid' ? layout.cells : layout.poses).size : 0;
  return (
    <canvas
      ref={canvas}
      className="layout-preview"
      role="img"
      aria-label={`Preview of the layout: ${placed} of ${tiles.length} tiles have a place`}
      data-testid="layout-preview"
      data-thumbnails={drawn}
    />
  );
}

function drawLayout(
  canvas: HTMLCanvasElement,
  layout: Layout | null,
  tiles: readonly Tile[],
  bitmaps: ReadonlyMap<TileId, ImageBitmap>,
): void {
  const ratio = window.devicePixelRatio;
  const { clientWidth, clientHeight } = canvas;
  canvas.width = Math.max(1, Math.round(clientWidth * ratio));
  canvas.height = Math.max(1, Math.round(clientHeight * ratio));
  const context = canvas.getContext('2d');
  if (!context) return;
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const places = placesOf(layout, tiles, clientWidth - 2 * marginPx, clientHeight - 2 * marginPx);
  context.font = `${0.6875 * parseFloat(getComputedStyle(document.documentElement).fontSize)}px ${style.getPropertyValue('--font')}`;
  context.textBaseline = 'top';
  // Twice, the second time half transparent: overlaps show both tiles, and a wrong neighbour as a double image.
  for (const alpha of [1, 0.5]) {
    context.globalAlpha = alpha;
    for (const { tile, x, y, width, height } of places) {
      const bitmap = bitmaps.get(tile.id);
      context.fillStyle = style.getPropertyValue('--bg-2');
      if (bitmap) context.drawImage(bitmap, marginPx + x, marginPx + y, width, height);
      else context.fillRect(marginPx + x, marginPx + y, width, height);
    }
  }
  context.globalAlpha = 1;
  for (const { tile, x, y, width, height } of places) {
    const left = marginPx + x;
    const top = marginPx + y;
    context.strokeStyle = style.getPropertyValue('--accent');
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
    if (width >= smallestNamed) drawName(context, tile.id, left, top, width, style);
  }
}

function drawName(
  context: CanvasRenderingContext2D,
  name: string,
  left: number,
  top: number,
  width: number,
  style: CSSStyleDeclaration,
): void {
  const text = name.slice(name.lastIndexOf('/') + 1);
  context.fillStyle = style.getPropertyValue('--bg-0');
  context.globalAlpha = 0.75;
  context.fillRect(left + 1, top + 1, Math.min(width - 2, context.measureText(text).width + 8), 17);
  context.globalAlpha = 1;
  context.fillStyle = style.getPropertyValue('--text');
  context.fillText(text, left + 5, top + 4, width - 10);
}

interface Place {
  readonly tile: Tile;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Rectangles of the placed tiles, fitted into and centred in a box of CSS px. */
function placesOf(
  layout: Layout | null,
  tiles: readonly Tile[],
  boxWidth: number,
  boxHeight: number,
): readonly Place[] {
  const priors = layout ? nominalPriors(layout, tiles) : null;
  const placed = tiles.flatMap((tile) => {
    const pose = priors?.get(tile.id)?.pose;
    return pose ? [{ tile, x: pose.x, y: pose.y, width: tile.size.width, height: tile.size.height }] : [];
  });
  if (placed.length === 0 || boxWidth <= 0 || boxHeight <= 0) return [];
  const left = placed.reduce((least, { x }) => Math.min(least, x), Infinity);
  const top = placed.reduce((least, { y }) => Math.min(least, y), Infinity);
  const width = placed.reduce((most, { x, width }) => Math.max(most, x + width), -Infinity) - left;
  const height = placed.reduce((most, { y, height }) => Math.max(most, y + height), -Infinity) - top;
  const scale = Math.min(boxWidth / width, boxHeight / height);
  const shiftX = (boxWidth - width * scale) / 2;
  const shiftY = (boxHeight - height * scale) / 2;
  return placed.map((place) => ({
    tile: place.tile,
    x: (place.x - left) * scale + shiftX,
    y: (place.y - top) * scale + shiftY,
    width: place.width * scale,
    height: place.height * scale,
  }));
}
