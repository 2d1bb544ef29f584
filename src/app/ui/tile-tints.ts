import type { Layout } from '../../core/tiles/tile.ts';
import type { ViewerPlacement } from '../viewer/link-graph.ts';
import type { TintKind } from '../viewer/overlays.ts';

/** So many colours take turns. */
const TINTS = 3;

/**
 * Colour of each placement by its column or row in the layout, −1 for tiles without a cell; null where nothing is
 * tinted: free positions have no columns.
 */
export function tileTints(placements: readonly ViewerPlacement[], layout: Layout, kind: TintKind): Int8Array | null {
  if (kind === 'none' || layout.kind !== 'grid') return null;
  return Int8Array.from(placements, ({ tile }) => {
    const cell = layout.cells.get(tile);
    if (cell === undefined) return -1;
    return (kind === 'columns' ? cell.column : cell.row) % TINTS;
  });
}
