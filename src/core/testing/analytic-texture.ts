import { applyAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { seededRandom } from '../random.ts';
import type { FloatRaster } from '../raster/raster.ts';

/** A smooth, endless, non-repeating picture whose value is known at every point, not only at pixels. */
export interface AnalyticTexture {
  valueAt(x: number, y: number): number;
}

/**
 * A sum of Gaussian spots on a jittered lattice: value = Σ h exp(−|p − c|²/2σ²),
 * with two sizes of spots. What is sampled from it under a known motion has no interpolation error at all.
 * @param spacing mean distance of the small spots, px.
 */
export function spotTexture(seed: number, spacing = 9): AnalyticTexture {
  const layers = [spotLayer(seed, spacing, spacing * 0.28), spotLayer(seed + 1, spacing * 3.1, spacing * 0.8)];
  return { valueAt: (x, y) => 0.5 + 0.35 * (layers[0](x, y) + layers[1](x, y)) };
}

function spotLayer(seed: number, spacing: number, sigma: number): (x: number, y: number) => number {
  const cache = new Map<number, Float64Array>();
  const spot = (i: number, j: number): Float64Array => {
    const key = (i + 65536) * 262144 + (j + 65536);
    let found = cache.get(key);
    if (found === undefined) {
      const random = seededRandom((seed * 2654435761 + key) | 0);
      const width = sigma * (0.7 + 0.9 * random());
      found = Float64Array.of(
        (i + random()) * spacing,
        (j + random()) * spacing,
        (random() < 0.5 ? -1 : 1) * (0.4 + 0.6 * random()),
        1 / (2 * width * width),
      );
      cache.set(key, found);
    }
    return found;
  };
  const reach = Math.ceil((6 * sigma) / spacing);
  const side = 2 * reach + 1;
  const near = new Float64Array(4 * side * side);
  let [nearI, nearJ] = [NaN, NaN];
  const gather = (i: number, j: number) => {
    for (let k = 0; k < side * side; k++)
      near.set(spot(i - reach + (k % side), j - reach + Math.floor(k / side)), 4 * k);
    nearI = i;
    nearJ = j;
  };
  return (x, y) => {
    const i = Math.floor(x / spacing);
    const j = Math.floor(y / spacing);
    // neighbouring pixels share their spots
    if (i !== nearI || j !== nearJ) gather(i, j);
    let sum = 0;
    for (let k = 0; k < near.length; k += 4) {
      const dx = x - near[k];
      const dy = y - near[k + 1];
      const exponent = (dx * dx + dy * dy) * near[k + 3];
      if (exponent < 20) sum += near[k + 2] * Math.exp(-exponent);
    }
    return sum;
  };
}

/** A raster whose pixel (i, j) is the texture at textureFromRaster(i, j): point samples, no resampling. */
export function sampleTexture(
  texture: AnalyticTexture,
  width: number,
  height: number,
  textureFromRaster: Affine2,
): FloatRaster {
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const point = applyAffine(textureFromRaster, x, y);
      data[y * width + x] = texture.valueAt(point.x, point.y);
    }
  }
  return { data, width, height };
}

/** The raster with independent noise of standard deviation `sigma` (sum of 12 uniform numbers). */
export function addNoise({ data, width, height }: FloatRaster, sigma: number, seed: number): FloatRaster {
  const random = seededRandom(seed);
  const noisy = data.map((value) => {
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += random();
    return value + sigma * sum;
  });
  return { data: noisy, width, height };
}
