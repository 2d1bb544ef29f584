import { unitGain } from '../src/core/photometry/gain-offset.ts';
import { applyAffine, identityAffine, invertAffine, type Affine2 } from '../src/core/geometry/affine2.ts';
import { growRect, intersectRects, uniteRects, type Rect } from '../src/core/geometry/rect.ts';
import { composeRegion, type ComposedRegion } from '../src/core/mosaic/compositor.ts';
import { defaultComposeOptions, type Mosaic } from '../src/core/mosaic/mosaic.ts';
import type { CancelSignal } from '../src/core/progress.ts';
import { lumaOf } from '../src/core/raster/raster.ts';
import type { Tile, TileReader } from '../src/core/tiles/tile.ts';
import { paintRaster } from './display.ts';
import type { DisplayRange, PairView } from './protocol.ts';
import { screenPicture } from './screen-picture.ts';
import { valueStatistics } from './value-statistics.ts';

/** How far the crops reach beyond the overlap, as a fraction of its thinner side. */
const contextFraction = 0.35;
/** Fewer common pixels than this say nothing about correlation. */
const minCommonPixels = 256;

/**
 * The pixels of one pair as bitmaps: both crops, and the overlap in the frame of a with b warped into it.
 * The compositor renders all of them, so that the inspector shows what the mosaic is made of.
 */
export async function renderPairView(
  a: Tile,
  b: Tile,
  aFromB: Affine2,
  maxSide: number,
  reader: TileReader,
  signal: CancelSignal,
): Promise<PairView> {
  const frameA: Rect = { x: 0, y: 0, ...a.size };
  const frameB: Rect = { x: 0, y: 0, ...b.size };
  // Where the motion leaves no overlap (a wrong link), the facing edges are shown.
  const overlapRegion =
    intersectRects(frameA, boundsOf(aFromB, frameB)) ?? nearestEdge(frameA, boundsOf(aFromB, frameB));
  const context = Math.ceil(contextFraction * Math.min(overlapRegion.width, overlapRegion.height));
  const cropA = intersectRects(frameA, growRect(overlapRegion, context)) ?? overlapRegion;
  const inB = boundsOf(invertAffine(aFromB), overlapRegion);
  const cropB =
    intersectRects(frameB, growRect(inB, context)) ??
    intersectRects(frameB, growRect(nearestEdge(frameB, inB), context)) ??
    frameB;

  const bounds = uniteRects(frameA, frameB);
  const render = (tile: Tile, mosaicFromTile: Affine2, rect: Rect) =>
    composeRegion(
      mosaicOfOne(tile, mosaicFromTile, bounds),
      { rect, scale: scaleFor(rect, maxSide) },
      plain,
      reader,
      signal,
    );

  const [cropOfA, cropOfB, overlapOfA, overlapOfB] = await Promise.all([
    render(a, identityAffine, cropA),
    render(b, identityAffine, cropB),
    render(a, identityAffine, overlapRegion),
    render(b, aFromB, overlapRegion),
  ]);
  const rangeA = stretchOf(overlapOfA);
  const rangeB = stretchOf(overlapOfB);
  return {
    a: { bitmap: await bitmapOf(cropOfA, rangeA), region: cropA },
    b: { bitmap: await bitmapOf(cropOfB, rangeB), region: cropB },
    overlapRegion,
    overlapA: await bitmapOf(overlapOfA, rangeA),
    overlapB: await bitmapOf(overlapOfB, rangeB),
    ...(await compare(overlapOfA, rangeA, overlapOfB, rangeB)),
  };
}

/** Correlation of what two tiles show of their overlap under a motion; null without one, or without structure. */
export async function overlapCorrelation(
  a: Tile,
  b: Tile,
  aFromB: Affine2,
  maxSide: number,
  reader: TileReader,
  signal: CancelSignal,
): Promise<number | null> {
  const frameA: Rect = { x: 0, y: 0, ...a.size };
  const rect = intersectRects(frameA, boundsOf(aFromB, { x: 0, y: 0, ...b.size }));
  if (rect === null) return null;
  const region = { rect, scale: scaleFor(rect, maxSide) };
  const p = await composeRegion(mosaicOfOne(a, identityAffine, frameA), region, plain, reader, signal);
  const q = await composeRegion(mosaicOfOne(b, aFromB, frameA), region, plain, reader, signal);
  const [u, v] = [lumaOf(p.channels).data, lumaOf(q.channels).data];
  const sums = noSums();
  for (let i = 0; i < u.length; i++) if (p.coverage[i] !== 0 && q.coverage[i] !== 0) accumulate(sums, u[i], v[i]);
  return correlationOf(sums);
}

/** A mosaic of nothing but one tile. */
function mosaicOfOne(tile: Tile, mosaicFromTile: Affine2, bounds: Rect): Mosaic {
  return {
    bounds,
    placements: [{ tile: tile.id, size: tile.size, mosaicFromTile, state: 'solved', component: 0, tone: unitGain }],
    channels: tile.channels,
    sampleType: tile.sampleType,
    pixelSizeNm: null,
  };
}

const plain = { ...defaultComposeOptions, blend: 'overlay', evenTones: false } as const;

function scaleFor(rect: Rect, maxSide: number): number {
  return Math.min(1, maxSide / Math.max(rect.width, rect.height));
}

/** Whole-pixel bounds of a rectangle's pixel centres under a map. */
function boundsOf(targetFromSource: Affine2, rect: Rect): Rect {
  const right = rect.x + rect.width - 1;
  const bottom = rect.y + rect.height - 1;
  const corners = [
    applyAffine(targetFromSource, rect.x, rect.y),
    applyAffine(targetFromSource, right, rect.y),
    applyAffine(targetFromSource, rect.x, bottom),
    applyAffine(targetFromSource, right, bottom),
  ];
  const x = Math.floor(Math.min(...corners.map((p) => p.x)));
  const y = Math.floor(Math.min(...corners.map((p) => p.y)));
  return {
    x,
    y,
    width: Math.ceil(Math.max(...corners.map((p) => p.x))) - x + 1,
    height: Math.ceil(Math.max(...corners.map((p) => p.y))) - y + 1,
  };
}

/** The tenth of `frame` that faces `other`. */
function nearestEdge(frame: Rect, other: Rect): Rect {
  const dx = other.x + other.width / 2 - (frame.x + frame.width / 2);
  const dy = other.y + other.height / 2 - (frame.y + frame.height / 2);
  const thin = (side: number) => Math.max(1, Math.round(side / 10));
  if (Math.abs(dx) >= Math.abs(dy)) {
    const width = thin(frame.width);
    return { ...frame, x: dx > 0 ? frame.x + frame.width - width : frame.x, width };
  }
  const height = thin(frame.height);
  return { ...frame, y: dy > 0 ? frame.y + frame.height - height : frame.y, height };
}

/** The display range of the covered samples. */
function stretchOf(region: ComposedRegion): DisplayRange {
  const { low, high } = valueStatistics(lumaOf(region.channels), region.coverage);
  return { low, high: Math.max(high, low + 1e-6), gamma: 1, invert: false };
}

function bitmapOf(region: ComposedRegion, range: DisplayRange): Promise<ImageBitmap> {
  return screenPicture(paintRaster(region.channels, region.coverage, range));
}

/** Difference, green/magenta and correlation of two renderings of one region, each under its own stretch. */
async function compare(
  a: ComposedRegion,
  rangeA: DisplayRange,
  b: ComposedRegion,
  rangeB: DisplayRange,
): Promise<Pick<PairView, 'difference' | 'greenMagenta' | 'ncc'>> {
  const { width, height } = a;
  const [p, q] = [lumaOf(a.channels).data, lumaOf(b.channels).data];
  const difference = new ImageData(width, height);
  const greenMagenta = new ImageData(width, height);
  const level = (value: number, { low, high }: DisplayRange) =>
    255 * Math.min(1, Math.max(0, (value - low) / (high - low)));
  const sums = noSums();
  for (let i = 0; i < width * height; i++) {
    const both = a.coverage[i] !== 0 && b.coverage[i] !== 0;
    const u = a.coverage[i] ? level(p[i], rangeA) : 0;
    const v = b.coverage[i] ? level(q[i], rangeB) : 0;
    greenMagenta.data.set([v, u, v, a.coverage[i] || b.coverage[i] ? 255 : 0], 4 * i);
    const d = both ? Math.min(255, 2 * Math.abs(u - v)) : 0;
    difference.data.set([d, d, d, both ? 255 : 0], 4 * i);
    if (both) accumulate(sums, p[i], q[i]);
  }
  return {
    difference: await screenPicture(difference),
    greenMagenta: await screenPicture(greenMagenta),
    ncc: correlationOf(sums),
  };
}

interface Sums {
  n: number;
  p: number;
  q: number;
  pp: number;
  qq: number;
  pq: number;
}

function noSums(): Sums {
  return { n: 0, p: 0, q: 0, pp: 0, qq: 0, pq: 0 };
}

function accumulate(sums: Sums, p: number, q: number): void {
  if (!Number.isFinite(p + q)) return;
  sums.n++;
  sums.p += p;
  sums.q += q;
  sums.pp += p * p;
  sums.qq += q * q;
  sums.pq += p * q;
}

function correlationOf({ n, p, q, pp, qq, pq }: Sums): number | null {
  const varP = pp / n - (p / n) ** 2;
  const varQ = qq / n - (q / n) ** 2;
  if (n < minCommonPixels || !(varP > 0) || !(varQ > 0)) return null;
  return (pq / n - (p / n) * (q / n)) / Math.sqrt(varP * varQ);
}
