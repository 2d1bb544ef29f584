import type { TileState } from '../../core/graph/pose-graph.ts';
import type { PairResult } from '../../core/matching/link.ts';
import { pairKey, type TileId } from '../../core/tiles/tile.ts';
import type { StitchRun } from '../state/result.ts';
import { tileName } from '../viewer/tile-name.ts';

type Evidence = Pick<StitchRun, 'outcome' | 'excluded' | 'layout'>;

/** Why a tile stands where it stands, in whole sentences that name its neighbours; what to do about it at the end. */
export function tileReason(tile: TileId, state: TileState, run: Evidence): string {
  if (state === 'solved') return 'Held by links to its neighbours.';
  if (!hasPlace(tile, run)) return 'The layout has no place for this tile; it is left out of the mosaic.';
  const own = run.outcome.pairs.filter(({ pair }) => pair.a === tile || pair.b === tile);
  if (own.length === 0)
    return 'No neighbour of this tile is in the layout, so nothing can hold it: it stays where the layout puts it.';
  const neighboursByReason = new Map<string, string[]>();
  for (const result of own) {
    const { pair } = result;
    const neighbour = tileName(pair.a === tile ? pair.b : pair.a);
    const why = whyNoLink(result, run);
    neighboursByReason.set(why, [...(neighboursByReason.get(why) ?? []), neighbour]);
  }
  const reasons = [...neighboursByReason].map(([why, neighbours]) => `With ${neighbours.join(', ')}: ${why}`);
  const fate =
    state === 'prior' ? 'No link holds this tile: it stays where the layout puts it.' : 'It is left out of the mosaic.';
  return `${fate} ${reasons.join(' ')}`;
}

function hasPlace(tile: TileId, { layout }: Evidence): boolean {
  return layout.kind === 'grid' ? layout.cells.has(tile) : layout.poses.has(tile);
}

function whyNoLink(result: PairResult, { outcome, excluded }: Evidence): string {
  if (result.kind === 'rejected') return result.detail;
  const key = pairKey(result.pair);
  if (excluded.has(key)) return 'the link is excluded by you.';
  const isRemoved = outcome.report.edges.some((edge) => edge.pairKey === key && edge.removed);
  return isRemoved ? 'the link contradicts the others and was removed.' : 'the link leads to no tile that is held.';
}
