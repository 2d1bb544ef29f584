import { describe, expect, it } from 'vitest';
import { translation } from '../geometry/affine2.ts';
import { silentContext } from '../progress.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { addNoise, sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { tileId } from '../tiles/tile.ts';
import type { Tile } from '../tiles/tile.ts';
import { correlationSurface } from './correlation-surface.ts';
import type { Mosaic, Placement } from './mosaic.ts';
import { composeRegion } from './compositor.ts';
import { defaultComposeOptions } from './mosaic.ts';
import { comparedAt, overlapAgreement } from './overlap-agreement.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import { plainTile } from '../testing/plain-tile.ts';

const size = { width: 96, height: 96 };
const texture = spotTexture(3, 7);
const [a, b, c] = ['a', 'b', 'c'].map((name) => tileId(name));
const view = (x: number, y: number, gain = 100): FloatRaster => {
  const image = sampleTexture(texture, size.width, size.height, translation(x, y));
  return { ...image, data: image.data.map((value) => gain * value) };
};

function mosaicOf(tiles: readonly (readonly [typeof a, number, number, FloatRaster])[]) {
  const placements = tiles.map(([tile, x, y]): Placement => ({
    tile,
    size,
    mosaicFromTile: translation(x, y),
    state: 'solved',
    component: 0,
    tone: { gain: 1, offset: 0 },
  }));
  const mosaic: Mosaic = {
    bounds: { x: 0, y: 0, width: 160, height: 96 },
    placements,
    channels: 1,
    sampleType: 'float32',
    pixelSizeNm: null,
  };
  return { mosaic, reader: memoryTileReader(new Map(tiles.map(([tile, , , raster]) => [tile, [raster]]))) };
}

async function agreement(tiles: readonly (readonly [typeof a, number, number, FloatRaster])[], cellPx = 32, scale = 1) {
  const { mosaic, reader } = mosaicOf(tiles);
  const request = { rect: mosaic.bounds, scale, cellPx };
  return overlapAgreement(mosaic, request, reader, silentContext.signal);
}

describe('how well overlapping tiles agree', () => {
  it('is one where they show the same, in the cells that both cover, and no number elsewhere', async () => {
    // Columns 64 … 95 are common: the third of five cells.
    const found = await agreement([
      [a, 0, 0, view(0, 0)],
      [b, 64, 0, view(64, 0)],
    ]);
    expect([found.columns, found.rows]).toEqual([5, 3]);
    for (let k = 0; k < 15; k++) {
      if (k % 5 === 2) {
        expect(found.correlation[k]).toBeGreaterThan(0.95);
        expect(found.difference[k]).toBeLessThan(0.01);
      } else expect([found.correlation[k], found.difference[k]]).toEqual([NaN, NaN]);
    }
  });

  it('is less the further they are off, and the difference that of their values', async () => {
    const shifted = async (dx: number) =>
      agreement([
        [a, 0, 0, view(0, 0)],
        [b, 64, 0, view(64 + dx, 0)],
      ]);
    // Neighbouring pixels are the measure: a pixel off is nothing yet.
    const [one, three] = [await shifted(1), await shifted(3)];
    expect(one.correlation[7]).toBeGreaterThan(0.9);
    expect(three.correlation[7]).toBeLessThan(one.correlation[7] - 0.1);
    const brighter = await agreement([
      [a, 0, 0, view(0, 0)],
      [b, 64, 0, { ...view(64, 0), data: view(64, 0).data.map((value) => value + 5) }],
    ]);
    expect(brighter.difference[7]).toBeCloseTo(5, 3);
    expect(brighter.correlation[7]).toBeGreaterThan(0.95);
  });

  it('takes the noise out, and says nothing of resin or of streaks', async () => {
    const noisy = await agreement([
      [a, 0, 0, addNoise(view(0, 0), 12, 1)],
      [b, 64, 0, addNoise(view(64, 0), 12, 2)],
    ]);
    expect(noisy.correlation[7]).toBeGreaterThan(0.8);
    const blank = { data: new Float32Array(96 * 96), width: 96, height: 96 };
    const resin = await agreement([
      [a, 0, 0, addNoise(blank, 12, 3)],
      [b, 64, 0, addNoise(blank, 12, 4)],
    ]);
    expect(resin.correlation[7]).toBeNaN();
    expect(resin.difference[7]).toBeGreaterThan(5);
    const streaks = { ...blank, data: blank.data.map((_, k) => 20 * Math.sin(1.9 * Math.floor(k / 96))) };
    const streaked = await agreement([
      [a, 0, 0, addNoise(streaks, 1, 5)],
      [b, 64, 0, addNoise(streaks, 1, 6)],
    ]);
    expect(streaked.correlation[7]).toBeNaN();
  });

  it('is that of the pair that agrees least', async () => {
    const found = await agreement([
      [a, 0, 0, view(0, 0)],
      [b, 64, 0, view(64, 0)],
      [c, 64, 0, view(67, 0)],
    ]);
    const pair = await agreement([
      [a, 0, 0, view(0, 0)],
      [c, 64, 0, view(67, 0)],
    ]);
    expect(found.correlation[7]).toBeLessThanOrEqual(pair.correlation[7] + 1e-6);
    expect(found.difference[7]).toBeGreaterThanOrEqual(pair.difference[7] - 1e-6);
    // Right of column 95 only b and c meet.
    expect(found.correlation[8]).toBeLessThan(0.9);
  });

  it('wants 40 % of a cell, and cells as large as they are shown', async () => {
    const wide = async (overlap: number) => {
      const left = 96 - overlap;
      const found = await agreement(
        [
          [a, 0, 0, view(0, 0)],
          [b, left, 0, view(left, 0)],
        ],
        32,
      );
      return found.correlation[7];
    };
    // Of the cell 64 … 95 so many columns.
    expect(await wide(12)).toBeNaN();
    expect(await wide(13)).toBeGreaterThan(0.9);
    const half = await agreement(
      [
        [a, 0, 0, view(0, 0)],
        [b, 32, 0, view(32, 0)],
      ],
      16,
      0.5,
    );
    expect([half.columns, half.rows]).toEqual([5, 3]);
    expect([...half.correlation].map((value) => value === value)).toEqual(
      Array.from({ length: 15 }, (_, k) => k % 5 === 1 || k % 5 === 2),
    );
    expect(comparedAt(0.125)).toEqual({ scale: 0.5, cellPx: 32 });
    expect(comparedAt(0.9)).toEqual({ scale: 1, cellPx: 32 });
  });
});

describe('the correlation of a patch about its place', () => {
  const tile = (id: typeof a): Tile => ({ ...plainTile(id, size, { sampleType: 'float32' }) });
  const surface = (dx: number, dy: number, request = { x: 60, y: 50, halfPx: 10, reachPx: 6 }, gain = 100) => {
    const { reader } = mosaicOf([
      [a, 0, 0, view(0, 0)],
      [b, 30, 0, view(30 + dx, dy, gain)],
    ]);
    return correlationSurface(tile(a), tile(b), translation(30, 0), request, reader, silentContext.signal);
  };

  it('is highest where b shows the patch, to a fraction of a pixel, whatever the contrast', async () => {
    // b shows at its place what a shows (dx, dy) further on: the patch lies by as much the other way.
    for (const [dx, dy] of [
      [0, 0],
      [2.3, -1.4],
      [-3, 4],
    ]) {
      const { side, values, peak, rival } = await surface(dx, dy, undefined, 37);
      expect([side, values.length]).toEqual([13, 169]);
      expect(Math.abs((peak?.dx ?? NaN) + dx)).toBeLessThan(0.1);
      expect(Math.abs((peak?.dy ?? NaN) + dy)).toBeLessThan(0.1);
      expect(peak?.value).toBeGreaterThan(0.95);
      expect(rival?.value).toBeLessThan(peak?.value ?? 0);
      expect(Math.hypot((rival?.dx ?? NaN) + Math.round(dx), (rival?.dy ?? NaN) + Math.round(dy))).toBeGreaterThan(3.2);
    }
  });

  it('is no number where less than half of the patch is there, and nothing where b is not', async () => {
    // The patch reaches from column 22 to 42; b begins at 30 and covers 13 of 21 columns.
    const { values, side } = await surface(0, 0, { x: 32, y: 50, halfPx: 10, reachPx: 6 });
    const at = (dx: number, dy: number) => values[(dy + 6) * side + dx + 6];
    expect(at(0, 0)).toBeGreaterThan(0.99);
    expect([at(-2, 0), at(-3, 0)].map((value) => value === value)).toEqual([true, false]);
    const none = await surface(0, 0, { x: 5, y: 50, halfPx: 4, reachPx: 3 });
    expect(none.peak).toBeNull();
    expect(none.rival).toBeNull();
    expect([...none.values].every((value) => value !== value)).toBe(true);
  });

  it('has no rival where all it looks at lies within four pixels', async () => {
    const near = await surface(0, 0, { x: 60, y: 50, halfPx: 8, reachPx: 2 });
    expect(near.peak?.value).toBeGreaterThan(0.99);
    expect(near.rival).toBeNull();
  });
});

describe('the agreement of a cell', () => {
  /** Tiles turned by about 45°, with holes, so that borders of all kinds run through the cells. */
  const holed = (raster: FloatRaster, every: number): FloatRaster => ({
    ...raster,
    data: raster.data.map((value, k) => (k % every === 5 ? NaN : value)),
  });
  const { mosaic, reader } = mosaicOf([
    [a, 0, 0, holed(addNoise(view(0, 0), 6, 1), 211)],
    [b, 0, 0, holed(addNoise(view(3, 1, 80), 6, 2), 173)],
  ]);
  const placements = mosaic.placements.map((placement, n) => ({
    ...placement,
    mosaicFromTile: affineFromPose({ x: 70 + n, y: 4, thetaRad: 0.78 + 0.01 * n }),
  }));

  it('is of the pixels that both have, and of neighbours that both have', async () => {
    const rect = { x: -35, y: -27, width: 192, height: 176 };
    const found = await overlapAgreement(
      { ...mosaic, placements },
      { rect, scale: 1, cellPx: 16 },
      reader,
      silentContext.signal,
    );
    const options = { ...defaultComposeOptions, blend: 'overlay' } as const;
    const [p, q] = await Promise.all(
      placements.map((placement) =>
        composeRegion(
          { ...mosaic, placements: [placement] },
          { rect, scale: 1 },
          options,
          reader,
          silentContext.signal,
        ),
      ),
    );
    const [u, v] = [p.channels[0].data, q.channels[0].data];
    const isCommon = (i: number) => p.coverage[i] !== 0 && q.coverage[i] !== 0;
    const mean = (list: readonly number[], of: (i: number) => number) =>
      list.reduce((sum, i) => sum + of(i), 0) / list.length;
    let [known, partial, unclamped] = [0, 0, 0];
    for (let row = 0; row < 11; row++)
      for (let column = 0; column < 12; column++) {
        const cell: number[] = [];
        const inner: number[] = [];
        for (let y = 16 * row; y < 16 * row + 16; y++)
          for (let x = 16 * column; x < 16 * column + 16; x++) {
            const i = y * 192 + x;
            if (!isCommon(i)) continue;
            cell.push(i);
            if (x % 16 < 15 && y % 16 < 15 && isCommon(i + 1) && isCommon(i + 192)) inner.push(i);
          }
        const at = row * 12 + column;
        if (cell.length < 0.4 * 256) {
          expect([found.correlation[at], found.difference[at]]).toEqual([NaN, NaN]);
          continue;
        }
        if (cell.length < 200) partial++;
        expect(found.difference[at]).toBeCloseTo(
          mean(cell, (i) => Math.abs(u[i] - v[i])),
          3,
        );
        // Products are about the first pixel that both have, and lagged ones less the square of the mean of all.
        const [origin] = cell;
        const structure = (data: ArrayLike<number>, lag: number) => {
          const m = mean(cell, (i) => data[i] - data[origin]);
          return mean(inner, (i) => (data[i] - data[origin]) * (data[i + lag] - data[origin])) - m * m;
        };
        const variance = (data: ArrayLike<number>) => {
          const m = mean(cell, (i) => data[i]);
          return mean(cell, (i) => (data[i] - m) ** 2);
        };
        const lagged = [u, v].map((data) => [structure(data, 1), structure(data, 192)]);
        if (![u, v].every((data, n) => Math.min(...lagged[n]) > 0.3 * variance(data))) {
          expect(found.correlation[at]).toBeNaN();
          continue;
        }
        const [sa, sb] = lagged.map(([right, below]) => (right + below) / 2);
        const [mu, mv] = [mean(cell, (i) => u[i]), mean(cell, (i) => v[i])];
        const expected = mean(cell, (i) => (u[i] - mu) * (v[i] - mv)) / Math.sqrt(sa * sb);
        expect(found.correlation[at]).toBeCloseTo(Math.max(-1, Math.min(1, expected)), 3);
        known++;
        if (Math.abs(expected) < 1) unclamped++;
      }
    expect(known).toBeGreaterThan(15);
    expect(partial).toBeGreaterThan(5);
    expect(unclamped).toBeGreaterThan(10);
  });

  it('is that of what the tiles show, however bright they are', async () => {
    const rect = { x: -3, y: 5, width: 160, height: 144 };
    const correlationAt = async (offset: number) => {
      const toned = placements.map((placement) => ({ ...placement, tone: { gain: 1, offset } }));
      const request = { rect, scale: 1, cellPx: 16 };
      return (await overlapAgreement({ ...mosaic, placements: toned }, request, reader, silentContext.signal))
        .correlation;
    };
    const [dark, bright] = [await correlationAt(0), await correlationAt(1000)];
    dark.forEach((value, k) => {
      if (Number.isNaN(value)) expect(bright[k]).toBeNaN();
      else expect(bright[k]).toBeCloseTo(value, 2);
    });
  });
});
