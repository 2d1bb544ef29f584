import { precondition, projectElastic } from './elastic-preconditioner.ts';
import type { CoarseFactor } from './elastic-preconditioner.ts';
import { multiplyElastic } from './elastic-product.ts';
import type { ElasticSystem } from './elastic-system.ts';

/** How an iteration ended. */
export interface CgReport {
  readonly iterations: number;
  readonly converged: boolean;
}

/** When an iteration may end; a step must be as small several times in a row, for some are small by chance. */
export interface CgTolerance {
  /** How far a step may still move any unknown, px (all of them are). */
  readonly largestPx: number;
  /** By how much a step may still lower ½zᵀHz − rhsᵀz, a tile on the average; Infinity to ask for the largest alone. */
  readonly decreasePerTile: number;
  readonly timesInARow: number;
}

/**
 * Solves H·z = rhs for the unknowns of one axis, from the z handed in, by preconditioned conjugate gradients among
 * meshes without affine part.
 */
export function solveByConjugateGradients(
  system: ElasticSystem,
  factor: CoarseFactor,
  rhs: Float64Array,
  z: Float64Array,
  tolerance: CgTolerance,
  maxIterations: number,
): CgReport {
  const { length } = system;
  const r = new Float64Array(length);
  const s = new Float64Array(length);
  const product = new Float64Array(length);
  const scratch = new Float64Array(length);
  multiplyElastic(system, z, product, scratch);
  for (let i = 0; i < length; i++) r[i] = rhs[i] - product[i];
  projectElastic(system, r);
  precondition(system, factor, r, s);
  const direction = s.slice();
  let rs = dot(r, s);
  let quiet = 0;
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    if (!(rs > 0)) return { iterations: iteration, converged: true };
    multiplyElastic(system, direction, product, scratch);
    projectElastic(system, product);
    const step = rs / dot(direction, product);
    let largest = 0;
    for (let i = 0; i < length; i++) {
      const change = step * direction[i];
      z[i] += change;
      r[i] -= step * product[i];
      if (change > largest) largest = change;
      else if (-change > largest) largest = -change;
    }
    const decrease = (step * rs) / 2;
    const isSmall = largest < tolerance.largestPx && decrease < tolerance.decreasePerTile * system.lattices.length;
    quiet = isSmall ? quiet + 1 : 0;
    if (quiet >= tolerance.timesInARow) return { iterations: iteration + 1, converged: true };
    precondition(system, factor, r, s);
    const next = dot(r, s);
    const beta = next / rs;
    rs = next;
    for (let i = 0; i < length; i++) direction[i] = s[i] + beta * direction[i];
  }
  return { iterations: maxIterations, converged: false };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
