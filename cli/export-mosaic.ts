import { composeRegion } from '../src/core/mosaic/compositor.ts';
import type { ComposeOptions, Mosaic } from '../src/core/mosaic/mosaic.ts';
import type { RunContext } from '../src/core/progress.ts';
import type { TileId, TileReader } from '../src/core/tiles/tile.ts';
import { writeTiledTiff } from '../src/formats/tiff/tiff-writer.ts';
import { softwareName } from '../src/formats/software.ts';
import { fileSink } from './node-files.ts';

/**
 * Composes the mosaic tile by tile into `path`; memory is bounded by the tile cache, not by the mosaic.
 * @throws StitchError `write-failed`; what the reader throws. Nothing whole-looking is left behind.
 */
export async function exportMosaic(
  path: string,
  mosaic: Mosaic,
  options: ComposeOptions,
  reader: TileReader,
  context: RunContext,
): Promise<void> {
  const damaged = new Set<TileId>();
  const { bounds, channels, sampleType, pixelSizeNm } = mosaic;
  await writeTiledTiff(
    await fileSink(path),
    { size: { width: bounds.width, height: bounds.height }, channels, sampleType, pixelSizeNm, software: softwareName },
    async (rect) => {
      const region = { ...rect, x: rect.x + bounds.x, y: rect.y + bounds.y };
      const composed = await composeRegion(mosaic, { rect: region, scale: 1 }, options, reader, context.signal);
      for (const tile of composed.damaged) damaged.add(tile);
      return composed.channels;
    },
    {},
    context,
  );
  for (const tile of damaged)
    process.stderr.write(`${tile} is damaged and missing from the mosaic; export it again at the microscope.\n`);
}
