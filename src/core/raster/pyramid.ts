import type { Size } from '../geometry/rect.ts';
import { allocateSamples, sampleTypeOf } from './raster.ts';
import type { Raster, Samples } from './raster.ts';

/** Size of level n of an image: ⌈size / 2ⁿ⌉. */
export function levelSize(size: Size, level: number): Size {
  const factor = 2 ** level;
  return { width: Math.ceil(size.width / factor), height: Math.ceil(size.height / factor) };
}

/**
 * The coarsest level that still has at least as many samples as an output of `scale` output px per full-resolution
 * px: ⌊log₂(1/scale)⌋, never below 0. The tiny slack keeps scale = 2⁻ⁿ computed with rounding errors at level n.
 */
export function levelForScale(scale: number): number {
  return Math.max(0, Math.floor(Math.log2(1 / scale) + 1e-9));
}

/**
 * The next level: every pixel is the mean of its 2×2 block, of the part inside the image at an odd right or lower
 * edge, so that pixel k has its centre at 2k + ½ of the raster given. Integers are rounded half to even: a chain of
 * levels then has no brightness bias. A NaN makes its block NaN.
 */
export function halveRaster<T extends Samples>(raster: Raster<T>): Raster<T> {
  const { width, height } = levelSize(raster, 1);
  const data = allocateSamples(sampleTypeOf(raster.data), width * height) as T;
  const isFloat = data instanceof Float32Array;
  for (let j = 0; j < height; j++) {
    const upper = 2 * j * raster.width;
    const lower = Math.min(2 * j + 1, raster.height - 1) * raster.width;
    if (isFloat) halveFloatRow(raster, upper, lower, data, j * width);
    else halveIntegerRow(raster, upper, lower, data, j * width);
  }
  return { data, width, height };
}

/** Level n by n halvings; the raster itself for n = 0. */
export function rasterAtLevel(raster: Raster, level: number): Raster {
  let current = raster;
  for (let n = 0; n < level; n++) current = halveRaster(current);
  return current;
}

/** With s = 4q + r the mean s/4 rounded half to even is (s + 1 + (q odd)) >> 2; a missing row or column repeats. */
function halveIntegerRow(raster: Raster, upper: number, lower: number, out: Samples, at: number): void {
  const { data, width } = raster;
  const pairs = width >> 1;
  for (let i = 0; i < pairs; i++) {
    const x = 2 * i;
    const sum = data[upper + x] + data[upper + x + 1] + data[lower + x] + data[lower + x + 1];
    out[at + i] = (sum + 1 + ((sum >> 2) & 1)) >> 2;
  }
  if (width & 1) {
    const sum = 2 * (data[upper + width - 1] + data[lower + width - 1]);
    out[at + pairs] = (sum + 1 + ((sum >> 2) & 1)) >> 2;
  }
}

function halveFloatRow(raster: Raster, upper: number, lower: number, out: Samples, at: number): void {
  const { data, width } = raster;
  const pairs = width >> 1;
  for (let i = 0; i < pairs; i++) {
    const x = 2 * i;
    out[at + i] = (data[upper + x] + data[upper + x + 1] + data[lower + x] + data[lower + x + 1]) / 4;
  }
  if (width & 1) out[at + pairs] = (data[upper + width - 1] + data[lower + width - 1]) / 2;
}
