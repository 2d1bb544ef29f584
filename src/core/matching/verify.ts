import { applyAffine, isFiniteAffine, rotationOf, stretchesOf } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { affineFromPose, wrapAngle } from '../geometry/pose2.ts';
import { rectArea } from '../geometry/rect.ts';
import type { Size } from '../geometry/rect.ts';
import { fitModel } from './moment-fit.ts';
import { pairKey } from '../tiles/tile.ts';
import type { TilePair } from '../tiles/tile.ts';
import { linkMoments } from './link-moments.ts';
import type { Link, LinkMoments, PairResult, RejectedPair, RejectionReason, TransformModel } from './link.ts';
import type { Correspondences } from './matcher.ts';
import { seedOf } from '../random.ts';
import { findConsensus, squaredResiduals } from './ransac.ts';
import type { Consensus } from './ransac.ts';
import { inliersNeeded, independentMatches, largestLogFalseAlarms, logFalseAlarms } from './significance.ts';
import { growSmoothConsensus } from './smooth-consensus.ts';

/** What the stage allows; a link beyond it is `implausible`, however many matches agree. */
export interface Plausibility {
  /** Shift at the overlap, in the pair's sigmaPx. */
  readonly shiftSigmas: number;
  /** Rotation against the stage. */
  readonly rotationRad: number;
  /** Range of both stretches. */
  readonly stretch: readonly [number, number];
}

/**
 * Stretch of several percent between neighbours is real (measured: up to 3 % near the start of scan lines), so only
 * what no microscope does is excluded; five sigma and 10° likewise.
 */
export const defaultPlausibility: Plausibility = {
  shiftSigmas: 5,
  rotationRad: (10 * Math.PI) / 180,
  stretch: [0.85, 1.15],
};

/** A stage is never trusted to better than this, px. */
const leastShiftLimitPx = 16;

export interface VerifyOptions {
  readonly model: TransformModel;
  /** Inlier threshold, full-resolution px. */
  readonly ransacPx: number;
  /** Fewest independent inliers of any link; 8 when absent, 2 more for an affine consensus. */
  readonly minInliers?: number;
  readonly plausibility?: Plausibility;
  /** How far from a common motion wrong matches land, full-resolution px; the stage's error when absent. */
  readonly chanceRadiusPx?: number;
  /** [N] relative weights (inverse variances) of the matches in the final fit; all 1 when absent. */
  readonly weights?: Float32Array;
}

/** Sizes of the two tiles of a pair, full-resolution px. */
export interface PairSizes {
  readonly a: Size;
  readonly b: Size;
}

/** Residual, in thresholds, from which a match of the final fit weighs less, and how often weights are renewed. */
const robustScale = 0.5;
const reweightings = 10;
const defaultMinInliers = 8;
/** Inliers from which an affine fit is better than a similarity: six numbers, two a match, and some to spare. */
const affineInliers = 12;
/** Matches whose ends lie within this many thresholds of each other count once. */
const cellThresholds = 4;
/** Inliers must spread over this fraction of the shorter of the tiles' sides, or over `largestNeededSpreadPx`. */
const neededSpread = 0.04;
const largestNeededSpreadPx = 64;

/**
 * Judges the matches of a pair: a `Link` when more of them agree with one plausible motion than chance explains,
 * otherwise a `RejectedPair` with the reason in numbers.
 *
 * 1. RANSAC (seeded by the pair's key) for a similarity and an affine motion that the stage allows, within
 *    `ransacPx`; the more significant one is kept. Translation and rigid links are found by similarity too: real
 *    strips are stretched, and a stiff consensus would keep a corner of the strip.
 * 2. The number of independent inliers is tested against chance (`logFalseAlarms` ≤ −4) and against `minInliers`,
 *    and their spread along the seam against a clump.
 * 3. Inliers grow along a smooth motion (`growSmoothConsensus`); the link's `aFromB` is the robust
 *    least-squares fit of `options.model` to all of them (a similarity when an affine is asked for and fewer than 12 agree).
 *
 * `intensities` is null: samples are not seen here (`matchPair` adds them).
 *
 * @param correspondences full-resolution px of the two tiles.
 */
export function verifyPair(
  pair: TilePair,
  correspondences: Correspondences,
  sizes: PairSizes,
  options: VerifyOptions,
  matchMs = 0,
): PairResult {
  const reject = (reason: RejectionReason, detail: string) =>
    rejectPair(pair, reason, detail, { correspondences, matchMs });
  const found = correspondences.confidence.length;
  const minInliers = options.minInliers ?? defaultMinInliers;
  if (found < minInliers)
    return reject('too-few-matches', `${matchCount(found)} found; at least ${minInliers} are needed.`);

  const plausibility = options.plausibility ?? defaultPlausibility;
  const objection = (aFromB: Affine2) => implausibility(pair, aFromB, sizes, plausibility);
  const admissible = mostSignificant(correspondences, pair, options, (aFromB) => objection(aFromB) === null);
  if (admissible === null || !isAccepted(admissible, minInliers)) {
    const free = mostSignificant(correspondences, pair, options, () => true);
    const reason = free === null || !isAccepted(free, minInliers) ? null : objection(free.consensus.aFromB);
    if (free !== null && reason !== null)
      return reject('implausible', `${free.consensus.inliers} of ${matchCount(found)} agree, but ${reason}.`);
    return reject('no-consensus', noConsensusDetail(found, admissible, minInliers));
  }
  const clump = clumpObjection(correspondences, admissible.consensus.inlierMask, sizes);
  if (clump !== null) return reject('no-consensus', clump);

  const inlierMask = growSmoothConsensus(correspondences, admissible.consensus, options.ransacPx);
  return buildLink(pair, correspondences, inlierMask, options, matchMs, objection, reject);
}

/** A `RejectedPair` with its sentence. */
export function rejectPair(
  pair: TilePair,
  reason: RejectionReason,
  detail: string,
  evidence: { readonly correspondences: Correspondences; readonly matchMs: number },
): RejectedPair {
  return { kind: 'rejected', pair, reason, detail, ...evidence };
}

function matchCount(count: number): string {
  return count === 1 ? '1 match' : `${count} matches`;
}

interface Judged {
  readonly consensus: Consensus;
  readonly independent: number;
  readonly independentInliers: number;
  readonly chance: number;
  readonly logFalseAlarms: number;
}

function mostSignificant(
  correspondences: Correspondences,
  pair: TilePair,
  options: VerifyOptions,
  isAdmissible: (aFromB: Affine2) => boolean,
): Judged | null {
  const { ransacPx } = options;
  const seed = seedOf(pairKey(pair));
  const cellPx = independentCellPx(options);
  const independent = independentMatches(correspondences, null, cellPx);
  const chance = chanceOf(pair, options);
  let best: Judged | null = null;
  for (const model of ['similarity', 'affine'] as const) {
    const consensus = findConsensus(correspondences, { model, thresholdPx: ransacPx, seed, isAdmissible });
    if (consensus === null) continue;
    const independentInliers = independentMatches(correspondences, consensus.inlierMask, cellPx);
    const log = logFalseAlarms({ model, matches: independent, inliers: independentInliers, chance });
    if (best === null || log < best.logFalseAlarms)
      best = { consensus, independent, independentInliers, chance, logFalseAlarms: log };
  }
  return best;
}

/** Matches within this of each other count once, full-resolution px. */
export function independentCellPx({ ransacPx }: VerifyOptions): number {
  return cellThresholds * ransacPx;
}

/** Threshold disc over the area that a match which knows nothing lands in. */
export function chanceOf(pair: TilePair, { ransacPx, chanceRadiusPx = Infinity }: VerifyOptions): number {
  const overlapArea = pair.expectedOverlap === null ? Infinity : rectArea(pair.expectedOverlap);
  const radius = Math.min(chanceRadiusPx, shiftLimitPx(pair));
  return Math.min(1, (Math.PI * ransacPx * ransacPx) / Math.min(overlapArea, Math.PI * radius * radius));
}

function extentOf(points: Float32Array, mask: Uint8Array | null): readonly [number, number] {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.length >> 1; i++) {
    if (mask !== null && mask[i] === 0) continue;
    left = Math.min(left, points[2 * i]);
    right = Math.max(right, points[2 * i]);
    top = Math.min(top, points[2 * i + 1]);
    bottom = Math.max(bottom, points[2 * i + 1]);
  }
  return [right - left, bottom - top];
}

function neededInliers(judged: Judged, minInliers: number): number | null {
  const { model } = judged.consensus;
  const least = model === 'affine' ? minInliers + 2 : minInliers;
  return inliersNeeded({ model, matches: judged.independent, chance: judged.chance }, least);
}

function isAccepted(judged: Judged, minInliers: number): boolean {
  const needed = neededInliers(judged, minInliers);
  return needed !== null && judged.independentInliers >= needed && judged.logFalseAlarms <= largestLogFalseAlarms;
}

function noConsensusDetail(found: number, judged: Judged | null, minInliers: number): string {
  if (judged === null) return `No two of ${matchCount(found)} agree with a motion that the stage allows.`;
  const { independent, independentInliers } = judged;
  const distinct = independent === found ? `${found}` : `${independent} distinct`;
  const needed = neededInliers(judged, minInliers);
  return needed === null
    ? `${independentInliers} of ${distinct} matches agree; so few matches in so small an area prove nothing.`
    : `${independentInliers} of ${distinct} matches agree; ${needed} are needed.`;
}

/** How far from the stage's word the overlap of a pair may lie, full-resolution px. */
export function shiftLimitPx(pair: TilePair, shiftSigmas = defaultPlausibility.shiftSigmas): number {
  return Math.max(leastShiftLimitPx, shiftSigmas * pair.sigmaPx);
}

/** Why the stage does not allow this motion, as the second half of a sentence; null when it does. */
export function implausibility(
  pair: TilePair,
  aFromB: Affine2,
  sizes: PairSizes,
  { shiftSigmas, rotationRad, stretch }: Plausibility,
): string | null {
  if (!isFiniteAffine(aFromB)) return 'the fitted motion is not finite';
  const nominal = affineFromPose(pair.aFromB);
  const turned = wrapAngle(rotationOf(aFromB) - pair.aFromB.thetaRad);
  if (Math.abs(turned) > rotationRad)
    return `the tiles would be turned by ${degrees(turned)}°, where the limit is ${degrees(rotationRad)}°`;
  const [largest, smallest] = stretchesOf(aFromB);
  if (smallest < stretch[0] || largest > stretch[1])
    return `the tile would be stretched by ${smallest.toFixed(3)} and ${largest.toFixed(3)}, where ${stretch[0]} to ${stretch[1]} is allowed`;
  const centre = overlapCentreInB(pair, sizes);
  const here = applyAffine(aFromB, centre.x, centre.y);
  const there = applyAffine(nominal, centre.x, centre.y);
  const shift = Math.hypot(here.x - there.x, here.y - there.y);
  const limit = shiftLimitPx(pair, shiftSigmas);
  return shift > limit
    ? `the overlap would lie ${shift.toFixed(0)} px from where the stage put it, where the limit is ${limit.toFixed(0)} px`
    : null;
}

function degrees(rad: number): string {
  return ((rad * 180) / Math.PI).toFixed(1);
}

/** Centre of the nominal overlap (of tile b when there is none), px of b: where a shift is compared. */
function overlapCentreInB({ aFromB, expectedOverlap }: TilePair, sizes: PairSizes): { x: number; y: number } {
  if (expectedOverlap === null) return { x: (sizes.b.width - 1) / 2, y: (sizes.b.height - 1) / 2 };
  const x = expectedOverlap.x + (expectedOverlap.width - 1) / 2 - aFromB.x;
  const y = expectedOverlap.y + (expectedOverlap.height - 1) / 2 - aFromB.y;
  const cos = Math.cos(aFromB.thetaRad);
  const sin = Math.sin(aFromB.thetaRad);
  return { x: cos * x + sin * y, y: -sin * x + cos * y };
}

function clumpObjection({ a, b }: Correspondences, mask: Uint8Array, sizes: PairSizes): string | null {
  const side = Math.min(sizes.a.width, sizes.a.height, sizes.b.width, sizes.b.height);
  const needed = Math.min(largestNeededSpreadPx, neededSpread * side);
  const spread = Math.min(Math.hypot(...extentOf(a, mask)), Math.hypot(...extentOf(b, mask)));
  return spread < needed
    ? `All agreeing matches lie within ${spread.toFixed(0)} px of each other; ${needed.toFixed(0)} px are needed.`
    : null;
}

/**
 * Least squares with soft-L1 weights 1/√(1 + r²/s²): where the scan is bent beyond what the model can follow, the
 * bulk of the strip is fitted rather than the compromise. Weights stay 1 where the model fits.
 *
 * @param scaleSquares [N] s² of each match, px²; or one for all.
 * @param given [N] relative weights of the matches; all 1 when absent.
 */
export function fitRobustly(
  correspondences: Correspondences,
  inlierMask: Uint8Array,
  model: TransformModel,
  scaleSquares: number | Float32Array,
  given: Float32Array | undefined,
): { readonly aFromB: Affine2; readonly moments: LinkMoments } | null {
  let weights = Float64Array.from(inlierMask, (_, i) => given?.[i] ?? 1);
  const scaleOf = (i: number) => (typeof scaleSquares === 'number' ? scaleSquares : scaleSquares[i]);
  for (let round = 0; ; round++) {
    const moments = linkMoments(correspondences, inlierMask, weights);
    const aFromB = fitModel(model, moments);
    if (aFromB === null) return null;
    if (round === reweightings) return { aFromB, moments };
    weights = squaredResiduals(correspondences, aFromB).map(
      (square, i) => (given?.[i] ?? 1) / Math.sqrt(1 + square / scaleOf(i)),
    );
  }
}

function buildLink(
  pair: TilePair,
  correspondences: Correspondences,
  inlierMask: Uint8Array,
  { model: wanted, ransacPx, weights }: VerifyOptions,
  matchMs: number,
  objection: (aFromB: Affine2) => string | null,
  reject: (reason: RejectionReason, detail: string) => RejectedPair,
): Link | RejectedPair {
  let inliers = 0;
  let confidence = 0;
  for (let i = 0; i < inlierMask.length; i++) {
    if (inlierMask[i] === 0) continue;
    inliers++;
    confidence += correspondences.confidence[i];
  }
  const candidates: readonly TransformModel[] =
    wanted === 'affine' ? (inliers >= affineInliers ? ['affine', 'similarity'] : ['similarity']) : [wanted];
  let reason = 'the agreeing matches determine no motion';
  for (const model of candidates) {
    const fit = fitRobustly(correspondences, inlierMask, model, (robustScale * ransacPx) ** 2, weights);
    if (fit === null) continue;
    const { aFromB, moments } = fit;
    const problem = objection(aFromB);
    if (problem !== null) {
      reason = problem;
      continue;
    }
    const squares = squaredResiduals(correspondences, aFromB);
    const sum = squares.reduce((total, square, i) => total + inlierMask[i] * square, 0);
    const rmsPx = Math.sqrt(sum / inliers);
    return {
      kind: 'link',
      pair,
      correspondences,
      matchMs,
      model,
      aFromB,
      inlierMask,
      inliers,
      confidence: confidence / inliers,
      rmsPx,
      moments,
      intensities: null,
    };
  }
  return reject('implausible', `${inliers} of ${matchCount(inlierMask.length)} agree, but ${reason}.`);
}
