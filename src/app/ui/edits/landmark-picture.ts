import type { Point } from '../../../core/geometry/affine2.ts';
import { pictureFromTile, type CropPlace, type MatchLayout } from '../pair-inspector/match-picture.ts';

/** Tile position of a picture position: the inverse of `pictureFromTile`. */
export function tileFromPicture(place: CropPlace, x: number, y: number): Point {
  const perX = place.bitmap.width / place.region.width;
  const perY = place.bitmap.height / place.region.height;
  return {
    x: (x - place.offset.x + 0.5) / perX - 0.5 + place.region.x,
    y: (y - place.offset.y + 0.5) / perY - 0.5 + place.region.y,
  };
}

/** A place in one of the two crops. */
export interface PickedPlace {
  readonly side: 'a' | 'b';
  /** Tile px. */
  readonly at: Point;
}

/** What lies under a picture position; null between the crops. */
export function pickPlace(layout: MatchLayout, x: number, y: number): PickedPlace | null {
  for (const side of ['a', 'b'] as const) {
    const place = layout[side];
    const u = x - place.offset.x;
    const v = y - place.offset.y;
    if (u >= -0.5 && v >= -0.5 && u < place.bitmap.width - 0.5 && v < place.bitmap.height - 0.5)
      return { side, at: tileFromPicture(place, x, y) };
  }
  return null;
}

/** The landmark under a picture position, the nearest within `reach` picture px; null for none. */
export function pickLandmark<T extends { readonly landmark: { readonly inA: Point; readonly inB: Point } }>(
  layout: MatchLayout,
  landmarks: readonly T[],
  x: number,
  y: number,
  reach: number,
): { readonly entry: T; readonly side: 'a' | 'b' } | null {
  let best: { readonly entry: T; readonly side: 'a' | 'b' } | null = null;
  let nearest = reach;
  for (const entry of landmarks)
    for (const side of ['a', 'b'] as const) {
      const end = side === 'a' ? entry.landmark.inA : entry.landmark.inB;
      const p = pictureFromTile(layout[side], end.x, end.y);
      const distance = Math.hypot(p.x - x, p.y - y);
      if (distance <= nearest) {
        nearest = distance;
        best = { entry, side };
      }
    }
  return best;
}
