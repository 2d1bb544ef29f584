import type { Size } from '../geometry/rect.ts';

/** Affine unknowns of a tile an axis: the displacement of its centre, and its change over half a tile along x and y. */
export const affineUnknowns = 3;

/**
 * The control lattice of a tile's displacement mesh: columns × rows nodes over its pixel centres. Node (i, j) has number
 * i·rows + j, column by column, which keeps neighbours near each other where columns are many.
 */
export interface Lattice {
  readonly size: Size;
  readonly columns: number;
  readonly rows: number;
}

/** Cells a side of a lattice that follows slow bending: an eighth of a tile. */
export const slowCells = 8;
/** The finest cells, px: a scan line that starts slowly settles within some tens of px. */
const fineCellPx = 32;
const mostFineCells = 64;

/** The lattice of slow bending alone: 8 cells a side. */
export function slowLattice(size: Size): Lattice {
  return { size, columns: slowCells + 1, rows: slowCells + 1 };
}

/**
 * The lattice that can follow the start of a scan line, too: cells of 32 px along x (at most 64), the fast axis of every
 * raster, and 8 along y.
 */
export function scanLattice(size: Size): Lattice {
  const cells = Math.min(Math.max(Math.round(size.width / fineCellPx), slowCells), mostFineCells);
  return { size, columns: slowCells * Math.round(cells / slowCells) + 1, rows: slowCells + 1 };
}

/** Weights of the three affine unknowns and of the four nodes round a point, and the first of these nodes. */
export interface PointBasis {
  /** [7]: 1, x and y about the centre in half sides, then the nodes (i, j), (i, j+1), (i+1, j), (i+1, j+1). */
  readonly weights: Float64Array;
  node: number;
}

/** Writes the basis of the tile point (x, y); points beyond the border count as on it. */
export function fillPointBasis({ size, columns, rows }: Lattice, x: number, y: number, out: PointBasis): void {
  const u = Math.min(Math.max((x * (columns - 1)) / (size.width - 1), 0), columns - 1);
  const v = Math.min(Math.max((y * (rows - 1)) / (size.height - 1), 0), rows - 1);
  const i = Math.min(Math.floor(u), columns - 2);
  const j = Math.min(Math.floor(v), rows - 2);
  const fx = u - i;
  const fy = v - j;
  const { weights } = out;
  weights[0] = 1;
  weights[1] = (2 * x) / (size.width - 1) - 1;
  weights[2] = (2 * y) / (size.height - 1) - 1;
  weights[3] = (1 - fx) * (1 - fy);
  weights[4] = (1 - fx) * fy;
  weights[5] = fx * (1 - fy);
  weights[6] = fx * fy;
  out.node = i * rows + j;
}

/** Number of corner m = 0 … 3 of a cell relative to its first node, in the order of the weights. */
export function cornerOffset(m: number, rows: number): number {
  return (m & 1) + (m >> 1) * rows;
}

/**
 * Takes the affine part out of the node values at + k·stride: 1, column and row are orthogonal on the lattice, so that a
 * mesh has no mean displacement, no mean stretch and no mean shear.
 */
export function removeAffinePart({ columns, rows }: Lattice, values: Float64Array, at: number, stride = 1): void {
  const middleX = (columns - 1) / 2;
  const middleY = (rows - 1) / 2;
  let sum = 0;
  let alongX = 0;
  let alongY = 0;
  for (let i = 0, k = at; i < columns; i++)
    for (let j = 0; j < rows; j++, k += stride) {
      sum += values[k];
      alongX += (i - middleX) * values[k];
      alongY += (j - middleY) * values[k];
    }
  const mean = sum / (columns * rows);
  const slopeX = (12 * alongX) / (rows * columns * (columns * columns - 1));
  const slopeY = (12 * alongY) / (columns * rows * (rows * rows - 1));
  for (let i = 0, k = at; i < columns; i++)
    for (let j = 0; j < rows; j++, k += stride) values[k] -= mean + slopeX * (i - middleX) + slopeY * (j - middleY);
}

/** The three affine modes of a lattice, each [nodes] and of unit length: what `removeAffinePart` takes out. */
export function affineModes({ columns, rows }: Lattice): readonly Float64Array[] {
  const modes = [() => 1, (i: number) => i - (columns - 1) / 2, (_: number, j: number) => j - (rows - 1) / 2] as const;
  return modes.map((valueAt) => {
    const mode = Float64Array.from({ length: columns * rows }, (_, k) => valueAt(Math.floor(k / rows), k % rows));
    const length = Math.sqrt(mode.reduce((sum, value) => sum + value * value, 0));
    return mode.map((value) => value / length);
  });
}
