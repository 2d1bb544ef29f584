import { composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2, Point } from '../geometry/affine2.ts';
import { placeInMosaic, placeInTile } from '../geometry/displacement-mesh.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { Size } from '../geometry/rect.ts';
import { fitModel } from '../matching/moment-fit.ts';
import { sampleMoments } from '../matching/link-moments.ts';
import type { TransformModel } from '../matching/link.ts';

/** A tile whose true place is known: an affine, and displacements added to its result where the scan was bent. */
export interface TrueTileShape {
  readonly size: Size;
  readonly mosaicFromTile: Affine2;
  readonly mesh: DisplacementMesh | null;
}

/** What is true of two tiles, full-resolution px. */
export interface TruePair {
  /**
   * The motion of the model that is best over the true overlap, aFromB; of tiles without a mesh it is exact. Null when
   * the tiles share nothing.
   */
  readonly aFromB: Affine2 | null;
  /** Share of b's area that a shows too, 0…1. */
  readonly overlap: number;
  /** Where a point of b lies in a. */
  pointInA(x: number, y: number): Point;
}

/** Points a side of the lattice in b that the overlap is measured on. */
const latticeSide = 48;

/** The true relation of two tiles under a model (`affine` follows a mesh best). */
export function truePair(a: TrueTileShape, b: TrueTileShape, model: TransformModel): TruePair {
  const pointInA = pointMap(a, b);
  const shared: number[] = [];
  for (let j = 0; j < latticeSide; j++)
    for (let i = 0; i < latticeSide; i++) {
      const x = ((i + 0.5) / latticeSide) * b.size.width - 0.5;
      const y = ((j + 0.5) / latticeSide) * b.size.height - 0.5;
      const p = pointInA(x, y);
      const isInside = p.x >= -0.5 && p.y >= -0.5 && p.x <= a.size.width - 0.5 && p.y <= a.size.height - 0.5;
      if (isInside) shared.push(p.x, p.y, x, y);
    }
  const count = shared.length / 4;
  return { aFromB: count === 0 ? null : bestMotion(a, b, shared, model), overlap: count / latticeSide ** 2, pointInA };
}

function bestMotion(
  a: TrueTileShape,
  b: TrueTileShape,
  shared: readonly number[],
  model: TransformModel,
): Affine2 | null {
  if (!a.mesh && !b.mesh) return composeAffine(invertAffine(a.mosaicFromTile), b.mosaicFromTile);
  const points = (first: number) =>
    Float64Array.from({ length: shared.length / 2 }, (_, k) => shared[4 * (k >> 1) + first + (k & 1)]);
  const indices = Uint32Array.from({ length: shared.length / 4 }, (_, k) => k);
  return fitModel(model, sampleMoments({ a: points(0), b: points(2) }, indices));
}

function pointMap(a: TrueTileShape, b: TrueTileShape): (x: number, y: number) => Point {
  return (x, y) => {
    const inMosaic = placeInMosaic(b, x, y);
    return placeInTile(a, inMosaic.x, inMosaic.y);
  };
}
