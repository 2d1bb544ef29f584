import { isAbort, StitchError } from '../errors.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import type { PairOptions } from '../options.ts';
import type { CancelSignal } from '../progress.ts';
import { hasTexture } from '../raster/normalise.ts';
import { lumaOf } from '../raster/raster.ts';
import { downsample } from '../raster/resample.ts';
import type { Rect } from '../geometry/rect.ts';
import { overlapStrips } from '../tiles/overlap-strips.ts';
import { pairKey } from '../tiles/tile.ts';
import type { Tile, TileId, TilePair, TileReader } from '../tiles/tile.ts';
import { alignPatches } from './align-patches.ts';
import type { Link, PairResult } from './link.ts';
import { noCorrespondences } from './matcher.ts';
import type { Correspondences, Matcher } from './matcher.ts';
import { matchStrips } from './match-strips.ts';
import { overlapIntensities } from './overlap-intensities.ts';
import type { Strip } from './overlap-intensities.ts';
import { seedOf } from './random.ts';
import { rejectPair, shiftLimitPx, verifyPair } from './verify.ts';

/** Weight of a match that could not be aligned beside those that were: their variances differ by this much or more. */
const unalignedWeight = 0.05;

/** What `matchPair` is handed: pixels, a matcher that is already loaded, and a clock in milliseconds. */
export interface MatchPairSteps {
  readonly reader: TileReader;
  readonly matcher: Matcher;
  readonly now: () => number;
}

/**
 * One pair from pixels to a verified `Link` or a `RejectedPair` with its reason: reads the two overlap strips at full
 * resolution, matches them at the matcher's scale, maps the matches back to full-resolution px of the tiles, verifies
 * them, and measures the intensities of the overlap. A tile that cannot be read rejects the pair (`read-failed`).
 *
 * @throws StitchError what the matcher throws (`inference-failed`); an abort is rethrown.
 */
export async function matchPair(
  pair: TilePair,
  tileA: Tile,
  tileB: Tile,
  { reader, matcher, now }: MatchPairSteps,
  options: PairOptions,
  { signal }: { readonly signal: CancelSignal },
): Promise<PairResult> {
  const start = now();
  const rejectUnmatched = (reason: 'implausible' | 'read-failed' | 'no-texture', detail: string) =>
    rejectPair(pair, reason, detail, { correspondences: noCorrespondences, matchMs: now() - start });
  const strips = overlapStrips(pair, tileA.size, tileB.size, options.marginFraction);
  if (strips === null) return rejectUnmatched('implausible', 'The layout says that these two tiles do not overlap.');

  const [a, b] = await Promise.all([
    readStrip(reader, pair.a, strips.regionA, signal),
    readStrip(reader, pair.b, strips.regionB, signal),
  ]);
  signal.throwIfAborted();
  if (a instanceof StitchError) return rejectUnmatched('read-failed', a.message);
  if (b instanceof StitchError) return rejectUnmatched('read-failed', b.message);
  for (const [strip, tile] of [
    [a, tileA],
    [b, tileB],
  ] as const)
    if (!isTextured(strip, matcher.scale))
      return rejectUnmatched('no-texture', `${tile.file} shows nothing but an even field or noise in the overlap.`);

  const matches = await matchStrips(a, b, matcher, {
    signal,
    seed: seedOf(pairKey(pair)),
    aFromB: affineFromPose(pair.aFromB),
    searchRadiusPx: shiftLimitPx(pair),
  });
  signal.throwIfAborted();
  const correspondences = keepSure(matches, options.minConfidence ?? matcher.minConfidence);
  const chanceRadiusPx = (matcher.chanceRadiusPx ?? Infinity) / matcher.scale;
  const sizes = { a: tileA.size, b: tileB.size };
  const judge = (matches: Correspondences, weights?: Float32Array) =>
    verifyPair(pair, matches, sizes, { ...options, chanceRadiusPx, ...(weights ? { weights } : {}) }, now() - start);
  const judged = judge(correspondences);
  const canSharpen = options.align && matcher.scale < 1;
  const result = canSharpen && judged.kind === 'link' ? sharpenLink(judged, a, b, judge) : judged;
  return result.kind === 'link' ? { ...result, intensities: overlapIntensities(a, b, result.aFromB) } : result;
}

/** A link of a matcher below full resolution, its inliers aligned at full resolution and judged once more. */
function sharpenLink(
  link: Link,
  a: Strip,
  b: Strip,
  judge: (matches: Correspondences, weights: Float32Array) => PairResult,
): PairResult {
  const { correspondences, aligned } = alignPatches(link.correspondences, link.inlierMask, link.aFromB, a, b);
  if (!aligned.includes(1)) return link;
  const weights = Float32Array.from(aligned, (is) => (is === 1 ? 1 : unalignedWeight));
  const sharpened = judge(correspondences, weights);
  // Alignment moves matches by a fraction of the threshold: a link that does not survive it was not lost by it.
  return sharpened.kind === 'link' ? sharpened : link;
}

/** The strip's luma, or the error that its file gave; aborts and programmer's errors are thrown. */
async function readStrip(
  reader: TileReader,
  tile: TileId,
  region: Rect,
  signal: CancelSignal,
): Promise<Strip | StitchError> {
  try {
    return { raster: lumaOf(await reader.read(tile, { level: 0, region, signal })), region };
  } catch (error) {
    if (error instanceof StitchError && !isAbort(error)) return error;
    throw error;
  }
}

function isTextured({ raster }: Strip, scale: number): boolean {
  const leastSide = Math.min(raster.width, raster.height);
  return leastSide * scale >= 4 && hasTexture(downsample(raster, scale));
}

/** The matches at or above a confidence, the rest and every non-finite one dropped. */
function keepSure({ a, b, confidence }: Correspondences, least: number): Correspondences {
  const kept: number[] = [];
  for (let i = 0; i < confidence.length; i++)
    if (confidence[i] >= least && Number.isFinite(a[2 * i] + a[2 * i + 1] + b[2 * i] + b[2 * i + 1])) kept.push(i);
  return {
    a: Float32Array.from({ length: 2 * kept.length }, (_, k) => a[2 * kept[k >> 1] + (k & 1)]),
    b: Float32Array.from({ length: 2 * kept.length }, (_, k) => b[2 * kept[k >> 1] + (k & 1)]),
    confidence: Float32Array.from(kept, (i) => confidence[i]),
  };
}
