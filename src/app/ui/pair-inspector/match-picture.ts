/** Where matches lie in the picture of two crops, and which of them are shown. */
import type { Affine2, Point } from '../../../core/geometry/affine2.ts';
import type { Rect, Size } from '../../../core/geometry/rect.ts';
import type { Correspondences } from '../../../core/matching/matcher.ts';

/** One crop in the picture: bitmap px, the crop's region in its tile, and where the bitmap's first pixel lies. */
export interface CropPlace {
  readonly bitmap: Size;
  readonly region: Rect;
  readonly offset: Point;
}

/** The picture of both crops, pixel centres at whole numbers. */
export interface MatchLayout {
  readonly a: CropPlace;
  readonly b: CropPlace;
  readonly size: Size;
}

/** Empty px between the crops, as a fraction of the picture's longer side. */
const GAP_FRACTION = 0.02;

/** Crops that are wider than high go one below the other, the others side by side. */
export function layOutCrops(
  a: { readonly bitmap: Size; readonly region: Rect },
  b: { readonly bitmap: Size; readonly region: Rect },
): MatchLayout {
  const size = (s: Size): Size => ({ width: s.width, height: s.height });
  const isWide = a.bitmap.width + b.bitmap.width > a.bitmap.height + b.bitmap.height;
  const gap = Math.ceil(GAP_FRACTION * Math.max(a.bitmap.width, a.bitmap.height, b.bitmap.width, b.bitmap.height));
  const offset = isWide ? { x: 0, y: a.bitmap.height + gap } : { x: a.bitmap.width + gap, y: 0 };
  return {
    a: { bitmap: size(a.bitmap), region: a.region, offset: { x: 0, y: 0 } },
    b: { bitmap: size(b.bitmap), region: b.region, offset },
    size: {
      width: isWide ? Math.max(a.bitmap.width, b.bitmap.width) : offset.x + b.bitmap.width,
      height: isWide ? offset.y + b.bitmap.height : Math.max(a.bitmap.height, b.bitmap.height),
    },
  };
}

/** Picture position of a tile's pixel position; both count from pixel centres, and a crop may be reduced. */
export function pictureFromTile(place: CropPlace, x: number, y: number): Point {
  const perX = place.bitmap.width / place.region.width;
  const perY = place.bitmap.height / place.region.height;
  return {
    x: (x + 0.5 - place.region.x) * perX - 0.5 + place.offset.x,
    y: (y + 0.5 - place.region.y) * perY - 0.5 + place.offset.y,
  };
}

/** [N] |aFromB(q) − p| of every match, px. */
export function matchResiduals(matches: Correspondences, aFromB: Affine2): Float32Array {
  const { a: t, b: u, c, d, e, f } = aFromB;
  const count = matches.confidence.length;
  const residuals = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const x = matches.b[2 * i];
    const y = matches.b[2 * i + 1];
    residuals[i] = Math.hypot(t * x + c * y + e - matches.a[2 * i], u * x + d * y + f - matches.a[2 * i + 1]);
  }
  return residuals;
}

/** Which matches are looked at. */
export interface MatchFilter {
  readonly inliers: boolean;
  readonly outliers: boolean;
  readonly minConfidence: number;
}

/** Indices of the matches that pass; without a mask all count as outliers. */
export function filterMatches(
  matches: Correspondences,
  inlierMask: Uint8Array | null,
  filter: MatchFilter,
): readonly number[] {
  const indices: number[] = [];
  for (let i = 0; i < matches.confidence.length; i++) {
    const isInlier = inlierMask !== null && inlierMask[i] === 1;
    if (!(isInlier ? filter.inliers : filter.outliers)) continue;
    if (matches.confidence[i] >= filter.minConfidence) indices.push(i);
  }
  return indices;
}

/** At most `limit` of the indices, evenly spread over the list. */
export function thinOut(indices: readonly number[], limit: number): readonly number[] {
  if (indices.length <= limit) return indices;
  const thinned: number[] = [];
  for (let k = 0; k < limit; k++) thinned.push(indices[Math.floor((k * indices.length) / limit)]);
  return thinned;
}
