import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { Size } from '../geometry/rect.ts';

/** Adds the displacements of the tile points (x, y), x = 0 … width − 1 of one row, to xs and ys. */
export function displaceRow(mesh: DisplacementMesh, size: Size, y: number, xs: Float64Array, ys: Float64Array): void {
  const { columns, rows, dx, dy } = mesh;
  const v = (y * (rows - 1)) / (size.height - 1);
  const j = Math.min(Math.floor(v), rows - 2);
  const fy = v - j;
  for (let x = 0; x < size.width; x++) {
    const u = (x * (columns - 1)) / (size.width - 1);
    const i = Math.min(Math.floor(u), columns - 2);
    const fx = u - i;
    const at = j * columns + i;
    xs[x] += bilinear(dx, at, columns, fx, fy);
    ys[x] += bilinear(dy, at, columns, fx, fy);
  }
}

function bilinear(values: DisplacementMesh['dx'], at: number, stride: number, fx: number, fy: number): number {
  const upper = values[at] + fx * (values[at + 1] - values[at]);
  const lower = values[at + stride] + fx * (values[at + stride + 1] - values[at + stride]);
  return upper + fy * (lower - upper);
}
