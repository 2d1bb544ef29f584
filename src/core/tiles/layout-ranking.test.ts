import { describe, expect, it } from 'vitest';
import { silentContext } from '../progress.ts';
import type { Progress } from '../progress.ts';
import { seededRandom } from '../random.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { cropRaster } from '../raster/raster.ts';
import { blurGaussian } from '../raster/resample.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { plainTile } from '../testing/plain-tile.ts';
import { estimateOverlapOf, inferLayoutOf } from './layout-from-pixels.ts';
import { estimateOverlap, thumbnailsAtOneScale } from './layout-inference.ts';
import { proposeLayouts } from './layout-proposals.ts';
import { rankingOf, rankLayouts, tilesToLookAt } from './layout-ranking.ts';
import type { LayoutHypothesis } from './layout-ranking.ts';
import type { Layout, Tile, TileId } from './tile.ts';

const size = { width: 128, height: 112 };
/** 24 of 128 px, and 21 of 112. */
const pitch = { x: 104, y: 91 };

/** Blobs of two sizes, of about the same contrast. */
function plane(width: number, height: number): FloatRaster {
  const random = seededRandom(5);
  const layer = (sigma: number) => {
    const data = Float32Array.from({ length: width * height }, () => random() - 0.5);
    return blurGaussian({ data, width, height }, sigma).data.map((value) => 100 * sigma * value);
  };
  const [small, large] = [layer(1.6), layer(6)];
  return { data: small.map((value, i) => 120 + value + large[i]), width, height };
}

/** Tiles of `rows` × `columns` cut from a plane, named by `name`. */
function scene(rows: number, columns: number, name: (row: number, column: number) => string) {
  const whole = plane(size.width + pitch.x * (columns - 1), size.height + pitch.y * (rows - 1));
  const made = Array.from({ length: rows * columns }, (_, k) => {
    const [row, column] = [Math.floor(k / columns), k % columns];
    const tile = plainTile(name(row, column), size);
    return { tile, raster: cropRaster(whole, { x: column * pitch.x, y: row * pitch.y, ...size }) };
  });
  const tiles: readonly Tile[] = made.map(({ tile }) => tile);
  return { tiles, thumbnails: new Map<TileId, FloatRaster>(made.map(({ tile, raster }) => [tile.id, raster])) };
}

/** Five by five tiles of fine texture, each turned by up to 5° about its centre. */
function turnedScene(seed: number) {
  const side = 200;
  const pitch = 144;
  const random = seededRandom(seed);
  const width = side + 4 * pitch + 80;
  const noise = Float32Array.from({ length: width * width }, () => 400 * (random() - 0.5));
  const whole = blurGaussian({ data: noise, width, height: width }, 1.5);
  const made = Array.from({ length: 25 }, (_, k) => {
    const turn = ((2 * random() - 1) * 5 * Math.PI) / 180;
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const [x, y] = [40 + pitch * (k % 5) + side / 2, 40 + pitch * Math.floor(k / 5) + side / 2];
    const data = Float32Array.from({ length: side * side }, (__, n) => {
      const [u, v] = [(n % side) - side / 2, Math.floor(n / side) - side / 2];
      return whole.data[Math.round(y + sin * u + cos * v) * width + Math.round(x + cos * u - sin * v)];
    });
    const size = { width: side, height: side };
    return { tile: plainTile(`t${String(k).padStart(2, '0')}.tif`, size), raster: { data, ...size } };
  });
  const tiles: readonly Tile[] = made.map(({ tile }) => tile);
  return { tiles, thumbnails: new Map<TileId, FloatRaster>(made.map(({ tile, raster }) => [tile.id, raster])) };
}

const running = scene(2, 3, (row, column) => `t${row * 3 + column}.tif`);

describe('layouts ranked by what their neighbours show', () => {
  it('are right from six running numbers, with the correlation that was seen', async () => {
    const progress: Progress[] = [];
    const context = { ...silentContext, onProgress: (step: Progress) => void progress.push(step) };
    const ranking = await rankLayouts(proposeLayouts(running.tiles), running.thumbnails, context);
    const [best, second] = ranking.hypotheses;
    expect(best.description).toBe('0…5 in 2 rows × 3 columns, raster by rows from the top left');
    expect(best.confidence).toBeGreaterThan(0.99);
    expect(second.confidence).toBeLessThan(0.01);
    expect(ranking.isClose).toBe(false);
    expect(best.correlation).toBeGreaterThan(0.95);
    expect(ranking.hypotheses.reduce((sum, { confidence }) => sum + confidence, 0)).toBeCloseTo(1, 9);
    expect(progress.length).toBeGreaterThan(0);
    for (const step of progress) expect(step).toMatchObject({ stage: 'layout', note: 'comparing neighbours' });
  });

  it.each([1, 2])(
    'are not overtaken by what was left behind when turned tiles show less from close by, %i',
    async (seed) => {
      const { tiles, thumbnails } = turnedScene(seed);
      const { hypotheses } = await rankLayouts(proposeLayouts(tiles), thumbnails, silentContext);
      expect(hypotheses[0].description).toBe('0…24 in 5 rows × 5 columns, raster by rows from the top left');
      expect(hypotheses[0].confidence).toBeGreaterThan(0.99);
    },
  );

  it('leave free positions the share that they had', async () => {
    const free: Layout = { kind: 'positions', poses: new Map(), sigmaPx: 1 };
    const named = proposeLayouts(running.tiles);
    const given: readonly LayoutHypothesis[] = [
      { layout: free, description: 'free', confidence: 0.3, correlation: null },
      ...named.map((each) => ({ ...each, confidence: 0.7 * each.confidence })),
    ];
    const { hypotheses, isClose } = await rankLayouts(given, running.thumbnails, silentContext);
    expect(hypotheses[0].confidence).toBeCloseTo(0.7, 2);
    expect(hypotheses[1]).toMatchObject({ description: 'free', confidence: 0.3, correlation: null });
    expect(isClose).toBe(true);
    const alone = await rankLayouts([given[0]], new Map(), silentContext);
    expect(alone).toMatchObject({ isClose: false, hypotheses: [{ description: 'free', confidence: 0.3 }] });
  });

  it('are close where the second has two fifths of the first', () => {
    const withShares = (...shares: readonly number[]) =>
      rankingOf(shares.map((confidence): LayoutHypothesis => ({ ...proposeLayouts(running.tiles)[0], confidence })))
        .isClose;
    expect([withShares(0.5, 0.2), withShares(0.5, 0.1999), withShares(0.5)]).toEqual([true, false, false]);
  });

  it('ask for the tiles of small grids, and for none of free positions', () => {
    expect(tilesToLookAt(proposeLayouts(running.tiles))).toEqual(new Set(running.tiles.map(({ id }) => id)));
    const free: Layout = { kind: 'positions', poses: new Map(), sigmaPx: 1 };
    expect(tilesToLookAt([{ layout: free, description: '', confidence: 1, correlation: null }]).size).toBe(0);
  });
});

describe('the overlap of a layout', () => {
  it('is measured along both axes, from thumbnails and from tiles', async () => {
    const { tiles, thumbnails } = running;
    const reader = memoryTileReader(new Map([...thumbnails].map(([id, raster]) => [id, [raster]])));
    const ranking = await inferLayoutOf(tiles, reader, silentContext);
    const { layout } = ranking.hypotheses[0];
    if (layout.kind !== 'grid') throw new Error('no grid');
    for (const overlap of [
      layout.overlap,
      await estimateOverlap(layout, thumbnails, silentContext),
      await estimateOverlapOf(layout, tiles, reader, silentContext),
    ]) {
      // A thumbnail pixel is 0.8 % here.
      expect(Math.abs((overlap.x ?? NaN) - 24 / 128)).toBeLessThan(0.008);
      expect(Math.abs((overlap.y ?? NaN) - 21 / 112)).toBeLessThan(0.009);
    }
    // What was hardly believed keeps the coarse measure, or the default where nothing correlates.
    for (const { layout: other } of ranking.hypotheses)
      if (other.kind === 'grid')
        for (const value of [other.overlap.x, other.overlap.y]) {
          expect(value).toBeGreaterThan(0);
          expect(value).toBeLessThan(0.5);
        }
  });

  it('measures the overlap of many tiles of coarse texture, whose strips agree about the right position', async () => {
    const many = scene(3, 4, (row, column) => `r${row}_c${column}.tif`);
    const [{ layout }] = proposeLayouts(many.tiles);
    const overlap = await estimateOverlap(layout, many.thumbnails, silentContext);
    expect(Math.abs((overlap.x ?? NaN) - 24 / 128)).toBeLessThan(0.008);
    expect(Math.abs((overlap.y ?? NaN) - 21 / 112)).toBeLessThan(0.009);
  });

  it('is none of free positions, and none where nothing correlates', async () => {
    const free: Layout = { kind: 'positions', poses: new Map(), sigmaPx: 1 };
    const none = { x: null, y: null };
    expect(await estimateOverlap(free, running.thumbnails, silentContext)).toEqual(none);
    const reader = memoryTileReader(new Map());
    expect(await estimateOverlapOf(free, running.tiles, reader, silentContext)).toEqual(none);
    const { layout } = proposeLayouts(running.tiles)[0];
    const random = seededRandom(8);
    const noise = new Map(
      running.tiles.map(({ id }) => [id, { data: Float32Array.from({ length: 128 * 112 }, () => random()), ...size }]),
    );
    expect(await estimateOverlap(layout, noise, silentContext)).toEqual(none);
  });
});

describe('thumbnails of tiles that differ in size', () => {
  const thumbnail = (width: number, height: number): FloatRaster => ({
    data: Float32Array.from({ length: width * height }, (_, k) => k % width),
    width,
    height,
  });
  const tiles = [
    plainTile('a', { width: 400, height: 300 }),
    plainTile('b', { width: 200, height: 100 }),
    plainTile('c', { width: 100, height: 160 }),
    plainTile('d', { width: 50, height: 50 }),
  ];
  const [a, b, c, d] = tiles.map(({ id }) => id);

  it('come to the scale of the coarsest', () => {
    // A quarter, a half, and a half along the longer side.
    const given = new Map([
      [a, thumbnail(100, 75)],
      [b, thumbnail(100, 50)],
      [c, thumbnail(49, 80)],
    ]);
    const even = thumbnailsAtOneScale(tiles, given);
    expect([...even.keys()]).toEqual([a, b, c]);
    expect(even.get(a)).toBe(given.get(a));
    expect([even.get(b)?.width, even.get(b)?.height]).toEqual([50, 25]);
    expect([even.get(c)?.width, even.get(c)?.height]).toEqual([24, 40]);
    expect(even.get(b)?.data[1]).toBeCloseTo(2.5, 5);
    expect(even.get(d)).toBeUndefined();
  });

  it('stay as they are within half a pixel of their size', () => {
    const given = new Map([
      [a, thumbnail(100, 75)],
      [b, thumbnail(50, 25)],
      [c, thumbnail(25, 40)],
    ]);
    const even = thumbnailsAtOneScale(tiles, given);
    for (const id of [a, b, c]) expect(even.get(id)).toBe(given.get(id));
    const nearly = new Map([...given, [d, thumbnail(13, 13)] as const]);
    expect(thumbnailsAtOneScale(tiles, nearly).get(d)).toBe(nearly.get(d));
  });
});
