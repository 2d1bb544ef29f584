import { encode } from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import type { TiffPage } from './tiff-page.ts';
import { decodeSegment } from './tiff-segments.ts';

const grey: TiffPage = {
  size: { width: 12, height: 1 },
  littleEndian: true,
  compression: 1,
  predictor: 1,
  isBitReversed: false,
  jpegTables: null,
  isYCbCr: false,
  storedType: 'uint8',
  samplesPerPixel: 1,
  isChunky: true,
  isTiled: false,
  segmentWidth: 12,
  segmentHeight: 1,
  segmentsAcross: 1,
  segmentsDown: 1,
  offsets: Float64Array.of(8),
  byteCounts: Float64Array.of(12),
  mapping: { kind: 'as-stored' },
  channels: 1,
  sampleType: 'uint8',
  notes: [],
};
const name = { file: 's.tif', segment: 'strip 3 of 4' };
const decode = async (change: Partial<TiffPage>, bytes: readonly number[], rows = 1) => [
  ...(await decodeSegment({ ...grey, ...change }, Uint8Array.from(bytes), rows, name)),
];
const wordsOf = (decoding: Promise<unknown>) =>
  decoding.then(
    () => 'decoded',
    (error: unknown) => (error as Error).message,
  );

const littleEndian = (value: number, count: number) =>
  Array.from({ length: count }, (_, k) => Math.floor(value / 256 ** k) % 256);
const magic = [0x28, 0xb5, 0x2f, 0xfd];
/** A block as RFC 8878, section 3.1.1.2 writes it: raw bytes (type 0), or one byte `count` times (type 1). */
const rawBlock = (bytes: readonly number[], isLast: boolean) => [
  ...littleEndian((isLast ? 1 : 0) + 8 * bytes.length, 3),
  ...bytes,
];
const runBlock = (value: number, count: number, isLast: boolean) => [
  ...littleEndian((isLast ? 1 : 0) + 2 + 8 * count, 3),
  value,
];
const twelve = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
/** A frame whose window is 2¹⁰⁺ᵉ·(1 + m/8) bytes. */
const windowed = (e: number, m: number) => [...magic, 0, 8 * e + m];

describe('a strip in Zstandard', () => {
  const zstd = { compression: 50000 };

  it('is decoded whether or not it says its size, up to what is asked for', async () => {
    const sized = [...magic, 0x20, 12, ...rawBlock(twelve, true)];
    const unsized = [...windowed(0, 0), ...rawBlock(twelve, true)];
    for (const frame of [sized, unsized]) {
      expect(await decode(zstd, frame)).toEqual(twelve);
      expect(await decode({ compression: 34926 }, frame)).toEqual(twelve);
      expect(await decode({ ...zstd, segmentWidth: 7 }, frame)).toEqual(twelve.slice(0, 7));
      expect(await wordsOf(decode({ ...zstd, segmentWidth: 13 }, frame))).toContain(
        'strip 3 of 4 holds 12 of 13 bytes',
      );
    }
    const blocks = [
      ...windowed(0, 0),
      ...rawBlock([1, 2, 3], false),
      ...runBlock(9, 5, false),
      ...rawBlock([4, 5, 6, 7], true),
    ];
    expect(await decode(zstd, blocks)).toEqual([1, 2, 3, 9, 9, 9, 9, 9, 4, 5, 6, 7]);
  });

  it('may ask for a window of 128 MiB, and for no more', async () => {
    expect(await decode(zstd, [...windowed(17, 0), ...rawBlock(twelve, true)])).toEqual(twelve);
    expect(await wordsOf(decode(zstd, [...windowed(17, 1), ...rawBlock(twelve, true)]))).toBe(
      's.tif: strip 3 of 4 cannot be decoded (its zstd frame asks for a window of 150994944 bytes). ' +
        'The file is damaged: copy it again, or leave this tile out.',
    );
    expect(await wordsOf(decode(zstd, windowed(18, 7)))).toContain('a window of 503316480 bytes');
  });

  it.each([
    [0x80, littleEndian(2 ** 27 + 1, 4), '134217729'],
    [0xc0, littleEndian(2 ** 33, 8), '8589934592'],
    [0xc0, littleEndian(2 ** 60, 8), '9007199254740991'],
    [0x82, [7, 7, ...littleEndian(2 ** 27 + 1, 4)], '134217729'],
    [0x81, [7, ...littleEndian(2 ** 27 + 1, 4)], '134217729'],
    [0x83, [7, 7, 7, 7, ...littleEndian(2 ** 27 + 1, 4)], '134217729'],
  ])('in one segment may not hold more either (descriptor %d, %j)', async (descriptor, header, size) => {
    const frame = [...magic, descriptor + 0x20, ...header, ...rawBlock(twelve, true)];
    expect(await wordsOf(decode(zstd, frame))).toContain(`asks for a window of ${size} bytes`);
  });

  it('is held to that in every frame, whatever the header and the blocks of those before', async () => {
    const large = windowed(17, 1);
    const refused = 'asks for a window of 150994944 bytes';
    for (const dictionary of [0, 1, 2, 3])
      for (const sizeFlag of [0, 1, 2, 3])
        for (const isSingle of [false, true])
          for (const hasChecksum of [false, true]) {
            const descriptor = 64 * sizeFlag + (isSingle ? 32 : 0) + (hasChecksum ? 4 : 0) + dictionary;
            const contentBytes = sizeFlag === 0 ? (isSingle ? 1 : 0) : 2 ** sizeFlag;
            const first = [
              ...[...magic, descriptor, ...(isSingle ? [] : [0])],
              ...littleEndian(0, [0, 1, 2, 4][dictionary]),
              ...littleEndian(12, contentBytes),
              ...[...rawBlock(twelve.slice(0, 7), false), ...runBlock(1, 5, true)],
              ...(hasChecksum ? [1, 2, 3, 4] : []),
            ];
            expect(await wordsOf(decode(zstd, [...first, ...large])), String(descriptor)).toContain(refused);
          }
    for (const kind of [0x50, 0x5f])
      for (const payload of [[], [9, 9, 9]]) {
        const skipped = [kind, 0x2a, 0x4d, 0x18, payload.length, 0, 0, 0, ...payload];
        expect(await wordsOf(decode(zstd, [...skipped, ...large]))).toContain(refused);
      }
    // What is neither a frame nor to be skipped is the decoder's to refuse.
    expect(await wordsOf(decode(zstd, [0x60, 0x2a, 0x4d, 0x18, 0, 0, 0, 0, ...large]))).not.toContain(refused);
    expect(await wordsOf(decode(zstd, [0x50, 0x2a, 0x4d, 0x18, 0, 0]))).not.toContain('bounds');
  });
});

describe('a strip in LZW', () => {
  it('of the first writers is refused by name, and what no encoder writes with the reason', async () => {
    expect(await wordsOf(decode({ compression: 5 }, [0, 1, 2]))).toContain(
      's.tif: a TIFF with old-style (1988) LZW compression',
    );
    // Codes 256, 65, 259 of nine bits.
    expect(await wordsOf(decode({ compression: 5 }, [0x80, 0x10, 0x60, 0x60]))).toContain(
      'strip 3 of 4 cannot be decoded (LZW code 259 before it was defined)',
    );
  });
});

describe('a strip in JPEG', () => {
  /** 16 × 8 px whose left half is `left` and right half `right`, coded without visible loss. */
  const jpegOf = (left: readonly number[], right: readonly number[]): readonly number[] => {
    const data = Uint8Array.from({ length: 16 * 8 * 4 }, (_, k) => {
      const channel = k % 4;
      return channel === 3 ? 255 : ((k >> 2) % 16 < 8 ? left : right)[channel];
    });
    return [...encode({ data, width: 16, height: 8 }, 100).data];
  };
  const stream = jpegOf([200, 30, 90], [20, 220, 140]);
  const colour = { compression: 7, samplesPerPixel: 3, segmentWidth: 16, isYCbCr: true };

  it('is cut to its columns and rows', async () => {
    const close = (values: readonly number[], expected: readonly number[]) =>
      expect(Math.max(...values.map((value, k) => Math.abs(value - expected[k])))).toBeLessThanOrEqual(4);
    const rgb = await decode(colour, stream, 2);
    expect(rgb.length).toBe(16 * 2 * 3);
    close([...rgb.slice(0, 3), ...rgb.slice(93, 96)], [200, 30, 90, 20, 220, 140]);
    const narrow = await decode({ ...colour, segmentWidth: 9 }, stream, 8);
    expect(narrow.length).toBe(9 * 8 * 3);
    close([...narrow.slice(213, 216), ...narrow.slice(189, 192)], [20, 220, 140, 200, 30, 90]);
    const first = await decode({ ...colour, samplesPerPixel: 1, segmentWidth: 9 }, stream, 3);
    expect(first.length).toBe(27);
    close([first[0], first[8], first[9], first[26]], [200, 20, 200, 20]);
    // Without the transform the samples are luma and the two differences of colour.
    const luma = 0.299 * 200 + 0.587 * 30 + 0.114 * 90;
    close((await decode({ ...colour, isYCbCr: false }, stream)).slice(0, 1), [luma]);
  });

  it('is refused where it is smaller than its place', async () => {
    const words = (change: Partial<TiffPage>, rows: number) => wordsOf(decode({ ...colour, ...change }, stream, rows));
    expect(await words({}, 8)).toBe('decoded');
    expect(await words({}, 9)).toContain('strip 3 of 4 cannot be decoded (a JPEG of 16 × 8 where 16 × 9 is needed)');
    expect(await words({ segmentWidth: 17 }, 8)).toContain('(a JPEG of 16 × 8 where 17 × 8 is needed)');
  });

  it('finds its tables where the page has them', async () => {
    const [tables, rest] = [
      [0xff, 0xd8],
      [0xff, 0xd8],
    ];
    for (let at = 2; at < stream.length;) {
      const isScan = stream[at + 1] === 0xda;
      const end = isScan ? stream.length : at + 2 + 256 * stream[at + 2] + stream[at + 3];
      (stream[at + 1] === 0xdb || stream[at + 1] === 0xc4 ? tables : rest).push(...stream.slice(at, end));
      at = end;
    }
    tables.push(0xff, 0xd9);
    expect(await decode({ ...colour, jpegTables: Uint8Array.from(tables) }, rest, 8)).toEqual(
      await decode(colour, stream, 8),
    );
    expect(await wordsOf(decode(colour, rest, 8))).toContain('strip 3 of 4 cannot be decoded');
  });
});

describe('samples of a strip', () => {
  it('are in the order of bytes of the machine, wherever they lie', async () => {
    const wide = (type: TiffPage['storedType'], big: boolean, bytes: readonly number[], count: number) =>
      decode({ storedType: type, littleEndian: !big, segmentWidth: count }, bytes);
    expect(await wide('uint16', true, [1, 2, 3, 4], 2)).toEqual([0x0102, 0x0304]);
    expect(await wide('uint32', true, [0x81, 2, 3, 4], 1)).toEqual([0x81020304]);
    expect(await wide('uint16', false, [1, 0x82], 1)).toEqual([0x8201]);
    expect(await wide('int16', false, [254, 255], 1)).toEqual([-2]);
    expect(await wide('int32', true, [255, 255, 255, 254], 1)).toEqual([-2]);
    expect(await wide('int8', true, [254, 3], 2)).toEqual([-2, 3]);
    expect(await wide('float64', true, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0], 1)).toEqual([1.5]);
    const odd = Uint8Array.of(0, 1, 2, 3, 4).subarray(1);
    const page: TiffPage = { ...grey, storedType: 'uint16', segmentWidth: 2 };
    expect([...(await decodeSegment(page, odd, 1, name))]).toEqual([0x0201, 0x0403]);
  });

  it('that are missing are named', async () => {
    expect(await wordsOf(decode({ segmentWidth: 12 }, [1, 2]))).toBe(
      's.tif: strip 3 of 4 holds 2 of 12 bytes. Copy the file again from the microscope, or leave this tile out.',
    );
    expect(await decode({ segmentWidth: 2 }, [1, 2, 3])).toEqual([1, 2]);
    expect(await decode({ isBitReversed: true, segmentWidth: 2 }, [0x01, 0xb4])).toEqual([0x80, 0x2d]);
  });
});
