import { describe, expect, it } from 'vitest';
import { byteSourceFromBytes } from '../byte-source.ts';
import { tiffOf } from '../testing/hand-written-tiff.ts';
import type { Field } from '../testing/hand-written-tiff.ts';
import { readTiffDirectories, readTiffHeader } from './tiff-directory.ts';
import type { TiffDirectory } from './tiff-directory.ts';

async function open(bytes: Uint8Array): Promise<readonly TiffDirectory[]> {
  const source = byteSourceFromBytes('t.tif', bytes);
  return readTiffDirectories(source, await readTiffHeader(source));
}

/** Bytes of numbers, as a DataView writes them. */
function written(length: number, littleEndian: boolean, write: (view: DataView, littleEndian: boolean) => void) {
  const view = new DataView(new ArrayBuffer(length));
  write(view, littleEndian);
  return [...new Uint8Array(view.buffer)];
}

const flavours = [
  [true, false],
  [false, false],
  [true, true],
  [false, true],
] as const;

describe.each(flavours)('directories of a TIFF (little-endian %s, BigTIFF %s)', (little, big) => {
  const field = (
    type: number,
    count: number,
    length: number,
    write: (view: DataView, little: boolean) => void,
  ): Field => ({
    tag: 1000 + type,
    type,
    count,
    bytes: written(length, little, write),
  });
  const fields: readonly Field[] = [
    field(1, 2, 2, (view) => view.setUint16(0, 0xfe07)),
    field(3, 3, 6, (view, le) => [65535, 2, 3].forEach((value, k) => view.setUint16(2 * k, value, le))),
    field(4, 1, 4, (view, le) => view.setUint32(0, 4e9, le)),
    field(5, 2, 16, (view, le) => [3, 4, 4e9, 2].forEach((value, k) => view.setUint32(4 * k, value, le))),
    field(6, 2, 2, (view) => [-1, 7].forEach((value, k) => view.setInt8(k, value))),
    field(7, 1, 1, (view) => view.setUint8(0, 200)),
    field(8, 2, 4, (view, le) => [-300, 300].forEach((value, k) => view.setInt16(2 * k, value, le))),
    field(9, 1, 4, (view, le) => view.setInt32(0, -70000, le)),
    field(10, 1, 8, (view, le) => [-3, 4].forEach((value, k) => view.setInt32(4 * k, value, le))),
    field(11, 1, 4, (view, le) => view.setFloat32(0, 0.5, le)),
    field(12, 2, 16, (view, le) => [0.1, -1e99].forEach((value, k) => view.setFloat64(8 * k, value, le))),
    field(13, 1, 4, (view, le) => view.setUint32(0, 123456, le)),
    field(16, 1, 8, (view, le) => view.setBigUint64(0, 2n ** 40n, le)),
    field(17, 1, 8, (view, le) => view.setBigInt64(0, -(2n ** 40n), le)),
    field(18, 1, 8, (view, le) => view.setBigUint64(0, 2n ** 63n, le)),
    field(99, 1, 1, (view) => view.setUint8(0, 1)),
  ];

  it('hold numbers of every type, inline or elsewhere', async () => {
    const [directory] = await open(tiffOf([fields], little, big));
    const numbers = async (type: number) => [...((await directory.numbers(1000 + type)) ?? [])];
    expect(directory.littleEndian).toBe(little);
    expect(await numbers(1)).toEqual([0xfe, 7]);
    expect(await numbers(3)).toEqual([65535, 2, 3]);
    expect(await numbers(4)).toEqual([4e9]);
    expect(await numbers(5)).toEqual([0.75, 2e9]);
    expect(await numbers(6)).toEqual([-1, 7]);
    expect(await numbers(7)).toEqual([200]);
    expect(await numbers(8)).toEqual([-300, 300]);
    expect(await numbers(9)).toEqual([-70000]);
    expect(await numbers(10)).toEqual([-0.75]);
    expect(await numbers(11)).toEqual([0.5]);
    expect(await numbers(12)).toEqual([0.1, -1e99]);
    expect(await numbers(13)).toEqual([123456]);
    expect(await numbers(16)).toEqual([2 ** 40]);
    expect(await numbers(17)).toEqual([-(2 ** 40)]);
    expect(await numbers(18)).toEqual([2 ** 63]);
    expect(await numbers(99)).toEqual([]);
    expect(await directory.number(1003, 5)).toBe(65535);
    expect(await directory.number(1099, 5)).toBe(5);
    expect(await directory.number(1, 5)).toBe(5);
    expect(await directory.numbers(1)).toBeNull();
    expect(await directory.bytes(1)).toBeNull();
    expect(await directory.text(1)).toBeNull();
    expect([directory.has(1003), directory.has(1)]).toEqual([true, false]);
  });

  it('come in the order of the file', async () => {
    const page = (value: number) => [field(4, 1, 4, (view, le) => view.setUint32(0, value, le)), ...fields.slice(3, 4)];
    const directories = await open(tiffOf([page(5), page(9), page(7)], little, big));
    expect(await Promise.all(directories.map((directory) => directory.number(1004, 0)))).toEqual([5, 9, 7]);
  });

  it('hold texts up to their first NUL, in UTF-8 or else in Latin-1', async () => {
    const text = (tag: number, bytes: readonly number[]): Field => ({ tag, type: 2, count: bytes.length, bytes });
    const [directory] = await open(
      tiffOf(
        [
          [
            text(1, [0x41, 0x42, 0, 0x43]),
            text(2, [0xc2, 0xb5, 0x6d]),
            text(3, [0xb5, 0x6d, 0x20, 0x2e, 0]),
            text(4, []),
            text(5, [0, 0x41]),
          ],
        ],
        little,
        big,
      ),
    );
    expect(await Promise.all([1, 2, 3, 4, 5].map((tag) => directory.text(tag)))).toEqual(['AB', 'µm', 'µm .', '', '']);
  });
});

describe('a damaged TIFF is refused', () => {
  const refusal = async (bytes: readonly number[]) => open(Uint8Array.from(bytes)).catch((error: unknown) => error);
  const head = [0x49, 0x49, 42, 0];

  it.each<[string, readonly number[], string, RegExp]>([
    ['other letters', [0x49, 0x4d, 42, 0, 8, 0, 0, 0], 'not-an-image', /does not start like a TIFF/],
    ['another version', [0x49, 0x49, 44, 0, 8, 0, 0, 0], 'not-an-image', /of version 44/],
    ['only a part of a header', head, 'truncated-file', /ends before its TIFF header/],
    [
      'only a part of a BigTIFF header',
      [0x49, 0x49, 43, 0, 8, 0, 0, 0],
      'truncated-file',
      /ends before its BigTIFF header/,
    ],
    [
      'BigTIFF with other offsets',
      [0x49, 0x49, 43, 0, 4, ...Array<number>(11).fill(0)],
      'unsupported-image',
      /offsets of 4 bytes/,
    ],
    ['no directory', [...head, 0, 0, 0, 0], 'truncated-file', /its directory was never written/],
    ['a directory behind the end', [...head, 9, 0, 0, 0], 'truncated-file', /ends before its directory of page 1/],
    ['a directory of nothing', [...head, 8, 0, 0, 0, 0, 0], 'truncated-file', /directory of page 1 claims 0 entries/],
    [
      'as many entries as may be',
      [...head, 8, 0, 0, 0, 0, 16],
      'truncated-file',
      /ends before its directory of page 1/,
    ],
    ['a directory of too much', [...head, 8, 0, 0, 0, 1, 16], 'truncated-file', /claims 4097 entries/],
    [
      'a directory that is cut',
      [...head, 8, 0, 0, 0, 1, 0, 0, 1],
      'truncated-file',
      /ends before its directory of page 1/,
    ],
  ])('with %s', async (_, bytes, code, message) => {
    expect(await refusal(bytes)).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  it('when its pages run in a circle', async () => {
    const page = tiffOf([[{ tag: 1, type: 3, count: 1, bytes: [1, 0] }]], true, false);
    page[page.length - 4] = 8;
    expect(await refusal([...page])).toMatchObject({ message: expect.stringMatching(/in a circle/) as string });
  });

  it('when a tag claims bytes that are not there', async () => {
    const bytes = tiffOf([[{ tag: 1, type: 12, count: 2, bytes: Array<number>(16).fill(0) }]], true, false);
    const [directory] = await open(bytes.slice(0, -1));
    await expect(directory.numbers(1)).rejects.toMatchObject({
      code: 'truncated-file',
      message: expect.stringMatching(/tag 1/) as string,
    });
  });

  /** A tag 1 of a type and a count whose value lies at byte 0. */
  const claiming = async (type: number, count: number) => {
    const bytes = tiffOf([[{ tag: 1, type, count, bytes: Array<number>(8).fill(0) }]], true, false);
    return (await open(bytes))[0];
  };
  const messageOf = (reading: Promise<unknown>) =>
    reading.then(
      (value) => value,
      (error: unknown) => (error as Error).message,
    );

  it('when a tag claims more than any tag has, before memory is asked for', async () => {
    const behindEnd = /^t\.tif: the file has 34 bytes and ends before its tag 1\./;
    expect(await messageOf((await claiming(1, 2 ** 28)).bytes(1))).toMatch(/its pages share more metadata/);
    expect(await messageOf((await claiming(1, 2 ** 28 + 1)).bytes(1))).toMatch(/its tag 1 claims 268435457 bytes\./);
    expect(await messageOf((await claiming(1, 2 ** 26)).numbers(1))).toMatch(behindEnd);
    expect(await messageOf((await claiming(1, 2 ** 26 + 1)).numbers(1))).toMatch(/its tag 1 claims 67108865 values\./);
  });

  it('but a text that is too long is none', async () => {
    expect(await messageOf((await claiming(2, 2 ** 26)).text(1))).toMatch(/ends before its tag 1\./);
    expect(await (await claiming(2, 2 ** 26 + 1)).text(1)).toBeNull();
  });

  it('when its pages share more metadata than 16 times the file and 64 MiB', async () => {
    const tag = { tag: 1, type: 1, count: 2 ** 20, bytes: [] };
    const bytes = new Uint8Array(2 ** 20 + 2 ** 16);
    // The tag's value lies at byte 0, where tiffOf puts what has no bytes.
    bytes.set(tiffOf([[tag]], true, false));
    const [directory] = await open(bytes);
    // 2²⁶ + 16·(2²⁰ + 2¹⁶) = 81·2²⁰
    for (let k = 0; k < 81; k++) expect((await directory.bytes(1))?.length).toBe(2 ** 20);
    await expect(directory.bytes(1)).rejects.toMatchObject({
      code: 'truncated-file',
      message: expect.stringContaining('its pages share more metadata than there are') as string,
    });
  });

  it('when it claims more pages than any file has', async () => {
    const bytes = new Uint8Array(8 + 18 * 65537);
    const view = new DataView(bytes.buffer);
    bytes.set([0x49, 0x49, 42, 0, 8]);
    for (let page = 0; page < 65537; page++) {
      view.setUint16(8 + 18 * page, 1, true);
      view.setUint32(8 + 18 * page + 14, page < 65536 ? 8 + 18 * (page + 1) : 0, true);
    }
    expect(await refusal([...bytes])).toMatchObject({
      code: 'truncated-file',
      message: expect.stringContaining('it claims more than 65536 pages') as string,
    });
  });

  it('when its pages lie over one another', async () => {
    // Ten entries from byte 8 on, and ten from byte 10 on: 240 bytes of entries.
    const bytes = [...head, 8, ...Array<number>(235).fill(0)];
    bytes[8] = 10;
    bytes[10] = 10;
    bytes[130] = 10;
    expect(await refusal(bytes)).toHaveLength(2);
    expect(await refusal(bytes.slice(0, -1))).toMatchObject({
      code: 'truncated-file',
      message: expect.stringContaining('its pages lie over one another') as string,
    });
  });
});
