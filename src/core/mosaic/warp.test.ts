import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { tileId } from '../tiles/tile.ts';
import { fractionBits } from './fixed-point.ts';
import type { Placement } from './mosaic.ts';
import { pieceLength } from './tile-warp.ts';
import { warpOf } from './warp.ts';

const size = { width: 100, height: 60 };
const placed = (mosaicFromTile: Affine2, more: Partial<Placement> = {}): Placement => ({
  tile: tileId('a'),
  size,
  mosaicFromTile,
  state: 'solved',
  component: 0,
  tone: { gain: 1, offset: 0 },
  ...more,
});
const span = { x0: -100, x1: 300, y0: -100, y1: 300 };
const turned: Affine2 = { a: 0.98, b: 0.17, c: -0.17, d: 0.98, e: 20, f: 5 };
const mirrored: Affine2 = { a: -0.5, b: 0.1, c: 0.2, d: 0.7, e: 90, f: 3 };

/** Where a mosaic point lies in level n of the tile: (tile + ½) / 2ⁿ − ½. */
function levelPoint(pose: Affine2, level: number, x: number, y: number) {
  const p = applyAffine(invertAffine(pose), x, y);
  return { u: (p.x + 0.5) / 2 ** level - 0.5, v: (p.y + 0.5) / 2 ** level - 0.5 };
}

describe.each([
  ['turned', turned],
  ['mirrored and shrunk', mirrored],
  ['shifted', { a: 1, b: 0, c: 0, d: 1, e: 20.25, f: -3 }],
])('the warp of a tile that is %s', (_, pose) => {
  const xs = Float64Array.from({ length: 300 }, (__, i) => 0.5 * i - 20);

  it.each([0, 2])('maps rows into level %d', (level) => {
    const warp = warpOf(placed(pose), level, span);
    expect([warp.width, warp.height, warp.rangeCount]).toEqual([100 / 2 ** level, 60 / 2 ** level, 1]);
    const [us, vs] = [new Float64Array(300).fill(NaN), new Float64Array(300).fill(NaN)];
    warp.mapRow(xs, 17.5, 3, 290, us, vs);
    expect([us[2], us[290], vs[2], vs[290]]).toEqual([NaN, NaN, NaN, NaN]);
    for (let i = 3; i < 290; i++) {
      const { u, v } = levelPoint(pose, level, xs[i], 17.5);
      expect(us[i]).toBeCloseTo(u, 9);
      expect(vs[i]).toBeCloseTo(v, 9);
    }
  });

  it.each([0, 1])('covers the hull of the pixels grown by half a pixel, level %d', (level) => {
    const warp = warpOf(placed(pose), level, span);
    const out = new Int32Array(4).fill(-7);
    for (let y = -20; y < 100; y += 3.1) {
      warp.coverRow(xs, y, 10, 280, out, 1);
      const covered: number[] = [];
      for (let i = 10; i < 280; i++) {
        const { u, v } = levelPoint(pose, level, xs[i], y);
        if (u >= -0.5 && v >= -0.5 && u <= warp.width - 0.5 && v <= warp.height - 0.5) covered.push(i);
      }
      if (covered.length === 0) expect(out[2]).toBeLessThanOrEqual(out[1]);
      else expect([out[1], out[2]]).toEqual([covered[0], covered[covered.length - 1] + 1]);
      expect([out[0], out[3]]).toEqual([-7, -7]);
    }
  });

  it('has bounds that hold every point of a rectangle, and touch its corners', () => {
    const warp = warpOf(placed(pose), 1, span);
    const bounds = warp.boundsOf(5, 7, 65, 40);
    const corners = [
      [5, 7],
      [65, 7],
      [5, 40],
      [65, 40],
    ].map(([x, y]) => levelPoint(pose, 1, x, y));
    expect(bounds.minU).toBeCloseTo(Math.min(...corners.map(({ u }) => u)), 9);
    expect(bounds.maxU).toBeCloseTo(Math.max(...corners.map(({ u }) => u)), 9);
    expect(bounds.minV).toBeCloseTo(Math.min(...corners.map(({ v }) => v)), 9);
    expect(bounds.maxV).toBeCloseTo(Math.max(...corners.map(({ v }) => v)), 9);
  });

  it('has straight fixed-point pieces within 0.002 px, that do not depend on where a row begins', () => {
    const warp = warpOf(placed(pose), 0, span);
    const first = 1000;
    const grid = { xs: Float64Array.from({ length: 700 }, (__, i) => 0.5 * i - 20), first, step: 0.5 };
    const columnsOf = (from: number, to: number) => {
      const out = new Int32Array(pieceLength * 10);
      const count = warp.pieces(grid, 17.5, from, to, out);
      const places = new Map<number, readonly [number, number]>();
      let i = from;
      for (let n = 0; n < count; n++)
        for (const start = i; i < out[n * pieceLength]; i++) {
          const [, u, v, du, dv] = out.slice(n * pieceLength, (n + 1) * pieceLength);
          places.set(i, [u + (i - start) * du, v + (i - start) * dv]);
        }
      expect(i).toBe(to);
      return { places, count };
    };
    const { places, count } = columnsOf(0, 700);
    // Pieces end at multiples of 256 columns from the mosaic's origin: 1024, 1280, 1536.
    expect(count).toBe(4);
    for (const [i, [u, v]] of places) {
      const place = levelPoint(pose, 0, grid.xs[i], 17.5);
      expect(Math.abs(u / 2 ** fractionBits - place.u)).toBeLessThan(0.0025);
      expect(Math.abs(v / 2 ** fractionBits - place.v)).toBeLessThan(0.0025);
    }
    for (const [i, place] of columnsOf(100, 400).places) expect(place).toEqual(places.get(i));
  });
});

describe('the warp of a tile', () => {
  it('is a shift where its pixels lie on the grid of the level', () => {
    expect(warpOf(placed({ a: 1, b: 0, c: 0, d: 1, e: 20.25, f: -3 }), 0, span).shift).toEqual({ u: -20.25, v: 3 });
    // (tile + ½)/2 − ½: x/2 − 10 − ¼.
    expect(warpOf(placed({ a: 1, b: 0, c: 0, d: 1, e: 20, f: 0 }), 1, span).shift).toEqual({ u: -10.25, v: -0.25 });
    for (const part of [{ a: 1.001 }, { b: 1e-9 }, { c: 1e-9 }, { d: 0.999 }])
      expect(warpOf(placed({ a: 1, b: 0, c: 0, d: 1, e: 20, f: 0, ...part }), 0, span).shift).toBeNull();
  });

  it('has no pieces where coordinates leave 65,000 px', () => {
    const out = new Int32Array(pieceLength * 4);
    const grid = { xs: Float64Array.of(0, 1, 2), first: 0, step: 1 };
    const piecesAt = (e: number, f: number) =>
      warpOf(placed({ a: 1, b: 0, c: 0, d: 1, e, f }), 0, span).pieces(grid, 0, 0, 3, out);
    expect([piecesAt(0, 0), piecesAt(64_000, 0), piecesAt(66_000, 0), piecesAt(0, -66_000)]).toEqual([1, 1, 0, 0]);
  });
});

describe('a masked tile', () => {
  it('covers what its masks do not hide, however its row is cut', () => {
    const polygon = [
      { x: 30.2, y: -5 },
      { x: 62.7, y: 20.3 },
      { x: 41.1, y: 71 },
    ];
    const hole = [
      { x: 80.1, y: 10.2 },
      { x: 95.3, y: 10.4 },
      { x: 95.1, y: 30.7 },
      { x: 80.4, y: 30.1 },
    ];
    const warp = warpOf(placed(turned, { masks: [polygon, hole] }), 0, span);
    const plain = warpOf(placed(turned), 0, span);
    expect(warp.rangeCount).toBe(1 + 1 + 2);
    const xs = Float64Array.from({ length: 160 }, (_, i) => i - 10.3);
    const isHidden = (points: typeof polygon, x: number, y: number) => {
      let inside = false;
      points.forEach((p, k) => {
        const q = points[(k + 1) % points.length];
        if (p.y > y !== q.y > y && x < p.x + ((y - p.y) / (q.y - p.y)) * (q.x - p.x)) inside = !inside;
      });
      return inside;
    };
    const out = new Int32Array(8);
    fc.assert(
      fc.property(fc.integer({ min: -10, max: 90 }), fc.integer({ min: 0, max: 80 }), (row, from) => {
        const y = row + 0.137;
        const whole = new Int32Array(2);
        plain.coverRow(xs, y, from, 160, whole, 0);
        warp.coverRow(xs, y, from, 160, out, 0);
        for (let i = from; i < 160; i++) {
          const { u, v } = levelPoint(turned, 0, xs[i], y);
          const isSeen = i >= whole[0] && i < whole[1] && !isHidden(polygon, u, v) && !isHidden(hole, u, v);
          const isCovered = [0, 2, 4, 6].some((k) => out[k] <= i && i < out[k + 1]);
          expect(isCovered).toBe(isSeen);
        }
      }),
    );
  });

  it('hides the pixels on the left border of a mask, and shows those on its right', () => {
    const square = [
      { x: 5, y: 2 },
      { x: 10, y: 2 },
      { x: 10, y: 8 },
      { x: 5, y: 8 },
    ];
    const upright = placed({ a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }, { masks: [square] });
    const warp = warpOf(upright, 0, span);
    const xs = Float64Array.from({ length: 30 }, (_, i) => i);
    const out = new Int32Array(2 * warp.rangeCount);
    warp.coverRow(xs, 4, 0, 30, out, 0);
    expect([...out.subarray(0, 4)]).toEqual([0, 5, 10, 30]);
    warp.coverRow(xs, 4, 7, 30, out, 0);
    expect([...out.subarray(0, 4)]).toEqual([10, 30, 30, 30]);
    warp.coverRow(xs, 8, 0, 30, out, 0);
    expect([...out.subarray(0, 2)]).toEqual([0, 30]);
  });
});
