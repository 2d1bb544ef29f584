import { StitchError } from '../core/errors.ts';
import type { Size } from '../core/geometry/rect.ts';
import type { CoveredImage } from '../core/mosaic/pyramid-stream.ts';
import type { RunContext } from '../core/progress.ts';
import type { Raster, SampleType } from '../core/raster/raster.ts';
import { crc32 } from './crc32.ts';
import type { RandomAccessSink } from './image-file.ts';
import { abortingOnFailure } from './mosaic-writer.ts';
import type { MosaicWriter } from './mosaic-writer.ts';
import { mosaicPicture } from './pyramid-source.ts';
import type { MosaicPicture } from './pyramid-source.ts';
import { softwareName } from './software.ts';

/** Programs hold a PNG whole in memory: above this (16,384²) a format with tiles is the right one. */
const maxPngPixels = 2 ** 28;
/** Rows composed at a time. */
const bandRows = 256;
const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Each sample minus the one on its left: `Sub` of the specification. */
const subFilter = 1;

interface PngImage {
  readonly size: Size;
  readonly channels: 1 | 3;
  readonly sampleType: 'uint8' | 'uint16';
  readonly pixelSizeNm: number | null;
}

/**
 * Writes a mosaic as one PNG, 8 or 16 bits, band by band.
 * @see PNG specification, third edition (W3C, 2025)
 */
export const mosaicPngWriter: MosaicWriter = {
  write: (target, mosaic, options, reader, context) =>
    abortingOnFailure(target.sink, async () => {
      if (target.kind === 'folder') throw new StitchError('bad-options', 'PNG is one file; name a file.');
      refuseLarge(options.region);
      const picture = await mosaicPicture(mosaic, options, reader, context);
      const { size, channels, sampleType } = picture;
      const image = { size, channels, sampleType: pngType(sampleType), pixelSizeNm: mosaic.pixelSizeNm };
      const bytes = await writePng(target.sink, image, picture, context);
      return { bytes, kind: 'PNG', levels: 1, size, change: picture.change, damaged: picture.damaged() };
    }),
};

function refuseLarge({ width, height }: Size): void {
  if (width * height <= maxPngPixels) return;
  throw new StitchError(
    'too-large',
    `${width} × ${height} px are too many for a PNG, which programs hold whole in memory (limit ${maxPngPixels} px, ` +
      '16,384²). Export OME-TIFF, OME-Zarr or DZI, or a region.',
  );
}

function pngType(type: SampleType): 'uint8' | 'uint16' {
  if (type === 'uint8' || type === 'uint16') return type;
  throw new StitchError('bad-options', `PNG cannot hold ${type} samples. Choose 8 or 16 bits, or another format.`);
}

async function writePng(
  sink: RandomAccessSink,
  image: PngImage,
  picture: MosaicPicture,
  context: RunContext,
): Promise<number> {
  let end = 0;
  const append = async (bytes: Uint8Array): Promise<void> => {
    await sink.writeAt(end, bytes);
    end += bytes.length;
  };
  await append(headOf(image));
  const pixels = pixelStream(append);
  try {
    const { width, height } = image.size;
    for (let y = 0; y < height; y += bandRows) {
      context.signal.throwIfAborted();
      const rows = Math.min(bandRows, height - y);
      const band = await picture.compose({ x: 0, y, width, height: rows });
      await pixels.write(filteredRows(band, image));
      context.onProgress({ stage: 'export', done: y + rows, total: height });
      await context.yieldNow();
    }
    await pixels.finish();
  } catch (error) {
    pixels.stop(error);
    throw error;
  }
  await append(chunk('IEND', new Uint8Array(0)));
  await sink.truncate(end);
  context.signal.throwIfAborted();
  await sink.commit();
  return end;
}

interface PixelStream {
  write(rows: Uint8Array<ArrayBuffer>): Promise<void>;
  finish(): Promise<void>;
  /** Gives the stream up; nothing waits for it any more. */
  stop(error: unknown): void;
}

/** Compresses rows into IDAT chunks, which `append` takes one after the other. */
function pixelStream(append: (bytes: Uint8Array) => Promise<void>): PixelStream {
  const stream = new CompressionStream('deflate');
  const writer = stream.writable.getWriter();
  let failure: { readonly error: unknown } | null = null;
  const drain = async (): Promise<void> => {
    const reader = stream.readable.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (failure !== null) continue; // Read on: a stream that nobody empties would never take the next rows.
      await append(chunk('IDAT', value)).catch((error: unknown) => {
        failure = { error };
      });
    }
  };
  const drained = drain();
  // A broken stream fails on both sides; the writing side reports it.
  drained.catch(() => undefined);
  const check = (): void => {
    if (failure !== null) throw failure.error;
  };
  return {
    async write(rows) {
      await writer.write(rows);
      check();
    },
    async finish() {
      await writer.close();
      await drained;
      check();
    },
    stop(error) {
      writer.abort(error).catch(() => undefined);
    },
  };
}

/**
 * A small picture as a PNG file.
 * @throws StitchError `bad-options` for samples that PNG cannot hold
 */
export async function encodePng(channels: readonly Raster[], sampleType: SampleType): Promise<Uint8Array> {
  const { width, height } = channels[0];
  const count = channels.length === 3 ? 3 : 1;
  const image: PngImage = {
    size: { width, height },
    channels: count,
    sampleType: pngType(sampleType),
    pixelSizeNm: null,
  };
  const parts: Uint8Array[] = [headOf(image)];
  const pixels = pixelStream(async (part) => void parts.push(part));
  await pixels.write(filteredRows({ channels }, image));
  await pixels.finish();
  parts.push(chunk('IEND', new Uint8Array(0)));
  return concatenate(parts);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function headOf({ size, channels, sampleType, pixelSizeNm }: PngImage): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, size.width);
  view.setUint32(4, size.height);
  header[8] = sampleType === 'uint8' ? 8 : 16;
  header[9] = channels === 3 ? 2 : 0;
  const text = new TextEncoder().encode(`Software\0${softwareName}`);
  const physical = pixelSizeNm === null ? [] : [chunk('pHYs', physicalSize(pixelSizeNm))];
  return concatenate([signature, chunk('IHDR', header), ...physical, chunk('tEXt', text)]);
}

/** Pixels per metre, to the nearest whole number. */
function physicalSize(pixelSizeNm: number): Uint8Array {
  const perMetre = Math.min(2 ** 31 - 1, Math.max(1, Math.round(1e9 / pixelSizeNm)));
  const bytes = new Uint8Array(9);
  new DataView(bytes.buffer).setUint32(0, perMetre);
  new DataView(bytes.buffer).setUint32(4, perMetre);
  bytes[8] = 1;
  return bytes;
}

function chunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, 8 + content.length)));
  return bytes;
}

/** Rows of big-endian samples, each behind its filter byte. */
function filteredRows(band: Pick<CoveredImage, 'channels'>, image: PngImage): Uint8Array<ArrayBuffer> {
  const { channels, sampleType } = image;
  const { width, height } = band.channels[0];
  const sampleBytes = sampleType === 'uint8' ? 1 : 2;
  const step = channels * sampleBytes;
  const rowBytes = 1 + width * step;
  const out = new Uint8Array(rowBytes * height);
  for (let j = 0; j < height; j++) {
    out[j * rowBytes] = subFilter;
    for (let c = 0; c < channels; c++) {
      const { data } = band.channels[c];
      let left = 0;
      for (let i = 0; i < width; i++) {
        const value = data[j * width + i];
        const at = j * rowBytes + 1 + i * step + c * sampleBytes;
        // The filter works on bytes, each of a 16-bit sample for itself.
        if (sampleBytes === 1) out[at] = value - left;
        else {
          out[at] = (value >> 8) - (left >> 8);
          out[at + 1] = (value & 255) - (left & 255);
        }
        left = value;
      }
    }
  }
  return out;
}
