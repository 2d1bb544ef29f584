import type { Rect } from '../core/geometry/rect.ts';
import { composeRegion } from '../core/mosaic/compositor.ts';
import type { ComposeOptions, Mosaic } from '../core/mosaic/mosaic.ts';
import type { RunContext } from '../core/progress.ts';
import type { TileId, TileReader } from '../core/tiles/tile.ts';
import type { RandomAccessSink } from './image-file.ts';
import { softwareName } from './software.ts';
import { writeTiledTiff, type TiledTiffReport } from './tiff/tiff-writer.ts';

/** What is written of a mosaic. */
export interface MosaicTiffOptions {
  readonly compose: ComposeOptions;
  /** Part of the mosaic, mosaic px. */
  readonly region: Rect;
  /** The pixels, or the mask of where there are any. */
  readonly content: 'pixels' | 'mask';
}

export interface MosaicTiffReport extends TiledTiffReport {
  /** Tiles that are damaged and therefore missing from the picture. */
  readonly damaged: readonly TileId[];
}

/**
 * Streams a mosaic, or the mask of where it has pixels, into `sink`: composed tile by tile, so that memory is bounded by
 * the reader's cache. App and command line write through here: the same solution gives the same pixels in both.
 * @throws StitchError `write-failed`; what the reader throws. Nothing whole-looking is left behind.
 */
export async function writeMosaicTiff(
  sink: RandomAccessSink,
  mosaic: Mosaic,
  { compose, region, content }: MosaicTiffOptions,
  reader: TileReader,
  context: RunContext,
): Promise<MosaicTiffReport> {
  const isMask = content === 'mask';
  const damaged = new Set<TileId>();
  const report = await writeTiledTiff(
    sink,
    {
      size: { width: region.width, height: region.height },
      channels: isMask ? 1 : mosaic.channels,
      sampleType: isMask ? 'uint8' : mosaic.sampleType,
      pixelSizeNm: mosaic.pixelSizeNm,
      software: softwareName,
    },
    async (tile) => {
      const rect = { ...tile, x: tile.x + region.x, y: tile.y + region.y };
      const composed = await composeRegion(mosaic, { rect, scale: 1 }, compose, reader, context.signal);
      for (const id of composed.damaged) damaged.add(id);
      const { width, height } = composed;
      return isMask ? [{ data: composed.coverage, width, height }] : composed.channels;
    },
    {},
    context,
  );
  return { ...report, damaged: [...damaged] };
}
