import type { FloatRaster } from '../../core/raster/raster.ts';
import { blur } from './blur.ts';
import type { SiftKernels } from './kernels.ts';

/** One octave of a Gaussian scale space. */
export interface Octave {
  /** `layers` + 3 images whose blur grows by 2^(1/layers) each; pixel (i, j) lies at (i, j) · `step` of the input. */
  readonly gaussians: readonly FloatRaster[];
  /** Input px per octave px: ½, 1, 2, 4, … */
  readonly step: number;
}

export interface ScaleSpaceOptions {
  /** Scales per octave that keypoints are found at. */
  readonly layers: number;
  /** Blur of the first image of an octave, octave px. */
  readonly sigma: number;
  /** Blur that the input is assumed to have, px. */
  readonly inputSigma: number;
  /** Start from the input enlarged twofold: finer keypoints at five times the cost. */
  readonly isDoubled: boolean;
}

/** Octaves smaller than this hold no keypoint inside the border. */
const leastSide = 16;

/**
 * Gaussian scale space. An octave starts from every second pixel of the one before, the doubled base interpolates at
 * (i/2, j/2): pixel 0 stays pixel 0, so no octave is shifted against the input (OpenCV's default base is, by ¼ px).
 *
 * @see Lowe 2004, "Distinctive Image Features from Scale-Invariant Keypoints", section 3
 */
export function* octavesOf(input: FloatRaster, options: ScaleSpaceOptions, kernels: SiftKernels): Generator<Octave> {
  const { layers, sigma, inputSigma, isDoubled } = options;
  const known = isDoubled ? 2 * inputSigma : inputSigma;
  const start = isDoubled ? enlargeTwofold(input) : input;
  let base = blur(start, Math.sqrt(Math.max(sigma * sigma - known * known, 0.01)), kernels);
  const increments = Array.from({ length: layers + 2 }, (_, i) => {
    const before = sigma * 2 ** (i / layers);
    return before * Math.sqrt(2 ** (2 / layers) - 1);
  });
  for (let step = isDoubled ? 0.5 : 1; Math.min(base.width, base.height) >= leastSide; step *= 2) {
    const gaussians = [base];
    for (const increment of increments) gaussians.push(blur(gaussians[gaussians.length - 1], increment, kernels));
    yield { gaussians, step };
    base = everySecondPixel(gaussians[layers]);
  }
}

/** Linear interpolation at half pixels; the size is 2n − 1, so that nothing is extrapolated. */
function enlargeTwofold({ data, width, height }: FloatRaster): FloatRaster {
  const outWidth = 2 * width - 1;
  const outHeight = 2 * height - 1;
  const output = new Float32Array(outWidth * outHeight);
  for (let y = 0; y < outHeight; y++) {
    const above = (y >> 1) * width;
    const below = ((y + 1) >> 1) * width;
    const to = y * outWidth;
    for (let x = 0; x < outWidth; x++) {
      const left = x >> 1;
      const right = (x + 1) >> 1;
      output[to + x] = (data[above + left] + data[above + right] + data[below + left] + data[below + right]) / 4;
    }
  }
  return { data: output, width: outWidth, height: outHeight };
}

function everySecondPixel({ data, width, height }: FloatRaster): FloatRaster {
  const outWidth = (width + 1) >> 1;
  const outHeight = (height + 1) >> 1;
  const output = new Float32Array(outWidth * outHeight);
  for (let y = 0; y < outHeight; y++)
    for (let x = 0; x < outWidth; x++) output[y * outWidth + x] = data[2 * y * width + 2 * x];
  return { data: output, width: outWidth, height: outHeight };
}
