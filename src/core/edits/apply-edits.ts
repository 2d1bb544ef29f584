import { applyAffine } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import type { GraphEdits, ManualLink } from '../graph/graph-edits.ts';
import type { PoseGraph } from '../graph/pose-graph.ts';
import type { Link } from '../matching/link.ts';
import { pairKey } from '../tiles/tile.ts';
import type { TileId } from '../tiles/tile.ts';
import { effectOf } from './edit-effect.ts';
import type { EditEffect } from './edit-effect.ts';
import type { EditList, Landmark } from './edit.ts';

/** A restored link is never taken for better than this, px a landmark: right links agree that well at best. */
const leastRestoredSigmaPx = 0.02;

/** A graph of all links that were found, with what the edits say of it. */
export function applyEdits(graph: PoseGraph, edits: EditList): PoseGraph {
  return { ...graph, edits: graphEdits(graph, effectOf(edits)) };
}

/**
 * The solver's view of an effect: what speaks of tiles that are not in the graph is left out. The landmarks of a pair
 * stand in for its matches; a restored link is handed over as landmarks of its own motion, which no loss weighs down.
 */
export function graphEdits({ nodes, links }: PoseGraph, effect: EditEffect): GraphEdits {
  const known = new Set(nodes.map(({ id }) => id));
  const excludedLinks = new Set(effect.excluded);
  const manualLinks: ManualLink[] = [];
  for (const [key, landmarks] of effect.landmarks) {
    const [{ a, b }] = landmarks;
    if (!known.has(a) || !known.has(b)) continue;
    excludedLinks.add(key);
    manualLinks.push(...landmarkLinks(a, b, landmarks));
  }
  for (const link of links) {
    const key = pairKey(link.pair);
    if (!effect.restored.has(key) || excludedLinks.has(key)) continue;
    excludedLinks.add(key);
    manualLinks.push(trustedLink(link));
  }
  const pins = effect.pins
    .filter(({ tile }) => known.has(tile))
    .map(({ tile, pose, sigmaPx }) => ({ tileId: tile, pose: affineFromPose(pose), sigmaPx }));
  return { excludedLinks, pins, manualLinks };
}

/** One manual link for every weight that the landmarks of a pair have. */
function landmarkLinks(a: TileId, b: TileId, landmarks: readonly Landmark[]): readonly ManualLink[] {
  const bySigma = new Map<number, Landmark[]>();
  for (const landmark of landmarks) {
    const equals = bySigma.get(landmark.sigmaPx);
    if (equals) equals.push(landmark);
    else bySigma.set(landmark.sigmaPx, [landmark]);
  }
  return [...bySigma].map(([sigmaPx, marks]) => ({
    manual: true,
    pair: { a, b },
    landmarks: marks.map(({ inA, inB }) => ({ a: [inA.x, inA.y] as const, b: [inB.x, inB.y] as const })),
    sigmaPx,
  }));
}

/**
 * A link as four landmarks at one standard deviation of its matches about their middle: together they weigh what its
 * matches weigh, n / s² with s² = rms² / 2 an axis.
 */
function trustedLink({ pair, aFromB, moments, rmsPx, inliers }: Link): ManualLink {
  const { weight, meanB, bb } = moments;
  const reach = (square: number) => Math.max(1, Math.sqrt(square / Math.max(weight, 1e-9)));
  const [dx, dy] = [reach(bb[0]), reach(bb[2])];
  const corners = [
    [-dx, -dy],
    [dx, -dy],
    [-dx, dy],
    [dx, dy],
  ];
  const landmarks = corners.map(([x, y]) => {
    const b = [meanB[0] + x, meanB[1] + y] as const;
    const p = applyAffine(aFromB, b[0], b[1]);
    return { a: [p.x, p.y] as const, b };
  });
  const sigmaPx = Math.max(leastRestoredSigmaPx, rmsPx * Math.sqrt(corners.length / (2 * Math.max(1, inliers))));
  return { manual: true, pair: { a: pair.a, b: pair.b }, landmarks, sigmaPx };
}
