import { describe, expect, it } from 'vitest';
import { applyAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { displacementAt } from '../geometry/displacement-mesh.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import { tileId } from '../tiles/tile.ts';
import { unitGain } from '../photometry/gain-offset.ts';
import type { Placement } from './mosaic.ts';
import { meshPaths } from './mesh-path.ts';
import type { MeshPath } from './mesh-path.ts';

const size = { width: 101, height: 61 };

function meshOf(columns: number, rows: number, dx: (i: number, j: number) => number, dy = dx): DisplacementMesh {
  const each = (value: (i: number, j: number) => number) =>
    Float64Array.from({ length: columns * rows }, (_, k) => value(k % columns, Math.floor(k / columns)));
  return { columns, rows, dx: each(dx), dy: each(dy) };
}

function placed(mosaicFromTile: Affine2, mesh: DisplacementMesh): Placement & { readonly mesh: DisplacementMesh } {
  return { tile: tileId('t'), size, mosaicFromTile, mesh, state: 'solved', component: 0, tone: unitGain };
}

function pathsOf(placement: ReturnType<typeof placed>) {
  const paths = meshPaths(placement, placement.mesh);
  return { path: paths.path, find: (y: number, x0: number, x1: number) => paths.find(y, x0, x1) };
}
const points = ({ count, xs, us, vs }: MeshPath) =>
  Array.from({ length: count }, (_, n) => ({ x: xs[n], u: us[n], v: vs[n] }));

const upright: Affine2 = { a: 1, b: 0, c: 0, d: 1, e: 10, f: 5 };
const turned: Affine2 = { a: 0.96, b: 0.21, c: -0.19, d: 0.97, e: 30, f: -8 };
const mirrored: Affine2 = { a: -0.9, b: 0.1, c: 0.15, d: 1.1, e: 120, f: 4 };
const upsideDown: Affine2 = { a: -1, b: 0.05, c: -0.03, d: -1, e: 110, f: 70 };
/** Tiles of 25 × 20 px cells whose nodes go up to 3 px astray. */
const bent = meshOf(
  5,
  4,
  (i, j) => 3 * Math.sin(1.7 * i + 0.9 * j),
  (i, j) => 3 * Math.cos(1.1 * i - 1.3 * j),
);

/** Where a tile point lies in the mosaic. */
function forward({ mosaicFromTile, mesh }: ReturnType<typeof placed>, u: number, v: number) {
  const place = applyAffine(mosaicFromTile, u, v);
  const moved = displacementAt(mesh, size, u, v);
  return { x: place.x + moved.x, y: place.y + moved.y };
}

describe('a row through a tile that is not bent', () => {
  it('has a point wherever it meets an edge of a cell, and one far away on each side', () => {
    const { path, find } = pathsOf(
      placed(
        upright,
        meshOf(5, 4, () => 0),
      ),
    );
    find(17, 0, 200);
    expect(points(path)).toEqual([-1e6, 0, 25, 50, 75, 100, 100 + 1e6].map((u) => ({ x: u + 10, u, v: 12 })));
    // From where it begins to where it ends, and no further.
    find(30, 36, 80);
    expect(points(path)).toEqual([25, 50, 75].map((u) => ({ x: u + 10, u, v: 25 })));
    find(30, 35, 35);
    expect(points(path)).toEqual([25, 50].map((u) => ({ x: u + 10, u, v: 25 })));
    find(30, 34, 34.5);
    expect(points(path)).toEqual([0, 25].map((u) => ({ x: u + 10, u, v: 25 })));
    find(-300, 12, 20);
    expect(points(path)).toEqual([0, 25].map((u) => ({ x: u + 10, u, v: -305 })));
    find(900, 36, 40);
    expect(points(path)).toEqual([25, 50].map((u) => ({ x: u + 10, u, v: 895 })));
  });

  it('is moved by a displacement that all nodes share', () => {
    const { path, find } = pathsOf(
      placed(
        upright,
        meshOf(
          3,
          2,
          () => 2,
          () => -1,
        ),
      ),
    );
    find(17, 0, 100);
    expect(points(path)).toEqual([-1e6, 0, 50, 100].map((u) => ({ x: u + 12, u, v: 13 })));
  });

  it('is none where it misses even what lies far around', () => {
    const { path, find } = pathsOf(
      placed(
        upright,
        meshOf(5, 4, () => 0),
      ),
    );
    find(5e6, 0, 100);
    expect(path.count).toBe(0);
    find(-5e6, 0, 100);
    expect(path.count).toBe(0);
    find(20, 0, 100);
    expect(path.count).toBe(6);
  });

  it('crosses columns and rows of cells where it is oblique', () => {
    const { path, find } = pathsOf(
      placed(
        { a: 1, b: 0.5, c: -0.5, d: 1, e: 0, f: 0 },
        meshOf(5, 4, () => 0),
      ),
    );
    find(20, 0, 60);
    // v = 20 − u/2 on the row, x = u − v/2: edges at u = 0, 25, 50, 75 and at v = 20, 0 where u = 0, 40.
    const meant = [0, 25, 40, 50].map((u) => ({ x: u - (20 - u / 2) / 2, u, v: 20 - u / 2 }));
    const found = points(path);
    for (const { x, u, v } of meant) {
      const near = found.filter((point) => Math.abs(point.u - u) < 1e-6);
      expect(near.length).toBeGreaterThan(0);
      for (const point of near) expect([point.x, point.v]).toEqual([expect.closeTo(x, 6), expect.closeTo(v, 6)]);
    }
    const inside = found.filter(({ u }) => u > 0.5 && u < 49.5).map(({ u }) => Math.round(u * 1e6) / 1e6);
    expect(inside).toEqual([25, 40]);
  });
});

describe.each([
  ['upright', upright],
  ['turned', turned],
  ['mirrored', mirrored],
  ['upside down', upsideDown],
])('a row through a bent tile that is %s', (_, pose) => {
  const tile = placed(pose, bent);
  const rows = Array.from({ length: 45 }, (__, k) => -22.3 + 2.7 * k);

  it('is made of points of the row, from its beginning to its end, straight to 0.01 px between them', () => {
    const { path, find } = pathsOf(tile);
    let [far, off, bendAt] = [0, 0, 0];
    const wrong: number[] = [];
    for (const y of rows) {
      find(y, -40, 170);
      const found = points(path);
      if (found.length < 2 || found[0].x > -40 || (found.at(-1)?.x ?? -1) < 170) wrong.push(y);
      found.forEach(({ x, u, v }, n) => {
        const back = forward(tile, u, v);
        // A millionth of a millionth of the way to the nodes far outside.
        far = Math.max(far, Math.abs(back.x - x), Math.abs(back.y - y));
        const next = found[n + 1];
        if (next === undefined) return;
        if (!(next.x >= x)) wrong.push(y);
        for (const t of [0.25, 0.5, 0.75]) {
          const at = forward(tile, u + t * (next.u - u), v + t * (next.v - v));
          const error = Math.hypot(at.x - (x + t * (next.x - x)), at.y - y);
          if (Math.max(Math.abs(u), Math.abs(v), Math.abs(next.u), Math.abs(next.v)) < 1000) off = Math.max(off, error);
          else bendAt = Math.max(bendAt, error);
        }
      });
    }
    expect(wrong).toEqual([]);
    expect(far).toBeLessThan(1e-8);
    expect(off).toBeLessThan(0.0085);
    expect(off).toBeGreaterThan(0.001);
    expect(bendAt).toBeLessThan(0.0085);
  });

  it('has the same points wherever it is begun, and whichever row was found before', () => {
    const { path, find } = pathsOf(tile);
    for (const y of rows) {
      const fresh = pathsOf(tile);
      fresh.find(y, -40, 170);
      const whole = points(fresh.path);
      for (const [x0, x1] of [
        [-40, 170],
        [20, 90],
        [61.5, 64],
      ]) {
        find(y, x0, x1);
        const part = points(path);
        const first = whole.findIndex(({ x }) => Math.abs(x - part[0].x) < 1e-9);
        expect(first).toBeGreaterThanOrEqual(0);
        part.forEach(({ x, u, v }, n) => {
          const same = whole[first + n];
          expect(Math.abs(same.x - x) + Math.abs(same.u - u) + Math.abs(same.v - v)).toBeLessThan(1e-9);
        });
        // It begins with the cell that holds x0 and ends with the one that holds x1.
        expect(part[0].x).toBeLessThanOrEqual(x0);
        expect(part[part.length - 1].x).toBeGreaterThanOrEqual(x1);
      }
    }
  });
});

describe('the pieces of a row', () => {
  /** One cell whose lower right node is `twist` px too far right (or down). */
  const twisted = (across: number, down: number) =>
    meshOf(
      2,
      2,
      (i, j) => (i * j === 1 ? across : 0),
      (i, j) => (i * j === 1 ? down : 0),
    );
  const inner = (mesh: DisplacementMesh, pose: Affine2, y: number) => {
    const { path, find } = pathsOf(placed(pose, mesh));
    find(y, 40, 60);
    return points(path).filter(({ u, v }) => u > 1e-6 && v > 1e-6 && u < 100 - 1e-6 && v < 60 - 1e-6);
  };
  // The diagonal of the tile: both fractions run from 0 to 1 along the row.
  const diagonal: Affine2 = { a: 0.5, b: -0.6, c: 0.5, d: 1, e: 0, f: 0 };

  it('are as many as the twist of a cell wants: its bend over 0.004 px, the root of it', () => {
    // Along a row of an upright tile one fraction hardly changes: nothing bends.
    expect(inner(twisted(2, 0), upright, 30)).toEqual([]);
    for (const [across, down] of [
      [0.01, 0],
      [0, 0.015],
    ])
      expect(inner(twisted(across, down), diagonal, 0)).toEqual([]);
    for (const [across, down] of [
      [0.1, 0],
      [1, 0],
      [0, 1],
      [-2, 1.5],
    ]) {
      const most = Math.max(Math.abs(across), Math.abs(down));
      const pieces = Math.ceil(Math.sqrt(most / 4 / 0.004));
      const found = inner(twisted(across, down), diagonal, 0);
      // The fractions do not run the whole way where the far node is not on the row.
      expect(found.length).toBeLessThanOrEqual(pieces - 1);
      expect(found.length).toBeGreaterThanOrEqual(pieces - 2);
      const tile = placed(diagonal, twisted(across, down));
      for (const { x, u, v } of found) {
        const back = forward(tile, u, v);
        expect([back.x, back.y]).toEqual([expect.closeTo(x, 9), expect.closeTo(0, 9)]);
      }
    }
  });

  it('follow a steep row, too, where the other fraction runs further', () => {
    const steep: Affine2 = { a: 0.2, b: -1, c: 1, d: 0.2, e: 0, f: 40 };
    const tile = placed(steep, twisted(6, -4));
    const found = inner(tile.mesh, steep, 8);
    expect(found.length).toBeGreaterThan(5);
    for (const { x, u, v } of found) {
      const back = forward(tile, u, v);
      expect([back.x, back.y]).toEqual([expect.closeTo(x, 9), expect.closeTo(8, 9)]);
    }
  });

  it('are kept, however many they are', () => {
    const fine = placed(
      turned,
      meshOf(90, 80, (i, j) => 0.2 * Math.sin(i + 2 * j)),
    );
    const { path, find } = pathsOf(fine);
    find(24, 20, 90);
    expect(path.count).toBeGreaterThan(128);
    for (const { x, u, v } of points(path)) {
      if (Math.max(Math.abs(u), Math.abs(v)) > 1000) continue;
      const back = forward(fine, u, v);
      expect(Math.hypot(back.x - x, back.y - 24)).toBeLessThan(1e-9);
    }
  });
});
