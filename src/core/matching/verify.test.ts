import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyAffine, invertAffine, rotationOf } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import { tileId } from '../tiles/tile.ts';
import type { TilePair } from '../tiles/tile.ts';
import type { PairResult } from './link.ts';
import type { Correspondences } from './matcher.ts';
import { seededRandom } from '../random.ts';
import { findConsensus } from './ransac.ts';
import { growSmoothConsensus } from './smooth-consensus.ts';
import { verifyPair } from './verify.ts';

const size = { width: 2048, height: 1768 };
const sizes = { a: size, b: size };
const options = { model: 'rigid', ransacPx: 3 } as const;
const pair: TilePair = {
  a: tileId('a.tif'),
  b: tileId('b.tif'),
  aFromB: { x: 1843, y: 0, thetaRad: 0 },
  sigmaPx: 48,
  expectedOverlap: { x: 1843, y: 0, width: 205, height: 1768 },
};

interface Recipe {
  readonly aFromB: Affine2;
  readonly right: number;
  readonly wrong: number;
  readonly noisePx?: number;
  readonly seed?: number;
  /** px by which b is bent at x, y of b, added in a. */
  readonly bend?: (x: number, y: number) => number;
}

/** Right matches first, then wrong ones anywhere in the strips. */
function matchesOf({ aFromB, right, wrong, noisePx = 0.5, seed = 1, bend = () => 0 }: Recipe): Correspondences {
  const random = seededRandom(seed);
  const count = right + wrong;
  const a = new Float32Array(2 * count);
  const b = new Float32Array(2 * count);
  const confidence = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    b[2 * i] = random() * 200;
    b[2 * i + 1] = 30 + random() * 1700;
    const p = applyAffine(aFromB, b[2 * i], b[2 * i + 1]);
    const noise = () => noisePx * (random() + random() + random() + random() - 2) * Math.sqrt(3);
    const wrongPlace = [1843 + random() * 205, random() * 1768];
    const [x, y] = i < right ? [p.x + bend(b[2 * i], b[2 * i + 1]) + noise(), p.y + noise()] : wrongPlace;
    a.set([x, y], 2 * i);
    confidence[i] = 0.3 + 0.7 * random();
  }
  return { a, b, confidence };
}

function expectLink(result: PairResult) {
  if (result.kind !== 'link') throw new Error(`rejected: ${result.reason}: ${result.detail}`);
  return result;
}

function expectRejection(result: PairResult) {
  if (result.kind !== 'rejected') throw new Error('accepted');
  return result;
}

const turned = affineFromPose({ x: 1850, y: 12, thetaRad: 0.02 });

describe('findConsensus', () => {
  it('finds every model among 60 % wrong matches, within the noise', () => {
    for (const model of ['translation', 'rigid', 'similarity', 'affine'] as const) {
      const truth = model === 'translation' ? affineFromPose({ x: 1850, y: 12, thetaRad: 0 }) : turned;
      const consensus = findConsensus(matchesOf({ aFromB: truth, right: 80, wrong: 120 }), {
        model,
        thresholdPx: 3,
        seed: 5,
      });
      expect(consensus?.inliers).toBeGreaterThanOrEqual(78);
      expect(consensus?.inliers).toBeLessThanOrEqual(83);
      // 0.5 px of noise over 80 matches spread over 200 px across the strip
      expect(Math.abs((consensus?.aFromB.b ?? NaN) - truth.b)).toBeLessThan(0.003);
    }
  });

  it('gives the same answer for the same seed, and the same inliers for another', () => {
    const matches = matchesOf({ aFromB: turned, right: 40, wrong: 60 });
    const run = (seed: number) => findConsensus(matches, { model: 'similarity', thresholdPx: 3, seed });
    expect(run(3)).toEqual(run(3));
    expect(run(4)?.inlierMask).toEqual(run(3)?.inlierMask);
  });

  it('is not led astray by a confidence that prefers the wrong matches', () => {
    const matches = matchesOf({ aFromB: turned, right: 40, wrong: 40 });
    const confidence = matches.confidence.map((value, i) => (i < 40 ? value / 2 : 1));
    const consensus = findConsensus({ ...matches, confidence }, { model: 'rigid', thresholdPx: 3, seed: 1 });
    expect(consensus?.inliers).toBeGreaterThanOrEqual(39);
  });
});

describe('growSmoothConsensus', () => {
  it('keeps the right matches of a strip stretched near its line start, and drops the wrong ones', () => {
    // 25 px of cubic stretch over 200 px: a 3-px similarity holds a part of it only
    const bend = (x: number) => 25 * (1 - x / 200) ** 3;
    const matches = matchesOf({ aFromB: turned, right: 300, wrong: 150, bend });
    const consensus = findConsensus(matches, { model: 'similarity', thresholdPx: 3, seed: 1 });
    if (consensus === null) throw new Error('no consensus');
    expect(consensus.inliers).toBeLessThan(250);
    const mask = growSmoothConsensus(matches, consensus, 3);
    expect(mask.subarray(0, 300).reduce((sum, inlier) => sum + inlier, 0)).toBeGreaterThanOrEqual(294);
    expect(mask.subarray(300).reduce((sum, inlier) => sum + inlier, 0)).toBeLessThanOrEqual(3);
  });
});

describe('verifyPair', () => {
  it('links a clean pair and reports inliers, residual and moments of the same matches', () => {
    const link = expectLink(verifyPair(pair, matchesOf({ aFromB: turned, right: 120, wrong: 60 }), sizes, options, 12));
    expect(link.model).toBe('rigid');
    expect(link.inliers).toBeGreaterThanOrEqual(118);
    expect(link.inlierMask.reduce((sum, inlier) => sum + inlier, 0)).toBe(link.inliers);
    // soft-L1 weights: 0.7 px of residual against a scale of 1.5 px weighs 0.9
    expect(link.moments.weight).toBeLessThanOrEqual(link.inliers);
    expect(link.moments.weight).toBeGreaterThan(0.85 * link.inliers);
    expect(rotationOf(link.aFromB)).toBeCloseTo(0.02, 3);
    // noise of 0.5 px per axis
    expect(link.rmsPx).toBeCloseTo(0.5 * Math.SQRT2, 1);
    expect(link.matchMs).toBe(12);
  });

  it('links every model, and falls back to a similarity where an affine rests on too few', () => {
    for (const model of ['translation', 'rigid', 'similarity', 'affine'] as const)
      expect(
        expectLink(verifyPair(pair, matchesOf({ aFromB: turned, right: 60, wrong: 20 }), sizes, { ...options, model }))
          .model,
      ).toBe(model);
    const few = verifyPair(pair, matchesOf({ aFromB: turned, right: 10, wrong: 4 }), sizes, {
      ...options,
      model: 'affine',
    });
    expect(expectLink(few).model).toBe('similarity');
  });

  it('links 14 of 26 and a strip stretched by 6 %', () => {
    expectLink(verifyPair(pair, matchesOf({ aFromB: turned, right: 14, wrong: 12 }), sizes, options));
    const stretched = { ...turned, a: 1.06 };
    expectLink(verifyPair(pair, matchesOf({ aFromB: stretched, right: 40, wrong: 30 }), sizes, options));
  });

  it('never links chance matches, whatever their number', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 600 }), (seed, wrong) => {
        const result = verifyPair(pair, matchesOf({ aFromB: turned, right: 0, wrong, seed }), sizes, options);
        expect(result.kind).toBe('rejected');
      }),
      { numRuns: 30 },
    );
  });

  it('says how many matches agree and how many are needed', () => {
    const rejected = expectRejection(
      verifyPair(pair, matchesOf({ aFromB: turned, right: 5, wrong: 26 }), sizes, options),
    );
    expect(rejected.reason).toBe('no-consensus');
    expect(rejected.detail).toMatch(/^\d+ of \d+ (distinct )?matches agree; \d+ are needed\.$/);
    const none = expectRejection(verifyPair(pair, matchesOf({ aFromB: turned, right: 3, wrong: 0 }), sizes, options));
    expect(none.reason).toBe('too-few-matches');
    expect(none.detail).toBe('3 matches found; at least 8 are needed.');
  });

  it('rejects what the stage does not allow, and names the limit', () => {
    const cases: readonly [Affine2, RegExp][] = [
      [affineFromPose({ x: 1843, y: 400, thetaRad: 0 }), /400 px from where the stage put it.*240 px/],
      [affineFromPose({ x: 1843, y: 0, thetaRad: 0.3 }), /turned by 17\.2°.*10\.0°/],
      [{ a: 1.3, b: 0, c: 0, d: 1.3, e: 1840, f: -260 }, /stretched by 1\.30/],
    ];
    for (const [aFromB, sentence] of cases) {
      const rejected = expectRejection(verifyPair(pair, matchesOf({ aFromB, right: 60, wrong: 10 }), sizes, options));
      expect(rejected.reason).toBe('implausible');
      expect(rejected.detail).toMatch(sentence);
    }
  });

  it('rejects a clump and duplicates of one feature', () => {
    const matches = matchesOf({ aFromB: turned, right: 30, wrong: 0 });
    const clumped = matches.b.map((value, i) => (i % 2 === 0 ? 100 : 800) + (value % 25));
    const a = Float32Array.from(clumped, (_, i) => {
      const p = applyAffine(turned, clumped[i - (i % 2)], clumped[i - (i % 2) + 1]);
      return i % 2 === 0 ? p.x : p.y;
    });
    expect(verifyPair(pair, { ...matches, a, b: clumped }, sizes, options).kind).toBe('rejected');
  });

  it('finds the same motion with a and b exchanged', () => {
    const matches = matchesOf({ aFromB: turned, right: 100, wrong: 50 });
    const forward = expectLink(verifyPair(pair, matches, sizes, options)).aFromB;
    const flipped: TilePair = {
      ...pair,
      aFromB: { x: -1843, y: 0, thetaRad: 0 },
      expectedOverlap: { x: 0, y: 0, width: 205, height: 1768 },
    };
    const exchanged = { ...matches, a: matches.b, b: matches.a };
    const backward = invertAffine(expectLink(verifyPair(flipped, exchanged, sizes, options)).aFromB);
    const p = applyAffine(forward, 100, 900);
    const q = applyAffine(backward, 100, 900);
    // the two fits differ by matches at the threshold only
    expect(Math.hypot(p.x - q.x, p.y - q.y)).toBeLessThan(0.1);
  });
});
