import { addEntry, bandMatrix } from '../graph/band-cholesky.ts';
import type { BandMatrix } from '../graph/band-cholesky.ts';
import { slowCells } from './tile-unknowns.ts';
import type { Lattice } from './tile-unknowns.ts';

/** How stiff tiles are; each is one sigma of an eighth of a tile, so that smaller is stiffer. */
export interface Stiffness {
  /** Stretch and shear of the mesh beyond the tile's affine. */
  readonly stretch: number;
  /** Change of that from one eighth of the tile to the next. */
  readonly bend: number;
  /** Departure of the tile's affine from a rigid motion. */
  readonly linear: number;
}

/** Displacements of nodes that nothing holds stay zero, px. */
const nodeSigmaPx = 1e3;

/** The stiffness of every tile; tiles of one kind share one matrix. */
export function stiffnesses(lattices: readonly Lattice[], stiffness: readonly Stiffness[]): readonly BandMatrix[] {
  const made = new Map<string, BandMatrix>();
  return lattices.map((lattice, i) => {
    const { size, columns, rows } = lattice;
    const key = [size.width, size.height, columns, rows, stiffness[i].stretch, stiffness[i].bend].join();
    const found = made.get(key) ?? stiffnessOf(lattice, stiffness[i]);
    made.set(key, found);
    return found;
  });
}

/**
 * The energy of a mesh as a matrix of its nodes: the mean over the tile, times 64 cells, of
 *
 *   |∇u|²/σ_stretch² + (|h_x·u_xx|² + 2·h_x·h_y·|u_xy|² + |h_y·u_yy|²)/σ_bend²,   h: an eighth of the tile,
 *
 * whatever the lattice; the first term is a membrane's, the second a thin plate's.
 */
export function stiffnessOf({ size, columns, rows }: Lattice, { stretch, bend }: Stiffness): BandMatrix {
  const matrix = bandMatrix(columns * rows, 2 * rows);
  const cellX = (size.width - 1) / (columns - 1);
  const cellY = (size.height - 1) / (rows - 1);
  const [eighthX, eighthY] = [(size.width - 1) / slowCells, (size.height - 1) / slowCells];
  const share = (cellX * cellY) / (eighthX * eighthY);
  const square = (nodes: readonly number[], factors: readonly number[], weight: number) => {
    for (let m = 0; m < nodes.length; m++)
      for (let n = 0; n <= m; n++) addEntry(matrix, nodes[m], nodes[n], weight * factors[m] * factors[n]);
  };
  for (let i = 0; i < columns; i++)
    for (let j = 0; j < rows; j++) {
      const at = i * rows + j;
      const right = at + rows;
      const hasRight = i + 1 < columns;
      const hasBelow = j + 1 < rows;
      addEntry(matrix, at, at, share * nodeSigmaPx ** -2);
      if (hasRight) square([at, right], [-1, 1], share * (cellX * stretch) ** -2);
      if (hasBelow) square([at, at + 1], [-1, 1], share * (cellY * stretch) ** -2);
      if (hasRight && i > 0)
        square([at - rows, at, right], [1, -2, 1], share * (eighthX / (cellX * cellX * bend)) ** 2);
      if (hasBelow && j > 0) square([at - 1, at, at + 1], [1, -2, 1], share * (eighthY / (cellY * cellY * bend)) ** 2);
      if (hasRight && hasBelow)
        square(
          [at, at + 1, right, right + 1],
          [1, -1, -1, 1],
          (2 * share * eighthX * eighthY) / (cellX * cellY * bend) ** 2,
        );
    }
  return matrix;
}
