import { describe, expect, it } from 'vitest';
import { silentContext } from '../../core/progress.ts';
import type { ByteSource } from '../image-file.ts';
import { tiffOf } from '../testing/hand-written-tiff.ts';
import type { Field } from '../testing/hand-written-tiff.ts';
import { readTiffDirectories, readTiffHeader } from './tiff-directory.ts';
import { readTiffPage } from './tiff-page.ts';
import { readTiffRegion } from './tiff-region.ts';

/** A TIFF of LONG tags; its pixels come first, from byte 8 on. */
function fileOf(tags: Readonly<Record<number, readonly number[]>>, pixels: readonly number[]): Uint8Array {
  const fields = Object.entries(tags).map(([tag, values]): Field => ({
    tag: Number(tag),
    type: 4,
    count: values.length,
    bytes: values.flatMap((value) => [0, 8, 16, 24].map((shift) => (value >> shift) & 255)),
  }));
  const head = tiffOf([fields], true, false);
  return Uint8Array.from([...head, ...pixels]);
}

/** Opens the file and keeps note of what is read of its pixels. */
async function open(bytes: Uint8Array) {
  const reads: [number, number][] = [];
  const source: ByteSource = {
    name: 'r.tif',
    size: bytes.length,
    read: async (offset, length) => {
      reads.push([offset, length]);
      return bytes.slice(offset, offset + length);
    },
  };
  const [directory] = await readTiffDirectories(source, await readTiffHeader(source));
  const page = await readTiffPage(source, directory);
  reads.length = 0;
  return { source, page, reads };
}

/** `width` × `height` px of 8 bits in strips of `rows` rows, `gap` bytes between strips; pixel k is k mod 251. */
function striped(width: number, height: number, rows: number, gap = 0) {
  const strips = Math.ceil(height / rows);
  const tags = (start: number) => ({
    256: [width],
    257: [height],
    258: [8],
    259: [1],
    262: [1],
    273: Array.from({ length: strips }, (_, s) => start + s * (rows * width + gap)),
    277: [1],
    278: [rows],
    279: Array.from({ length: strips }, (_, s) => Math.min(rows, height - s * rows) * width),
  });
  const start = fileOf(tags(0), []).length;
  const pixels = Array.from({ length: strips }, (_, s) => [
    ...Array.from({ length: Math.min(rows, height - s * rows) * width }, (__, k) => (s * rows * width + k) % 251),
    ...new Array<number>(gap).fill(255),
  ]).flat();
  return { bytes: fileOf(tags(start), pixels), start };
}

const expected = (width: number, region: { x: number; y: number; width: number; height: number }) =>
  Array.from({ length: region.width * region.height }, (_, k) => {
    const [x, y] = [region.x + (k % region.width), region.y + Math.floor(k / region.width)];
    return (y * width + x) % 251;
  });

describe('a region of a TIFF', () => {
  it.each([
    [{ x: 0, y: 0, width: 20, height: 30 }, [[0, 600]]],
    [{ x: 3, y: 9, width: 4, height: 1 }, [[180, 20]]],
    [{ x: 19, y: 6, width: 1, height: 9 }, [[120, 180]]],
    [{ x: 0, y: 29, width: 20, height: 1 }, [[580, 20]]],
    [{ x: 5, y: 0, width: 9, height: 7 }, [[0, 140]]],
  ])('reads the rows that are asked for, together: %j', async (region, ranges) => {
    const { bytes, start } = striped(20, 30, 7);
    const { source, page, reads } = await open(bytes);
    const [raster] = await readTiffRegion(source, page, region, silentContext.signal);
    expect([...raster.data]).toEqual(expected(20, region));
    expect([raster.width, raster.height]).toEqual([region.width, region.height]);
    expect(reads).toEqual(ranges.map(([offset, length]) => [start + offset, length]));
  });

  it('reads through small gaps, and not through large ones', async () => {
    const whole = { x: 0, y: 0, width: 20, height: 14 };
    for (const [gap, count] of [
      [16384, 1],
      [16385, 2],
    ]) {
      const { bytes, start } = striped(20, 14, 7, gap);
      const { source, page, reads } = await open(bytes);
      const [raster] = await readTiffRegion(source, page, whole, silentContext.signal);
      expect([...raster.data]).toEqual(expected(20, whole));
      expect(reads.length).toBe(count);
      expect(reads[0]).toEqual([start, count === 1 ? 280 + gap : 140]);
    }
  });

  it('reads tiles that it touches alone, whole where they are padded', async () => {
    // 2 × 2 tiles of 16 × 16 px over 20 × 18 px; tile t holds 10·t + 1 everywhere.
    const tags = (start: number) => ({
      256: [20],
      257: [18],
      258: [8],
      259: [1],
      262: [1],
      277: [1],
      322: [16],
      323: [16],
      324: [0, 1, 2, 3].map((t) => start + 256 * t),
      325: [256, 256, 256, 256],
    });
    const start = fileOf(tags(0), []).length;
    const pixels = [0, 1, 2, 3].flatMap((t) => new Array<number>(256).fill(10 * t + 1));
    const { source, page, reads } = await open(fileOf(tags(start), pixels));
    const at = async (x: number, y: number, width: number, height: number) => {
      reads.length = 0;
      const [{ data }] = await readTiffRegion(source, page, { x, y, width, height }, silentContext.signal);
      return [...data];
    };
    expect(await at(15, 15, 2, 2)).toEqual([1, 11, 21, 31]);
    expect(reads.length).toBe(1);
    expect(await at(17, 3, 2, 2)).toEqual([11, 11, 11, 11]);
    expect(reads).toEqual([[start + 256 + 48, 32]]);
    expect(await at(0, 16, 3, 2)).toEqual(new Array(6).fill(21));
    expect(reads).toEqual([[start + 512, 32]]);
  });

  it('takes each plane of a planar page for its channel', async () => {
    const tags = (start: number) => ({
      256: [3],
      257: [2],
      258: [8, 8, 8],
      259: [1],
      262: [2],
      273: [0, 1, 2].map((plane) => start + 6 * plane),
      277: [3],
      278: [2],
      279: [6, 6, 6],
      284: [2],
    });
    const start = fileOf(tags(0), []).length;
    const pixels = Array.from({ length: 18 }, (_, k) => k + 1);
    const { source, page } = await open(fileOf(tags(start), pixels));
    const rasters = await readTiffRegion(source, page, { x: 1, y: 0, width: 2, height: 2 }, silentContext.signal);
    expect(rasters.map(({ data }) => [...data])).toEqual([
      [2, 3, 5, 6],
      [8, 9, 11, 12],
      [14, 15, 17, 18],
    ]);
  });

  it('reads strips that share bytes once', async () => {
    // Strips of 2, 2 and 1 rows of 100 px; the last lies inside the first, the second 16,384 bytes behind it.
    const tags = (start: number) => ({
      256: [100],
      257: [5],
      258: [8],
      259: [1],
      262: [1],
      273: [start, start + 200 + 16384, start + 20],
      277: [1],
      278: [2],
      279: [200, 200, 100],
    });
    const start = fileOf(tags(0), []).length;
    const pixels = Array.from({ length: 400 + 16384 }, (_, k) => k % 251);
    const { source, page, reads } = await open(fileOf(tags(start), pixels));
    const region = { x: 0, y: 0, width: 100, height: 5 };
    const [{ data }] = await readTiffRegion(source, page, region, silentContext.signal);
    expect(reads).toEqual([[start, 400 + 16384]]);
    expect([data[0], data[199], data[200], data[399], data[400], data[499]]).toEqual(
      [0, 199, 16584, 16783, 20, 119].map((place) => place % 251),
    );
  });

  it('is not read where it touches more tiles than can be told apart in memory', async () => {
    const { source, page, reads } = await open(striped(20, 30, 7).bytes);
    const single = { ...page, segmentWidth: 1, segmentHeight: 1 };
    const refusal = async (planes: 1 | 3, width: number) => {
      const planar = { ...single, isChunky: planes === 1, channels: planes };
      const region = { x: 300, y: 700, width, height: 1024 };
      return readTiffRegion(source, planar, region, silentContext.signal).catch((error: unknown) => error);
    };
    expect(await refusal(1, 1025)).toMatchObject({
      code: 'too-large',
      message: 'r.tif: 1049600 strips or tiles are to be read at once. Save the image in larger tiles.',
    });
    expect(await refusal(3, 342)).toMatchObject({ message: expect.stringContaining('1050624 strips') as string });
    expect(reads).toEqual([]);
  });

  it('names the strip at which a file ends, and stops where it is told to', async () => {
    const { bytes } = striped(20, 30, 7);
    const { source, page } = await open(bytes);
    const short: ByteSource = { ...source, read: async () => new Uint8Array(3) };
    const region = { x: 0, y: 8, width: 1, height: 1 };
    await expect(readTiffRegion(short, page, region, silentContext.signal)).rejects.toMatchObject({
      code: 'truncated-file',
      message: expect.stringContaining('strip 2 of 5') as string,
    });
    const abort = Object.assign(new Error('stop'), { name: 'AbortError' });
    for (const calls of [0, 1, 2]) {
      let count = 0;
      const throwIfAborted = () => {
        if (count++ >= calls) throw abort;
      };
      await expect(readTiffRegion(source, page, region, { aborted: false, throwIfAborted })).rejects.toBe(abort);
    }
  });

  it('refuses wide numbers of the channels that are read, wherever they lie', async () => {
    // Two pixels of two samples of 32 bits, of which the first is the channel.
    const tags = (start: number) => ({
      256: [2],
      257: [1],
      258: [32, 32],
      259: [1],
      262: [1],
      273: [start],
      277: [2],
      278: [1],
      279: [16],
    });
    const start = fileOf(tags(0), []).length;
    const read = async (wide: number) => {
      const samples = [0, 1, 2, 3].flatMap((k) => [k === wide ? 1 : 7, 0, 0, 1]).map((byte) => (byte === 7 ? 0 : byte));
      const { source, page } = await open(fileOf(tags(start), samples));
      return readTiffRegion(source, page, { x: 0, y: 0, width: 2, height: 1 }, silentContext.signal);
    };
    for (const wide of [1, 3]) expect([...(await read(wide))[0].data]).toEqual([2 ** 24, 2 ** 24]);
    for (const wide of [0, 2]) await expect(read(wide)).rejects.toMatchObject({ code: 'unsupported-image' });
  });

  it('refuses wide numbers that a 32-bit float cannot hold', async () => {
    const tags = (start: number) => ({
      256: [2],
      257: [1],
      258: [32],
      259: [1],
      262: [1],
      273: [start],
      277: [1],
      278: [1],
      279: [8],
    });
    const start = fileOf(tags(0), []).length;
    const read = async (second: readonly number[]) => {
      const { source, page } = await open(fileOf(tags(start), [7, 0, 0, 0, ...second]));
      return readTiffRegion(source, page, { x: 0, y: 0, width: 2, height: 1 }, silentContext.signal);
    };
    // 2²⁴ has 24 digits of ones and noughts, 2²⁴ + 1 has 25.
    expect([...(await read([0, 0, 0, 1]))[0].data]).toEqual([7, 16_777_216]);
    await expect(read([1, 0, 0, 1])).rejects.toMatchObject({
      code: 'unsupported-image',
      message: expect.stringContaining(
        'a TIFF of uint32 samples whose value 16777217 does not fit a 32-bit float exactly',
      ) as string,
    });
  });
});

describe('samples of a TIFF', () => {
  const refusal = async (more: Readonly<Record<number, readonly number[]>>) => {
    const { source } = await open(striped(4, 2, 2).bytes);
    const tags = { 256: [4], 257: [2], 258: [8], 259: [1], 262: [1], 273: [8], 277: [1], 278: [2], 279: [8], ...more };
    const bytes = fileOf(tags, pixels);
    const from: ByteSource = {
      ...source,
      size: bytes.length,
      read: async (at, length) => bytes.slice(at, at + length),
    };
    const [directory] = await readTiffDirectories(from, await readTiffHeader(from));
    return readTiffPage(from, directory).then(
      () => 'none',
      (error: unknown) => (error as Error).message,
    );
  };
  const pixels = new Array<number>(64).fill(1);

  it.each<[Readonly<Record<number, readonly number[]>>, string]>([
    [{ 339: [5] }, 'a TIFF with 8-bit complex samples'],
    [{ 339: [6] }, 'a TIFF with 8-bit complex samples'],
    [{ 339: [3] }, 'a TIFF with 8-bit float samples'],
    [{ 258: [12] }, 'a TIFF with 12-bit samples'],
    [{ 277: [0] }, 'a TIFF with 0 samples a pixel'],
    [{ 277: [65] }, 'a TIFF with 65 samples a pixel'],
    [{ 277: [2], 258: [8, 16] }, 'a TIFF whose channels differ in sample type (8, 16 bits)'],
    [{ 277: [2], 258: [8, 8], 339: [1, 2] }, 'a TIFF whose channels differ in sample type (8, 8 bits)'],
    [{ 262: [2], 277: [2], 258: [8, 8] }, 'a colour TIFF with 2 samples a pixel'],
    [{ 277: [3], 258: [8, 8, 8], 284: [3] }, 'its TIFF header claims planar configuration 3'],
  ])('%j are refused by name', async (tags, sentence) => {
    expect(await refusal(tags)).toContain(sentence);
  });

  it('of an undefined format are read as unsigned', async () => {
    expect(await refusal({ 339: [4] })).toBe('none');
    expect(await refusal({ 284: [3] })).toBe('none');
  });
});
