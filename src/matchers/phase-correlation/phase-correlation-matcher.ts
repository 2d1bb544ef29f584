import {
  applyAffine,
  composeAffine,
  invertAffine,
  rotationOf,
  stretchesOf,
  translation,
} from '../../core/geometry/affine2.ts';
import type { Affine2 } from '../../core/geometry/affine2.ts';
import { findConsensus } from '../../core/matching/ransac.ts';
import { noCorrespondences } from '../../core/matching/matcher.ts';
import type { Correspondences, MatchContext, Matcher } from '../../core/matching/matcher.ts';
import { intersectRects } from '../../core/geometry/rect.ts';
import type { Rect } from '../../core/geometry/rect.ts';
import type { FloatRaster } from '../../core/raster/raster.ts';
import { sampleLine } from '../../core/raster/sample-line.ts';
import { planPhaseCorrelation } from './phase-correlation.ts';

/** Half resolution: links 21 of the mussel grids' 24 pairs; full resolution links 21 and takes six times as long. */
const matchingScale = 0.5;

/** Pieces along the seam whose shifts are found first, px of the strips. */
const segmentPx = 256;
const segmentPeaks = 3;
/** A peak of a segment that is not higher is not looked at. */
const leastSegmentHeight = 0.05;
/** Segments agree with one similarity within this, px of the strips; they see rotation and stretch as a blur. */
const segmentAgreementPx = 6;

/** Blocks that the correspondences are measured on, px of the strips. */
const blockPx = 64;
const blockStepPx = 32;
/** A block smaller than this says nothing. */
const leastBlockPx = 24;
const blockRadiusPx = 12;
/** Lowest height of a block's peak that is a correspondence; on the mussel grids 0.15 already links the blank pair. */
const leastBlockHeight = 0.25;
/** A block must be covered by both strips up to this share. */
const leastCoverage = 0.9;

interface Candidate {
  readonly ax: number;
  readonly ay: number;
  readonly bx: number;
  readonly by: number;
  readonly confidence: number;
}

/**
 * Matches by phase correlation: segments along the seam give candidate shifts, a seeded consensus of theirs the rough
 * motion, and blocks of a against b warped by that motion the correspondences, one a block, with the peak's height as
 * confidence. Meant for shifts with little rotation (up to about 3°).
 */
export function phaseCorrelationMatcher(): Matcher {
  return {
    scale: matchingScale,
    multipleOf: 1,
    minConfidence: leastBlockHeight,
    chanceRadiusPx: blockRadiusPx,
    match: (a, b, context) => Promise.resolve(matchByBlocks(a, b, context)),
    dispose: () => Promise.resolve(),
  };
}

function matchByBlocks(a: FloatRaster, b: FloatRaster, context: MatchContext): Correspondences {
  const candidates = segmentCandidates(a, b, context);
  const rough = roughMotion(candidates, context);
  if (rough === null) return noCorrespondences;
  context.signal.throwIfAborted();
  // the second round sees blocks without the rotation and stretch that the first one measured
  const first = blockMatches(a, b, rough);
  const refined = findConsensus(first, { model: 'affine', thresholdPx: 2, seed: context.seed, isAdmissible: isGentle });
  return refined === null || refined.inliers < 8 ? first : blockMatches(a, b, refined.aFromB);
}

/** Shifts of pieces along the longer side of the nominal overlap. */
function segmentCandidates(
  a: FloatRaster,
  b: FloatRaster,
  { aFromB, searchRadiusPx }: MatchContext,
): readonly Candidate[] {
  const width = Math.min(segmentPx, a.width, b.width);
  const height = Math.min(segmentPx, a.height, b.height);
  const middle = applyAffine(aFromB, (b.width - 1) / 2, (b.height - 1) / 2);
  // b's frame against a's, as a shift that keeps segments inside both strips
  const nominalX = middle.x - (b.width - 1) / 2;
  const nominalY = middle.y - (b.height - 1) / 2;
  const radiusPx = Math.min(searchRadiusPx, Math.max(width, height) / 2);
  const candidates: Candidate[] = [];
  for (const y of startsAlong(a.height, height, height / 2)) {
    for (const x of startsAlong(a.width, width, width / 2)) {
      const bx = clamp(Math.round(x - nominalX), 0, b.width - width);
      const by = clamp(Math.round(y - nominalY), 0, b.height - height);
      // a(x + u) ↔ b(bx + u + shift): the stage says x + u − nominal = bx + u + shift
      const centreX = x - nominalX - bx;
      const centreY = y - nominalY - by;
      const correlator = planPhaseCorrelation(width, height, {
        smoothingPx: 2.5,
        taper: 0.3,
        radiusPx,
        centreX,
        centreY,
        peaks: segmentPeaks,
      });
      for (const peak of correlator.correlate(piece(a, x, y, width, height), piece(b, bx, by, width, height))) {
        if (peak.height < leastSegmentHeight) continue;
        const [u, v] = commonCentre(width, height, peak.shiftX, peak.shiftY);
        candidates.push({
          ax: x + u,
          ay: y + v,
          bx: bx + u + peak.shiftX,
          by: by + v + peak.shiftY,
          confidence: peak.height,
        });
      }
    }
  }
  return candidates;
}

/** Whole pixels that b's frame covers of a's, as a bounding box. */
function boundsOf(aFromB: Affine2, { width, height }: FloatRaster): Rect {
  const corners = [
    applyAffine(aFromB, 0, 0),
    applyAffine(aFromB, width - 1, 0),
    applyAffine(aFromB, 0, height - 1),
    applyAffine(aFromB, width - 1, height - 1),
  ];
  const xs = corners.map((corner) => corner.x);
  const ys = corners.map((corner) => corner.y);
  const x = Math.ceil(Math.min(...xs));
  const y = Math.ceil(Math.min(...ys));
  return { x, y, width: Math.floor(Math.max(...xs)) - x + 1, height: Math.floor(Math.max(...ys)) - y + 1 };
}

/** Evenly spread starts of pieces, at most `step` apart, from one end to the other. */
function startsAlong(length: number, pieceLength: number, step: number): readonly number[] {
  const count = Math.max(1, Math.ceil((length - pieceLength) / step) + 1);
  return Array.from({ length: count }, (_, i) =>
    count === 1 ? 0 : Math.round((i * (length - pieceLength)) / (count - 1)),
  );
}

/** Centre of what a piece and the same piece shifted have in common: where the shift was measured. */
function commonCentre(width: number, height: number, shiftX: number, shiftY: number): readonly [number, number] {
  return [(width - 1) / 2 - shiftX / 2, (height - 1) / 2 - shiftY / 2];
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

function piece(
  { data, width }: FloatRaster,
  x: number,
  y: number,
  pieceWidth: number,
  pieceHeight: number,
): FloatRaster {
  const output = new Float32Array(pieceWidth * pieceHeight);
  for (let j = 0; j < pieceHeight; j++) {
    const from = (y + j) * width + x;
    output.set(data.subarray(from, from + pieceWidth), j * pieceWidth);
  }
  return { data: output, width: pieceWidth, height: pieceHeight };
}

/** No stretch beyond 15 % and no turn beyond 6°: blocks of one column do not determine an affine motion. */
function isGentle(motion: Affine2): boolean {
  const [largest, smallest] = stretchesOf(motion);
  return smallest > 0.85 && largest < 1.15 && Math.abs(rotationOf(motion)) < 0.1;
}

/** One motion for all segments; the highest peak alone when there are too few to agree. */
function roughMotion(candidates: readonly Candidate[], { seed }: MatchContext): Affine2 | null {
  if (candidates.length === 0) return null;
  const consensus = findConsensus(toCorrespondences(candidates), {
    model: 'rigid',
    thresholdPx: segmentAgreementPx,
    seed,
    isAdmissible: isGentle,
  });
  if (consensus !== null && consensus.inliers >= 4) return consensus.aFromB;
  const best = candidates.reduce((p, q) => (q.confidence > p.confidence ? q : p));
  return translation(best.ax - best.bx, best.ay - best.by);
}

function blockMatches(a: FloatRaster, b: FloatRaster, aFromB: Affine2): Correspondences {
  const common = intersectRects({ x: 0, y: 0, width: a.width, height: a.height }, boundsOf(aFromB, b));
  if (common === null) return noCorrespondences;
  // A thin overlap is measured on blocks as thick as itself.
  const side = Math.min(blockPx, common.width, common.height);
  if (side < leastBlockPx) return noCorrespondences;
  const correlator = planPhaseCorrelation(side, side, {
    smoothingPx: 1,
    taper: 1,
    radiusPx: Math.min(blockRadiusPx, side / 4),
    peaks: 1,
  });
  const bFromA = invertAffine(aFromB);
  const matches: Candidate[] = [];
  for (const y of startsAlong(common.height, side, Math.min(blockStepPx, side / 2))) {
    for (const x of startsAlong(common.width, side, Math.min(blockStepPx, side / 2))) {
      const blockX = common.x + x;
      const blockY = common.y + y;
      const bFromBlock = composeAffine(bFromA, translation(blockX, blockY));
      const warped = warpedPiece(b, bFromBlock, side);
      if (warped === null) continue;
      const [peak] = correlator.correlate(piece(a, blockX, blockY, side, side), warped);
      if (peak === undefined || peak.height < leastBlockHeight) continue;
      const centre = (side - 1) / 2;
      const q = applyAffine(bFromBlock, centre + peak.shiftX, centre + peak.shiftY);
      matches.push({ ax: blockX + centre, ay: blockY + centre, bx: q.x, by: q.y, confidence: peak.height });
    }
  }
  return toCorrespondences(matches);
}

/** side×side pixels of b under a map; where b ends its border is repeated. Null when b covers less than 90 % of them. */
function warpedPiece(b: FloatRaster, { a, b: dv, c, d, e, f }: Affine2, side: number): FloatRaster | null {
  const data = new Float32Array(side * side);
  let outside = 0;
  for (let j = 0; j < side; j++) {
    const u = c * j + e;
    const v = d * j + f;
    for (let i = 0; i < side; i++) {
      const x = a * i + u;
      const y = dv * i + v;
      if (x < 0 || y < 0 || x > b.width - 1 || y > b.height - 1) outside++;
    }
    sampleLine(b, u, v, a, dv, side, data, j * side);
  }
  return outside > (1 - leastCoverage) * side * side ? null : { data, width: side, height: side };
}

function toCorrespondences(matches: readonly Candidate[]): Correspondences {
  return {
    a: Float32Array.from({ length: 2 * matches.length }, (_, k) =>
      k % 2 === 0 ? matches[k >> 1].ax : matches[k >> 1].ay,
    ),
    b: Float32Array.from({ length: 2 * matches.length }, (_, k) =>
      k % 2 === 0 ? matches[k >> 1].bx : matches[k >> 1].by,
    ),
    confidence: Float32Array.from(matches, ({ confidence }) => confidence),
  };
}
