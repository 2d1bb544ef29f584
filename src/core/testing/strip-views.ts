import { composeAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Size } from '../geometry/rect.ts';
import type { Strip } from '../matching/overlap-intensities.ts';
import { addNoise, sampleTexture, spotTexture } from './analytic-texture.ts';
import type { AnalyticTexture } from './analytic-texture.ts';

/** How the two views of `stripViews` differ, beside their motion. */
export interface StripViewOptions {
  /** Standard deviation of independent noise in both, grey levels. */
  readonly sigma?: number;
  readonly seed?: number;
  /** What b's grey levels are multiplied by, and what is added. */
  readonly gain?: number;
  readonly offset?: number;
  readonly texture?: AnalyticTexture;
}

/** Two strips of one texture, b seen through aFromB: sampled where its pixels lie, without interpolation; grey levels of about 0…255. */
export function stripViews(
  size: Size,
  aFromB: Affine2,
  { sigma = 0, seed = 1, gain = 1, offset = 0, texture = spotTexture(11) }: StripViewOptions = {},
): { readonly a: Strip; readonly b: Strip } {
  const origin = translation(400, 300);
  const grey = (textureFromTile: Affine2, noiseSeed: number): Strip => {
    const raster = sampleTexture(texture, size.width, size.height, textureFromTile);
    const scaled = { ...raster, data: raster.data.map((value) => 60 + 120 * value) };
    return { raster: addNoise(scaled, sigma, noiseSeed), region: { x: 0, y: 0, ...size } };
  };
  const b = grey(composeAffine(origin, aFromB), 2 * seed + 1);
  const toned = { ...b.raster, data: b.raster.data.map((value) => gain * value + offset) };
  return { a: grey(origin, 2 * seed), b: { ...b, raster: toned } };
}
