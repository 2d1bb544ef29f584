import type { Affine2, Point } from '../geometry/affine2.ts';
import type { Size } from '../geometry/rect.ts';
import type { Correspondences } from '../matching/matcher.ts';

/** Which of two neighbours a tile is: the left or upper one (`first`), or the right or lower one. */
export interface StripPlace {
  readonly axis: 'horizontal' | 'vertical';
  readonly isFirst: boolean;
}

const scale = 0.5;
const multiple = 8;

/** Thickness of the strip, full-resolution px, and of what the network sees. */
function thicknesses(side: number, overlap: number): { readonly full: number; readonly small: number } {
  const full = Math.round(side * overlap);
  return { full, small: multiple * Math.floor(Math.round(full * scale) / multiple) };
}

/**
 * How far the reference's mapping moves a match along the overlap axis, px: n − 2·⌊round(n/2)⌋₈, n = round(side·overlap).
 * 3 px for 1024-px tiles at 30 %, 10 px for 512-px tiles at 30 %. (For sides that are multiples of 16.)
 */
export function referenceBias(side: number, overlap: number): number {
  const { full, small } = thicknesses(side, overlap);
  return full - small / scale;
}

/**
 * Where the reference system would have put a match that lies at (x, y) of a tile: its strip, the nominal overlap n
 * thick, is resized to half with both sides floored to multiples of 8, and keypoints are scaled back with the factor of
 * the *other* axis, without half pixels; the strip of the left or upper tile is counted from the tile's far edge.
 * Null for points outside the strip, which the reference would not have seen.
 * @see design/reference.md, sections 1 and 3.1
 */
export function referencePoint(x: number, y: number, tile: Size, place: StripPlace, overlap: number): Point | null {
  if (place.axis === 'vertical') {
    const turned = referencePoint(
      y,
      x,
      { width: tile.height, height: tile.width },
      { ...place, axis: 'horizontal' },
      overlap,
    );
    return turned && { x: turned.y, y: turned.x };
  }
  const { full, small } = thicknesses(tile.width, overlap);
  const smallHeight = multiple * Math.floor(Math.round(tile.height * scale) / multiple);
  const origin = place.isFirst ? tile.width - full : 0;
  const u = x - origin;
  if (u < -0.5 || u > full - 0.5) return null;
  const inStripX = ((u + 0.5) * small) / full - 0.5;
  const inStripY = ((y + 0.5) * smallHeight) / tile.height - 0.5;
  const factor = tile.height / smallHeight;
  return { x: inStripX * factor + (place.isFirst ? tile.width - small * factor : 0), y: inStripY * factor };
}

/** The sizes of a pair, where b lies in a by the layout, and the reference's nominal overlap. */
export interface ReferenceGeometry {
  readonly sizeA: Size;
  readonly sizeB: Size;
  readonly nominalAFromB: Affine2;
  readonly overlap: number;
}

/** The matches of a pair as the reference's mapping has them; those outside its strips are dropped. */
export function referenceMatches(found: Correspondences, geometry: ReferenceGeometry): Correspondences {
  const { sizeA, sizeB, nominalAFromB, overlap } = geometry;
  const { e, f } = nominalAFromB;
  const axis = Math.abs(e) > Math.abs(f) ? 'horizontal' : 'vertical';
  const isAFirst = axis === 'horizontal' ? e > 0 : f > 0;
  const [a, b, confidence]: [number[], number[], number[]] = [[], [], []];
  for (let k = 0; k < found.confidence.length; k++) {
    const p = referencePoint(found.a[2 * k], found.a[2 * k + 1], sizeA, { axis, isFirst: isAFirst }, overlap);
    const q = referencePoint(found.b[2 * k], found.b[2 * k + 1], sizeB, { axis, isFirst: !isAFirst }, overlap);
    if (p === null || q === null) continue;
    a.push(p.x, p.y);
    b.push(q.x, q.y);
    confidence.push(found.confidence[k]);
  }
  return { a: Float32Array.from(a), b: Float32Array.from(b), confidence: Float32Array.from(confidence) };
}
