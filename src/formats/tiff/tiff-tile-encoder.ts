import type { Rect } from '../../core/geometry/rect.ts';
import { allocateSamples, bytesPerSample, sampleTypeOf } from '../../core/raster/raster.ts';
import type { Raster, Samples, SampleType } from '../../core/raster/raster.ts';
import { deflate } from './deflate.ts';
import { applyFloatPredictor, applyHorizontalDifference } from './predictor.ts';

/** How the tiles of a TIFF are laid out and compressed; chunky samples. */
export interface TiffTileFormat {
  readonly channels: 1 | 3;
  readonly sampleType: SampleType;
  /** Side of a tile. */
  readonly tileSize: number;
  readonly isDeflated: boolean;
  readonly predictor: 1 | 2 | 3;
}

/**
 * The bytes of one tile; those of a smaller edge tile are padded.
 * @param rect the tile's pixels, for the message
 * @throws RangeError when the rasters are not the tile's: a programmer's error
 */
export async function encodeTiffTile(
  format: TiffTileFormat,
  rect: Rect,
  rasters: readonly Raster[],
): Promise<Uint8Array> {
  const { channels, sampleType, tileSize } = format;
  checkRasters(format, rect, rasters);
  const samples = padTile(rasters, format);
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  const rowSamples = tileSize * channels;
  if (!format.isDeflated) return bytes;
  if (format.predictor === 3)
    return deflate(applyFloatPredictor(bytes, rowSamples, channels, bytesPerSample[sampleType]));
  if (format.predictor === 2) {
    const unsigned = samples instanceof Uint8Array ? samples : new Uint16Array(samples.buffer);
    applyHorizontalDifference(unsigned, rowSamples, channels);
  }
  return deflate(bytes);
}

function checkRasters({ channels, sampleType }: TiffTileFormat, rect: Rect, rasters: readonly Raster[]): void {
  const isRight = rasters.every(
    ({ data, width, height }) =>
      width === rect.width &&
      height === rect.height &&
      data.length === width * height &&
      sampleTypeOf(data) === sampleType,
  );
  if (rasters.length !== channels || !isRight)
    throw new RangeError(`tile ${rect.x},${rect.y}: not ${channels} ${sampleType} rasters of its size`);
}

/** Interleaved samples of a whole tile; edge tiles repeat their last column and row, which compresses to nothing. */
function padTile(rasters: readonly Raster[], { channels, sampleType, tileSize }: TiffTileFormat): Samples {
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
