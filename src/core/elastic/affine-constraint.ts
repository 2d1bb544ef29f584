import { addEntry, bandMatrix, factoriseBand, solveBand } from '../graph/band-cholesky.ts';
import type { BandMatrix } from '../graph/band-cholesky.ts';
import { affineModes } from './tile-unknowns.ts';
import type { Lattice } from './tile-unknowns.ts';

/**
 * min ½xᵀHx − rᵀx with Cᵀx = 0 is x = y − (H⁻¹C)·S⁻¹·Cᵀy with y = H⁻¹r and S = CᵀH⁻¹C.
 * @see Nocedal, Wright 2006, "Numerical Optimization", §16.2 (Schur-complement method)
 */
export interface Constraint {
  /** C and H⁻¹C, [3] modes of [nodes], and the factor of S. */
  readonly modes: readonly Float64Array[];
  readonly solved: readonly Float64Array[];
  readonly schur: BandMatrix;
  /** [3] scratch. */
  readonly share: Float64Array;
}

/** Allocates what keeps the meshes of a lattice free of an affine part. */
export function constraintOf(lattice: Lattice): Constraint {
  const modes = affineModes(lattice);
  return {
    modes,
    solved: modes.map((mode) => new Float64Array(mode.length)),
    schur: bandMatrix(3, 2),
    share: new Float64Array(3),
  };
}

/** Factors S for a factor of H; false where it is singular. */
export function prepareConstraint({ modes, solved, schur }: Constraint, factor: BandMatrix): boolean {
  schur.entries.fill(0);
  for (let m = 0; m < modes.length; m++) {
    solved[m].set(modes[m]);
    solveBand(factor, solved[m]);
    for (let n = 0; n <= m; n++) addEntry(schur, m, n, dotAt(modes[n], solved[m], 0));
  }
  return factoriseBand(schur);
}

/** Solves a tile's node block for the nodes from `at` on, in place, among meshes without affine part. */
export function solveConstrained(
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
