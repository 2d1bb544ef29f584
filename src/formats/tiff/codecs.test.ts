import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { deflate, gzip, inflate } from './deflate.ts';
import { decodeLzw, isOldStyleLzw } from './lzw.ts';
import { decodePackBits } from './pack-bits.ts';
import {
  applyFloatPredictor,
  applyHorizontalDifference,
  undoFloatPredictor,
  undoHorizontalDifference,
} from './predictor.ts';

/** TIFF's LZW as section 13 of TIFF 6.0 writes it: 10 bits once entry 511 is added, a clear code once 4094 is. */
function encodeLzw(data: readonly number[]): Uint8Array {
  const bits: number[] = [];
  const put = (code: number, width: number) => {
    for (let b = width - 1; b >= 0; b--) bits.push((code >> b) & 1);
  };
  let table = new Map<string, number>();
  let width = 9;
  const clear = () => {
    put(256, width);
    table = new Map(Array.from({ length: 256 }, (_, k) => [String.fromCharCode(k), k]));
    width = 9;
  };
  let next = 258;
  clear();
  let known = '';
  for (const value of data) {
    const longer = known + String.fromCharCode(value);
    if (table.has(longer)) {
      known = longer;
      continue;
    }
    put(table.get(known) ?? NaN, width);
    table.set(longer, next++);
    if (next === 512 || next === 1024 || next === 2048) width++;
    if (next === 4095) {
      clear();
      next = 258;
    }
    known = String.fromCharCode(value);
  }
  if (known !== '') put(table.get(known) ?? NaN, width);
  put(257, width);
  while (bits.length % 8 !== 0) bits.push(0);
  return Uint8Array.from({ length: bits.length / 8 }, (_, k) =>
    bits.slice(8 * k, 8 * k + 8).reduce((byte, bit) => 2 * byte + bit, 0),
  );
}

/** Bytes of a string of bits, the last one filled with zeros. */
function packBits(bits: string): Uint8Array {
  return Uint8Array.from({ length: Math.ceil(bits.length / 8) }, (_, k) =>
    parseInt(bits.slice(8 * k, 8 * k + 8).padEnd(8, '0'), 2),
  );
}

/** Codes of nine bits each. */
function bitsOf(codes: readonly number[]): Uint8Array {
  return packBits(codes.map((code) => code.toString(2).padStart(9, '0')).join(''));
}

describe('LZW', () => {
  it('gives back what was packed, through every width of codes and a full table', () => {
    const random = seededRandom(1);
    // 9000 bytes of 40 values fill the table twice.
    const data = Array.from({ length: 9000 }, () => Math.floor(40 * random() ** 2));
    expect([...decodeLzw(encodeLzw(data), data.length)]).toEqual(data);
    const same = Array<number>(3000).fill(7);
    expect([...decodeLzw(encodeLzw(same), 3000)]).toEqual(same);
  });

  it('stops where enough is decoded, and where nothing more comes', () => {
    const packed = encodeLzw([1, 2, 1, 2, 1, 2, 3]);
    expect([...decodeLzw(packed, 5)]).toEqual([1, 2, 1, 2, 1]);
    expect([...decodeLzw(packed, 20)]).toEqual([1, 2, 1, 2, 1, 2, 3]);
    expect([...decodeLzw(packed.subarray(0, 4), 20)]).toEqual([1, 2]);
    expect([...decodeLzw(packed.subarray(0, 3), 20)]).toEqual([1]);
    expect(decodeLzw(new Uint8Array(0), 3).length).toBe(0);
  });

  it('does not look at what lies behind its end, or behind what is asked for', () => {
    expect([...decodeLzw(bitsOf([256, 65, 257, 66, 67]), 9)]).toEqual([65]);
    expect([...decodeLzw(bitsOf([256, 65, 300]), 1)]).toEqual([65]);
  });

  it('goes on with a full table', () => {
    // Codes 258 … 4095 are defined by 3839 bytes; what follows without a clear code still is 12 bits wide.
    const data = Array.from({ length: 3840 }, (_, k) => (k * k + (k >> 3)) & 255);
    const widthOf = (k: number) => (k < 254 ? 9 : k < 766 ? 10 : k < 1790 ? 11 : 12);
    const codes = [256, ...data, 4095, 258, 7];
    const bits = codes.map((code, k) => code.toString(2).padStart(widthOf(k - 1), '0')).join('');
    const decoded = [...decodeLzw(packBits(bits), 5000)];
    expect(decoded).toEqual([...data, data[3837], data[3838], data[0], data[1], 7]);
  });

  it('refuses a code that is not defined yet', () => {
    // Codes 256, 65, 259 of nine bits: 259 would be the second entry, and there is but one.
    expect(() => decodeLzw(bitsOf([256, 65, 259]), 9)).toThrow('LZW code 259 before it was defined');
  });

  it('knows the bit order of the first writers, whose clear code is 0, 1', () => {
    expect(isOldStyleLzw(Uint8Array.of(0, 1))).toBe(true);
    expect(isOldStyleLzw(Uint8Array.of(0, 3, 9))).toBe(true);
    expect(isOldStyleLzw(Uint8Array.of(0, 2))).toBe(false);
    expect(isOldStyleLzw(Uint8Array.of(128, 1))).toBe(false);
    expect(isOldStyleLzw(Uint8Array.of(0))).toBe(false);
  });
});

describe('PackBits', () => {
  it('is literals of n + 1 bytes and repetitions of 257 − n', () => {
    // The example of Apple's Technical Note TN1023.
    const packed = [0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x03, 0x80, 0x00, 0x2a, 0x22, 0xf7, 0xaa];
    const unpacked = [
      ...[0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0xaa, 0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0x22],
      ...Array<number>(10).fill(0xaa),
    ];
    expect([...decodePackBits(Uint8Array.from(packed), 24)]).toEqual(unpacked);
    for (let most = 0; most < 24; most++)
      expect([...decodePackBits(Uint8Array.from(packed), most)]).toEqual(unpacked.slice(0, most));
    expect([...decodePackBits(Uint8Array.from(packed), 30)]).toEqual(unpacked);
  });

  it('passes over 128, and ends with its data', () => {
    expect([...decodePackBits(Uint8Array.of(128, 128, 0, 5), 9)]).toEqual([5]);
    expect([...decodePackBits(Uint8Array.of(3, 1, 2), 9)]).toEqual([1, 2]);
    expect([...decodePackBits(Uint8Array.of(255), 9)]).toEqual([]);
    expect([...decodePackBits(Uint8Array.of(127, ...Array<number>(128).fill(4)), 128)]).toEqual(Array(128).fill(4));
    expect([...decodePackBits(Uint8Array.of(129, 6), 128)]).toEqual(Array(128).fill(6));
  });
});

describe('predictors', () => {
  it('2 is the difference to the sample of the same channel on the left', () => {
    const data = Uint8Array.of(10, 20, 30, 11, 19, 35, 5, 20, 30, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    const coded = data.slice();
    applyHorizontalDifference(coded, 9, 3);
    expect([...coded]).toEqual([10, 20, 30, 1, 255, 5, 250, 1, 251, 1, 2, 3, 3, 3, 3, 3, 3, 3]);
    undoHorizontalDifference(coded, 9, 3);
    expect(coded).toEqual(data);
    const wide = Uint16Array.of(65535, 2, 1);
    undoHorizontalDifference(wide, 3, 1);
    expect([...wide]).toEqual([65535, 1, 2]);
    const short = Uint8Array.of(1, 1, 1, 1, 1);
    undoHorizontalDifference(short, 3, 1);
    expect([...short]).toEqual([1, 2, 3, 1, 1]);
    applyHorizontalDifference(short, 3, 1);
    expect([...short]).toEqual([1, 1, 1, 1, 1]);
  });

  it('3 is the differences of the bytes of floats, sorted into planes', () => {
    const floats = Float32Array.of(1, 1.5, -2, 0.25);
    const bytes = new Uint8Array(floats.buffer);
    // Most significant first: 3f 3f c0 3e, 80 c0 00 80, 00 …, 00 …
    const planes = [0x3f, 0x3f, 0xc0, 0x3e, 0x80, 0xc0, 0x00, 0x80, 0, 0, 0, 0, 0, 0, 0, 0];
    const expected = planes.map((value, k) => (k === 0 ? value : (value - planes[k - 1]) & 255));
    expect([...applyFloatPredictor(bytes, 4, 1, 4)]).toEqual(expected);
    expect([...undoFloatPredictor(Uint8Array.from(expected), 4, 1, 4)]).toEqual([...bytes]);
  });

  it('leave a row that is not whole', () => {
    expect([...undoFloatPredictor(Uint8Array.of(1, 1, 1, 1, 9, 9, 9), 2, 1, 2)]).toEqual([3, 1, 4, 2, 0, 0, 0]);
    expect([...applyFloatPredictor(Uint8Array.of(3, 1, 4, 2, 9, 9, 9), 2, 1, 2)]).toEqual([1, 1, 1, 1, 0, 0, 0]);
  });

  it('are undone whatever the samples, channels and rows', () => {
    const random = seededRandom(3);
    const bytes = (length: number) => Uint8Array.from({ length }, () => Math.floor(256 * random()));
    for (const stride of [1, 3])
      for (const rows of [1, 3])
        for (const pixels of [1, 2, 5]) {
          const rowSamples = pixels * stride;
          for (const size of [2, 4, 8]) {
            const data = bytes(rowSamples * rows * size);
            const coded = applyFloatPredictor(data, rowSamples, stride, size);
            expect(undoFloatPredictor(coded, rowSamples, stride, size)).toEqual(data);
          }
          const words = new Uint32Array(bytes(4 * rowSamples * rows).buffer);
          const coded = words.slice();
          applyHorizontalDifference(coded, rowSamples, stride);
          undoHorizontalDifference(coded, rowSamples, stride);
          expect(coded).toEqual(words);
        }
  });
});

describe('inflating', () => {
  it('asks for a stream of the platform only above 64 KiB, or where more is packed in one block than is wanted', async () => {
    const whole = globalThis.DecompressionStream;
    let streams = 0;
    globalThis.DecompressionStream = class extends whole {
      constructor(format: CompressionFormat) {
        super(format);
        streams++;
      }
    };
    try {
      const zeros = await deflate(new Uint8Array(65_537));
      expect((await inflate(zeros, 65_536)).length).toBe(65_536);
      expect(streams).toBe(0);
      expect((await inflate(zeros, 65_537)).length).toBe(65_537);
      expect(streams).toBe(1);
      // A stored block of five bytes, of which three are wanted.
      const stored = Uint8Array.of(0x78, 1, 1, 5, 0, 250, 255, 1, 2, 3, 4, 5, 0, 40, 0, 16);
      expect([...(await inflate(stored, 3))]).toEqual([1, 2, 3]);
      expect(streams).toBe(2);
      await expect(inflate(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7), 3)).rejects.toThrow('invalid zlib data');
      expect(streams).toBe(2);
    } finally {
      globalThis.DecompressionStream = whole;
    }
  });
});

describe('deflate', () => {
  const random = seededRandom(2);
  const data = Uint8Array.from({ length: 200_000 }, () => 256 * random() ** 3);

  it('gives back what was packed, however much of it is asked for', async () => {
    const packed = await deflate(data);
    expect(packed.length).toBeLessThan(data.length);
    for (const count of [1, 1000, 65_536, 65_537, 200_000]) {
      const found = await inflate(packed, count);
      expect(found.length).toBe(count);
      expect(Buffer.compare(found, data.subarray(0, count))).toBe(0);
    }
    const small = await deflate(data.subarray(0, 40));
    expect((await inflate(small, 60)).length).toBe(40);
    expect((await inflate(small, 100_000)).length).toBe(40);
  });

  it('refuses a damaged stream, small or large', async () => {
    const packed = await deflate(data);
    const broken = packed.slice();
    broken[0] = 0;
    await expect(inflate(broken, 1000)).rejects.toThrow();
    await expect(inflate(broken, 150_000)).rejects.toThrow();
  });

  it('is a gzip where that is asked for', async () => {
    const packed = await gzip(data.subarray(0, 100));
    expect([packed[0], packed[1]]).toEqual([0x1f, 0x8b]);
    const stream = new Blob([packed.slice().buffer]).stream().pipeThrough(new DecompressionStream('gzip'));
    expect(new Uint8Array(await new Response(stream).arrayBuffer())).toEqual(data.slice(0, 100));
  });
});
