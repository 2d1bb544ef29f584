import { describe, expect, it } from 'vitest';
import { deflateSync } from 'node:zlib';
import { silentContext } from '../core/progress.ts';
import { byteSourceFromBytes } from './byte-source.ts';
import { crc32 } from './crc32.ts';
import { openImage } from './index.ts';
import { mrcByteOrder } from './mrc.ts';

const open = (name: string, bytes: ArrayLike<number>) => openImage(byteSourceFromBytes(name, Uint8Array.from(bytes)));

/** What is said of a file: its notes and values, or code and message of its error. */
async function said(name: string, bytes: ArrayLike<number>) {
  try {
    const image = await open(name, bytes);
    const rasters = await image.readRegion(0, undefined, silentContext.signal);
    return {
      notes: image.pages[0].notes,
      nm: image.pages[0].pixelSizeNm,
      values: rasters.map(({ data }) => [...data]),
    };
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code} ${message}`;
  }
}

const bigEndian = (value: number) => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];

interface PngParts {
  readonly width?: number;
  readonly height?: number;
  readonly depth?: number;
  readonly colour?: number;
  readonly methods?: readonly [number, number, number];
  /** Chunks before the pixels: name and bytes. */
  readonly chunks?: readonly (readonly [string, readonly number[]])[];
  /** Rows with their filter byte. */
  readonly rows?: readonly number[];
  readonly end?: readonly number[];
}

function chunk(name: string, bytes: readonly number[]): readonly number[] {
  const body = [...[...name].map((letter) => letter.charCodeAt(0)), ...bytes];
  return [...bigEndian(bytes.length), ...body, ...bigEndian(crc32(Uint8Array.from(body)))];
}

function pngOf({
  width = 2,
  height = 1,
  depth = 8,
  colour = 0,
  methods = [0, 0, 0],
  chunks = [],
  rows = [0, 7, 9],
  end,
}: PngParts) {
  return [
    ...[0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10],
    ...chunk('IHDR', [...bigEndian(width), ...bigEndian(height), depth, colour, ...methods]),
    ...chunks.flatMap(([name, bytes]) => chunk(name, bytes)),
    ...chunk('IDAT', [...deflateSync(Uint8Array.from(rows))]),
    ...(end ?? chunk('IEND', [])),
  ];
}

describe('the header of a PNG', () => {
  it.each<[string, PngParts, object]>([
    ['grey', {}, { notes: [], nm: null, values: [[7, 9]] }],
    [
      'grey with alpha',
      { colour: 4, rows: [0, 7, 1, 9, 2] },
      { notes: ['The alpha channel is ignored.'], values: [[7, 9]] },
    ],
    [
      'colour with alpha',
      { colour: 6, rows: [0, 1, 2, 3, 0, 4, 5, 6, 0] },
      {
        notes: ['The alpha channel is ignored.'],
        values: [
          [1, 4],
          [2, 5],
          [3, 6],
        ],
      },
    ],
    ['1 bit', { depth: 1, rows: [0, 0x40] }, { notes: ['1-bit grey: scaled to 0…255.'], values: [[0, 255]] }],
    ['4 bits', { depth: 4, rows: [0, 0x1f] }, { notes: ['4-bit grey: scaled to 0…255.'], values: [[17, 255]] }],
    ['16 bits', { depth: 16, rows: [0, 1, 2, 3, 4] }, { notes: [], values: [[258, 772]] }],
    [
      'a grey palette',
      { colour: 3, chunks: [['PLTE', [9, 9, 9, 5, 5, 5]]], rows: [0, 0, 1] },
      { notes: ['Grey palette: expanded.'], values: [[9, 5]] },
    ],
    [
      'a colour palette',
      { colour: 3, chunks: [['PLTE', [9, 9, 8, 5, 5, 5]]], rows: [0, 0, 1] },
      {
        notes: ['Colour palette: expanded to RGB.'],
        values: [
          [9, 5],
          [9, 5],
          [8, 5],
        ],
      },
    ],
    [
      'an animation',
      { chunks: [['acTL', [0, 0, 0, 1, 0, 0, 0, 0]]] },
      { notes: ['Animated PNG: only its first frame is read.'] },
    ],
    ['a palette that is a suggestion', { chunks: [['PLTE', [1, 2, 3]]] }, { notes: [], values: [[7, 9]] }],
    ['5 nm a pixel', { chunks: [['pHYs', [...bigEndian(200_000_000), ...bigEndian(200_000_000), 1]]] }, { nm: 5 }],
    [
      'no unit of its pixels',
      { chunks: [['pHYs', [...bigEndian(200_000_000), ...bigEndian(200_000_000), 0]]] },
      { nm: null },
    ],
    ['20 µm a pixel', { chunks: [['pHYs', [...bigEndian(50_000), ...bigEndian(1), 1]]] }, { nm: 20_000 }],
    ['a little more', { chunks: [['pHYs', [...bigEndian(49_999), ...bigEndian(1), 1]]] }, { nm: null }],
    ['2 bits', { depth: 2, rows: [0, 0x60] }, { notes: ['2-bit grey: scaled to 0…255.'], values: [[85, 170]] }],
    [
      'colour of 16 bits',
      { depth: 16, colour: 2, width: 1, rows: [0, 1, 2, 3, 4, 5, 6] },
      { notes: [], values: [[258], [772], [1286]] },
    ],
    [
      'a palette of 256 colours, of which one is not grey',
      { colour: 3, chunks: [['PLTE', [...Array<number>(766).fill(4), 5, 4]]], rows: [0, 255, 0] },
      {
        values: [
          [4, 4],
          [5, 4],
          [4, 4],
        ],
      },
    ],
    [
      'a palette whose red alone differs',
      { colour: 3, chunks: [['PLTE', [9, 8, 8]]], rows: [0, 0, 1] },
      {
        values: [
          [9, 0],
          [8, 0],
          [8, 0],
        ],
      },
    ],
    ['96 dots an inch', { chunks: [['pHYs', [...bigEndian(3780), ...bigEndian(3780), 1]]] }, { nm: null }],
    ['bytes behind its end', { end: [...chunk('IEND', []), 1, 2, 3] }, { values: [[7, 9]] }],
  ])('says: %s', async (_, parts, what) => {
    expect(await said('p.png', pngOf(parts))).toMatchObject(what);
  });

  it.each<[PngParts, RegExp]>([
    [{ width: 0 }, /^truncated-file p\.png: its PNG header claims 0 × 1 pixels/],
    [{ height: 0 }, /its PNG header claims 2 × 0 pixels/],
    [{ width: 2 ** 30 }, /its PNG header claims 1073741824 × 1/],
    [{ height: 2 ** 30 }, /its PNG header claims 2 × 1073741824/],
    [{ depth: 3 }, /its PNG header claims colour type 0 of 3 bits/],
    [{ colour: 1 }, /its PNG header claims colour type 1 of 8 bits/],
    [{ width: 2 ** 24 + 1 }, /its PNG header claims 16777217 × 1/],
    [{ height: 2 ** 24 + 1 }, /its PNG header claims 2 × 16777217/],
    [{ width: 2 ** 24 }, /bytes, which cannot hold 16777216 × 1 pixels/],
    [{ height: 2 ** 24 }, /bytes, which cannot hold 2 × 16777216 pixels/],
    [{ colour: 3, chunks: [['PLTE', Array<number>(771).fill(1)]] }, /it has palette indices but no palette/],
    [{ methods: [1, 0, 0] }, /^unsupported-image p\.png: a PNG of compression 1, filter 0, interlace 0/],
    [{ methods: [0, 2, 0] }, /a PNG of compression 0, filter 2, interlace 0/],
    [{ methods: [0, 0, 2] }, /a PNG of compression 0, filter 0, interlace 2/],
    [{ colour: 3 }, /it has palette indices but no palette/],
    [{ width: 60000, height: 60000 }, /bytes, which cannot hold 60000 × 60000 pixels/],
    [
      { end: [0, 0, 0, 99, ...[0x74, 0x45, 0x58, 0x74], 1, 2, 3, 4, 5, 6, 7, 8] },
      /the file ends inside its tEXt chunk/,
    ],
    [{ end: [1, 2] }, /^truncated-file p\.png: the file/],
    [{ rows: [0, 7] }, /its PNG data cannot be decoded \(/],
    [{ rows: [9, 7, 9] }, /its PNG data cannot be decoded \(/],
  ])('%j is refused', async (parts, message) => {
    expect(await said('p.png', pngOf(parts))).toMatch(message);
  });
});

describe('a PNG of few bytes', () => {
  it('may unpack to 1032 times as many, and to no more', async () => {
    const most = pngOf({}).length * 1032;
    expect((await open('p.png', pngOf({ width: most - 1 }))).pages[0].size.width).toBe(most - 1);
    await expect(open('p.png', pngOf({ width: most }))).rejects.toMatchObject({ code: 'truncated-file' });
  });
});

/** A BMP of 2 × 2 px: fields by their place in the header. */
function bmpOf(fields: Readonly<Record<number, number>>, body: readonly number[], palette: readonly number[] = []) {
  const bytes = new Uint8Array(54 + palette.length + body.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  const all = { 10: 54 + palette.length, 14: 40, 18: 2, 22: 2, 28: 24, 30: 0, 46: 0, ...fields };
  for (const [at, value] of Object.entries(all)) view.setInt32(Number(at), value, true);
  if (!('30' in fields)) view.setInt32(30, 0, true);
  bytes.set(palette, 54);
  bytes.set(body, 54 + palette.length);
  return bytes;
}

describe('the header of a BMP', () => {
  const rows = [3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 12, 11, 10, 0, 0];

  it('says how rows lie, and what colours are', async () => {
    expect(await said('b.bmp', bmpOf({}, rows))).toMatchObject({
      notes: [],
      values: [
        [7, 10, 1, 4],
        [8, 11, 2, 5],
        [9, 12, 3, 6],
      ],
    });
    expect(await said('b.bmp', bmpOf({ 22: -2 }, rows))).toMatchObject({
      values: [
        [1, 4, 7, 10],
        [2, 5, 8, 11],
        [3, 6, 9, 12],
      ],
    });
    expect(await said('b.bmp', bmpOf({ 28: 32 }, rows))).toMatchObject({ notes: ['The alpha channel is ignored.'] });
    const indices = [0, 1, 0, 0, 1, 1, 0, 0];
    expect(await said('b.bmp', bmpOf({ 28: 8, 46: 2 }, indices, [5, 5, 5, 0, 9, 9, 9, 0]))).toMatchObject({
      notes: [],
      values: [[9, 9, 5, 9]],
    });
    for (const [colour, channels] of [
      [
        [5, 6, 5, 0],
        [5, 6, 5],
      ],
      [
        [5, 5, 6, 0],
        [6, 5, 5],
      ],
      [
        [6, 5, 5, 0],
        [5, 5, 6],
      ],
    ])
      expect(await said('b.bmp', bmpOf({ 28: 8, 46: 1 }, [0, 0, 0, 0, 0, 0, 0, 0], colour))).toMatchObject({
        values: channels.map((value) => Array<number>(4).fill(value)),
      });
    // A longer header lies before the palette, which has 256 colours where it does not say, and where it says more.
    for (const count of [0, 256, 999]) {
      const palette = [
        ...Array<number>(84).fill(1),
        ...Array.from({ length: 1024 }, (_, k) => (k % 4 === 3 ? 0 : 255 - (k >> 2))),
      ];
      expect(
        await said('b.bmp', bmpOf({ 28: 8, 14: 124, 46: count }, [0, 1, 0, 0, 2, 255, 0, 0], palette)),
      ).toMatchObject({
        notes: [],
        values: [[253, 0, 255, 254]],
      });
    }
    expect(await said('b.bmp', bmpOf({ 28: 8, 46: 2 }, indices, [5, 6, 7, 0, 9, 9, 9, 0]))).toMatchObject({
      notes: ['Colour palette: expanded to RGB.'],
      values: [
        [9, 9, 7, 9],
        [9, 9, 6, 9],
        [9, 9, 5, 9],
      ],
    });
  });

  it.each<[Readonly<Record<number, number>>, RegExp]>([
    [{ 14: 12 }, /^unsupported-image b\.bmp: a BMP of OS\/2 1\.x/],
    [{ 18: 0 }, /^truncated-file b\.bmp: its BMP header claims 0 × 2 pixels/],
    [{ 18: -2 }, /its BMP header claims -2 × 2 pixels/],
    [{ 22: 0 }, /its BMP header claims 2 × 0 pixels/],
    [{ 22: -(2 ** 30) }, /its BMP header claims 2 × -1073741824/],
    [{ 18: 2 ** 30 }, /its BMP header claims 1073741824 × 2/],
    [{ 18: 2 ** 24 + 1 }, /its BMP header claims 16777217 × 2 pixels/],
    [{ 18: 2 ** 24 }, /the file has 70 of the 100663350 bytes/],
    [{ 22: 2 ** 24 + 1 }, /its BMP header claims 2 × 16777217 pixels/],
    [{ 22: 2 ** 24 }, /the file has 70 of the 134217782 bytes/],
    [{ 30: 1 }, /^unsupported-image b\.bmp: a run-length coded BMP/],
    [{ 30: 2 }, /a run-length coded BMP/],
    [{ 30: 3 }, /a bit-field BMP/],
    [{ 30: 4 }, /a JPEG-compressed BMP/],
    [{ 30: 5 }, /a PNG-compressed BMP/],
    [{ 30: 6 }, /a bit-field BMP/],
    [{ 28: 16 }, /^unsupported-image b\.bmp: a 16-bit BMP/],
    [{ 30: 99 }, /^unsupported-image b\.bmp: a type 99 BMP/],
    [{ 22: 3 }, /^truncated-file b\.bmp: the file has 70 of the 78 bytes that its BMP header claims/],
  ])('with %j is refused', async (fields, message) => {
    expect(await said('b.bmp', bmpOf(fields, rows))).toMatch(message);
  });
});

describe('rows of a large image', () => {
  /** A source that makes up zeros behind a header, and keeps note of what is read. */
  const zeros = (head: Uint8Array, size: number) => {
    const reads: [number, number][] = [];
    return {
      reads,
      source: {
        name: 'large',
        size,
        read: async (offset: number, length: number) => {
          if (offset > 0) reads.push([offset, length]);
          const bytes = new Uint8Array(length);
          bytes.set(head.subarray(offset, offset + length));
          return bytes;
        },
      },
    };
  };
  const region = { x: 5, y: 1, width: 1, height: 19 };
  const [row, mebibytes] = [2 ** 20, 2 ** 20];

  it('of a BMP are read 8 MiB at once, from the bottom or from the top', async () => {
    const palette = Array<number>(1024).fill(0);
    for (const isBottomUp of [true, false]) {
      const head = bmpOf({ 28: 8, 18: row, 22: isBottomUp ? 20 : -20 }, [], palette);
      const { reads, source } = zeros(head, head.length + 20 * row);
      const image = await openImage(source);
      reads.length = 0;
      await image.readRegion(0, region, silentContext.signal);
      const places = isBottomUp ? [11, 3, 0] : [1, 9, 17];
      expect(reads).toEqual(places.map((first, k) => [head.length + first * row, (k < 2 ? 8 : 3) * mebibytes]));
    }
  });

  it('of an MRC too, from the bottom, in its section', async () => {
    const head = mrcOf({ 0: row, 4: 20, 8: 2 }, []);
    const { reads, source } = zeros(head, 1024 + 40 * row);
    const image = await openImage(source);
    reads.length = 0;
    await image.readRegion(1, region, silentContext.signal);
    expect(reads).toEqual([20 + 11, 20 + 3, 20].map((first, k) => [1024 + first * row, (k < 2 ? 8 : 3) * mebibytes]));
    const stop = Object.assign(new Error('stop'), { name: 'AbortError' });
    let asked = 0;
    const signal = {
      aborted: false,
      throwIfAborted: () => {
        if (asked++ === 1) throw stop;
      },
    };
    await expect(image.readRegion(0, region, signal)).rejects.toBe(stop);
  });
});

describe('the header of a JPEG', () => {
  const frame = (marker: number, bits = 8, height = 8, width = 8, parts = 1) => [
    ...[0xff, marker, 0, 8 + 3 * parts, bits, height >> 8, height & 255, width >> 8, width & 255, parts],
    ...Array<number>(3 * parts + 40).fill(0),
  ];
  const start = [0xff, 0xd8];

  it.each<[string, readonly number[], RegExp]>([
    ['lossless', frame(0xc3), /^unsupported-image j\.jpg: a lossless JPEG/],
    ['hierarchical', frame(0xc5), /a hierarchical JPEG/],
    ['hierarchical, progressive', frame(0xc6), /a hierarchical JPEG/],
    ['hierarchical and lossless', frame(0xc7), /a hierarchical lossless JPEG/],
    ['arithmetic-coded, progressive', frame(0xca), /a arithmetic-coded JPEG/],
    ['arithmetic-coded and lossless', frame(0xcb), /a arithmetic-coded lossless JPEG/],
    ['of fill bytes without end', Array<number>(65_600).fill(0xff), /it has no JPEG frame header/],
    ['arithmetic-coded', frame(0xc9), /a arithmetic-coded JPEG/],
    ['JPEG-LS', frame(0xf7), /a JPEG-LS JPEG/],
    ['of 12 bits', frame(0xc0, 12), /^unsupported-image j\.jpg: a JPEG of 12 bits/],
    ['without rows', frame(0xc0, 8, 0), /^truncated-file j\.jpg: its JPEG header claims 8 × 0 pixels/],
    ['without columns', frame(0xc0, 8, 8, 0), /its JPEG header claims 0 × 8 pixels/],
    ['of four channels', frame(0xc0, 8, 8, 8, 4), /^unsupported-image j\.jpg: a JPEG with 4 channels \(CMYK\)/],
    ['of two channels', frame(0xc0, 8, 8, 8, 2), /a JPEG with 2 channels/],
    [
      'without a frame',
      [0xff, 0xda, 0, 8, ...Array<number>(9).fill(0)],
      /^truncated-file j\.jpg: it has no JPEG frame header/,
    ],
    ['that ends at once', [0xff, 0xd9, 0, 8, ...Array<number>(9).fill(0)], /it has no JPEG frame header/],
    ['with a segment of no length', [0xff, 0xe0, 0, 1, ...frame(0xc0)], /it has no JPEG frame header/],
    ['with junk between', [0xff, 0xe0, 0, 3, 1, 7, ...frame(0xc0)], /byte 7 is no JPEG marker/],
    [
      'of fill bytes and nothing',
      Array<number>(9).fill(0xff),
      /^truncated-file j\.jpg: the file has 11 bytes and ends before its JPEG frame header/,
    ],
  ])('%s is refused', async (_, bytes, message) => {
    expect(await said('j.jpg', [...start, ...bytes])).toMatch(message);
  });

  it('asks for no more than is given to one', async () => {
    const scans = Array.from({ length: 101 }, () => [0xff, 0xda, 0, 2]).flat();
    expect(await said('j.jpg', [...start, ...frame(0xc0), ...scans])).toMatch(
      /^unsupported-image j\.jpg: a JPEG too large to decode here \(more than 100 scans\)/,
    );
  });

  it('is found behind fill bytes and other segments', async () => {
    const image = await open('j.jpg', [...start, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, ...frame(0xc2, 8, 258, 515, 3)]);
    expect(image.pages[0]).toMatchObject({ size: { width: 515, height: 258 }, channels: 3, sampleType: 'uint8' });
  });
});

/** An MRC of 2 × 1 px; words by their place in the header. */
function mrcOf(words: Readonly<Record<number, number>>, body: readonly number[], littleEndian = true, map = 'MAP ') {
  const bytes = new Uint8Array(1024 + body.length);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of Object.entries({ 0: 2, 4: 1, 8: 1, 12: 0, ...words }))
    view.setInt32(Number(at), value, littleEndian);
  bytes.set(
    [...map].map((letter) => letter.charCodeAt(0)),
    208,
  );
  bytes.set(body, 1024);
  return bytes;
}

describe('the header of an MRC', () => {
  it('tells the byte order by what is plausible', () => {
    expect(mrcByteOrder(mrcOf({}, []))).toBe('little');
    expect(mrcByteOrder(mrcOf({}, [], false))).toBe('big');
    expect(mrcByteOrder(mrcOf({}, []).subarray(0, 1023))).toBeNull();
    for (const [at, value] of [
      [0, 0],
      [4, -1],
      [8, 2 ** 20 + 1],
      [12, 77],
      [92, -1],
      [92, 2 ** 30],
    ])
      expect(mrcByteOrder(mrcOf({ [at]: value }, []))).toBeNull();
    expect(mrcByteOrder(mrcOf({ 0: 2 ** 20, 92: 2 ** 30 - 1 }, []))).toBe('little');
  });

  it('of old files has its axes instead of a name', () => {
    expect(mrcByteOrder(mrcOf({ 64: 3, 68: 1, 72: 2 }, [], true, ''))).toBe('little');
    expect(mrcByteOrder(mrcOf({ 64: 1, 68: 1, 72: 2 }, [], true, ''))).toBeNull();
    expect(mrcByteOrder(mrcOf({}, [], true, ''))).toBeNull();
    for (const map of ['XAP ', 'MXP ', 'MAX ']) expect(mrcByteOrder(mrcOf({}, [], true, map))).toBeNull();
  });

  it('names the kind of samples that are not read, and what is missing', async () => {
    expect(await said('m.mrc', mrcOf({ 12: 16 }, [0]))).toMatch(
      /^unsupported-image m\.mrc: an MRC of RGB samples \(mode 16\)/,
    );
    for (const [mode, words] of [
      [3, 'complex 16-bit'],
      [4, 'complex 32-bit'],
      [12, '16-bit float'],
      [101, '4-bit'],
    ] as const)
      expect(await said('m.mrc', mrcOf({ 12: mode }, [0]))).toContain(`an MRC of ${words} samples (mode ${mode})`);
    const many = await open('m.mrc', mrcOf({ 0: 1, 8: 65_536 }, Array<number>(65_536).fill(3)));
    expect(many.pages.length).toBe(65_536);
    expect(await said('m.mrc', mrcOf({}, [1]))).toMatch(
      /^truncated-file m\.mrc: the file has 1025 of the 1026 bytes that its MRC header claims/,
    );
    expect(await said('m.mrc', mrcOf({ 4: 3, 8: 5, 12: 1 }, [1]))).toMatch(/has 1025 of the 1084 bytes/);
    expect(await said('m.mrc', mrcOf({ 8: 65537 }, [1]))).toMatch(
      /^unsupported-image m\.mrc: an MRC of 65537 sections/,
    );
  });

  it('says which bytes are signed, and where pixels begin', async () => {
    expect(await said('m.mrc', mrcOf({}, [5, 255]))).toMatchObject({ notes: [], values: [[5, 255]] });
    const imod = { 152: 1146047817, 156: 1 };
    expect(await said('m.mrc', mrcOf(imod, [5, 255]))).toMatchObject({
      notes: ['8-bit signed samples are kept as 16-bit signed.'],
      values: [[5, -1]],
    });
    // Only bytes are signed so; without the stamp the flag is another program's.
    expect(await said('m.mrc', mrcOf({ 156: 1 }, [5, 255]))).toMatchObject({ values: [[5, 255]] });
    expect(await said('m.mrc', mrcOf({ ...imod, 12: 6 }, [1, 2, 255, 4]))).toMatchObject({
      notes: [],
      values: [[513, 1279]],
    });
    expect(await said('m.mrc', mrcOf({ 12: 1 }, [255, 254, 0, 4], false))).toMatchObject({ values: [[-2, 4]] });
    expect(await said('m.mrc', mrcOf({ 12: 6 }, [255, 254, 0, 4], false))).toMatchObject({ values: [[65534, 4]] });
    expect(await said('m.mrc', mrcOf({ 12: 2 }, [0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0], false))).toMatchObject({
      values: [[1.5, -2]],
    });
    expect(await said('m.mrc', mrcOf({ ...imod, 156: 2 }, [5, 255]))).toMatchObject({ values: [[5, 255]] });
    expect(await said('m.mrc', mrcOf({ 92: 3 }, [0, 0, 0, 5, 6]))).toMatchObject({ values: [[5, 6]] });
  });

  it('has a pixel size where its cell says one', async () => {
    const cell = (angstrom: number, samples: number) => {
      const bytes = mrcOf({ 28: samples }, [1, 2]);
      new DataView(bytes.buffer).setFloat32(40, angstrom, true);
      return said('m.mrc', bytes);
    };
    expect(await cell(80, 2)).toMatchObject({ nm: 4 });
    expect(await cell(2, 2)).toMatchObject({ nm: null });
    expect(await cell(80, 0)).toMatchObject({ nm: null });
    expect(await cell(0, 2)).toMatchObject({ nm: null });
    expect(await cell(-80, 2)).toMatchObject({ nm: null });
  });
});
