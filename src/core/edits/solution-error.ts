import type { Affine2 } from '../geometry/affine2.ts';
import type { ManualLink } from '../graph/graph-edits.ts';
import type { PoseGraph, SolveReport } from '../graph/pose-graph.ts';
import { sampleMoments, squaredResidual } from '../matching/link-moments.ts';
import type { LinkMoments } from '../matching/link.ts';
import { pairKey } from '../tiles/tile.ts';
import type { TileId } from '../tiles/tile.ts';

/** How well poses explain a set of links, px. */
export interface SolutionError {
  readonly links: number;
  /** Mean over the links of their root mean square residual. */
  readonly meanPx: number;
  readonly worstPx: number;
  /** Key of the worst link; null of none. */
  readonly worst: string | null;
}

/** What an error can be asked of: a link, or the landmarks of a pair. */
export interface MeasuredPair {
  readonly pair: { readonly a: TileId; readonly b: TileId };
  readonly moments: LinkMoments;
}

/** The measurements that a solution rests on: links that were neither excluded nor removed, and landmarks. */
export function measuredPairs({ links, edits }: PoseGraph, { edges }: SolveReport): readonly MeasuredPair[] {
  const removed = new Set(edges.filter((edge) => edge.removed).map((edge) => edge.pairKey));
  const isLeftOut = (key: string) => removed.has(key) || edits?.excludedLinks.has(key) === true;
  const byHand = edits?.manualLinks ?? [];
  return [...links.filter(({ pair }) => !isLeftOut(pairKey(pair))), ...byHand.map(measuredLandmarks)];
}

function measuredLandmarks({ pair, landmarks }: ManualLink): MeasuredPair {
  const a = Float64Array.from(landmarks.flatMap((landmark) => landmark.a));
  const b = Float64Array.from(landmarks.flatMap((landmark) => landmark.b));
  return { pair, moments: sampleMoments({ a, b }, [...landmarks.keys()]) };
}

/** Root mean square residual of a link at the poses, px; null when one of its tiles has no place. */
export function linkErrorPx(link: MeasuredPair, mosaicFromTile: ReadonlyMap<TileId, Affine2>): number | null {
  const [a, b] = [mosaicFromTile.get(link.pair.a), mosaicFromTile.get(link.pair.b)];
  if (!a || !b || !(link.moments.weight > 0)) return null;
  return Math.sqrt(squaredResidual(link.moments, a, b) / link.moments.weight);
}

/**
 * The error of a solution over the given links: before and after an edit it must be asked of the same links, or leaving
 * out the worst one would look like an improvement of the rest.
 */
export function solutionError(
  links: readonly MeasuredPair[],
  mosaicFromTile: ReadonlyMap<TileId, Affine2>,
): SolutionError {
  let [count, sum, worstPx] = [0, 0, 0];
  let worst: string | null = null;
  for (const link of links) {
    const px = linkErrorPx(link, mosaicFromTile);
    if (px === null) continue;
    count++;
    sum += px;
    if (worst === null || px > worstPx) {
      worstPx = px;
      worst = pairKey(link.pair);
    }
  }
  return { links: count, meanPx: count > 0 ? sum / count : 0, worstPx, worst };
}
