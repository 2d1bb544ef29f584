import { describe, expect, it } from 'vitest';
import { stretchesOf, translation } from '../geometry/affine2.ts';
import { placeInMosaic, placeInTile } from '../geometry/displacement-mesh.ts';
import type { BentTile, DisplacementMesh } from '../geometry/displacement-mesh.ts';
import { silentContext } from '../progress.ts';
import { randomStream } from '../synthesis/random.ts';
import { holdOut } from './held-out.ts';
import type { Measurements } from './measurements.ts';
import { meshStretches } from './mesh-stretch.ts';
import { defaultElasticOptions, solveElastic } from './solve-elastic.ts';
import type { ElasticSolution, ElasticTile } from './solve-elastic.ts';
import { affineModes, fillPointBasis, removeAffinePart, scanLattice } from './tile-unknowns.ts';

const size = { width: 512, height: 448 };
const pitch = { x: 436, y: 380 };

/** A grid of tiles that are shifted and turned a little, bent as `meshOf` says. */
function gridOf(rows: number, columns: number, meshOf: (i: number) => DisplacementMesh | null): readonly BentTile[] {
  const draws = randomStream(7, rows, columns);
  return Array.from({ length: rows * columns }, (_, i) => {
    const turn = 0.01 * (2 * draws.uniform() - 1);
    const [a, b] = [Math.cos(turn), Math.sin(turn)];
    const x = (i % columns) * pitch.x + 6 * draws.uniform();
    const y = Math.floor(i / columns) * pitch.y + 6 * draws.uniform();
    return { size, mosaicFromTile: { a, b, c: -b, d: a, e: x, f: y }, mesh: meshOf(i) };
  });
}

/** Corresponding points on a lattice over every overlap of neighbours. */
function measure(tiles: readonly BentTile[], columns: number, noisePx: number, spacing = 24): Measurements {
  const draws = randomStream(11, tiles.length);
  const [from, to, starts, a, b]: number[][] = [[], [], [0], [], []];
  tiles.forEach((first, i) => {
    for (const j of [i % columns === columns - 1 ? -1 : i + 1, i + columns]) {
      const second = j < 0 ? undefined : tiles[j];
      if (!second) continue;
      for (let y = 10; y < size.height - 10; y += spacing)
        for (let x = 10; x < size.width - 10; x += spacing) {
          const p = placeInMosaic(first, x, y);
          const q = placeInTile(second, p.x, p.y);
          if (q.x < 10 || q.y < 10 || q.x > size.width - 11 || q.y > size.height - 11) continue;
          a.push(x, y);
          b.push(q.x + noisePx * draws.normal(), q.y + noisePx * draws.normal());
        }
      from.push(i);
      to.push(j);
      starts.push(a.length / 2);
    }
  });
  return {
    from: Int32Array.from(from),
    to: Int32Array.from(to),
    starts: Int32Array.from(starts),
    a: Float32Array.from(a),
    b: Float32Array.from(b),
    weight: new Float32Array(a.length / 2).fill(1 / (noisePx ** 2 + 0.15 ** 2)),
  };
}

/** Starts a pixel or two beside the truth, without meshes. */
function startOf(tiles: readonly BentTile[]): readonly ElasticTile[] {
  const draws = randomStream(13, tiles.length);
  return tiles.map(({ mosaicFromTile: pose }) => ({
    size,
    mosaicFromTile: { ...pose, e: pose.e + 2 * draws.normal(), f: pose.f + 2 * draws.normal() },
  }));
}

/** Median distance in the mosaic of points that coincide in truth. */
function seamErrorPx(tiles: readonly BentTile[], columns: number, solution: ElasticSolution): number {
  const { from, to, starts, a, b } = measure(tiles, columns, 0, 17);
  const solved = solution.poses.map((pose, i) => ({ size, mosaicFromTile: pose, mesh: solution.meshes[i] }));
  const errors: number[] = [];
  for (let l = 0; l < from.length; l++)
    for (let k = starts[l]; k < starts[l + 1]; k++) {
      const p = placeInMosaic(solved[from[l]], a[2 * k], a[2 * k + 1]);
      const q = placeInMosaic(solved[to[l]], b[2 * k], b[2 * k + 1]);
      errors.push(Math.hypot(p.x - q.x, p.y - q.y));
    }
  return errors.sort((p, q) => p - q)[errors.length >> 1];
}

/** A mesh that scales like a microscope's: the line start, a trapezoid and a bow. */
const scanMesh: DisplacementMesh = (() => {
  const [columns, rows] = [65, 33];
  const values = (at: (x: number, y: number) => number) =>
    Float64Array.from({ length: columns * rows }, (_, k) => at((k % columns) / 64, Math.floor(k / columns) / 32));
  return {
    columns,
    rows,
    dx: values((x) => 6 * Math.exp(-8 * x) + 3 * (x - 0.5) ** 2),
    dy: values((x, y) => 8 * (x - 0.5) * (y - 0.5)),
  };
})();

const solve = (tiles: readonly BentTile[], columns: number, noisePx = 0.1, options = defaultElasticOptions) =>
  solveElastic(startOf(tiles), measure(tiles, columns, noisePx), options, silentContext);

describe('the elastic solve', () => {
  it('takes what all tiles share into one mesh: seams close and no tile stretches', async () => {
    const tiles = gridOf(3, 3, () => scanMesh);
    const solution = await solve(tiles, 3);
    expect(solution.converged).toBe(true);
    expect(seamErrorPx(tiles, 3, solution)).toBeLessThan(0.1);
    // The line start stretches a tile by 1.2 % in the mean, which no seam can tell from a scale of the whole mosaic.
    for (const pose of solution.poses)
      for (const stretch of stretchesOf(pose)) expect(Math.abs(stretch - 1)).toBeLessThan(0.015);
  });

  it('bends tiles that differ, when they may be soft', async () => {
    const tiles = gridOf(3, 3, (i) => {
      const draws = randomStream(17, i);
      const values = () => Float64Array.from({ length: 25 }, () => 1.5 * draws.normal());
      return { columns: 5, rows: 5, dx: values(), dy: values() };
    });
    const stiffness = { stretch: 4e-2, bend: 6e-2, linear: 4e-3 };
    const solution = await solve(tiles, 3, 0.1, { ...defaultElasticOptions, stiffness });
    expect(seamErrorPx(tiles, 3, solution)).toBeLessThan(0.25);
  });

  it('invents no deformation where there is none', async () => {
    const tiles = gridOf(3, 3, () => null);
    const solution = await solve(tiles, 3, 0.3);
    const stiff = { stretch: 1e-7, bend: 1e-7, linear: 1e-7 };
    const rigid = await solve(tiles, 3, 0.3, { ...defaultElasticOptions, stiffness: stiff, shared: null });
    expect(seamErrorPx(tiles, 3, solution)).toBeLessThan(seamErrorPx(tiles, 3, rigid) + 0.05);
    expect(solution.leastStretch).toBeGreaterThan(0.997);
    expect(solution.mostStretch).toBeLessThan(1.003);
  });

  it('is not led astray by a tenth of wrong measurements', async () => {
    const tiles = gridOf(3, 3, () => scanMesh);
    const measurements = measure(tiles, 3, 0.1);
    const draws = randomStream(23, 1);
    for (let k = 0; k < measurements.weight.length; k += 10) {
      measurements.b[2 * k] += 30 * (draws.uniform() - 0.5);
      measurements.b[2 * k + 1] += 30 * (draws.uniform() - 0.5);
    }
    const solution = await solveElastic(startOf(tiles), measurements, defaultElasticOptions, silentContext);
    expect(seamErrorPx(tiles, 3, solution)).toBeLessThan(0.15);
  });

  it('makes a tile stiffer that would fold, and says which', async () => {
    const tiles = gridOf(2, 2, () => null);
    const measurements = measure(tiles, 2, 0);
    // A shear of 40 % over the overlap of the first pair that no tile can follow.
    for (let k = measurements.starts[0]; k < measurements.starts[1]; k++)
      measurements.b[2 * k] += 40 * Math.sin(measurements.b[2 * k + 1] / 30);
    const options = {
      ...defaultElasticOptions,
      robustScalePx: 100,
      shared: null,
      stiffness: { stretch: 0.5, bend: 0.5, linear: 4e-3 },
    };
    const free = await solveElastic(
      startOf(tiles),
      measurements,
      { ...options, leastStretch: -9, mostStretch: 9 },
      silentContext,
    );
    expect(free.mostStretch).toBeGreaterThan(1.2);
    const solution = await solveElastic(startOf(tiles), measurements, options, silentContext);
    expect(solution.leastStretch).toBeGreaterThanOrEqual(0.9);
    expect(solution.mostStretch).toBeLessThanOrEqual(1.1);
    expect(solution.stiffened.length).toBeGreaterThan(0);
    solution.meshes.forEach((mesh, i) => {
      const [least, most] = meshStretches(mesh, size, solution.poses[i]);
      expect(least).toBeGreaterThanOrEqual(0.9);
      expect(most).toBeLessThanOrEqual(1.1);
    });
  });

  it('leaves a tile that nothing measures where it is, but for the mesh that all share', async () => {
    const tiles = gridOf(1, 3, () => null);
    const all = measure(tiles, 3, 0.1);
    const onlyFirst = { ...all, from: all.from.slice(0, 1), to: all.to.slice(0, 1), starts: all.starts.slice(0, 2) };
    const start = startOf(tiles);
    const solution = await solveElastic(start, onlyFirst, defaultElasticOptions, silentContext);
    expect(solution.poses[2]).toEqual(start[2].mosaicFromTile);
    expect(solution.meshes[2].dx.every((value) => Math.abs(value) < 0.5)).toBe(true);
  });

  it('does not depend on the order of the tiles', async () => {
    const tiles = gridOf(2, 2, () => scanMesh);
    const measurements = measure(tiles, 2, 0.1);
    const start = startOf(tiles);
    const order = [2, 0, 3, 1]; // new index of each old tile
    const moved: ElasticTile[] = [];
    order.forEach((to, from) => (moved[to] = start[from]));
    const renumber = (indices: Int32Array) => indices.map((i) => order[i]);
    const solution = await solveElastic(start, measurements, defaultElasticOptions, silentContext);
    const other = await solveElastic(
      moved,
      { ...measurements, from: renumber(measurements.from), to: renumber(measurements.to) },
      defaultElasticOptions,
      silentContext,
    );
    // Up to the gauge, which the elastic solve leaves to its caller, and to where the iteration ends.
    expect(Math.abs(seamErrorPx(tiles, 2, solution) - medianOf(other.misfits, solution.misfits))).toBeLessThan(0.2);
    for (let k = 0; k < solution.misfits.length; k++)
      expect(Math.abs(other.misfits[k] - solution.misfits[k])).toBeLessThan(0.05);
  });

  it('predicts patches that it was not given almost as well as those it was', async () => {
    const tiles = gridOf(3, 3, () => scanMesh);
    const measurements = measure(tiles, 3, 0.15);
    const isPatch = new Uint8Array(measurements.weight.length).fill(1);
    const { fittedPx, heldOutPx } = await holdOut(
      startOf(tiles),
      measurements,
      isPatch,
      defaultElasticOptions,
      silentContext,
    );
    expect(heldOutPx).toBeLessThan(1.2 * fittedPx);
  });
});

function medianOf(a: Float64Array, b: Float64Array): number {
  return Math.abs(a.slice().sort()[a.length >> 1] - b.slice().sort()[b.length >> 1]);
}

describe('the unknowns of a tile', () => {
  it('has no affine part left after removal, on a lattice of any shape', () => {
    const lattice = scanLattice({ width: 700, height: 300 });
    const draws = randomStream(29, 1);
    const values = Float64Array.from({ length: lattice.columns * lattice.rows }, () => draws.normal());
    removeAffinePart(lattice, values, 0);
    for (const mode of affineModes(lattice))
      expect(Math.abs(mode.reduce((sum, value, k) => sum + value * values[k], 0))).toBeLessThan(1e-9);
  });

  it('weighs the nodes round a point to one, inside and beyond the border', () => {
    const lattice = scanLattice(size);
    const basis = { weights: new Float64Array(7), node: 0 };
    for (const [x, y] of [
      [0, 0],
      [511, 447],
      [-3, 500],
      [200.5, 100.25],
    ]) {
      fillPointBasis(lattice, x, y, basis);
      const sum = basis.weights.slice(3).reduce((total, value) => total + value, 0);
      expect(sum).toBeCloseTo(1, 12);
      expect(basis.node).toBeGreaterThanOrEqual(0);
    }
  });

  it('knows the stretch of a mesh exactly', () => {
    const mesh = { columns: 2, rows: 2, dx: Float64Array.of(0, 51.1, 0, 51.1), dy: new Float64Array(4) };
    const [least, most] = meshStretches(mesh, size, translation(5, 6));
    expect(least).toBeCloseTo(1, 12);
    expect(most).toBeCloseTo(1.1, 12);
    const folded = { ...mesh, dx: Float64Array.of(0, -600, 0, -600) };
    expect(meshStretches(folded, size, translation(0, 0))[0]).toBeLessThan(0);
  });
});
