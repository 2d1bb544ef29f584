import type { Size } from '../core/geometry/rect.ts';
import type { Mosaic } from '../core/mosaic/mosaic.ts';
import type { RunContext } from '../core/progress.ts';
import type { TileId, TileReader } from '../core/tiles/tile.ts';
import type { FileTreeSink } from './file-tree-sink.ts';
import type { RandomAccessSink } from './image-file.ts';
import type { SampleChange } from './pyramid-samples.ts';
import type { MosaicWriteOptions } from './pyramid-source.ts';

/** Where a mosaic goes: one file, or a folder of files for the formats that are one. */
export type MosaicTarget =
  { readonly kind: 'file'; readonly sink: RandomAccessSink } | { readonly kind: 'folder'; readonly sink: FileTreeSink };

/** What was written. */
export interface MosaicWriteReport {
  readonly bytes: number;
  /** The format in the words of its users: `TIFF`, `BigTIFF`, `OME-Zarr 0.5`. */
  readonly kind: string;
  readonly levels: number;
  readonly size: Size;
  /** How values were changed; null when they are the mosaic's own. */
  readonly change: SampleChange | null;
  /** Tiles that are damaged and therefore missing from the picture. */
  readonly damaged: readonly TileId[];
}

/** Writes a mosaic in one format, streaming. */
export interface MosaicWriter {
  /**
   * @throws StitchError `bad-options` (also for a folder where the format is one file), `too-large`, `write-failed`; what
   *   the reader throws; an abort is rethrown. The sink is aborted in each case: nothing whole-looking is left behind.
   */
  write(
    target: MosaicTarget,
    mosaic: Mosaic,
    options: MosaicWriteOptions,
    reader: TileReader,
    context: RunContext,
  ): Promise<MosaicWriteReport>;
}

/**
 * Runs the writing; when it fails, the sink is aborted.
 * @throws what `write` throws
 */
export async function abortingOnFailure<T>(sink: { abort(): Promise<void> }, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    // The first failure is the one to tell; a sink that cannot even be aborted adds nothing to it.
    await sink.abort().catch(() => undefined);
    throw error;
  }
}
