import type { Raster } from '../raster/raster.ts';

/** Two images of one size, and which pixels count (mask ≠ 0; all without a mask). */
export interface ImagePair {
  readonly image: Raster;
  readonly reference: Raster;
  readonly mask?: Uint8Array;
}

/** The one gain and offset that bring the image closest to the reference: argmin Σ(g·image + o − reference)². */
export function globalTone({ image, reference, mask }: ImagePair): { readonly gain: number; readonly offset: number } {
  let [n, x, y, xx, xy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < image.data.length; i++) {
    if (mask && mask[i] === 0) continue;
    const a = image.data[i];
    const b = reference.data[i];
    n++;
    x += a;
    y += b;
    xx += a * a;
    xy += a * b;
  }
  const spread = xx - (x * x) / n;
  const gain = spread > 0 ? (xy - (x * y) / n) / spread : 0;
  return { gain, offset: (y - gain * x) / n };
}

/** Greatest grey value of PSNR and SSIM. */
const dataRange = 255;

/** PSNR in dB after one global gain and offset, data range 255. */
export function peakSignalToNoise(pair: ImagePair): number {
  const { image, reference, mask } = pair;
  const { gain, offset } = globalTone(pair);
  let [n, squares] = [0, 0];
  for (let i = 0; i < image.data.length; i++) {
    if (mask && mask[i] === 0) continue;
    n++;
    squares += (gain * image.data[i] + offset - reference.data[i]) ** 2;
  }
  return 10 * Math.log10((dataRange * dataRange * n) / squares);
}

/**
 * Mean SSIM after one global gain and offset: 11×11 Gaussian window with σ = 1.5, data range 255, population
 * covariances; over the pixels whose whole window lies in the image and in the mask. NaN when there are none.
 * @see Wang, Bovik, Sheikh, Simoncelli, Image quality assessment, IEEE TIP 13(4), 2004
 */
export function structuralSimilarity(pair: ImagePair): number {
  const { height } = pair.image;
  const tone = globalTone(pair);
  let [sum, n] = [0, 0];
  for (let from = windowRadius; from < height - windowRadius; from += bandHeight) {
    const band = bandSimilarity(pair, tone, from, Math.min(from + bandHeight, height - windowRadius));
    sum += band.sum;
    n += band.n;
  }
  return sum / n;
}

/** Rows compared at a time: a mosaic of any size needs the memory of one band. */
const bandHeight = 256;

/** Σ of SSIM and the number of pixels over the rows from … to − 1, whose windows reach 5 rows beyond. */
function bandSimilarity(
  { image, reference, mask }: ImagePair,
  { gain, offset }: ReturnType<typeof globalTone>,
  from: number,
  to: number,
): { readonly sum: number; readonly n: number } {
  const { width } = image;
  const height = to - from + 2 * windowRadius;
  const [first, last] = [(from - windowRadius) * width, (to + windowRadius) * width];
  const x = Float64Array.from(image.data.subarray(first, last), (value) => gain * value + offset);
  const y = Float64Array.from(reference.data.subarray(first, last));
  const product = (a: Float64Array, b: Float64Array) => a.map((value, i) => value * b[i]);
  const [mx, my, mxx, myy, mxy] = [x, y, product(x, x), product(y, y), product(x, y)].map((plane) =>
    smooth(plane, width, height),
  );
  const inside = mask
    ? smooth(
        Float64Array.from(mask.subarray(first, last), (value) => (value === 0 ? 0 : 1)),
        width,
        height,
      )
    : null;
  const c1 = (0.01 * dataRange) ** 2;
  const c2 = (0.03 * dataRange) ** 2;
  let [n, sum] = [0, 0];
  for (let j = windowRadius; j < height - windowRadius; j++)
    for (let i = windowRadius; i < width - windowRadius; i++) {
      const at = j * width + i;
      if (inside && inside[at] < 1 - 1e-9) continue;
      const [vx, vy, cov] = [mxx[at] - mx[at] ** 2, myy[at] - my[at] ** 2, mxy[at] - mx[at] * my[at]];
      const numerator = (2 * mx[at] * my[at] + c1) * (2 * cov + c2);
      sum += numerator / ((mx[at] ** 2 + my[at] ** 2 + c1) * (vx + vy + c2));
      n++;
    }
  return { sum, n };
}

const windowRadius = 5;
const windowSigma = 1.5;

/** Gaussian-weighted window means; only pixels with a whole window are meaningful. */
function smooth(plane: Float64Array, width: number, height: number): Float64Array {
  const raw = Array.from({ length: 2 * windowRadius + 1 }, (_, k) =>
    Math.exp(-((k - windowRadius) ** 2) / (2 * windowSigma ** 2)),
  );
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  const kernel = Float64Array.from(raw, (weight) => weight / total);
  const across = new Float64Array(plane.length);
  for (let j = 0; j < height; j++) slide(plane, across, kernel, j * width, width, 1);
  const along = new Float64Array(plane.length);
  for (let i = 0; i < width; i++) slide(across, along, kernel, i, height, width);
  return along;
}

function slide(
  from: Float64Array,
  to: Float64Array,
  kernel: Float64Array,
  start: number,
  count: number,
  step: number,
): void {
  for (let n = windowRadius; n < count - windowRadius; n++) {
    let sum = 0;
    for (let k = 0; k < kernel.length; k++) sum += kernel[k] * from[start + (n + k - windowRadius) * step];
    to[start + n * step] = sum;
  }
}
