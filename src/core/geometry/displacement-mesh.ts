import type { Size } from './rect.ts';

/**
 * Displacements in mosaic px at the nodes of a regular grid that spans the pixel centres of a tile: node (i, j) lies at
 * x = i·(width−1)/(columns−1), y = j·(height−1)/(rows−1), row-major; bilinear between nodes, added to the affine's
 * result. At least 2 columns and 2 rows.
 */
export interface DisplacementMesh {
  readonly columns: number;
  readonly rows: number;
  readonly dx: Float32Array | Float64Array;
  readonly dy: Float32Array | Float64Array;
}

/** The cell of a mesh that a point lies in and its place there: 0…1 within the tile, beyond it outside (linear continuation). */
export interface MeshCell {
  column: number;
  row: number;
  fx: number;
  fy: number;
}

/** Writes the cell of the tile point (x, y). */
export function meshCellAt(
  mesh: { columns: number; rows: number },
  size: Size,
  x: number,
  y: number,
  out: MeshCell,
): void {
  const u = (x * (mesh.columns - 1)) / (size.width - 1);
  const v = (y * (mesh.rows - 1)) / (size.height - 1);
  out.column = Math.min(Math.max(Math.floor(u), 0), mesh.columns - 2);
  out.row = Math.min(Math.max(Math.floor(v), 0), mesh.rows - 2);
  out.fx = u - out.column;
  out.fy = v - out.row;
}

/** The displacement at the tile point (x, y), mosaic px; beyond the border that of the border. */
export function displacementAt(mesh: DisplacementMesh, size: Size, x: number, y: number): { x: number; y: number } {
  const cell = { column: 0, row: 0, fx: 0, fy: 0 };
  meshCellAt(mesh, size, x, y, cell);
  const fx = Math.min(Math.max(cell.fx, 0), 1);
  const fy = Math.min(Math.max(cell.fy, 0), 1);
  const at = cell.row * mesh.columns + cell.column;
  const value = (values: Float32Array | Float64Array) => {
    const upper = values[at] + fx * (values[at + 1] - values[at]);
    const below = at + mesh.columns;
    const lower = values[below] + fx * (values[below + 1] - values[below]);
    return upper + fy * (lower - upper);
  };
  return { x: value(mesh.dx), y: value(mesh.dy) };
}
