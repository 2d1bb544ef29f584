import { unitGain } from '../photometry/gain-offset.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { translation, type Affine2 } from '../geometry/affine2.ts';
import { silentContext } from '../progress.ts';
import type { Raster } from '../raster/raster.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { tileId, type Tile, type TileId } from '../tiles/tile.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import { composeRegion, seamTableOf } from './compositor.ts';
import { correlationSurface } from './correlation-surface.ts';
import { blendModes, defaultComposeOptions, type Mosaic, type Placement } from './mosaic.ts';
import { overlapAgreement } from './overlap-agreement.ts';
import { probePixel } from './pixel-probe.ts';
import { seamMask, tilesOfMask } from './seam-mask.ts';
import { seamStore } from './seam-store.ts';
import { tileSharesAt } from './tile-weights.ts';
import { plainTile } from '../testing/plain-tile.ts';

const { signal } = silentContext;

/** Waves in several directions: structure without a period in reach. */
function waves(x: number, y: number): number {
  const value =
    Math.sin(0.31 * x + 0.07 * y) + Math.sin(0.13 * y - 0.17 * x) + Math.sin(0.23 * y + 1) + Math.sin(0.011 * x * y);
  return 100 + 20 * value;
}

function rasterOf(width: number, height: number, value: (x: number, y: number) => number): Raster {
  const data = Float32Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width)));
  return { data, width, height };
}

function mosaicOf(tiles: readonly { readonly raster: Raster; readonly at: Affine2 }[]) {
  const rasters = new Map<TileId, readonly Raster[]>();
  const placements = tiles.map(({ raster, at }, k): Placement => {
    rasters.set(tileId(`t${k}`), [raster]);
    const size = { width: raster.width, height: raster.height };
    return { tile: tileId(`t${k}`), size, mosaicFromTile: at, state: 'solved', component: 0, tone: unitGain };
  });
  const bounds = boundsOfPlacements(placements);
  const mosaic: Mosaic = { bounds, placements, channels: 1, sampleType: 'float32', pixelSizeNm: null };
  return { mosaic, reader: memoryTileReader(rasters) };
}

/** Two tiles of one scene, the second `error` px off its true place (60, 5). */
function twoTiles(error = { x: 0, y: 0 }) {
  return mosaicOf([
    { raster: rasterOf(100, 80, waves), at: translation(0, 0) },
    { raster: rasterOf(100, 80, (x, y) => waves(x + 60, y + 5)), at: translation(60 + error.x, 5 + error.y) },
  ]);
}

describe('probePixel', () => {
  it('tells shares that make up the composed value, whatever the blend', async () => {
    const { mosaic, reader } = mosaicOf([
      { raster: rasterOf(40, 30, () => 10), at: translation(0, 0) },
      { raster: rasterOf(40, 30, () => 50), at: translation(25, 4) },
      { raster: rasterOf(40, 30, () => 130), at: translation(20, 12) },
    ]);
    const place = fc.record({ x: fc.integer({ min: 0, max: 64 }), y: fc.integer({ min: 0, max: 41 }) });
    await fc.assert(
      // `multiband` mixes neighbourhoods, which no share of a sample tells.
      fc.asyncProperty(
        place,
        fc.constantFrom(...blendModes.filter((mode) => mode !== 'multiband')),
        async ({ x, y }, blend) => {
          const probe = await probePixel(mosaic, x, y, { ...defaultComposeOptions, blend }, reader, signal);
          const sum = probe.tiles.reduce((total, { raw, weight }) => total + raw[0] * weight, 0);
          if (probe.value === null) expect(probe.tiles).toEqual([]);
          // Float32 samples.
          else expect(sum).toBeCloseTo(probe.value[0], 4);
        },
      ),
    );
  });

  it('names the sample of the file, not the toned one', async () => {
    const { mosaic, reader } = mosaicOf([{ raster: rasterOf(9, 9, (x, y) => 10 * y + x), at: translation(3, 0) }]);
    const toned = { ...mosaic, placements: [{ ...mosaic.placements[0], tone: { gain: 2, offset: 1 } }] };
    const probe = await probePixel(toned, 5, 4, defaultComposeOptions, reader, signal);
    expect(probe.value).toEqual([85]);
    expect(probe.tiles).toMatchObject([{ u: 2, v: 4, raw: [42], weight: 1, tone: { gain: 2, offset: 1 } }]);
  });
});

describe('probePixel under multiband', () => {
  it('tells the value that is composed, to which tiles beside the place contribute', async () => {
    const { mosaic, reader } = mosaicOf([
      { raster: rasterOf(60, 40, () => 10), at: translation(0, 0) },
      { raster: rasterOf(60, 40, () => 90), at: translation(50, 0) },
    ]);
    const options = { ...defaultComposeOptions, blend: 'multiband' } as const;
    const probe = await probePixel(mosaic, 47, 20, options, reader, signal);
    const rect = { x: 47, y: 20, width: 1, height: 1 };
    const composed = await composeRegion(mosaic, { rect, scale: 1 }, options, reader, signal);
    expect(probe.value).toEqual([composed.channels[0].data[0]]);
    // The second tile begins three pixels further right.
    expect(probe.value?.[0]).toBeGreaterThan(12);
    expect(probe.tiles.map(({ tile, weight }) => [tile, weight])).toEqual([['t0', 1]]);
  });
});

describe('probePixel under a shading', () => {
  it('tells the tone with the shading at the place, and none where pixels are shown as recorded', async () => {
    const { mosaic, reader } = mosaicOf([{ raster: rasterOf(11, 9, () => 90), at: translation(0, 0) }]);
    const shading = { columns: 2, rows: 2, values: Float32Array.of(0.5, 1.5, 0.5, 1.5) };
    const probe = await probePixel({ ...mosaic, shading }, 8, 4, defaultComposeOptions, reader, signal);
    expect(probe.tiles[0].raw).toEqual([90]);
    expect(probe.tiles[0].tone.gain).toBeCloseTo(1 / 1.3, 6);
    expect(probe.value?.[0]).toBeCloseTo(90 / 1.3, 4);
    const down = { columns: 2, rows: 2, values: Float32Array.of(0.5, 0.5, 1.5, 1.5) };
    const lower = await probePixel({ ...mosaic, shading: down }, 8, 6, defaultComposeOptions, reader, signal);
    expect(lower.tiles[0].tone.gain).toBeCloseTo(1 / 1.25, 6);
    expect(lower.value?.[0]).toBeCloseTo(90 / 1.25, 4);
    const plain = { ...defaultComposeOptions, blend: 'none' } as const;
    const recorded = await probePixel({ ...mosaic, shading }, 8, 4, plain, reader, signal);
    expect([recorded.value, recorded.tiles[0].tone.gain]).toEqual([[90], 1]);
  });
});

describe('seamMask', () => {
  it('runs half way between two centres, and along the border of the topmost tile under overlay', () => {
    const { placements } = mosaicOf([
      { raster: rasterOf(40, 20, () => 0), at: translation(0, 0) },
      { raster: rasterOf(40, 20, () => 0), at: translation(30, 0) },
    ]).mosaic;
    const region = { rect: { x: 0, y: 0, width: 70, height: 20 }, scale: 1 };
    const columnsOf = (blend: 'none' | 'overlay') => {
      const { marks, width } = seamMask({ placements }, region, blend);
      return Array.from({ length: width }, (_, x) => x).filter((x) => marks[10 * width + x] === 1);
    };
    // The centres lie at 19.5 and 49.5: pixel 34 is the last of the one (34.5 is the middle).
    expect(columnsOf('none')).toEqual([34, 35]);
    expect(columnsOf('overlay')).toEqual([39, 40]);
  });

  it('runs where the weights of feather are equal', () => {
    const { placements } = mosaicOf([
      { raster: rasterOf(40, 20, () => 0), at: translation(0, 0) },
      { raster: rasterOf(60, 20, () => 0), at: translation(20, 0) },
    ]).mosaic;
    const { marks, width } = seamMask(
      { placements },
      { rect: { x: 0, y: 0, width: 80, height: 20 }, scale: 1 },
      'feather',
    );
    // (39.5 − x) / 40 = (x − 19.5) / 60 at x = 31.5, where the centres 19.5 and 49.5 would say 34.5.
    expect(Array.from({ length: width }, (_, x) => x).filter((x) => marks[10 * width + x] === 1)).toEqual([31, 32]);
  });

  it('is where the composition changes tiles under seam, pixel by pixel', async () => {
    // Three overlapping tiles of one value each: the picture itself says who shows.
    const { mosaic, reader } = mosaicOf([
      { raster: rasterOf(90, 80, (x, y) => ((x * 7 + y * 13) % 5 === 0 ? 11 : 10)), at: translation(0, 0) },
      { raster: rasterOf(90, 80, (x, y) => ((x * 5 + y * 11) % 7 === 0 ? 101 : 100)), at: translation(55.5, 3) },
      { raster: rasterOf(90, 80, (x, y) => ((x * 3 + y * 17) % 6 === 0 ? 201 : 200)), at: translation(25, 50.25) },
    ]);
    const options = { ...defaultComposeOptions, blend: 'seam', evenTones: false } as const;
    for (const scale of [1, 0.5]) {
      const rect = { x: 0, y: 0, width: 144, height: 128 };
      const store = seamStore();
      const placements = tilesOfMask(mosaic.placements, { rect, scale });
      const table = await seamTableOf(mosaic, placements, scale, options, reader, signal, store);
      const { marks, width, height } = seamMask({ placements }, { rect, scale }, 'seam', table);
      const { channels, coverage } = await composeRegion(mosaic, { rect, scale }, options, reader, signal, store);
      const shown = Array.from(channels[0].data, (value, i) => (coverage[i] === 0 ? -1 : Math.round(value / 100)));
      let marked = 0;
      for (let y = 1; y + 1 < height; y++)
        for (let x = 1; x + 1 < width; x++) {
          const at = y * width + x;
          const isChange = [at - 1, at + 1, at - width, at + width].some(
            (next) => shown[at] !== -1 && shown[next] !== -1 && shown[next] !== shown[at],
          );
          expect([x, y, marks[at] === 1]).toEqual([x, y, isChange]);
          marked += marks[at];
        }
      expect(marked).toBeGreaterThan(100 * scale);
    }
  });

  it('is the same whether a region is asked for whole or in parts', () => {
    const { placements } = twoTiles().mosaic;
    const whole = seamMask({ placements }, { rect: { x: 0, y: 0, width: 160, height: 80 }, scale: 0.5 }, 'none');
    const right = seamMask({ placements }, { rect: { x: 80, y: 0, width: 80, height: 80 }, scale: 0.5 }, 'none');
    for (let y = 0; y < 40; y++)
      // The first column of a part may lack the mark of a seam at its very border.
      expect(Array.from(right.marks.subarray(y * 40 + 1, y * 40 + 40))).toEqual(
        Array.from(whole.marks.subarray(y * 80 + 41, y * 80 + 80)),
      );
  });
});

describe('tileSharesAt', () => {
  it('gives a point outside every tile to nobody', () => {
    expect(tileSharesAt(twoTiles().mosaic.placements, 'feather', 500, 500)).toEqual([]);
  });
});

describe('overlapAgreement', () => {
  const request = { rect: { x: 0, y: 0, width: 160, height: 85 }, scale: 1, cellPx: 16 };
  const meanOf = (values: Float32Array) => {
    const known = values.filter((value) => !Number.isNaN(value));
    return known.reduce((sum, value) => sum + value, 0) / known.length;
  };

  it('is one where tiles lie right and falls with every pixel they are off', async () => {
    const at = async (x: number) => {
      const { mosaic, reader } = twoTiles({ x, y: 0 });
      return meanOf((await overlapAgreement(mosaic, request, reader, signal)).correlation);
    };
    expect(await at(0)).toBeGreaterThan(0.99);
    expect(await at(3)).toBeLessThan(0.9);
    expect(await at(6)).toBeLessThan(await at(3));
  });

  it('says nothing where one tile is alone, and of resin only how far its values are apart', async () => {
    const { mosaic, reader } = mosaicOf([
      { raster: rasterOf(64, 32, () => 20), at: translation(0, 0) },
      { raster: rasterOf(64, 32, () => 23), at: translation(32, 0) },
    ]);
    const region = { rect: { x: 0, y: 0, width: 96, height: 32 }, scale: 1, cellPx: 16 };
    const { correlation, difference, columns } = await overlapAgreement(mosaic, region, reader, signal);
    expect(columns).toBe(6);
    expect([...correlation].every(Number.isNaN)).toBe(true);
    expect([...difference.subarray(0, 6)]).toEqual([NaN, NaN, 3, 3, NaN, NaN]);
  });
});

describe('correlationSurface', () => {
  const tileOf = (id: string): Tile => plainTile(id, { width: 100, height: 80 }, { sampleType: 'float32' });

  it('peaks where the second tile really is, to a fifth of a pixel', async () => {
    const { reader } = twoTiles();
    // b is said to lie at (58, 6.25): its image of a scene point is found 2 px to the right and 1.25 px above.
    const where = { x: 82, y: 40, halfPx: 10, reachPx: 5 };
    const surface = await correlationSurface(tileOf('t0'), tileOf('t1'), translation(58, 6.25), where, reader, signal);
    expect(surface.side).toBe(11);
    expect(surface.peak?.value).toBeGreaterThan(0.95);
    // The shortest waves here are 7 px long: a paraboloid through three values of them is off by up to 0.15 px.
    expect(Math.abs((surface.peak?.dx ?? 9) + 2)).toBeLessThan(0.2);
    expect(Math.abs((surface.peak?.dy ?? 9) - 1.25)).toBeLessThan(0.2);
  });

  it('has no value where the second tile has no pixels', async () => {
    const { reader } = twoTiles();
    const where = { x: 82, y: 40, halfPx: 4, reachPx: 2 };
    const surface = await correlationSurface(tileOf('t0'), tileOf('t1'), translation(900, 0), where, reader, signal);
    expect(surface.peak).toBeNull();
    expect([...surface.values].every(Number.isNaN)).toBe(true);
  });
});
