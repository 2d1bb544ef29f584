import type { Polygon } from '../geometry/polygon.ts';
import { intersectRects } from '../geometry/rect.ts';
import type { Rect, Size } from '../geometry/rect.ts';
import { overlapStrips } from '../tiles/overlap-strips.ts';
import type { TileId, TilePair } from '../tiles/tile.ts';
import type { TileMasks } from './edit-effect.ts';

/** The masks that reach into the strips in which a pair is matched; null when none does and nothing changes for it. */
export function masksOfPair(
  pair: TilePair,
  masks: TileMasks,
  sizeOf: (tile: TileId) => Size | undefined,
  marginFraction: number,
): TileMasks | null {
  if (!masks.has(pair.a) && !masks.has(pair.b)) return null;
  const [sizeA, sizeB] = [sizeOf(pair.a), sizeOf(pair.b)];
  const strips = sizeA && sizeB ? overlapStrips(pair, sizeA, sizeB, marginFraction) : null;
  if (!strips) return null;
  const reaching = new Map<TileId, readonly Polygon[]>();
  for (const [tile, region] of [
    [pair.a, strips.regionA],
    [pair.b, strips.regionB],
  ] as const) {
    const inside = masks.get(tile)?.filter((polygon) => intersectRects(boundsOf(polygon), region) !== null) ?? [];
    if (inside.length > 0) reaching.set(tile, inside);
  }
  return reaching.size > 0 ? reaching : null;
}

function boundsOf(polygon: Polygon): Rect {
  const xs = polygon.map(({ x }) => x);
  const ys = polygon.map(({ y }) => y);
  const [left, top] = [Math.floor(Math.min(...xs)), Math.floor(Math.min(...ys))];
  return {
    x: left,
    y: top,
    width: Math.max(1, Math.ceil(Math.max(...xs)) - left),
    height: Math.max(1, Math.ceil(Math.max(...ys)) - top),
  };
}
