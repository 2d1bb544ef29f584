import { displaceInto } from '../geometry/displacement-mesh.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { Size } from '../geometry/rect.ts';
import type { ElasticSystem } from './elastic-system.ts';
import type { Measurements } from './measurements.ts';
import { affineUnknowns, cornerOffset, fillPointBasis } from './tile-unknowns.ts';
import type { PointBasis } from './tile-unknowns.ts';

/** The right side of the equations of one axis, −Σ w r₀ (φ_a − φ_b); `start` holds r₀ as [N · 2], px. */
export function rightSide(
  { lattices, offsets, measurements, length, shared }: ElasticSystem,
  start: Float64Array,
  axis: number,
  weights: Float64Array,
): Float64Array {
  const rhs = new Float64Array(length);
  const basis: PointBasis = { weights: new Float64Array(7), node: 0 };
  const { from, to, starts, a, b } = measurements;
  const add = (tile: number, x: number, y: number, value: number) => {
    fillPointBasis(lattices[tile], x, y, basis);
    const o = offsets[tile];
    const node = o + affineUnknowns + basis.node;
    const { rows } = lattices[tile];
    for (let m = 0; m < affineUnknowns; m++) rhs[o + m] += value * basis.weights[m];
    for (let m = 0; m < 4; m++) rhs[node + cornerOffset(m, rows)] += value * basis.weights[affineUnknowns + m];
  };
  for (let l = 0; l < from.length; l++)
    for (let k = starts[l]; k < starts[l + 1]; k++) {
      const value = weights[k] * start[2 * k + axis];
      if (value === 0) continue;
      add(from[l], a[2 * k], a[2 * k + 1], -value);
      add(to[l], b[2 * k], b[2 * k + 1], value);
    }
  if (shared !== null) {
    const at = offsets[lattices.length];
    for (let i = 0; i < lattices.length; i++) {
      const first = offsets[i] + affineUnknowns;
      for (let n = 0; n < shared.stiffness.size; n++) rhs[at + n] += rhs[first + n];
    }
  }
  return rhs;
}

/** [N] |r₀ + φ_a·z_a − φ_b·z_b|, px. */
export function distances(
  system: ElasticSystem,
  start: Float64Array,
  unknowns: readonly Float64Array[],
): Float64Array<ArrayBuffer> {
  const { lattices, offsets, measurements } = system;
  const { from, to, starts, a, b } = measurements;
  const z = unknowns.map((values) => withShared(system, values));
  const result = new Float64Array(starts[from.length]);
  const basis: PointBasis = { weights: new Float64Array(7), node: 0 };
  const at = (tile: number, x: number, y: number, axis: number): number => {
    fillPointBasis(lattices[tile], x, y, basis);
    const o = offsets[tile];
    const node = o + affineUnknowns + basis.node;
    const { rows } = lattices[tile];
    const { weights } = basis;
    const values = z[axis];
    let sum = weights[0] * values[o] + weights[1] * values[o + 1] + weights[2] * values[o + 2];
    sum += weights[3] * values[node] + weights[4] * values[node + 1];
    sum += weights[5] * values[node + rows] + weights[6] * values[node + rows + 1];
    return sum;
  };
  for (let l = 0; l < from.length; l++)
    for (let k = starts[l]; k < starts[l + 1]; k++) {
      const x = start[2 * k] + at(from[l], a[2 * k], a[2 * k + 1], 0) - at(to[l], b[2 * k], b[2 * k + 1], 0);
      const y = start[2 * k + 1] + at(from[l], a[2 * k], a[2 * k + 1], 1) - at(to[l], b[2 * k], b[2 * k + 1], 1);
      result[k] = Math.hypot(x, y);
    }
  return result;
}

/** The unknowns with the shared mesh added to every tile's own. */
function withShared({ lattices, offsets, shared }: ElasticSystem, z: Float64Array): Float64Array {
  if (shared === null) return z;
  const sum = z.slice();
  const at = offsets[lattices.length];
  for (let i = 0; i < lattices.length; i++) {
    const first = offsets[i] + affineUnknowns;
    for (let n = 0; n < shared.stiffness.size; n++) sum[first + n] += z[at + n];
  }
  return sum;
}

/** Adds what the known mesh makes of both places to their distances. */
export function addKnown(
  misfits: Float64Array,
  { from, to, starts, a, b }: Measurements,
  tiles: readonly { readonly size: Size }[],
  known: DisplacementMesh,
): void {
  const p = new Float64Array(2);
  const q = new Float64Array(2);
  for (let l = 0; l < from.length; l++)
    for (let k = starts[l]; k < starts[l + 1]; k++) {
      displaceInto(known, tiles[from[l]].size, a[2 * k], a[2 * k + 1], p);
      displaceInto(known, tiles[to[l]].size, b[2 * k], b[2 * k + 1], q);
      misfits[2 * k] += p[0] - q[0];
      misfits[2 * k + 1] += p[1] - q[1];
    }
}
