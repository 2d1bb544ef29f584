import type { Rect } from '../src/core/geometry/rect.ts';
import type { ComposeOptions, Mosaic } from '../src/core/mosaic/mosaic.ts';
import { boundedTileReader } from '../src/core/mosaic/bounded-reader.ts';
import { cachedTileReader, exportCacheBytes } from '../src/core/mosaic/tile-cache.ts';
import type { RunContext } from '../src/core/progress.ts';
import type { Tile, TileReader } from '../src/core/tiles/tile.ts';
import type { ByteSource } from '../src/formats/image-file.ts';
import { mosaicFormats } from '../src/formats/index.ts';
import type { MosaicFormat, MosaicFormatDescriptor } from '../src/formats/index.ts';
import type { MosaicTarget, MosaicWriteReport } from '../src/formats/mosaic-writer.ts';
import type { OutputBits, ValueRange } from '../src/formats/pyramid-samples.ts';
import { describeChange } from '../src/formats/pyramid-source.ts';
import { projectTileReader } from '../src/formats/project-reader.ts';
import { folderSink } from './folder-sink.ts';
import { fileSink } from './node-files.ts';

/** What is written and how; everything has a default. */
export interface ExportChoice {
  /** By the ending of the path, else TIFF. */
  readonly format?: MosaicFormat;
  /** Mosaic px; all of it when absent. */
  readonly region?: Rect;
  readonly bits?: OutputBits;
  readonly range?: ValueRange;
  /** A folder that stands at the path gives way to the new one once that is whole, as a file does; an error when absent. */
  readonly replace?: boolean;
}

/** A reader for writing a mosaic, with a cache no larger than that takes. */
export function exportReader(sources: readonly ByteSource[], tiles: readonly Tile[]): TileReader {
  const byName = new Map(sources.map((source) => [source.name, source]));
  const files = tiles.flatMap((tile) => {
    const source = byName.get(tile.file);
    return source ? [{ tile, source }] : [];
  });
  return cachedTileReader(boundedTileReader(projectTileReader(files)), exportCacheBytes(tiles));
}

/** Endings of single files; any other path of a format that can be a folder names one. */
const archiveEndings = ['.zip', '.ozx'];

/**
 * Streams the mosaic into `path` and says what the picture does not show: damaged tiles, changed values.
 * @throws StitchError `bad-options`, `too-large`, `write-failed`; what the reader throws. Nothing whole-looking is left
 *   behind.
 */
export async function exportMosaic(
  path: string,
  mosaic: Mosaic,
  compose: ComposeOptions,
  reader: TileReader,
  context: RunContext,
  choice: ExportChoice = {},
): Promise<MosaicWriteReport> {
  const format: MosaicFormatDescriptor = mosaicFormats[choice.format ?? formatOfPath(path)];
  const options = {
    compose,
    region: choice.region ?? mosaic.bounds,
    content: 'pixels',
    bits: choice.bits ?? null,
    range: choice.range ?? null,
  } as const;
  const writer = await format.load();
  const report = await writer.write(
    await targetAt(path, format, choice.replace ?? false),
    mosaic,
    options,
    reader,
    context,
  );
  const values = describeChange(report.change);
  if (values !== null) process.stderr.write(`${path}: ${values}\n`);
  for (const tile of report.damaged)
    process.stderr.write(`${tile} is damaged and missing from the mosaic; export it again at the microscope.\n`);
  return report;
}

/** The format with the longest ending that the path has; TIFF where none fits. */
export function formatOfPath(path: string): MosaicFormat {
  const name = path.toLowerCase();
  const fitting = Object.values<MosaicFormatDescriptor & { readonly id: string }>(mosaicFormats).flatMap(
    ({ id, extensions }) => extensions.filter((ending) => name.endsWith(ending)).map((ending) => ({ id, ending })),
  );
  const best = fitting.sort((p, q) => q.ending.length - p.ending.length)[0];
  const ids = Object.keys(mosaicFormats) as MosaicFormat[];
  return ids.find((id) => id === best?.id) ?? 'tiff';
}

async function targetAt(
  path: string,
  { canBeFolder }: MosaicFormatDescriptor,
  replace: boolean,
): Promise<MosaicTarget> {
  const isArchive = archiveEndings.some((ending) => path.toLowerCase().endsWith(ending));
  if (canBeFolder && !isArchive) return { kind: 'folder', sink: await folderSink(path, replace) };
  return { kind: 'file', sink: await fileSink(path) };
}
