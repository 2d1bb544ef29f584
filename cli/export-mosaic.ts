import type { ComposeOptions, Mosaic } from '../src/core/mosaic/mosaic.ts';
import type { RunContext } from '../src/core/progress.ts';
import type { TileReader } from '../src/core/tiles/tile.ts';
import { writeMosaicTiff } from '../src/formats/mosaic-tiff.ts';
import { fileSink } from './node-files.ts';

/**
 * Streams the mosaic into `path` and names the tiles that are damaged and missing from it.
 * @throws StitchError `write-failed`; what the reader throws. Nothing whole-looking is left behind.
 */
export async function exportMosaic(
  path: string,
  mosaic: Mosaic,
  compose: ComposeOptions,
  reader: TileReader,
  context: RunContext,
): Promise<void> {
  const wanted = { compose, region: mosaic.bounds, content: 'pixels' } as const;
  const { damaged } = await writeMosaicTiff(await fileSink(path), mosaic, wanted, reader, context);
  for (const tile of damaged)
    process.stderr.write(`${tile} is damaged and missing from the mosaic; export it again at the microscope.\n`);
}
