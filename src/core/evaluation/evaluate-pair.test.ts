import { describe, expect, it } from 'vitest';
import { applyAffine, invertAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import type { Link, PairResult } from '../matching/link.ts';
import type { Correspondences } from '../matching/matcher.ts';
import { tileId } from '../tiles/tile.ts';
import type { TilePair } from '../tiles/tile.ts';
import { evaluatePair, referenceConsensus, rounded, roundedCorners } from './evaluate-pair.ts';
import type { EvaluatedTile, PairOutcome, PairTruth } from './evaluate-pair.ts';
import { referenceMatches } from './reference-mapping.ts';

const size = { width: 512, height: 512 };
const tile = (file: string, mosaicFromTile: Affine2, noiseSigma: number | null): EvaluatedTile => ({
  file,
  size,
  mosaicFromTile,
  mesh: null,
  noiseSigma,
});
/** b lies 360 px right of a, turned by 0.02: an overlap of about 30 %. */
const aFromB = affineFromPose({ x: 360, y: 4, thetaRad: 0.02 });
const truth: PairTruth = {
  a: tile('a.tif', translation(0, 0), 5),
  b: tile('b.tif', aFromB, 12.34567),
  model: 'rigid',
  hasOverlap: true,
};
const pair: TilePair = {
  a: tileId('a'),
  b: tileId('b'),
  aFromB: { x: 358, y: 0, thetaRad: 0 },
  uncertaintyPx: 10,
  expectedOverlap: 0.3,
} as unknown as TilePair;

/** Twenty right matches, six 1.2 px off along x, five 2 px off along y, four wild ones; confidences 0.05, 0.15, … in turn. */
function matches(): Correspondences {
  const [a, b, confidence]: [number[], number[], number[]] = [[], [], []];
  for (let k = 0; k < 35; k++) {
    const [x, y] = [12 + ((k * 37) % 130), 20 + ((k * 61) % 470)];
    const p = applyAffine(aFromB, x, y);
    const off = k < 20 ? [0, 0] : k < 26 ? [1.2, 0] : k < 31 ? [0, 2] : [40 + 7 * k, -30 - 5 * k];
    a.push(p.x + off[0], p.y + off[1]);
    b.push(x, y);
    confidence.push(k === 34 ? 1 : 0.05 + 0.1 * (k % 10));
  }
  return { a: Float32Array.from(a), b: Float32Array.from(b), confidence: Float32Array.from(confidence) };
}

function linkOf(motion: Affine2, correspondences: Correspondences, inlierMask: Uint8Array): Link {
  return {
    kind: 'link',
    model: 'rigid',
    pair,
    aFromB: motion,
    correspondences,
    inlierMask,
    matchMs: 3,
  } as unknown as Link;
}
const rejected: PairResult = {
  kind: 'rejected',
  reason: 'no-consensus',
  detail: '',
  pair,
  correspondences: matches(),
  matchMs: 1,
};

const own = matches();
const mask = Uint8Array.from({ length: 35 }, (_, k) => (k % 2 === 0 && k < 26 ? 1 : 0));
const shifted = (x: number, y: number): Affine2 => ({ ...aFromB, e: aFromB.e + x, f: aFromB.f + y });
const outcome: PairOutcome = {
  result: linkOf(shifted(3, 4), own, mask),
  unaligned: linkOf(shifted(0.6, -0.8), own, mask),
  matchMs: 12.345678,
  cpuMs: 45.67891,
  floor: shifted(0, 0.123456),
};
const four = (value: number) => Array<number>(4).fill(value);

describe('the record of a pair', () => {
  const record = () => evaluatePair(outcome, truth);

  it('tells its files, times, noise and overlap, to four decimals', () => {
    expect(record()).toMatchObject({ a: 'a.tif', b: 'b.tif', matchMs: 12.3457, cpuMs: 45.6789, noise: 12.3457 });
    // Half of the lattice of 48 × 48 points, by the share of area.
    expect(record().overlap).toBeGreaterThan(0.27);
    expect(record().overlap).toBeLessThan(0.31);
    expect(evaluatePair({ ...outcome, cpuMs: null }, truth).cpuMs).toBeNull();
    expect(evaluatePair(outcome, { ...truth, a: { ...truth.a, noiseSigma: null } }).noise).toBeNull();
    expect(evaluatePair(outcome, { ...truth, b: { ...truth.b, noiseSigma: null } }).noise).toBeNull();
    expect([rounded(1.23456), rounded(-1.23454)]).toEqual([1.2346, -1.2345]);
    expect(roundedCorners([0.00004, 0.00006, 1, 2.22226])).toEqual([0, 0.0001, 1, 2.2223]);
  });

  it('has the corners of the link, of the matches alone and of the floor against the truth', () => {
    expect(record()).toMatchObject({
      pairwise: four(5),
      unaligned: four(1),
      floor: four(0.1235),
      solved: null,
      rejection: null,
    });
    const failed = evaluatePair({ ...outcome, result: rejected, floor: 'failed' }, truth);
    expect(failed).toMatchObject({
      pairwise: null,
      unaligned: four(1),
      floor: 'failed',
      rejection: 'no-consensus',
      linkError: [0, 0],
    });
    const none = evaluatePair({ ...outcome, unaligned: rejected, floor: null }, truth);
    expect(none).toMatchObject({ pairwise: four(5), unaligned: null, floor: null });
  });

  it('counts matches, those that agree to 3 px, and their distances from the truth', () => {
    const { matches: count, inliers, inlierError, linkError } = record();
    // 31 of 35 agree; 6 · 1.2 + 5 · 2 px.
    expect([count, inliers]).toEqual([35, 31]);
    expect(inlierError).toEqual([expect.closeTo(17.2, 2), 31]);
    // The mask: 13 of the first 26, three of them 1.2 px off.
    expect(linkError).toEqual([expect.closeTo(3.6, 2), 13]);
  });

  it('sorts matches by confidence, and counts those within 1.5 px', () => {
    const { counts, close } = record().reliability;
    const meant = Array.from({ length: 10 }, (_, bin) =>
      Array.from({ length: 35 }, (__, k) => k).filter((k) => (k === 34 ? bin === 9 : k % 10 === bin)),
    );
    expect(counts).toEqual(meant.map((all) => all.length));
    expect(close).toEqual(meant.map((all) => all.filter((k) => k < 26).length));
  });

  it('says nothing of places where the tiles share nothing', () => {
    for (const apart of [
      evaluatePair(outcome, { ...truth, hasOverlap: false }),
      evaluatePair(outcome, { ...truth, b: { ...truth.b, mosaicFromTile: translation(900, 0) } }),
    ]) {
      expect(apart).toMatchObject({
        overlap: 0,
        pairwise: null,
        unaligned: null,
        reference: null,
        matches: 35,
        inliers: 31,
      });
      expect([apart.inlierError, apart.linkError, apart.floor]).toEqual([[0, 0], [0, 0], 'failed']);
      expect(apart.reliability).toEqual({ counts: Array(10).fill(0), close: Array(10).fill(0) });
    }
    const empty = { a: new Float32Array(0), b: new Float32Array(0), confidence: new Float32Array(0) };
    const nothing = evaluatePair(
      { ...outcome, result: rejected, unaligned: { ...rejected, correspondences: empty } },
      truth,
    );
    expect(nothing).toMatchObject({ matches: 0, inliers: 0, inlierError: [0, 0] });
    expect(nothing.reference).toMatchObject({
      matches: 0,
      inliers: 0,
      corners: null,
      correctInliers: 0,
      correctCorners: null,
    });
    expect(nothing.reference).toMatchObject({ inlierError: [0, 0], correctInlierError: [0, 0] });
  });

  it('has what the reference system would have made of the same matches', () => {
    const { reference } = record();
    const sizes = { sizeA: size, sizeB: size, nominalAFromB: affineFromPose(pair.aFromB), overlap: 0.3 };
    const mapped = referenceMatches(own, sizes);
    expect(reference?.matches).toBe(mapped.confidence.length);
    expect(reference?.matches).toBeGreaterThan(15);
    // Its mapping is some 10 px off for tiles of 512 px; the right one finds the 31 again.
    const [sum, count] = reference?.inlierError ?? [0, 0];
    expect(count).toBe(reference?.inliers);
    expect(sum / count).toBeGreaterThan(8);
    expect(Math.min(...(reference?.corners ?? [0]))).toBeGreaterThan(8);
    expect(reference?.correctInliers).toBe(31);
    expect(reference?.correctInlierError).toEqual([expect.closeTo(17.2, 2), 31]);
    expect(Math.max(...(reference?.correctCorners ?? [99]))).toBeLessThan(8);
    const { matches: again, consensus } = referenceConsensus(outcome.result, own, truth);
    expect(again).toEqual(mapped);
    expect(consensus?.inliers).toBe(reference?.inliers);
    const back = consensus && applyAffine(invertAffine(consensus.aFromB), 400, 200);
    expect(Math.abs((back?.x ?? 0) - applyAffine(invertAffine(aFromB), 400, 200).x)).toBeGreaterThan(5);
  });
});
