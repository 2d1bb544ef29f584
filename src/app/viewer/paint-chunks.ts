import type { Rect } from '../../core/geometry/rect.ts';
import type { DrawTransform } from './draw-transform.ts';
import { edgesOf } from './viewport.ts';

/** Visits bitmaps with the region that each is a picture of, and the bounds beyond which nothing is drawn. */
export type EachChunk = (visit: (bitmap: ImageBitmap, rect: Rect, bounds: Rect) => void) => void;

/**
 * Chunks share their rounded borders, so no hair line shows between them; nothing is drawn beyond the mosaic.
 * @param hasSoftPixels false keeps cells as squares whatever the zoom.
 */
export function paintChunks(
  context: CanvasRenderingContext2D,
  t: DrawTransform,
  forEach: EachChunk,
  hasSoftPixels = true,
): void {
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
    context.imageSmoothingEnabled = hasSoftPixels && t.scale < perX;
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
