import type { ComposeOptions, Mosaic } from '../src/core/mosaic/mosaic.ts';
import type { TileReader } from '../src/core/tiles/tile.ts';
import { mosaicFormats } from '../src/formats/index.ts';
import { describeChange } from '../src/formats/pyramid-source.ts';
import type { ExportReport, ExportRequest } from './protocol.ts';
import type { CallContext } from './remote-calls.ts';
import { fileHandleSink, opfsSink } from './sinks.ts';

/** Streams the mosaic, or the mask of where it has pixels, into the target. */
export async function exportMosaic(
  { target, region, format, bits, range }: ExportRequest,
  mosaic: Mosaic,
  compose: ComposeOptions,
  reader: TileReader,
  context: CallContext,
): Promise<ExportReport> {
  const isMask = format === 'mask-tiff';
  const writer = await mosaicFormats[isMask ? 'tiff' : format].load();
  const options = {
    compose,
    region: region ?? mosaic.bounds,
    content: isMask ? 'mask' : 'pixels',
    bits: bits ?? null,
    range: range ?? null,
  } as const;
  const opfs = target.kind === 'opfs' ? await opfsSink(target.name) : null;
  const sink = opfs ?? (target.kind === 'handle' ? await fileHandleSink(target.handle) : null);
  if (!sink) throw new TypeError('unreachable: a target is a handle or an OPFS file');
  const report = await writer.write({ kind: 'file', sink }, mosaic, options, reader, context);
  const { bytes, size, kind, levels, change, damaged } = report;
  const values = describeChange(change);
  return { bytes, ...size, kind, levels, values, damaged, file: opfs ? await opfs.file() : null };
}
