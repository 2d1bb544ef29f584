import { StitchError } from '../../core/errors.ts';
import type { Rect, Size } from '../../core/geometry/rect.ts';
import type { RunContext } from '../../core/progress.ts';
import { allocateSamples, bytesPerSample, sampleTypeOf } from '../../core/raster/raster.ts';
import type { Raster, Samples, SampleType } from '../../core/raster/raster.ts';
import type { RandomAccessSink } from '../image-file.ts';
import { deflate } from './deflate.ts';
import { applyFloatPredictor, applyHorizontalDifference } from './predictor.ts';
import { encodeDirectory, encodeHeader, headerBytes } from './tiff-directory-writer.ts';
import type { TiffField } from './tiff-directory-writer.ts';
import { photometric, tiffCompression, tiffTag } from './tiff-tags.ts';

/** The image that is written; chunky, one or three channels. */
export interface TiledTiffImage {
  readonly size: Size;
  readonly channels: 1 | 3;
  readonly sampleType: SampleType;
  /** Goes into the resolution tags; null writes none. */
  readonly pixelSizeNm: number | null;
  readonly description?: string;
  readonly software: string;
}

export interface TiledTiffOptions {
  /** Side of a tile, a multiple of 16; 512 by default. */
  readonly tileSize?: number;
  /** `deflate` by default. */
  readonly compression?: 'deflate' | 'none';
  /** Horizontal differencing of integers, floating-point predictor of floats; on by default with `deflate`. */
  readonly predictor?: boolean;
  /** `auto` decides from the uncompressed bound. */
  readonly bigTiff?: 'auto' | 'always';
}

export interface TiledTiffReport {
  readonly bytes: number;
  readonly bigTiff: boolean;
  readonly tiles: number;
}

/** Samples of a rectangle that lies within the image, one raster a channel, in the image's sample type. */
export type ReadTile = (rect: Rect) => Promise<readonly Raster[]>;

interface Plan {
  readonly image: TiledTiffImage;
  readonly tileSize: number;
  readonly isDeflated: boolean;
  readonly predictor: 1 | 2 | 3;
  readonly bigTiff: boolean;
  readonly rects: readonly Rect[];
}

/** Tiles compressed while the next one is composed. */
const tilesInFlight = 4;
const nmPerCm = 1e7;
const maxUint32 = 2 ** 32 - 1;

/**
 * Streams an image as a tiled TIFF: tiles in row order, then the directory, then the header that points to it, so that
 * an interrupted file never looks whole. Memory is bounded by a few tiles. Same pixels, same decoded pixels everywhere;
 * the compressed bytes are the platform's.
 *
 * Classic or BigTIFF is decided before the first byte, from the size without compression.
 * @throws StitchError `bad-options`, `write-failed`; whatever `readTile` throws; an abort is rethrown. The sink is
 *   aborted in each case.
 * @see TIFF 6.0, sections 8, 14, 15; BigTIFF, https://libtiff.gitlab.io/libtiff/specification/bigtiff.html
 */
export async function writeTiledTiff(
  sink: RandomAccessSink,
  image: TiledTiffImage,
  readTile: ReadTile,
  options: TiledTiffOptions,
  context: RunContext,
): Promise<TiledTiffReport> {
  try {
    const plan = planTiff(image, options);
    const { offsets, byteCounts, end } = await writeTiles(sink, plan, readTile, context);
    const directoryAt = end + (end % 2);
    const directory = encodeDirectory(fieldsOf(plan, offsets, byteCounts), directoryAt, plan.bigTiff);
    await sink.writeAt(directoryAt, directory);
    await sink.writeAt(0, encodeHeader(directoryAt, plan.bigTiff));
    const bytes = directoryAt + directory.length;
    await sink.truncate(bytes);
    context.signal.throwIfAborted();
    await sink.commit();
    return { bytes, bigTiff: plan.bigTiff, tiles: plan.rects.length };
  } catch (error) {
    // The first failure is the one to tell; a sink that cannot even be aborted adds nothing to it.
    await sink.abort().catch(() => undefined);
    throw error;
  }
}

function planTiff(image: TiledTiffImage, options: TiledTiffOptions): Plan {
  const { width, height } = image.size;
  const tileSize = options.tileSize ?? 512;
  if (![width, height].every((side) => Number.isInteger(side) && side >= 1 && side < 2 ** 31))
    throw new StitchError('bad-options', `An image of ${width} × ${height} pixels cannot be written.`);
  if (!Number.isInteger(tileSize) || tileSize < 16 || tileSize % 16 !== 0)
    throw new StitchError('bad-options', `The tile size must be a multiple of 16, not ${tileSize}.`);
  const rects = tileRects(image.size, tileSize);
  const tileBytes = tileSize * tileSize * image.channels * bytesPerSample[image.sampleType];
  const isDeflated = (options.compression ?? 'deflate') === 'deflate';
  const isPredicted = isDeflated && (options.predictor ?? true);
  return {
    image,
    tileSize,
    isDeflated,
    predictor: isPredicted ? (image.sampleType === 'float32' ? 3 : 2) : 1,
    bigTiff: options.bigTiff === 'always' || largestFile(rects.length, tileBytes, image) > maxUint32,
    rects,
  };
}

/** An upper bound of the file: deflate grows incompressible data by 5 bytes per 16 KiB and a little. */
function largestFile(tiles: number, tileBytes: number, image: TiledTiffImage): number {
  const largestTile = tileBytes + Math.ceil(tileBytes / 16384) * 5 + 64;
  const text = 4 * ((image.description?.length ?? 0) + image.software.length);
  return tiles * (largestTile + 16) + text + 65536;
}

function tileRects(size: Size, side: number): readonly Rect[] {
  const rects: Rect[] = [];
  for (let y = 0; y < size.height; y += side)
    for (let x = 0; x < size.width; x += side)
      rects.push({ x, y, width: Math.min(side, size.width - x), height: Math.min(side, size.height - y) });
  return rects;
}

interface WrittenTiles {
  readonly offsets: Float64Array;
  readonly byteCounts: Float64Array;
  readonly end: number;
}

async function writeTiles(
  sink: RandomAccessSink,
  plan: Plan,
  readTile: ReadTile,
  context: RunContext,
): Promise<WrittenTiles> {
  const total = plan.rects.length;
  const offsets = new Float64Array(total);
  const byteCounts = new Float64Array(total);
  const encoded: Promise<Uint8Array>[] = [];
  let end = headerBytes(plan.bigTiff);
  let done = 0;
  const writeNext = async (next: Promise<Uint8Array>): Promise<void> => {
    const bytes = await next;
    offsets[done] = end;
    byteCounts[done] = bytes.length;
    await sink.writeAt(end, bytes);
    end += bytes.length;
    done++;
    context.onProgress({ stage: 'export', done, total });
  };
  for (const rect of plan.rects) {
    context.signal.throwIfAborted();
    const encoding = encodeTile(plan, rect, await readTile(rect));
    // Awaited below in its turn; until then a failure must not count as unhandled.
    encoding.catch(() => undefined);
    encoded.push(encoding);
    if (encoded.length >= tilesInFlight) await writeNext(encoded.splice(0, 1)[0]);
    await context.yieldNow();
  }
  for (const rest of encoded) {
    context.signal.throwIfAborted();
    await writeNext(rest);
  }
  return { offsets, byteCounts, end };
}

async function encodeTile(plan: Plan, rect: Rect, rasters: readonly Raster[]): Promise<Uint8Array> {
  const { image, tileSize } = plan;
  checkRasters(image, rect, rasters);
  const samples = padTile(rasters, image, tileSize);
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  const rowSamples = tileSize * image.channels;
  if (!plan.isDeflated) return bytes;
  if (plan.predictor === 3)
    return deflate(applyFloatPredictor(bytes, rowSamples, image.channels, bytesPerSample[image.sampleType]));
  if (plan.predictor === 2) {
    const unsigned = samples instanceof Uint8Array ? samples : new Uint16Array(samples.buffer);
    applyHorizontalDifference(unsigned, rowSamples, image.channels);
  }
  return deflate(bytes);
}

function checkRasters(image: TiledTiffImage, rect: Rect, rasters: readonly Raster[]): void {
  const isRight = rasters.every(
    ({ data, width, height }) =>
      width === rect.width &&
      height === rect.height &&
      data.length === width * height &&
      sampleTypeOf(data) === image.sampleType,
  );
  if (rasters.length !== image.channels || !isRight)
    throw new RangeError(`tile ${rect.x},${rect.y}: not ${image.channels} ${image.sampleType} rasters of its size`);
}

/** Interleaved samples of a whole tile; edge tiles repeat their last column and row, which compresses to nothing. */
function padTile(rasters: readonly Raster[], image: TiledTiffImage, tileSize: number): Samples {
  const { channels, sampleType } = image;
  const rowSamples = tileSize * channels;
  const tile = allocateSamples(sampleType, rowSamples * tileSize);
  const { width, height } = rasters[0];
  for (let j = 0; j < height; j++) {
    const to = j * rowSamples;
    for (let c = 0; c < channels; c++) {
      const { data } = rasters[c];
      const from = j * width;
      if (channels === 1) tile.set(data.subarray(from, from + width), to);
      else for (let i = 0; i < width; i++) tile[to + i * channels + c] = data[from + i];
      const last = data[from + width - 1];
      for (let i = width; i < tileSize; i++) tile[to + i * channels + c] = last;
    }
  }
  const lastRow = (height - 1) * rowSamples;
  for (let j = height; j < tileSize; j++) tile.copyWithin(j * rowSamples, lastRow, lastRow + rowSamples);
  return tile;
}

function fieldsOf(plan: Plan, offsets: Float64Array, byteCounts: Float64Array): readonly TiffField[] {
  const { image, bigTiff, tileSize } = plan;
  const sampleFormats: Readonly<Record<SampleType, number>> = { uint8: 1, uint16: 1, int16: 2, float32: 3 };
  const perChannel = (value: number): number[] => Array.from({ length: image.channels }, () => value);
  const offsetType = bigTiff ? 'long8' : 'long';
  const fields: TiffField[] = [
    { tag: tiffTag.newSubfileType, type: 'long', values: [0] },
    { tag: tiffTag.imageWidth, type: 'long', values: [image.size.width] },
    { tag: tiffTag.imageLength, type: 'long', values: [image.size.height] },
    { tag: tiffTag.bitsPerSample, type: 'short', values: perChannel(8 * bytesPerSample[image.sampleType]) },
    {
      tag: tiffTag.compression,
      type: 'short',
      values: [plan.isDeflated ? tiffCompression.deflate : tiffCompression.none],
    },
    {
      tag: tiffTag.photometric,
      type: 'short',
      values: [image.channels === 3 ? photometric.rgb : photometric.minIsBlack],
    },
    { tag: tiffTag.samplesPerPixel, type: 'short', values: [image.channels] },
    { tag: tiffTag.planarConfiguration, type: 'short', values: [1] },
    { tag: tiffTag.software, type: 'ascii', text: image.software },
    { tag: tiffTag.tileWidth, type: 'long', values: [tileSize] },
    { tag: tiffTag.tileLength, type: 'long', values: [tileSize] },
    { tag: tiffTag.tileOffsets, type: offsetType, values: offsets },
    { tag: tiffTag.tileByteCounts, type: offsetType, values: byteCounts },
    { tag: tiffTag.sampleFormat, type: 'short', values: perChannel(sampleFormats[image.sampleType]) },
  ];
  if (plan.predictor !== 1) fields.push({ tag: tiffTag.predictor, type: 'short', values: [plan.predictor] });
  if (image.description !== undefined)
    fields.push({ tag: tiffTag.imageDescription, type: 'ascii', text: image.description });
  if (image.pixelSizeNm !== null) fields.push(...resolutionFields(image.pixelSizeNm));
  return fields;
}

/** Pixels per centimetre as a quotient of 32-bit integers, to ten digits. */
function resolutionFields(pixelSizeNm: number): readonly TiffField[] {
  if (!(pixelSizeNm > 0) || !Number.isFinite(pixelSizeNm))
    throw new StitchError('bad-options', `A pixel size of ${pixelSizeNm} nm cannot be written.`);
  const perCm = nmPerCm / pixelSizeNm;
  const denominator = 10 ** Math.max(0, Math.min(9, Math.floor(Math.log10(maxUint32 / perCm))));
  const numerator = Math.min(maxUint32, Math.max(1, Math.round(perCm * denominator)));
  return [
    { tag: tiffTag.xResolution, type: 'rational', values: [numerator, denominator] },
    { tag: tiffTag.yResolution, type: 'rational', values: [numerator, denominator] },
    { tag: tiffTag.resolutionUnit, type: 'short', values: [3] },
  ];
}
