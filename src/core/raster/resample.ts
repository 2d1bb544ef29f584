import type { FloatRaster, Raster } from './raster.ts';

/**
 * Where a pixel centre of the small frame lies in the full frame, along one axis: p = (q + ½)/scale − ½ + crop.
 * @param origin where the small frame starts in the full one, full px.
 */
export function fullFromSmall(q: number, scale: number, origin = 0): number {
  return (q + 0.5) / scale - 0.5 + origin;
}

/** The inverse of `fullFromSmall`: q = (p − crop + ½)·scale − ½. */
export function smallFromFull(p: number, scale: number, origin = 0): number {
  return (p - origin + 0.5) * scale - 0.5;
}

/** The samples as 32-bit floats; a copy unless they are floats already. */
export function toFloatRaster(raster: Raster): FloatRaster {
  const { data, width, height } = raster;
  return { data: data instanceof Float32Array ? data : Float32Array.from(data), width, height };
}

/** First source sample and coverage weights of every output sample of one axis, weights summing to 1. */
interface AreaTaps {
  readonly first: Int32Array;
  readonly taps: number;
  readonly weights: Float64Array;
}

function areaTaps(length: number, outputLength: number, scale: number): AreaTaps {
  const taps = Math.ceil(1 / scale) + 1;
  const first = new Int32Array(outputLength);
  const weights = new Float64Array(outputLength * taps);
  for (let i = 0; i < outputLength; i++) {
    const from = i / scale;
    const to = Math.min((i + 1) / scale, length);
    const start = Math.min(Math.floor(from), Math.max(0, length - taps));
    first[i] = start;
    for (let t = 0; t < taps; t++) {
      const covered = Math.min(to, start + t + 1) - Math.max(from, start + t);
      if (covered > 0) weights[i * taps + t] = covered / (to - from);
    }
  }
  return { first, taps, weights };
}

/**
 * Area average of a raster at any scale ≤ 1. Output pixel (i, j) is the exact mean over the rectangle
 * [i/s, (i+1)/s) × [j/s, (j+1)/s) measured from the outer corner of the upper-left pixel, so that
 * p_full = (p_small + ½)/s − ½ holds (exactly for whole factors; else a cut pixel counts at its centre, an error
 * below s/8 px that averages to nothing). The size is ⌊size·s⌋; a NaN sample makes every mean that
 * covers it NaN.
 * @throws RangeError when the scale is not in (0, 1] or nothing would be left.
 */
export function downsample(raster: Raster, scale: number): FloatRaster {
  if (!(scale > 0 && scale <= 1)) throw new RangeError(`downsample by ${scale}: the scale must be in (0, 1]`);
  if (scale === 1) return toFloatRaster(raster);
  // 1e-9 absorbs the rounding of e.g. 9 · (1/3)
  const width = Math.floor(raster.width * scale + 1e-9);
  const height = Math.floor(raster.height * scale + 1e-9);
  if (width < 1 || height < 1)
    throw new RangeError(`downsample by ${scale} leaves nothing of ${raster.width}×${raster.height}`);
  const columns = areaTaps(raster.width, width, scale);
  const rows = areaTaps(raster.height, height, scale);
  const data = new Float32Array(width * height);
  const row = new Float64Array(raster.width);
  for (let j = 0; j < height; j++) {
    row.fill(0);
    for (let t = 0; t < rows.taps; t++) {
      const weight = rows.weights[j * rows.taps + t];
      if (weight === 0) continue;
      const at = (rows.first[j] + t) * raster.width;
      for (let x = 0; x < raster.width; x++) row[x] += weight * raster.data[at + x];
    }
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let t = 0; t < columns.taps; t++) {
        const weight = columns.weights[i * columns.taps + t];
        if (weight !== 0) sum += weight * row[columns.first[i] + t];
      }
      data[j * width + i] = sum;
    }
  }
  return { data, width, height };
}

/** One-sided taps of a normalised Gaussian cut at 4 σ: [g(0), g(1), …]. */
export function gaussianTaps(sigma: number): Float32Array {
  const radius = Math.max(1, Math.ceil(4 * sigma));
  const taps = new Float32Array(radius + 1);
  let sum = 0;
  for (let k = 0; k <= radius; k++) {
    taps[k] = Math.exp(-(k * k) / (2 * sigma * sigma));
    sum += k === 0 ? taps[k] : 2 * taps[k];
  }
  for (let k = 0; k <= radius; k++) taps[k] /= sum;
  return taps;
}

/** Index into 0 … length − 1 mirrored at the outer pixels without repeating them (… 2 1 | 0 1 2 …). */
function mirror(i: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const k = ((i % period) + period) % period;
  return k < length ? k : period - k;
}

/**
 * Gaussian blur, separable, cut at 4 σ, mirrored at the border; σ in pixels of the raster, ≤ 0 copies.
 * Four taps are added per pass over a row: twice as fast as one (4095×529, σ 3.1: 77 ms against 133 ms).
 */
export function blurGaussian({ data, width, height }: FloatRaster, sigma: number): FloatRaster {
  if (!(sigma > 0)) return { data: data.slice(), width, height };
  const taps = gaussianTaps(sigma);
  const radius = taps.length - 1;
  const output = new Float32Array(width * height);
  const padded = new Float32Array(width + 2 * radius);
  for (let y = 0; y < height; y++) {
    addColumns(data, width, height, y, taps, padded.subarray(radius, radius + width));
    for (let k = 1; k <= radius; k++) {
      padded[radius - k] = padded[radius + mirror(-k, width)];
      padded[radius + width - 1 + k] = padded[radius + mirror(width - 1 + k, width)];
    }
    addRow(padded, taps, output.subarray(y * width, (y + 1) * width));
  }
  return { data: output, width, height };
}

/** Row y of the raster blurred down its columns. */
function addColumns(
  data: Float32Array,
  width: number,
  height: number,
  y: number,
  taps: Float32Array,
  into: Float32Array,
): void {
  const radius = taps.length - 1;
  const row = (j: number) => mirror(j, height) * width;
  for (let x = 0; x < width; x++) into[x] = taps[0] * data[y * width + x];
  let k = 1;
  for (; k + 3 <= radius; k += 4) {
    const [up0, up1, up2, up3] = [row(y - k), row(y - k - 1), row(y - k - 2), row(y - k - 3)];
    const [down0, down1, down2, down3] = [row(y + k), row(y + k + 1), row(y + k + 2), row(y + k + 3)];
    const [w0, w1, w2, w3] = [taps[k], taps[k + 1], taps[k + 2], taps[k + 3]];
    for (let x = 0; x < width; x++)
      into[x] +=
        w0 * (data[up0 + x] + data[down0 + x]) +
        w1 * (data[up1 + x] + data[down1 + x]) +
        w2 * (data[up2 + x] + data[down2 + x]) +
        w3 * (data[up3 + x] + data[down3 + x]);
  }
  for (; k <= radius; k++) {
    const up = row(y - k);
    const down = row(y + k);
    const weight = taps[k];
    for (let x = 0; x < width; x++) into[x] += weight * (data[up + x] + data[down + x]);
  }
}

/** A padded row blurred along itself. */
function addRow(padded: Float32Array, taps: Float32Array, into: Float32Array): void {
  const radius = taps.length - 1;
  const width = into.length;
  for (let x = 0; x < width; x++) into[x] = taps[0] * padded[radius + x];
  let k = 1;
  for (; k + 3 <= radius; k += 4) {
    const [w0, w1, w2, w3] = [taps[k], taps[k + 1], taps[k + 2], taps[k + 3]];
    for (let x = 0; x < width; x++) {
      const p = radius + x;
      into[x] +=
        w0 * (padded[p - k] + padded[p + k]) +
        w1 * (padded[p - k - 1] + padded[p + k + 1]) +
        w2 * (padded[p - k - 2] + padded[p + k + 2]) +
        w3 * (padded[p - k - 3] + padded[p + k + 3]);
    }
  }
  for (; k <= radius; k++) {
    const weight = taps[k];
    for (let x = 0; x < width; x++) {
      const p = radius + x;
      into[x] += weight * (padded[p - k] + padded[p + k]);
    }
  }
}
