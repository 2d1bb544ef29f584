import { describe, expect, it } from 'vitest';
import { silentContext } from '../core/progress.ts';
import type { SampleType } from '../core/raster/raster.ts';
import { checkedRegion, decodedImage } from './decoded-image.ts';
import type { ImageInfo } from './image-file.ts';

function infoOf(width: number, height: number, channels: 1 | 3 = 1, sampleType: SampleType = 'uint8'): ImageInfo {
  return { size: { width, height }, channels, sampleType, pixelSizeNm: null, stagePx: null, notes: [] };
}

const small = [infoOf(5, 4), infoOf(7, 3)];

describe('a region that is asked for', () => {
  it('is the whole page where none is named', () => {
    expect(checkedRegion('a.png', small, 1, undefined)).toEqual({ x: 0, y: 0, width: 7, height: 3 });
    expect(checkedRegion('a.png', small, 0, { x: 4, y: 3, width: 1, height: 1 })).toEqual({
      x: 4,
      y: 3,
      width: 1,
      height: 1,
    });
    expect(checkedRegion('a.png', small, 0, { x: 0, y: 0, width: 5, height: 4 }).width).toBe(5);
  });

  it.each([
    [-1, 'page -1 of 2'],
    [2, 'page 2 of 2'],
  ])('of page %d is a mistake', (page, message) => {
    expect(() => checkedRegion('a.png', small, page, undefined)).toThrow(new RangeError(message));
  });

  it.each([
    [-1, 0, 1, 1],
    [0, -1, 1, 1],
    [0, 0, 0, 1],
    [0, 0, 1, 0],
    [0.5, 0, 1, 1],
    [0, 0.5, 1, 1],
    [0, 0, 1.5, 1],
    [0, 0, 1, NaN],
  ])('of %d,%d %d×%d is no rectangle of whole pixels', (x, y, width, height) => {
    expect(() => checkedRegion('a.png', small, 0, { x, y, width, height })).toThrow(
      new RangeError(`region ${x},${y} ${width}×${height} is not a rectangle of whole pixels`),
    );
  });

  it.each([
    [5, 0, 1, 1],
    [1, 0, 5, 1],
    [0, 4, 1, 1],
    [0, 1, 1, 4],
  ])('of %d,%d %d×%d leaves the page', (x, y, width, height) => {
    expect(() => checkedRegion('a.png', small, 0, { x, y, width, height })).toThrow(
      new RangeError(`region ${x},${y} ${width}×${height} leaves the page 5×4`),
    );
  });

  it('has a GiB of samples at most, all channels together', () => {
    const side = 2 ** 15;
    const check = (info: ImageInfo, width: number, height: number) =>
      checkedRegion('a.png', [info], 0, { x: 0, y: 0, width, height });
    expect(check(infoOf(side + 1, side), side, side).width).toBe(side);
    expect(() => check(infoOf(side + 1, side), side + 1, side)).toThrow(
      'a.png: 32769 × 32768 pixels are too many to be read at once (over 1 GiB). ' +
        'Save it in smaller images, or as an uncompressed or tiled TIFF.',
    );
    expect(() => check(infoOf(side, side, 3), side, side)).toThrow('too many');
    expect(check(infoOf(side, side, 1, 'float32'), side, side / 4).height).toBe(side / 4);
    expect(() => check(infoOf(side, side, 1, 'float32'), side, side / 4 + 1)).toThrow('too many');
    expect(() => checkedRegion('a.png', [infoOf(side + 1, side)], 0, undefined)).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
  });
});

describe('an image that is decoded whole', () => {
  const rasters = [{ data: Uint8Array.from({ length: 20 }, (_, k) => k), width: 5, height: 4 }];
  const { signal } = silentContext;

  it('gives its pixels, or those of a part', async () => {
    const image = decodedImage('a.png', 'png', small[0], async () => rasters);
    expect([image.format, image.pages]).toEqual(['png', [small[0]]]);
    expect(await image.readRegion(0, undefined, signal)).toBe(rasters);
    expect(await image.readRegion(0, { x: 0, y: 0, width: 5, height: 4 }, signal)).toBe(rasters);
    const crop = async (x: number, y: number, width: number, height: number) => [
      ...(await image.readRegion(0, { x, y, width, height }, signal))[0].data,
    ];
    expect(await crop(3, 1, 2, 2)).toEqual([8, 9, 13, 14]);
    expect(await crop(0, 2, 5, 1)).toEqual([10, 11, 12, 13, 14]);
    expect(await crop(2, 0, 1, 4)).toEqual([2, 7, 12, 17]);
  });

  it('is refused where the whole is too large, though a part is wanted', async () => {
    const image = decodedImage('a.png', 'png', infoOf(2 ** 16, 2 ** 16), () => expect.unreachable());
    await expect(image.readRegion(0, { x: 0, y: 0, width: 1, height: 1 }, signal)).rejects.toMatchObject({
      code: 'too-large',
    });
  });

  it('is given up before and after it is decoded', async () => {
    const stop = Object.assign(new Error('stop'), { name: 'AbortError' });
    for (const [calls, decodings] of [
      [0, 0],
      [1, 1],
    ]) {
      let [asked, decoded] = [0, 0];
      const image = decodedImage('a.png', 'png', small[0], async () => {
        decoded++;
        return rasters;
      });
      const throwIfAborted = () => {
        if (asked++ >= calls) throw stop;
      };
      await expect(image.readRegion(0, undefined, { aborted: false, throwIfAborted })).rejects.toBe(stop);
      expect(decoded).toBe(decodings);
    }
  });
});
