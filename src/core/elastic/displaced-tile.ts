import { applyAffine, determinant, rotationOf } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { displaceInto } from '../geometry/displacement-mesh.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { Size } from '../geometry/rect.ts';
import type { ElasticSystem } from './elastic-system.ts';
import { affineUnknowns } from './tile-unknowns.ts';
import type { Lattice } from './tile-unknowns.ts';

/** The rigid motion that turns as the affine does and agrees with it at the tile's centre. */
export function rigidPart(pose: Affine2, { width, height }: Size): Affine2 {
  if (!(determinant(pose) > 0)) return pose;
  const angle = rotationOf(pose);
  const [a, b] = [Math.cos(angle), Math.sin(angle)];
  const [x, y] = [(width - 1) / 2, (height - 1) / 2];
  const centre = applyAffine(pose, x, y);
  return { a, b, c: -b, d: a, e: centre.x - (a * x - b * y), f: centre.y - (b * x + a * y) };
}

/** The reference with the affine unknowns added. */
export function movedPose(pose: Affine2, { width, height }: Size, z: readonly Float64Array[], o: number): Affine2 {
  const [halfX, halfY] = [(width - 1) / 2, (height - 1) / 2];
  const [x, y] = z;
  return {
    a: pose.a + x[o + 1] / halfX,
    b: pose.b + y[o + 1] / halfX,
    c: pose.c + x[o + 2] / halfY,
    d: pose.d + y[o + 2] / halfY,
    e: pose.e + x[o] - x[o + 1] - x[o + 2],
    f: pose.f + y[o] - y[o + 1] - y[o + 2],
  };
}

/** The inverse of `movedPose`: the affine unknowns that lead from the reference to the pose. */
export function setAffineUnknowns(
  pose: Affine2,
  reference: Affine2,
  { width, height }: Size,
  [x, y]: readonly Float64Array[],
  o: number,
): void {
  const [halfX, halfY] = [(width - 1) / 2, (height - 1) / 2];
  const [p, q] = [applyAffine(pose, halfX, halfY), applyAffine(reference, halfX, halfY)];
  x.set([p.x - q.x, (pose.a - reference.a) * halfX, (pose.c - reference.c) * halfY], o);
  y.set([p.y - q.y, (pose.b - reference.b) * halfX, (pose.d - reference.d) * halfY], o);
}

/** The sum of two meshes at the nodes of the first. */
export function meshSum(fine: DisplacementMesh, coarse: DisplacementMesh, size: Size): DisplacementMesh {
  const { columns, rows } = fine;
  const dx = Float32Array.from(fine.dx);
  const dy = Float32Array.from(fine.dy);
  const d = new Float64Array(2);
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) {
      const x = (i * (size.width - 1)) / (columns - 1);
      const y = (j * (size.height - 1)) / (rows - 1);
      displaceInto(coarse, size, x, y, d);
      dx[j * columns + i] += d[0];
      dy[j * columns + i] += d[1];
    }
  return { columns, rows, dx, dy };
}

/** The mesh that all tiles share, px; null where there is none. */
export function sharedDisplacement(
  { lattices, offsets, shared }: ElasticSystem,
  z: readonly Float64Array[],
): DisplacementMesh | null {
  if (shared === null) return null;
  const { columns, rows } = shared.lattice;
  const at = offsets[lattices.length];
  const [dx, dy] = z.map((values) => byRows(values, at, columns, rows));
  return { columns, rows, dx, dy };
}

/** Node values that start at `at` column by column, in the row-major order of a mesh. */
function byRows(values: Float64Array, at: number, columns: number, rows: number): Float64Array {
  return Float64Array.from(
    { length: columns * rows },
    (_, k) => values[at + (k % columns) * rows + Math.floor(k / columns)],
  );
}

/** The tile's own mesh and the shared one, together; neither has an affine part. */
export function displacementOf(
  { lattices, offsets, shared }: ElasticSystem,
  { columns, rows }: Lattice,
  z: readonly Float64Array[],
  tile: number,
): DisplacementMesh {
  const first = offsets[tile] + affineUnknowns;
  const sharedAt = offsets[lattices.length];
  const [dx, dy] = z.map((values) => {
    const nodes = byRows(values, first, columns, rows);
    if (shared === null) return nodes;
    const common = byRows(values, sharedAt, columns, rows);
    return nodes.map((value, k) => value + common[k]);
  });
  return { columns, rows, dx, dy };
}
