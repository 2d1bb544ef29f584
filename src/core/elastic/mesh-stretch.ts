import { stretchesOf } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { Size } from '../geometry/rect.ts';

/**
 * The smallest and the largest singular value of A⁻¹·(A + ∇D) over the tile: what the mesh does to the tile beyond its
 * affine. The gradient of a bilinear cell is extreme at its corners. A value of 0 or below is a fold.
 */
export function meshStretches(mesh: DisplacementMesh, size: Size, pose: Affine2): readonly [number, number] {
  const { columns, rows, dx, dy } = mesh;
  const cellX = (size.width - 1) / (columns - 1);
  const cellY = (size.height - 1) / (rows - 1);
  const det = pose.a * pose.d - pose.b * pose.c;
  let [least, most] = [Infinity, 0];
  for (let j = 0; j + 1 < rows; j++)
    for (let i = 0; i + 1 < columns; i++) {
      const at = j * columns + i;
      for (let corner = 0; corner < 4; corner++) {
        const alongX = at + (corner & 1) * columns;
        const alongY = at + (corner >> 1);
        const xx = (dx[alongX + 1] - dx[alongX]) / cellX;
        const yx = (dy[alongX + 1] - dy[alongX]) / cellX;
        const xy = (dx[alongY + columns] - dx[alongY]) / cellY;
        const yy = (dy[alongY + columns] - dy[alongY]) / cellY;
        const relative = {
          a: 1 + (pose.d * xx - pose.c * yx) / det,
          b: (pose.a * yx - pose.b * xx) / det,
          c: (pose.d * xy - pose.c * yy) / det,
          d: 1 + (pose.a * yy - pose.b * xy) / det,
          e: 0,
          f: 0,
        };
        const [high, low] = stretchesOf(relative);
        most = Math.max(most, high);
        least = Math.min(least, relative.a * relative.d - relative.b * relative.c > 0 ? low : -low);
      }
    }
  return [least, most];
}
