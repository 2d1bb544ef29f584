import { composeRegion } from '../src/core/mosaic/compositor.ts';
import type { ComposeOptions, Mosaic } from '../src/core/mosaic/mosaic.ts';
import type { TileId, TileReader } from '../src/core/tiles/tile.ts';
import { softwareName } from '../src/formats/software.ts';
import { writeTiledTiff } from '../src/formats/tiff/tiff-writer.ts';
import type { ExportReport, ExportRequest } from './protocol.ts';
import type { CallContext } from './remote-calls.ts';
import { fileHandleSink, opfsSink } from './sinks.ts';

/** Streams the mosaic, or the mask of where it has pixels, into the target: tile by tile, in bounded memory. */
export async function exportMosaic(
  { target, region, format }: ExportRequest,
  mosaic: Mosaic,
  options: ComposeOptions,
  reader: TileReader,
  context: CallContext,
): Promise<ExportReport> {
  const rect = region ?? mosaic.bounds;
  const isMask = format === 'mask-tiff';
  const opfs = target.kind === 'opfs' ? await opfsSink(target.name) : null;
  const sink = opfs ?? (target.kind === 'handle' ? await fileHandleSink(target.handle) : null);
  if (!sink) throw new TypeError('unreachable: a target is a handle or an OPFS file');
  const damaged = new Set<TileId>();
  const report = await writeTiledTiff(
    sink,
    {
      size: { width: rect.width, height: rect.height },
      channels: isMask ? 1 : mosaic.channels,
      sampleType: isMask ? 'uint8' : mosaic.sampleType,
      pixelSizeNm: mosaic.pixelSizeNm,
      software: softwareName,
    },
    async (tile) => {
      const wanted = { ...tile, x: tile.x + rect.x, y: tile.y + rect.y };
      const composed = await composeRegion(mosaic, { rect: wanted, scale: 1 }, options, reader, context.signal);
      for (const id of composed.damaged) damaged.add(id);
      const { width, height } = composed;
      return isMask ? [{ data: composed.coverage, width, height }] : composed.channels;
    },
    {},
    context,
  );
  return {
    bytes: report.bytes,
    width: rect.width,
    height: rect.height,
    bigTiff: report.bigTiff,
    damaged: [...damaged],
    file: opfs ? await opfs.file() : null,
  };
}
