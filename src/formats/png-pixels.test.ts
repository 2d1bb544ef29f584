import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../core/random.ts';
import { crc32 } from './crc32.ts';
import { decodePngSamples, pngRawBytes } from './png-pixels.ts';
import type { PngLayout } from './png-pixels.ts';

const bigEndian = (value: number) => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];

function chunk(type: string, content: ArrayLike<number>): readonly number[] {
  const body = [...[...type].map((letter) => letter.charCodeAt(0)), ...Array.from(content)];
  return [...bigEndian(content.length), ...body, ...bigEndian(crc32(Uint8Array.from(body)))];
}

/** A file of these chunks behind eight bytes that nobody looks at. */
const fileOf = (...chunks: readonly (readonly number[])[]) =>
  Uint8Array.from([...Array<number>(8).fill(0), ...chunks.flat()]);

/** The pixels of the passes of section 8.1, pass after pass, row after row. */
function passesOf({
  width,
  height,
  isInterlaced,
}: PngLayout): readonly (readonly (readonly (readonly [number, number])[])[])[] {
  const grids = isInterlaced
    ? [
        [0, 0, 8, 8],
        [4, 0, 8, 8],
        [0, 4, 4, 8],
        [2, 0, 4, 4],
        [0, 2, 2, 4],
        [1, 0, 2, 2],
        [0, 1, 1, 2],
      ]
    : [[0, 0, 1, 1]];
  return grids.map(([x0, y0, dx, dy]) => {
    const rows: (readonly [number, number])[][] = [];
    for (let y = y0; y < height; y += dy) {
      const row: (readonly [number, number])[] = [];
      for (let x = x0; x < width; x += dx) row.push([x, y]);
      if (row.length > 0) rows.push(row);
    }
    return rows;
  });
}

/** Rows of samples as section 9 filters them, row k by `filters[k mod 5]`. */
function filtered(layout: PngLayout, samples: ArrayLike<number>, filters: readonly number[]): Uint8Array {
  const { width, depth, samples: count } = layout;
  const pixel = Math.max(1, (depth * count) / 8);
  const out: number[] = [];
  let before: readonly number[] = [];
  const rows = passesOf(layout).flatMap((pass) => pass.map((row, k) => ({ row, isFirst: k === 0 })));
  rows.forEach(({ row, isFirst }, k) => {
    const bits = row.flatMap(([x, y]) =>
      Array.from({ length: count }, (_, c) => samples[(y * width + x) * count + c].toString(2).padStart(depth, '0')),
    );
    const text = bits.join('');
    const bytes = Array.from({ length: Math.ceil(text.length / 8) }, (_, b) =>
      parseInt(text.slice(8 * b, 8 * b + 8).padEnd(8, '0'), 2),
    );
    const above = isFirst ? bytes.map(() => 0) : before;
    const filter = filters[k % filters.length];
    const predicted = bytes.map((_, b) => {
      const [left, up, corner] = [bytes[b - pixel] ?? 0, above[b], b < pixel ? 0 : above[b - pixel]];
      if (filter === 1) return left;
      if (filter === 2) return up;
      if (filter === 3) return Math.floor((left + up) / 2);
      if (filter === 0) return 0;
      const guess = left + up - corner;
      const [a, b2, c] = [left, up, corner].map((value) => Math.abs(guess - value));
      return a <= b2 && a <= c ? left : b2 <= c ? up : corner;
    });
    out.push(filter, ...bytes.map((value, b) => (value - predicted[b]) & 255));
    before = bytes;
  });
  return Uint8Array.from(out);
}

const kinds = [
  [1, 1],
  [2, 1],
  [4, 1],
  [8, 1],
  [8, 2],
  [8, 3],
  [8, 4],
  [16, 1],
  [16, 3],
] as const;

describe('the samples of a PNG', () => {
  it.each(kinds)(
    'of %d bits and %d a pixel are found behind every filter, interlaced or not',
    async (depth, samples) => {
      const random = seededRandom(10 * depth + samples);
      for (const [width, height] of [
        [1, 1],
        [3, 7],
        [5, 2],
        [8, 8],
        [9, 10],
        [13, 11],
      ])
        for (const isInterlaced of [false, true])
          for (const filters of [[0], [1], [2], [3], [4], [4, 3, 2, 1, 0]]) {
            const layout: PngLayout = { width, height, depth, samples, isInterlaced };
            const values = Array.from({ length: width * height * samples }, () => Math.floor(2 ** depth * random()));
            const raw = filtered(layout, values, filters);
            expect(pngRawBytes(layout)).toBe(raw.length);
            const found = await decodePngSamples(fileOf(chunk('IDAT', deflateSync(raw))), layout);
            expect([...found]).toEqual(values);
            expect(found.BYTES_PER_ELEMENT).toBe(depth === 16 ? 2 : 1);
          }
    },
  );

  const layout: PngLayout = { width: 3, height: 1, depth: 8, samples: 1, isInterlaced: false };
  const packed = [...deflateSync(Uint8Array.of(0, 5, 6, 7))];
  const decode = async (file: Uint8Array) => [...(await decodePngSamples(file, layout))];

  it('lie in all chunks of pixels together; others are passed over, damaged or not', async () => {
    const damaged = [...chunk('iCCP', [1, 2, 3, 4])];
    damaged[9] = 99;
    expect(await decode(fileOf(chunk('IDAT', packed)))).toEqual([5, 6, 7]);
    expect(
      await decode(fileOf(damaged, chunk('IDAT', packed.slice(0, 4)), damaged, chunk('IDAT', packed.slice(4)))),
    ).toEqual([5, 6, 7]);
    expect(
      await decode(fileOf(chunk('IDAT', packed), chunk('IEND', []), [255, 255, 255, 255, 1, 2, 3, 4, 5, 6, 7, 8])),
    ).toEqual([5, 6, 7]);
    expect(await decode(fileOf(chunk('IDAT', packed), [0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7]))).toEqual([5, 6, 7]);
  });

  it('are refused where a chunk, its checksum or a row is not right', async () => {
    const whole = chunk('IDAT', packed);
    await expect(decode(fileOf(whole.slice(0, -1)))).rejects.toThrow(
      new RangeError('a chunk reaches past the end of the file'),
    );
    const sum = [...whole];
    sum[sum.length - 1] ^= 1;
    await expect(decode(fileOf(sum))).rejects.toThrow(
      new RangeError('the checksum of its pixels (IDAT) does not hold'),
    );
    const short = chunk('IDAT', deflateSync(Uint8Array.of(0, 5, 6)));
    await expect(decode(fileOf(short))).rejects.toThrow(new RangeError('its pixels have 3 of 4 bytes'));
    const odd = fileOf(chunk('IDAT', deflateSync(Uint8Array.of(0, 1, 5, 2))));
    await expect(decodePngSamples(odd, { ...layout, width: 1, height: 2 })).rejects.toThrow(
      new RangeError('row 2 has filter 5, which there is not'),
    );
  });
});
