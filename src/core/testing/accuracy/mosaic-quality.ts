import { composeAffine } from '../../geometry/affine2.ts';
import type { Affine2 } from '../../geometry/affine2.ts';
import { composeRegion } from '../../mosaic/compositor.ts';
import type { ComposeOptions, Mosaic } from '../../mosaic/mosaic.ts';
import { silentContext } from '../../progress.ts';
import { cropRaster } from '../../raster/raster.ts';
import type { SyntheticTile } from '../../synthesis/synthetic-grid.ts';
import type { TileId } from '../../tiles/tile.ts';
import { alignRigidly } from '../../evaluation/corner-errors.ts';
import { peakSignalToNoise, structuralSimilarity, type ImagePair } from '../../evaluation/image-similarity.ts';
import type { StitchedGrid } from './stitch-grid.ts';

/** Likeness of a mosaic and the picture its tiles were cut from, where tiles lie, after one global gain and offset. */
export interface MosaicQuality {
  readonly peakSignalToNoiseDb: number;
  readonly structuralSimilarity: number;
  /** Share of the source's pixels that were compared. */
  readonly covered: number;
}

/**
 * Which rigid motion lays the mosaic on the source: the best for the corners of the first tile (`root`), or the best for
 * those of all tiles (`all`).
 */
export type Alignment = 'root' | 'all';

/**
 * Composes the mosaic in the frame of the source, pixel by pixel, and compares the two.
 * @throws RangeError when the mosaic holds no tile of the grid.
 */
export async function mosaicQuality(
  { grid, result, reader }: StitchedGrid,
  compose: ComposeOptions,
  alignment: Alignment,
): Promise<MosaicQuality> {
  const sourceFromMosaic = alignmentOf(grid.tiles, result.report.mosaicFromTile, alignment);
  const { width, height } = grid.plan.sourceSize;
  const mosaic: Mosaic = {
    ...result.mosaic,
    bounds: { x: 0, y: 0, width, height },
    placements: result.mosaic.placements.map((placement) => ({
      ...placement,
      mosaicFromTile: composeAffine(sourceFromMosaic, placement.mosaicFromTile),
    })),
  };
  const region = { rect: mosaic.bounds, scale: 1 };
  const { channels, coverage } = await composeRegion(mosaic, region, compose, reader, silentContext.signal);
  const images: ImagePair = { image: channels[0], reference: cropRaster(grid.source, mosaic.bounds), mask: coverage };
  return {
    peakSignalToNoiseDb: peakSignalToNoise(images),
    structuralSimilarity: structuralSimilarity(images),
    covered: coverage.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0) / coverage.length,
  };
}

function alignmentOf(
  tiles: readonly SyntheticTile[],
  estimated: ReadonlyMap<TileId, Affine2>,
  alignment: Alignment,
): Affine2 {
  const [root] = tiles;
  const sourceFromMosaic = alignRigidly(estimated, alignment === 'all' ? tiles : [root]);
  if (!sourceFromMosaic) throw new RangeError(`no pose for ${root.id}`);
  return sourceFromMosaic;
}
