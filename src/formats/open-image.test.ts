import { describe, expect, it } from 'vitest';
import { byteSourceFromBytes } from './byte-source.ts';
import { openImage } from './index.ts';

const letters = (text: string) => [...text].map((letter) => letter.charCodeAt(0));

async function refusal(bytes: readonly number[]): Promise<string> {
  try {
    await openImage(byteSourceFromBytes('x', Uint8Array.from(bytes)));
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code} ${message}`;
  }
  return 'read';
}

describe('a file that is no image for us', () => {
  it.each([
    ['GIF89a', 'a GIF'],
    ['\0\0\0\x0cjP  ', 'a JPEG 2000'],
    ['\xff\x4f\xff\x51', 'a JPEG 2000 code stream'],
    ['\0\0\0\x0cJXL ', 'a JPEG XL'],
    ['\xff\x0a', 'a JPEG XL code stream'],
    ['\0\0\0\x03\0', 'a Gatan DM3'],
    ['\0\0\0\x04\0\0\0\0', 'a Gatan DM4'],
    ['ZISRAWFILE', 'a Zeiss CZI'],
    ['\x89HDF\r\n', 'an HDF5 (or Imaris, or EMD)'],
    ['P5', 'a PGM'],
    ['P6', 'a PPM'],
    ['SIMPLE  =', 'a FITS'],
    ['RIFF\x01\x02\x03\x04WEBP', 'a WebP'],
  ])('%j is known and refused by name', async (head, name) => {
    for (const bytes of [letters(head), [...letters(head), ...Array<number>(600).fill(7)]])
      expect(await refusal(bytes)).toMatch(`unsupported-image x: ${name} file, which is not read here.`);
  });

  it.each([
    ['%PDF-1.7', 'the file is a PDF'],
    ['PK\x03\x04', 'the file is a ZIP archive (unpack it first)'],
    ['\x1f\x8b', 'the file is a gzip archive (unpack it first)'],
    ['7z\xbc\xaf', 'the file is a 7z archive (unpack it first)'],
    ['RIFF\x01\x02\x03\x04WAVE', 'the file is no image that is known here'],
    ['XXXX\x01\x02\x03\x04WEBP', 'the file is no image that is known here'],
    ['SIMPLE', 'the file is no image that is known here'],
  ])('%j is said to be what it is', async (head, words) => {
    expect(await refusal(letters(head))).toMatch(`not-an-image x: ${words}.`);
  });

  it('may be empty', async () => {
    expect(await refusal([])).toMatch('truncated-file x: the file is empty (0 bytes).');
  });

  it('is looked at no further than needed', async () => {
    const lengths: number[] = [];
    const source = {
      name: 'x',
      size: 5000,
      read: async (_: number, length: number) => {
        lengths.push(length);
        return new Uint8Array(length);
      },
    };
    await expect(openImage(source)).rejects.toMatchObject({ code: 'not-an-image' });
    expect(lengths).toEqual([1024]);
  });
});

describe('an MRC without its name', () => {
  /** 2 × 1 px of bytes, the words of the header by their places. */
  function mrcOf(words: Readonly<Record<number, number>>, littleEndian = true, length = 1026): readonly number[] {
    const view = new DataView(new ArrayBuffer(length));
    for (const [at, value] of Object.entries({ 0: 2, 4: 1, 8: 1, 12: 0, 64: 1, 68: 2, 72: 3, ...words }))
      view.setInt32(Number(at), value, littleEndian);
    return [...new Uint8Array(view.buffer)];
  }

  it('is known by its dimensions, its mode and its axes, in both orders of bytes', async () => {
    for (const littleEndian of [true, false]) {
      const image = await openImage(byteSourceFromBytes('x', Uint8Array.from(mrcOf({}, littleEndian))));
      expect([image.format, image.pages[0].size.width]).toEqual(['mrc', 2]);
      expect(await refusal(mrcOf({ 64: 3, 68: 1, 72: 2 }, littleEndian))).toBe('read');
    }
  });

  it.each([
    [{ 0: 0 }],
    [{ 4: -1 }],
    [{ 8: 0 }],
    [{ 0: 2 ** 20 + 1 }],
    [{ 8: 2 ** 20 + 1 }],
    [{ 12: -1 }],
    [{ 12: 102 }],
    [{ 64: 2 }],
    [{ 72: 0 }],
  ])('is none with %j', async (words) => {
    expect(await refusal(mrcOf(words))).toContain('not-an-image x: the file is no image that is known here.');
  });

  it('may have the largest dimensions and mode that there are', async () => {
    expect(await refusal(mrcOf({ 0: 2 ** 20 }))).toMatch(/^truncated-file/);
    expect(await refusal(mrcOf({ 12: 101 }))).toMatch(/^unsupported-image/);
    expect(await refusal(mrcOf({}).slice(0, 100))).toMatch(/^not-an-image/);
  });

  it('is one by its name alone', async () => {
    const named = [...mrcOf({ 64: 0, 68: 0, 72: 0 })];
    named.splice(208, 3, ...letters('MAP'));
    expect(await refusal(named)).toBe('read');
    named[210] = 0;
    expect(await refusal(named)).toMatch(/^not-an-image/);
  });
});
