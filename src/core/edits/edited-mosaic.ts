import type { GainOffset } from '../photometry/gain-offset.ts';
import type { SolveReport } from '../graph/pose-graph.ts';
import { buildMosaic } from '../mosaic/build-mosaic.ts';
import { drawingOrder } from '../mosaic/drawing-order.ts';
import type { Mosaic, Topmost } from '../mosaic/mosaic.ts';
import type { Layout, Tile, TileId } from '../tiles/tile.ts';
import { raiseTiles } from './edit-effect.ts';
import type { EditEffect, TileMasks } from './edit-effect.ts';

/** What a mosaic is made of besides poses and tones. */
export interface MosaicSubject {
  readonly tiles: readonly Tile[];
  readonly layout: Layout;
  readonly topmost: Topmost;
  readonly effect: Pick<EditEffect, 'raised' | 'compositingMasks'>;
}

/**
 * The mosaic of a solution with raised tiles on top and masked pixels left out.
 * @throws StitchError what `buildMosaic` throws.
 */
export function editedMosaic(
  { tiles, layout, topmost, effect }: MosaicSubject,
  report: SolveReport,
  tones: ReadonlyMap<TileId, GainOffset>,
): Mosaic {
  const order = raiseTiles(drawingOrder(tiles, layout, topmost), effect.raised);
  return withMasks(buildMosaic(tiles, report, tones, order), effect.compositingMasks);
}

function withMasks(mosaic: Mosaic, masks: TileMasks): Mosaic {
  if (masks.size === 0) return mosaic;
  const placements = mosaic.placements.map((placement) => {
    const hidden = masks.get(placement.tile);
    return hidden ? { ...placement, masks: hidden } : placement;
  });
  return { ...mosaic, placements };
}
