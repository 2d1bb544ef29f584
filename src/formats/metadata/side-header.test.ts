import { describe, expect, it } from 'vitest';
import { byteSourceFromBytes } from '../byte-source.ts';
import type { ByteSource, ImageFile } from '../image-file.ts';
import { sideHeaders, withSideHeader } from './side-header.ts';

const source = (name: string, text = ''): ByteSource => byteSourceFromBytes(name, new TextEncoder().encode(text));
const names = (...listed: readonly string[]) =>
  [...sideHeaders(listed.map((name) => source(name)))].map(([image, header]) => [image, header.name]);

describe('TESCAN headers beside images', () => {
  it('belong to the image of their name, with or without its ending, in any case', () => {
    expect(names('a.tif', 'A.HDR', 'b.tif', 'b-tif.hdr', 'c.png', 'sub/d.tif', 'sub/d.hdr')).toEqual([
      ['a.tif', 'A.HDR'],
      ['b.tif', 'b-tif.hdr'],
      ['sub/d.tif', 'sub/d.hdr'],
    ]);
    expect(names('.tif', '.hdr')).toEqual([['.tif', '.hdr']]);
  });

  it('belong to nothing without an image: not to themselves, to names without an ending, or in other folders', () => {
    expect(names('a.hdr', 'a.hdr.hdr', 'b', 'b.hdr', 'x/c.tif', 'c.hdr', 'd.hdrx')).toEqual([]);
    expect(names('abc', 'ab.hdr')).toEqual([]);
    expect(names('a.hdr.tif')).toEqual([]);
    expect(names('a.tif')).toEqual([]);
  });
});

describe('an image with a side header', () => {
  const size = { width: 101, height: 11 };
  const header = '[MAIN]\nPixelSizeX=1e-8\n[SEM]\nStageX=1e-6\nStageY=0\n';
  const open = async (page: object, text: string) => {
    const image = { pages: [{ size, pixelSizeNm: null, stagePx: null, ...page }] } as unknown as ImageFile;
    const [read] = (await withSideHeader(image, source('a.hdr', text))).pages;
    return { pixelSizeNm: read.pixelSizeNm, stagePx: read.stagePx };
  };

  it('takes from it what it does not say itself', async () => {
    const read = await open({}, header);
    expect(read.pixelSizeNm).toBeCloseTo(10, 12);
    expect(read.stagePx?.x).toBeCloseTo(50, 9);
    expect(read.stagePx?.y).toBeCloseTo(-5, 9);
    expect(await open({ pixelSizeNm: 3, stagePx: { x: 1, y: 2 } }, header)).toEqual({
      pixelSizeNm: 3,
      stagePx: { x: 1, y: 2 },
    });
  });

  it('takes nothing from a file that is no header by its size', async () => {
    const whole = header.padEnd(2 ** 20, '\n');
    expect((await open({}, whole)).pixelSizeNm).toBeCloseTo(10, 12);
    expect((await open({}, `${whole}\n`)).pixelSizeNm).toBeNull();
  });
});
