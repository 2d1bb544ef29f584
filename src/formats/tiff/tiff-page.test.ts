import { describe, expect, it } from 'vitest';
import { silentContext } from '../../core/progress.ts';
import { byteSourceFromBytes } from '../byte-source.ts';
import { openImage } from '../index.ts';
import { tiffOf } from '../testing/hand-written-tiff.ts';
import type { Field } from '../testing/hand-written-tiff.ts';

type Tags = Readonly<Record<number, readonly number[] | undefined>>;

/** 4 × 2 pixels of 8 bits in one strip; tags are SHORTs. */
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
          return { tag, type: 3, count: places.length, bytes: places.flatMap((value) => [value & 255, value >> 8]) };
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

  it('for no predictor where nothing is packed, or by PackBits: it says nothing there', async () => {
    expect((await read({ 317: [4] })).values).toEqual([pixels]);
    const packed = [7, ...pixels];
    expect((await read({ 259: [32773], 317: [2], 279: [9] }, packed)).values).toEqual([pixels]);
  });
});
