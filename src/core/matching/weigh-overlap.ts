import { findOverlap } from './find-overlap.ts';
import type { FoundOverlap, WeighedPair } from './find-overlap.ts';
import type { Link, OverlapEvidence, PairResult, RejectedPair } from './link.ts';
import { needed, neededAlone, neededFaint, objectionTo } from './overlap-objection.ts';
import type { NeededEvidence } from './overlap-objection.ts';
import { distanceAt, fitAt, onePlacePx, searchImages } from './search-overlap.ts';
import type { SearchImages } from './search-overlap.ts';
import { motionOf, sharpenLink, sharpMotion } from './sharpen-link.ts';
import { rejectPair, shiftLimitPx } from './verify.ts';

/** How far the motion of the matches may be wrong, px: as a rule, and at best. */
const likelyErrorPx = 3;
const smallErrorPx = 1;
/** A link below this is compared with what a search finds: few matches in noise may be turned or a few px off. */
const weakZ = 7;
/** What a place found by search must be better by to be taken instead: another place, or the same under another turn. */
const betterZ = 0.5;
const betterTurnZ = 0.1;

/**
 * The verdict of the overlap as a whole on what the matches of a pair say. Of a link the overlap is aligned at full
 * resolution (`sharpenLink`); it stays when nothing else in the stage's reach fits better and what lies on each other is
 * the same structure. A pair whose matches prove nothing is searched (`findOverlap`): the best place makes a link when
 * it stands out of the others beyond doubt, or when it and the matches that lead there do so together. Repeated
 * structure fits at several places, different things of one kind fit badly: both are rejected, with the numbers.
 */
export function weighOverlap(judged: PairResult, weighed: WeighedPair): PairResult {
  const images = searchImages(weighed.a, weighed.b);
  if (judged.kind === 'rejected') return linkAlone(judged, findOverlap(images, judged, weighed), weighed);
  const least = weighed.isFaint === true ? neededFaint : needed;
  const sharp = sharpenAndWeigh(judged, images, weighed);
  const z = sharp.evidence.z;
  if (z >= weakZ && objectionTo(sharp.evidence, least) === null) return sharp;
  const found = findOverlap(images, judged, weighed);
  if (found === null) return verdictOn(sharp, judged, least);
  const isSamePlace = distanceAt(images.middleB, found.aFromB, sharp.aFromB) < onePlacePx;
  if (!(found.z > z + (isSamePlace ? betterTurnZ : betterZ))) return verdictOn(sharp, judged, least);
  if (!isSamePlace) return linkAlone(rejectionOf(judged, found, least), found, weighed);
  return verdictOn(sharpenAndWeigh({ ...judged, aFromB: found.aFromB }, images, weighed), judged, least);
}

/** The link where its evidence is enough, else the rejection of what was judged. */
function verdictOn(link: WeighedLink, judged: Link, least: NeededEvidence): PairResult {
  return objectionTo(link.evidence, least) === null ? link : rejectionOf(judged, link.evidence, least);
}

/**
 * The link aligned and weighed. In noise a coarse pyramid may lead away from a start that was right: a link that stays
 * weak is aligned once more at full resolution alone, and the better fit is kept.
 */
function sharpenAndWeigh(link: Link, images: SearchImages, { a, b, options }: WeighedPair): WeighedLink {
  const weigh = (startErrorPx: number): WeighedLink => {
    const { link: sharp, structureNcc, sparedNcc } = sharpenLink(link, a, b, options.ransacPx, startErrorPx);
    const { z, rival } = fitAt(images, sharp.aFromB, shiftLimitPx(link.pair));
    return { ...sharp, evidence: { kind: 'matches', z, rivalZ: rival, structureNcc, sparedNcc } };
  };
  const first = weigh(likelyErrorPx);
  if (first.evidence.z >= weakZ) return first;
  const second = weigh(smallErrorPx);
  return second.evidence.z > first.evidence.z ? second : first;
}

type WeighedLink = Link & { readonly evidence: OverlapEvidence };

function rejectionOf(link: Link, evidence: OverlapEvidence, least: NeededEvidence): RejectedPair {
  const { pair, correspondences, matchMs, inliers } = link;
  const why = objectionTo(evidence, least) ?? 'the overlaps fit better elsewhere';
  const detail = `${inliers} of ${correspondences.confidence.length} matches agree, but ${why}.`;
  return rejectPair(pair, 'no-consensus', detail, { correspondences, matchMs });
}

/** A link on the word of the overlap alone, or the rejection with what was missing added to its sentence. */
function linkAlone(rejected: RejectedPair, found: FoundOverlap | null, { a, b, options }: WeighedPair): PairResult {
  const objection =
    found === null ? 'the overlaps fit nowhere' : found.isBacked ? null : objectionTo(found, neededAlone);
  if (found === null || objection !== null)
    return { ...rejected, detail: `${rejected.detail.replace(/\.$/, '')}; searched as a whole, ${objection}.` };
  const sharp = sharpMotion(a, b, found.aFromB, options.model, null, options.ransacPx);
  if (sharp === null) return rejected;
  const { patches } = sharp;
  const correspondences = { a: patches.a, b: patches.b, confidence: patches.correlation };
  const inlierMask = new Uint8Array(patches.precision.length).fill(1);
  const { kind, z, rivalZ, structureNcc, sparedNcc } = found;
  return {
    kind: 'link',
    pair: rejected.pair,
    correspondences,
    matchMs: rejected.matchMs,
    inlierMask,
    inliers: inlierMask.length,
    confidence: patches.correlation.reduce((sum, value) => sum + value, 0) / inlierMask.length,
    ...motionOf(sharp, correspondences, inlierMask),
    intensities: null,
    evidence: { kind, z, rivalZ, structureNcc, sparedNcc },
  };
}
