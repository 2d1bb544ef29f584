import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { solveByConjugateGradients } from './conjugate-gradients.ts';
import { distances, rightSide } from './elastic-misfits.ts';
import { factoriseElastic, precondition, projectElastic } from './elastic-preconditioner.ts';
import type { CoarseFactor } from './elastic-preconditioner.ts';
import { multiplyElastic } from './elastic-product.ts';
import { assembleElastic, createElasticSystem } from './elastic-system.ts';
import type { ElasticSystem } from './elastic-system.ts';
import type { Measurements } from './measurements.ts';
import type { Stiffness } from './mesh-stiffness.ts';
import { affineModes, removeAffinePart } from './tile-unknowns.ts';
import type { Lattice } from './tile-unknowns.ts';

const size = { width: 81, height: 61 };
const lattice: Lattice = { size, columns: 4, rows: 3 };
const nodeCount = 12;
const tileUnknowns = 3 + nodeCount;
const linearSigma = 0.02;
const stiff: readonly Stiffness[] = [
  { stretch: 0.03, bend: 0.05, linear: 1 },
  { stretch: 0.02, bend: 0.02, linear: 1 },
  { stretch: 0.04, bend: 0.01, linear: 1 },
];
const sharedStiff: Stiffness = { stretch: 0.1, bend: 0.03, linear: Infinity };

/** Three tiles in an L with 20 points a seam, all over both tiles: what is right of a number need not be real. */
const random = seededRandom(8);
const points = (count: number) =>
  Float32Array.from({ length: 2 * count }, (_, k) => random() * ((k % 2 === 0 ? size.width : size.height) - 1));
const measurements: Measurements = {
  from: Int32Array.of(0, 0, 1),
  to: Int32Array.of(1, 2, 2),
  starts: Int32Array.of(0, 20, 40, 45),
  a: points(45),
  b: points(45),
  weight: new Float32Array(45).fill(1),
};
const weights = Float64Array.from({ length: 45 }, (_, k) => (k === 3 ? 0 : 0.5 + random()));
const start = Float64Array.from({ length: 90 }, () => 4 * random() - 2);
const centres = { x: Float64Array.of(0, 70, 0), y: Float64Array.of(0, 0, 50) };

function systemOf(hasShared: boolean): ElasticSystem {
  const system = createElasticSystem(
    [lattice, lattice, lattice],
    centres,
    measurements,
    stiff,
    hasShared ? sharedStiff : null,
  );
  assembleElastic(system, weights, linearSigma);
  return system;
}

/** The displacement of a tile's point: its affine unknowns, and its nodes (column by column) between four of them. */
function displacement(z: ArrayLike<number>, tile: number, x: number, y: number, hasShared: boolean): number {
  const o = tile * tileUnknowns;
  const node = (i: number, j: number) => z[o + 3 + i * 3 + j] + (hasShared ? z[3 * tileUnknowns + i * 3 + j] : 0);
  const [u, v] = [(3 * x) / 80, (2 * y) / 60];
  const [i, j] = [Math.min(Math.floor(u), 2), Math.min(Math.floor(v), 1)];
  const [s, t] = [u - i, v - j];
  const upper = (1 - s) * node(i, j) + s * node(i + 1, j);
  const lower = (1 - s) * node(i, j + 1) + s * node(i + 1, j + 1);
  return z[o] + z[o + 1] * (x / 40 - 1) + z[o + 2] * (y / 30 - 1) + (1 - t) * upper + t * lower;
}

/** Membrane and thin plate, by cells: their mean over the tile times the 64 eighths of it. */
function bending(z: ArrayLike<number>, at: number, { stretch, bend }: Stiffness): number {
  const u = (i: number, j: number) => z[at + 3 * i + j];
  const [cellX, cellY, eighthX, eighthY] = [80 / 3, 60 / 2, 10, 7.5];
  let sum = 0;
  for (let i = 0; i < 4; i++)
    for (let j = 0; j < 3; j++) {
      sum += (u(i, j) / 1e3) ** 2;
      if (i < 3) sum += ((u(i + 1, j) - u(i, j)) / cellX / stretch) ** 2;
      if (j < 2) sum += ((u(i, j + 1) - u(i, j)) / cellY / stretch) ** 2;
      if (i > 0 && i < 3) sum += ((eighthX * (u(i - 1, j) - 2 * u(i, j) + u(i + 1, j))) / cellX ** 2 / bend) ** 2;
      if (j > 0 && j < 2) sum += ((eighthY * (u(i, j - 1) - 2 * u(i, j) + u(i, j + 1))) / cellY ** 2 / bend) ** 2;
      if (i < 3 && j < 2)
        sum +=
          2 *
          eighthX *
          eighthY *
          ((u(i, j) - u(i, j + 1) - u(i + 1, j) + u(i + 1, j + 1)) / (cellX * cellY) / bend) ** 2;
    }
  return (sum * cellX * cellY) / (eighthX * eighthY);
}

/** Half the cost of one axis, as it is written above `ElasticSystem`. */
function cost(z: ArrayLike<number>, axis: number, hasShared: boolean): number {
  const { from, to, starts, a, b } = measurements;
  let sum = 0;
  for (let l = 0; l < 3; l++)
    for (let k = starts[l]; k < starts[l + 1]; k++) {
      const u = displacement(z, from[l], a[2 * k], a[2 * k + 1], hasShared);
      const v = displacement(z, to[l], b[2 * k], b[2 * k + 1], hasShared);
      sum += weights[k] * (start[2 * k + axis] + u - v) ** 2;
    }
  for (let i = 0; i < 3; i++) {
    const o = i * tileUnknowns;
    sum += (z[o] / 300) ** 2 + (z[o + 1] / (linearSigma * 40.5)) ** 2 + (z[o + 2] / (linearSigma * 30.5)) ** 2;
    sum += bending(z, o + 3, stiff[i]);
  }
  return (sum + (hasShared ? bending(z, 3 * tileUnknowns, sharedStiff) : 0)) / 2;
}

/** Its gradient: of a quadratic function central differences are exact. */
function gradient(z: Float64Array, axis: number, hasShared: boolean): Float64Array {
  return z.map((_, k) => {
    const moved = (step: number) =>
      cost(
        z.map((value, i) => (i === k ? value + step : value)),
        axis,
        hasShared,
      );
    return (moved(0.5) - moved(-0.5)) / 1;
  });
}

const vector = (length: number, seed: number) => {
  const draw = seededRandom(seed);
  return Float64Array.from({ length }, () => 2 * draw() - 1);
};

function times(system: ElasticSystem, z: Float64Array): Float64Array {
  const out = new Float64Array(z.length).fill(NaN);
  multiplyElastic(system, z, out, new Float64Array(z.length));
  return out;
}

function factorOf(system: ElasticSystem): CoarseFactor {
  const factor = factoriseElastic(system);
  if (factor === null) throw new Error('singular');
  return factor;
}

const dot = (p: Float64Array, q: Float64Array) => p.reduce((sum, value, k) => sum + value * q[k], 0);

describe.each([false, true])('the equations of the elastic model, with a shared mesh: %s', (hasShared) => {
  const length = 3 * tileUnknowns + (hasShared ? nodeCount : 0);

  it('have the gradient of the cost', () => {
    const system = systemOf(hasShared);
    expect(system.length).toBe(length);
    const z = vector(length, 1);
    for (const axis of [0, 1]) {
      const product = times(system, z);
      const rhs = rightSide(system, start, axis, weights);
      const expected = gradient(z, axis, hasShared);
      for (let k = 0; k < length; k++)
        expect(Math.abs(product[k] - rhs[k] - expected[k])).toBeLessThan(1e-7 * (1 + Math.abs(product[k])));
    }
  });

  it('are assembled anew, not on top of what they were', () => {
    const system = systemOf(hasShared);
    const again = systemOf(hasShared);
    assembleElastic(
      again,
      weights.map((w) => 7 * w),
      1,
    );
    assembleElastic(again, weights, linearSigma);
    const z = vector(length, 2);
    expect(times(again, z)).toEqual(times(system, z));
  });

  it('give the distances that are left', () => {
    const system = systemOf(hasShared);
    const [x, y] = [vector(length, 3), vector(length, 4)];
    const found = distances(system, start, [x, y]);
    const { from, to, starts, a, b } = measurements;
    for (let l = 0; l < 3; l++)
      for (let k = starts[l]; k < starts[l + 1]; k++) {
        const [dx, dy] = [x, y].map(
          (z, axis) =>
            start[2 * k + axis] +
            displacement(z, from[l], a[2 * k], a[2 * k + 1], hasShared) -
            displacement(z, to[l], b[2 * k], b[2 * k + 1], hasShared),
        );
        expect(found[k]).toBeCloseTo(Math.hypot(dx, dy), 6);
      }
  });

  it('lose the affine part of every mesh and nothing else', () => {
    const system = systemOf(hasShared);
    const z = vector(length, 5);
    const projected = z.slice();
    projectElastic(system, projected);
    const modes = affineModes(lattice);
    const firsts = [3, 3 + tileUnknowns, 3 + 2 * tileUnknowns, ...(hasShared ? [3 * tileUnknowns] : [])];
    const free = z.slice();
    for (const first of firsts)
      for (const mode of modes) {
        const share = mode.reduce((sum, value, k) => sum + value * z[first + k], 0);
        for (let k = 0; k < nodeCount; k++) free[first + k] -= share * mode[k];
      }
    projected.forEach((value, k) => expect(value).toBeCloseTo(free[k], 12));
  });

  it('are solved where no direction without affine part lowers the cost any more', () => {
    const system = systemOf(hasShared);
    const rhs = rightSide(system, start, 0, weights);
    const z = new Float64Array(length);
    const tolerance = { largestPx: 1e-9, decreasePerTile: Infinity, timesInARow: 3 };
    const report = solveByConjugateGradients(system, factorOf(system), rhs, z, tolerance, 300);
    expect(report.converged).toBe(true);
    // A good preconditioner: far fewer steps than unknowns.
    expect(report.iterations).toBeLessThan(hasShared ? 40 : 30);
    const left = gradient(z, 0, hasShared);
    projectElastic(system, left);
    for (const value of left) expect(Math.abs(value)).toBeLessThan(1e-5);
    const free = z.slice();
    projectElastic(system, free);
    free.forEach((value, k) => expect(value).toBeCloseTo(z[k], 9));
  });

  it('stop where they are told to, and go on from what they are handed', () => {
    const system = systemOf(hasShared);
    const rhs = rightSide(system, start, 0, weights);
    const factor = factorOf(system);
    const exact = { largestPx: 1e-9, decreasePerTile: Infinity, timesInARow: 1 };
    const z = new Float64Array(length);
    expect(solveByConjugateGradients(system, factor, rhs, z, exact, 2)).toEqual({ iterations: 2, converged: false });
    const rough = { ...exact, largestPx: 0.1 };
    const once = solveByConjugateGradients(system, factor, rhs, new Float64Array(length), rough, 300).iterations;
    const thrice = solveByConjugateGradients(
      system,
      factor,
      rhs,
      new Float64Array(length),
      { ...rough, timesInARow: 3 },
      300,
    ).iterations;
    expect(thrice).toBeGreaterThanOrEqual(once + 2);
    const cheap = { ...exact, largestPx: Infinity, decreasePerTile: 1e-3 };
    const quick = solveByConjugateGradients(system, factor, rhs, new Float64Array(length), cheap, 300);
    expect(quick.converged).toBe(true);
    solveByConjugateGradients(system, factor, rhs, z, exact, 300);
    const settled = solveByConjugateGradients(system, factor, rhs, z, rough, 300);
    expect(settled.iterations).toBe(1);
    const still = solveByConjugateGradients(
      system,
      factor,
      new Float64Array(length),
      new Float64Array(length),
      exact,
      9,
    );
    expect(still).toEqual({ iterations: 0, converged: true });
  });
});

describe.each([false, true])('the preconditioner, with a shared mesh: %s', (hasShared) => {
  const length = 3 * tileUnknowns + (hasShared ? nodeCount : 0);
  const prepared = () => {
    const system = systemOf(hasShared);
    const factor = factorOf(system);
    const solve = (r: Float64Array) => {
      const out = new Float64Array(length).fill(NaN);
      precondition(system, factor, r, out);
      return out;
    };
    return { system, solve };
  };
  const isAffine = (k: number) => k < 3 * tileUnknowns && k % tileUnknowns < 3;
  const isShared = (k: number) => k >= 3 * tileUnknowns;

  it('is symmetric and positive', () => {
    const { system, solve } = prepared();
    const [p, q] = [vector(length, 6), vector(length, 7)];
    projectElastic(system, p);
    projectElastic(system, q);
    expect(dot(p, solve(q))).toBeCloseTo(dot(q, solve(p)), 7);
    expect(dot(p, solve(p))).toBeGreaterThan(0);
  });

  it('solves the affine unknowns of all tiles and the shared mesh together', () => {
    const { system, solve } = prepared();
    const r = vector(length, 8);
    projectElastic(system, r);
    const carried = solve(r).map((value, k) => (isAffine(k) || isShared(k) ? value : 0));
    const back = times(system, carried);
    projectElastic(system, back);
    for (let k = 0; k < length; k++) if (isAffine(k) || isShared(k)) expect(back[k]).toBeCloseTo(r[k], 6);
  });

  it('solves the nodes of each tile by themselves, among meshes without affine part', () => {
    const { system, solve } = prepared();
    const r = vector(length, 9);
    projectElastic(system, r);
    const found = solve(r);
    for (const tile of [0, 1, 2]) {
      const first = tile * tileUnknowns + 3;
      const own = found.map((value, k) => (k >= first && k < first + nodeCount ? value : 0));
      const free = own.slice();
      removeAffinePart(lattice, free, first);
      free.forEach((value, k) => expect(value).toBeCloseTo(own[k], 9));
      const back = times(system, own);
      projectElastic(system, back);
      for (let k = first; k < first + nodeCount; k++) expect(back[k]).toBeCloseTo(r[k], 6);
    }
  });
});
