import { affineFromPose } from '../geometry/pose2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { alignOverlap } from './align-overlap.ts';
import type { OverlapEvidence, PairResult } from './link.ts';
import type { Strip } from './overlap-intensities.ts';
import { squaredResiduals } from './ransac.ts';
import { distanceAt, distinct, fitAt, onePlacePx, searchOverlap, turnsWithin } from './search-overlap.ts';
import type { Fit, SearchImages } from './search-overlap.ts';
import { independentMatches, logNormalTail, logSupport } from './significance.ts';
import { chanceOf, defaultPlausibility, implausibility, independentCellPx, shiftLimitPx } from './verify.ts';
import type { PairSizes, VerifyOptions } from './verify.ts';

/** Places that are aligned before they are compared. */
const candidates = 4;
/**
 * What an overlap and matches that are each too weak must show together, chosen on the training images and on procedural
 * specimens (docs/adr/0008): correlation in standard deviations, independent matches, their support in powers of ten
 * beyond chance, the sum of both, its lead over every other place that holds the same structure, and the share of the structure that agrees.
 */
const neededTogether = { z: 3.5, matches: 5, support: 3, sum: 8, lead: 3, structureNcc: 0.95 } as const;
/** The same where there may be nothing but noise: matches gather by chance there too. */
const faintZ = 4.5;

/** The two strips of a pair, and what is asked of them. */
export interface WeighedPair {
  readonly a: Strip;
  readonly b: Strip;
  readonly sizes: PairSizes;
  readonly options: VerifyOptions;
  /** Whether what they show may be noise alone: matches that agree are no proof then. */
  readonly isFaint?: boolean;
}

/** An overlap that was found by itself. */
export interface FoundOverlap extends OverlapEvidence {
  readonly aFromB: Affine2;
  /** Whether it and the matches that lead there are proof together. */
  readonly isBacked: boolean;
}

/** A place that was aligned, where that was possible, and compared. */
export interface ComparedPlace extends Fit {
  readonly rival: number;
  readonly structureNcc: number;
  readonly sparedNcc: number | null;
  /** Matches that lead there, beyond chance, powers of ten. */
  readonly support: number;
  /** Support, and what the correlation is beyond chance, powers of ten. */
  readonly sum: number;
}

/**
 * Correlates the overlap over everything that the stage allows (shifts, and turns in steps), aligns the best places at
 * full resolution and compares them. The best is the one that matches back (which may be far too few, or judged at
 * another place), when no other place that shows the same structure comes near it; the best fit when there is none.
 */
export function findOverlap(images: SearchImages, judged: PairResult, weighed: WeighedPair): FoundOverlap | null {
  const { sizes, options } = weighed;
  const plausibility = options.plausibility ?? defaultPlausibility;
  const radius = shiftLimitPx(judged.pair, plausibility.shiftSigmas);
  const turns = turnsWithin(images, plausibility.rotationRad);
  const places = searchOverlap(images, affineFromPose(judged.pair.aFromB), radius, turns, candidates)
    .map((fit) => alignedPlace(fit, images, judged, weighed, radius))
    .filter(({ aFromB }) => implausibility(judged.pair, aFromB, sizes, plausibility) === null);
  const backed = backedPlace(places, images.middleB, weighed.isFaint === true ? faintZ : neededTogether.z);
  if (backed !== null) return backed;
  const [best, second] = distinct(places, images.middleB);
  if (best === undefined) return null;
  const { aFromB, z, structureNcc, sparedNcc } = best;
  const rivalZ = Math.max(best.rival, second?.z ?? 0);
  return { kind: 'overlap', aFromB, z, rivalZ, structureNcc, sparedNcc, isBacked: false };
}

function alignedPlace(
  fit: Fit,
  images: SearchImages,
  judged: PairResult,
  { a, b, options }: WeighedPair,
  radius: number,
): ComparedPlace {
  const aligned = alignOverlap(a, b, fit.aFromB, 'rigid', { startErrorPx: 4, resolution: 'ample' });
  if (aligned === null) return { ...fit, rival: -Infinity, structureNcc: 0, sparedNcc: null, support: 0, sum: 0 };
  const { aFromB, structureNcc, sparedNcc } = aligned;
  const { z, rival } = fitAt(images, aFromB, radius);
  const support = supportOf(aFromB, judged, options);
  return { aFromB, z, rival, structureNcc, sparedNcc, support, sum: support - logNormalTail(z) };
}

/** How far the matches of a pair that lie where a motion puts them are beyond chance, powers of ten; 0 for a few. */
function supportOf(aFromB: Affine2, { pair, correspondences }: PairResult, options: VerifyOptions): number {
  const squares = squaredResiduals(correspondences, aFromB);
  const mask = Uint8Array.from(squares, (square) => (square <= options.ransacPx ** 2 ? 1 : 0));
  const cellPx = independentCellPx(options);
  const agreeing = independentMatches(correspondences, mask, cellPx);
  if (agreeing < neededTogether.matches) return 0;
  return -logSupport(independentMatches(correspondences, null, cellPx), agreeing, chanceOf(pair, options));
}

/** The place that overlap and matches prove together; null when there is none, or another nearly as good. */
export function backedPlace(
  places: readonly ComparedPlace[],
  middleB: readonly [number, number],
  leastZ: number,
): FoundOverlap | null {
  const same = places
    .filter(({ structureNcc }) => structureNcc >= neededTogether.structureNcc)
    .sort((p, q) => q.sum - p.sum);
  if (same.length === 0) return null;
  const [{ aFromB, z, rival, support, sum, structureNcc, sparedNcc }] = same;
  const isElsewhere = (place: ComparedPlace) => distanceAt(middleB, place.aFromB, aFromB) > onePlacePx;
  const next = Math.max(-logNormalTail(rival), same.find(isElsewhere)?.sum ?? 0);
  const isProof = z >= leastZ && support >= neededTogether.support && sum >= neededTogether.sum;
  if (!isProof || sum - next < neededTogether.lead) return null;
  return { kind: 'overlap', aFromB, z, rivalZ: rival, structureNcc, sparedNcc, isBacked: true };
}
