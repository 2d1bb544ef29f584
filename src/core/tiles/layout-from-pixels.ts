import type { RunContext } from '../progress.ts';
import { estimateOverlap, inferLayout, thumbnailsAtOneScale } from './layout-inference.ts';
import { proposeLayouts } from './layout-proposals.ts';
import { tilesToLookAt } from './layout-ranking.ts';
import type { LayoutHypothesis, LayoutRanking } from './layout-ranking.ts';
import { thumbnailsOf } from './thumbnail.ts';
import type { Layout, Tile, TileReader } from './tile.ts';

/**
 * Ranks the layouts that fit the names; only the tiles whose thumbnails can decide are decoded.
 * @throws what `proposeLayouts` and the reader throw, an abort included.
 */
export async function inferLayoutOf(
  tiles: readonly Tile[],
  reader: TileReader,
  context: RunContext,
): Promise<LayoutRanking> {
  return inferLayout(tiles, await thumbnailsOf(lookedAt(tiles, proposeLayouts(tiles)), reader, context), context);
}

/** The overlap of a given layout, a fraction of the tile in x and y; null where nothing correlates or it is no grid. */
export async function estimateOverlapOf(
  layout: Layout,
  tiles: readonly Tile[],
  reader: TileReader,
  context: RunContext,
): Promise<{ readonly x: number | null; readonly y: number | null }> {
  if (layout.kind !== 'grid') return { x: null, y: null };
  const looked = lookedAt(tiles, [{ layout, description: '', confidence: 1, correlation: null }]);
  const thumbnails = await thumbnailsOf(looked, reader, context);
  return estimateOverlap(layout, thumbnailsAtOneScale(looked, thumbnails), context);
}

function lookedAt(tiles: readonly Tile[], hypotheses: readonly LayoutHypothesis[]): readonly Tile[] {
  const wanted = tilesToLookAt(hypotheses);
  return tiles.filter(({ id }) => wanted.has(id));
}
