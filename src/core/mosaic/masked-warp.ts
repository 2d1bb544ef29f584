import { rowCrossings } from '../geometry/polygon.ts';
import type { Point } from '../geometry/affine2.ts';
import { placeInMosaic } from '../geometry/displacement-mesh.ts';
import type { Placement } from './mosaic.ts';
import type { TileWarp } from './tile-warp.ts';

/** An edge of a mask on a bent tile is followed by straight pieces of at most so many tile px. */
const bentPiecePx = 16;

/**
 * The warp of a placement without what its masks hide. The masks are taken to the mosaic as polygons, so that a pixel
 * still depends on its mosaic point alone.
 */
export function maskedWarp(warp: TileWarp, placement: Placement): TileWarp {
  const polygons = (placement.masks ?? []).map((polygon) => mosaicPolygon(placement, polygon));
  const extra = polygons.reduce((sum, polygon) => sum + (polygon.length >> 1), 0);
  const rangeCount = warp.rangeCount + extra;
  const scratch = new Int32Array(2 * warp.rangeCount);
  return {
    ...warp,
    rangeCount,
    coverRow(xs, y, from, to, out, at) {
      warp.coverRow(xs, y, from, to, scratch, 0);
      let ranges: number[] = [];
      for (let k = 0; k < scratch.length; k += 2)
        if (scratch[k] < scratch[k + 1]) ranges.push(scratch[k], scratch[k + 1]);
      for (const polygon of polygons) {
        const crossings = rowCrossings(polygon, y);
        for (let k = 0; k + 1 < crossings.length; k += 2)
          ranges = subtract(ranges, firstFrom(xs, crossings[k], from, to), firstFrom(xs, crossings[k + 1], from, to));
      }
      out.fill(to, at, at + 2 * rangeCount);
      out.set(ranges, at);
    },
  };
}

/** The mask's outline in the mosaic; along a bent tile every edge is cut into short pieces. */
function mosaicPolygon(placement: Placement, polygon: readonly Point[]): readonly Point[] {
  if (placement.mesh === undefined) return polygon.map(({ x, y }) => placeInMosaic(placement, x, y));
  return polygon.flatMap((p, i) => {
    const q = polygon[(i + 1) % polygon.length];
    const pieces = Math.max(1, Math.ceil(Math.hypot(q.x - p.x, q.y - p.y) / bentPiecePx));
    return Array.from({ length: pieces }, (_, k) => {
      const x = p.x + ((q.x - p.x) * k) / pieces;
      const y = p.y + ((q.y - p.y) * k) / pieces;
      return placeInMosaic(placement, x, y);
    });
  });
}

/** The first index from ≤ i ≤ to with xs[i] ≥ x. */
function firstFrom(xs: Float64Array, x: number, from: number, to: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] >= x) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Ascending ranges [from, to, from, to, …] without from ≤ i < to. */
function subtract(ranges: readonly number[], from: number, to: number): number[] {
  if (from >= to) return [...ranges];
  const left: number[] = [];
  for (let k = 0; k < ranges.length; k += 2) {
    const [start, end] = [ranges[k], ranges[k + 1]];
    if (start < Math.min(end, from)) left.push(start, Math.min(end, from));
    if (Math.max(start, to) < end) left.push(Math.max(start, to), end);
  }
  return left;
}
