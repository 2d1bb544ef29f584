import { describe, expect, it } from 'vitest';
import { StitchError } from '../../core/errors.ts';
import { silentContext } from '../../core/progress.ts';
import type { Raster } from '../../core/raster/raster.ts';
import { byteSourceFromBytes } from '../byte-source.ts';
import { memorySink } from '../memory-sink.ts';
import { inflate } from './deflate.ts';
import { undoFloatPredictor, undoHorizontalDifference } from './predictor.ts';
import { encodeDirectory, encodeHeader, headerBytes } from './tiff-directory-writer.ts';
import type { TiffField } from './tiff-directory-writer.ts';
import { readTiffDirectories, readTiffHeader } from './tiff-directory.ts';
import { planTiff, tiffFile } from './tiff-file.ts';
import type { TiledTiffImage } from './tiff-file.ts';
import { encodeTiffTile } from './tiff-tile-encoder.ts';
import type { TiffTileFormat } from './tiff-tile-encoder.ts';

describe('a directory that is written', () => {
  const fields: readonly TiffField[] = [
    { tag: 300, type: 'long', values: [70_000, 3] },
    { tag: 256, type: 'short', values: [640] },
    { tag: 305, type: 'ascii', text: 'ab\0c µm' },
    { tag: 258, type: 'short', values: [8, 8, 8] },
    { tag: 282, type: 'rational', values: [25_400, 3] },
    { tag: 301, type: 'ascii', text: 'abc' },
  ];

  it.each([false, true])('says what it was given, tags ascending, BigTIFF %s', async (bigTiff) => {
    const at = headerBytes(bigTiff) + 6;
    const all = bigTiff ? [...fields, { tag: 324, type: 'long8', values: [2 ** 33, 5] } as const] : fields;
    const directory = encodeDirectory(all, at, bigTiff);
    const file = new Uint8Array(at + directory.length);
    file.set(encodeHeader(at, bigTiff));
    file.set(directory, at);
    const source = byteSourceFromBytes('t.tif', file);
    const [read, ...others] = await readTiffDirectories(source, await readTiffHeader(source));
    expect(others).toEqual([]);
    expect(await read.numbers(300)).toEqual(Float64Array.of(70_000, 3));
    expect(await read.number(256, 0)).toBe(640);
    expect(await read.text(305)).toBe('ab c µm');
    expect(await read.text(301)).toBe('abc');
    expect(await read.numbers(258)).toEqual(Float64Array.of(8, 8, 8));
    expect(await read.number(282, 0)).toBeCloseTo(25_400 / 3, 9);
    if (bigTiff) expect(await read.numbers(324)).toEqual(Float64Array.of(2 ** 33, 5));
    const view = new DataView(directory.buffer);
    const [first, step] = bigTiff ? [8, 20] : [2, 12];
    const tags = all.map((_, i) => view.getUint16(first + i * step, true));
    expect(tags).toEqual([...tags].sort((p, q) => p - q));
    // Values that do not fit lie on word boundaries; behind the entries stands 0: there is no other directory.
    const end = first + all.length * step;
    expect(bigTiff ? Number(view.getBigUint64(end, true)) : view.getUint32(end, true)).toBe(0);
    expect(directory.length % 2).toBe(0);
    const inline = bigTiff ? 8 : 4;
    all.forEach((_, i) => {
      const entry = first + i * step;
      const [type, count] = [
        view.getUint16(entry + 2, true),
        bigTiff ? Number(view.getBigUint64(entry + 4, true)) : view.getUint32(entry + 4, true),
      ];
      const bytes = count * ({ 2: 1, 3: 2, 4: 4, 5: 8, 16: 8 }[type] ?? NaN);
      if (bytes <= inline) return;
      const place = bigTiff ? Number(view.getBigUint64(entry + 12, true)) : view.getUint32(entry + 8, true);
      expect(place % 2).toBe(at % 2);
      expect(place).toBeGreaterThanOrEqual(at + end);
      expect(place + bytes).toBeLessThanOrEqual(at + directory.length);
    });
  });

  it('may lie behind 4 GiB in a BigTIFF', () => {
    const at = 2 ** 33 + 6;
    const view = new DataView(encodeDirectory([{ tag: 270, type: 'ascii', text: 'ten bytes' }], at, true).buffer);
    expect([view.getBigUint64(12, true), view.getBigUint64(20, true)]).toEqual([10n, BigInt(at) + 36n]);
    expect(view.byteLength).toBe(36 + 10);
    expect(new DataView(encodeHeader(at, true).buffer).getBigUint64(8, true)).toBe(BigInt(at));
  });

  it('has a header of eight bytes, or of sixteen', () => {
    expect([...encodeHeader(0x01020304, false)]).toEqual([0x49, 0x49, 42, 0, 4, 3, 2, 1]);
    expect([...encodeHeader(0x0102, true)]).toEqual([0x49, 0x49, 43, 0, 8, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0]);
  });
});

describe('the plan of a TIFF', () => {
  const image: TiledTiffImage = {
    size: { width: 1000, height: 700 },
    channels: 1,
    sampleType: 'uint8',
    pixelSizeNm: null,
    software: 's',
  };
  const plan = (change: Partial<TiledTiffImage> = {}, options = {}) => {
    const whole = { ...image, ...change };
    return planTiff(whole, [whole.size, { width: 500, height: 350 }], options);
  };

  it('cuts every level into tiles, packs them and predicts by the kind of sample', () => {
    expect(plan()).toMatchObject({
      tileSize: 512,
      isDeflated: true,
      predictor: 2,
      bigTiff: false,
      levels: [
        { size: { width: 1000, height: 700 }, columns: 2, rows: 2 },
        { size: { width: 500, height: 350 }, columns: 1, rows: 1 },
      ],
    });
    expect(plan({ sampleType: 'float32' }).predictor).toBe(3);
    expect(plan({}, { predictor: false })).toMatchObject({ isDeflated: true, predictor: 1 });
    expect(plan({}, { compression: 'none' })).toMatchObject({ isDeflated: false, predictor: 1 });
    expect(plan({}, { compression: 'none', predictor: true }).predictor).toBe(1);
    expect(plan({}, { tileSize: 256 }).levels[0]).toMatchObject({ columns: 4, rows: 3 });
  });

  it('is a BigTIFF where that is asked for, or where 4 GiB may be passed', () => {
    const bigTiff = (side: number, more: Partial<TiledTiffImage> = {}) =>
      planTiff({ ...image, size: { width: side, height: side }, ...more }, [{ width: side, height: side }], {}).bigTiff;
    expect(plan({}, { bigTiff: 'always' }).bigTiff).toBe(true);
    expect([bigTiff(32_768), bigTiff(65_024), bigTiff(65_536)]).toEqual([false, false, true]);
    expect(bigTiff(32_768, { sampleType: 'float32' })).toBe(true);
    expect(bigTiff(40_000, { channels: 3 })).toBe(true);
    // A tile of 256 KiB may take 262,304 bytes with its place; 65,540 more are for all else: 16,373 tiles are 4 GiB less
    // 198,364 bytes.
    const tiles = (columns: number, rows: number) => {
      const size = { width: 512 * columns, height: 512 * rows };
      return planTiff({ ...image, size }, [size], {}).bigTiff;
    };
    expect([tiles(7, 2339), tiles(6, 2729)]).toEqual([false, true]);
    // 126² tiles of 256 KiB leave 132 MB: a text may be four bytes a character.
    expect(bigTiff(64_512, { description: 'x'.repeat(40_000_000) })).toBe(true);
  });

  it.each([
    ['no pixels', { size: { width: 0, height: 7 } }, {}, 'An image of 0 × 7 pixels cannot be written.'],
    ['half a pixel', { size: { width: 7, height: 1.5 } }, {}, 'An image of 7 × 1.5 pixels cannot be written.'],
    ['too many', { size: { width: 2 ** 31, height: 1 } }, {}, 'An image of 2147483648 × 1 pixels cannot be written.'],
    ['an odd tile', {}, { tileSize: 100 }, 'The tile size must be a multiple of 16, not 100.'],
    ['no tile', {}, { tileSize: 0 }, 'The tile size must be a multiple of 16, not 0.'],
    ['half a tile', {}, { tileSize: 24.5 }, 'The tile size must be a multiple of 16, not 24.5.'],
  ])('is refused for %s', (_, change, options, message) => {
    expect(() => plan(change, options)).toThrow(new StitchError('bad-options', message));
  });
});

describe('a TIFF that grows by tiles', () => {
  it('holds the reduced copies as directories of their own, and reports what it is', async () => {
    const sink = memorySink();
    const progress: unknown[] = [];
    const image: TiledTiffImage = {
      size: { width: 20, height: 16 },
      channels: 1,
      sampleType: 'uint8',
      pixelSizeNm: 10,
      software: 's',
    };
    const levels = [image.size, { width: 10, height: 8 }];
    const plan = planTiff(image, levels, { tileSize: 16, compression: 'none' });
    const file = tiffFile(sink, plan, { ...silentContext, onProgress: (step) => progress.push(step) });
    const filled = (value: number, width: number, height: number): readonly Raster[] => [
      { data: new Uint8Array(width * height).fill(value), width, height },
    ];
    await file.put(1, { x: 0, y: 0, width: 10, height: 8 }, filled(3, 10, 8));
    await file.put(0, { x: 16, y: 0, width: 4, height: 16 }, filled(2, 4, 16));
    await expect(file.finish()).rejects.toThrow(new RangeError('2 of 3 tiles were given'));
    await file.put(0, { x: 0, y: 0, width: 16, height: 16 }, filled(1, 16, 16));
    const report = await file.finish();
    const bytes = sink.bytes();
    expect(report).toEqual({ bytes: bytes.length, bigTiff: false, tiles: 3 });
    expect(progress).toEqual([1, 2, 3].map((done) => ({ stage: 'export', done, total: 3 })));
    const source = byteSourceFromBytes('t.tif', bytes);
    const [main, ...others] = await readTiffDirectories(source, await readTiffHeader(source));
    expect(others).toEqual([]);
    expect(await main.numbers(254)).toEqual(Float64Array.of(0));
    expect(await main.numbers(324)).toEqual(Float64Array.of(8 + 512, 8 + 256));
    expect(await main.number(282, 0)).toBe(1e6);
    const [at, ...more] = (await main.numbers(330)) ?? [];
    expect(more).toEqual([]);
    // Right behind the three tiles of 256 bytes.
    expect(at).toBe(8 + 768);
    const [reduced] = await readTiffDirectories(source, { littleEndian: true, bigTiff: false, firstDirectory: at });
    expect(await reduced.numbers(254)).toEqual(Float64Array.of(1));
    expect(await reduced.numbers(256)).toEqual(Float64Array.of(10));
    expect(await reduced.numbers(324)).toEqual(Float64Array.of(8));
    expect(await reduced.numbers(325)).toEqual(Float64Array.of(256));
    expect(await reduced.number(282, 0)).toBe(5e5);
    expect(reduced.has(330)).toBe(false);
  });

  it.each([
    [4.23, [2_364_066_194, 1000]],
    [1e7, [1_000_000_000, 1_000_000_000]],
    [0.001, [4_294_967_295, 1]],
    [3e16, [1, 1_000_000_000]],
  ])('states a pixel of %d nm as a quotient of integers', async (pixelSizeNm, quotient) => {
    const sink = memorySink();
    const size = { width: 16, height: 16 };
    const image: TiledTiffImage = { size, channels: 1, sampleType: 'uint8', pixelSizeNm, software: 's' };
    const file = tiffFile(sink, planTiff(image, [size], { tileSize: 16 }), silentContext);
    await file.put(0, { x: 0, y: 0, ...size }, [{ data: new Uint8Array(256), ...size }]);
    await file.finish();
    const source = byteSourceFromBytes('t.tif', sink.bytes());
    const [directory] = await readTiffDirectories(source, await readTiffHeader(source));
    for (const tag of [282, 283]) {
      const bytes = await directory.bytes(tag);
      expect([...new Uint32Array(bytes?.slice().buffer ?? new ArrayBuffer(0))]).toEqual(quotient);
    }
    expect(await directory.number(296, 0)).toBe(3);
  });

  it.each([0, -1, NaN, Infinity])('refuses a pixel of %d nm', async (pixelSizeNm) => {
    const size = { width: 16, height: 16 };
    const image: TiledTiffImage = { size, channels: 1, sampleType: 'uint8', pixelSizeNm, software: 's' };
    const file = tiffFile(memorySink(), planTiff(image, [size], { tileSize: 16 }), silentContext);
    await file.put(0, { x: 0, y: 0, ...size }, [{ data: new Uint8Array(256), ...size }]);
    await expect(file.finish()).rejects.toThrow(
      new StitchError('bad-options', `A pixel size of ${pixelSizeNm} nm cannot be written.`),
    );
  });
});

describe('a tile that is written', () => {
  const format: TiffTileFormat = { channels: 1, sampleType: 'uint16', tileSize: 4, isDeflated: false, predictor: 1 };
  const rect = { x: 8, y: 4, width: 3, height: 2 };
  const raster: Raster = { data: Uint16Array.of(1, 2, 3, 4, 5, 600), width: 3, height: 2 };
  const padded = [1, 2, 3, 3, 4, 5, 600, 600, 4, 5, 600, 600, 4, 5, 600, 600];

  it('repeats its last column and row where it is smaller', async () => {
    const bytes = await encodeTiffTile(format, rect, [raster]);
    expect([...new Uint16Array(bytes.slice().buffer)]).toEqual(padded);
  });

  it('has its channels side by side', async () => {
    const channel = (first: number): Raster => ({ data: Uint8Array.of(first, first + 1), width: 2, height: 1 });
    const colour: TiffTileFormat = { ...format, channels: 3, sampleType: 'uint8', tileSize: 3 };
    const bytes = await encodeTiffTile(colour, { ...rect, width: 2, height: 1 }, [
      channel(10),
      channel(20),
      channel(30),
    ]);
    const row = [10, 20, 30, 11, 21, 31, 11, 21, 31];
    expect([...bytes]).toEqual([...row, ...row, ...row]);
  });

  it('is packed, and predicted before', async () => {
    const packed = await encodeTiffTile({ ...format, isDeflated: true }, rect, [raster]);
    expect([...new Uint16Array((await inflate(packed, 32)).slice().buffer)]).toEqual(padded);
    const predicted = await encodeTiffTile({ ...format, isDeflated: true, predictor: 2 }, rect, [raster]);
    const words = new Uint16Array((await inflate(predicted, 32)).slice().buffer);
    expect(words[1]).toBe(1);
    undoHorizontalDifference(words, 4, 1);
    expect([...words]).toEqual(padded);
    const small: TiffTileFormat = { ...format, sampleType: 'uint8', isDeflated: true, predictor: 2 };
    const bytes = await inflate(
      await encodeTiffTile(small, rect, [{ ...raster, data: Uint8Array.of(1, 2, 3, 4, 5, 6) }]),
      16,
    );
    expect([...bytes.slice(0, 4)]).toEqual([1, 1, 1, 0]);
    const float: TiffTileFormat = { ...format, sampleType: 'float32', isDeflated: true, predictor: 3 };
    const data = Float32Array.of(1, 2, 3, 4, 5, NaN);
    const floats = await inflate(await encodeTiffTile(float, rect, [{ ...raster, data }]), 64);
    const undone = new Float32Array(undoFloatPredictor(floats, 4, 1, 4).buffer);
    expect([...undone.slice(0, 8)]).toEqual([1, 2, 3, 3, 4, 5, NaN, NaN]);
  });

  it.each<[string, readonly Raster[]]>([
    ['one channel too many', [raster, raster]],
    ['another width', [{ ...raster, width: 2 }]],
    ['another height', [{ ...raster, height: 3 }]],
    ['its sides changed', [{ ...raster, width: 2, height: 3 }]],
    ['a column missing', [{ data: new Uint16Array(4), width: 2, height: 2 }]],
    ['a row missing', [{ data: new Uint16Array(3), width: 3, height: 1 }]],
    ['another kind of sample', [{ ...raster, data: new Int16Array(6) }]],
    ['samples missing', [{ ...raster, data: new Uint16Array(5) }]],
  ])('is a mistake with %s', async (_, rasters) => {
    await expect(encodeTiffTile(format, rect, rasters)).rejects.toThrow(
      new RangeError('tile 8,4: not 1 uint16 rasters of its size'),
    );
  });
});
