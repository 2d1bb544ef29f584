import { invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { intersectRects } from '../geometry/rect.ts';
import type { Rect, Size } from '../geometry/rect.ts';
import type { IntensityMoments, Link } from '../matching/link.ts';
import type { Tile } from '../tiles/tile.ts';
import { meanShading } from './shading-field.ts';
import type { ShadingField } from './shading-field.ts';

/**
 * Links whose intensities are what they would be without the shading: each side is divided by the mean shading of its
 * overlap. Without it a shading from left to right would pass for gains that rise from tile to tile.
 */
export function unshadedLinks(
  links: readonly Link[],
  tiles: readonly Tile[],
  field: ShadingField | null | undefined,
): readonly Link[] {
  if (!field) return links;
  const sizeOf = new Map(tiles.map(({ id, size }) => [id, size]));
  return links.map((link) => {
    const a = sizeOf.get(link.pair.a);
    const b = sizeOf.get(link.pair.b);
    if (!link.intensities || !a || !b) return link;
    const inA = overlapOf(link.aFromB, b, a);
    const inB = overlapOf(invertAffine(link.aFromB), a, b);
    if (!inA || !inB) return link;
    const intensities = dividedBy(link.intensities, meanShading(field, inA, a), meanShading(field, inB, b));
    return { ...link, intensities };
  });
}

/** What a tile of size `source` covers of one of size `target`, as a rectangle of the target. */
function overlapOf({ a, b, c, d, e, f }: Affine2, source: Size, target: Size): Rect | null {
  const xs = [0, a * source.width, c * source.height, a * source.width + c * source.height].map((x) => x + e);
  const ys = [0, b * source.width, d * source.height, b * source.width + d * source.height].map((y) => y + f);
  const x = Math.min(...xs);
  const y = Math.min(...ys);
  const bounds = { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
  return intersectRects(bounds, { x: 0, y: 0, width: target.width, height: target.height });
}

function dividedBy(moments: IntensityMoments, byA: number, byB: number): IntensityMoments {
  return {
    count: moments.count,
    meanA: moments.meanA / byA,
    meanB: moments.meanB / byB,
    varianceA: moments.varianceA / byA ** 2,
    varianceB: moments.varianceB / byB ** 2,
    covariance: moments.covariance / (byA * byB),
  };
}
