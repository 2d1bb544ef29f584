import { describe, expect, it } from 'vitest';
import { composeAffine, translation } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import { tileId } from '../tiles/tile.ts';
import { cornerErrors, globalCornerErrors, neighbourCornerErrors } from './corner-errors.ts';

const size = { width: 101, height: 51 };
const pose = (x: number, y: number, thetaRad: number) => affineFromPose({ x, y, thetaRad });
const truth = [
  { id: tileId('a'), size, mosaicFromTile: pose(3, 4, 0.01) },
  { id: tileId('b'), size, mosaicFromTile: pose(90, 2, -0.02) },
  { id: tileId('c'), size, mosaicFromTile: pose(5, 45, 0.03) },
];

describe('corner errors', () => {
  it('are the distances of the four corners', () => {
    expect(cornerErrors(translation(3, 4), translation(0, 0), size)).toEqual({ mean: 5, max: 5 });
    const half = cornerErrors(pose(0, 0, 0.001), translation(0, 0), size);
    expect(half.max).toBeCloseTo(0.001 * Math.hypot(100, 50), 6);
  });

  it('vanish for a mosaic that is moved and turned as a whole', () => {
    const moved = new Map(truth.map((tile) => [tile.id, composeAffine(pose(500, -300, 1.1), tile.mosaicFromTile)]));
    for (const error of globalCornerErrors(moved, truth).values()) expect(error.max).toBeLessThan(1e-9);
    expect(neighbourCornerErrors(moved, truth[0], truth[1]).max).toBeLessThan(1e-9);
  });

  it('are infinite for a tile without an estimate', () => {
    const one = new Map([[truth[0].id, truth[0].mosaicFromTile]]);
    expect(globalCornerErrors(one, truth).get(truth[1].id)?.mean).toBe(Infinity);
    expect(neighbourCornerErrors(one, truth[0], truth[1]).max).toBe(Infinity);
  });
});
