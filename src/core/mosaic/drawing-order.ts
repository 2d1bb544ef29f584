import type { Layout, Tile, TileId } from '../tiles/tile.ts';
import type { Topmost } from './mosaic.ts';

/** Tiles in drawing order, the topmost first. `rows` falls back to the files' order where the layout is no grid. */
export function drawingOrder(tiles: readonly Tile[], layout: Layout, topmost: Topmost): readonly TileId[] {
  const ids = tiles.map((tile) => tile.id);
  if (topmost === 'last') return ids.reverse();
  if (topmost === 'first' || layout.kind !== 'grid') return ids;
  const rank = (id: TileId): number => {
    const cell = layout.cells.get(id);
    return cell ? cell.row * layout.columns + cell.column : Infinity;
  };
  return ids
    .map((id, index) => ({ id, index, rank: rank(id) }))
    .sort((p, q) => (p.rank === q.rank ? p.index - q.index : p.rank - q.rank))
    .map(({ id }) => id);
}
