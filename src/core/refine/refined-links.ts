import { linkMoments } from '../matching/link-moments.ts';
import type { Link } from '../matching/link.ts';
import { pairKey } from '../tiles/tile.ts';
import { patchVariance } from './refined-overlap.ts';
import type { RefinedOverlap } from './refined-overlap.ts';

/** An overlap with fewer patches than this keeps the link as it was matched. */
const leastPatches = 8;
/** Weight of a match beside a patch of `typicalVariance`: a patch is aligned there and back and judged by its neighbours. */
const matchWeight = 0.1;
const typicalVariance = 0.03;

/** The links with the patches of their overlaps among their inliers, so that every solve from moments uses them. */
export function refinedLinks(links: readonly Link[], refined: readonly RefinedOverlap[]): readonly Link[] {
  const byPair = new Map(refined.map((overlap) => [pairKey(overlap.pair), overlap]));
  return links.map((link) => {
    const overlap = byPair.get(pairKey(link.pair));
    const patches = overlap?.correlation.length ?? 0;
    if (!overlap || patches < leastPatches) return link;
    const { correspondences, inlierMask } = link;
    const matches = inlierMask.length;
    const joined = {
      a: Float32Array.from([...overlap.a, ...correspondences.a]),
      b: Float32Array.from([...overlap.b, ...correspondences.b]),
      confidence: Float32Array.from([...overlap.correlation, ...correspondences.confidence]),
    };
    const weights = Float32Array.from({ length: patches + matches }, (_, k) =>
      k < patches ? typicalVariance / patchVariance(overlap, k) : matchWeight * inlierMask[k - patches],
    );
    return { ...link, moments: linkMoments(joined, null, weights) };
  });
}
