import { isAbort, StitchError } from '../errors.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import type { PairOptions } from '../options.ts';
import type { CancelSignal } from '../progress.ts';
import { hasTexture } from '../raster/normalise.ts';
import { lumaOf } from '../raster/raster.ts';
import { blurGaussian, downsample } from '../raster/resample.ts';
import type { Rect } from '../geometry/rect.ts';
import { overlapStrips } from '../tiles/overlap-strips.ts';
import { pairKey } from '../tiles/tile.ts';
import type { Tile, TileId, TilePair, TileReader } from '../tiles/tile.ts';
import type { PairResult } from './link.ts';
import { noCorrespondences } from './matcher.ts';
import type { Correspondences, Matcher } from './matcher.ts';
import { matchingScale, matchStrips } from './match-strips.ts';
import { overlapIntensities } from './overlap-intensities.ts';
import type { Strip } from './overlap-intensities.ts';
import { seedOf } from '../random.ts';
import { sharpenLink } from './sharpen-link.ts';
import { rejectPair, shiftLimitPx, verifyPair } from './verify.ts';
import { weighOverlap } from './weigh-overlap.ts';
import type { WeighedPair } from './find-overlap.ts';

/** Where structure is looked for once more, and the Gaussian σ of what is no structure there, px. */
const coarseScale = 0.25;
const wideSigmaPx = 6;

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
  const textures = [
    { strip: a, tile: tileA },
    { strip: b, tile: tileB },
  ].map(({ strip, tile }) => ({ tile, texture: textureOf(strip, matcher.scale) }));
  const noTexture = (tile: Tile) => `${tile.file} shows nothing but an even field or noise in the overlap.`;
  const empty = textures.find(({ texture }) => texture === 'none');
  if (empty !== undefined) return rejectUnmatched('no-texture', noTexture(empty.tile));

  const scale = matchingScale(matcher, a.region, b.region);
  const context = {
    signal,
    seed: seedOf(pairKey(pair)),
    aFromB: affineFromPose(pair.aFromB),
    searchRadiusPx: shiftLimitPx(pair),
  };
  const matches = await matchStrips(a, b, matcher, context, scale);
  signal.throwIfAborted();
  const correspondences = keepSure(matches, options.minConfidence ?? matcher.minConfidence);
  const chanceRadiusPx = (matcher.chanceRadiusPx ?? Infinity) / scale;
  const sizes = { a: tileA.size, b: tileB.size };
  const verification = { ...options, chanceRadiusPx };
  const judged = verifyPair(pair, correspondences, sizes, verification, now() - start);
  const faint = textures.find(({ texture }) => texture === 'faint');
  const weighed = { a, b, sizes, options: verification, isFaint: faint !== undefined };
  const result = alignedResult(judged, weighed, options);
  if (result.kind === 'link')
    return { ...result, matchMs: now() - start, intensities: overlapIntensities(a, b, result.aFromB) };
  // Noise that looked a little like structure has been tried; what is left to say is that there was none.
  const said = faint === undefined ? {} : { reason: 'no-texture' as const, detail: noTexture(faint.tile) };
  return { ...result, ...said, matchMs: now() - start };
}

/** The result with its overlap aligned and weighed, as far as the options ask for it. */
function alignedResult(judged: PairResult, weighed: WeighedPair, { align, weigh = true }: PairOptions): PairResult {
  if (!align) return judged;
  if (weigh) return weighOverlap(judged, weighed);
  const { a, b, options } = weighed;
  return judged.kind === 'link' ? sharpenLink(judged, a, b, options.ransacPx).link : judged;
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

/**
 * Structure that is beyond doubt; `faint` when it may be noise alone, which is tried, and not believed to be structure
 * when nothing comes of it; `none` where all samples are the same.
 */
function textureOf({ raster }: Strip, scale: number): 'sure' | 'faint' | 'none' {
  const leastSide = Math.min(raster.width, raster.height);
  if (leastSide * scale < 4) return 'none';
  const small = downsample(raster, scale);
  if (hasTexture(small)) return 'sure';
  if (!hasTexture(small, -Infinity)) return 'none';
  const images = [small];
  if (leastSide * coarseScale >= 8) {
    // What strong noise leaves shows coarser, without the brightness of wide areas.
    const coarse = downsample(raster, coarseScale);
    const wide = blurGaussian(coarse, wideSigmaPx).data;
    images.push({ ...coarse, data: coarse.data.map((value, i) => value - wide[i]) });
  }
  return images.some((image) => hasTexture(image)) ? 'sure' : 'faint';
}

/** The matches at or above a confidence, the rest and every non-finite one dropped. */
function keepSure({ a, b, confidence, sigmaPx }: Correspondences, least: number): Correspondences {
  const kept: number[] = [];
  for (let i = 0; i < confidence.length; i++)
    if (confidence[i] >= least && Number.isFinite(a[2 * i] + a[2 * i + 1] + b[2 * i] + b[2 * i + 1])) kept.push(i);
  return {
    a: Float32Array.from({ length: 2 * kept.length }, (_, k) => a[2 * kept[k >> 1] + (k & 1)]),
    b: Float32Array.from({ length: 2 * kept.length }, (_, k) => b[2 * kept[k >> 1] + (k & 1)]),
    confidence: Float32Array.from(kept, (i) => confidence[i]),
    ...(sigmaPx && { sigmaPx: Float32Array.from(kept, (i) => sigmaPx[i]) }),
  };
}
