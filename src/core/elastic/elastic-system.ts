import { addEntry, bandMatrix } from '../graph/band-cholesky.ts';
import type { BandMatrix } from '../graph/band-cholesky.ts';
import { analysePattern } from '../graph/cholesky-pattern.ts';
import type { CholeskyPattern } from '../graph/cholesky-pattern.ts';
import { constraintOf } from './affine-constraint.ts';
import type { Constraint } from './affine-constraint.ts';
import type { Measurements } from './measurements.ts';
import { stiffnesses } from './mesh-stiffness.ts';
import type { Stiffness } from './mesh-stiffness.ts';
import { addShared, clearShared, sharedMeshOf } from './shared-mesh.ts';
import type { SharedMesh } from './shared-mesh.ts';
import { addCoupling, couplingOf } from './tile-coupling.ts';
import type { Coupling } from './tile-coupling.ts';
import { affineUnknowns, cornerOffset, fillPointBasis } from './tile-unknowns.ts';
import type { Lattice, PointBasis } from './tile-unknowns.ts';

/** Displacements of centres that nothing measures stay zero. */
const centreSigmaPx = 300;
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
    constraints: lattices.map(constraintOf),
    coupling: Array.from(measurements.from, (_, l) => couplingOf(measurements, l, lattices)),
  };
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
