import type { SolveReport } from '../../src/core/graph/pose-graph.ts';
import { cornerErrors } from '../../src/core/testing/synthetic-graph.ts';
import type { SyntheticGraph } from '../../src/core/testing/synthetic-graph.ts';
import type { Size } from '../../src/core/geometry/rect.ts';
import type { TileId } from '../../src/core/tiles/tile.ts';

/** What became of a graph whose truth is known. */
export interface Judgement {
  readonly solved: number;
  /** Distances of the furthest corner from the truth over the solved tiles, px. */
  readonly medianPx: number;
  readonly worstPx: number;
  /** Tiles called `solved` that are more than 1 px from the truth. */
  readonly wrongTiles: readonly TileId[];
  /** Tiles with at least two right links, and those of them that are not called `solved`. */
  readonly holdable: number;
  readonly heldBack: readonly TileId[];
  /** Root mean square and largest distance of the others from the truth, px. */
  readonly priorRmsPx: number;
  readonly priorWorstPx: number;
  readonly rightRemoved: number;
  readonly wrongKept: number;
}

/** Compares a solution with the truth after the best rigid motion of the whole. */
export function judge({ graph, truth, wrong }: SyntheticGraph, report: SolveReport, tileSize: Size): Judgement {
  const ids = graph.nodes.map(({ id }) => id);
  const errors = cornerErrors(report.mosaicFromTile, truth, ids, tileSize, 'rigid');
  const rightLinks = new Map<TileId, number>();
  graph.links.forEach(({ pair }, l) => {
    if (wrong[l]) return;
    for (const id of [pair.a, pair.b]) rightLinks.set(id, (rightLinks.get(id) ?? 0) + 1);
  });
  const isSolved = ids.map((id) => report.state.get(id) === 'solved');
  const solved = errors.filter((_, i) => isSolved[i]).sort((p, q) => p - q);
  const prior = errors.filter((_, i) => !isSolved[i]);
  const isHoldable = ids.map((id) => (rightLinks.get(id) ?? 0) >= 2);
  return {
    solved: solved.length,
    medianPx: solved[solved.length >> 1],
    worstPx: solved[solved.length - 1],
    wrongTiles: ids.filter((_, i) => isSolved[i] && errors[i] > 1),
    holdable: isHoldable.filter(Boolean).length,
    heldBack: ids.filter((_, i) => isHoldable[i] && !isSolved[i]),
    priorRmsPx: Math.sqrt(prior.reduce((sum, e) => sum + e * e, 0) / Math.max(1, prior.length)),
    priorWorstPx: Math.max(0, ...prior),
    rightRemoved: report.edges.filter((edge, l) => edge.removed && !wrong[l]).length,
    wrongKept: report.edges.filter((edge, l) => !edge.removed && wrong[l]).length,
  };
}
