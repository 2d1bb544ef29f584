import { invertPose } from '../geometry/pose2.ts';
import { intersectRects } from '../geometry/rect.ts';
import type { Rect, Size } from '../geometry/rect.ts';
import { boundsUnder } from './pairing.ts';
import type { TilePair } from './tile.ts';

/** A margin is never thinner than this, px. */
const minMarginPx = 16;
/** An overlap longer than this fraction of the tile's side runs along that side: it needs no margin lengthwise. */
const lengthwiseFraction = 0.5;

/** The pieces of the two tiles that are read and matched; each in the frame of its own tile, whole px. */
export interface OverlapStrips {
  readonly regionA: Rect;
  readonly regionB: Rect;
}

/** The overlap grown across its seam and clipped to the tile. */
function growAcross(overlap: Rect, tile: Size, margin: (thickness: number) => number): Rect | null {
  const marginX = overlap.width > lengthwiseFraction * tile.width ? 0 : margin(overlap.width);
  const marginY = overlap.height > lengthwiseFraction * tile.height ? 0 : margin(overlap.height);
  const grown: Rect = {
    x: overlap.x - marginX,
    y: overlap.y - marginY,
    width: overlap.width + 2 * marginX,
    height: overlap.height + 2 * marginY,
  };
  return intersectRects(grown, { x: 0, y: 0, width: tile.width, height: tile.height });
}

/**
 * The strips of a pair that are read and matched: the nominal overlap, grown across the seam into either tile by
 * max(marginFraction × thickness, the pair's stage sigma, 16 px), and clipped to the tile. Along the seam nothing is
 * added; a corner (short both ways) grows both ways. Example: 2048 px wide, 10 % overlap, marginFraction 0.5 → 307 px.
 *
 * Null when the layout says that the tiles do not overlap; turned tiles that touch at a corner may do so in one frame only.
 * @param marginFraction margin as a fraction of the overlap's thickness, ≥ 0.
 */
export function overlapStrips(pair: TilePair, sizeA: Size, sizeB: Size, marginFraction: number): OverlapStrips | null {
  if (pair.expectedOverlap === null) return null;
  const margin = (thickness: number): number =>
    Math.round(Math.max(marginFraction * thickness, pair.sigmaPx, minMarginPx));
  const frameOfB: Rect = { x: 0, y: 0, width: sizeB.width, height: sizeB.height };
  const overlapInB = intersectRects(frameOfB, boundsUnder(invertPose(pair.aFromB), sizeA));
  if (overlapInB === null) return null;
  const regionA = growAcross(pair.expectedOverlap, sizeA, margin);
  const regionB = growAcross(overlapInB, sizeB, margin);
  return regionA === null || regionB === null ? null : { regionA, regionB };
}
