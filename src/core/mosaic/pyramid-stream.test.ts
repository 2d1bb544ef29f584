import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { translation } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import type { Rect } from '../geometry/rect.ts';
import { silentContext } from '../progress.ts';
import { halveRaster, rasterAtLevel } from '../raster/pyramid.ts';
import { allocateSamples, cropRaster } from '../raster/raster.ts';
import type { Raster, SampleType } from '../raster/raster.ts';
import { tileId } from '../tiles/tile.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import type { Mosaic, Placement } from './mosaic.ts';
import { unitGain } from '../photometry/gain-offset.ts';
import { planPyramid, streamPyramid, tileCounts, tileTotal } from './pyramid-stream.ts';
import type { ComposeUnit, PyramidTile } from './pyramid-stream.ts';
import { halveCovered } from './pyramid-stream-halving.ts';
import { placementIndex } from './pyramid-stream-placements.ts';

function texture(type: SampleType, width: number, height: number): Raster {
  const data = allocateSamples(type, width * height);
  for (let i = 0; i < data.length; i++)
    data[i] = (Math.imul(i + 7, 2654435761) >>> 16) & (type === 'uint8' ? 255 : 16383);
  return { data, width, height };
}

function composeFrom(raster: Raster, coverage?: Uint8Array): ComposeUnit {
  const all = coverage ?? new Uint8Array(raster.data.length).fill(255);
  const mask = { data: all, width: raster.width, height: raster.height };
  return async (rect) => ({
    channels: [cropRaster(raster, rect)],
    coverage: cropRaster(mask, rect).data,
    width: rect.width,
    height: rect.height,
  });
}

async function tilesOf(raster: Raster, tileSize: number, smallestSide: number, coverage?: Uint8Array) {
  const plan = planPyramid(raster, tileSize, smallestSide);
  const tiles: PyramidTile[] = [];
  const keep = async (tile: PyramidTile) => void tiles.push(tile);
  await streamPyramid(plan, composeFrom(raster, coverage), keep, silentContext);
  return { plan, tiles };
}

function assembled(
  tiles: readonly PyramidTile[],
  level: number,
  like: Raster,
  pick: (tile: PyramidTile) => Raster,
): Raster {
  const { width, height } = like;
  const data = allocateSamples(like.data instanceof Uint8Array ? 'uint8' : 'uint16', width * height);
  for (const tile of tiles.filter((each) => each.level === level)) {
    const part = pick(tile);
    for (let j = 0; j < part.height; j++)
      data.set(part.data.subarray(j * part.width, (j + 1) * part.width), (tile.rect.y + j) * width + tile.rect.x);
  }
  return { data, width, height };
}

/** Bit for bit; far quicker than `toEqual` on millions of samples. */
function isSame(a: Raster, b: Raster): boolean {
  const bytes = ({ data }: Raster) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.compare(bytes(a), bytes(b)) === 0;
}

describe('streaming a pyramid', () => {
  it('gives every level that halving the whole image gives, whatever the size', async () => {
    const sides = fc.integer({ min: 1, max: 90 });
    await fc.assert(
      fc.asyncProperty(sides, sides, fc.constantFrom(2, 4, 16, 32), async (width, height, tileSize) => {
        const whole = texture('uint16', width, height);
        const { plan, tiles } = await tilesOf(whole, tileSize, 1);
        expect(tiles).toHaveLength(tileTotal(plan));
        expect(new Set(tiles.map((t) => `${t.level} ${t.column} ${t.row}`)).size).toBe(tiles.length);
        plan.levels.forEach((size, level) => {
          const truth = rasterAtLevel(whole, level);
          expect({ width: truth.width, height: truth.height }).toEqual(size);
          expect(assembled(tiles, level, truth, (tile) => tile.channels[0]).data).toEqual(truth.data);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('spans several composed squares and hands a tile out after the four that it is made of', async () => {
    const whole = texture('uint8', 2600, 1500);
    const { plan, tiles } = await tilesOf(whole, 256, 256);
    expect(plan.levels.map(({ width }) => width)).toEqual([2600, 1300, 650, 325, 163]);
    const order = new Map(tiles.map((t, n) => [`${t.level} ${t.column} ${t.row}`, n]));
    for (const tile of tiles.filter(({ level }) => level > 0))
      for (const [i, j] of [
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
      ]) {
        const child = order.get(`${tile.level - 1} ${2 * tile.column + i} ${2 * tile.row + j}`) ?? -1;
        expect(child).toBeLessThan(order.get(`${tile.level} ${tile.column} ${tile.row}`) ?? -1);
      }
    for (const level of [0, 2, 4]) {
      const truth = rasterAtLevel(whole, level);
      expect(
        isSame(
          assembled(tiles, level, truth, (t) => t.channels[0]),
          truth,
        ),
      ).toBe(true);
    }
  });

  it('composes every square of 1,024 px once, whatever its levels are', async () => {
    const whole = texture('uint8', 2100, 1500);
    for (const [tileSize, smallestSide, side] of [
      [256, 256, 1024],
      [256, Infinity, 1024],
      [2048, 64, 2048],
      [384, 4000, 1536],
    ]) {
      const asked: Rect[] = [];
      const compose: ComposeUnit = (rect) => {
        asked.push(rect);
        return composeFrom(whole)(rect);
      };
      const plan = planPyramid(whole, tileSize, smallestSide);
      await streamPyramid(plan, compose, () => Promise.resolve(), silentContext);
      const meant: Rect[] = [];
      for (let y = 0; y < 1500; y += side)
        for (let x = 0; x < 2100; x += side)
          meant.push({ x, y, width: Math.min(side, 2100 - x), height: Math.min(side, 1500 - y) });
      const inOrder = (rects: readonly Rect[]) => rects.map((rect) => Object.values(rect).join(' ')).sort();
      expect(inOrder(asked)).toEqual(inOrder(meant));
    }
  });

  it('refuses a side of tiles that is not even, and an image without pixels', () => {
    for (const side of [0, 3, 2.5, -4]) expect(() => planPyramid({ width: 5, height: 5 }, side, 1)).toThrow('not even');
    expect(planPyramid({ width: 5, height: 3 }, 2, 1).levels).toEqual([
      { width: 5, height: 3 },
      { width: 3, height: 2 },
      { width: 2, height: 1 },
      { width: 1, height: 1 },
    ]);
    for (const size of [
      { width: 0, height: 5 },
      { width: 5, height: NaN },
    ])
      expect(() => planPyramid(size, 2, 1)).toThrow('an image without pixels has no pyramid');
  });

  it('streams full resolution alone', async () => {
    const whole = texture('uint16', 3000, 1100);
    const { plan, tiles } = await tilesOf(whole, 512, Infinity);
    expect(plan.levels).toHaveLength(1);
    expect(tileCounts(plan, 0)).toEqual({ width: 6, height: 3 });
    expect(tiles).toHaveLength(18);
    expect(
      isSame(
        assembled(tiles, 0, whole, (tile) => tile.channels[0]),
        whole,
      ),
    ).toBe(true);
  });

  it('averages covered pixels only: the canvas darkens no rim', () => {
    const data = Uint16Array.of(100, 0, 7, 9, 200, 0, 8, 9, 50, 60, 0, 0);
    const coverage = Uint8Array.of(255, 0, 255, 255, 255, 0, 255, 255, 255, 255, 0, 0);
    const half = halveCovered({ channels: [{ data, width: 4, height: 3 }], coverage, width: 4, height: 3 });
    // 100 and 200 alone; 33/4 = 8.25; the last row stands twice; nothing covered keeps the canvas.
    expect([...half.channels[0].data]).toEqual([150, 8, 55, 0]);
    expect([...half.coverage]).toEqual([255, 255, 255, 0]);
  });

  it('is halveRaster where everything is covered, also through the path for rims', () => {
    for (const type of ['uint8', 'uint16', 'int16', 'float32'] as const) {
      const whole = texture(type, 37, 23);
      // One canvas pixel in the far corner takes the slow path; all other blocks must agree.
      const coverage = new Uint8Array(37 * 23).fill(255);
      coverage[0] = 0;
      const half = halveCovered({ channels: [whole], coverage, width: 37, height: 23 });
      const truth = halveRaster(whole);
      expect(half.channels[0].data.subarray(1)).toEqual(truth.data.subarray(1));
    }
  });

  it('hears a cancel before the next square is composed', async () => {
    const controller = new AbortController();
    const whole = texture('uint8', 2100, 2100);
    let composed = 0;
    const compose: ComposeUnit = async (rect) => {
      composed++;
      controller.abort();
      return composeFrom(whole)(rect);
    };
    const context = { ...silentContext, signal: controller.signal };
    const plan = planPyramid(whole, 512, 512);
    await expect(streamPyramid(plan, compose, async () => undefined, context)).rejects.toThrow(/abort/i);
    expect(composed).toBe(1);
  });
});

describe('the index of placements', () => {
  it('finds every tile that touches a rectangle, in drawing order', () => {
    const placements: Placement[] = Array.from({ length: 200 }, (_, n) => ({
      tile: tileId(`t${n}`),
      size: { width: 700, height: 500 },
      mosaicFromTile:
        n % 2 === 0
          ? translation(-3000 + 431 * (n % 20), 377 * Math.floor(n / 20))
          : affineFromPose({ x: 431 * (n % 20), y: -2000 + 377 * Math.floor(n / 20), thetaRad: 0.3 }),
      state: 'solved',
      component: 0,
      tone: unitGain,
    }));
    const mosaic: Mosaic = {
      bounds: boundsOfPlacements(placements),
      placements,
      channels: 1,
      sampleType: 'uint8',
      pixelSizeNm: null,
    };
    const find = placementIndex(mosaic);
    const touches = (placement: Placement, rect: Rect) => {
      const box = boundsOfPlacements([placement]);
      return (
        box.x <= rect.x + rect.width &&
        box.x + box.width >= rect.x &&
        box.y <= rect.y + rect.height &&
        box.y + box.height >= rect.y
      );
    };
    const place = fc.integer({ min: -4000, max: 9000 });
    fc.assert(
      fc.property(place, place, fc.integer({ min: 1, max: 3000 }), (x, y, side) => {
        const rect = { x, y, width: side, height: side };
        const found = find(rect).placements;
        const ranks = found.map((placement) => placements.indexOf(placement));
        expect(ranks).toEqual([...ranks].sort((p, q) => p - q));
        for (const placement of placements) if (touches(placement, rect)) expect(found).toContain(placement);
      }),
    );
  });
});
