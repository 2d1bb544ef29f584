import { decompress as decompressZstd, Decompress } from 'fzstd';
import { StitchError } from '../../core/errors.ts';
import { corruptImage, truncatedFile, unsupportedImage } from '../format-errors.ts';
import { decodeJpeg } from '../jpeg-decode.ts';
import { maxZstdWindowBytes } from '../limits.ts';
import { inflate } from './deflate.ts';
import { decodeLzw, isOldStyleLzw } from './lzw.ts';
import { decodePackBits } from './pack-bits.ts';
import { undoFloatPredictor, undoHorizontalDifference } from './predictor.ts';
import { storedBytes } from './tiff-page.ts';
import type { StoredType, TiffPage } from './tiff-page.ts';
import { tiffCompression } from './tiff-tags.ts';

/** Samples of a decoded strip or tile in the type they are stored in, this machine's byte order. */
export type StoredSamples =
  Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** What an error about one strip or tile names. */
export interface SegmentName {
  readonly file: string;
  /** "strip 3 of 40" */
  readonly segment: string;
}

/**
 * Decodes the bytes of one strip or tile of `rows` rows. `bytes` may be changed in place.
 * @throws StitchError `truncated-file`, `unsupported-image`
 */
export async function decodeSegment(
  page: TiffPage,
  bytes: Uint8Array,
  rows: number,
  name: SegmentName,
): Promise<StoredSamples> {
  const samples = page.isChunky ? page.samplesPerPixel : 1;
  const expected = page.segmentWidth * rows * samples * storedBytes[page.storedType];
  const decoded = await decompress(page, page.isBitReversed ? reverseBits(bytes) : bytes, rows, expected, name);
  if (decoded.length < expected)
    throw truncatedFile(name.file, `${name.segment} holds ${decoded.length} of ${expected} bytes`);
  return undoPredictor(page, decoded, page.segmentWidth * samples, samples);
}

async function decompress(
  page: TiffPage,
  bytes: Uint8Array,
  rows: number,
  expected: number,
  name: SegmentName,
): Promise<Uint8Array> {
  try {
    switch (page.compression) {
      case tiffCompression.lzw:
        if (isOldStyleLzw(bytes)) throw unsupportedImage(name.file, 'a TIFF with old-style (1988) LZW compression');
        return decodeLzw(bytes, expected);
      case tiffCompression.packBits:
        return decodePackBits(bytes, expected);
      case tiffCompression.deflate:
      case tiffCompression.deflateOld:
        return await inflate(bytes, expected);
      case tiffCompression.zstd:
      case tiffCompression.zstdOld:
        return decodeZstd(bytes, expected);
      case tiffCompression.jpeg:
        return decodeJpegSegment(page, bytes, rows);
      default:
        return bytes.subarray(0, expected);
    }
  } catch (cause) {
    if (cause instanceof StitchError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw corruptImage(name.file, `${name.segment} cannot be decoded (${why})`, cause);
  }
}

/** A frame that states its size is decoded in place, ten times faster; others go through a window. */
function decodeZstd(bytes: Uint8Array, expected: number): Uint8Array {
  checkZstdWindows(bytes);
  const out = new Uint8Array(expected);
  if (zstdContentBytes(bytes) === expected) return decompressZstd(bytes, out);
  let filled = 0;
  const stream = new Decompress((chunk) => {
    const part = chunk.subarray(0, expected - filled);
    out.set(part, filled);
    filled += part.length;
  });
  stream.push(bytes, true);
  return out.subarray(0, filled);
}

/**
 * Refuses frames whose header asks the decoder for more memory than a picture needs: the window is allocated before a
 * byte is decoded.
 * @throws RangeError
 */
function checkZstdWindows(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 6 <= bytes.length;) {
    const magic = view.getUint32(at, true);
    if (magic >>> 4 === zstdSkippable >>> 4 && at + 8 <= bytes.length) {
      at += 8 + view.getUint32(at + 4, true);
      continue;
    }
    if (magic !== zstdMagic) return;
    const window = zstdWindowBytes(bytes.subarray(at));
    if (window > maxZstdWindowBytes) throw new RangeError(`its zstd frame asks for a window of ${window} bytes`);
    at = endOfZstdFrame(bytes, at);
  }
}

const zstdMagic = 0xfd2fb528;
const zstdSkippable = 0x184d2a50;

/** Bytes that a decoder must keep: the window, or the content of a frame in a single segment. */
function zstdWindowBytes(frame: Uint8Array): number {
  if ((frame[4] & 0x20) !== 0) return Math.min(zstdContentBytes(frame) ?? 0, Number.MAX_SAFE_INTEGER);
  const base = 2 ** (10 + (frame[5] >> 3));
  return base + (base / 8) * (frame[5] & 7);
}

/** Where the frame at `start` ends, by its block headers. @see RFC 8878, section 3.1.1.2 */
function endOfZstdFrame(bytes: Uint8Array, start: number): number {
  const descriptor = bytes[start + 4];
  const isSingle = (descriptor & 0x20) !== 0;
  const contentBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6];
  let at = start + 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][descriptor & 3] + contentBytes;
  for (;;) {
    if (at + 3 > bytes.length) return bytes.length;
    const header = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    const isRun = ((header >> 1) & 3) === 1;
    at += 3 + (isRun ? 1 : header >> 3);
    if ((header & 1) === 1) return at + ((descriptor & 4) !== 0 ? 4 : 0);
  }
}

/** Content size that a zstd frame header states, null when it states none. @see RFC 8878, section 3.1.1.1 */
function zstdContentBytes(bytes: Uint8Array): number | null {
  if (bytes.length < 18) return null;
  const descriptor = bytes[4];
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const at = 5 + (isSingleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (sizeFlag === 0) return isSingleSegment ? bytes[at] : null;
  if (sizeFlag === 1) return view.getUint16(at, true) + 256;
  return sizeFlag === 2 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}

/** A JPEG stream of a strip or tile; its tables may lie once a page in the JPEGTables tag (TIFF Technical Note 2). */
function decodeJpegSegment(page: TiffPage, bytes: Uint8Array, rows: number): Uint8Array {
  const { jpegTables: tables, segmentWidth: width } = page;
  // Tables end and the segment begins with a two-byte marker (EOI, SOI) that the joined stream does not have.
  const stream = tables === null ? bytes : new Uint8Array(tables.length + bytes.length - 4);
  if (tables !== null) {
    stream.set(tables.subarray(0, -2));
    stream.set(bytes.subarray(2), tables.length - 2);
  }
  const image = decodeJpeg(stream, page.isYCbCr);
  if (image.width < width || image.height < rows)
    throw new RangeError(`a JPEG of ${image.width} × ${image.height} where ${width} × ${rows} is needed`);
  const samples = page.isChunky ? page.samplesPerPixel : 1;
  const out = new Uint8Array(width * rows * samples);
  for (let j = 0; j < rows; j++) {
    const from = j * image.width * 3;
    if (samples === 3) out.set(image.data.subarray(from, from + width * 3), j * width * 3);
    else for (let i = 0; i < width; i++) out[j * width + i] = image.data[from + 3 * i];
  }
  return out;
}

function undoPredictor(page: TiffPage, bytes: Uint8Array, rowSamples: number, stride: number): StoredSamples {
  const size = storedBytes[page.storedType];
  if (page.predictor === 3) return viewSamples(undoFloatPredictor(bytes, rowSamples, stride, size), page.storedType);
  const aligned = bytes.byteOffset % size === 0 && page.littleEndian ? bytes : bytes.slice();
  if (!page.littleEndian) swapBytes(aligned, size);
  if (page.predictor === 2) undoHorizontalDifference(unsignedView(aligned, size), rowSamples, stride);
  return viewSamples(aligned, page.storedType);
}

/** Reverses the order of the bytes of each sample, in place. */
function swapBytes(bytes: Uint8Array, size: number): void {
  if (size === 1) return;
  for (let at = 0; at + size <= bytes.length; at += size) {
    for (let low = at, high = at + size - 1; low < high; low++, high--) {
      const kept = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = kept;
    }
  }
}

/** FillOrder 2: the bits of every byte run from the least significant to the most. */
function reverseBits(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    let b = bytes[i];
    b = ((b & 0xf0) >> 4) | ((b & 0x0f) << 4);
    b = ((b & 0xcc) >> 2) | ((b & 0x33) << 2);
    out[i] = ((b & 0xaa) >> 1) | ((b & 0x55) << 1);
  }
  return out;
}

function unsignedView(bytes: Uint8Array, size: number): Uint8Array | Uint16Array | Uint32Array {
  if (size === 1) return bytes;
  if (size === 2) return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

function viewSamples(bytes: Uint8Array, type: StoredType): StoredSamples {
  const { buffer, byteOffset } = bytes;
  const length = bytes.length / storedBytes[type];
  switch (type) {
    case 'uint8':
      return bytes;
    case 'int8':
      return new Int8Array(buffer, byteOffset, length);
    case 'uint16':
      return new Uint16Array(buffer, byteOffset, length);
    case 'int16':
      return new Int16Array(buffer, byteOffset, length);
    case 'uint32':
      return new Uint32Array(buffer, byteOffset, length);
    case 'int32':
      return new Int32Array(buffer, byteOffset, length);
    case 'float32':
      return new Float32Array(buffer, byteOffset, length);
    case 'float64':
      return new Float64Array(buffer, byteOffset, length);
  }
}
