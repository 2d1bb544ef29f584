import { describe, expect, it } from 'vitest';
import { silentContext } from '../progress.ts';
import { seededRandom } from '../random.ts';
import { cropRaster } from '../raster/raster.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { blurGaussian } from '../raster/resample.ts';
import {
  axisEvidence,
  measureSurfaces,
  nullSigmas,
  refineOverlap,
  sampleNeighbours,
  samplingOrder,
  surfaceBook,
} from './neighbour-evidence.ts';
import type { Neighbours } from './neighbour-evidence.ts';
import { tileId } from './tile.ts';
import type { GridCell, TileGrid, TileId } from './tile.ts';

const flat = (width: number, height: number): FloatRaster => ({
  data: new Float32Array(width * height),
  width,
  height,
});
const names = 'abcdefghijkl'.split('').map((name) => tileId(name));
const bookOf = (width: number, height: number, side = 1) =>
  surfaceBook(new Map(names.map((id) => [id, flat(width, height)])), side);

function gridOf(rows: number, columns: number): TileGrid {
  const cells = new Map<TileId, GridCell>(
    names.slice(0, rows * columns).map((id, k) => [id, { row: Math.floor(k / columns), column: k % columns }]),
  );
  return { kind: 'grid', rows, columns, cells, overlap: { x: 0.1, y: 0.1 } };
}

describe('a book of surfaces', () => {
  it('looks at thumbnails at 128 px, for overlaps of 2.2 to 45 % and 6 % sideways', () => {
    const book = bookOf(256, 200);
    expect(book.scale).toBe(0.5);
    expect(book.coarseSize).toEqual({ width: 128, height: 100 });
    // 0.022 · 128 = 2.8, 0.45 · 128 = 57.6, 0.06 · 100 = 6.
    expect(book.ranges.x).toEqual({ minOverlap: 3, maxOverlap: 58, minSideways: -6, maxSideways: 6 });
    // 0.022 · 100 = 2.2, 45, 0.06 · 128 = 7.7.
    expect(book.ranges.y).toEqual({ minOverlap: 2, maxOverlap: 45, minSideways: -8, maxSideways: 8 });
    expect(bookOf(256, 200, 0.5).coarseSize).toEqual({ width: 64, height: 50 });
    expect(bookOf(100, 60).scale).toBe(1);
    expect(surfaceBook(new Map()).coarseSize).toEqual({ width: 0, height: 0 });
  });
});

describe('sampled neighbours', () => {
  it('are those right of and below each tile, in an order that does not depend on the grid', () => {
    const order = samplingOrder(names);
    expect([...order].sort()).toEqual(names);
    expect(order).not.toEqual(names);
    expect(samplingOrder([...names].reverse())).toEqual(order);
    const sample = sampleNeighbours(gridOf(3, 4), names, 20, null);
    expect(sample.x.map(({ a, b }) => a + b)).toEqual(['ab', 'bc', 'cd', 'ef', 'fg', 'gh', 'ij', 'jk', 'kl']);
    expect(sample.y.map(({ a, b }) => a + b)).toEqual(['ae', 'bf', 'cg', 'dh', 'ei', 'fj', 'gk', 'hl']);
    expect([sample.countX, sample.countY]).toEqual([9, 8]);
    expect(sample.x.every(({ axis }) => axis === 'x') && sample.y.every(({ axis }) => axis === 'y')).toBe(true);
  });

  it('are so many of each axis, with thumbnails, while all are counted', () => {
    const seen = new Map(names.filter((id) => id !== 'b' && id !== 'h').map((id) => [id, flat(4, 4)]));
    const sample = sampleNeighbours(gridOf(3, 4), names, 3, seen);
    expect(sample.x.map(({ a, b }) => a + b)).toEqual(['cd', 'ef', 'fg']);
    expect(sample.y.map(({ a, b }) => a + b)).toEqual(['ae', 'cg', 'ei']);
    expect([sample.countX, sample.countY]).toEqual([9, 8]);
    const other = sampleNeighbours(gridOf(1, 2), [tileId('z'), ...names], 3, null);
    expect([other.countX, other.countY]).toEqual([1, 0]);
  });
});

describe('the evidence of neighbours', () => {
  // 40 px: overlaps of 2 … 18, no more than one px sideways of 1 % … three lanes.
  const pairs = names.slice(0, 10).map((a, k): Neighbours => ({ a, b: names[k + 1], axis: 'x' }));

  /** A book whose surfaces are 0.1 everywhere but at an overlap, where they are `peak`. */
  function measured(peaks: readonly (readonly [number, number])[]) {
    const book = bookOf(40, 16);
    const { minOverlap, maxOverlap, minSideways, maxSideways } = book.ranges.x;
    const lanes = maxSideways - minSideways + 1;
    peaks.forEach(([overlap, peak], k) => {
      const surface = new Float32Array((maxOverlap - minOverlap + 1) * lanes).fill(0.1);
      for (let n = 0; n < surface.length; n += 2) surface[n] = -0.1;
      surface[(overlap - minOverlap) * lanes + 1] = peak;
      book.surfaces.x.set(`${pairs[k].a}\u0000${pairs[k].b}`, surface);
    });
    return book;
  }

  it('has a sigma of chance of the median correlation, or of the law 1/√area where few are known', () => {
    const many = measured(pairs.map(() => [8, 0.1] as const));
    const sigmas = nullSigmas(many, 'x');
    expect(sigmas.length).toBe(17);
    // Ten surfaces of ±0.1: 0.1 / 0.6745, unless half the law is more, as it is for thin strips.
    expect(sigmas[16]).toBeCloseTo(0.1 / 0.6745, 6);
    const few = nullSigmas(measured(pairs.slice(0, 4).map(() => [8, 0.1] as const)), 'x');
    // The median overlap of 2 … 18 is 10: 0.1 / 0.6745 there, √(10 / 18) of it at 18.
    expect(few[8]).toBeCloseTo(0.1 / 0.6745, 6);
    expect(few[16]).toBeCloseTo((0.1 / 0.6745) * Math.sqrt(10 / 18), 6);
    expect(few[0]).toBeCloseTo((0.1 / 0.6745) * Math.sqrt(10 / 2), 6);
    expect([...nullSigmas(bookOf(40, 16), 'x')]).toEqual(Array<number>(17).fill(1));
  });

  it('is the sum of what all pairs say at their common overlap, scaled to the grid', () => {
    const book = measured([
      [8, 0.9],
      [8, 0.8],
      [9, 0.7],
    ]);
    const nulls = new Float64Array(17).fill(0.1);
    const found = axisEvidence(book, pairs.slice(0, 3), 30, nulls);
    // 9, 8 and 7 sigmas are 4, 3 and 2 beyond five; ten times as many pairs.
    expect(found.logOdds).toBeCloseTo(90, 4);
    expect([8, 9]).toContain(found.overlap);
    expect(found.correlations.map((r) => r.toFixed(2))).toEqual(['0.90', '0.80', '0.70']);
    expect(found.supporters).toEqual(pairs.slice(0, 3));
  });

  it('lets no pair say more than 12 for, or 1.5 against', () => {
    const nulls = new Float64Array(17).fill(0.04);
    expect(axisEvidence(measured([[8, 0.9]]), pairs.slice(0, 1), 1, nulls).logOdds).toBe(12);
    const split = axisEvidence(
      measured([
        [8, 0.9],
        [14, 0.9],
      ]),
      pairs.slice(0, 2),
      2,
      nulls,
    );
    expect(split.logOdds).toBeCloseTo(10.5, 6);
    expect(split.supporters.length).toBe(1);
  });

  it('is nothing where nothing speaks for the layout, and has its correlations', () => {
    const nulls = new Float64Array(17).fill(0.1);
    const found = axisEvidence(
      measured([
        [8, 0.3],
        [9, 0.2],
      ]),
      pairs.slice(0, 2),
      2,
      nulls,
    );
    expect(found).toMatchObject({ logOdds: 0, overlap: null, supporters: [] });
    expect(found.correlations.length).toBe(2);
    const nothing = { logOdds: 0, overlap: null, correlations: [], supporters: [] };
    expect(axisEvidence(measured([]), pairs.slice(0, 2), 2, nulls)).toEqual(nothing);
    expect(axisEvidence(measured([]), [], 2, nulls)).toEqual(nothing);
  });

  it('measures each pair once, and those without a thumbnail never', async () => {
    let yields = 0;
    const book = bookOf(40, 16);
    const context = { ...silentContext, yieldNow: async () => void yields++ };
    await measureSurfaces(book, [...pairs, ...pairs, { a: names[0], b: tileId('z'), axis: 'x' }], context);
    expect(book.surfaces.x.size).toBe(10);
    expect(book.surfaces.y.size).toBe(0);
    expect(yields).toBe(1);
    expect(
      await refineOverlap(book, { logOdds: 0, overlap: null, correlations: [], supporters: [] }, context),
    ).toBeNull();
    expect(await refineOverlap(book, { logOdds: 1, overlap: 8, correlations: [], supporters: [] }, context)).toBeNull();
  });
});

describe('an overlap that is measured closer', () => {
  /** Blobs of about four px; the same plane for every cut. */
  const plane = (() => {
    const random = seededRandom(12);
    const noise = { data: Float32Array.from({ length: 420 * 420 }, () => 255 * random()), width: 420, height: 420 };
    return blurGaussian(noise, 1.8);
  })();
  const [a, b] = [tileId('a'), tileId('b')];

  /** The overlap of two tiles, b's corner at (`x`, `y`) of a's, from a coarse overlap that is at most `off` px wrong. */
  async function measuredAt(axis: 'x' | 'y', x: number, y: number, width: number, height: number, off = 0) {
    const at = (left: number, top: number) => cropRaster(plane, { x: left, y: top, width, height });
    const book = surfaceBook(
      new Map([
        [a, at(10, 20)],
        [b, at(10 + x, 20 + y)],
      ]),
    );
    const pair: Neighbours = { a, b, axis };
    await measureSurfaces(book, [pair], silentContext);
    const across = axis === 'x' ? width - x : height - y;
    const overlap = Math.round(across * book.scale) + off;
    const found = await refineOverlap(
      book,
      { logOdds: 1, overlap, correlations: [1], supporters: [pair] },
      silentContext,
    );
    return (found ?? NaN) * (axis === 'x' ? width : height);
  }

  it.each([
    ['x', 150, 0, 200, 160],
    ['x', 161, 7, 200, 160],
    ['x', 130, -6, 200, 160],
    ['y', 0, 120, 200, 160],
    ['y', 9, 131, 200, 160],
    ['y', -8, 101, 200, 160],
    ['x', 70, 3, 100, 90],
    ['y', -4, 65, 100, 90],
  ] as const)('is found to the pixel along %s, b at %d,%d of %d × %d px', async (axis, x, y, width, height) => {
    const truth = axis === 'x' ? width - x : height - y;
    for (const off of [0, 2, -2]) expect(await measuredAt(axis, x, y, width, height, off)).toBeCloseTo(truth, 9);
  });

  it('is the median of its pairs, and stops where it is told to', async () => {
    const ids = ['a', 'b', 'c', 'd'].map((name) => tileId(name));
    // Overlaps of 30, 34 and 50 px.
    const lefts = [0, 70, 136, 186];
    const book = surfaceBook(
      new Map(ids.map((id, k) => [id, cropRaster(plane, { x: lefts[k], y: 9, width: 100, height: 80 })])),
    );
    const supporters = [0, 1, 2].map((k): Neighbours => ({ a: ids[k], b: ids[k + 1], axis: 'x' }));
    await measureSurfaces(book, supporters, silentContext);
    const evidence = { logOdds: 1, overlap: 34, correlations: [1], supporters: supporters.slice(0, 2) };
    expect(await refineOverlap(book, evidence, silentContext)).toBeCloseTo(0.32, 9);
    const stop = Object.assign(new Error('stop'), { name: 'AbortError' });
    const throwIfAborted = () => {
      throw stop;
    };
    const signal = { aborted: true, throwIfAborted };
    await expect(refineOverlap(book, evidence, { ...silentContext, signal })).rejects.toBe(stop);
    const unknown = { ...evidence, supporters: [{ a: tileId('z'), b: ids[0], axis: 'x' } as const] };
    expect(await refineOverlap(book, unknown, silentContext)).toBeNull();
  });
});
