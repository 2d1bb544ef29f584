import type { Affine2 } from '../geometry/affine2.ts';
import type { SolveReport } from '../graph/pose-graph.ts';
import type { TileId } from '../tiles/tile.ts';

/** The report of a solve that placed every tile, in one component, and tells nothing of links. */
export function plainReport(
  mosaicFromTile: ReadonlyMap<TileId, Affine2>,
  more: Partial<SolveReport> = {},
): SolveReport {
  const ids = [...mosaicFromTile.keys()];
  return {
    mosaicFromTile,
    state: new Map(ids.map((id) => [id, 'solved'])),
    sigmaPx: new Map(),
    component: new Map(ids.map((id) => [id, 0])),
    components: [ids],
    edges: [],
    termination: 'converged',
    iterations: 1,
    cost: 0,
    ...more,
  };
}
