import { gaussianTaps } from '../../core/raster/resample.ts';
import type { FloatRaster } from '../../core/raster/raster.ts';
import type { SiftKernels } from './kernels.ts';

/** The kernels convolve this many samples at a time. */
const pass = 16;

/** Gaussian blur, separable, cut at 4 σ, mirrored at the border: core's `blurGaussian` on the kernels. σ in px, > 0. */
export function blur({ data, width, height }: FloatRaster, sigma: number, kernels: SiftKernels): FloatRaster {
  const taps = gaussianTaps(sigma);
  const radius = taps.length - 1;
  const stride = Math.ceil(width / pass) * pass;
  const image = Math.ceil(taps.length / pass) * pass;
  const row = image + (height + 2 * radius) * stride;
  const out = row + stride + 2 * radius;
  const floats = kernels.floats(out + stride);
  floats.set(taps, 0);
  for (let y = -radius; y < height + radius; y++) {
    const from = mirror(y, height) * width;
    floats.set(data.subarray(from, from + width), image + (y + radius) * stride);
  }
  const output = new Float32Array(width * height);
  const middle = row + radius;
  for (let y = 0; y < height; y++) {
    kernels.convolve(middle, image + (y + radius) * stride, 0, radius, stride, stride);
    for (let k = 1; k <= radius; k++) {
      floats[middle - k] = floats[middle + mirror(-k, width)];
      floats[middle + width - 1 + k] = floats[middle + mirror(width - 1 + k, width)];
    }
    kernels.convolve(out, middle, 0, radius, 1, stride);
    output.set(floats.subarray(out, out + width), y * width);
  }
  return { data: output, width, height };
}

/** Index into 0 … length − 1 mirrored at the outer pixels without repeating them (… 2 1 | 0 1 2 …). */
function mirror(i: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const k = ((i % period) + period) % period;
  return k < length ? k : period - k;
}
