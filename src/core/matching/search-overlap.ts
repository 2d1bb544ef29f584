import { applyAffine, composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { blurGaussian, downsample } from '../raster/resample.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { levelFromTile } from './alignment-level.ts';
import { correlationSurface } from './correlation-surface.ts';
import type { CorrelationSurface } from './correlation-surface.ts';
import { smallMotion } from './motion-model.ts';
import type { Strip } from './overlap-intensities.ts';

/** Two strips reduced to what correlation compares: local structure of even strength. */
export interface SearchImages {
  readonly scale: number;
  readonly a: FloatRaster;
  readonly b: FloatRaster;
  readonly aFromTile: Affine2;
  readonly bFromTile: Affine2;
  /** Place that turns leave where it is: middle of b's strip, px of tile b. */
  readonly middleB: readonly [number, number];
}

/** A place where the strips may fit. */
export interface Fit {
  readonly aFromB: Affine2;
  /** Correlation in standard deviations of what other places of the same window give. */
  readonly z: number;
}

/** Most pixels of a reduced strip: keeps a transform of both below 2¹⁶ points or so. */
const mostPixels = 24_000;
const leastSide = 16;
/** Band that is compared, px of the reduced strips: what is left between the two blurs. */
const fineBlurPx = 0.5;
const coarseBlurPx = 4;
/** Reach of the local contrast, and the share of the mean below which flat places are not amplified. */
const contrastReachPx = 5;
const leastContrast = 0.3;
/** Turning by one step moves the ends of the strip by this, px of the reduced strips. */
const turnStepPx = 4;
/** Standard deviations that a place must stand out by to be looked at. */
const leastPeak = 2;
/** Places nearer to each other than this are one, full-resolution px. */
export const onePlacePx = 7;

/** Reduces two strips for `searchOverlap`. */
export function searchImages(a: Strip, b: Strip): SearchImages {
  const side = Math.min(a.region.width, a.region.height, b.region.width, b.region.height);
  const area = Math.max(a.region.width * a.region.height, b.region.width * b.region.height);
  let scale = 0.5;
  while (area * scale * scale > mostPixels && (side * scale) / 2 >= leastSide) scale /= 2;
  if (side * scale < leastSide) scale = 1;
  const { x, y, width, height } = b.region;
  return {
    scale,
    a: evenStructure(downsample(a.raster, scale)),
    b: evenStructure(downsample(b.raster, scale)),
    aFromTile: levelFromTile(a.region, scale),
    bFromTile: levelFromTile(b.region, scale),
    middleB: [x + (width - 1) / 2, y + (height - 1) / 2],
  };
}

function evenStructure(raster: FloatRaster): FloatRaster {
  const fine = blurGaussian(raster, fineBlurPx);
  const coarse = blurGaussian(raster, coarseBlurPx);
  const data = fine.data.map((value, i) => value - coarse.data[i]);
  const strength = blurGaussian({ ...raster, data: data.map((value) => value * value) }, contrastReachPx).data;
  let mean = 0;
  for (let i = 0; i < strength.length; i++) mean += strength[i] / strength.length;
  if (!(mean > 0)) return { ...raster, data };
  return { ...raster, data: data.map((value, i) => value / Math.sqrt(strength[i] + leastContrast * mean)) };
}

/** Turns to try so that no true one is further than half a step from them; 0 first, then outwards. */
export function turnsWithin(images: SearchImages, limitRad: number): readonly number[] {
  const half = Math.hypot(images.b.width, images.b.height) / 2;
  const step = turnStepPx / half;
  const count = Math.ceil(limitRad / step - 0.5);
  const turns = [0];
  for (let k = 1; k <= count; k++) turns.push(-k * step, k * step);
  return turns;
}

/**
 * The places within `radiusPx` of where aFromB puts the middle of b, under each of the turns, where correlation peaks:
 * best first, no two nearer than `onePlacePx`.
 */
export function searchOverlap(
  images: SearchImages,
  aFromB: Affine2,
  radiusPx: number,
  turns: readonly number[],
  most: number,
): readonly Fit[] {
  const found: Fit[] = [];
  for (const turn of turns) {
    const { x, y } = applyAffine(aFromB, ...images.middleB);
    const turned = composeAffine(smallMotion('rigid', [0, 0, turn], [x, y]), aFromB);
    found.push(...peaksUnder(images, turned, radiusPx, most));
  }
  return distinct(found, images.middleB).slice(0, most);
}

/** Correlation of one motion, best within a pixel of the reduced strips round it, and of the best other places near it. */
export function fitAt(
  images: SearchImages,
  aFromB: Affine2,
  radiusPx: number,
): { readonly z: number; readonly rival: number } {
  const surface = surfaceOf(images, aFromB, radiusPx);
  if (surface === null) return { z: -Infinity, rival: Infinity };
  const { z, width, height } = surface;
  let [here, rival] = [-Infinity, -Infinity];
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  const near = Math.max(2, onePlacePx * images.scale);
  for (let j = 0; j < height; j++)
    for (let i = 0; i < width; i++) {
      const distance = Math.hypot(i - cx, j - cy);
      if (distance < 1.5) here = Math.max(here, z[j * width + i]);
      else if (distance > near) rival = Math.max(rival, z[j * width + i]);
    }
  return { z: here, rival };
}

/** The surface round a motion with its own spread as the unit: no line or lattice stands out of itself. */
function surfaceOf(images: SearchImages, aFromB: Affine2, radiusPx: number) {
  const motion = composeAffine(images.aFromTile, composeAffine(aFromB, invertAffine(images.bFromTile)));
  const surface = correlationSurface(images.a, images.b, motion, { x: 0, y: 0, radius: radiusPx * images.scale });
  if (surface === null) return null;
  const known = surface.z.filter((value) => value > -Infinity).sort();
  if (known.length < 25) return null;
  const at = (share: number) => known[Math.floor(share * (known.length - 1))];
  // The middle 95 % of a normal distribution span four standard deviations.
  const spread = Math.max(1, (at(0.9772) - at(0.0228)) / 4);
  return { ...surface, z: surface.z.map((value) => value / spread) };
}

function peaksUnder(images: SearchImages, aFromB: Affine2, radiusPx: number, most: number): Fit[] {
  const surface = surfaceOf(images, aFromB, radiusPx);
  if (surface === null) return [];
  return peaksOf(surface, 2 * most).map(({ x, y, z }) => {
    const [dx, dy] = [x / images.scale, y / images.scale];
    return { aFromB: { ...aFromB, e: aFromB.e + dx, f: aFromB.f + dy }, z };
  });
}

/** Places above `leastPeak` that none of their eight neighbours exceeds, best first, px of the reduced strips. */
export function peaksOf(
  { x, y, z, width, height }: Pick<CorrelationSurface, 'x' | 'y' | 'z' | 'width' | 'height'>,
  most: number,
): readonly { readonly x: number; readonly y: number; readonly z: number }[] {
  const peaks: { x: number; y: number; z: number }[] = [];
  z.forEach((value, k) => {
    const [i, j] = [k % width, Math.floor(k / width)];
    if (value > leastPeak && isPeak(z, width, height, i, j)) peaks.push({ x: x + i, y: y + j, z: value });
  });
  return peaks.sort((p, q) => q.z - p.z).slice(0, most);
}

function isPeak(z: Float64Array, width: number, height: number, i: number, j: number): boolean {
  for (let v = Math.max(0, j - 1); v <= Math.min(height - 1, j + 1); v++)
    for (let u = Math.max(0, i - 1); u <= Math.min(width - 1, i + 1); u++)
      if (z[v * width + u] > z[j * width + i]) return false;
  return true;
}

/** How far apart two motions put a point of b, px of a. */
export function distanceAt([x, y]: readonly [number, number], p: Affine2, q: Affine2): number {
  const [here, there] = [applyAffine(p, x, y), applyAffine(q, x, y)];
  return Math.hypot(here.x - there.x, here.y - there.y);
}

/** Best first; of places within `onePlacePx` of each other (where they put the middle of b) the best alone. */
export function distinct<T extends Fit>(fits: readonly T[], middleB: readonly [number, number]): readonly T[] {
  const kept: T[] = [];
  for (const fit of [...fits].sort((p, q) => q.z - p.z))
    if (kept.every((other) => distanceAt(middleB, other.aFromB, fit.aFromB) > onePlacePx)) kept.push(fit);
  return kept;
}
