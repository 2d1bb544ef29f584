import { StitchError } from '../../core/errors.ts';
import type { Rect, Size } from '../../core/geometry/rect.ts';
import type { RunContext } from '../../core/progress.ts';
import { bytesPerSample } from '../../core/raster/raster.ts';
import type { Raster, SampleType } from '../../core/raster/raster.ts';
import type { RandomAccessSink } from '../image-file.ts';
import { orderedWrites } from '../ordered-writes.ts';
import { encodeDirectory, encodeHeader, headerBytes } from './tiff-directory-writer.ts';
import type { TiffField } from './tiff-directory-writer.ts';
import { photometric, tiffCompression, tiffTag } from './tiff-tags.ts';
import { encodeTiffTile } from './tiff-tile-encoder.ts';
import type { TiffTileFormat } from './tiff-tile-encoder.ts';

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
  /** Tiles of all levels. */
  readonly tiles: number;
}

/** What is decided about a file before its first byte. */
export interface TiffPlan extends TiffTileFormat {
  readonly image: TiledTiffImage;
  readonly bigTiff: boolean;
  /** Full resolution first. */
  readonly levels: readonly TiffLevel[];
}

/** One level of an image, cut into tiles row by row. */
export interface TiffLevel {
  readonly size: Size;
  readonly columns: number;
  readonly rows: number;
}

/** A TIFF that grows by tiles, in any order. */
export interface TiffFile {
  /**
   * Appends a tile; resolves when there is room for another. `rasters` are the pixels of `rect`, level px.
   * @throws what the sink throws
   */
  put(level: number, rect: Rect, rasters: readonly Raster[]): Promise<void>;
  /** Writes the rest, the directories and, last, the header, and commits. */
  finish(): Promise<TiledTiffReport>;
}

/** Tiles compressed while the next one is composed. */
const tilesInFlight = 4;
const nmPerCm = 1e7;
const maxUint32 = 2 ** 32 - 1;
const reducedImage = 1;

/**
 * Decides layout, compression and classic or BigTIFF, from the size of all levels without compression.
 * @throws StitchError `bad-options`
 */
export function planTiff(image: TiledTiffImage, sizes: readonly Size[], options: TiledTiffOptions): TiffPlan {
  const { width, height } = image.size;
  const tileSize = options.tileSize ?? 512;
  if (![width, height].every((side) => Number.isInteger(side) && side >= 1 && side < 2 ** 31))
    throw new StitchError('bad-options', `An image of ${width} × ${height} pixels cannot be written.`);
  if (!Number.isInteger(tileSize) || tileSize < 16 || tileSize % 16 !== 0)
    throw new StitchError('bad-options', `The tile size must be a multiple of 16, not ${tileSize}.`);
  const levels = sizes.map((size) => ({
    size,
    columns: Math.ceil(size.width / tileSize),
    rows: Math.ceil(size.height / tileSize),
  }));
  const tiles = levels.reduce((sum, { columns, rows }) => sum + columns * rows, 0);
  const tileBytes = tileSize * tileSize * image.channels * bytesPerSample[image.sampleType];
  const isDeflated = (options.compression ?? 'deflate') === 'deflate';
  const isPredicted = isDeflated && (options.predictor ?? true);
  return {
    image,
    channels: image.channels,
    sampleType: image.sampleType,
    tileSize,
    isDeflated,
    predictor: isPredicted ? (image.sampleType === 'float32' ? 3 : 2) : 1,
    bigTiff: options.bigTiff === 'always' || largestFile(tiles, tileBytes, image) > maxUint32,
    levels,
  };
}

/** An upper bound of the file: deflate grows incompressible data by 5 bytes per 16 KiB and a little. */
function largestFile(tiles: number, tileBytes: number, image: TiledTiffImage): number {
  const largestTile = tileBytes + Math.ceil(tileBytes / 16384) * 5 + 64;
  const text = 4 * ((image.description?.length ?? 0) + image.software.length);
  return tiles * (largestTile + 16) + text + 65536;
}

interface EncodedTile {
  readonly level: number;
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Opens an empty file. Nothing points to its tiles before `finish`, so that an interrupted file never looks whole. */
export function tiffFile(sink: RandomAccessSink, plan: TiffPlan, context: RunContext): TiffFile {
  const tables = plan.levels.map(({ columns, rows }) => ({
    offsets: new Float64Array(columns * rows),
    byteCounts: new Float64Array(columns * rows),
  }));
  const total = tables.reduce((sum, { offsets }) => sum + offsets.length, 0);
  let end = headerBytes(plan.bigTiff);
  let done = 0;
  const writes = orderedWrites<EncodedTile>(tilesInFlight, async ({ level, index, bytes }) => {
    context.signal.throwIfAborted();
    tables[level].offsets[index] = end;
    tables[level].byteCounts[index] = bytes.length;
    await sink.writeAt(end, bytes);
    end += bytes.length;
    done++;
    context.onProgress({ stage: 'export', done, total });
  });
  const writeDirectory = async (fields: readonly TiffField[]): Promise<number> => {
    const at = end + (end % 2);
    const directory = encodeDirectory(fields, at, plan.bigTiff);
    await sink.writeAt(at, directory);
    end = at + directory.length;
    return at;
  };
  return {
    put: (level, rect, rasters) => {
      const index = Math.floor(rect.y / plan.tileSize) * plan.levels[level].columns + rect.x / plan.tileSize;
      return writes.push(encodeTiffTile(plan, rect, rasters).then((bytes) => ({ level, index, bytes })));
    },
    async finish() {
      await writes.drain();
      if (done !== total) throw new RangeError(`${done} of ${total} tiles were given`);
      const subDirectories: number[] = [];
      for (let level = 1; level < tables.length; level++)
        subDirectories.push(await writeDirectory(levelFields(plan, level, tables[level])));
      const main = await writeDirectory([...levelFields(plan, 0, tables[0]), ...imageFields(plan, subDirectories)]);
      await sink.writeAt(0, encodeHeader(main, plan.bigTiff));
      await sink.truncate(end);
      context.signal.throwIfAborted();
      await sink.commit();
      return { bytes: end, bigTiff: plan.bigTiff, tiles: total };
    },
  };
}

interface TileTable {
  readonly offsets: Float64Array;
  readonly byteCounts: Float64Array;
}

/** What every level states of itself. */
function levelFields(plan: TiffPlan, level: number, table: TileTable): readonly TiffField[] {
  const { channels, sampleType, bigTiff, tileSize } = plan;
  const { size } = plan.levels[level];
  const sampleFormats: Readonly<Record<SampleType, number>> = { uint8: 1, uint16: 1, int16: 2, float32: 3 };
  const perChannel = (value: number): number[] => Array.from({ length: channels }, () => value);
  const offsetType = bigTiff ? 'long8' : 'long';
  const compression = plan.isDeflated ? tiffCompression.deflate : tiffCompression.none;
  const fields: TiffField[] = [
    { tag: tiffTag.newSubfileType, type: 'long', values: [level === 0 ? 0 : reducedImage] },
    { tag: tiffTag.imageWidth, type: 'long', values: [size.width] },
    { tag: tiffTag.imageLength, type: 'long', values: [size.height] },
    { tag: tiffTag.bitsPerSample, type: 'short', values: perChannel(8 * bytesPerSample[sampleType]) },
    { tag: tiffTag.compression, type: 'short', values: [compression] },
    { tag: tiffTag.photometric, type: 'short', values: [channels === 3 ? photometric.rgb : photometric.minIsBlack] },
    { tag: tiffTag.samplesPerPixel, type: 'short', values: [channels] },
    { tag: tiffTag.planarConfiguration, type: 'short', values: [1] },
    { tag: tiffTag.tileWidth, type: 'long', values: [tileSize] },
    { tag: tiffTag.tileLength, type: 'long', values: [tileSize] },
    { tag: tiffTag.tileOffsets, type: offsetType, values: table.offsets },
    { tag: tiffTag.tileByteCounts, type: offsetType, values: table.byteCounts },
    { tag: tiffTag.sampleFormat, type: 'short', values: perChannel(sampleFormats[sampleType]) },
  ];
  if (plan.predictor !== 1) fields.push({ tag: tiffTag.predictor, type: 'short', values: [plan.predictor] });
  const { pixelSizeNm } = plan.image;
  if (pixelSizeNm !== null) fields.push(...resolutionFields(pixelSizeNm * 2 ** level));
  return fields;
}

/** What only the full-resolution image states. @see OME-TIFF 6.0, sub-resolutions: offsets in SubIFDs, largest first */
function imageFields({ image, bigTiff }: TiffPlan, subDirectories: readonly number[]): readonly TiffField[] {
  const fields: TiffField[] = [{ tag: tiffTag.software, type: 'ascii', text: image.software }];
  if (image.description !== undefined)
    fields.push({ tag: tiffTag.imageDescription, type: 'ascii', text: image.description });
  if (subDirectories.length > 0)
    fields.push({ tag: tiffTag.subIfds, type: bigTiff ? 'long8' : 'long', values: subDirectories });
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
