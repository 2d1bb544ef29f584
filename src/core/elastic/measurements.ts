import { applyAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { placeInMosaic } from '../geometry/displacement-mesh.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { Size } from '../geometry/rect.ts';

/**
 * Corresponding points of all overlaps, flat: those of overlap l are starts[l] … starts[l + 1] − 1. Points are pixel
 * centres of the tiles, full-resolution px; `weight` is one over the variance of the distance along an axis, px⁻².
 */
export interface Measurements {
  /** [overlaps] indices of the two tiles. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly starts: Int32Array;
  /** [2N] x, y in a and in b. */
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly weight: Float32Array;
}

/** [2N] m_a(p) − m_b(q) under affine poses, mosaic px. */
export function misfitsUnder({ from, to, starts, a, b }: Measurements, poses: readonly Affine2[]): Float64Array {
  const misfits = new Float64Array(a.length);
  for (let l = 0; l < from.length; l++)
    for (let k = starts[l]; k < starts[l + 1]; k++) {
      const p = applyAffine(poses[from[l]], a[2 * k], a[2 * k + 1]);
      const q = applyAffine(poses[to[l]], b[2 * k], b[2 * k + 1]);
      misfits[2 * k] = p.x - q.x;
      misfits[2 * k + 1] = p.y - q.y;
    }
  return misfits;
}

/** [N] distance of the two places of each measurement in the mosaic, px. */
export function misfitsOf(
  { from, to, starts, a, b }: Measurements,
  tiles: readonly { readonly size: Size }[],
  poses: readonly Affine2[],
  meshes: readonly DisplacementMesh[] | null,
): Float64Array {
  const misfits = new Float64Array(starts[from.length]);
  const bent = tiles.map(({ size }, i) => ({ size, mosaicFromTile: poses[i], mesh: meshes?.[i] }));
  for (let l = 0; l < from.length; l++)
    for (let k = starts[l]; k < starts[l + 1]; k++) {
      const p = placeInMosaic(bent[from[l]], a[2 * k], a[2 * k + 1]);
      const q = placeInMosaic(bent[to[l]], b[2 * k], b[2 * k + 1]);
      misfits[k] = Math.hypot(p.x - q.x, p.y - q.y);
    }
  return misfits;
}
