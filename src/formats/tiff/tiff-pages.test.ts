import { describe, expect, it } from 'vitest';
import { silentContext } from '../../core/progress.ts';
import { byteSourceFromBytes } from '../byte-source.ts';
import type { ByteSource } from '../image-file.ts';
import { tiffOf } from '../testing/hand-written-tiff.ts';
import type { Field } from '../testing/hand-written-tiff.ts';
import { openTiff } from './tiff-reader.ts';

type Page = Readonly<Record<number, number | readonly number[] | string>>;

/** 2 × 1 pixels of 8 bits a page, all of which show the two bytes from byte 2 of the file on. */
const plain: Page = { 256: 2, 257: 1, 258: 8, 259: 1, 262: 1, 273: 2, 277: 1, 278: 9, 279: 2 };

/** A TIFF of SHORTs and texts. */
function fileOf(pages: readonly Page[]): Uint8Array {
  const fields = pages.map((page) =>
    Object.entries({ ...plain, ...page }).map(([tag, value]): Field => {
      if (typeof value === 'string') {
        const bytes = [...new TextEncoder().encode(value)];
        return { tag: Number(tag), type: 2, count: bytes.length, bytes };
      }
      const values = typeof value === 'number' ? [value] : value;
      const bytes = values.flatMap((each) => [each & 255, each >> 8]);
      return { tag: Number(tag), type: 3, count: values.length, bytes };
    }),
  );
  return tiffOf(fields, true, false);
}

const open = (...pages: readonly Page[]) => openTiff(byteSourceFromBytes('p.tif', fileOf(pages)));

describe('the pages of a TIFF', () => {
  it('are those that are images in their own right; copies and masks are counted in a note', async () => {
    const image = await open({ 256: 2 }, { 254: 1, 256: 1 }, { 254: 2, 257: 2, 279: 4 }, { 254: 4 }, { 254: 5 });
    expect(image.format).toBe('tiff');
    expect(image.pages.map(({ size }) => [size.width, size.height])).toEqual([
      [2, 1],
      [2, 2],
    ]);
    expect(image.pages.map(({ notes }) => notes)).toEqual([['3 reduced copies or masks in the file are ignored.'], []]);
    expect([...(await image.readRegion(0, undefined, silentContext.signal))[0].data]).toEqual([42, 0]);
    expect((await open({}, {})).pages.map(({ notes }) => notes)).toEqual([[], []]);
  });

  it('are the first alone where all say that they are copies', async () => {
    const { pages } = await open({ 254: 1 }, { 254: 1 }, { 254: 4 });
    expect(pages.length).toBe(1);
    expect(pages[0].notes).toEqual([]);
  });

  it('are left out with a note where they cannot be read, but for the first', async () => {
    const image = await open({}, { 262: 5 }, { 256: 1, 279: 1 });
    expect(image.pages.map(({ size }) => size.width)).toEqual([2, 1]);
    expect(image.pages[0].notes).toEqual([expect.stringMatching(/^Page 2 is left out: p\.tif: a TIFF with CMYK/)]);
    expect(image.pages[1].notes).toEqual([]);
    expect([...(await image.readRegion(1, undefined, silentContext.signal))[0].data]).toEqual([42]);
    await expect(open({ 262: 5 }, {})).rejects.toMatchObject({ code: 'unsupported-image' });
  });

  it('are refused together where one is damaged or the drive fails', async () => {
    await expect(open({}, { 256: 0 })).rejects.toMatchObject({ code: 'truncated-file' });
    // The places of the second page's strips lie behind 40,000 bytes of text that nobody asks for.
    const strips = { 257: 3, 270: 'x'.repeat(40_000), 273: [2, 2, 2], 278: 1, 279: [2, 2, 2] };
    const bytes = fileOf([{}, strips]);
    expect((await openTiff(byteSourceFromBytes('p.tif', bytes))).pages.length).toBe(2);
    const broken = new RangeError('the drive is gone');
    const source: ByteSource = {
      name: 'p.tif',
      size: bytes.length,
      read: async (offset, length) => {
        if (offset >= 32_768) throw broken;
        return bytes.subarray(offset, offset + length);
      },
    };
    await expect(openTiff(source)).rejects.toBe(broken);
  });

  it('carry their times, and the places of other files where the metadata name them', async () => {
    const at = Date.UTC(2026, 10, 22, 18, 3, 59);
    const image = await open({ 306: '2026:11:22 18:03:59' }, {});
    expect(image.pages[0].acquiredAtMs).toBe(at);
    expect('acquiredAtMs' in image.pages[1]).toBe(false);
    expect('positions' in image).toBe(false);
    const part = (file: string, x: number) =>
      `<Image><Pixels PhysicalSizeX="0.004"><TiffData><UUID FileName="${file}">u</UUID></TiffData>` +
      `<Plane PositionX="${x}" PositionY="0"/></Pixels></Image>`;
    const { positions } = await open({ 270: `<OME>${part('p.tif', 0)}${part('q.tif', 0.4)}</OME>` });
    expect(positions).toEqual([
      { file: 'p.tif', x: 0, y: 0 },
      { file: 'q.tif', x: 100, y: 0 },
    ]);
  });
});
