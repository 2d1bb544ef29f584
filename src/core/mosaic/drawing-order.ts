import type { Layout, Tile, TileId } from '../tiles/tile.ts';
import type { Topmost } from './mosaic.ts';

/**
 * Tiles in drawing order, the topmost first. `rows` falls back to the files' order where the layout is no grid; `dose` goes
 * by the times of acquisition where every tile has one, else by the files' order, which is the scan's where names are
 * numbered.
 */
export function drawingOrder(tiles: readonly Tile[], layout: Layout, topmost: Topmost): readonly TileId[] {
  const ids = tiles.map((tile) => tile.id);
  switch (topmost) {
    case 'first':
      return ids;
    case 'last':
      return ids.reverse();
    case 'rows':
      return layout.kind === 'grid' ? ranked(ids, (id) => rowRank(id, layout)) : ids;
    case 'dose': {
      const times = new Map(tiles.map(({ id, acquiredAtMs }) => [id, acquiredAtMs ?? NaN]));
      const isKnown = tiles.every(({ acquiredAtMs }) => acquiredAtMs !== undefined);
      return isKnown ? ranked(ids, (id) => times.get(id) ?? Infinity) : ids;
    }
  }
}

function rowRank(id: TileId, { cells, columns }: Extract<Layout, { kind: 'grid' }>): number {
  const cell = cells.get(id);
  return cell ? cell.row * columns + cell.column : Infinity;
}

/** By rank, equal ranks in the files' order. */
function ranked(ids: readonly TileId[], rankOf: (id: TileId) => number): readonly TileId[] {
  return ids
    .map((id, index) => ({ id, index, rank: rankOf(id) }))
    .sort((p, q) => (p.rank === q.rank ? p.index - q.index : p.rank - q.rank))
    .map(({ id }) => id);
}
