import { StitchError } from '../errors.ts';
import { applyAffine, composeAffine, invertAffine, rotationOf } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Pose2 } from '../geometry/pose2.ts';
import { intersectRects } from '../geometry/rect.ts';
import { boundsUnder } from '../tiles/pairing.ts';
import type { Tile, TileId, TilePair } from '../tiles/tile.ts';

/** How far a pair is looked for round where the mosaic has it, as a fraction of the tile's side: a stage's error. */
const searchFraction = 0.025;

/** The rigid motion with the rotation of `t` that takes the centre of a tile to where `t` takes it. */
export function rigidPoseOf(t: Affine2, { width, height }: { readonly width: number; readonly height: number }): Pose2 {
  const [x, y] = [(width - 1) / 2, (height - 1) / 2];
  const centre = applyAffine(t, x, y);
  const thetaRad = rotationOf(t);
  const [cos, sin] = [Math.cos(thetaRad), Math.sin(thetaRad)];
  return { x: centre.x - cos * x + sin * y, y: centre.y - sin * x - cos * y, thetaRad };
}

/**
 * The pair of two placed tiles as the mosaic has them, a < b, to be matched like a proposed one.
 * @throws StitchError `bad-options` when a tile has no place or the two do not overlap there.
 */
export function pairInMosaic(first: Tile, second: Tile, mosaicFromTile: ReadonlyMap<TileId, Affine2>): TilePair {
  const [a, b] = first.id < second.id ? [first, second] : [second, first];
  const [poseA, poseB] = [mosaicFromTile.get(a.id), mosaicFromTile.get(b.id)];
  const about = { pair: [a.id, b.id] } as const;
  if (!poseA || !poseB)
    throw new StitchError('bad-options', `${poseA ? b.file : a.file} has no place in the mosaic: pin it first.`, about);
  const aFromB = rigidPoseOf(composeAffine(invertAffine(poseA), poseB), b.size);
  const expectedOverlap = intersectRects({ x: 0, y: 0, ...a.size }, boundsUnder(aFromB, b.size));
  if (expectedOverlap === null)
    throw new StitchError(
      'bad-options',
      `${a.file} and ${b.file} do not overlap where they are now: move one of them until they do.`,
      about,
    );
  const sigmaPx = searchFraction * Math.min(a.size.width, a.size.height, b.size.width, b.size.height);
  return { a: a.id, b: b.id, aFromB, sigmaPx, expectedOverlap };
}
