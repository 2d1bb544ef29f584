import { describe, expect, it } from 'vitest';
import { silentContext } from '../../core/progress.ts';
import { byteSourceFromBytes } from '../byte-source.ts';
import { openImage } from '../index.ts';
import { tiffOf } from '../testing/hand-written-tiff.ts';
import type { Field } from '../testing/hand-written-tiff.ts';
import { readTiffDirectories, readTiffHeader } from './tiff-directory.ts';
import { readTiffPage } from './tiff-page.ts';
import type { TiffPage } from './tiff-page.ts';

type Tags = Readonly<Record<number, readonly number[] | undefined>>;

/** 4 × 2 pixels of 8 bits in one strip; tags are SHORTs where their values fit, else LONGs. */
const plain: Tags = { 256: [4], 257: [2], 258: [8], 259: [1], 262: [1], 273: [0], 277: [1], 278: [2], 279: [8] };
const pixels = [1, 2, 3, 4, 5, 6, 7, 250];

/** A TIFF of these tags with `data` behind its directory, where the offsets of 273 (or 324) count from. */
function fileOf(changes: Tags = {}, data: readonly number[] = pixels): Uint8Array {
  const tags = Object.entries({ ...plain, ...changes }).flatMap(([tag, values]) =>
    values === undefined ? [] : [{ tag: Number(tag), values }],
  );
  const build = (start: number) =>
    tiffOf(
      [
        tags.map(({ tag, values }): Field => {
          const places = tag === 273 || tag === 324 ? values.map((value) => (value < 0 ? 0 : value + start)) : values;
          const shifts = places.some((value) => value > 65535) ? [0, 8, 16, 24] : [0, 8];
          const bytes = places.flatMap((value) => shifts.map((shift) => (value >> shift) & 255));
          return { tag, type: shifts.length === 4 ? 4 : 3, count: places.length, bytes };
        }),
      ],
      true,
      false,
    );
  const head = build(0);
  return Uint8Array.from([...build(head.length), ...data]);
}

async function read(changes: Tags = {}, data: readonly number[] = pixels) {
  const image = await openImage(byteSourceFromBytes('t.tif', fileOf(changes, data)));
  const rasters = await image.readRegion(0, undefined, silentContext.signal);
  return { info: image.pages[0], values: rasters.map((raster) => [...raster.data]) };
}

async function refusal(changes: Tags, data: readonly number[] = pixels): Promise<{ code: unknown; message: string }> {
  try {
    await read(changes, data);
  } catch (error) {
    return error as { code: unknown; message: string };
  }
  throw new Error('it was read');
}

/** The description of the page alone; the file may claim to be longer than it is. */
async function pageOf(changes: Tags = {}, claimedSize?: number): Promise<TiffPage> {
  const bytes = fileOf(changes);
  const source = { ...byteSourceFromBytes('t.tif', bytes), size: claimedSize ?? bytes.length };
  const [directory] = await readTiffDirectories(source, await readTiffHeader(source));
  return readTiffPage(source, directory);
}

const wordsOf = (reading: Promise<unknown>) =>
  reading.then(
    () => 'read',
    (error: unknown) => (error as Error).message,
  );

describe('a page of a TIFF', () => {
  it('is its pixels, without a note where nothing is remarkable', async () => {
    const { info, values } = await read();
    expect(info).toMatchObject({ size: { width: 4, height: 2 }, channels: 1, sampleType: 'uint8', notes: [] });
    expect(values).toEqual([pixels]);
  });

  it('is inverted where its white is 0, and says so; signed samples are left', async () => {
    const white = await read({ 262: [0] });
    expect(white.values).toEqual([pixels.map((value) => 255 - value)]);
    expect(white.info.notes).toEqual(['MinIsWhite: shown inverted.']);
    const signed = await read({ 262: [0], 258: [16], 339: [2], 279: [16] }, [...pixels, ...pixels]);
    expect(signed.info.notes).toEqual(['MinIsWhite with int16 samples: shown as stored.']);
    expect(signed.values[0][3]).toBe(-1529);
  });

  it('is red, green and blue of three samples, and says what of more is not read', async () => {
    const data = Array.from({ length: 40 }, (_, k) => k);
    const rgb = { 262: [2], 258: [8, 8, 8], 277: [3], 279: [24] };
    expect((await read(rgb, data)).values).toEqual(
      [0, 1, 2].map((c) => Array.from({ length: 8 }, (_, k) => 3 * k + c)),
    );
    const notes = async (samples: number, extra: readonly number[] | undefined, kind = 2) => {
      const bits = Array<number>(samples).fill(8);
      return (await read({ 262: [kind], 258: bits, 277: [samples], 279: [8 * samples], 338: extra }, data)).info.notes;
    };
    expect(await notes(4, [1])).toEqual(['The alpha channel is ignored.']);
    expect(await notes(4, [2])).toEqual(['The alpha channel is ignored.']);
    expect(await notes(4, [0])).toEqual(['Only the first 3 channels of 4 are read.']);
    expect(await notes(4, undefined)).toEqual(['Only the first 3 channels of 4 are read.']);
    expect(await notes(5, [2, 0])).toEqual(['Only the first 3 channels of 5 are read.']);
    expect(await notes(2, [0], 1)).toEqual(['Only the first channel of 2 are read.']);
  });

  it('is looked up in its palette, of 16 bits or of 8, in colour or in grey', async () => {
    const table = (of: (i: number, c: number) => number) =>
      [0, 1, 2].flatMap((c) => Array.from({ length: 256 }, (_, i) => of(i, c)));
    const colour = await read({ 262: [3], 320: table((i, c) => 256 * ((i + c) % 256) + 200) });
    expect(colour.values).toEqual([0, 1, 2].map((c) => pixels.map((value) => value + c)));
    expect(colour.info.notes).toEqual(['Colour palette: expanded to RGB.']);
    const grey = await read({ 262: [3], 320: table((i) => 255 - i) });
    expect(grey.values).toEqual([pixels.map((value) => 255 - value)]);
    expect(grey.info.notes).toEqual(['Grey palette: expanded.']);
    // 256 is the first value that 8 bits do not have.
    const dark = await read({ 262: [3], 320: table((i) => (i === 250 ? 256 : 0)) });
    expect(dark.values).toEqual([[0, 0, 0, 0, 0, 0, 0, 1]]);
    const nearly = await read({ 262: [3], 320: table((i, c) => (i === 255 && c === 2 ? 0 : i)) });
    expect(nearly.info.channels).toBe(3);
    const greenish = await read({ 262: [3], 320: table((i, c) => (i === 255 && c === 1 ? 0 : i)) });
    expect(greenish.info.channels).toBe(3);
  });

  it('says which of its samples are widened', async () => {
    const four = { 258: [32], 279: [32] };
    const data = Array.from({ length: 8 }, (_, k) => [k, 0, 0, 0]).flat();
    const note = (type: string) =>
      `Samples are stored as ${type} and are read as 32-bit float, which is refused where it is not exact.`;
    const unsigned = await read(four, data);
    expect(unsigned.info).toMatchObject({ sampleType: 'float32', notes: [note('uint32')] });
    expect(unsigned.values).toEqual([[0, 1, 2, 3, 4, 5, 6, 7]]);
    expect((await read({ ...four, 339: [2] }, data)).info.notes).toEqual([note('int32')]);
    const doubles = await read({ 258: [64], 339: [3], 279: [64] }, new Array<number>(64).fill(0));
    expect(doubles.info).toMatchObject({ sampleType: 'float32', notes: [note('float64')] });
    const signed = await read({ 339: [2] });
    expect(signed.info.notes).toEqual(['8-bit signed samples are kept as 16-bit signed.']);
    expect(signed.values).toEqual([[1, 2, 3, 4, 5, 6, 7, -6]]);
  });

  it('is whole where its last strip is short, or counted as if it were full', async () => {
    expect(
      (await read({ 257: [3], 273: [0, 8], 278: [2], 279: [8, 4] }, [...pixels, 9, 9, 9, 9])).values[0].length,
    ).toBe(12);
    expect(
      (await read({ 257: [3], 273: [0, 8], 278: [2], 279: [8, 8] }, [...pixels, 9, 9, 9, 9])).values[0].length,
    ).toBe(12);
  });

  it('is found where its strips have no lengths', async () => {
    const data = [...pixels.slice(4), ...pixels.slice(0, 4)];
    expect((await read({ 273: [4, 0], 278: [1], 279: undefined }, data)).values).toEqual([pixels]);
  });

  it('is looked up in its palette by its first plane alone', async () => {
    const table = [0, 1, 2].flatMap((c) => Array.from({ length: 256 }, (_, i) => 256 * ((i + c) % 256)));
    const planes = [pixels, pixels.map(() => 77), pixels.map(() => 99)];
    for (const samples of [2, 3]) {
      const tags = {
        258: new Array<number>(samples).fill(8),
        273: planes.slice(0, samples).map((_, plane) => 8 * plane),
        277: [samples],
        279: new Array<number>(samples).fill(8),
        284: [2],
      };
      const { values } = await read({ ...tags, 262: [3], 320: table }, planes.slice(0, samples).flat());
      expect(values).toEqual([0, 1, 2].map((c) => pixels.map((value) => value + c)));
    }
  });

  it('has tables of JPEG, and colours of JPEG, only where it is one', async () => {
    const jpeg = { 259: [7], 347: [1, 2] };
    expect([...((await pageOf(jpeg)).jpegTables ?? [])]).toEqual([1, 0, 2, 0]);
    expect((await pageOf({ 259: [7] })).jpegTables).toBeNull();
    expect((await pageOf({ 347: [1, 2] })).jpegTables).toBeNull();
    const colour = { 258: [8, 8, 8], 277: [3], 279: [24] };
    expect(await pageOf({ ...jpeg, ...colour, 262: [6], 279: [8] })).toMatchObject({ isYCbCr: true, channels: 3 });
    expect(await pageOf({ ...jpeg, ...colour, 262: [2], 279: [8] })).toMatchObject({ isYCbCr: false, channels: 3 });
    expect(await pageOf()).toMatchObject({ isYCbCr: false, isBitReversed: false, mapping: { kind: 'as-stored' } });
    expect((await pageOf({ 259: [5], 266: [2] })).isBitReversed).toBe(true);
    expect((await pageOf({ ...jpeg, 266: [2] })).isBitReversed).toBe(false);
  });

  it('is predicted by the kinds of samples that its predictor is for', async () => {
    const predictor = async (number: number, bits: number, format: number) =>
      wordsOf(
        pageOf({ 259: [8], 317: [number], 258: [bits], 339: [format] }).then((page) => {
          throw new Error(`predictor ${page.predictor}`);
        }),
      );
    expect(await predictor(2, 8, 1)).toBe('predictor 2');
    expect(await predictor(2, 32, 1)).toBe('predictor 2');
    expect(await predictor(2, 64, 3)).toContain('a TIFF with predictor 2 on float64 samples');
    expect(await predictor(3, 32, 3)).toBe('predictor 3');
    expect(await predictor(3, 64, 3)).toBe('predictor 3');
    expect(await predictor(3, 32, 1)).toContain('a TIFF with predictor 3 on uint32 samples');
    expect(await predictor(1, 32, 1)).toBe('predictor 1');
  });

  it('has strips that reach to the next one in the file where no lengths are said', async () => {
    const packed = { 257: [4], 259: [32773], 278: [1], 279: undefined };
    const page = await pageOf({ ...packed, 273: [5, 0, 0, 3] });
    expect([...page.byteCounts]).toEqual([3, 3, 3, 2]);
    const short = await pageOf({ ...packed, 273: [5, 0, 0, 3], 279: [1, 1, 1] });
    expect([...short.byteCounts]).toEqual([3, 3, 3, 2]);
    expect(await wordsOf(pageOf({ ...packed, 273: [9, 0, 0, 3] }))).toContain('strip 1 of 4 was never written');
  });

  it('needs no rows per strip where there is one strip', async () => {
    expect((await read({ 278: undefined })).values).toEqual([pixels]);
    expect((await read({ 278: [9999] })).values).toEqual([pixels]);
  });
});

describe('a TIFF is refused', () => {
  it.each<[string, Tags, string, RegExp]>([
    ['of no columns', { 256: [0] }, 'truncated-file', /its TIFF header claims 0 × 2 pixels/],
    ['of no rows', { 257: [0] }, 'truncated-file', /its TIFF header claims 4 × 0 pixels/],
    [
      'of a palette without a map',
      { 262: [3] },
      'unsupported-image',
      /a palette TIFF with uint8 indices or without a whole colour map/,
    ],
    [
      'of a palette that is short',
      { 262: [3], 320: Array<number>(767).fill(1) },
      'unsupported-image',
      /without a whole/,
    ],
    [
      'of YCbCr without JPEG',
      { 262: [6], 258: [8, 8, 8], 277: [3], 279: [24] },
      'unsupported-image',
      /a YCbCr TIFF without JPEG compression/,
    ],
    ['of an unknown photometric', { 262: [77] }, 'unsupported-image', /a TIFF with photometric 77 pixels/],
    ['of CMYK', { 262: [5], 258: [8, 8, 8, 8], 277: [4], 279: [32] }, 'unsupported-image', /a TIFF with CMYK/],
    ['with a strip that is short', { 279: [7] }, 'truncated-file', /strip 1 has 7 of 8 bytes/],
    ['with a strip that was never written', { 273: [-1] }, 'truncated-file', /strip 1 of 1 was never written/],
    ['with a strip of no bytes', { 279: [0] }, 'truncated-file', /strip 1 of 1 was never written/],
    [
      'with a strip behind the end',
      { 273: [1] },
      'truncated-file',
      /the file ends at byte \d+, inside or before strip 1 of 1/,
    ],
    ['with strips that are not listed', { 278: [1], 279: [4] }, 'truncated-file', /it lists 1 of its 2 strips/],
    ['with strips that are nowhere', { 273: undefined }, 'truncated-file', /it lists 0 of its 1 strips/],
    ['with tiles of nothing', { 322: [0], 323: [16], 324: [0], 325: [8] }, 'truncated-file', /claims tiles of 0 × 16/],
    [
      'with a packed strip that cannot hold its pixels',
      { 256: [4000], 257: [4000], 259: [32773], 278: [4000] },
      'truncated-file',
      /strip 1 has 8 bytes, which cannot hold 16000000/,
    ],
    [
      'with a predictor of another kind',
      { 259: [5], 317: [3] },
      'unsupported-image',
      /a TIFF with predictor 3 on uint8 samples/,
    ],
    [
      'with an unknown predictor',
      { 259: [8], 317: [4] },
      'unsupported-image',
      /a TIFF with predictor 4 on uint8 samples/,
    ],
  ])('%s', async (_, tags, code, message) => {
    const error = await refusal(tags);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^t\.tif: /);
    expect(error.message).toMatch(message);
  });

  it('of more pixels, tiles or pixels a tile than any image has', async () => {
    const most = 2 ** 24;
    expect(await wordsOf(pageOf({ 256: [most] }))).toContain(`strip 1 has 8 of ${2 * most} bytes`);
    expect(await wordsOf(pageOf({ 256: [most + 1] }))).toContain(`claims ${most + 1} × 2 pixels`);
    expect(await wordsOf(pageOf({ 257: [most + 1] }))).toContain(`claims 4 × ${most + 1} pixels`);
    const tiled = { 322: [16], 323: [16], 324: [0], 325: [8] };
    expect(await wordsOf(pageOf({ ...tiled, 322: [most] }))).toContain(`tile 1 has 8 of ${16 * most} bytes`);
    expect(await wordsOf(pageOf({ ...tiled, 322: [most + 1] }))).toContain(`claims tiles of ${most + 1} × 16.`);
    expect(await wordsOf(pageOf({ ...tiled, 323: [most + 1] }))).toContain(`claims tiles of 16 × ${most + 1}.`);
    const single = { ...tiled, 256: [most], 322: [1], 323: [1] };
    expect(await wordsOf(pageOf({ ...single, 257: [1] }))).toContain(`it lists 1 of its ${most} tiles.`);
    expect(await wordsOf(pageOf({ ...single, 257: [2] }))).toContain(`claims ${2 * most} tiles.`);
  });

  it('with samples that JPEG cannot hold', async () => {
    expect(await wordsOf(pageOf({ 259: [7], 258: [16] }))).toContain('a TIFF with uint16 samples in JPEG compression');
    const two = { 259: [7], 258: [8, 8], 277: [2] };
    expect(await wordsOf(pageOf(two))).toContain('a TIFF with 2 channels in JPEG compression');
  });

  it('of a palette of more than 256 colours', async () => {
    const wide = { 262: [3], 258: [16], 279: [16], 320: new Array<number>(768).fill(1) };
    expect(await wordsOf(pageOf(wide, 4096))).toContain('a palette TIFF with uint16 indices');
  });

  it('with a place or a length that is no number of bytes', async () => {
    const numbers = (tag: number, type: number, value: number): Field => {
      const view = new DataView(new ArrayBuffer(4));
      if (type === 9) view.setInt32(0, value, true);
      else view.setFloat32(0, value, true);
      return { tag, type, count: 1, bytes: [...new Uint8Array(view.buffer)] };
    };
    const words = async (place: Field, length: Field) => {
      const others = [256, 257, 258, 259, 262, 277, 278].map((tag): Field => {
        const value = plain[tag]?.[0] ?? NaN;
        return { tag, type: 3, count: 1, bytes: [value, 0] };
      });
      const source = byteSourceFromBytes('t.tif', tiffOf([[...others, place, length]], true, false));
      const [directory] = await readTiffDirectories(source, await readTiffHeader(source));
      return wordsOf(readTiffPage(source, directory));
    };
    expect(await words(numbers(273, 9, 8), numbers(279, 9, 8))).toBe('read');
    const said = (length: number, place: number) => `strip 1 is said to be ${length} bytes at byte ${place}.`;
    expect(await words(numbers(273, 9, -1), numbers(279, 9, 8))).toContain(said(8, -1));
    expect(await words(numbers(273, 9, 8), numbers(279, 9, -8))).toContain(said(-8, 8));
    expect(await words(numbers(273, 11, 8.5), numbers(279, 9, 8))).toContain(said(8, 8.5));
    expect(await words(numbers(273, 9, 8), numbers(279, 11, 8.5))).toContain(said(8.5, 8));
  });

  it('with a packed strip that reaches past the end, though its pixels would not', async () => {
    expect(await wordsOf(pageOf({ 259: [32773], 279: [8] }))).toBe('read');
    expect(await wordsOf(pageOf({ 259: [32773], 279: [9] }))).toContain('inside or before strip 1 of 1');
  });

  it.each([
    ['PackBits', 32773, 64],
    ['LZW', 5, 2600],
    ['Deflate', 8, 1032],
    ['old Deflate', 32946, 1032],
  ])('with more pixels than %s can hold', async (_, compression, growth) => {
    const wide = (width: number) => wordsOf(pageOf({ 256: [width], 257: [1], 259: [compression], 279: [8] }));
    expect(await wide(growth * 24)).toBe('read');
    expect(await wide(growth * 24 + 1)).toContain(`strip 1 has 8 bytes, which cannot hold ${growth * 24 + 1}.`);
  });

  it('with a strip that is a bomb, or larger than a machine can unpack; not for what is not packed', async () => {
    const words = (width: number, height: number, stored: number, compression = 50000) =>
      wordsOf(pageOf({ 256: [width], 257: [height], 278: [height], 259: [compression], 279: [stored] }, 2 ** 31));
    expect(await words(8192, 8192, 8)).toBe('read');
    expect(await words(8192, 8193, 8)).toBe(
      't.tif: strip 1 is said to hold 67117056 bytes, packed into 8. Save the image in tiles, or in strips of a few rows.',
    );
    // 68,200,000 bytes are 1100 times 62,000.
    expect(await words(11_000, 6200, 62_000)).toBe('read');
    expect(await words(11_000, 6200, 61_999)).toContain('strip 1 is said to hold 68200000 bytes');
    expect(await words(32_768, 32_768, 2 ** 20)).toBe('read');
    expect(await words(32_768, 32_769, 2 ** 20)).toContain('strip 1 is said to hold 1073774592 bytes');
    expect(await words(32_768, 32_769, 32_768 * 32_769, 1)).toBe('read');
  });

  it('for no predictor where nothing is packed, or by PackBits: it says nothing there', async () => {
    expect((await read({ 317: [4] })).values).toEqual([pixels]);
    const packed = [7, ...pixels];
    expect((await read({ 259: [32773], 317: [2], 279: [9] }, packed)).values).toEqual([pixels]);
  });
});
