import { describe, expect, it } from 'vitest';
import { applyAffine, translation } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import type { Tile } from '../tiles/tile.ts';
import { masksOfPair } from './pair-masks.ts';
import { pairInMosaic, rigidPoseOf } from './propose-link.ts';
import { rectanglePolygon } from '../geometry/polygon.ts';
import { plainTile } from '../testing/plain-tile.ts';

const size = { width: 100, height: 80 };
const tile = (file: string): Tile => plainTile(file, size);
const [a, b] = [tile('a.tif'), tile('b.tif')];

describe('pairInMosaic', () => {
  it('orders the tiles by name and says where the mosaic has them', () => {
    const poses = new Map([
      [a.id, translation(10, 5)],
      [b.id, translation(85, 7)],
    ]);
    const pair = pairInMosaic(b, a, poses);
    expect(pair).toMatchObject({ a: a.id, b: b.id, aFromB: { x: 75, y: 2, thetaRad: 0 }, sigmaPx: 2 });
    expect(pair.expectedOverlap).toEqual({ x: 75, y: 2, width: 25, height: 78 });
  });

  it('refuses two tiles that do not overlap, and one without a place', () => {
    const apart = new Map([
      [a.id, translation(0, 0)],
      [b.id, translation(300, 0)],
    ]);
    expect(() => pairInMosaic(a, b, apart)).toThrow(/do not overlap/);
    expect(() => pairInMosaic(a, b, new Map([[a.id, translation(0, 0)]]))).toThrow(/b\.tif has no place/);
  });

  it('keeps the centre and the rotation of a stretched pose', () => {
    const bent = { a: 1.02, b: 0.1, c: -0.12, d: 0.99, e: 7, f: -3 };
    const rigid = affineFromPose(rigidPoseOf(bent, size));
    const [p, q] = [applyAffine(bent, 49.5, 39.5), applyAffine(rigid, 49.5, 39.5)];
    expect(Math.hypot(p.x - q.x, p.y - q.y)).toBeLessThan(1e-9);
    expect(Math.hypot(rigid.a, rigid.b)).toBeCloseTo(1, 12);
  });
});

describe('masksOfPair', () => {
  const pair = {
    a: a.id,
    b: b.id,
    aFromB: { x: 80, y: 0, thetaRad: 0 },
    sigmaPx: 2,
    expectedOverlap: { x: 80, y: 0, width: 20, height: 80 },
  };
  const at = (x: number) => new Map([[a.id, [rectanglePolygon({ x, y: 10 }, { x: x + 8, y: 20 })]]]);
  it('is null for masks away from the overlap: the pair need not be matched again', () => {
    expect(masksOfPair(pair, at(10), () => size, 0.5)).toBeNull();
    expect(masksOfPair(pair, at(85), () => size, 0.5)?.get(a.id)).toHaveLength(1);
  });
});

describe('the rigid motion of a pose', () => {
  it('turns about the centre of a tile that is not square', () => {
    // A quarter turn about (49.5, 39.5) and 5 px to the right: (0, 0) goes to (49.5 + 39.5 + 5, 39.5 − 49.5).
    const quarter = { a: 0, b: 1, c: -1, d: 0, e: 94, f: -10 };
    const pose = rigidPoseOf(quarter, size);
    expect(pose.x).toBeCloseTo(94, 9);
    expect(pose.y).toBeCloseTo(-10, 9);
    expect(pose.thetaRad).toBeCloseTo(Math.PI / 2, 12);
    const stretched = rigidPoseOf({ a: 0, b: 2, c: -2, d: 0, e: 100, f: -30 }, size);
    // The centre goes to (100 − 79, −30 + 99) = (21, 69), from where half the tile is turned.
    expect(stretched.x).toBeCloseTo(21 + 39.5, 9);
    expect(stretched.y).toBeCloseTo(69 - 49.5, 9);
  });
});

describe('a pair that cannot be proposed', () => {
  const place = new Map([[b.id, translation(0, 0)]]);

  it('names the tile that has no place, and both that do not meet', () => {
    expect(() => pairInMosaic(b, a, place)).toThrow('a.tif has no place in the mosaic: pin it first.');
    expect(() => pairInMosaic(a, b, new Map([[a.id, translation(0, 0)]]))).toThrow(
      'b.tif has no place in the mosaic: pin it first.',
    );
    const apart = new Map([...place, [a.id, translation(0, 500)] as const]);
    expect(() => pairInMosaic(a, b, apart)).toThrow('a.tif and b.tif do not overlap where they are now: move one');
    for (const poses of [place, apart])
      try {
        pairInMosaic(a, b, poses);
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad-options', detail: { pair: [a.id, b.id] } });
      }
  });

  it('is looked for within a fortieth of the shortest side of either', () => {
    const poses = new Map([...place, [a.id, translation(10, 10)] as const]);
    const sided = (one: Tile, width: number, height: number): Tile => ({ ...one, size: { width, height } });
    expect(pairInMosaic(sided(a, 400, 120), sided(b, 200, 300), poses).sigmaPx).toBe(3);
    expect(pairInMosaic(sided(a, 400, 320), sided(b, 160, 300), poses).sigmaPx).toBe(4);
  });
});
