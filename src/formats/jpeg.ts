import type { Raster } from '../core/raster/raster.ts';
import { readExactly, withBlockCache } from './byte-source.ts';
import { decodedImage } from './decoded-image.ts';
import { corruptImage, truncatedFile, unsupportedImage } from './format-errors.ts';
import type { ByteSource, ImageFile, ImageInfo } from './image-file.ts';
import { decodeJpeg, JpegLimit } from './jpeg-decode.ts';
import { maxJpegSegments } from './limits.ts';

interface JpegFrame {
  readonly width: number;
  readonly height: number;
  readonly components: number;
}

/** Frame kinds that are decoded: baseline, extended sequential, progressive (all Huffman). */
const decodedFrames: readonly number[] = [0xc0, 0xc1, 0xc2];
const refusedFrames: ReadonlyMap<number, string> = new Map([
  [0xc3, 'lossless'],
  [0xc5, 'hierarchical'],
  [0xc6, 'hierarchical'],
  [0xc7, 'hierarchical lossless'],
  [0xc9, 'arithmetic-coded'],
  [0xca, 'arithmetic-coded'],
  [0xcb, 'arithmetic-coded lossless'],
  [0xf7, 'JPEG-LS'],
]);

/**
 * Opens a JPEG: headers only; pixels are decoded whole.
 * @throws StitchError `truncated-file`, `unsupported-image`, `unreadable-file`
 * @see ITU-T T.81, annex B
 */
export async function openJpeg(source: ByteSource): Promise<ImageFile> {
  const frame = await readFrame(withBlockCache(source));
  if (frame.components !== 1 && frame.components !== 3)
    throw unsupportedImage(source.name, `a JPEG with ${frame.components} channels (CMYK)`);
  const info: ImageInfo = {
    size: { width: frame.width, height: frame.height },
    channels: frame.components,
    sampleType: 'uint8',
    pixelSizeNm: null,
    stagePx: null,
    notes: [],
  };
  return decodedImage(source.name, 'jpeg', info, async () => decodePixels(source, frame));
}

/** Walks the markers to the frame header. */
async function readFrame(source: ByteSource): Promise<JpegFrame> {
  let steps = 0;
  for (let at = 2; ;) {
    if (++steps > maxJpegSegments) throw corruptImage(source.name, 'it has no JPEG frame header');
    const head = await readExactly(source, at, 4, 'JPEG frame header');
    if (head[0] !== 0xff) throw corruptImage(source.name, `byte ${at} is no JPEG marker`);
    const marker = head[1];
    if (marker === 0xff) {
      at++;
      continue;
    }
    const length = (head[2] << 8) | head[3];
    const refused = refusedFrames.get(marker);
    if (refused !== undefined) throw unsupportedImage(source.name, `a ${refused} JPEG`);
    if (decodedFrames.includes(marker))
      return parseFrame(source.name, await readExactly(source, at + 4, 6, 'JPEG frame'));
    if (marker === 0xd9 || marker === 0xda || length < 2)
      throw corruptImage(source.name, 'it has no JPEG frame header');
    at += 2 + length;
  }
}

function parseFrame(file: string, bytes: Uint8Array): JpegFrame {
  const [precision, components] = [bytes[0], bytes[5]];
  const height = (bytes[1] << 8) | bytes[2];
  const width = (bytes[3] << 8) | bytes[4];
  if (precision !== 8) throw unsupportedImage(file, `a JPEG of ${precision} bits`);
  if (width === 0 || height === 0) throw corruptImage(file, `its JPEG header claims ${width} × ${height} pixels`);
  return { width, height, components };
}

async function decodePixels(source: ByteSource, frame: JpegFrame): Promise<readonly Raster[]> {
  const bytes = await readExactly(source, 0, source.size, 'JPEG data');
  const { width, height } = frame;
  const data = decodeOrThrow(source.name, bytes, frame);
  return Array.from({ length: frame.components }, (_, c) => {
    const channel = new Uint8Array(width * height);
    for (let i = 0; i < channel.length; i++) channel[i] = data[3 * i + c];
    return { data: channel, width, height };
  });
}

function decodeOrThrow(file: string, bytes: Uint8Array, { width, height }: JpegFrame): Uint8Array {
  try {
    const image = decodeJpeg(bytes, null);
    if (image.width !== width || image.height !== height)
      throw new Error(`a second header claims ${image.width} × ${image.height} pixels`);
    return image.data;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    if (cause instanceof JpegLimit) throw unsupportedImage(file, `a JPEG too large to decode here (${why})`);
    throw truncatedFile(file, `its JPEG data end early or are damaged (${why})`, cause);
  }
}
