import type { Size } from '../../core/geometry/rect.ts';
import type { SampleType } from '../../core/raster/raster.ts';
import { corruptImage, tooLarge, truncatedFile, unsupportedImage } from '../format-errors.ts';
import type { ByteSource } from '../image-file.ts';
import { bombFromBytes, maxGrowth, maxSegmentBytes, maxSegments, maxSidePx } from '../limits.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import { photometric, refusedCompressions, refusedPhotometrics, tiffCompression, tiffTag } from './tiff-tags.ts';

/** How one sample lies in the file. */
export type StoredType = 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'float32' | 'float64';

/** What happens to stored samples on their way to rasters. */
export type SampleMapping =
  | { readonly kind: 'as-stored' }
  /** MinIsWhite: v' = max − v. */
  | { readonly kind: 'inverted' }
  /** Palette: one 8-bit table per channel. */
  | { readonly kind: 'palette'; readonly tables: readonly Uint8Array[] };

/** Everything needed to decode any region of a page; strips are tiles as wide as the image. */
export interface TiffPage {
  readonly size: Size;
  readonly littleEndian: boolean;
  readonly compression: number;
  readonly predictor: number;
  readonly isBitReversed: boolean;
  readonly jpegTables: Uint8Array | null;
  readonly isYCbCr: boolean;
  readonly storedType: StoredType;
  readonly samplesPerPixel: number;
  /** Samples of one pixel lie side by side (chunky), not in planes. */
  readonly isChunky: boolean;
  readonly isTiled: boolean;
  readonly segmentWidth: number;
  readonly segmentHeight: number;
  readonly segmentsAcross: number;
  readonly segmentsDown: number;
  readonly offsets: Float64Array;
  readonly byteCounts: Float64Array;
  readonly mapping: SampleMapping;
  readonly channels: 1 | 3;
  readonly sampleType: SampleType;
  readonly notes: readonly string[];
}

/** Bytes of one stored sample. */
export const storedBytes: Readonly<Record<StoredType, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  float64: 8,
};

/** Sample types that rasters have, for those that files have; the exact ones first. */
const rasterTypes: Readonly<Record<StoredType, SampleType>> = {
  uint8: 'uint8',
  int8: 'int16',
  uint16: 'uint16',
  int16: 'int16',
  uint32: 'float32',
  int32: 'float32',
  float32: 'float32',
  float64: 'float32',
};

/**
 * Reads and checks the description of a page: what cannot be decoded right is refused by name here, before any pixel.
 * @throws StitchError `unsupported-image`, `truncated-file`
 */
export async function readTiffPage(source: ByteSource, directory: TiffDirectory): Promise<TiffPage> {
  const size = await readSize(source, directory);
  const compression = await readCompression(source, directory);
  const samplesPerPixel = await directory.number(tiffTag.samplesPerPixel, 1);
  const storedType = await readStoredType(source, directory, samplesPerPixel);
  const colour = await readColour(source, directory, compression, samplesPerPixel, storedType);
  const predictor = await readPredictor(source, directory, compression, storedType);
  const planes = await directory.number(tiffTag.planarConfiguration, 1);
  const isChunky = planes === 1 || samplesPerPixel === 1;
  if (!isChunky && planes !== 2)
    throw corruptImage(source.name, `its TIFF header claims planar configuration ${planes}`);
  const segments = await readSegments(source, directory, size, isChunky ? 1 : samplesPerPixel);
  const isBitReversed = (await directory.number(tiffTag.fillOrder, 1)) === 2 && compression !== tiffCompression.jpeg;
  const page: TiffPage = {
    size,
    littleEndian: directory.littleEndian,
    compression,
    predictor,
    isBitReversed,
    jpegTables: compression === tiffCompression.jpeg ? await directory.bytes(tiffTag.jpegTables) : null,
    storedType,
    samplesPerPixel,
    isChunky,
    ...segments,
    ...colour,
    sampleType: rasterTypes[storedType],
    notes: [
      ...colour.notes,
      ...typeNotes(storedType),
      ...orientationNotes(await directory.number(tiffTag.orientation, 1)),
    ],
  };
  checkSegmentsInFile(source, page);
  return page;
}

/** How values of the Orientation tag other than 1 would have the picture shown. @see TIFF 6.0, page 36 */
const orientations: ReadonlyMap<number, string> = new Map([
  [2, 'mirrored left to right'],
  [3, 'turned by 180°'],
  [4, 'mirrored top to bottom'],
  [5, 'mirrored about its diagonal'],
  [6, 'turned by 90° clockwise'],
  [7, 'mirrored about its other diagonal'],
  [8, 'turned by 90° counter-clockwise'],
]);

/** Acquisition software counts pixels as they are stored, and positions with them: the tag is said, not followed. */
function orientationNotes(value: number): readonly string[] {
  const shown = orientations.get(value);
  return shown === undefined
    ? []
    : [`Its Orientation tag (${value}) has viewers show it ${shown}; it is read as it is stored.`];
}

function typeNotes(type: StoredType): readonly string[] {
  if (type === 'int8') return ['8-bit signed samples are kept as 16-bit signed.'];
  if (type === 'uint32' || type === 'int32' || type === 'float64')
    return [`Samples are stored as ${type} and are read as 32-bit float, which is refused where it is not exact.`];
  return [];
}

async function readSize(source: ByteSource, directory: TiffDirectory): Promise<Size> {
  const width = await directory.number(tiffTag.imageWidth, 0);
  const height = await directory.number(tiffTag.imageLength, 0);
  const isSane = [width, height].every((side) => Number.isInteger(side) && side > 0 && side <= maxSidePx);
  if (!isSane) throw corruptImage(source.name, `its TIFF header claims ${width} × ${height} pixels`);
  return { width, height };
}

async function readCompression(source: ByteSource, directory: TiffDirectory): Promise<number> {
  const compression = await directory.number(tiffTag.compression, 1);
  if (Object.values<number>(tiffCompression).includes(compression)) return compression;
  const name = refusedCompressions.get(compression) ?? `number ${compression}`;
  throw unsupportedImage(source.name, `a TIFF with ${name} compression`);
}

async function readStoredType(
  source: ByteSource,
  directory: TiffDirectory,
  samplesPerPixel: number,
): Promise<StoredType> {
  // Absent BitsPerSample means 1 bit (TIFF 6.0, section 8).
  const bits = (await directory.numbers(tiffTag.bitsPerSample)) ?? new Float64Array([1]);
  const formats = (await directory.numbers(tiffTag.sampleFormat)) ?? new Float64Array([1]);
  if (!Number.isInteger(samplesPerPixel) || samplesPerPixel < 1 || samplesPerPixel > 64)
    throw unsupportedImage(source.name, `a TIFF with ${samplesPerPixel} samples a pixel`);
  if (bits.some((b) => b !== bits[0]) || formats.some((f) => f !== formats[0]))
    throw unsupportedImage(source.name, `a TIFF whose channels differ in sample type (${bits.join(', ')} bits)`);
  // 4 is "undefined", which everybody reads as unsigned.
  const kind =
    formats[0] === 2 ? 'int' : formats[0] === 3 ? 'float' : formats[0] === 5 || formats[0] === 6 ? 'complex' : 'uint';
  const type = `${kind}${bits[0]}`;
  if (type in storedBytes) return type as StoredType;
  const name = kind === 'uint' ? `${bits[0]}-bit` : `${bits[0]}-bit ${kind}`;
  throw unsupportedImage(source.name, `a TIFF with ${name} samples`);
}

type Colour = Pick<TiffPage, 'channels' | 'mapping' | 'isYCbCr' | 'notes'>;

async function readColour(
  source: ByteSource,
  directory: TiffDirectory,
  compression: number,
  samplesPerPixel: number,
  type: StoredType,
): Promise<Colour> {
  const kind = await directory.number(tiffTag.photometric, photometric.minIsBlack);
  const isColour = kind === photometric.rgb || kind === photometric.yCbCr;
  const channels = isColour ? 3 : 1;
  const plain: Colour = {
    channels,
    mapping: { kind: 'as-stored' },
    isYCbCr: kind === photometric.yCbCr,
    notes: await extraSampleNotes(directory, samplesPerPixel, channels),
  };
  if (samplesPerPixel < channels)
    throw unsupportedImage(source.name, `a colour TIFF with ${samplesPerPixel} samples a pixel`);
  if (compression === tiffCompression.jpeg && type !== 'uint8')
    throw unsupportedImage(source.name, `a TIFF with ${type} samples in JPEG compression`);
  if (compression === tiffCompression.jpeg && samplesPerPixel !== channels)
    throw unsupportedImage(source.name, `a TIFF with ${samplesPerPixel} channels in JPEG compression`);
  switch (kind) {
    case photometric.minIsBlack:
    case photometric.rgb:
      return plain;
    case photometric.minIsWhite:
      return minIsWhite(plain, type);
    case photometric.palette:
      return readPalette(source, directory, plain, type);
    case photometric.yCbCr:
      if (compression === tiffCompression.jpeg) return plain;
      throw unsupportedImage(source.name, 'a YCbCr TIFF without JPEG compression');
    default:
      throw unsupportedImage(
        source.name,
        `a TIFF with ${refusedPhotometrics.get(kind) ?? `photometric ${kind}`} pixels`,
      );
  }
}

async function extraSampleNotes(
  directory: TiffDirectory,
  samplesPerPixel: number,
  channels: number,
): Promise<readonly string[]> {
  const extra = samplesPerPixel - channels;
  if (extra <= 0) return [];
  const kinds = await directory.numbers(tiffTag.extraSamples);
  const isAlpha = kinds !== null && (kinds[0] === 1 || kinds[0] === 2);
  if (isAlpha && extra === 1) return ['The alpha channel is ignored.'];
  return [`Only the first ${channels === 1 ? 'channel' : `${channels} channels`} of ${samplesPerPixel} are read.`];
}

function minIsWhite(plain: Colour, type: StoredType): Colour {
  if (type === 'uint8' || type === 'uint16')
    return { ...plain, mapping: { kind: 'inverted' }, notes: [...plain.notes, 'MinIsWhite: shown inverted.'] };
  return { ...plain, notes: [...plain.notes, `MinIsWhite with ${type} samples: shown as stored.`] };
}

async function readPalette(
  source: ByteSource,
  directory: TiffDirectory,
  plain: Colour,
  type: StoredType,
): Promise<Colour> {
  const map = await directory.numbers(tiffTag.colorMap);
  if (type !== 'uint8' || map === null || map.length !== 3 * 256)
    throw unsupportedImage(source.name, `a palette TIFF with ${type} indices or without a whole colour map`);
  // 16-bit entries; some writers store 8-bit values there.
  const scale = map.every((value) => value < 256) ? 1 : 1 / 256;
  const tables = [0, 1, 2].map((c) =>
    Uint8Array.from(map.subarray(c * 256, c * 256 + 256), (v) => Math.floor(v * scale)),
  );
  const isGrey = tables[0].every((value, i) => value === tables[1][i] && value === tables[2][i]);
  return isGrey
    ? {
        ...plain,
        mapping: { kind: 'palette', tables: [tables[0]] },
        notes: [...plain.notes, 'Grey palette: expanded.'],
      }
    : {
        ...plain,
        channels: 3,
        mapping: { kind: 'palette', tables },
        notes: [...plain.notes, 'Colour palette: expanded to RGB.'],
      };
}

async function readPredictor(
  source: ByteSource,
  directory: TiffDirectory,
  compression: number,
  type: StoredType,
): Promise<number> {
  const predictor = await directory.number(tiffTag.predictor, 1);
  const isPredictable =
    compression !== tiffCompression.none &&
    compression !== tiffCompression.packBits &&
    compression !== tiffCompression.jpeg;
  if (!isPredictable || predictor === 1) return 1;
  const isFloat = type === 'float32' || type === 'float64';
  const isKnown = (predictor === 2 && storedBytes[type] <= 4) || (predictor === 3 && isFloat);
  if (!isKnown) throw unsupportedImage(source.name, `a TIFF with predictor ${predictor} on ${type} samples`);
  return predictor;
}

type Segments = Pick<
  TiffPage,
  'isTiled' | 'segmentWidth' | 'segmentHeight' | 'segmentsAcross' | 'segmentsDown' | 'offsets' | 'byteCounts'
>;

async function readSegments(
  source: ByteSource,
  directory: TiffDirectory,
  size: Size,
  planes: number,
): Promise<Segments> {
  const isTiled = directory.has(tiffTag.tileWidth);
  const rows = await directory.number(tiffTag.rowsPerStrip, size.height);
  const segmentWidth = isTiled ? await directory.number(tiffTag.tileWidth, 0) : size.width;
  const segmentHeight = isTiled ? await directory.number(tiffTag.tileLength, 0) : Math.min(rows, size.height);
  const isSane = [segmentWidth, segmentHeight].every((side) => Number.isInteger(side) && side > 0 && side <= maxSidePx);
  if (!isSane) throw corruptImage(source.name, `its TIFF header claims tiles of ${segmentWidth} × ${segmentHeight}`);
  const segmentsAcross = Math.ceil(size.width / segmentWidth);
  const segmentsDown = Math.ceil(size.height / segmentHeight);
  const count = segmentsAcross * segmentsDown * planes;
  if (count > maxSegments) throw corruptImage(source.name, `its TIFF header claims ${count} tiles`);
  const offsets =
    (await directory.numbers(isTiled ? tiffTag.tileOffsets : tiffTag.stripOffsets)) ??
    (await directory.numbers(tiffTag.stripOffsets));
  if (offsets === null || offsets.length < count)
    throw truncatedFile(
      source.name,
      `it lists ${offsets?.length ?? 0} of its ${count} ${isTiled ? 'tiles' : 'strips'}`,
    );
  const counts = await directory.numbers(isTiled ? tiffTag.tileByteCounts : tiffTag.stripByteCounts);
  const used = offsets.subarray(0, count);
  const byteCounts =
    counts !== null && counts.length >= count ? counts.subarray(0, count) : guessByteCounts(source, used);
  return { isTiled, segmentWidth, segmentHeight, segmentsAcross, segmentsDown, offsets: used, byteCounts };
}

/** Without StripByteCounts a strip reaches to the next one in the file, or to the end of it. */
function guessByteCounts(source: ByteSource, offsets: Float64Array): Float64Array {
  const sorted = Float64Array.from(offsets).sort();
  return offsets.map((offset) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] <= offset) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, (low < sorted.length ? sorted[low] : source.size) - offset);
  });
}

/** Rows of pixels in segment row `down`: strips end with the image, tiles are padded. */
export function rowsInSegment(page: TiffPage, down: number): number {
  return page.isTiled ? page.segmentHeight : Math.min(page.segmentHeight, page.size.height - down * page.segmentHeight);
}

/** Bytes of one row of a decoded segment. */
export function segmentRowBytes(page: TiffPage): number {
  return page.segmentWidth * (page.isChunky ? page.samplesPerPixel : 1) * storedBytes[page.storedType];
}

function checkSegmentsInFile(source: ByteSource, page: TiffPage): void {
  const { offsets, byteCounts, segmentsAcross, segmentsDown } = page;
  const word = page.isTiled ? 'tile' : 'strip';
  for (let i = 0; i < offsets.length; i++) {
    if (!Number.isInteger(offsets[i]) || !Number.isInteger(byteCounts[i]) || offsets[i] < 0 || byteCounts[i] < 0)
      throw corruptImage(source.name, `${word} ${i + 1} is said to be ${byteCounts[i]} bytes at byte ${offsets[i]}`);
    if (byteCounts[i] === 0 || offsets[i] === 0)
      throw truncatedFile(source.name, `${word} ${i + 1} of ${offsets.length} was never written (an interrupted save)`);
    const down = Math.floor(i / segmentsAcross) % segmentsDown;
    const whole = rowsInSegment(page, down) * segmentRowBytes(page);
    // Some writers count the last strip as if it were full.
    const needed = page.compression === tiffCompression.none ? Math.min(byteCounts[i], whole) : byteCounts[i];
    if (page.compression === tiffCompression.none && byteCounts[i] < whole)
      throw truncatedFile(source.name, `${word} ${i + 1} has ${byteCounts[i]} of ${whole} bytes`);
    if (offsets[i] + needed > source.size)
      throw truncatedFile(
        source.name,
        `the file ends at byte ${source.size}, inside or before ${word} ${i + 1} of ${offsets.length}`,
      );
    if (page.compression !== tiffCompression.none) checkGrowth(source, page, `${word} ${i + 1}`, whole, byteCounts[i]);
  }
}

/** Most bytes that a byte can become. LZW: a code of 12 bits says at most 3839 bytes. @see TIFF 6.0, sections 9 and 13 */
const mostGrowth: ReadonlyMap<number, number> = new Map<number, number>([
  [tiffCompression.lzw, 2600],
  [tiffCompression.packBits, 64],
  [tiffCompression.deflate, 1032],
  [tiffCompression.deflateOld, 1032],
]);

/** Refuses what cannot be, before memory is asked for: more pixels than the bytes can hold, and bombs. */
function checkGrowth(source: ByteSource, page: TiffPage, segment: string, whole: number, stored: number): void {
  const most = (mostGrowth.get(page.compression) ?? Infinity) * (stored + 16);
  if (whole > most) throw truncatedFile(source.name, `${segment} has ${stored} bytes, which cannot hold ${whole}`);
  if (whole > maxSegmentBytes || (whole > bombFromBytes && whole > stored * maxGrowth))
    throw tooLarge(
      source.name,
      `${segment} is said to hold ${whole} bytes, packed into ${stored}`,
      'Save the image in tiles, or in strips of a few rows',
    );
}
