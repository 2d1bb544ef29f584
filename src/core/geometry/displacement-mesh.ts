import { applyAffine, invertAffine } from './affine2.ts';
import type { Affine2, Point } from './affine2.ts';
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

/** A tile and its place in the mosaic: an affine, and displacements added to its result where the tile is bent. */
export interface BentTile {
  readonly size: Size;
  readonly mosaicFromTile: Affine2;
  readonly mesh?: DisplacementMesh | null | undefined;
}

/** Rounds of the fixed point that undoes a mesh; its gradient is a few percent, so each gains more than a digit. */
const inverseRounds = 12;

/** The place in the mosaic of the tile's point (x, y). */
export function placeInMosaic({ size, mosaicFromTile, mesh }: BentTile, x: number, y: number): Point {
  const p = applyAffine(mosaicFromTile, x, y);
  if (!mesh) return p;
  const bend = displacementAt(mesh, size, x, y);
  return { x: p.x + bend.x, y: p.y + bend.y };
}

/** The point of the tile that lies at (x, y) in the mosaic, for tiles bent by a few percent at most. */
export function placeInTile({ size, mosaicFromTile, mesh }: BentTile, x: number, y: number): Point {
  const tileFromMosaic = invertAffine(mosaicFromTile);
  let p = applyAffine(tileFromMosaic, x, y);
  if (!mesh) return p;
  for (let round = 0; round < inverseRounds; round++) {
    const bend = displacementAt(mesh, size, p.x, p.y);
    p = applyAffine(tileFromMosaic, x - bend.x, y - bend.y);
  }
  return p;
}

/** The displacement at the tile point (x, y), mosaic px; beyond the border that of the border. */
export function displacementAt(mesh: DisplacementMesh, size: Size, x: number, y: number): Point {
  const out = new Float64Array(2);
  displaceInto(mesh, size, x, y, out);
  return { x: out[0], y: out[1] };
}

/** `displacementAt` into out[0] and out[1], for inner loops. */
export function displaceInto(
  { columns, rows, dx, dy }: DisplacementMesh,
  { width, height }: Size,
  x: number,
  y: number,
  out: Float64Array,
): void {
  const u = Math.min(Math.max((x * (columns - 1)) / (width - 1), 0), columns - 1);
  const v = Math.min(Math.max((y * (rows - 1)) / (height - 1), 0), rows - 1);
  const i = Math.min(Math.floor(u), columns - 2);
  const j = Math.min(Math.floor(v), rows - 2);
  const fx = u - i;
  const fy = v - j;
  const at = j * columns + i;
  const below = at + columns;
  const upperX = dx[at] + fx * (dx[at + 1] - dx[at]);
  const upperY = dy[at] + fx * (dy[at + 1] - dy[at]);
  out[0] = upperX + fy * (dx[below] + fx * (dx[below + 1] - dx[below]) - upperX);
  out[1] = upperY + fy * (dy[below] + fx * (dy[below + 1] - dy[below]) - upperY);
}
