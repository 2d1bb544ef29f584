import { applyAffine, composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { growRect, intersectRects } from '../geometry/rect.ts';
import type { Rect } from '../geometry/rect.ts';
import type { CancelSignal } from '../progress.ts';
import { cropRaster } from '../raster/raster.ts';
import type { FloatRaster, Raster } from '../raster/raster.ts';
import { normaliseForMatching } from '../raster/normalise.ts';
import { downsample, fullFromSmall } from '../raster/resample.ts';
import { noCorrespondences } from './matcher.ts';
import type { Correspondences, Matcher } from './matcher.ts';
import type { Strip } from './overlap-intensities.ts';
import { findConsensus } from './ransac.ts';

export interface StripContext {
  readonly signal: CancelSignal;
  readonly seed: number;
  /** Where the layout puts b in a, full-resolution px of the tiles. */
  readonly aFromB: Affine2;
  /** How far from there a match is plausible, full-resolution px. */
  readonly searchRadiusPx: number;
}

/** Side of the cells that `Matcher.maxTokens` counts, px of the matcher's strips. */
export const tokenSidePx = 8;

/** Least agreement of a coarse pass that narrows the search of the windows. */
const coarseInliers = 10;
/** Cells of a strip, and across it, below which a finer scale is taken. */
const enoughCells = 160;
const enoughAcross = 5;
/** What is left of the search radius after a coarse pass: strips bend by up to a few percent of their length. */
const bendShare = 0.03;
const leastRadiusPx = 48;

/**
 * Matches two strips with a matcher at one of its scales and returns full-resolution px of the two tiles.
 *
 * A strip with more cells than the matcher's `maxTokens` is first matched whole at a scale at which it fits, which
 * narrows the search; then a's strip is cut along its longer side (and across, when still too large) into windows,
 * each matched with the piece of b that the search radius allows. If the radius is large against a window, the
 * windows' scale is lowered until it is a quarter. So strips of any size are matched in bounded memory.
 */
export async function matchStrips(
  a: Strip,
  b: Strip,
  matcher: Matcher,
  context: StripContext,
  wanted = matchingScale(matcher, a.region, b.region),
): Promise<Correspondences> {
  const limit = (matcher.maxTokens ?? Infinity) * tokenSidePx * tokenSidePx;
  const area = Math.max(areaOf(a.region), areaOf(b.region)) * wanted ** 2;
  if (area <= limit) return matchAtScale(a, b, matcher, wanted, context, [wholeOf]);
  const coarseScale = wanted * Math.sqrt(limit / area) * 0.99;
  const coarse = await matchAtScale(a, b, matcher, coarseScale, context, [wholeOf]);
  const narrowed = narrowSearch(coarse, coarseScale, a, context);
  const side = Math.sqrt(limit);
  const scale = Math.min(wanted, side / (4 * narrowed.searchRadiusPx));
  if (scale <= coarseScale) return coarse;
  const windows = windowGrid(a.region, scale, narrowed.searchRadiusPx, limit, matcher.multipleOf);
  const fine = await matchAtScale(a, b, matcher, scale, narrowed, windows);
  return fine.confidence.length > 0 ? fine : coarse;
}

/**
 * The coarsest of the matcher's scales at which the smaller strip still has enough cells, and enough of them across:
 * reduced further, a thin overlap is a handful of cells and its matches prove nothing.
 */
export function matchingScale(matcher: Matcher, a: Rect, b: Rect): number {
  const scales = [...(matcher.scales ?? [matcher.scale])].sort((p, q) => p - q);
  const area = Math.min(areaOf(a), areaOf(b));
  const side = Math.min(a.width, a.height, b.width, b.height);
  const isEnough = (scale: number) =>
    area * scale * scale >= enoughCells * tokenSidePx ** 2 && side * scale >= enoughAcross * tokenSidePx;
  return scales.find((scale) => scale >= matcher.scale && isEnough(scale)) ?? scales[scales.length - 1];
}

function areaOf({ width, height }: Rect): number {
  return width * height;
}

/** A window of a's scaled strip. */
type WindowOf = (strip: FloatRaster) => Rect;

const wholeOf: WindowOf = ({ width, height }) => ({ x: 0, y: 0, width, height });

function narrowSearch(coarse: Correspondences, scale: number, a: Strip, context: StripContext): StripContext {
  const consensus = findConsensus(coarse, { model: 'similarity', thresholdPx: 2 / scale, seed: context.seed });
  if (consensus === null || consensus.inliers < coarseInliers) return context;
  const bendPx = bendShare * Math.min(a.region.width, a.region.height);
  const searchRadiusPx = Math.min(context.searchRadiusPx, Math.max(leastRadiusPx, bendPx));
  return { ...context, aFromB: consensus.aFromB, searchRadiusPx };
}

/** The fewest windows of a's strip, halving the longer side first, whose pieces of b stay within `limit` px². */
function windowGrid(
  region: Rect,
  scale: number,
  radiusPx: number,
  limit: number,
  multipleOf: number,
): readonly WindowOf[] {
  const width = Math.floor(region.width * scale);
  const height = Math.floor(region.height * scale);
  const margin = 2 * Math.ceil(radiusPx * scale);
  const stepOf = (length: number, count: number) => Math.ceil(length / count / multipleOf) * multipleOf;
  let columns = 1;
  let rows = 1;
  while ((stepOf(width, columns) + margin) * (stepOf(height, rows) + margin) > limit) {
    if (stepOf(width, columns) <= multipleOf && stepOf(height, rows) <= multipleOf) break;
    if (width / columns > height / rows) columns++;
    else rows++;
  }
  const stepX = stepOf(width, columns);
  const stepY = stepOf(height, rows);
  const windows: WindowOf[] = [];
  for (let y = 0; y < height; y += stepY)
    for (let x = 0; x < width; x += stepX)
      windows.push((strip) => ({
        x,
        y,
        width: Math.min(stepX, strip.width - x),
        height: Math.min(stepY, strip.height - y),
      }));
  return windows;
}

async function matchAtScale(
  a: Strip,
  b: Strip,
  matcher: Matcher,
  scale: number,
  context: StripContext,
  windows: readonly WindowOf[],
): Promise<Correspondences> {
  const normalise = (small: FloatRaster, full: Raster) =>
    matcher.normalisation === 'unit' ? fractionOfWhite(small, full) : normaliseForMatching(small);
  const smallA = normalise(downsampleStrip(a.raster, scale), a.raster);
  const smallB = normalise(downsampleStrip(b.raster, scale), b.raster);
  // scaled strips from tiles and back: q = s·p + s(½ − origin) − ½
  const stripAFromStripB = composeAffine(
    stripFromTile(a.region, scale),
    composeAffine(context.aFromB, invertAffine(stripFromTile(b.region, scale))),
  );
  const radius = context.searchRadiusPx * scale;
  const found: Correspondences[] = [];
  for (const windowOf of windows) {
    context.signal.throwIfAborted();
    const windowA = cropToMultiple(windowOf(smallA), matcher.multipleOf);
    const windowB = windows.length === 1 ? wholeOf(smallB) : pieceOfB(windowA, stripAFromStripB, radius, smallB);
    const croppedB = windowB && cropToMultiple(windowB, matcher.multipleOf);
    if (windowA === null || croppedB === null) continue;
    const aFromB = composeAffine(
      { a: 1, b: 0, c: 0, d: 1, e: -windowA.x, f: -windowA.y },
      composeAffine(stripAFromStripB, { a: 1, b: 0, c: 0, d: 1, e: croppedB.x, f: croppedB.y }),
    );
    const matches = await matcher.match(cropRaster(smallA, windowA), cropRaster(smallB, croppedB), {
      signal: context.signal,
      seed: context.seed,
      aFromB,
      searchRadiusPx: radius,
      scale,
    });
    found.push({
      a: toTile(matches.a, windowA, scale, a.region),
      b: toTile(matches.b, croppedB, scale, b.region),
      confidence: matches.confidence,
      ...(matches.sigmaPx && { sigmaPx: matches.sigmaPx.map((sigma) => sigma / scale) }),
    });
  }
  return concatenate(found);
}

/** Downsampled, and left alone when nothing would be left (the matcher then sees a sliver and finds nothing). */
function downsampleStrip(raster: Raster, scale: number): FloatRaster {
  return downsample(raster, Math.max(scale, 1 / Math.min(raster.width, raster.height)));
}

function stripFromTile(region: Rect, scale: number): Affine2 {
  const offset = scale / 2 - 0.5;
  return { a: scale, b: 0, c: 0, d: scale, e: offset - scale * region.x, f: offset - scale * region.y };
}

/** The piece of b's scaled strip that a window of a may show. */
function pieceOfB(window: Rect | null, stripAFromStripB: Affine2, radius: number, b: FloatRaster): Rect | null {
  if (window === null) return null;
  const stripBFromStripA = invertAffine(stripAFromStripB);
  const right = window.x + window.width - 1;
  const bottom = window.y + window.height - 1;
  const corners = [
    applyAffine(stripBFromStripA, window.x, window.y),
    applyAffine(stripBFromStripA, right, window.y),
    applyAffine(stripBFromStripA, window.x, bottom),
    applyAffine(stripBFromStripA, right, bottom),
  ];
  const xs = corners.map(({ x }) => x);
  const ys = corners.map(({ y }) => y);
  const x = Math.floor(Math.min(...xs));
  const y = Math.floor(Math.min(...ys));
  const box = { x, y, width: Math.ceil(Math.max(...xs)) - x + 1, height: Math.ceil(Math.max(...ys)) - y + 1 };
  return intersectRects(growRect(box, Math.ceil(radius)), wholeOf(b));
}

/** The largest part of a rectangle, from its upper-left corner on, with sides that are multiples; null when none is. */
function cropToMultiple({ x, y, width, height }: Rect, multipleOf: number): Rect | null {
  const cropped = { x, y, width: width - (width % multipleOf), height: height - (height % multipleOf) };
  return cropped.width > 0 && cropped.height > 0 ? cropped : null;
}

function toTile(points: Float32Array, window: Rect, scale: number, region: Rect): Float32Array {
  const mapped = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 2) {
    mapped[i] = fullFromSmall(points[i] + window.x, scale, region.x);
    mapped[i + 1] = fullFromSmall(points[i + 1] + window.y, scale, region.y);
  }
  return mapped;
}

function concatenate(parts: readonly Correspondences[]): Correspondences {
  if (parts.length === 0) return noCorrespondences;
  const joined = (of: (part: Correspondences) => Float32Array) => {
    const arrays = parts.map(of);
    const all = new Float32Array(arrays.reduce((sum, array) => sum + array.length, 0));
    let at = 0;
    for (const array of arrays) {
      all.set(array, at);
      at += array.length;
    }
    return all;
  };
  const isKnown = parts.every(({ sigmaPx }) => sigmaPx !== undefined);
  return {
    a: joined(({ a }) => a),
    b: joined(({ b }) => b),
    confidence: joined(({ confidence }) => confidence),
    ...(isKnown && { sigmaPx: joined(({ sigmaPx }) => sigmaPx ?? new Float32Array(0)) }),
  };
}

/** Grey values as fractions of the white of the file's sample type; floats are stretched, they have no white. */
function fractionOfWhite(small: FloatRaster, full: Raster): FloatRaster {
  const white = full.data instanceof Uint8Array ? 255 : full.data instanceof Uint16Array ? 65535 : null;
  if (white === null) return normaliseForMatching(small);
  return { ...small, data: small.data.map((value) => value / white) };
}
