import { describe, expect, it } from 'vitest';
import { composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import type { Link, PairResult } from '../matching/link.ts';
import { noCorrespondences } from '../matching/matcher.ts';
import { tileGridOf, tilesOf } from '../synthesis/synthetic-grid.ts';
import { plainReport } from '../testing/plain-report.ts';
import { proposePairs } from '../tiles/pairing.ts';
import type { TileId, TilePair } from '../tiles/tile.ts';
import { apartPairs, deviceTestGrid, deviceTestPlan, isGridRight, judgeDeviceTest } from './device-test.ts';

const plan = deviceTestPlan();
const proposed = proposePairs(tileGridOf(plan), tilesOf(plan));
const [first, ...rest] = plan.tiles;
const moved = (by: number, motion: Affine2): Affine2 => ({ ...motion, e: motion.e + by });

function poseOf(id: TileId): Affine2 {
  const tile = plan.tiles.find((one) => one.id === id);
  if (!tile) throw new RangeError(`no tile ${id}`);
  return tile.mosaicFromTile;
}

/** A link that says the truth, but for a shift along x. */
function linkOf(pair: TilePair, offPx = 0): Link {
  const moments = { weight: 1, meanA: [0, 0], meanB: [0, 0], aa: [1, 0, 1], bb: [1, 0, 1], ab: [1, 0, 0, 1] } as const;
  const aFromB = moved(offPx, composeAffine(invertAffine(poseOf(pair.a)), poseOf(pair.b)));
  const numbers = { matchMs: 1, inliers: 9, confidence: 1, rmsPx: 0, moments, intensities: null } as const;
  const found = { correspondences: noCorrespondences, inlierMask: new Uint8Array(0) };
  return { kind: 'link', model: 'affine', pair, aFromB, ...found, ...numbers };
}

function rejectedOf(pair: TilePair): PairResult {
  const why = { reason: 'no-consensus', detail: 'nothing in common' } as const;
  return { kind: 'rejected', pair, correspondences: noCorrespondences, matchMs: 1, ...why };
}

const truth = new Map(plan.tiles.map(({ id, mosaicFromTile }) => [id, mosaicFromTile]));
const right = {
  pairs: proposed.map((pair) => linkOf(pair)),
  report: plainReport(truth),
  apart: apartPairs(plan).map(rejectedOf),
  matchMs: 300,
  elapsedMs: 5000,
};

describe('the test of a device', () => {
  it('is a grid of nine turned and shifted tiles with twelve pairs, and four pairs that share nothing', () => {
    expect([plan.tiles.length, proposed.length]).toEqual([9, 12]);
    const apart = apartPairs(plan);
    expect(apart).toHaveLength(4);
    const { width } = deviceTestGrid.tileSize;
    for (const { a, b, expectedOverlap } of apart) {
      expect(expectedOverlap).not.toBeNull();
      const [p, q] = [poseOf(a), poseOf(b)];
      // 389 px of tissue lie between them, less than 2 · 8 px of stage error and the turns
      expect(Math.max(Math.abs(p.e - q.e), Math.abs(p.f - q.f)) - width).toBeGreaterThan(300);
    }
  });

  it('is passed by the true poses, however the whole is turned and shifted', () => {
    const whole = affineFromPose({ x: 100.3, y: -40.7, thetaRad: 0.3 });
    const turned = new Map([...truth].map(([id, pose]) => [id, composeAffine(whole, pose)]));
    const test = judgeDeviceTest(plan, { ...right, report: plainReport(turned) });
    expect(test).toMatchObject({ tiles: 9, tileSide: 512, solvedTiles: 9, pairs: 12, apartPairs: 4 });
    expect(test).toMatchObject({ rightLinks: 12, falseLinks: 0, matchMs: 300, elapsedMs: 5000 });
    expect(test.worstPx).toBeLessThan(1e-9);
    expect(isGridRight(test)).toBe(true);
  });

  it('tells the tile that is off by its worst corner, and the middle tile by the mean of its corners', () => {
    const off = new Map(truth).set(first.id, moved(0.9, first.mosaicFromTile));
    const test = judgeDeviceTest(plan, { ...right, report: plainReport(off) });
    // the best motion of the whole takes up a ninth of the shift, and some by turning about the middle
    expect(test.worstPx).toBeGreaterThan(0.6);
    expect(test.worstPx).toBeLessThan(0.9);
    expect(test.medianPx).toBeGreaterThan(0.05);
    expect(test.medianPx).toBeLessThan(0.2);
    expect(isGridRight(test)).toBe(true);
    const far = new Map(truth).set(first.id, moved(2, first.mosaicFromTile));
    expect(isGridRight(judgeDeviceTest(plan, { ...right, report: plainReport(far) }))).toBe(false);
  });

  it('counts links: within 3 px right, beyond 5 px false, between tiles that share nothing false', () => {
    const [p, q, r, s, ...others] = proposed;
    const pairs = [linkOf(p, 2.9), linkOf(q, 4), linkOf(r, 5.1), rejectedOf(s), ...others.map((pair) => linkOf(pair))];
    const [one, ...none] = apartPairs(plan);
    const test = judgeDeviceTest(plan, { ...right, pairs, apart: [linkOf(one), ...none.map(rejectedOf)] });
    expect(test).toMatchObject({ pairs: 12, rightLinks: 9, falseLinks: 2, apartPairs: 4 });
    expect(isGridRight(test)).toBe(false);
  });

  it('takes a motion that is not a number for a false link, never for a right one', () => {
    const [p, ...others] = proposed;
    const pairs = [linkOf(p, NaN), ...others.map((pair) => linkOf(pair))];
    expect(judgeDeviceTest(plan, { ...right, pairs })).toMatchObject({ rightLinks: 11, falseLinks: 1 });
  });

  it('has an infinite error where a tile has no pose', () => {
    const without = new Map(rest.map(({ id, mosaicFromTile }) => [id, mosaicFromTile]));
    const test = judgeDeviceTest(plan, { ...right, report: plainReport(without) });
    expect(test).toMatchObject({ worstPx: Infinity, solvedTiles: 8 });
    expect(isGridRight(test)).toBe(false);
  });
});
