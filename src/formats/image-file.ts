import type { Rect, Size } from '../core/geometry/rect.ts';
import type { CancelSignal } from '../core/progress.ts';
import type { Raster, SampleType } from '../core/raster/raster.ts';
import type { FilePosition } from './position-table.ts';

/** Random access to the bytes of a file: a browser `File`, a Node file handle, bytes in memory. */
export interface ByteSource {
  /** Path relative to the dropped folder; errors name it. */
  readonly name: string;
  readonly size: number;
  /**
   * Up to `length` bytes from `offset`; fewer only at the end of the file.
   * @throws StitchError `unreadable-file`
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** One image of a file (a TIFF page, the only image of a PNG), known from headers alone. */
export interface ImageInfo {
  readonly size: Size;
  readonly channels: 1 | 3;
  readonly sampleType: SampleType;
  readonly pixelSizeNm: number | null;
  /** Stage position of the image's upper-left pixel, full-resolution px (y down), from OME-XML, vendor tags or .mdoc. */
  readonly stagePx: { readonly x: number; readonly y: number } | null;
  /** When it was imaged, ms since 1970 in the microscope's clock; absent when the file does not say. */
  readonly acquiredAtMs?: number;
  /** Things the user should know, in whole sentences ("MinIsWhite: shown inverted"). */
  readonly notes: readonly string[];
}

/** An opened image file: headers are parsed, pixels are decoded on demand. */
export interface ImageFile {
  readonly format: string;
  readonly pages: readonly ImageInfo[];
  /** Places of several files that this file's metadata name (multi-file OME-XML), full-resolution px. */
  readonly positions?: readonly FilePosition[];
  /**
   * Samples of a region (the whole page when absent), one raster a channel, in the file's own sample type.
   * @throws StitchError `truncated-file`, `unsupported-image`, `unreadable-file`; an abort is rethrown.
   */
  readRegion(page: number, region: Rect | undefined, signal: CancelSignal): Promise<readonly Raster[]>;
}

/** Random-access output. Every write is checked by the implementation: a short write throws `write-failed`. */
export interface RandomAccessSink {
  writeAt(offset: number, bytes: Uint8Array): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Makes the file visible as whole, after checking its size. */
  commit(): Promise<void>;
  /** Leaves nothing behind that looks whole. */
  abort(): Promise<void>;
}
