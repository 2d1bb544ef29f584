import { describe, expect, it } from 'vitest';
import { applyAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { displacementAt } from '../geometry/displacement-mesh.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import { tileId } from '../tiles/tile.ts';
import { fractionBits } from './fixed-point.ts';
import { unitGain } from '../photometry/gain-offset.ts';
import type { Placement } from './mosaic.ts';
import { pieceLength } from './tile-warp.ts';
import { warpOf } from './warp.ts';

const size = { width: 121, height: 81 };
const turned: Affine2 = { a: 0.97, b: 0.16, c: -0.14, d: 0.98, e: 30, f: 12 };
const mirrored: Affine2 = { a: -1.05, b: 0.06, c: 0.12, d: 0.93, e: 150, f: 9 };

function meshOf(columns: number, rows: number, dx: (i: number, j: number) => number, dy = dx): DisplacementMesh {
  const each = (value: (i: number, j: number) => number) =>
    Float64Array.from({ length: columns * rows }, (_, k) => value(k % columns, Math.floor(k / columns)));
  return { columns, rows, dx: each(dx), dy: each(dy) };
}
const waves = (strength: number) =>
  meshOf(
    7,
    6,
    (i, j) => strength * Math.sin(1.3 * i + 0.7 * j),
    (i, j) => strength * Math.cos(2.1 * i - 0.4 * j),
  );

const placed = (mosaicFromTile: Affine2, mesh: DisplacementMesh): Placement => ({
  tile: tileId('bent'),
  size,
  mosaicFromTile,
  mesh,
  state: 'solved',
  component: 0,
  tone: unitGain,
});

/** Where a mosaic point lies in the tile, to 1e-9 px: the mesh is undone by iteration. */
function inverse({ mosaicFromTile, mesh }: Placement, x: number, y: number) {
  const tileFromMosaic = invertAffine(mosaicFromTile);
  let at = applyAffine(tileFromMosaic, x, y);
  for (let round = 0; round < 25; round++) {
    const moved = mesh === undefined ? { x: 0, y: 0 } : displacementAt(mesh, size, at.x, at.y);
    at = applyAffine(tileFromMosaic, x - moved.x, y - moved.y);
  }
  return { u: at.x, v: at.y };
}

const span = { x0: -20, x1: 220, y0: -40, y1: 160 };

describe.each([
  ['turned', turned],
  ['turned back', { a: 0.97, b: -0.16, c: 0.14, d: 0.98, e: 10, f: 40 }],
  ['mirrored', mirrored],
])('rows of a bent tile that is %s', (_, pose) => {
  const placement = placed(pose, waves(3));

  it.each([0, 1, 3])('map into level %d, where they are asked for', (level) => {
    const warp = warpOf(placement, level, span);
    const k = 2 ** level;
    expect([warp.width, warp.height, warp.shift]).toEqual([121 / k, 81 / k, null]);
    const xs = Float64Array.from({ length: 60 }, (__, i) => 4 * i - 18.7);
    let worst = 0;
    for (const y of [-30, 3.3, 40, 41.5, 77, 120]) {
      const [us, vs] = [new Float64Array(60).fill(-9), new Float64Array(60).fill(-9)];
      warp.mapRow(xs, y, 4, 57, us, vs);
      expect([us[3], vs[3], us[57], vs[57]]).toEqual([-9, -9, -9, -9]);
      for (let i = 4; i < 57; i++) {
        const { u, v } = inverse(placement, xs[i], y);
        worst = Math.max(worst, Math.abs((u + 0.5) / k - 0.5 - us[i]), Math.abs((v + 0.5) / k - 0.5 - vs[i]));
      }
      warp.mapRow(xs, y, 20, 20, us, vs);
    }
    expect(worst).toBeLessThan(0.01 / k);
  });

  it.each([0, 2])('are covered where they lie in the tile or half a pixel beyond, level %d', (level) => {
    const warp = warpOf(placement, level, span);
    const k = 2 ** level;
    const xs = Float64Array.from({ length: 200 }, (__, i) => 1.2 * i - 20);
    const out = new Int32Array(2 * warp.rangeCount + 3).fill(-7);
    let [covered, wrong] = [0, 0];
    for (let y = -12; y < 130; y += 1.7) {
      warp.coverRow(xs, y, 3, 190, out, 2);
      expect([out[0], out[1], out[2 * warp.rangeCount + 2]]).toEqual([-7, -7, -7]);
      for (let n = 2; n < 2 * warp.rangeCount + 1; n++) expect(out[n + 1]).toBeGreaterThanOrEqual(out[n]);
      for (let i = 3; i < 190; i++) {
        const { u, v } = inverse(placement, xs[i], y);
        const [p, q] = [(u + 0.5) / k - 0.5, (v + 0.5) / k - 0.5];
        const edge = Math.min(p + 0.5, q + 0.5, warp.width - 0.5 - p, warp.height - 0.5 - q);
        let isCovered = false;
        for (let n = 0; n < warp.rangeCount; n++) isCovered ||= out[2 + 2 * n] <= i && i < out[3 + 2 * n];
        if (isCovered) covered++;
        // Nearer to the border than a straight piece may be off, either answer is right.
        if (Math.abs(edge) > 0.01 && isCovered !== edge > 0) wrong++;
      }
    }
    expect(wrong).toBe(0);
    expect(covered).toBeGreaterThan(3000);
    out.fill(-7);
    warp.coverRow(xs, 40, 9, 9, out, 0);
    expect([...out.subarray(0, 2 * warp.rangeCount)]).toEqual(Array(2 * warp.rangeCount).fill(9));
  });

  it.each([
    [0, 1],
    [0, 0.25],
    [2, 4],
  ])('have fixed-point pieces within 0.003 px, the same wherever they are cut: level %d, step %d', (level, step) => {
    const warp = warpOf(placement, level, { ...span, x1: 500 });
    const first = Math.round(-17 / step) + 3;
    const count = Math.round(230 / step);
    const xs = Float64Array.from({ length: count }, (__, i) => (first + i + 0.5) * step - 0.5);
    const [us, vs] = [new Float64Array(count), new Float64Array(count)];
    const coordinatesOf = (y: number, from: number, to: number) => {
      const out = new Int32Array(pieceLength * count).fill(-1);
      const pieces = warp.pieces({ xs, first, step }, y, from, to, out);
      const found = new Map<number, readonly [number, number]>();
      let i = from;
      for (let n = 0; n < pieces; n++) {
        const [end, u, v, du, dv] = out.subarray(n * pieceLength, (n + 1) * pieceLength);
        expect(end).toBeGreaterThan(i);
        for (let s = 0; i < end; i++, s++) found.set(i, [u + s * du, v + s * dv]);
      }
      expect(i).toBe(to);
      return { found, pieces };
    };
    let [worst, most] = [0, 0];
    for (const y of [25.5, 46, 71]) {
      // Where the row is within the tile: beyond, its path is not followed as far.
      const ranges = new Int32Array(2 * warp.rangeCount);
      warp.coverRow(xs, y, 0, count, ranges, 0);
      const [from, to] = ranges;
      expect(to).toBeGreaterThan(from + 40 / step);
      warp.mapRow(xs, y, 0, count, us, vs);
      const { found, pieces } = coordinatesOf(y, from, to);
      most = Math.max(most, pieces);
      for (const [i, [u, v]] of found)
        worst = Math.max(worst, Math.abs(u / 2 ** fractionBits - us[i]), Math.abs(v / 2 ** fractionBits - vs[i]));
      const third = Math.floor((to - from) / 3);
      for (const [i, place] of coordinatesOf(y, from + third, to - third).found) expect(place).toEqual(found.get(i));
      expect(warp.pieces({ xs, first, step }, y, from, from, new Int32Array(5))).toBe(0);
    }
    expect(worst).toBeLessThan(0.003);
    expect(most).toBeGreaterThan(4);
  });
});

describe('a bent tile', () => {
  it('has long straight pieces cut where the output begins anew, every 256 columns', () => {
    const wide = {
      ...placed(
        { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 },
        meshOf(2, 2, () => 0),
      ),
      size: { width: 801, height: 9 },
    };
    const xs = Float64Array.from({ length: 700 }, (_, i) => 50 + i);
    const out = new Int32Array(pieceLength * 10);
    const warp = warpOf(wide, 0, { x0: 0, x1: 800, y0: 0, y1: 8 });
    const count = warp.pieces({ xs, first: 50, step: 1 }, 3, 20, 690, out);
    expect(Array.from({ length: count }, (_, n) => out[n * pieceLength])).toEqual([206, 462, 690]);
    // 15 bits below the pixel, and half of the last of them that is used: column 70 is at u = 70.
    expect([...out.subarray(1, 5)]).toEqual([70 * 2 ** 15 + 8, 3 * 2 ** 15 + 8, 2 ** 15, 0]);
    const far = { ...wide, mosaicFromTile: { a: 1, b: 0, c: 0, d: 1, e: -70_000, f: 0 } };
    const farWarp = warpOf(far, 0, { x0: -100, x1: 800, y0: 0, y1: 8 });
    expect(farWarp.pieces({ xs, first: 50, step: 1 }, 3, 20, 690, out)).toBe(0);
    const below = { ...wide, mosaicFromTile: { a: 1, b: 0, c: 0, d: 1, e: 0, f: -70_000 } };
    expect(
      warpOf(below, 0, { x0: -100, x1: 800, y0: 0, y1: 8 }).pieces({ xs, first: 50, step: 1 }, 3, 20, 690, out),
    ).toBe(0);
  });

  it('covers nothing of rows and columns that it does not reach', () => {
    const placement = placed(turned, waves(2));
    const warp = warpOf(placement, 0, span);
    const xs = Float64Array.from({ length: 30 }, (_, i) => 300 + i);
    const out = new Int32Array(2 * warp.rangeCount);
    for (const [columns, y] of [
      [xs, 40],
      [xs.map((x) => x - 600), 40],
      [xs.map((x) => x - 230), -500],
      [xs.map((x) => x - 230), 500],
    ] as const) {
      warp.coverRow(columns, y, 2, 28, out, 0);
      expect([...out]).toEqual(Array(out.length).fill(28));
    }
  });

  it('covers a row that its edge crosses again and again in as many ranges, four at most', () => {
    // The upper edge goes up and down by 10 px at every node; rows through it come in and go out.
    const columns = 13;
    const mesh = meshOf(
      columns,
      2,
      () => 0,
      (i, j) => (j === 0 ? 10 * (i % 2 === 0 ? 1 : -1) : 0),
    );
    const upright = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 20 };
    const xs = Float64Array.from({ length: 140 }, (_, i) => i - 5);
    const warp = warpOf(placed(upright, mesh), 0, { x0: -10, x1: 140, y0: 0, y1: 120 });
    const out = new Int32Array(2 * warp.rangeCount);
    // Row 20: the edge is at its mean height at the middle of every cell of 10 px: 5, 15, 25, 35, …
    warp.coverRow(xs, 20, 0, 140, out, 0);
    expect(warp.rangeCount).toBe(4);
    // Half a pixel of the tile further, on an edge of slope 2, is a quarter of one along the row.
    expect(Array.from(out, (i) => xs[i])).toEqual([5, 16, 25, 36, 45, 56, 65, 76]);
    warp.coverRow(xs, 60, 0, 140, out, 0);
    expect([xs[out[0]], xs[out[1] - 1], out[2], out[7]]).toEqual([0, 120, 140, 140]);
  });

  it('bounds the tile coordinates of a rectangle by its affine and its largest displacement', () => {
    const mesh = meshOf(
      3,
      2,
      (i, j) => (i === 1 && j === 0 ? -4 : 1),
      (i, j) => (i === 2 && j === 1 ? 2.5 : -1),
    );
    for (const level of [0, 2]) {
      const k = 2 ** -level;
      const bounds = warpOf(placed(turned, mesh), level, span).boundsOf(10, 20, 70, 50);
      const back = invertAffine(turned);
      const corners = [
        [10, 20],
        [70, 20],
        [10, 50],
        [70, 50],
      ].map(([x, y]) => applyAffine(back, x, y));
      const u = corners.map((p) => (p.x + 0.5) * k - 0.5);
      const v = corners.map((p) => (p.y + 0.5) * k - 0.5);
      const slackU = k * (4 * Math.abs(back.a) + 2.5 * Math.abs(back.c));
      const slackV = k * (4 * Math.abs(back.b) + 2.5 * Math.abs(back.d));
      expect(bounds.minU).toBeCloseTo(Math.min(...u) - slackU, 9);
      expect(bounds.maxU).toBeCloseTo(Math.max(...u) + slackU, 9);
      expect(bounds.minV).toBeCloseTo(Math.min(...v) - slackV, 9);
      expect(bounds.maxV).toBeCloseTo(Math.max(...v) + slackV, 9);
    }
  });
});
