import { addEntry, bandMatrix } from '../graph/band-cholesky.ts';
import type { BandMatrix } from '../graph/band-cholesky.ts';
import { stiffnessOf } from './mesh-stiffness.ts';
import type { Stiffness } from './mesh-stiffness.ts';
import { affineModes, affineUnknowns, cornerOffset, removeAffinePart } from './tile-unknowns.ts';
import type { Lattice, PointBasis } from './tile-unknowns.ts';

/** The mesh that all tiles have in common: what the microscope does to every image alike. */
export interface SharedMesh {
  readonly lattice: Lattice;
  readonly stiffness: BandMatrix;
  /** Its own block, dense, stiffness included. */
  readonly block: BandMatrix;
  /** [nodes · 3·tiles] its block with the affine unknowns. */
  readonly withAffine: Float64Array;
}

/** Allocates the shared mesh of tiles of one size. */
export function sharedMeshOf(lattices: readonly Lattice[], stiffness: Stiffness): SharedMesh {
  const [lattice] = lattices;
  const nodes = lattice.columns * lattice.rows;
  return {
    lattice,
    stiffness: stiffnessOf(lattice, stiffness),
    block: bandMatrix(nodes, nodes - 1),
    withAffine: new Float64Array(nodes * affineUnknowns * lattices.length),
  };
}

/** Takes the affine part out of the shared mesh's blocks, and holds it at zero in its own. */
export function projectShared({ lattice, block, withAffine }: SharedMesh): void {
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

/** Sets the blocks back to the stiffness alone. */
export function clearShared(shared: SharedMesh | null): void {
  if (shared === null) return;
  const { block, stiffness, withAffine } = shared;
  block.entries.fill(0);
  withAffine.fill(0);
  for (let i = 0; i < stiffness.size; i++)
    for (let j = Math.max(0, i - stiffness.reach); j <= i; j++)
      addEntry(block, i, j, stiffness.entries[i * stiffness.reach + stiffness.reach + j]);
}

/** Adds one measurement to the shared mesh's blocks: it sees the difference of the two places. */
export function addShared(
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
