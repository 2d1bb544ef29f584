import { addEntry, factoriseBand, solveBand } from '../graph/band-cholesky.ts';
import type { BandMatrix } from '../graph/band-cholesky.ts';
import { factoriseSome, solveFactored, startFactorisation } from '../graph/sparse-cholesky.ts';
import type { CholeskyFactor } from '../graph/sparse-cholesky.ts';
import { prepareConstraint, solveConstrained } from './affine-constraint.ts';
import type { ElasticSystem } from './elastic-system.ts';
import { projectShared } from './shared-mesh.ts';
import { affineUnknowns, removeAffinePart } from './tile-unknowns.ts';

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
