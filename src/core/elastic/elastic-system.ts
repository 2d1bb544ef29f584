import { addEntry, bandMatrix, factoriseBand, solveBand } from '../graph/band-cholesky.ts';
import type { BandMatrix } from '../graph/band-cholesky.ts';
import { analysePattern } from '../graph/cholesky-pattern.ts';
import { factoriseSome, solveFactored, startFactorisation } from '../graph/sparse-cholesky.ts';
import type { CholeskyPattern } from '../graph/cholesky-pattern.ts';
import type { CholeskyFactor } from '../graph/sparse-cholesky.ts';
import type { Measurements } from './measurements.ts';
import {
  affineModes,
  affineUnknowns,
  cornerOffset,
  fillPointBasis,
  removeAffinePart,
  slowCells,
} from './tile-unknowns.ts';
import type { Lattice, PointBasis } from './tile-unknowns.ts';

/** How stiff tiles are; each is one sigma of an eighth of a tile, so that smaller is stiffer. */
export interface Stiffness {
  /** Stretch and shear of the mesh beyond the tile's affine. */
  readonly stretch: number;
  /** Change of that from one eighth of the tile to the next. */
  readonly bend: number;
  /** Departure of the tile's affine from a rigid motion. */
  readonly linear: number;
}

/** Displacements of centres that nothing measures stay zero. */
const centreSigmaPx = 300;
/** … as do those of nodes, px. */
const nodeSigmaPx = 1e3;

/**
 * The normal equations of one axis of the elastic model; x and y have the same matrix. Unknowns of tile i start at
 * offsets[i]: three affine ones, then its nodes row by row; at offsets[tiles] start the nodes of the mesh that all tiles
 * share, if there is one. With u_i = affine_i + nodes_i + shared,
 *
 *   Σ w |r₀ + u_a(p) − u_b(q)|² + Σ_tiles |affine|²/σ_linear² + Σ_meshes Σ_cells |slope|²/σ_stretch² + |Δslope|²/σ_bend²,
 *
 * where no mesh has an affine part (`removeAffinePart`).
 */
export interface ElasticSystem {
  readonly lattices: readonly Lattice[];
  readonly offsets: Int32Array;
  readonly length: number;
  readonly measurements: Measurements;
  readonly pattern: CholeskyPattern;
  /**
   * Of each tile, from the measurements: affine block [9] (its prior included), affine–node block [3 · nodes], node block (its
   * stiffness included where no mesh is shared).
   */
  readonly affine: readonly Float64Array[];
  readonly mixed: readonly Float64Array[];
  readonly nodes: readonly BandMatrix[];
  /** Of each tile: the stiffness of its nodes, and the factor of both together. */
  readonly stiffness: readonly BandMatrix[];
  readonly factors: readonly BandMatrix[];
  /** Of each tile: what keeps a solution of its node block free of an affine part. */
  readonly constraints: readonly Constraint[];
  readonly coupling: readonly Coupling[];
  readonly shared: SharedMesh | null;
}

/**
 * min ½xᵀHx − rᵀx with Cᵀx = 0 is x = y − (H⁻¹C)·S⁻¹·Cᵀy with y = H⁻¹r and S = CᵀH⁻¹C.
 * @see Nocedal, Wright 2006, "Numerical Optimization", §16.2 (Schur-complement method)
 */
interface Constraint {
  /** C and H⁻¹C, [3] modes of [nodes], and the factor of S. */
  readonly modes: readonly Float64Array[];
  readonly solved: readonly Float64Array[];
  readonly schur: BandMatrix;
  /** [3] scratch. */
  readonly share: Float64Array;
}

/** The mesh that all tiles have in common: what the microscope does to every image alike. */
interface SharedMesh {
  readonly lattice: Lattice;
  readonly stiffness: BandMatrix;
  /** Its own block, dense, stiffness included. */
  readonly block: BandMatrix;
  /** [nodes · 3·tiles] its block with the affine unknowns. */
  readonly withAffine: Float64Array;
}

/** The block −Σ w φ_a φ_bᵀ of one overlap, by rows: only the unknowns of the two tiles that share a measurement. */
interface Coupling {
  /** Unknowns of a, local to the tile (the three affine ones come first), and where each one's entries start. */
  readonly rows: Int32Array;
  readonly starts: Int32Array;
  /** Unknowns of b, local to the tile, ascending within a row, and the entries. */
  readonly columns: Int32Array;
  readonly values: Float64Array;
  /** [unknowns of a] the row of each, or −1. */
  readonly rowOf: Int32Array;
}

/** Allocates the equations of all tiles. */
export function createElasticSystem(
  lattices: readonly Lattice[],
  centres: { readonly x: Float64Array; readonly y: Float64Array },
  measurements: Measurements,
  stiffness: readonly Stiffness[],
  sharedStiffness: Stiffness | null,
): ElasticSystem {
  const shared = sharedStiffness === null ? null : sharedMeshOf(lattices, sharedStiffness);
  const offsets = new Int32Array(lattices.length + 1);
  lattices.forEach(({ columns, rows }, i) => (offsets[i + 1] = offsets[i] + affineUnknowns + columns * rows));
  const bands = () => lattices.map(({ columns, rows }) => bandMatrix(columns * rows, 2 * rows));
  return {
    lattices,
    offsets,
    length: offsets[lattices.length] + (shared === null ? 0 : shared.stiffness.size),
    measurements,
    shared,
    pattern: analysePattern(measurements.from, measurements.to, centres.x, centres.y),
    affine: lattices.map(() => new Float64Array(affineUnknowns ** 2)),
    mixed: lattices.map(({ columns, rows }) => new Float64Array(affineUnknowns * columns * rows)),
    nodes: bands(),
    stiffness: stiffnesses(lattices, stiffness),
    factors: bands(),
    constraints: lattices.map((lattice) => {
      const modes = affineModes(lattice);
      return {
        modes,
        solved: modes.map((mode) => new Float64Array(mode.length)),
        schur: bandMatrix(3, 2),
        share: new Float64Array(3),
      };
    }),
    coupling: Array.from(measurements.from, (_, l) => couplingOf(measurements, l, lattices)),
  };
}

/** The stiffness of every tile; tiles of one kind share one matrix. */
function stiffnesses(lattices: readonly Lattice[], stiffness: readonly Stiffness[]): readonly BandMatrix[] {
  const made = new Map<string, BandMatrix>();
  return lattices.map((lattice, i) => {
    const { size, columns, rows } = lattice;
    const key = [size.width, size.height, columns, rows, stiffness[i].stretch, stiffness[i].bend].join();
    const found = made.get(key) ?? stiffnessOf(lattice, stiffness[i]);
    made.set(key, found);
    return found;
  });
}

function sharedMeshOf(lattices: readonly Lattice[], stiffness: Stiffness): SharedMesh {
  const [lattice] = lattices;
  const nodes = lattice.columns * lattice.rows;
  return {
    lattice,
    stiffness: stiffnessOf(lattice, stiffness),
    block: bandMatrix(nodes, nodes - 1),
    withAffine: new Float64Array(nodes * affineUnknowns * lattices.length),
  };
}

/**
 * The energy of a mesh as a matrix of its nodes: the mean over the tile, times 64 cells, of
 *
 *   |∇u|²/σ_stretch² + (|h_x·u_xx|² + 2·h_x·h_y·|u_xy|² + |h_y·u_yy|²)/σ_bend²,   h: an eighth of the tile,
 *
 * whatever the lattice; the first term is a membrane's, the second a thin plate's.
 */
function stiffnessOf({ size, columns, rows }: Lattice, { stretch, bend }: Stiffness): BandMatrix {
  const matrix = bandMatrix(columns * rows, 2 * rows);
  const cellX = (size.width - 1) / (columns - 1);
  const cellY = (size.height - 1) / (rows - 1);
  const [eighthX, eighthY] = [(size.width - 1) / slowCells, (size.height - 1) / slowCells];
  const share = (cellX * cellY) / (eighthX * eighthY);
  const square = (nodes: readonly number[], factors: readonly number[], weight: number) => {
    for (let m = 0; m < nodes.length; m++)
      for (let n = 0; n <= m; n++) addEntry(matrix, nodes[m], nodes[n], weight * factors[m] * factors[n]);
  };
  for (let i = 0; i < columns; i++)
    for (let j = 0; j < rows; j++) {
      const at = i * rows + j;
      const right = at + rows;
      const hasRight = i + 1 < columns;
      const hasBelow = j + 1 < rows;
      addEntry(matrix, at, at, share * nodeSigmaPx ** -2);
      if (hasRight) square([at, right], [-1, 1], share * (cellX * stretch) ** -2);
      if (hasBelow) square([at, at + 1], [-1, 1], share * (cellY * stretch) ** -2);
      if (hasRight && i > 0)
        square([at - rows, at, right], [1, -2, 1], share * (eighthX / (cellX * cellX * bend)) ** 2);
      if (hasBelow && j > 0) square([at - 1, at, at + 1], [1, -2, 1], share * (eighthY / (cellY * cellY * bend)) ** 2);
      if (hasRight && hasBelow)
        square(
          [at, at + 1, right, right + 1],
          [1, -1, -1, 1],
          (2 * share * eighthX * eighthY) / (cellX * cellY * bend) ** 2,
        );
    }
  return matrix;
}

function couplingOf({ from, to, starts, a, b }: Measurements, l: number, lattices: readonly Lattice[]): Coupling {
  const latticeA = lattices[from[l]];
  const latticeB = lattices[to[l]];
  const partners = new Map<number, Set<number>>([0, 1, 2].map((m) => [m, new Set([0, 1, 2])]));
  const basisA: PointBasis = { weights: new Float64Array(7), node: 0 };
  const basisB: PointBasis = { weights: new Float64Array(7), node: 0 };
  let last = -1;
  for (let k = starts[l]; k < starts[l + 1]; k++) {
    fillPointBasis(latticeA, a[2 * k], a[2 * k + 1], basisA);
    fillPointBasis(latticeB, b[2 * k], b[2 * k + 1], basisB);
    const cells = basisA.node * latticeB.columns * latticeB.rows + basisB.node;
    if (cells === last) continue;
    last = cells;
    for (let m = 0; m < 7; m++) {
      const row = unknownOf(basisA, m, latticeA.rows);
      let columns = partners.get(row);
      if (!columns) partners.set(row, (columns = new Set()));
      for (let n = 0; n < 7; n++) columns.add(unknownOf(basisB, n, latticeB.rows));
    }
  }
  const rows = Int32Array.from(partners.keys()).sort();
  const rowStarts = new Int32Array(rows.length + 1);
  const rowOf = new Int32Array(affineUnknowns + latticeA.columns * latticeA.rows).fill(-1);
  const columns: number[] = [];
  rows.forEach((row, r) => {
    rowOf[row] = r;
    columns.push(...[...(partners.get(row) ?? [])].sort((p, q) => p - q));
    rowStarts[r + 1] = columns.length;
  });
  return {
    rows,
    starts: rowStarts,
    columns: Int32Array.from(columns),
    values: new Float64Array(columns.length),
    rowOf,
  };
}

/** The tile's unknown that weight m of a point's basis belongs to. */
function unknownOf(basis: PointBasis, m: number, rows: number): number {
  return m < affineUnknowns ? m : affineUnknowns + basis.node + cornerOffset(m - affineUnknowns, rows);
}

/** Fills the equations for the given weights [N]. */
export function assembleElastic(system: ElasticSystem, weights: Float64Array, linearSigma: number): void {
  const { lattices, measurements, affine, mixed, nodes, coupling } = system;
  for (let i = 0; i < lattices.length; i++) {
    const { width, height } = lattices[i].size;
    affine[i].fill(0);
    affine[i][0] = centreSigmaPx ** -2;
    affine[i][4] = (linearSigma * (width / 2)) ** -2;
    affine[i][8] = (linearSigma * (height / 2)) ** -2;
    mixed[i].fill(0);
    if (system.shared === null) nodes[i].entries.set(system.stiffness[i].entries);
    else nodes[i].entries.fill(0);
  }
  clearShared(system.shared);
  const basisA: PointBasis = { weights: new Float64Array(7), node: 0 };
  const basisB: PointBasis = { weights: new Float64Array(7), node: 0 };
  const { from, to, starts, a, b } = measurements;
  for (let l = 0; l < from.length; l++) {
    coupling[l].values.fill(0);
    for (let k = starts[l]; k < starts[l + 1]; k++) {
      if (weights[k] === 0) continue;
      fillPointBasis(lattices[from[l]], a[2 * k], a[2 * k + 1], basisA);
      fillPointBasis(lattices[to[l]], b[2 * k], b[2 * k + 1], basisB);
      addOwn(system, from[l], basisA, weights[k]);
      addOwn(system, to[l], basisB, weights[k]);
      addCoupling(coupling[l], basisA, lattices[from[l]].rows, basisB, lattices[to[l]].rows, weights[k]);
      if (system.shared !== null) addShared(system.shared, from[l], basisA, to[l], basisB, weights[k]);
    }
  }
}

/**
 * Factors of the equations as they stand, for `precondition`: of every tile's nodes, and of the unknowns that carry a
 * displacement through the whole grid. Null when they are singular.
 */
export function factoriseElastic(system: ElasticSystem): CoarseFactor | null {
  const { lattices, nodes, stiffness, factors, constraints } = system;
  for (let i = 0; i < lattices.length; i++) {
    factors[i].entries.set(nodes[i].entries);
    if (system.shared !== null)
      for (let k = 0; k < factors[i].entries.length; k++) factors[i].entries[k] += stiffness[i].entries[k];
    if (!factoriseBand(factors[i]) || !prepareConstraint(constraints[i], factors[i])) return null;
  }
  if (system.shared !== null) projectShared(system.shared);
  return factoriseCoarse(system);
}

function prepareConstraint({ modes, solved, schur }: Constraint, factor: BandMatrix): boolean {
  schur.entries.fill(0);
  for (let m = 0; m < modes.length; m++) {
    solved[m].set(modes[m]);
    solveBand(factor, solved[m]);
    for (let n = 0; n <= m; n++) addEntry(schur, m, n, dotAt(modes[n], solved[m], 0));
  }
  return factoriseBand(schur);
}

/** Solves a tile's node block for the nodes from `at` on, in place, among meshes without affine part. */
function solveConstrained(
  { modes, solved, schur, share }: Constraint,
  factor: BandMatrix,
  z: Float64Array,
  at: number,
): void {
  solveBand(factor, z, at);
  for (let m = 0; m < modes.length; m++) share[m] = dotAt(modes[m], z, at);
  solveBand(schur, share);
  for (let m = 0; m < modes.length; m++) {
    const mode = solved[m];
    const part = share[m];
    for (let k = 0; k < mode.length; k++) z[at + k] -= part * mode[k];
  }
}

function dotAt(mode: Float64Array, z: Float64Array, at: number): number {
  let sum = 0;
  for (let k = 0; k < mode.length; k++) sum += mode[k] * z[at + k];
  return sum;
}

/** Takes the affine part out of the shared mesh's blocks, and holds it at zero in its own. */
function projectShared({ lattice, block, withAffine }: SharedMesh): void {
  const { size } = block;
  const stride = withAffine.length / size;
  for (let k = 0; k < stride; k++) removeAffinePart(lattice, withAffine, k, stride);
  const dense = new Float64Array(size * size);
  let trace = 0;
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      const value = block.entries[i * block.reach + block.reach + j];
      dense[i * size + j] = value;
      dense[j * size + i] = value;
      if (i === j) trace += value;
    }
  for (let i = 0; i < size; i++) removeAffinePart(lattice, dense, i * size);
  for (let j = 0; j < size; j++) removeAffinePart(lattice, dense, j, size);
  block.entries.fill(0);
  const modes = affineModes(lattice);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let held = 0;
      for (const mode of modes) held += mode[i] * mode[j];
      addEntry(block, i, j, dense[i * size + j] + (trace / size) * held);
    }
}

function clearShared(shared: SharedMesh | null): void {
  if (shared === null) return;
  const { block, stiffness, withAffine } = shared;
  block.entries.fill(0);
  withAffine.fill(0);
  for (let i = 0; i < stiffness.size; i++)
    for (let j = Math.max(0, i - stiffness.reach); j <= i; j++)
      addEntry(block, i, j, stiffness.entries[i * stiffness.reach + stiffness.reach + j]);
}

/** Adds one measurement to the shared mesh's blocks: it sees the difference of the two places. */
function addShared(
  { lattice, block, withAffine }: SharedMesh,
  tileA: number,
  a: PointBasis,
  tileB: number,
  b: PointBasis,
  w: number,
): void {
  const stride = withAffine.length / block.size;
  for (let m = 0; m < 8; m++) {
    const isA = m < 4;
    const own = isA ? a : b;
    const node = own.node + cornerOffset(m & 3, lattice.rows);
    const value = w * (isA ? own.weights[3 + m] : -own.weights[m - 1]);
    for (let n = 0; n < 8; n++) {
      const other = n < 4 ? a : b;
      const column = other.node + cornerOffset(n & 3, lattice.rows);
      if (column > node) continue;
      addEntry(block, node, column, value * (n < 4 ? other.weights[3 + n] : -other.weights[n - 1]));
    }
    for (let n = 0; n < affineUnknowns; n++) {
      withAffine[node * stride + affineUnknowns * tileA + n] += value * a.weights[n];
      withAffine[node * stride + affineUnknowns * tileB + n] -= value * b.weights[n];
    }
  }
}

/** Adds w φφᵀ of one point to the blocks of its tile. */
function addOwn({ lattices, affine, mixed, nodes }: ElasticSystem, tile: number, basis: PointBasis, w: number): void {
  const { columns, rows } = lattices[tile];
  const { weights, node } = basis;
  const count = columns * rows;
  for (let m = 0; m < affineUnknowns; m++) {
    for (let n = 0; n < affineUnknowns; n++) affine[tile][affineUnknowns * m + n] += w * weights[m] * weights[n];
    for (let n = 0; n < 4; n++)
      mixed[tile][m * count + node + cornerOffset(n, rows)] += w * weights[m] * weights[3 + n];
  }
  for (let m = 0; m < 4; m++)
    for (let n = 0; n <= m; n++)
      addEntry(
        nodes[tile],
        node + cornerOffset(m, rows),
        node + cornerOffset(n, rows),
        w * weights[3 + m] * weights[3 + n],
      );
}

function addCoupling(
  { rowOf, starts, columns, values }: Coupling,
  a: PointBasis,
  rowsA: number,
  b: PointBasis,
  rowsB: number,
  w: number,
): void {
  for (let m = 0; m < 7; m++) {
    const row = rowOf[unknownOf(a, m, rowsA)];
    const weighted = -w * a.weights[m];
    let at = starts[row];
    for (let n = 0; n < 7; n++) {
      const column = unknownOf(b, n, rowsB); // ascending with n
      while (columns[at] !== column) at++;
      values[at] += weighted * b.weights[n];
    }
  }
}

/** out = H·z; `scratch` is as long as z. */
export function multiplyElastic(
  system: ElasticSystem,
  z: Float64Array,
  out: Float64Array,
  scratch: Float64Array,
): void {
  const { lattices, offsets, nodes, stiffness, shared } = system;
  out.fill(0);
  const sharedAt = offsets[lattices.length];
  scratch.set(z);
  if (shared !== null)
    for (let i = 0; i < lattices.length; i++) {
      const first = offsets[i] + affineUnknowns;
      for (let n = 0; n < nodes[i].size; n++) scratch[first + n] += z[sharedAt + n];
    }
  multiplyMeasured(system, scratch, out);
  if (shared !== null) {
    for (let i = 0; i < lattices.length; i++) {
      const first = offsets[i] + affineUnknowns;
      for (let n = 0; n < nodes[i].size; n++) out[sharedAt + n] += out[first + n];
    }
    multiplyBand(shared.stiffness, z, sharedAt, out);
    for (let i = 0; i < lattices.length; i++) multiplyBand(stiffness[i], z, offsets[i] + affineUnknowns, out);
  }
}

/** Adds what the measurements (and the prior of the affine unknowns) make of the displacements of each tile. */
function multiplyMeasured(system: ElasticSystem, z: Float64Array, out: Float64Array): void {
  const { lattices, offsets, measurements, affine, mixed, nodes, coupling } = system;
  for (let i = 0; i < lattices.length; i++) {
    const o = offsets[i];
    const first = o + affineUnknowns;
    const { size: count } = nodes[i];
    for (let m = 0; m < affineUnknowns; m++) {
      let sum = 0;
      for (let n = 0; n < affineUnknowns; n++) sum += affine[i][affineUnknowns * m + n] * z[o + n];
      const row = mixed[i];
      const at = m * count;
      const value = z[o + m];
      for (let n = 0; n < count; n++) {
        sum += row[at + n] * z[first + n];
        out[first + n] += row[at + n] * value;
      }
      out[o + m] += sum;
    }
    multiplyBand(nodes[i], z, first, out);
  }
  for (let l = 0; l < coupling.length; l++) {
    const { rows, starts, columns, values } = coupling[l];
    const a = offsets[measurements.from[l]];
    const b = offsets[measurements.to[l]];
    for (let m = 0; m < rows.length; m++) {
      const row = a + rows[m];
      const value = z[row];
      let sum = 0;
      for (let at = starts[m]; at < starts[m + 1]; at++) {
        const column = b + columns[at];
        sum += values[at] * z[column];
        out[column] += values[at] * value;
      }
      out[row] += sum;
    }
  }
}

/** out += B·z over the entries from `at` on. */
function multiplyBand({ size, reach, entries }: BandMatrix, z: Float64Array, at: number, out: Float64Array): void {
  for (let i = 0; i < size; i++) {
    const row = i * reach + reach;
    const value = z[at + i];
    let sum = entries[row + i] * value;
    for (let j = i > reach ? i - reach : 0; j < i; j++) {
      sum += entries[row + j] * z[at + j];
      out[at + j] += entries[row + j] * value;
    }
    out[at + i] += sum;
  }
}

/** Factors of the unknowns that carry a displacement through the whole grid: all affine ones and the shared mesh. */
export interface CoarseFactor {
  readonly affine: CholeskyFactor;
  /** Of the shared mesh after the affine unknowns are eliminated; H_FA and H_FA·H_AA⁻¹, [nodes · 3·tiles]. */
  readonly shared: {
    readonly factor: BandMatrix;
    readonly withAffine: Float64Array;
    readonly eliminated: Float64Array;
  } | null;
}

/** Factors the affine unknowns of all tiles together with the shared mesh; null when they are singular. */
function factoriseCoarse({ pattern, affine, coupling, lattices, shared }: ElasticSystem): CoarseFactor | null {
  const kk = affineUnknowns ** 2;
  const diagonal = new Float64Array(lattices.length * kk);
  affine.forEach((block, i) => diagonal.set(block, i * kk));
  const offDiagonal = new Float64Array(coupling.length * kk);
  // The affine unknowns are the first rows and the first columns of each.
  coupling.forEach(({ starts, values }, l) => {
    for (let m = 0; m < affineUnknowns; m++)
      for (let n = 0; n < affineUnknowns; n++) offDiagonal[l * kk + affineUnknowns * m + n] = values[starts[m] + n];
  });
  const factor = startFactorisation(pattern, affineUnknowns, diagonal, offDiagonal);
  if (factoriseSome(factor, Infinity) !== -1) return null;
  if (shared === null) return { affine: factor, shared: null };
  const { block } = shared;
  // The equations are assembled anew while this factor is still in use.
  const withAffine = shared.withAffine.slice();
  const stride = affineUnknowns * lattices.length;
  const eliminated = withAffine.slice();
  const complement = { ...block, entries: block.entries.slice() };
  for (let m = 0; m < block.size; m++) solveFactored(factor, eliminated.subarray(m * stride, (m + 1) * stride));
  for (let m = 0; m < block.size; m++)
    for (let n = 0; n <= m; n++) {
      let sum = 0;
      for (let k = 0; k < stride; k++) sum += withAffine[m * stride + k] * eliminated[n * stride + k];
      addEntry(complement, m, n, -sum);
    }
  return factoriseBand(complement) ? { affine: factor, shared: { factor: complement, withAffine, eliminated } } : null;
}

/** Takes the affine part out of every mesh. */
export function projectElastic({ lattices, offsets, shared }: ElasticSystem, z: Float64Array): void {
  for (let i = 0; i < lattices.length; i++) removeAffinePart(lattices[i], z, offsets[i] + affineUnknowns);
  if (shared !== null) removeAffinePart(shared.lattice, z, offsets[lattices.length]);
}

/**
 * out = M⁻¹·r: the affine unknowns of all tiles and the shared mesh together, the nodes of each tile by themselves, and
 * no affine part in any mesh.
 */
export function precondition(system: ElasticSystem, coarse: CoarseFactor, r: Float64Array, out: Float64Array): void {
  const { lattices, offsets, factors, constraints } = system;
  const stride = affineUnknowns * lattices.length;
  const affine = new Float64Array(stride);
  out.set(r);
  for (let i = 0; i < lattices.length; i++) {
    for (let m = 0; m < affineUnknowns; m++) affine[affineUnknowns * i + m] = r[offsets[i] + m];
    solveConstrained(constraints[i], factors[i], out, offsets[i] + affineUnknowns);
  }
  solveFactored(coarse.affine, affine);
  if (coarse.shared !== null) {
    const at = offsets[lattices.length];
    const { factor, withAffine, eliminated } = coarse.shared;
    for (let m = 0; m < factor.size; m++) {
      let sum = 0;
      for (let k = 0; k < stride; k++) sum += withAffine[m * stride + k] * affine[k];
      out[at + m] -= sum;
    }
    solveBand(factor, out, at);
    for (let m = 0; m < factor.size; m++) {
      const value = out[at + m];
      for (let k = 0; k < stride; k++) affine[k] -= eliminated[m * stride + k] * value;
    }
  }
  for (let i = 0; i < lattices.length; i++)
    for (let m = 0; m < affineUnknowns; m++) out[offsets[i] + m] = affine[affineUnknowns * i + m];
}
