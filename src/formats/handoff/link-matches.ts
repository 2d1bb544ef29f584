import type { Link, PairResult } from '../../core/matching/link.ts';
import { pairKey } from '../../core/tiles/tile.ts';
import type { Solution } from '../solution-json.ts';
import type { LinkMatches } from './hand-off.ts';

/**
 * The inlier matches of the links that a solution stands on, in its order, from the results of matching. Links that were
 * excluded or removed have none here; of several results for a pair the one that the solution tells of is taken.
 */
export function linkMatches(solution: Solution, results: Iterable<PairResult>): readonly LinkMatches[] {
  const byPair = new Map<string, Link[]>();
  for (const result of results) {
    if (result.kind !== 'link') continue;
    const key = pairKey(result.pair);
    byPair.set(key, [...(byPair.get(key) ?? []), result]);
  }
  return solution.links.flatMap((link) => {
    if (link.state !== 'link') return [];
    const found = byPair
      .get(`${link.a}\u0000${link.b}`)
      ?.find((each) => each.inliers === link.inliers && each.correspondences.confidence.length === link.matches);
    return found === undefined ? [] : [inliersOf(link.a, link.b, found)];
  });
}

function inliersOf(a: string, b: string, link: Link): LinkMatches {
  const { correspondences, inlierMask } = link;
  const kept = [...inlierMask.keys()].filter((n) => inlierMask[n] === 1);
  const points = (from: Float32Array) => kept.flatMap((n) => [from[2 * n], from[2 * n + 1]]);
  return {
    a,
    b,
    inA: points(correspondences.a),
    inB: points(correspondences.b),
    weights: kept.map((n) => correspondences.confidence[n]),
  };
}
