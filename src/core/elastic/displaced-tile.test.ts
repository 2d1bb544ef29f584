import { describe, expect, it } from 'vitest';
import { applyAffine } from '../geometry/affine2.ts';
import { displacementAt } from '../geometry/displacement-mesh.ts';
import { meshSum, movedPose, rigidPart, setAffineUnknowns } from './displaced-tile.ts';
import { gridPart } from './grid-part.ts';
import { measurementsWhere } from './held-out.ts';
import { misfitsOf, misfitsUnder } from './measurements.ts';
import type { Measurements } from './measurements.ts';
import { meshStretches, relaxMesh } from './mesh-stretch.ts';
import type { ElasticTile } from './solve-elastic.ts';
import { fillPointBasis, scanLattice, slowLattice } from './tile-unknowns.ts';

const size = { width: 81, height: 61 };
const pose = { a: 1.02, b: 0.3, c: -0.28, d: 0.97, e: 40, f: -7 };

describe('the pose of a tile', () => {
  it('has a rigid part that turns as it does and agrees at the centre', () => {
    const rigid = rigidPart(pose, size);
    expect(rigid.a ** 2 + rigid.b ** 2).toBeCloseTo(1, 12);
    expect([rigid.c, rigid.d]).toEqual([-rigid.b, rigid.a]);
    // The nearest rotation: atan2(b − c, a + d).
    expect(Math.atan2(rigid.b, rigid.a)).toBeCloseTo(Math.atan2(0.58, 1.99), 12);
    const [p, q] = [applyAffine(pose, 40, 30), applyAffine(rigid, 40, 30)];
    expect(Math.hypot(p.x - q.x, p.y - q.y)).toBeLessThan(1e-9);
    const mirrored = { ...pose, a: -1.02, b: -0.3 };
    expect(rigidPart(mirrored, size)).toBe(mirrored);
  });

  it('is moved by its centre and by what its half sides do, and back', () => {
    const z = [Float64Array.of(9, 9, 5, 0.8, -0.6), Float64Array.of(9, 9, -2, 0.4, 0.9)];
    const moved = movedPose(pose, size, z, 2);
    for (const [x, y] of [
      [0, 0],
      [80, 0],
      [40, 30],
      [13, 55],
    ]) {
      const [p, q] = [applyAffine(pose, x, y), applyAffine(moved, x, y)];
      const [u, v] = [x / 40 - 1, y / 30 - 1];
      expect(q.x - p.x).toBeCloseTo(5 + 0.8 * u - 0.6 * v, 9);
      expect(q.y - p.y).toBeCloseTo(-2 + 0.4 * u + 0.9 * v, 9);
    }
    const back = [new Float64Array(5), new Float64Array(5)];
    setAffineUnknowns(moved, pose, size, back, 2);
    expect([...back[0]]).toEqual([0, 0, 5, 0.8, -0.6].map((value) => expect.closeTo(value, 9) as number));
    expect([...back[1]]).toEqual([0, 0, -2, 0.4, 0.9].map((value) => expect.closeTo(value, 9) as number));
  });
});

describe('meshes', () => {
  it('add up at the nodes of the finer one', () => {
    const fine = {
      columns: 5,
      rows: 3,
      dx: new Float64Array(15).fill(1),
      dy: Float64Array.from({ length: 15 }, (_, k) => k),
    };
    const coarse = { columns: 2, rows: 2, dx: Float64Array.of(0, 8, 0, 8), dy: Float64Array.of(0, 0, 4, 4) };
    const sum = meshSum(fine, coarse, size);
    expect([sum.columns, sum.rows]).toEqual([5, 3]);
    expect([...sum.dx]).toEqual([1, 3, 5, 7, 9, 1, 3, 5, 7, 9, 1, 3, 5, 7, 9]);
    expect([...sum.dy]).toEqual([0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 14, 15, 16, 17, 18]);
  });

  it('have cells of an eighth of the tile, or of 32 px along scan lines', () => {
    const of = (width: number) => scanLattice({ width, height: 100 });
    expect(slowLattice(size)).toEqual({ size, columns: 9, rows: 9 });
    expect([of(100).columns, of(256).columns, of(500).columns, of(1024).columns, of(9999).columns]).toEqual([
      9, 9, 17, 33, 65,
    ]);
    expect(of(1024).rows).toBe(9);
  });

  it('are bilinear: the basis of a point is that of its cell', () => {
    const lattice = { size, columns: 5, rows: 4 };
    const basis = { weights: new Float64Array(7), node: 0 };
    // Cells of 20 × 20 px: (70, 45) lies in column 3, row 2.
    fillPointBasis(lattice, 70, 45, basis);
    expect(basis.node).toBe(3 * 4 + 2);
    expect([...basis.weights]).toEqual(
      [1, 0.75, 0.5, 0.375, 0.125, 0.375, 0.125].map((value) => expect.closeTo(value, 12) as number),
    );
    fillPointBasis(lattice, 90, -5, basis);
    expect(basis.node).toBe(3 * 4);
    expect([...basis.weights.slice(3)]).toEqual([0, 0, 1, 0]);
    fillPointBasis(lattice, -3, 61, basis);
    expect(basis.node).toBe(2);
    expect([...basis.weights.slice(3)]).toEqual([0, 1, 0, 0]);
  });
});

describe('how far a mesh stretches its tile', () => {
  /** u = (sx·x + ky·y, kx·x + sy·y) on a lattice of 5 × 4. */
  const linear = (sx: number, ky: number, kx: number, sy: number) => {
    const place = (k: number) => [(k % 5) * 20, Math.floor(k / 5) * 20] as const;
    return {
      columns: 5,
      rows: 4,
      dx: Float64Array.from({ length: 20 }, (_, k) => sx * place(k)[0] + ky * place(k)[1]),
      dy: Float64Array.from({ length: 20 }, (_, k) => kx * place(k)[0] + sy * place(k)[1]),
    };
  };
  const turned = { a: Math.cos(0.5), b: Math.sin(0.5), c: -Math.sin(0.5), d: Math.cos(0.5), e: 3, f: 4 };
  const still = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };

  it('is the singular values of its gradient beside its pose', () => {
    const [least, most] = meshStretches(linear(0.1, 0, 0, -0.05), size, still);
    expect([least, most]).toEqual([expect.closeTo(0.95, 12), expect.closeTo(1.1, 12)]);
    // A shear of 0.2: singular values √(1 + 0.01) ± 0.1.
    const sheared = meshStretches(linear(0, 0.2, 0, 0), size, still);
    expect(sheared).toEqual([expect.closeTo(Math.sqrt(1.01) - 0.1, 12), expect.closeTo(Math.sqrt(1.01) + 0.1, 12)]);
    // A stretch along the tile's own x axis, which lies turned by 0.5 in the mosaic.
    const along = linear(0.1 * turned.a, 0, 0.1 * turned.b, 0);
    expect(meshStretches(along, size, turned)).toEqual([expect.closeTo(1, 12), expect.closeTo(1.1, 12)]);
    const scaled = { a: 2, b: 0, c: 0, d: 4, e: 0, f: 0 };
    expect(meshStretches(linear(0.2, 0, 0, 0.2), size, scaled)).toEqual([
      expect.closeTo(1.05, 12),
      expect.closeTo(1.1, 12),
    ]);
    expect(meshStretches(linear(0, 0.4, 0, 0), size, scaled)[1]).toBeGreaterThan(1.09);
  });

  it('is that of its worst corner, and negative where it folds', () => {
    const one = linear(0, 0, 0, 0);
    one.dx[7] = 6; // node (2, 1)
    const [least, most] = meshStretches(one, size, still);
    // 6 px over a cell of 20 px: 0.3 beside, sheared by 0.3 above and below.
    const corner = (s: number, k: number) =>
      Math.sqrt(((1 + s) ** 2 + k * k + 1 + Math.sqrt(((1 + s) ** 2 + k * k + 1) ** 2 - 4 * (1 + s) ** 2)) / 2);
    expect(most).toBeCloseTo(corner(0.3, 0.3), 9);
    expect(least).toBeCloseTo(0.7 / corner(-0.3, 0.3), 9);
    one.dx[7] = 25;
    expect(meshStretches(one, size, still)[0]).toBeLessThan(0);
  });

  it('is drawn back within bounds, or to nothing where that cannot be', () => {
    const wild = linear(0.02, 0, 0, 0);
    wild.dx[7] += 30;
    const bounds = { leastStretch: 0.9, mostStretch: 1.1 };
    const relaxed = relaxMesh(wild, size, still, bounds);
    const [least, most] = meshStretches(relaxed, size, still);
    expect(least).toBeGreaterThanOrEqual(0.9);
    expect(most).toBeLessThanOrEqual(1.1);
    expect([...relaxed.dy]).toEqual([...wild.dy]);
    const calm = linear(0.05, 0, 0, 0);
    expect(relaxMesh(calm, size, still, bounds)).toBe(calm);
    const flat = relaxMesh(calm, size, still, { leastStretch: 2, mostStretch: 3 });
    expect([...flat.dx, ...flat.dy].every((value) => value === 0)).toBe(true);
  });

  it('draws a node half-way to the mean of its neighbours in a round', () => {
    const wild = linear(0, 0, 0, 0);
    wild.dx[0] = 3; // a corner of two neighbours
    // 3 px over 20 px are 1.15 and 0.85: one round leaves 1.5 px there, and moves the three others of its cell.
    const relaxed = relaxMesh(wild, size, still, { leastStretch: 0.89, mostStretch: 1.11 });
    expect(relaxed.dx[0]).toBeCloseTo(1.5, 12);
    expect(relaxed.dx[1]).toBeCloseTo(3 / 6, 12);
    expect(relaxed.dx[5]).toBeCloseTo(3 / 6, 12);
    expect([relaxed.dx[2], relaxed.dx[6], relaxed.dx[10]]).toEqual([0, 0, 0]);
  });
});

describe('measurements', () => {
  const all: Measurements = {
    from: Int32Array.of(0, 1, 2),
    to: Int32Array.of(1, 2, 3),
    starts: Int32Array.of(0, 2, 2, 5),
    a: Float32Array.of(10, 20, 30, 40, 50, 60, 1, 2, 3, 4),
    b: Float32Array.of(11, 21, 31, 41, 51, 61, 5, 6, 7, 8),
    weight: Float32Array.of(1, 2, 3, 4, 5),
  };
  const shift = (e: number, f: number) => ({ a: 1, b: 0, c: 0, d: 1, e, f });
  const poses = [shift(0, 0), shift(-2, 3), pose, shift(100, 0)];

  it('leave misfits under poses and meshes', () => {
    const under = misfitsUnder(all, poses);
    expect([...under.slice(0, 4)]).toEqual([1, -4, 1, -4]);
    const p = applyAffine(pose, 50, 60);
    expect([under[4], under[5]]).toEqual([expect.closeTo(p.x - 151, 9), expect.closeTo(p.y - 61, 9)]);
    const tiles = poses.map(() => ({ size }));
    const plain = misfitsOf(all, tiles, poses, null);
    expect(plain.length).toBe(5);
    expect(plain[0]).toBeCloseTo(Math.sqrt(17), 9);
    expect(plain[4]).toBeCloseTo(Math.hypot(under[8], under[9]), 9);
    const mesh = { columns: 2, rows: 2, dx: Float64Array.of(0, 1, 2, 4), dy: Float64Array.of(3, 1, 0, 1) };
    const none = { columns: 2, rows: 2, dx: new Float64Array(4), dy: new Float64Array(4) };
    const bent = misfitsOf(all, tiles, poses, [mesh, none, none, none]);
    const d = displacementAt(mesh, size, 30, 40);
    expect(bent[1]).toBeCloseTo(Math.hypot(1 + d.x, -4 + d.y), 9);
    expect(bent[2]).toBe(plain[2]);
  });

  it('are kept one by one, with the overlaps they belong to', () => {
    const kept = measurementsWhere(all, (k) => k % 2 === 1);
    expect([...kept.starts]).toEqual([0, 1, 1, 2]);
    expect([...kept.a]).toEqual([30, 40, 1, 2]);
    expect([...kept.b]).toEqual([31, 41, 5, 6]);
    expect([...kept.weight]).toEqual([2, 4]);
    expect([...kept.from]).toEqual([0, 1, 2]);
  });

  it('of a part are those among the tiles that are reached first from the best linked one', () => {
    // A row of five; the link 1–2 has no measurement, 4 hangs on 3.
    const row: Measurements = {
      ...all,
      from: Int32Array.of(0, 1, 2, 3, 2),
      to: Int32Array.of(1, 2, 3, 4, 4),
      starts: Int32Array.of(0, 1, 1, 3, 4, 5),
    };
    const tiles = [0, 1, 2, 3, 4].map((k): ElasticTile => ({ size, mosaicFromTile: shift(k, 0) }));
    const isPatch = Uint8Array.of(1, 0, 1, 0, 1);
    const part = gridPart(tiles, row, isPatch, 3);
    // 2, 3 and 4 have two links each: 2 is in the middle.
    expect(part.tiles.map(({ mosaicFromTile }) => mosaicFromTile.e)).toEqual([2, 3, 4]);
    expect([...part.measurements.from]).toEqual([0, 1, 0]);
    expect([...part.measurements.to]).toEqual([1, 2, 2]);
    expect([...part.measurements.starts]).toEqual([0, 2, 3, 4]);
    expect([...part.measurements.a]).toEqual([30, 40, 50, 60, 1, 2, 3, 4]);
    expect([...part.measurements.b]).toEqual([31, 41, 51, 61, 5, 6, 7, 8]);
    expect([...part.measurements.weight]).toEqual([2, 3, 4, 5]);
    expect([...part.isPatch]).toEqual([0, 1, 0, 1]);
    const pair = gridPart(tiles, row, isPatch, 2);
    expect(pair.tiles.map(({ mosaicFromTile }) => mosaicFromTile.e)).toEqual([2, 3]);
    expect(gridPart(tiles, row, isPatch, 5)).toEqual({ tiles, measurements: row, isPatch });
    // A part may end before it is full.
    expect(gridPart(tiles, row, isPatch, 4).tiles.length).toBe(3);
  });
});
