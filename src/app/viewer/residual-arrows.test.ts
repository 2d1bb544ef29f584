import { describe, expect, it } from 'vitest';
import { translation } from '../../core/geometry/affine2.ts';
import type { Link } from '../../core/matching/link.ts';
import { tileId } from '../../core/tiles/tile.ts';
import type { ViewerPlacement } from './link-graph.ts';
import { residualArrows } from './residual-arrows.ts';

const placed = (name: string, x: number, y: number): ViewerPlacement => ({
  tile: tileId(name),
  size: { width: 100, height: 100 },
  mosaicFromTile: translation(x, y),
  state: 'solved',
});

const pair = {
  a: tileId('a'),
  b: tileId('b'),
  aFromB: { x: 80, y: 0, thetaRad: 0 },
  sigmaPx: 1,
  expectedOverlap: null,
};

/** b lies at (80, 0) by the matches; the third match is an outlier. */
const link: Link = {
  kind: 'link',
  pair,
  model: 'rigid',
  correspondences: {
    a: Float32Array.of(90, 10, 90, 90, 85, 50),
    b: Float32Array.of(10, 10, 10, 90, 50, 5),
    confidence: Float32Array.of(1, 1, 1),
  },
  matchMs: 1,
  aFromB: translation(80, 0),
  inlierMask: Uint8Array.of(1, 1, 0),
  inliers: 2,
  confidence: 1,
  rmsPx: 0,
  moments: { weight: 1, meanA: [0, 0], meanB: [0, 0], aa: [1, 0, 1], bb: [1, 0, 1], ab: [1, 0, 0, 1] },
  intensities: null,
};

describe('residualArrows', () => {
  it('point from the place in a to that in b, inliers only', () => {
    const arrows = residualArrows([placed('a', 0, 0), placed('b', 83, -1)], [link]);
    expect([...arrows]).toEqual([90, 10, 3, -1, 90, 90, 3, -1]);
  });

  it('follow a mesh', () => {
    const mesh = { columns: 2, rows: 2, dx: Float64Array.of(2, 2, 2, 2), dy: Float64Array.of(0, 0, 0, 0) };
    const arrows = residualArrows([{ ...placed('a', 0, 0), mesh }, placed('b', 80, 0)], [link]);
    expect([...arrows]).toEqual([92, 10, -2, 0, 92, 90, -2, 0]);
  });

  it('leave out pairs of which one tile has no place', () => {
    expect(residualArrows([placed('a', 0, 0)], [link])).toHaveLength(0);
  });
});
