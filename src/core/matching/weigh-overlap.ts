import type { Affine2 } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import type { TilePair } from '../tiles/tile.ts';
import { alignOverlap } from './align-overlap.ts';
import type { Link, OverlapEvidence, PairResult, RejectedPair } from './link.ts';
import type { Strip } from './overlap-intensities.ts';
import { distinct, fitAt, searchImages, searchOverlap, turnsWithin } from './search-overlap.ts';
import type { SearchImages } from './search-overlap.ts';
import { motionOf, sharpMotion } from './sharpen-link.ts';
import { defaultPlausibility, implausibility, rejectPair, shiftLimitPx } from './verify.ts';
import type { PairSizes, VerifyOptions } from './verify.ts';

/** Places that are aligned before they are compared. */
const candidates = 4;
/**
 * What the overlap alone must show, chosen on the training images and procedural specimens (docs/adr/0008): correlation
 * in standard deviations of other places, its lead over the best of them, and that the structure is the same.
 */
const needed = { z: 5.5, lead: 1.5, structureNcc: 0.9 } as const;

/** An overlap that was found by itself. */
interface FoundOverlap extends OverlapEvidence {
  readonly aFromB: Affine2;
}

/**
 * The verdict of the overlap as a whole on what the matches of a pair say: a link stays when nothing else in the stage's
 * reach fits better, and a rejected pair becomes a link when the overlap alone is proof (`searchLink`).
 */
export function weighOverlap(
  judged: PairResult,
  a: Strip,
  b: Strip,
  sizes: PairSizes,
  options: VerifyOptions,
): PairResult {
  if (judged.kind === 'rejected') return searchLink(judged, a, b, sizes, options);
  const evidence = confirmLink(judged, a, b);
  if (evidence !== null) return { ...judged, evidence };
  const { pair, correspondences, matchMs, inliers } = judged;
  const detail = `${inliers} matches agree on a place where the overlaps do not fit best.`;
  const rejected = rejectPair(pair, 'no-consensus', detail, { correspondences, matchMs });
  return searchLink(rejected, a, b, sizes, options);
}

/** Whether a link by its matches is also the place where the overlap fits best; null when another place fits better. */
function confirmLink(link: Link, a: Strip, b: Strip): OverlapEvidence | null {
  const images = searchImages(a, b);
  const { z, rival } = fitAt(images, link.aFromB, shiftLimitPx(link.pair));
  return z > rival ? { kind: 'matches', z, rivalZ: rival, structureNcc: null } : null;
}

/**
 * Second evidence for a pair whose matches prove nothing: the overlap is correlated over everything that the stage
 * allows (shifts, and turns in steps), the best places are aligned directly, and the best of them makes a link when
 * it stands out of the others beyond doubt and what it lays on each other is the same thing. Repeated structure fits at
 * several places, different things of one kind fit badly: both stay rejected, with the numbers.
 */
function searchLink(rejected: RejectedPair, a: Strip, b: Strip, sizes: PairSizes, options: VerifyOptions): PairResult {
  const { pair } = rejected;
  const found = bestOverlap(searchImages(a, b), pair, a, b, sizes, options);
  const objection = found === null ? 'the overlaps fit nowhere' : objectionTo(found);
  if (found === null || objection !== null)
    return { ...rejected, detail: `${rejected.detail.replace(/\.$/, '')}; taken as a whole, ${objection}.` };
  const sharp = sharpMotion(a, b, found.aFromB, options.model, null, options.ransacPx);
  if (sharp === null) return rejected;
  const { patches } = sharp;
  const correspondences = { a: patches.a, b: patches.b, confidence: patches.correlation };
  const inlierMask = new Uint8Array(patches.precision.length).fill(1);
  const { kind, z, rivalZ, structureNcc } = found;
  return {
    kind: 'link',
    pair,
    correspondences,
    matchMs: rejected.matchMs,
    inlierMask,
    inliers: inlierMask.length,
    confidence: patches.correlation.reduce((sum, value) => sum + value, 0) / inlierMask.length,
    ...motionOf(sharp, correspondences, inlierMask),
    intensities: null,
    evidence: { kind, z, rivalZ, structureNcc },
  };
}

function bestOverlap(
  images: SearchImages,
  pair: TilePair,
  a: Strip,
  b: Strip,
  sizes: PairSizes,
  options: VerifyOptions,
): FoundOverlap | null {
  const plausibility = options.plausibility ?? defaultPlausibility;
  const radius = shiftLimitPx(pair, plausibility.shiftSigmas);
  const turns = turnsWithin(images, plausibility.rotationRad);
  const fits = searchOverlap(images, affineFromPose(pair.aFromB), radius, turns, candidates).map((fit) => {
    const aligned = alignOverlap(a, b, fit.aFromB, 'rigid', { startErrorPx: 4 });
    if (aligned === null) return { ...fit, rival: -Infinity, structureNcc: 0 };
    const { z, rival } = fitAt(images, aligned.aFromB, radius);
    return { aFromB: aligned.aFromB, z, rival, structureNcc: aligned.structureNcc };
  });
  const [best, second] = distinct(fits, images.middleB);
  if (best === undefined || implausibility(pair, best.aFromB, sizes, plausibility) !== null) return null;
  const { aFromB, z, structureNcc } = best;
  return { kind: 'overlap', aFromB, z, rivalZ: Math.max(best.rival, second?.z ?? 0), structureNcc };
}

/** Why an overlap proves nothing, as the end of a sentence; null when it does. */
function objectionTo({ z, rivalZ, structureNcc }: FoundOverlap): string | null {
  if (z < needed.z)
    return `their best fit stands out by ${z.toFixed(1)} standard deviations, where ${needed.z} are needed`;
  if (z - rivalZ < needed.lead)
    return `they fit at several places almost equally (${z.toFixed(1)} and ${rivalZ.toFixed(1)} standard deviations)`;
  return structureNcc === null || structureNcc < needed.structureNcc
    ? `only ${Math.round(100 * Math.max(0, structureNcc ?? 0))} % of their structure agrees at the best fit, where ${100 * needed.structureNcc} % are needed`
    : null;
}
