import { describe, expect, it } from 'vitest';
import { StitchError } from '../errors.ts';
import { translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Rect } from '../geometry/rect.ts';
import { silentContext } from '../progress.ts';
import { allocateSamples } from '../raster/raster.ts';
import type { SampleType } from '../raster/raster.ts';
import { tileId } from '../tiles/tile.ts';
import type { TileReader } from '../tiles/tile.ts';
import { centreOf, openSources } from './block-sources.ts';
import type { SourceRequest } from './block-sources.ts';
import { defaultComposeOptions } from './mosaic.ts';
import type { Mosaic, Placement } from './mosaic.ts';

const size = { width: 40, height: 30 };
const placed = (name: string, mosaicFromTile: Affine2, more: Partial<Placement> = {}): Placement => ({
  tile: tileId(name),
  size,
  mosaicFromTile,
  state: 'solved',
  component: 0,
  tone: { gain: 2, offset: 7 },
  ...more,
});

/** Flat shading: pixels are as they were, but regions are read as they are needed. */
const shading = { columns: 2, rows: 2, values: Float32Array.of(1, 1, 1, 1) };

/** A reader of rasters of one value that remembers what it was asked for. */
function recorder(types: readonly SampleType[] = ['uint8'], fail: (tile: string) => Error | null = () => null) {
  const asked: (Rect & { readonly tile: string; readonly level: number })[] = [];
  const reader: TileReader = {
    async read(tile, { level, region }) {
      const error = fail(tile);
      if (error !== null) throw error;
      if (!region) throw new Error('whole tiles are not asked for');
      asked.push({ tile, level, ...region });
      const { width, height } = region;
      return types.map((type, c) => ({ data: allocateSamples(type, width * height).fill(100 + c), width, height }));
    },
  };
  return { asked, reader };
}

function requestOf(
  placements: readonly Placement[],
  reader: TileReader,
  more: Partial<SourceRequest> = {},
  ofMosaic: Partial<Mosaic> = { shading },
): SourceRequest {
  const mosaic: Mosaic = {
    bounds: { x: 0, y: 0, width: 100, height: 100 },
    placements,
    channels: 1,
    sampleType: 'uint8',
    pixelSizeNm: null,
    ...ofMosaic,
  };
  return { mosaic, options: defaultComposeOptions, level: 0, reader, signal: silentContext.signal, ...more };
}

async function regionsOf(
  placement: Placement,
  span: readonly [x0: number, x1: number, y0: number, y1: number],
  more: Partial<SourceRequest> = {},
) {
  const { asked, reader } = recorder();
  const [x0, x1, y0, y1] = span;
  await openSources(requestOf([placement], reader, more), { x0, x1, y0, y1 });
  return asked.map(({ x, y, width, height }) => [x, y, width, height]);
}

describe('what a span needs of a tile', () => {
  const tile = placed('t', translation(10, 20));
  const cubic = { options: { ...defaultComposeOptions, interpolation: 'bicubic' } } as const;

  it('is its pixels and those that interpolation takes round them', async () => {
    expect(await regionsOf(tile, [20, 25, 30, 32])).toEqual([[9, 9, 8, 5]]);
    expect(await regionsOf(tile, [20.5, 25.25, 30.5, 32.5])).toEqual([[9, 9, 9, 6]]);
    expect(await regionsOf(tile, [20, 25, 30, 32], cubic)).toEqual([[8, 8, 10, 7]]);
  });

  it('ends at the borders of the tile', async () => {
    expect(await regionsOf(tile, [0, 100, 0, 100])).toEqual([[0, 0, 40, 30]]);
    expect(await regionsOf(tile, [0, 10, 0, 20])).toEqual([[0, 0, 2, 2]]);
    expect(await regionsOf(tile, [49, 90, 49, 90])).toEqual([[38, 28, 2, 2]]);
  });

  it('is nothing more than half a pixel beyond them', async () => {
    const inside = [20, 25, 30, 32] as const;
    const spans = (at: readonly [number, number, number, number]) => regionsOf(tile, at).then((found) => found.length);
    // Columns −0.5 … 39.5 are at 9.5 … 49.5, rows −0.5 … 29.5 at 19.5 … 49.5.
    expect(await spans([0, 9.495, 30, 32])).toBe(1);
    expect(await spans([0, 9.485, 30, 32])).toBe(0);
    expect(await spans([49.505, 90, 30, 32])).toBe(1);
    expect(await spans([49.515, 90, 30, 32])).toBe(0);
    expect(await spans([20, 25, 0, 19.495])).toBe(1);
    expect(await spans([20, 25, 0, 19.485])).toBe(0);
    expect(await spans([20, 25, 49.505, 90])).toBe(1);
    expect(await spans([20, 25, 49.515, 90])).toBe(0);
    expect(await spans(inside)).toBe(1);
  });

  it('is counted in pixels of the level', async () => {
    const { asked, reader } = recorder();
    await openSources(requestOf([tile], reader, { level: 2 }), { x0: 20, x1: 25, y0: 30, y1: 32 });
    // (20 − 10 + ½)/4 − ½ = 2.125 … 3.375, (30 − 20 + ½)/4 − ½ = 2.125 … 2.625; the level has 10 × 8 pixels.
    expect(asked).toEqual([{ tile: 't', level: 2, x: 1, y: 1, width: 5, height: 4 }]);
    expect(await regionsOf(tile, [0, 100, 0, 100], { level: 2 })).toEqual([[0, 0, 10, 8]]);
  });

  it('is whole rows where no shading is taken out, which a cache hands out without a copy', async () => {
    const { asked, reader } = recorder();
    await openSources(requestOf([tile], reader, {}, {}), { x0: 20, x1: 25, y0: 30, y1: 32 });
    expect(asked).toEqual([{ tile: 't', level: 0, x: 0, y: 9, width: 40, height: 5 }]);
  });
});

describe('opened tiles', () => {
  const everywhere = { x0: 0, x1: 200, y0: 0, y1: 100 };
  const tiles = [placed('a', translation(0, 0)), placed('b', translation(500, 0)), placed('c', translation(30, 4))];

  it('are those that touch the span, numbered in drawing order', async () => {
    const { reader } = recorder();
    const { sources, placements, damaged } = await openSources(requestOf(tiles, reader), everywhere);
    expect(placements).toEqual([tiles[0], tiles[2]]);
    expect(sources.map(({ index }) => index)).toEqual([0, 1]);
    expect(sources.map(({ centreX, centreY }) => [centreX, centreY])).toEqual([
      [19.5, 14.5],
      [49.5, 18.5],
    ]);
    expect(centreOf(tiles[2])).toEqual({ x: 49.5, y: 18.5 });
    expect(damaged).toEqual([]);
    expect(sources[1].windows.map(({ x, y, size: whole }) => [x, y, whole])).toEqual([[0, 0, size]]);
  });

  it('have their tone, but where pixels are shown as recorded or tones are off', async () => {
    const { reader } = recorder();
    const toneUnder = async (more: object) => {
      const options = { ...defaultComposeOptions, ...more };
      const { sources } = await openSources(requestOf([tiles[0]], reader, { options }), everywhere);
      return sources[0].tone;
    };
    expect(await toneUnder({})).toEqual({ gain: 2, offset: 7 });
    expect(await toneUnder({ evenTones: false })).toEqual({ gain: 1, offset: 0 });
    expect(await toneUnder({ blend: 'none' })).toEqual({ gain: 1, offset: 0 });
  });

  it('have the shading taken out, but where pixels are shown as recorded', async () => {
    const { reader } = recorder();
    const valueUnder = async (blend: 'average' | 'none') => {
      const request = requestOf([tiles[0]], reader, { options: { ...defaultComposeOptions, blend } });
      const half = { ...shading, values: Float32Array.of(0.5, 0.5, 0.5, 0.5) };
      const { sources } = await openSources({ ...request, mosaic: { ...request.mosaic, shading: half } }, everywhere);
      return [sources[0].windows[0].raster.data[5], sources[0].sampleType];
    };
    expect(await valueUnder('average')).toEqual([200, 'float32']);
    expect(await valueUnder('none')).toEqual([100, 'uint8']);
  });

  it('show one channel in every channel of the mosaic, three in their own', async () => {
    const valuesOf = async (types: readonly SampleType[]) => {
      const request = requestOf([tiles[0]], recorder(types).reader, {}, { channels: 3 });
      const { sources } = await openSources(request, everywhere);
      return [sources[0].windows.map(({ raster }) => raster.data[0]), sources[0].sampleType];
    };
    expect(await valuesOf(['uint8'])).toEqual([[100, 100, 100], 'uint8']);
    expect(await valuesOf(['uint16', 'uint16', 'uint16'])).toEqual([[100, 101, 102], 'uint16']);
    expect(await valuesOf(['uint8', 'uint8', 'uint16'])).toEqual([[100, 101, 102], null]);
  });

  it.each(['truncated-file', 'unsupported-image'] as const)(
    'leave out and name one that is damaged for good: %s',
    async (code) => {
      const { reader } = recorder(['uint8'], (tile) => (tile === 'a' ? new StitchError(code, 'broken') : null));
      const { sources, placements, damaged } = await openSources(requestOf(tiles, reader), everywhere);
      expect([sources.length, sources[0].index, placements]).toEqual([1, 0, [tiles[2]]]);
      expect(damaged).toEqual(['a']);
    },
  );

  it('are none where a read fails that may succeed next time', async () => {
    for (const error of [new StitchError('unreadable-file', 'gone'), new Error('truncated-file')]) {
      const { reader } = recorder(['uint8'], (tile) => (tile === 'c' ? error : null));
      await expect(openSources(requestOf(tiles, reader), everywhere)).rejects.toBe(error);
    }
  });

  it('must be as large as they were asked for', async () => {
    for (const [dx, dy] of [
      [1, 0],
      [0, 1],
    ]) {
      const reader: TileReader = {
        read: async (_, { region }) => {
          const { width, height } = region ?? size;
          return [{ data: new Uint8Array((width + dx) * (height + dy)), width: width + dx, height: height + dy }];
        },
      };
      await expect(openSources(requestOf([tiles[0]], reader), everywhere)).rejects.toThrow(
        `tile a: asked for 40×30, read ${40 + dx}×${30 + dy}`,
      );
    }
  });
});
