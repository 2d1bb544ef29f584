import { isAbort } from '../core/errors.ts';
import type { Raster } from '../core/raster/raster.ts';
import { readExactly, withBlockCache } from './byte-source.ts';
import { decodedImage } from './decoded-image.ts';
import { corruptImage, truncatedFile, unsupportedImage } from './format-errors.ts';
import type { ByteSource, ImageFile, ImageInfo } from './image-file.ts';
import { maxPngChunks, maxSidePx } from './limits.ts';
import { decodePngSamples, pngRawBytes } from './png-pixels.ts';
import type { PngLayout } from './png-pixels.ts';

const colour = { grey: 0, rgb: 2, indexed: 3, greyAlpha: 4, rgbAlpha: 6 } as const;
/** Bits that each colour type may have. @see PNG Specification, table 11.1 */
const depthsOf: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const samplesOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const chunkOverhead = 12;
/** Most bytes that one byte of a Deflate stream can become. */
const deflateGrowth = 1032;
/** Coarser than this is a screen's resolution, not a microscope's (see the TIFF resolution tags). */
const coarsestPixelNm = 20_000;

interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly isInterlaced: boolean;
  /** Palette entries as one table a channel; null without a palette. */
  readonly palette: readonly Uint8Array[] | null;
  readonly pixelSizeNm: number | null;
  readonly isAnimated: boolean;
}

/**
 * Opens a PNG: headers only; pixels are decoded whole.
 * @throws StitchError `truncated-file`, `unsupported-image`, `unreadable-file`
 * @see PNG Specification (Third Edition), sections 5 and 11
 */
export async function openPng(source: ByteSource): Promise<ImageFile> {
  const header = await readHeader(withBlockCache(source));
  const isGreyPalette = header.palette !== null && header.palette.length === 1;
  const isColour = (header.colourType & 2) !== 0 && !isGreyPalette;
  const info: ImageInfo = {
    size: { width: header.width, height: header.height },
    channels: isColour ? 3 : 1,
    sampleType: header.depth === 16 ? 'uint16' : 'uint8',
    pixelSizeNm: header.pixelSizeNm,
    stagePx: null,
    notes: notesOf(header),
  };
  return decodedImage(source.name, 'png', info, async () => decodePixels(source, header, info.channels));
}

function notesOf(header: PngHeader): readonly string[] {
  const notes: string[] = [];
  if (header.colourType === colour.greyAlpha || header.colourType === colour.rgbAlpha)
    notes.push('The alpha channel is ignored.');
  if (header.palette !== null)
    notes.push(header.palette.length === 1 ? 'Grey palette: expanded.' : 'Colour palette: expanded to RGB.');
  else if (header.depth < 8) notes.push(`${header.depth}-bit grey: scaled to 0…255.`);
  if (header.isAnimated) notes.push('Animated PNG: only its first frame is read.');
  return notes;
}

async function readHeader(source: ByteSource): Promise<PngHeader> {
  const view = dataViewOf(await readExactly(source, 8, 25, 'PNG header'));
  const [width, height] = [view.getUint32(8), view.getUint32(12)];
  const [depth, colourType, interlace] = [view.getUint8(16), view.getUint8(17), view.getUint8(20)];
  if (width === 0 || height === 0 || width > maxSidePx || height > maxSidePx)
    throw corruptImage(source.name, `its PNG header claims ${width} × ${height} pixels`);
  if (!(depthsOf[colourType] ?? []).includes(depth))
    throw corruptImage(source.name, `its PNG header claims colour type ${colourType} of ${depth} bits`);
  const methods = [view.getUint8(18), view.getUint8(19)];
  if (methods.some((method) => method !== 0) || interlace > 1)
    throw unsupportedImage(source.name, `a PNG of compression ${methods.join(', filter ')}, interlace ${interlace}`);
  const chunks = await readAncillary(source, colourType);
  await checkEnd(source);
  const header = { width, height, depth, colourType, isInterlaced: interlace === 1, ...chunks };
  const raw = pngRawBytes(layoutOf(header));
  if (raw > source.size * deflateGrowth)
    throw truncatedFile(
      source.name,
      `the file has ${source.size} bytes, which cannot hold ${width} × ${height} pixels`,
    );
  return header;
}

/** The chunks before the pixels that we use: PLTE, pHYs, acTL. */
async function readAncillary(
  source: ByteSource,
  colourType: number,
): Promise<Pick<PngHeader, 'palette' | 'pixelSizeNm' | 'isAnimated'>> {
  let palette: readonly Uint8Array[] | null = null;
  let pixelSizeNm: number | null = null;
  let isAnimated = false;
  let chunks = 0;
  for (let at = 33; ;) {
    checkCount(source.name, ++chunks);
    const { type, length } = await readChunkHead(source, at);
    if (type === 'IDAT' || type === 'IEND') break;
    if (type === 'PLTE' && colourType === colour.indexed && length <= 768)
      palette = paletteTables(await readExactly(source, at + 8, length, 'palette'));
    if (type === 'pHYs') pixelSizeNm = physicalNm(dataViewOf(await readExactly(source, at + 8, 9, 'pHYs chunk')));
    if (type === 'acTL') isAnimated = true;
    at += length + chunkOverhead;
  }
  if (colourType === colour.indexed && palette === null)
    throw corruptImage(source.name, 'it has palette indices but no palette');
  return { palette, pixelSizeNm, isAnimated };
}

async function readChunkHead(
  source: ByteSource,
  at: number,
): Promise<{ readonly type: string; readonly length: number }> {
  const head = await readExactly(source, at, 8, 'pixels (PNG chunk)');
  return { type: String.fromCharCode(...head.subarray(4, 8)), length: dataViewOf(head).getUint32(0) };
}

/** A whole PNG ends with IEND; where it does not, the chunks are walked to tell appended bytes from missing ones. */
async function checkEnd(source: ByteSource): Promise<void> {
  const tail = await readExactly(source, source.size - chunkOverhead, chunkOverhead, 'end');
  if (String.fromCharCode(...tail.subarray(4, 8)) === 'IEND') return;
  let chunks = 0;
  for (let at = 8; ;) {
    checkCount(source.name, ++chunks);
    const { type, length } = await readChunkHead(source, at);
    at += length + chunkOverhead;
    if (at > source.size) throw truncatedFile(source.name, `the file ends inside its ${type} chunk`);
    if (type === 'IEND') return;
  }
}

function checkCount(file: string, chunks: number): void {
  if (chunks > maxPngChunks) throw corruptImage(file, `it has more than ${maxPngChunks} PNG chunks`);
}

function paletteTables(bytes: Uint8Array): readonly Uint8Array[] {
  const tables = [new Uint8Array(256), new Uint8Array(256), new Uint8Array(256)];
  for (let i = 0; i < Math.min(256, Math.floor(bytes.length / 3)); i++)
    for (let c = 0; c < 3; c++) tables[c][i] = bytes[3 * i + c];
  const isGrey = tables[0].every((value, i) => value === tables[1][i] && value === tables[2][i]);
  return isGrey ? [tables[0]] : tables;
}

function physicalNm(view: DataView): number | null {
  const perMetre = view.getUint32(0);
  const nm = 1e9 / perMetre;
  return view.getUint8(8) === 1 && nm <= coarsestPixelNm ? nm : null;
}

async function decodePixels(source: ByteSource, header: PngHeader, channels: 1 | 3): Promise<readonly Raster[]> {
  const bytes = await readExactly(source, 0, source.size, 'PNG data');
  const samples = await samplesOrThrow(source.name, bytes, header);
  const { width, height, colourType, palette } = header;
  const stride = samplesOf[colourType];
  // Grey below 8 bits is scaled to 0…255, palette indices are not.
  const scale = header.depth < 8 ? 255 / ((1 << header.depth) - 1) : 1;
  return Array.from({ length: channels }, (_, c) => {
    const data = header.depth === 16 ? new Uint16Array(width * height) : new Uint8Array(width * height);
    if (palette !== null) for (let i = 0; i < data.length; i++) data[i] = palette[c][samples[i]];
    else if (stride === 1 && scale === 1) data.set(samples);
    else for (let i = 0; i < data.length; i++) data[i] = samples[i * stride + c] * scale;
    return { data, width, height };
  });
}

async function samplesOrThrow(file: string, bytes: Uint8Array, header: PngHeader): Promise<Uint8Array | Uint16Array> {
  try {
    return await decodePngSamples(bytes, layoutOf(header));
  } catch (cause) {
    if (isAbort(cause)) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw corruptImage(file, `its PNG data cannot be decoded (${why})`, cause);
  }
}

function layoutOf({ width, height, depth, colourType, isInterlaced }: Omit<PngHeader, 'palette'>): PngLayout {
  return { width, height, depth, samples: samplesOf[colourType], isInterlaced };
}

function dataViewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
