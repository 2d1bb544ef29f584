import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { silentContext } from '../progress.ts';
import { tileId } from '../tiles/tile.ts';
import { isInside, maskedTileReader, maskOfRegion, rectanglePolygon } from './tile-mask.ts';

describe('a mask', () => {
  it('holds the pixels whose centres lie inside, whatever the polygon', () => {
    const point = fc.record({
      x: fc.double({ min: -3, max: 12, noNaN: true }),
      y: fc.double({ min: -3, max: 12, noNaN: true }),
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
