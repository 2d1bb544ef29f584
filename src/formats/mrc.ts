import type { Rect } from '../core/geometry/rect.ts';
import type { CancelSignal } from '../core/progress.ts';
import { allocateSamples, bytesPerSample } from '../core/raster/raster.ts';
import type { Raster, SampleType, Samples } from '../core/raster/raster.ts';
import { readExactly } from './byte-source.ts';
import { checkedRegion } from './decoded-image.ts';
import { notAnImage, truncatedFile, unsupportedImage } from './format-errors.ts';
import type { ByteSource, ImageFile, ImageInfo } from './image-file.ts';

/** Length of the fixed header. @see MRC2014, Cheng et al. 2015, J. Struct. Biol. 192:146, table 1 */
export const mrcHeaderBytes = 1024;

interface MrcHeader {
  readonly littleEndian: boolean;
  readonly width: number;
  readonly height: number;
  readonly sections: number;
  readonly sampleType: SampleType;
  /** Mode 0 as signed bytes, which are widened to int16. */
  readonly isSignedBytes: boolean;
  readonly pixelsAt: number;
  readonly pixelSizeNm: number | null;
}

const modeTypes: Readonly<Record<number, SampleType>> = { 0: 'uint8', 1: 'int16', 2: 'float32', 6: 'uint16' };
const modeNames: Readonly<Record<number, string>> = {
  3: 'complex 16-bit',
  4: 'complex 32-bit',
  12: '16-bit float',
  16: 'RGB',
  101: '4-bit',
};
const maxSide = 2 ** 20;
const maxSections = 65536;
const blockBytes = 8 * 2 ** 20;
/** "IMOD" at byte 152; its flags follow at 156, of which bit 0 says that mode 0 is signed. @see IMOD, MRC file format */
const imodStamp = 1146047817;

/** Byte order that makes the dimensions, mode and header length plausible; null when neither does. */
export function mrcByteOrder(head: Uint8Array): 'little' | 'big' | null {
  if (head.length < mrcHeaderBytes) return null;
  const view = new DataView(head.buffer, head.byteOffset, mrcHeaderBytes);
  const hasMap = head[208] === 0x4d && head[209] === 0x41 && head[210] === 0x50;
  for (const littleEndian of [true, false]) {
    const word = (at: number): number => view.getInt32(at, littleEndian);
    const isSize = [0, 4, 8].every((at) => word(at) > 0 && word(at) <= maxSide);
    const isMode = word(12) in modeTypes || word(12) in modeNames;
    const isExtended = word(92) >= 0 && word(92) < 2 ** 30;
    // Files from before 2000 have no "MAP ": their axis order must be a permutation of 1, 2, 3 (or unset).
    const axes = [word(64), word(68), word(72)].sort().join();
    if (isSize && isMode && isExtended && (hasMap || axes === '1,2,3')) return littleEndian ? 'little' : 'big';
  }
  return null;
}

/**
 * Opens an MRC image or stack (modes 0, 1, 2, 6; both byte orders). Rows are stored bottom-up and are turned so that y
 * points down; a region reads its rows only.
 * @throws StitchError `truncated-file`, `unsupported-image`, `unreadable-file`
 */
export async function openMrc(source: ByteSource): Promise<ImageFile> {
  const header = await readHeader(source);
  const notes = header.isSignedBytes ? ['8-bit signed samples are kept as 16-bit signed.'] : [];
  const info: ImageInfo = {
    size: { width: header.width, height: header.height },
    channels: 1,
    sampleType: header.sampleType,
    pixelSizeNm: header.pixelSizeNm,
    stagePx: null,
    notes,
  };
  const pages = Array.from({ length: header.sections }, () => info);
  return {
    format: 'mrc',
    pages,
    readRegion: async (page, region, signal) => [
      await readSection(source, header, page, checkedRegion(source.name, pages, page, region), signal),
    ],
  };
}

async function readHeader(source: ByteSource): Promise<MrcHeader> {
  const head = await readExactly(source, 0, mrcHeaderBytes, 'MRC header');
  const order = mrcByteOrder(head);
  if (order === null) throw notAnImage(source.name, 'the file does not start like an MRC');
  const littleEndian = order === 'little';
  const view = new DataView(head.buffer, head.byteOffset, mrcHeaderBytes);
  const [width, height, sections, mode] = [0, 4, 8, 12].map((at) => view.getInt32(at, littleEndian));
  if (!(mode in modeTypes)) throw unsupportedImage(source.name, `an MRC of ${modeNames[mode]} samples (mode ${mode})`);
  const isSignedBytes = mode === 0 && view.getInt32(152, littleEndian) === imodStamp && (head[156] & 1) === 1;
  const pixelsAt = mrcHeaderBytes + view.getInt32(92, littleEndian);
  const stored = mode === 0 ? 1 : bytesPerSample[modeTypes[mode]];
  if (sections > maxSections) throw unsupportedImage(source.name, `an MRC of ${sections} sections`);
  const needed = pixelsAt + width * height * sections * stored;
  if (needed > source.size)
    throw truncatedFile(source.name, `the file has ${source.size} of the ${needed} bytes that its MRC header claims`);
  // Cell size in ångström over the sampling along x; 1 Å is what programs write that do not know.
  const nm = view.getFloat32(40, littleEndian) / view.getInt32(28, littleEndian) / 10;
  const pixelSizeNm = Number.isFinite(nm) && nm > 0 && nm !== 0.1 ? nm : null;
  const sampleType = isSignedBytes ? 'int16' : modeTypes[mode];
  return { littleEndian, width, height, sections, sampleType, isSignedBytes, pixelsAt, pixelSizeNm };
}

async function readSection(
  source: ByteSource,
  header: MrcHeader,
  section: number,
  region: Rect,
  signal: CancelSignal,
): Promise<Raster> {
  const { width, height } = region;
  const data = allocateSamples(header.sampleType, width * height);
  const stored = header.isSignedBytes ? 1 : bytesPerSample[header.sampleType];
  const rowBytes = header.width * stored;
  const start = header.pixelsAt + section * header.height * rowBytes;
  const rowsAtOnce = Math.max(1, Math.floor(blockBytes / rowBytes));
  for (let first = 0; first < height; first += rowsAtOnce) {
    signal.throwIfAborted();
    const rows = Math.min(rowsAtOnce, height - first);
    const lowest = header.height - (region.y + first) - rows;
    const bytes = await readExactly(source, start + lowest * rowBytes, rows * rowBytes, 'MRC rows');
    const samples = samplesOf(bytes, header);
    for (let j = 0; j < rows; j++) {
      const from = (rows - 1 - j) * header.width + region.x;
      data.set(samples.subarray(from, from + width), (first + j) * width);
    }
  }
  return { data, width, height };
}

/** Samples in this machine's byte order; the bytes of the source are not changed. */
function samplesOf(bytes: Uint8Array, header: MrcHeader): Samples | Int8Array {
  if (header.isSignedBytes) return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  if (header.sampleType === 'uint8') return bytes;
  const samples = allocateSamples(header.sampleType, bytes.length / bytesPerSample[header.sampleType]);
  const own = new Uint8Array(samples.buffer);
  own.set(bytes);
  if (!header.littleEndian) {
    const view = new DataView(samples.buffer);
    for (let i = 0; i < samples.length; i++) {
      if (header.sampleType === 'float32') samples[i] = view.getFloat32(i * 4);
      else samples[i] = header.sampleType === 'int16' ? view.getInt16(i * 2) : view.getUint16(i * 2);
    }
  }
  return samples;
}
