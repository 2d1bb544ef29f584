import type { Affine2 } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import type { PairResult, TransformModel } from '../matching/link.ts';
import type { Correspondences } from '../matching/matcher.ts';
import { seedOf } from '../random.ts';
import { findConsensus } from '../matching/ransac.ts';
import type { Consensus } from '../matching/ransac.ts';
import { pairKey } from '../tiles/tile.ts';
import { cornerDistances } from './corner-errors.ts';
import type { CornerDistances } from './corner-errors.ts';
import type { ErrorSum, PairRecord, ReferenceRecord, Reliability } from './pair-record.ts';
import { referenceMatches } from './reference-mapping.ts';
import { truePair } from './true-pair.ts';
import type { TruePair, TrueTileShape } from './true-pair.ts';

/** A tile with its truth, as far as it is known. */
export interface EvaluatedTile extends TrueTileShape {
  readonly file: string;
  readonly noiseSigma: number | null;
}

/** The reference's RANSAC threshold, full-resolution px. */
const inlierPx = 3;
/** A match this close to the truth is a good one. */
const closePx = 1.5;
const confidenceBins = 10;
/** The reference's crop in the geometry of its poster. */
const referenceOverlap = 0.3;

/** What one pair gave: the product's result, and the matcher's own matches before any alignment. */
export interface PairOutcome {
  readonly result: PairResult;
  readonly unaligned: PairResult;
  readonly matchMs: number;
  readonly cpuMs: number | null;
  /** Direct alignment started at the truth; null when not run. */
  readonly floor: Affine2 | 'failed' | null;
}

export interface PairTruth {
  readonly a: EvaluatedTile;
  readonly b: EvaluatedTile;
  readonly model: TransformModel;
  /** False when the tiles share nothing, though the layout says that they are neighbours. */
  readonly hasOverlap: boolean;
}

/** Measures one pair against its truth, by the definitions of docs/evaluation.md. */
export function evaluatePair(outcome: PairOutcome, { a, b, model, hasOverlap }: PairTruth): PairRecord {
  const { result, unaligned, matchMs, cpuMs, floor } = outcome;
  const truth = truePair(a, b, model);
  const trueAFromB = hasOverlap ? truth.aFromB : null;
  const seed = seedOf(pairKey(result.pair));
  const own = unaligned.correspondences;
  const consensus = findConsensus(own, { model, thresholdPx: inlierPx, seed });
  const cornersOf = (found: PairResult): CornerDistances | null =>
    found.kind === 'link' && trueAFromB ? roundedCorners(cornerDistances(found.aFromB, trueAFromB, b.size)) : null;
  return {
    a: a.file,
    b: b.file,
    overlap: rounded(hasOverlap ? truth.overlap : 0),
    noise: a.noiseSigma === null || b.noiseSigma === null ? null : rounded(Math.max(a.noiseSigma, b.noiseSigma)),
    matchMs: rounded(matchMs),
    cpuMs: cpuMs === null ? null : rounded(cpuMs),
    matches: own.confidence.length,
    inliers: consensus?.inliers ?? 0,
    inlierError: trueAFromB && consensus ? errorSum(own, consensus.inlierMask, truth) : [0, 0],
    linkError:
      trueAFromB && result.kind === 'link' ? errorSum(result.correspondences, result.inlierMask, truth) : [0, 0],
    rejection: result.kind === 'rejected' ? result.reason : null,
    pairwise: cornersOf(result),
    unaligned: cornersOf(unaligned),
    solved: null,
    floor:
      floor && floor !== 'failed' && trueAFromB
        ? roundedCorners(cornerDistances(floor, trueAFromB, b.size))
        : floor && 'failed',
    reliability: trueAFromB ? reliabilityOf(own, truth) : emptyReliability,
    reference: trueAFromB ? referenceRecord(result, own, truth, trueAFromB, { a, b, model, hasOverlap }, seed) : null,
    quality: null,
    referenceQuality: null,
  };
}

/** Four decimals are a tenth of what can be measured, and halve the files. */
export function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

/** `rounded` for each corner. */
export function roundedCorners([p, q, r, s]: CornerDistances): CornerDistances {
  return [rounded(p), rounded(q), rounded(r), rounded(s)];
}

/** Distance of a match from the truth, |T_gt(p_b) − p_a|. */
function matchError({ a, b }: Correspondences, k: number, truth: TruePair): number {
  const p = truth.pointInA(b[2 * k], b[2 * k + 1]);
  return Math.hypot(p.x - a[2 * k], p.y - a[2 * k + 1]);
}

function errorSum(matches: Correspondences, mask: Uint8Array, truth: TruePair): ErrorSum {
  let [sum, count] = [0, 0];
  for (let k = 0; k < mask.length; k++) {
    if (mask[k] === 0) continue;
    sum += matchError(matches, k, truth);
    count++;
  }
  return [rounded(sum), count];
}

const emptyReliability: Reliability = {
  counts: new Array<number>(confidenceBins).fill(0),
  close: new Array<number>(confidenceBins).fill(0),
};

function reliabilityOf(matches: Correspondences, truth: TruePair): Reliability {
  const counts = [...emptyReliability.counts];
  const close = [...emptyReliability.close];
  for (const [k, confidence] of matches.confidence.entries()) {
    const bin = Math.min(confidenceBins - 1, Math.floor(confidence * confidenceBins));
    counts[bin]++;
    if (matchError(matches, k, truth) < closePx) close[bin]++;
  }
  return { counts, close };
}

/** The motion of the reference system from the same matches: its mapping, then an affine RANSAC at 3 px. */
export function referenceConsensus(
  result: PairResult,
  own: Correspondences,
  { a, b }: Pick<PairTruth, 'a' | 'b'>,
): { readonly matches: Correspondences; readonly consensus: Consensus | null } {
  const nominalAFromB = affineFromPose(result.pair.aFromB);
  const geometry = { sizeA: a.size, sizeB: b.size, nominalAFromB, overlap: referenceOverlap };
  const matches = referenceMatches(own, geometry);
  const seed = seedOf(pairKey(result.pair));
  return { matches, consensus: findConsensus(matches, { model: 'affine', thresholdPx: inlierPx, seed }) };
}

function referenceRecord(
  result: PairResult,
  own: Correspondences,
  truth: TruePair,
  trueAFromB: Affine2,
  { a, b }: PairTruth,
  seed: number,
): ReferenceRecord {
  const { matches, consensus } = referenceConsensus(result, own, { a, b });
  const correct = findConsensus(own, { model: 'affine', thresholdPx: inlierPx, seed });
  const corners = (found: Consensus | null) =>
    found ? roundedCorners(cornerDistances(found.aFromB, trueAFromB, b.size)) : null;
  return {
    matches: matches.confidence.length,
    inliers: consensus?.inliers ?? 0,
    inlierError: consensus ? errorSum(matches, consensus.inlierMask, truth) : [0, 0],
    corners: corners(consensus),
    correctInliers: correct?.inliers ?? 0,
    correctInlierError: correct ? errorSum(own, correct.inlierMask, truth) : [0, 0],
    correctCorners: corners(correct),
  };
}
