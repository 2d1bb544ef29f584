import { isInside, rectanglePolygon } from '../geometry/polygon.ts';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { silentContext } from '../progress.ts';
import { tileId } from '../tiles/tile.ts';
import { maskedTileReader, maskOfRegion } from './tile-mask.ts';

describe('a mask', () => {
  it('holds the pixels whose centres lie inside, whatever the polygon', () => {
    const point = fc.record({
      x: fc.integer({ min: -3000, max: 12_000 }).map((n) => n / 1000),
      y: fc.integer({ min: -3000, max: 12_000 }).map((n) => n / 1000),
    });
    fc.assert(
      fc.property(fc.array(point, { minLength: 3, maxLength: 7 }), (polygon) => {
        const region = { x: 2, y: 1, width: 7, height: 6 };
        const mask = maskOfRegion([polygon], region) ?? new Uint8Array(42);
        for (let j = 0; j < 6; j++)
          for (let i = 0; i < 7; i++) expect(mask[7 * j + i] === 1).toBe(isInside(polygon, 2 + i, 1 + j));
      }),
    );
  });

  it('takes the pixels between two corners of a rectangle, whichever way it was drawn', () => {
    const mask = maskOfRegion([rectanglePolygon({ x: 3.5, y: 2.5 }, { x: 0.5, y: 0.5 })], {
      x: 0,
      y: 0,
      width: 5,
      height: 4,
    });
    expect(Array.from(mask ?? [])).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('gives matching the mean of the rest instead of masked pixels, and leaves the shared raster alone', async () => {
    const tile = tileId('a.tif');
    const shared = { data: Uint8Array.of(10, 20, 200, 30, 40, 255), width: 3, height: 2 };
    const polygon = rectanglePolygon({ x: 1.5, y: -1 }, { x: 5, y: 5 });
    const reader = maskedTileReader({ read: async () => [shared] }, new Map([[tile, [polygon]]]));
    const [masked] = await reader.read(tile, { level: 0, signal: silentContext.signal });
    expect(Array.from(masked.data)).toEqual([10, 20, 25, 30, 40, 25]);
    expect(shared.data[2]).toBe(200);
    const [coarse] = await reader.read(tile, { level: 1, signal: silentContext.signal });
    expect(coarse).toBe(shared);
  });
});

describe('the mask of a region', () => {
  it('is null where no pixel centre is inside', () => {
    const region = { x: 5, y: 5, width: 4, height: 3 };
    const box = (left: number, right: number) => rectanglePolygon({ x: left, y: 0 }, { x: right, y: 20 });
    expect(maskOfRegion([], region)).toBeNull();
    expect(maskOfRegion([box(0, 4.9)], region)).toBeNull();
    expect(maskOfRegion([box(6.2, 6.8)], region)).toBeNull();
    expect(maskOfRegion([box(9, 12)], region)).toBeNull();
    expect(Array.from(maskOfRegion([box(7.5, 12), box(0, 5.5)], region) ?? [])).toEqual([
      1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1,
    ]);
  });
});

describe('what matching sees of a masked tile', () => {
  const [tile, other] = [tileId('a.tif'), tileId('b.tif')];
  const { signal } = silentContext;
  const everything = rectanglePolygon({ x: -1, y: -1 }, { x: 9, y: 9 });
  const right = rectanglePolygon({ x: 0.5, y: -1 }, { x: 9, y: 9 });
  const read = async (
    data: Float32Array | Uint8Array | Uint16Array,
    polygon = right,
    region?: { x: number; y: number },
  ) => {
    const raster = { data, width: data.length, height: 1 };
    const reader = maskedTileReader({ read: async () => [raster] }, new Map([[tile, [polygon]]]));
    const asked = region
      ? { level: 0, signal, region: { ...region, width: data.length, height: 1 } }
      : { level: 0, signal };
    return Array.from((await reader.read(tile, asked))[0].data);
  };

  it('keeps fractions where samples have them, and takes the nearest whole number where they do not', async () => {
    const half = rectanglePolygon({ x: 1.5, y: -1 }, { x: 9, y: 9 });
    expect(await read(Float32Array.of(1, 2, 9), half)).toEqual([1, 2, 1.5]);
    expect(await read(Uint8Array.of(1, 2, 9), half)).toEqual([1, 2, 2]);
    expect(await read(Uint16Array.of(1000, 2001, 9), half)).toEqual([1000, 2001, 1501]);
  });

  it('takes no mean of what is no number, and 0 of nothing', async () => {
    const last = rectanglePolygon({ x: 2.5, y: -1 }, { x: 9, y: 9 });
    expect(await read(Float32Array.of(4, NaN, 8, 100), last)).toEqual([4, NaN, 8, 6]);
    expect(await read(Uint8Array.of(5, 6), everything)).toEqual([0, 0]);
  });

  it('places the mask by the region that is read', async () => {
    const column = rectanglePolygon({ x: 101.5, y: 6 }, { x: 102.5, y: 8 });
    expect(await read(Uint8Array.of(10, 20, 90, 30), column, { x: 100, y: 7 })).toEqual([10, 20, 20, 30]);
    expect(await read(Uint8Array.of(10, 20, 90, 30), column, { x: 100, y: 9 })).toEqual([10, 20, 90, 30]);
  });

  it('is the same raster where nothing is masked', async () => {
    const raster = { data: Uint8Array.of(1, 2), width: 2, height: 1 };
    const reader = maskedTileReader({ read: async (id) => (id === other ? [] : [raster]) }, new Map([[tile, [right]]]));
    const [whole] = await reader.read(tileId('c.tif'), { level: 0, signal });
    expect(whole).toBe(raster);
    const empty = maskedTileReader({ read: async () => [] }, new Map([[tile, [right]]]));
    expect(await empty.read(tile, { level: 0, signal })).toEqual([]);
    const away = maskedTileReader(
      { read: async () => [raster] },
      new Map([[tile, [rectanglePolygon({ x: 50, y: 50 }, { x: 60, y: 60 })]]]),
    );
    expect((await away.read(tile, { level: 0, signal }))[0]).toBe(raster);
  });
});
