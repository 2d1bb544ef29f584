import type { Size } from '../geometry/rect.ts';

/** Affine unknowns of a tile an axis: the displacement of its centre, and its change over half a tile along x and y. */
export const affineUnknowns = 3;

/** The control lattice of a tile's displacement mesh: nodes as in `DisplacementMesh`. */
export interface Lattice {
  readonly size: Size;
  readonly columns: number;
  readonly rows: number;
}

/** Cells are about this wide … */
const cellPx = 224;
/** … but a side has at least and at most so many. */
const leastCells = 4;
const mostCells = 12;

/** The control lattice for tiles of a size: cells of about 224 px, 4 to 12 a side. */
export function latticeFor(size: Size): Lattice {
  const nodes = (side: number) => Math.min(Math.max(Math.round(side / cellPx), leastCells), mostCells) + 1;
  return { size, columns: nodes(size.width), rows: nodes(size.height) };
}

/** Weights of the three affine unknowns and of the four nodes round a point, and the first of these nodes. */
export interface PointBasis {
  /** [7]: 1, x and y about the centre in half sides, then the nodes (i, j), (i+1, j), (i, j+1), (i+1, j+1). */
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
  weights[4] = fx * (1 - fy);
  weights[5] = (1 - fx) * fy;
  weights[6] = fx * fy;
  out.node = j * columns + i;
}

/**
 * Takes the affine part out of the node values that start at `at`: 1, column and row are orthogonal on the lattice, so
 * that a mesh has no mean displacement, no mean stretch and no mean shear.
 */
export function removeAffinePart({ columns, rows }: Lattice, values: Float64Array, at: number): void {
  const middleX = (columns - 1) / 2;
  const middleY = (rows - 1) / 2;
  let sum = 0;
  let alongX = 0;
  let alongY = 0;
  for (let j = 0, k = at; j < rows; j++)
    for (let i = 0; i < columns; i++, k++) {
      sum += values[k];
      alongX += (i - middleX) * values[k];
      alongY += (j - middleY) * values[k];
    }
  const mean = sum / (columns * rows);
  const slopeX = (12 * alongX) / (rows * columns * (columns * columns - 1));
  const slopeY = (12 * alongY) / (columns * rows * (rows * rows - 1));
  for (let j = 0, k = at; j < rows; j++)
    for (let i = 0; i < columns; i++, k++) values[k] -= mean + slopeX * (i - middleX) + slopeY * (j - middleY);
}
