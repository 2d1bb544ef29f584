import { composePose, invertPose } from '../geometry/pose2.ts';
import type { GraphNode, PoseGraph } from '../graph/pose-graph.ts';
import type { Link, PairResult, TransformModel } from '../matching/link.ts';
import { pairKey } from '../tiles/tile.ts';
import type { TilePair } from '../tiles/tile.ts';
import { effectOf } from './edit-effect.ts';
import type { EditEffect } from './edit-effect.ts';
import type { EditList, PinTile } from './edit.ts';
import { landmarkLink, unitVariance } from './landmark-link.ts';

/** A pose graph with the user's word in it. */
export interface EditedGraph {
  /** Without the excluded links; landmarks stand in for the matches of their pair. */
  readonly graph: PoseGraph;
  /** Keys of the links that are the user's word: neither the robust loss nor the removal of links may touch them. */
  readonly manual: ReadonlySet<string>;
  /** Pins of tiles that are in the graph. */
  readonly pins: readonly PinTile[];
}

/** What the edits do to a graph of all links that were found. */
export function applyEdits(graph: PoseGraph, edits: EditList, model: TransformModel): EditedGraph {
  return applyEffect(graph, effectOf(edits), [], model);
}

/**
 * `applyEdits` of an effect that is known already. `results` are all pairs that were matched: landmarks of a rejected one
 * find its layout there, and those of a pair that nobody matched take it from the nodes' priors.
 */
export function applyEffect(
  { nodes, links }: PoseGraph,
  effect: EditEffect,
  results: readonly PairResult[],
  model: TransformModel,
): EditedGraph {
  const { excluded, restored, landmarks } = effect;
  const nodeOf = new Map(nodes.map((node) => [node.id, node]));
  const kept = links.filter(({ pair }) => !excluded.has(pairKey(pair)) && !landmarks.has(pairKey(pair)));
  const manual = new Set(kept.map(({ pair }) => pairKey(pair)).filter((key) => restored.has(key)));
  const added: Link[] = [];
  if (landmarks.size > 0) {
    const resultOf = new Map([...links, ...results].map((result) => [pairKey(result.pair), result]));
    const unit = unitVariance(links, model);
    for (const [key, marks] of landmarks) {
      const [{ a, b }] = marks;
      const [nodeA, nodeB] = [nodeOf.get(a), nodeOf.get(b)];
      if (!nodeA || !nodeB || excluded.has(key)) continue;
      const result = resultOf.get(key) ?? null;
      added.push(landmarkLink(result?.pair ?? pairOfNodes(nodeA, nodeB), marks, unit, result));
      manual.add(key);
    }
  }
  return {
    graph: { nodes, links: added.length === 0 ? kept : [...kept, ...added] },
    manual,
    pins: effect.pins.filter(({ tile }) => nodeOf.has(tile)),
  };
}

/** The pair of two tiles that nobody proposed, where their priors put them. */
function pairOfNodes(a: GraphNode, b: GraphNode): TilePair {
  return {
    a: a.id,
    b: b.id,
    aFromB: composePose(invertPose(a.prior.pose), b.prior.pose),
    sigmaPx: Math.hypot(a.prior.sigmaPx, b.prior.sigmaPx),
    expectedOverlap: null,
  };
}
