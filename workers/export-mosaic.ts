import type { ComposeOptions, Mosaic } from '../src/core/mosaic/mosaic.ts';
import type { TileReader } from '../src/core/tiles/tile.ts';
import { writeMosaicTiff } from '../src/formats/mosaic-tiff.ts';
import type { ExportReport, ExportRequest } from './protocol.ts';
import type { CallContext } from './remote-calls.ts';
import { fileHandleSink, opfsSink } from './sinks.ts';

/** Streams the mosaic, or the mask of where it has pixels, into the target. */
export async function exportMosaic(
  { target, region: wanted, format }: ExportRequest,
  mosaic: Mosaic,
  compose: ComposeOptions,
  reader: TileReader,
  context: CallContext,
): Promise<ExportReport> {
  const region = wanted ?? mosaic.bounds;
  const content = format === 'mask-tiff' ? 'mask' : 'pixels';
  const opfs = target.kind === 'opfs' ? await opfsSink(target.name) : null;
  const sink = opfs ?? (target.kind === 'handle' ? await fileHandleSink(target.handle) : null);
  if (!sink) throw new TypeError('unreachable: a target is a handle or an OPFS file');
  const { bytes, bigTiff, damaged } = await writeMosaicTiff(
    sink,
    mosaic,
    { compose, region, content },
    reader,
    context,
  );
  const { width, height } = region;
  return { bytes, width, height, bigTiff, damaged, file: opfs ? await opfs.file() : null };
}
