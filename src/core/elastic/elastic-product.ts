import type { BandMatrix } from '../graph/band-cholesky.ts';
import type { ElasticSystem } from './elastic-system.ts';
import { affineUnknowns } from './tile-unknowns.ts';

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
