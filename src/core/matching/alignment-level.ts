import { applyAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { growRect, intersectRects, rectArea } from '../geometry/rect.ts';
import type { Rect } from '../geometry/rect.ts';
import { cropRaster } from '../raster/raster.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { blurGaussian, downsample, toFloatRaster } from '../raster/resample.ts';
import { noiseLeftBy, noiseSlopeLeftBy } from './noise-level.ts';
import type { Strip } from './overlap-intensities.ts';

/** Two strips at one scale, blurred alike, ready for direct alignment. */
export interface AlignmentLevel {
  /** Fraction of full resolution. */
  readonly scale: number;
  readonly a: FloatRaster;
  readonly b: FloatRaster;
  /** Pixels of the level from full-resolution px of the tiles. */
  readonly aFromTile: Affine2;
  readonly bFromTile: Affine2;
  /** What to leave at the borders, where the blur has only one side to take from, px of the level. */
  readonly marginPx: number;
}

/** On coarse levels some blur is left even when full resolution asks for none: aliasing does not align. */
const leastCoarseBlurPx = 0.7;

/** Pixels of an overlap above which half resolution places it well enough (to 0.01 px) at a quarter of the work. */
const ampleArea = 80_000;

/** The finest scale that aligning two cropped strips is worth. */
export function sufficientScale(a: Strip, b: Strip): number {
  return Math.min(rectArea(a.region), rectArea(b.region)) > ampleArea ? 0.5 : 1;
}

/** Fewest pixels of the overlap's shorter side on a coarse level. */
const leastCoarseSide = 24;
/** A coarse level is right to about this, px of the level; the start error in it should not be more. */
const basinPx = 1.5;

/**
 * Scales of the levels on which an overlap is aligned, the finest last; coarser by halves before, as far as the start
 * error asks and the overlap allows.
 * @param side shortest side of the two strips, px.
 */
export function pyramidScales(side: number, startErrorPx: number, finest: number): readonly number[] {
  const scales = [finest];
  for (let scale = finest / 2; startErrorPx * scale * 2 > basinPx && side * scale >= leastCoarseSide; scale /= 2)
    scales.unshift(scale);
  return scales;
}

/** Gaussian σ of a level, px of the level. */
function levelBlurPx(scale: number, blurPx: number): number {
  return scale === 1 ? blurPx : Math.max(leastCoarseBlurPx, blurPx * scale);
}

/** What is left on a level of the variance of independent noise, and of the variance of its slope along an axis. */
export function noiseOnLevel(
  noise: number,
  scale: number,
  blurPx: number,
): { readonly value: number; readonly slope: number } {
  const sigma = levelBlurPx(scale, blurPx);
  const averaged = noise * scale * scale;
  return { value: averaged * noiseLeftBy(sigma), slope: averaged * noiseSlopeLeftBy(sigma) };
}

/** @param blurPx Gaussian σ at full resolution, px. */
export function alignmentLevel(a: Strip, b: Strip, scale: number, blurPx: number): AlignmentLevel {
  const sigma = levelBlurPx(scale, blurPx);
  const filter = ({ raster }: Strip) => blurGaussian(toFloatRaster(downsample(raster, scale)), sigma);
  return {
    scale,
    a: filter(a),
    b: filter(b),
    aFromTile: levelFromTile(a.region, scale),
    bFromTile: levelFromTile(b.region, scale),
    marginPx: Math.ceil(2 * sigma),
  };
}

/** Pixels of a scaled strip from px of its tile: q = s·p + s(½ − origin) − ½ on both axes. */
export function levelFromTile(region: Rect, scale: number): Affine2 {
  const offset = scale / 2 - 0.5;
  return { a: scale, b: 0, c: 0, d: scale, e: offset - scale * region.x, f: offset - scale * region.y };
}

/** The parts of two strips that a motion lays on each other, and a margin round them; null when nothing is left. */
export function cropToOverlap(
  a: Strip,
  b: Strip,
  aFromB: Affine2,
  marginPx: number,
): { readonly a: Strip; readonly b: Strip } | null {
  const regionA = intersectRects(a.region, growRect(boundsUnder(aFromB, b.region), marginPx));
  const regionB = intersectRects(b.region, growRect(boundsUnder(invertAffine(aFromB), a.region), marginPx));
  return regionA && regionB && { a: cropStrip(a, regionA), b: cropStrip(b, regionB) };
}

function boundsUnder(map: Affine2, { x, y, width, height }: Rect): Rect {
  const corners = [
    applyAffine(map, x, y),
    applyAffine(map, x + width - 1, y),
    applyAffine(map, x, y + height - 1),
    applyAffine(map, x + width - 1, y + height - 1),
  ];
  const xs = corners.map((corner) => corner.x);
  const ys = corners.map((corner) => corner.y);
  const left = Math.floor(Math.min(...xs));
  const top = Math.floor(Math.min(...ys));
  return {
    x: left,
    y: top,
    width: Math.ceil(Math.max(...xs)) - left + 1,
    height: Math.ceil(Math.max(...ys)) - top + 1,
  };
}

function cropStrip({ raster, region }: Strip, kept: Rect): Strip {
  if (kept.width === region.width && kept.height === region.height) return { raster, region };
  const inRaster = { ...kept, x: kept.x - region.x, y: kept.y - region.y };
  return { raster: cropRaster(raster, inRaster), region: kept };
}
