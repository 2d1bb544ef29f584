/**
 * An axis-parallel rectangle of whole pixels: columns x … x + width − 1, rows y … y + height − 1.
 * The centre of the upper-left pixel of a frame is (0, 0); y points down.
 */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The common pixels of two rectangles, or null where there are none. */
export function intersectRects(a: Rect, b: Rect): Rect | null {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

/** The smallest rectangle that holds both. */
export function uniteRects(a: Rect, b: Rect): Rect {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

/** The rectangle grown by `margin` px on every side (shrunk when negative; never below zero size). */
export function growRect(rect: Rect, margin: number): Rect {
  return {
    x: rect.x - margin,
    y: rect.y - margin,
    width: Math.max(0, rect.width + 2 * margin),
    height: Math.max(0, rect.height + 2 * margin),
  };
}

export function rectArea(rect: Rect): number {
  return rect.width * rect.height;
}
