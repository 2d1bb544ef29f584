import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StitchError } from '../../core/errors.ts';
import type { Rect } from '../../core/geometry/rect.ts';
import { silentContext } from '../../core/progress.ts';
import { cropRaster } from '../../core/raster/raster.ts';
import type { Raster, SampleType, Samples } from '../../core/raster/raster.ts';
import { byteSourceFromBytes } from '../byte-source.ts';
import type { ByteSource, ImageFile } from '../image-file.ts';
import { openImage } from '../index.ts';
import { encodeDirectory, encodeHeader } from './tiff-directory-writer.ts';
import type { TiffField } from './tiff-directory-writer.ts';
import { openTiff } from './tiff-reader.ts';
import { tiffTag } from './tiff-tags.ts';

/** Python with numpy and tifffile (Debian: python3-tifffile), the oracle from outside. */
const python = process.env.TIFF_PYTHON ?? '/usr/bin/python3';

/** A TIFF made by tifffile or libtiff and the pixels that must be read from it, or the words it is refused with. */
type TiffVariant =
  | {
      readonly name: string;
      readonly file: string;
      readonly raw: string;
      readonly dtype: SampleType;
      readonly channels: 1 | 3;
      readonly width: number;
      readonly height: number;
      readonly pages: number;
      readonly tolerance: number;
    }
  | { readonly name: string; readonly file: string; readonly refused: string };

/** Builds all variants; throws when python3-tifffile or libtiff-tools are missing: nothing is skipped. */
function buildTiffVariants(folder: string): readonly TiffVariant[] {
  const script = join(import.meta.dirname, '..', 'testing', 'tiff-variants.py');
  return JSON.parse(execFileSync(python, ['-W', 'ignore', script, folder], { encoding: 'utf8' })) as TiffVariant[];
}

/** Runs a Python program over `args` and returns what it prints. */
function runPython(program: string, ...args: readonly string[]): string {
  return execFileSync(python, ['-W', 'ignore', '-c', program, ...args], { encoding: 'utf8' });
}

/** A file as a source in memory. */
function sourceOfFile(folder: string, name: string): ByteSource {
  return byteSourceFromBytes(name, new Uint8Array(readFileSync(join(folder, name))));
}

/** A source that counts what is read from it. */
function countingSource(inner: ByteSource): ByteSource & { readonly bytesRead: () => number } {
  let bytes = 0;
  return {
    name: inner.name,
    size: inner.size,
    read: async (offset, length) => {
      const part = await inner.read(offset, length);
      bytes += part.length;
      return part;
    },
    bytesRead: () => bytes,
  };
}

const folder = mkdtempSync(join(tmpdir(), 'formats-'));
const variants = buildTiffVariants(folder);
const read = variants.filter((variant) => 'raw' in variant);
const refused = variants.filter((variant) => 'refused' in variant);
const { signal } = silentContext;

function typedArray(type: SampleType, buffer: ArrayBuffer): Samples {
  switch (type) {
    case 'uint8':
      return new Uint8Array(buffer);
    case 'uint16':
      return new Uint16Array(buffer);
    case 'int16':
      return new Int16Array(buffer);
    case 'float32':
      return new Float32Array(buffer);
  }
}

function expectEqual(got: Raster, want: Raster, tolerance: number): void {
  expect(got.data.constructor).toBe(want.data.constructor);
  expect([got.width, got.height, got.data.length]).toEqual([want.width, want.height, want.data.length]);
  let worst = 0;
  for (let i = 0; i < want.data.length; i++) worst = Math.max(worst, Math.abs(got.data[i] - want.data[i]));
  expect(worst).toBeLessThanOrEqual(tolerance);
}

/** 8192 × 8192 16-bit samples in one uncompressed strip, made up as they are read: sample n is n mod 65521. */
function largeStrip(): ByteSource {
  const side = 8192;
  const fields: readonly TiffField[] = [
    { tag: tiffTag.imageWidth, type: 'long', values: [side] },
    { tag: tiffTag.imageLength, type: 'long', values: [side] },
    { tag: tiffTag.bitsPerSample, type: 'short', values: [16] },
    { tag: tiffTag.stripOffsets, type: 'long', values: [4096] },
    { tag: tiffTag.rowsPerStrip, type: 'long', values: [side] },
    { tag: tiffTag.stripByteCounts, type: 'long', values: [side * side * 2] },
  ];
  const head = new Uint8Array(4096);
  head.set(encodeHeader(8, false));
  head.set(encodeDirectory(fields, 8, false), 8);
  const byteAt = (at: number): number => {
    const sample = Math.floor((at - 4096) / 2) % 65521;
    return at < 4096 ? head[at] : at % 2 === 0 ? sample & 255 : sample >> 8;
  };
  const size = 4096 + side * side * 2;
  return {
    name: 'large.tif',
    size,
    read: async (offset, length) =>
      Uint8Array.from({ length: Math.min(length, size - offset) }, (_, i) => byteAt(offset + i)),
  };
}

async function firstError(source: ByteSource): Promise<unknown> {
  try {
    const image = await openImage(source);
    await image.readRegion(0, undefined, signal);
    return null;
  } catch (error) {
    return error;
  }
}

describe('reading TIFF variants written by libtiff and tifffile', () => {
  it.each(read)('$name: the whole page and a region inside it', async (variant) => {
    const image = await openTiff(sourceOfFile(folder, variant.file));
    const { dtype, channels, width, height } = variant;
    expect(image.pages.length).toBe(variant.pages);
    expect(image.pages[0]).toMatchObject({ size: { width, height }, channels, sampleType: dtype });
    const bytes = new Uint8Array(readFileSync(join(folder, variant.raw)));
    const truth = typedArray(dtype, bytes.buffer);
    const region: Rect = { x: 21, y: 13, width: 40, height: 31 };
    const whole = await image.readRegion(0, undefined, signal);
    const part = await image.readRegion(0, region, signal);
    expect([whole.length, part.length]).toEqual([channels, channels]);
    for (let c = 0; c < channels; c++) {
      const want = { data: truth.slice(c * width * height, (c + 1) * width * height), width, height };
      expectEqual(whole[c], want, variant.tolerance);
      expectEqual(part[c], cropRaster(want, region), variant.tolerance);
    }
  });

  it('reads each page of a multi-page file', async () => {
    const image = await openTiff(sourceOfFile(folder, 'pages.tif'));
    const rgb = await openTiff(sourceOfFile(folder, 'base-uint8-3.tif'));
    const channels = await rgb.readRegion(0, undefined, signal);
    for (let page = 0; page < 3; page++)
      expect((await image.readRegion(page, undefined, signal))[0].data).toEqual(channels[page].data);
  });

  it('says that alpha is ignored and that MinIsWhite is inverted', async () => {
    const alpha = await openTiff(sourceOfFile(folder, 'rgba.tif'));
    const white = await openTiff(sourceOfFile(folder, 'white-uint8.tif'));
    expect(alpha.pages[0].notes).toEqual(['The alpha channel is ignored.']);
    expect(white.pages[0].notes).toEqual(['MinIsWhite: shown inverted.']);
  });
});

describe('refusing TIFF variants by name', () => {
  it.each(refused)('$name is refused as "$refused"', async ({ file, refused: words }) => {
    const error = await firstError(sourceOfFile(folder, file));
    expect(error).toBeInstanceOf(StitchError);
    expect(error).toMatchObject({ code: 'unsupported-image', detail: { file } });
    expect((error as StitchError).message).toContain(words);
    expect((error as StitchError).message).toContain(file);
  });
});

describe('damaged TIFF files', () => {
  const whole = new Uint8Array(readFileSync(join(folder, 'uint16-1-zip-predictor-2-tiles-L.tif')));
  const plain = new Uint8Array(readFileSync(join(folder, 'uint8-1-none-strips-B.tif')));

  it('are reported as truncated wherever they are cut', async () => {
    for (const bytes of [whole, plain])
      for (let length = 4; length < bytes.length; length += 97) {
        const error = await firstError(byteSourceFromBytes('cut.tif', bytes.slice(0, length)));
        expect(error, `cut at ${length}`).toMatchObject({ code: 'truncated-file', detail: { file: 'cut.tif' } });
      }
  });

  it('either decode or fail by code, whatever byte is changed', async () => {
    for (let i = 0; i < 600; i++) {
      const bytes = (i % 2 === 0 ? whole : plain).slice();
      // A fixed walk over the file: 7919 and 104729 are primes, so places and values do not repeat together.
      bytes[(i * 7919) % bytes.length] ^= 1 + ((i * 104729) % 255);
      const error = await firstError(byteSourceFromBytes('hit.tif', bytes));
      if (error !== null) expect(error, `change ${i}`).toBeInstanceOf(StitchError);
    }
  });

  it('with a circle of pages are refused', async () => {
    const bytes = plain.slice();
    const view = new DataView(bytes.buffer);
    const at = view.getUint32(4);
    view.setUint32(at + 2 + 12 * view.getUint16(at), at);
    const error = await firstError(byteSourceFromBytes('circle.tif', bytes));
    expect(error).toMatchObject({ code: 'truncated-file' });
  });
});

describe('reading a region of a large file', () => {
  it('touches only the rows of an uncompressed 8192 × 8192 16-bit strip', async () => {
    const source = countingSource(largeStrip());
    const image = await openTiff(source);
    const [raster] = await image.readRegion(0, { x: 4000, y: 5000, width: 64, height: 32 }, signal);
    expect(raster.data[5 + 64 * 3]).toBe((5003 * 8192 + 4005) % 65521);
    expect(source.bytesRead()).toBeLessThan(32 * 8192 * 2 + 65536);
  });

  it('touches only the tiles of a compressed file', async () => {
    execFileSync('tiffcp', [
      '-c',
      'zip',
      '-t',
      '-w',
      '16',
      '-l',
      '16',
      join(folder, 'base-uint8-1.tif'),
      join(folder, 't.tif'),
    ]);
    const source = sourceOfFile(folder, 't.tif');
    const counting = countingSource({ ...source, size: source.size });
    const image = await openTiff(counting);
    const before = counting.bytesRead();
    await image.readRegion(0, { x: 0, y: 0, width: 16, height: 16 }, signal);
    expect(counting.bytesRead() - before).toBeLessThan(400);
  });

  it('stops when the run is cancelled', async () => {
    const image: ImageFile = await openTiff(sourceOfFile(folder, 'base-uint8-1.tif'));
    const controller = new AbortController();
    controller.abort();
    await expect(image.readRegion(0, undefined, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('opening by content', () => {
  it('refuses an empty file, text, and a GIF by name', async () => {
    const open = (bytes: Uint8Array) => openImage(byteSourceFromBytes('x.tif', bytes));
    const text = new TextEncoder();
    await expect(open(new Uint8Array(0))).rejects.toMatchObject({ code: 'truncated-file' });
    await expect(open(text.encode('hello, this is a log'))).rejects.toMatchObject({ code: 'not-an-image' });
    await expect(open(text.encode('GIF89a      '))).rejects.toMatchObject({ code: 'unsupported-image' });
  });

  it('opens a TIFF whatever its name', async () => {
    writeFileSync(join(folder, 'tile.png'), readFileSync(join(folder, 'base-uint8-1.tif')));
    expect((await openImage(sourceOfFile(folder, 'tile.png'))).format).toBe('tiff');
  });

  const mussel = '../shared/data/mussel-165/165_1_1.tif';
  it.skipIf(!existsSync(mussel))('reads a mussel tile as numpy does [needs ../shared/data]', async () => {
    const image = await openImage(byteSourceFromBytes('165_1_1.tif', new Uint8Array(readFileSync(mussel))));
    const [raster] = await image.readRegion(0, undefined, signal);
    const program =
      'import sys,tifffile,hashlib;print(hashlib.md5(tifffile.imread(sys.argv[1]).tobytes()).hexdigest())';
    const md5 = createHash('md5').update(raster.data).digest('hex');
    expect(md5).toBe(runPython(program, mussel).trim());
  });
});
