import { describe, expect, it } from 'vitest';
import { applyAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import { fitModel } from './moment-fit.ts';
import { tileId } from '../tiles/tile.ts';
import type { TilePair } from '../tiles/tile.ts';
import { linkMoments } from './link-moments.ts';
import type { Correspondences } from './matcher.ts';
import { smallMotion } from './motion-model.ts';
import { seededRandom } from '../random.ts';
import {
  chanceOf,
  defaultPlausibility,
  fitRobustly,
  implausibility,
  independentCellPx,
  rejectPair,
  shiftLimitPx,
  verifyPair,
} from './verify.ts';

const sizes = { a: { width: 400, height: 300 }, b: { width: 400, height: 300 } };
const pair: TilePair = {
  a: tileId('a.tif'),
  b: tileId('b.tif'),
  aFromB: { x: 350, y: 0, thetaRad: 0 },
  sigmaPx: 8,
  expectedOverlap: { x: 350, y: 0, width: 50, height: 300 },
};
const options = { model: 'rigid', ransacPx: 3 } as const;

/** Matches of a motion of b, over `places` of b, with offsets of a of at most `noise`. */
function matchesOf(
  motion: Affine2,
  places: readonly (readonly [number, number])[],
  noise = 0,
  seed = 1,
): Correspondences {
  const random = seededRandom(seed);
  const a = places.flatMap(([x, y]) => {
    const p = applyAffine(motion, x, y);
    return [p.x + noise * (2 * random() - 1), p.y + noise * (2 * random() - 1)];
  });
  return {
    a: Float32Array.from(a),
    b: Float32Array.from(places.flat()),
    confidence: Float32Array.from(places, (_, k) => 0.5 + 0.4 * ((k % 5) / 4)),
  };
}

/** Places all over the overlap in b, 13 px or more apart. */
const places = Array.from({ length: 60 }, (_, k): [number, number] => [
  4 + 14 * (k % 3) + (k % 2),
  6 + 14.5 * Math.floor(k / 3),
]);

describe('what the stage allows', () => {
  it('is five sigma, 16 px at least', () => {
    expect(shiftLimitPx(pair)).toBe(40);
    expect(shiftLimitPx({ ...pair, sigmaPx: 2 })).toBe(16);
    expect(shiftLimitPx(pair, 3)).toBe(24);
    expect(defaultPlausibility).toEqual({
      shiftSigmas: 5,
      rotationRad: expect.closeTo(Math.PI / 18, 12) as number,
      stretch: [0.85, 1.15],
    });
  });

  const objection = (aFromB: Affine2, of: TilePair = pair) => implausibility(of, aFromB, sizes, defaultPlausibility);
  /** A motion about the middle of the overlap, which lies at (24.5, 149.5) of b. */
  const about = (dx: number, dy: number, rad = 0, scale = 1): Affine2 =>
    smallMotion('similarity', [350 + dx, dy, rad, Math.log(scale)], [24.5, 149.5]);

  it('is measured at the middle of the overlap', () => {
    expect(objection(about(23.9, -31.9))).toBeNull();
    expect(objection(about(24.1, 32.1))).toBe(
      'the overlap would lie 40 px from where the stage put it, where the limit is 40 px',
    );
    expect(objection(about(0, -61))).toBe(
      'the overlap would lie 61 px from where the stage put it, where the limit is 40 px',
    );
    // Turning and stretching about it does not shift it.
    expect(objection(about(39.9, 0, 0.17, 1.1))).toBeNull();
    expect(objection(about(0, 39.9, -0.17, 0.9))).toBeNull();
  });

  it('is ten degrees of turning and 15 % of stretching', () => {
    expect(objection(about(0, 0, 0.174))).toBeNull();
    expect(objection(about(0, 0, 0.175))).toBe('the tiles would be turned by 10.0°, where the limit is 10.0°');
    expect(objection(about(0, 0, -0.3))).toBe('the tiles would be turned by -17.2°, where the limit is 10.0°');
    expect(objection(about(0, 0, 0, 1.149))).toBeNull();
    expect(objection(about(0, 0, 0, 0.851))).toBeNull();
    expect(objection(about(0, 0, 0, 1.16))).toBe(
      'the tile would be stretched by 1.160 and 1.160, where 0.85 to 1.15 is allowed',
    );
    expect(objection(about(0, 0, 0, 0.84))).toBe(
      'the tile would be stretched by 0.840 and 0.840, where 0.85 to 1.15 is allowed',
    );
    expect(objection({ ...translation(350, 0), d: 0.8, f: 30 })).toBe(
      'the tile would be stretched by 0.800 and 1.000, where 0.85 to 1.15 is allowed',
    );
    expect(objection(translation(NaN, 0))).toBe('the fitted motion is not finite');
  });

  it('is counted from the turn that the layout has', () => {
    const turned: TilePair = { ...pair, aFromB: { x: 350, y: 0, thetaRad: Math.PI - 0.1 } };
    const nominal = affineFromPose(turned.aFromB);
    expect(objection(nominal, turned)).toBeNull();
    // 0.15 rad on, beyond half a turn, about the middle of the overlap: it lies 24.5, 149.5 from b's corner in a.
    const on = (rad: number, dx = 0): Affine2 => {
      const step = smallMotion('rigid', [dx, 0, rad], [374.5, 149.5]);
      const p = applyAffine(step, nominal.e, nominal.f);
      const theta = Math.PI - 0.1 + rad;
      return { a: Math.cos(theta), b: Math.sin(theta), c: -Math.sin(theta), d: Math.cos(theta), e: p.x, f: p.y };
    };
    expect(objection(on(0.15), turned)).toBeNull();
    expect(objection(on(0.15, 39.9), turned)).toBeNull();
    expect(objection(on(0.15, 40.1), turned)).toContain('40 px from where the stage put it');
    expect(objection(on(0.2), turned)).toBe('the tiles would be turned by 11.5°, where the limit is 10.0°');
  });

  it('is measured at the middle of b where the layout has no overlap', () => {
    const apart: TilePair = { ...pair, expectedOverlap: null };
    const turn = (dx: number) => smallMotion('rigid', [350 + dx, 0, 0.15], [199.5, 149.5]);
    expect(objection(turn(39.9), apart)).toBeNull();
    expect(objection(turn(-40.1), apart)).toContain('px from where the stage put it');
  });
});

describe('what chance does', () => {
  it('is a threshold disc over the area that a match may land in', () => {
    // Five sigma: a disc of 40 px, smaller than the overlap of 15,000 px.
    expect(chanceOf(pair, options)).toBeCloseTo(9 / 1600, 12);
    expect(chanceOf({ ...pair, sigmaPx: 80 }, options)).toBeCloseTo((Math.PI * 9) / 15_000, 12);
    expect(chanceOf({ ...pair, sigmaPx: 80, expectedOverlap: null }, options)).toBeCloseTo(9 / 160_000, 12);
    expect(chanceOf(pair, { ...options, chanceRadiusPx: 10 })).toBeCloseTo(0.09, 12);
    expect(chanceOf(pair, { ...options, chanceRadiusPx: 100 })).toBeCloseTo(9 / 1600, 12);
    expect(chanceOf(pair, { ...options, chanceRadiusPx: 2 })).toBe(1);
    expect(independentCellPx(options)).toBe(12);
  });
});

describe('the robust fit', () => {
  const truth = smallMotion('rigid', [352, 3, 0.02], [24.5, 149.5]);

  it.each(['translation', 'rigid', 'similarity', 'affine'] as const)(
    'is least squares with weights 1/√(1 + r²/s²), ten times renewed: %s',
    (model) => {
      const matches = matchesOf(truth, places, 2, 4);
      const mask = Uint8Array.from(places, (_, k) => (k % 7 === 3 ? 0 : 1));
      const given = Float32Array.from(places, (_, k) => 1 + (k % 3));
      const scales = Float32Array.from(places, (_, k) => 0.5 + (k % 4));
      for (const [scaleSquares, weights] of [
        [2.25, undefined],
        [scales, given],
      ] as const) {
        let current = Float64Array.from(places, (_, k) => weights?.[k] ?? 1);
        let fit = fitModel(model, linkMoments(matches, mask, current));
        for (let round = 0; round < 10; round++) {
          const motion = fit ?? translation(NaN, 0);
          current = Float64Array.from(places, (_, k) => {
            const p = applyAffine(motion, matches.b[2 * k], matches.b[2 * k + 1]);
            const square = (p.x - matches.a[2 * k]) ** 2 + (p.y - matches.a[2 * k + 1]) ** 2;
            const scale = typeof scaleSquares === 'number' ? scaleSquares : scaleSquares[k];
            return (weights?.[k] ?? 1) / Math.sqrt(1 + square / scale);
          });
          fit = fitModel(model, linkMoments(matches, mask, current));
        }
        const found = fitRobustly(matches, mask, model, scaleSquares, weights);
        expect(found?.moments.weight).toBeCloseTo(linkMoments(matches, mask, current).weight, 9);
        for (const entry of ['a', 'b', 'c', 'd', 'e', 'f'] as const)
          expect(found?.aFromB[entry]).toBeCloseTo(fit?.[entry] ?? NaN, 9);
      }
    },
  );

  it('is none where the matches determine no motion', () => {
    const one = matchesOf(truth, [places[0], places[0]]);
    expect(fitRobustly(one, Uint8Array.of(1, 1), 'rigid', 1, undefined)).toBeNull();
    expect(fitRobustly(one, Uint8Array.of(0, 0), 'translation', 1, undefined)).toBeNull();
  });
});

describe('the verdict on matches', () => {
  const truth = smallMotion('rigid', [352, 3, 0.02], [24.5, 149.5]);
  const rejectedDetail = (matches: Correspondences, more = {}) => {
    const result = verifyPair(pair, matches, sizes, { ...options, ...more }, 5);
    if (result.kind !== 'rejected') throw new Error('linked');
    expect(result.matchMs).toBe(5);
    expect(result.correspondences).toBe(matches);
    expect(result.pair).toBe(pair);
    return [result.reason, result.detail];
  };

  it('is a link with the numbers of its inliers', () => {
    const right = matchesOf(truth, places, 0.8, 2);
    const wrong = matchesOf(translation(330, -20), places.slice(0, 6), 30, 3);
    const join = (of: 'a' | 'b' | 'confidence') => Float32Array.from([...right[of], ...wrong[of]]);
    const matches = { a: join('a'), b: join('b'), confidence: join('confidence') };
    const link = verifyPair(pair, matches, sizes, options, 5);
    if (link.kind !== 'link') throw new Error(link.detail);
    expect([...link.inlierMask.subarray(0, 60)].every((inlier) => inlier === 1)).toBe(true);
    expect(link.inliers).toBe([...link.inlierMask].filter((inlier) => inlier === 1).length);
    const inliers = [...link.inlierMask].flatMap((inlier, k) => (inlier === 1 ? [k] : []));
    const mean = inliers.reduce((sum, k) => sum + matches.confidence[k], 0) / inliers.length;
    expect(link.confidence).toBeCloseTo(mean, 6);
    const squares = inliers.map((k) => {
      const p = applyAffine(link.aFromB, matches.b[2 * k], matches.b[2 * k + 1]);
      return (p.x - matches.a[2 * k]) ** 2 + (p.y - matches.a[2 * k + 1]) ** 2;
    });
    expect(link.rmsPx).toBeCloseTo(Math.sqrt(squares.reduce((sum, s) => sum + s, 0) / squares.length), 9);
    const fit = fitRobustly(matches, link.inlierMask, 'rigid', 2.25, undefined);
    expect(link.aFromB).toEqual(fit?.aFromB);
    expect(link.moments).toEqual(fit?.moments);
    expect(link).toMatchObject({ kind: 'link', model: 'rigid', matchMs: 5, intensities: null, pair });
  });

  it('weighs the matches of a link as it is told', () => {
    const matches = matchesOf(truth, places, 1.5, 2);
    const weights = Float32Array.from(places, (_, k) => (k < 30 ? 5 : 1));
    const link = verifyPair(pair, matches, sizes, { ...options, weights });
    if (link.kind !== 'link') throw new Error(link.detail);
    expect(link.moments).toEqual(fitRobustly(matches, link.inlierMask, 'rigid', 2.25, weights)?.moments);
  });

  it('takes an affine of twelve inliers, and a similarity of fewer', () => {
    const sparse = (count: number) => matchesOf(truth, places.filter((_, k) => k % 4 === 0).slice(0, count), 0.2, 5);
    const modelOf = (count: number) => {
      const result = verifyPair(pair, sparse(count), sizes, { ...options, model: 'affine' });
      return result.kind === 'link' ? [result.model, result.inliers] : [result.reason];
    };
    expect(modelOf(12)).toEqual(['affine', 12]);
    expect(modelOf(11)).toEqual(['similarity', 11]);
    expect(modelOf(8)).toEqual(['similarity', 8]);
  });

  it('says how many matches there are and how many are needed', () => {
    expect(rejectedDetail(matchesOf(truth, places.slice(0, 7)))).toEqual([
      'too-few-matches',
      '7 matches found; at least 8 are needed.',
    ]);
    expect(rejectedDetail(matchesOf(truth, places.slice(0, 1)))).toEqual([
      'too-few-matches',
      '1 match found; at least 8 are needed.',
    ]);
    expect(verifyPair(pair, matchesOf(truth, places.slice(0, 8)), sizes, options).kind).toBe('link');
    expect(rejectedDetail(matchesOf(truth, places.slice(0, 8)), { minInliers: 9 })[0]).toBe('too-few-matches');
    expect(verifyPair(pair, matchesOf(truth, places.slice(0, 5)), sizes, { ...options, minInliers: 5 }).kind).toBe(
      'link',
    );
    // Twelve that lie by threes on one another are four.
    const thrice = Array.from({ length: 12 }, (_, k): [number, number] => [
      4 + 40 * (k % 2),
      10 + 100 * (Math.floor(k / 2) % 2) + 0.5 * (k % 3),
    ]);
    expect(rejectedDetail(matchesOf(truth, thrice))).toEqual([
      'no-consensus',
      '4 of 4 distinct matches agree; so few matches in so small an area prove nothing.',
    ]);
    expect(rejectedDetail(matchesOf(truth, places.slice(0, 9)), { chanceRadiusPx: 3 })).toEqual([
      'no-consensus',
      '9 of 9 matches agree; so few matches in so small an area prove nothing.',
    ]);
  });

  it('says what the stage does not allow', () => {
    const far = matchesOf(translation(350, 90), places, 0.3);
    expect(rejectedDetail(far)).toEqual([
      'implausible',
      '60 of 60 matches agree, but the overlap would lie 90 px from where the stage put it, where the limit is 40 px.',
    ]);
    const same = places.slice(0, 9).map((): [number, number] => [20, 20]);
    expect(rejectedDetail(matchesOf(truth, same))).toEqual([
      'no-consensus',
      'No two of 9 matches agree with a motion that the stage allows.',
    ]);
  });

  it('does not believe a clump', () => {
    // 4 % of 300 px are 12 px; of tiles of 3,000 px 64 px are asked for.
    const clump = Array.from({ length: 49 }, (_, k): [number, number] => [
      5 + 6 * (k % 7),
      100 + 6 * Math.floor(k / 7),
    ]);
    const matches = matchesOf(truth, clump, 0.1);
    const fine = { ...options, ransacPx: 1.4 };
    expect(verifyPair(pair, matches, sizes, fine).kind).toBe('link');
    const large = { a: { width: 3000, height: 3000 }, b: { width: 3000, height: 2000 } };
    const result = verifyPair(pair, matches, large, fine);
    expect(result).toMatchObject({
      kind: 'rejected',
      reason: 'no-consensus',
      detail: 'All agreeing matches lie within 51 px of each other; 64 px are needed.',
    });
    const middling = { a: { width: 3000, height: 1400 }, b: { width: 3000, height: 3000 } };
    expect(verifyPair(pair, matches, middling, fine)).toMatchObject({
      detail: 'All agreeing matches lie within 51 px of each other; 56 px are needed.',
    });
  });

  it('carries the evidence of a rejection', () => {
    const matches = matchesOf(truth, places);
    expect(rejectPair(pair, 'no-texture', 'Blank.', { correspondences: matches, matchMs: 3 })).toEqual({
      kind: 'rejected',
      pair,
      reason: 'no-texture',
      detail: 'Blank.',
      correspondences: matches,
      matchMs: 3,
    });
  });
});
