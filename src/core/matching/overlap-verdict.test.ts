import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { spotTexture } from '../testing/analytic-texture.ts';
import { stripViews } from '../testing/strip-views.ts';
import { tileId } from '../tiles/tile.ts';
import type { TilePair } from '../tiles/tile.ts';
import { findOverlap } from './find-overlap.ts';
import type { WeighedPair } from './find-overlap.ts';
import type { Link, PairResult, RejectedPair } from './link.ts';
import { linkMoments } from './link-moments.ts';
import { noCorrespondences } from './matcher.ts';
import type { Correspondences } from './matcher.ts';
import { smallMotion } from './motion-model.ts';
import { searchImages } from './search-overlap.ts';
import { rejectPair } from './verify.ts';
import { weighOverlap } from './weigh-overlap.ts';

const size = { width: 64, height: 128 };
const texture = spotTexture(8, 7);
const truth = smallMotion('rigid', [7.4, -5.3, 0.01], [32, 64]);
const pair: TilePair = {
  a: tileId('a'),
  b: tileId('b'),
  aFromB: { x: 0, y: 0, thetaRad: 0 },
  sigmaPx: 3,
  expectedOverlap: { x: 0, y: 0, ...size },
};
const options = { model: 'rigid', ransacPx: 3 } as const;

function weighed(sigma: number, more: Partial<WeighedPair> = {}): WeighedPair {
  return { ...stripViews(size, truth, { sigma, texture }), sizes: { a: size, b: size }, options, ...more };
}
/** a, and a b that shows another place. */
function strangers(sigma: number): WeighedPair {
  const here = weighed(sigma);
  return { ...here, b: stripViews(size, translation(900, 500), { sigma, texture }).b };
}

function matchesAt(motion: Affine2, count = 30): Correspondences {
  const [a, b] = [new Float32Array(2 * count), new Float32Array(2 * count)];
  for (let k = 0; k < count; k++) {
    const [x, y] = [4 + 14 * (k % 4) + (k % 3), 8 + 14 * Math.floor(k / 4)];
    const p = applyAffine(motion, x, y);
    a.set([p.x + 0.4 * Math.cos(3 * k), p.y + 0.4 * Math.sin(3 * k)], 2 * k);
    b.set([x, y], 2 * k);
  }
  return { a, b, confidence: new Float32Array(count).fill(0.5) };
}

const rejected = (correspondences: Correspondences = noCorrespondences): RejectedPair =>
  rejectPair(pair, 'too-few-matches', '3 matches found; at least 8 are needed.', { correspondences, matchMs: 9 });

function linkAt(aFromB: Affine2): Link {
  const correspondences = matchesAt(aFromB);
  const inlierMask = new Uint8Array(30).fill(1);
  return {
    kind: 'link',
    pair,
    correspondences,
    matchMs: 9,
    model: 'rigid',
    aFromB,
    inlierMask,
    inliers: 30,
    confidence: 0.5,
    rmsPx: 0.4,
    moments: linkMoments(correspondences, inlierMask),
    intensities: null,
  };
}

function worst(found: Affine2): number {
  const corners = [0, 63].flatMap((x) => [0, 127].map((y) => [x, y]));
  return Math.max(
    ...corners.map(([x, y]) => {
      const [p, q] = [applyAffine(found, x, y), applyAffine(truth, x, y)];
      return Math.hypot(p.x - q.x, p.y - q.y);
    }),
  );
}

function expectLink(result: PairResult): Link {
  if (result.kind !== 'link') throw new Error(result.detail);
  return result;
}

describe('an overlap that no matches speak for', () => {
  it('is found where it lies, with what speaks for it', () => {
    const pairSeen = weighed(5);
    const found = findOverlap(searchImages(pairSeen.a, pairSeen.b), rejected(), pairSeen);
    if (found === null) throw new Error('none');
    expect(found.kind).toBe('overlap');
    expect(worst(found.aFromB)).toBeLessThan(0.4);
    expect(found.z).toBeGreaterThan(6);
    expect(found.z).toBeGreaterThan(found.rivalZ + 2);
    expect(found.structureNcc).toBeGreaterThan(0.95);
    expect(found.isBacked).toBe(false);
  });

  it('makes a link of its own, of places all over it', () => {
    const link = expectLink(weighOverlap(rejected(), weighed(5)));
    expect(worst(link.aFromB)).toBeLessThan(0.4);
    expect(link).toMatchObject({ pair, model: 'rigid', matchMs: 9, intensities: null, evidence: { kind: 'overlap' } });
    expect(link.inliers).toBe(link.inlierMask.length);
    expect(link.inlierMask.every((inlier) => inlier === 1)).toBe(true);
    expect(link.correspondences.a.length).toBe(2 * link.inliers);
    const { confidence } = link.correspondences;
    expect(link.confidence).toBeCloseTo([...confidence].reduce((sum, value) => sum + value, 0) / link.inliers, 6);
    expect(link.confidence).toBeGreaterThan(0.7);
    expect(link.rmsPx).toBeLessThan(0.5);
    expect(link.moments.weight).toBeGreaterThan(1);
    expect(link.evidence?.z ?? 0).toBeGreaterThan(6);
  });

  it('is beyond what the stage allows, and not found', () => {
    const far = { ...pair, aFromB: { x: 40, y: 0, thetaRad: 0 } };
    const result = weighOverlap({ ...rejected(), pair: far }, weighed(5));
    expect(result).toMatchObject({ kind: 'rejected', reason: 'too-few-matches' });
    const turned = {
      ...weighed(5),
      options: { ...options, plausibility: { shiftSigmas: 0.5, rotationRad: 0, stretch: [0.9, 1.1] as const } },
    };
    // Half a sigma is 16 px at least: the overlap lies within, 0.01 rad of turn do not.
    expect(weighOverlap(rejected(), turned).kind).toBe('rejected');
  });

  it('is no link where two places are shown, and says by how much it falls short', () => {
    const result = weighOverlap(rejected(), strangers(5));
    if (result.kind !== 'rejected') throw new Error('linked');
    expect(result.reason).toBe('too-few-matches');
    expect(result.detail).toMatch(
      /^3 matches found; at least 8 are needed; searched as a whole, (their best fit stands out by \d\.\d standard deviations, where 6 are needed|they fit elsewhere about as well \(\d\.\d and -?\d\.\d standard deviations\)|only \d+ % of their structure agrees, where 95 % are needed)\.$/,
    );
    expect(result.correspondences).toBe(noCorrespondences);
    const flat = { ...weighed(5).b.raster, data: new Float32Array(64 * 128).fill(9) };
    const even = { ...weighed(5), a: { ...weighed(5).a, raster: flat }, b: { ...weighed(5).b, raster: flat } };
    expect(weighOverlap(rejected(), even)).toMatchObject({
      kind: 'rejected',
      detail: '3 matches found; at least 8 are needed; searched as a whole, the overlaps fit nowhere.',
    });
  });

  it('is a link together with matches that lead there, where neither is one alone', () => {
    // Noise of four times the structure's own deviation.
    const noisy = weighed(70);
    const few = matchesAt(truth, 9);
    const images = searchImages(noisy.a, noisy.b);
    const alone = findOverlap(images, rejected(), noisy);
    const backed = findOverlap(images, rejected(few), noisy);
    expect(alone?.isBacked).toBe(false);
    expect(backed?.isBacked).toBe(true);
    expect(worst(backed?.aFromB ?? translation(99, 0))).toBeLessThan(2.5);
    // Four matches say nothing, nor do nine that lead elsewhere.
    expect(findOverlap(images, rejected(matchesAt(truth, 4)), noisy)?.isBacked ?? false).toBe(false);
    expect(findOverlap(images, rejected(matchesAt(translation(-14, 13), 9)), noisy)?.isBacked ?? false).toBe(false);
  });
});

describe('an overlap that matches speak for', () => {
  it('bears the link out, and is aligned', () => {
    const link = expectLink(weighOverlap(linkAt(composeAffine(translation(0.8, -0.6), truth)), weighed(5)));
    expect(link.evidence).toMatchObject({ kind: 'matches' });
    expect(worst(link.aFromB)).toBeLessThan(0.4);
    expect(link.inliers).toBe(30);
    expect(link.evidence?.z ?? 0).toBeGreaterThan(7);
    expect(link.evidence?.structureNcc ?? 0).toBeGreaterThan(0.95);
    expect(link.evidence?.rivalZ ?? 99).toBeLessThan((link.evidence?.z ?? 0) - 2);
  });

  it('is put where it fits when the matches agree on another place', () => {
    const link = expectLink(weighOverlap(linkAt(translation(-6, 8)), weighed(5)));
    expect(link.evidence).toMatchObject({ kind: 'overlap' });
    expect(worst(link.aFromB)).toBeLessThan(0.4);
  });

  it('is turned to where it fits when the matches are', () => {
    const turned = smallMotion('rigid', [7.4, -5.3, 0.13], [32, 64]);
    const link = expectLink(weighOverlap(linkAt(turned), weighed(5)));
    expect(worst(link.aFromB)).toBeLessThan(0.6);
  });

  it('contradicts a link of two places', () => {
    const result = weighOverlap(linkAt(truth), strangers(5));
    if (result.kind !== 'rejected') throw new Error('linked');
    expect(result.reason).toBe('no-consensus');
    expect(result.detail).toMatch(
      /^30 of 30 matches agree, but (their best fit|they fit elsewhere|only \d+ %|the overlaps)/,
    );
    expect(result.matchMs).toBe(9);
    expect(result.correspondences.confidence.length).toBe(30);
  });

  it('asks for more where there may be nothing but noise', () => {
    const result = weighOverlap(linkAt(truth), { ...strangers(40), isFaint: true });
    if (result.kind !== 'rejected') throw new Error('linked');
    expect(result.detail).toMatch(/30 of 30 matches agree/);
    expect(expectLink(weighOverlap(linkAt(truth), weighed(5, { isFaint: true }))).evidence?.kind).toBe('matches');
  });
});
