import type { Rect } from '../core/geometry/rect.ts';
import type { CancelSignal } from '../core/progress.ts';
import type { Raster } from '../core/raster/raster.ts';
import { readExactly } from './byte-source.ts';
import { checkedRegion } from './decoded-image.ts';
import { corruptImage, truncatedFile, unsupportedImage } from './format-errors.ts';
import type { ByteSource, ImageFile, ImageInfo } from './image-file.ts';

interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** Rows run from the bottom of the image to its top: the usual case. */
  readonly isBottomUp: boolean;
  readonly bits: 8 | 24 | 32;
  readonly pixelsAt: number;
  /** One table a channel; null for 24 and 32 bits. */
  readonly palette: readonly Uint8Array[] | null;
}

const compressionNames: ReadonlyMap<number, string> = new Map([
  [1, 'run-length coded'],
  [2, 'run-length coded'],
  [3, 'bit-field'],
  [4, 'JPEG-compressed'],
  [5, 'PNG-compressed'],
  [6, 'bit-field'],
]);
const maxSide = 2 ** 24;
const blockBytes = 8 * 2 ** 20;

/**
 * Opens a Windows bitmap (8-bit palette, 24- and 32-bit, uncompressed); a region reads its rows only.
 * @throws StitchError `truncated-file`, `unsupported-image`, `unreadable-file`
 */
export async function openBmp(source: ByteSource): Promise<ImageFile> {
  const header = await readHeader(source);
  const palette = header.palette;
  const notes: string[] = [];
  if (palette?.length === 3) notes.push('Colour palette: expanded to RGB.');
  if (header.bits === 32) notes.push('The alpha channel is ignored.');
  const info: ImageInfo = {
    size: { width: header.width, height: header.height },
    channels: palette?.length === 1 ? 1 : 3,
    sampleType: 'uint8',
    pixelSizeNm: null,
    stagePx: null,
    notes,
  };
  return {
    format: 'bmp',
    pages: [info],
    readRegion: async (page, region, signal) =>
      readRows(source, header, info.channels, checkedRegion(source.name, [info], page, region), signal),
  };
}

async function readHeader(source: ByteSource): Promise<BmpHeader> {
  const bytes = await readExactly(source, 0, 54, 'BMP header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getUint32(14, true);
  if (headerBytes < 40) throw unsupportedImage(source.name, 'a BMP of OS/2 1.x');
  const width = view.getInt32(18, true);
  const storedHeight = view.getInt32(22, true);
  const height = Math.abs(storedHeight);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  if (width <= 0 || height === 0 || width > maxSide || height > maxSide)
    throw corruptImage(source.name, `its BMP header claims ${width} × ${storedHeight} pixels`);
  if (compression !== 0)
    throw unsupportedImage(source.name, `a ${compressionNames.get(compression) ?? `type ${compression}`} BMP`);
  if (bits !== 8 && bits !== 24 && bits !== 32) throw unsupportedImage(source.name, `a ${bits}-bit BMP`);
  const pixelsAt = view.getUint32(10, true);
  const needed = pixelsAt + rowBytesOf(width, bits) * height;
  if (needed > source.size)
    throw truncatedFile(source.name, `the file has ${source.size} of the ${needed} bytes that its BMP header claims`);
  const colours = view.getUint32(46, true);
  const entries = bits === 8 ? Math.min(256, colours === 0 ? 256 : colours) : 0;
  const palette =
    bits === 8 ? paletteTables(await readExactly(source, 14 + headerBytes, entries * 4, 'BMP palette')) : null;
  return { width, height, isBottomUp: storedHeight > 0, bits, pixelsAt, palette };
}

/** Rows are padded to four bytes. */
function rowBytesOf(width: number, bits: number): number {
  return Math.ceil((width * bits) / 32) * 4;
}

function paletteTables(bytes: Uint8Array): readonly Uint8Array[] {
  const tables = [2, 1, 0].map((c) => {
    const table = new Uint8Array(256);
    for (let i = 0; 4 * i + 3 < bytes.length; i++) table[i] = bytes[4 * i + c];
    return table;
  });
  const isGrey = tables[0].every((value, i) => value === tables[1][i] && value === tables[2][i]);
  return isGrey ? [tables[0]] : tables;
}

async function readRows(
  source: ByteSource,
  header: BmpHeader,
  channels: 1 | 3,
  region: Rect,
  signal: CancelSignal,
): Promise<readonly Raster[]> {
  const { width, height } = region;
  const rowBytes = rowBytesOf(header.width, header.bits);
  const rasters = Array.from({ length: channels }, () => ({ data: new Uint8Array(width * height), width, height }));
  const rowsAtOnce = Math.max(1, Math.floor(blockBytes / rowBytes));
  for (let first = 0; first < height; first += rowsAtOnce) {
    signal.throwIfAborted();
    const rows = Math.min(rowsAtOnce, height - first);
    const top = region.y + first;
    const stored = header.isBottomUp ? header.height - top - rows : top;
    const bytes = await readExactly(source, header.pixelsAt + stored * rowBytes, rows * rowBytes, 'BMP rows');
    for (let j = 0; j < rows; j++) {
      const row = header.isBottomUp ? rows - 1 - j : j;
      copyRow(header, bytes.subarray(row * rowBytes), region, rasters, (first + j) * width);
    }
  }
  return rasters;
}

function copyRow(
  header: BmpHeader,
  row: Uint8Array,
  region: Rect,
  rasters: readonly Raster<Uint8Array>[],
  to: number,
): void {
  const step = header.bits / 8;
  for (let c = 0; c < rasters.length; c++) {
    const { data } = rasters[c];
    const table = header.palette?.[c];
    // 24- and 32-bit pixels are stored blue, green, red.
    const from = region.x * step + (table === undefined ? 2 - c : 0);
    if (table === undefined) for (let i = 0; i < region.width; i++) data[to + i] = row[from + i * step];
    else for (let i = 0; i < region.width; i++) data[to + i] = table[row[from + i]];
  }
}
