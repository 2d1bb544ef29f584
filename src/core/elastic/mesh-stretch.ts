import { stretchesOf } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { Size } from '../geometry/rect.ts';

/** Bounds on the singular values of a mesh relative to its affine. */
export interface StretchBounds {
  readonly leastStretch: number;
  readonly mostStretch: number;
}

/** Rounds of relaxing at most; each halves what a node differs from its neighbours. */
const maxRelaxations = 400;

/**
 * The smallest and the largest singular value of A⁻¹·(A + ∇D) over the tile: what the mesh does to the tile beyond its
 * affine. The gradient of a bilinear cell is extreme at its corners. A value of 0 or below is a fold.
 */
export function meshStretches(mesh: DisplacementMesh, size: Size, pose: Affine2): readonly [number, number] {
  let [least, most] = [Infinity, 0];
  for (let j = 0; j + 1 < mesh.rows; j++)
    for (let i = 0; i + 1 < mesh.columns; i++) {
      const [low, high] = cellStretches(mesh, size, pose, i, j);
      least = Math.min(least, low);
      most = Math.max(most, high);
    }
  return [least, most];
}

function cellStretches(
  { columns, rows, dx, dy }: DisplacementMesh,
  size: Size,
  pose: Affine2,
  i: number,
  j: number,
): readonly [number, number] {
  const cellX = (size.width - 1) / (columns - 1);
  const cellY = (size.height - 1) / (rows - 1);
  const det = pose.a * pose.d - pose.b * pose.c;
  const at = j * columns + i;
  let [least, most] = [Infinity, 0];
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
  return [least, most];
}

/**
 * The mesh with the nodes of cells beyond the bounds drawn towards their neighbours until no cell is: the rest stays as
 * it is. Should that not suffice, the flat mesh.
 */
export function relaxMesh(mesh: DisplacementMesh, size: Size, pose: Affine2, bounds: StretchBounds): DisplacementMesh {
  const { columns, rows } = mesh;
  let relaxed = mesh;
  for (let round = 0; round < maxRelaxations; round++) {
    const isBeyond = new Uint8Array(columns * rows);
    let count = 0;
    for (let j = 0; j + 1 < rows; j++)
      for (let i = 0; i + 1 < columns; i++) {
        const [least, most] = cellStretches(relaxed, size, pose, i, j);
        if (least >= bounds.leastStretch && most <= bounds.mostStretch) continue;
        const at = j * columns + i;
        for (const node of [at, at + 1, at + columns, at + columns + 1]) isBeyond[node] = 1;
        count++;
      }
    if (count === 0) return relaxed;
    relaxed = {
      ...mesh,
      dx: drawnTogether(relaxed.dx, isBeyond, columns, rows),
      dy: drawnTogether(relaxed.dy, isBeyond, columns, rows),
    };
  }
  return { ...mesh, dx: new Float64Array(columns * rows), dy: new Float64Array(columns * rows) };
}

/** Marked nodes moved half-way to the mean of their neighbours. */
function drawnTogether(
  values: ArrayLike<number>,
  isMarked: Uint8Array,
  columns: number,
  rows: number,
): Float64Array<ArrayBuffer> {
  return Float64Array.from(values, (value, at) => {
    if (isMarked[at] === 0) return value;
    const [i, j] = [at % columns, Math.floor(at / columns)];
    let [sum, count] = [0, 0];
    const add = (isThere: boolean, node: number) => {
      if (!isThere) return;
      sum += values[node];
      count++;
    };
    add(i > 0, at - 1);
    add(i + 1 < columns, at + 1);
    add(j > 0, at - columns);
    add(j + 1 < rows, at + columns);
    return (value + sum / count) / 2;
  });
}
