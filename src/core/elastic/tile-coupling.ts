import type { Measurements } from './measurements.ts';
import { affineUnknowns, cornerOffset, fillPointBasis } from './tile-unknowns.ts';
import type { Lattice, PointBasis } from './tile-unknowns.ts';

/** The block −Σ w φ_a φ_bᵀ of one overlap, by rows: only the unknowns of the two tiles that share a measurement. */
export interface Coupling {
  /** Unknowns of a, local to the tile (the three affine ones come first), and where each one's entries start. */
  readonly rows: Int32Array;
  readonly starts: Int32Array;
  /** Unknowns of b, local to the tile, ascending within a row, and the entries. */
  readonly columns: Int32Array;
  readonly values: Float64Array;
  /** [unknowns of a] the row of each, or −1. */
  readonly rowOf: Int32Array;
}

/** Allocates the block of overlap l: an entry for every two unknowns that one of its measurements sees. */
export function couplingOf(
  { from, to, starts, a, b }: Measurements,
  l: number,
  lattices: readonly Lattice[],
): Coupling {
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

/** Adds −w φ_a φ_bᵀ of one measurement. */
export function addCoupling(
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
