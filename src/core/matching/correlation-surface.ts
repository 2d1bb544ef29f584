import { applyAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { powerOfTwo, transform2d } from './fft2.ts';

/** An image on a canvas of whole pixels, and which of them it covers. */
interface Masked {
  readonly data: Float64Array;
  readonly mask: Float64Array;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * How well b fits a at every whole displacement of a window: `z` is the correlation of what both show in standard
 * deviations of what independent textures of these spectra give at that much common area.
 */
export interface CorrelationSurface {
  /** Displacement of element 0, px: b moved by (x + i, y + j) onto a. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** [height · width]; −∞ where too little is common. */
  readonly z: Float64Array;
}

/** Displacements at which less than this share of the largest overlap in the window is common are left out. */
const leastCommonShare = 0.4;
/** Rings of equal frequency that the spectra are averaged over. */
const spectrumRings = 24;
/** Share of the rings, from the highest frequency down, that show noise alone. */
const noiseRings = 4;

/**
 * Cross-correlation of a with b warped by aFromB over a window of displacements, every frequency weighted by
 *
 *   S / (P_a · P_b),   P: power spectra (structure and noise), S: of the structure alone,
 *
 * which is the detector of a known shape in noise of its own spectrum: repeated or coarse structure, which fits at many
 * places, counts no more than its share. a and b come with zero mean and even local contrast.
 *
 * @param window centre and largest displacement each way, px.
 * @see Knapp, Carter 1976, "The generalized correlation method for estimation of time delay"
 */
export function correlationSurface(
  a: FloatRaster,
  b: FloatRaster,
  aFromB: Affine2,
  window: { readonly x: number; readonly y: number; readonly radius: number },
): CorrelationSurface | null {
  const warped = warpOnto(b, aFromB);
  if (warped === null) return null;
  const whole = wholeOf(a);
  const radius = Math.ceil(window.radius);
  const [left, top] = [Math.round(window.x) - radius, Math.round(window.y) - radius];
  const side = 2 * radius + 1;
  const reach = (start: number) => Math.max(Math.abs(start), Math.abs(start + side - 1));
  const width = powerOfTwo(Math.max(a.width, warped.width) + reach(warped.x + left));
  const height = powerOfTwo(Math.max(a.height, warped.height) + reach(warped.y + top));
  const image = { re: place(whole.data, whole, width, height), im: place(warped.data, warped, width, height) };
  const masks = { re: place(whole.mask, whole, width, height), im: place(warped.mask, warped, width, height) };
  transform2d(image.re, image.im, width, height);
  transform2d(masks.re, masks.im, width, height);
  const energy = crossSpectra(image, masks, width, height);
  transform2d(image.im, image.re, width, height);
  const size = width * height;
  const variance = energy / size / (total(whole.mask) * total(warped.mask));
  const z = new Float64Array(side * side);
  const common = new Float64Array(side * side);
  for (let j = 0; j < side; j++)
    for (let i = 0; i < side; i++) {
      const u = (((left + i + warped.x) % width) + width) % width;
      const v = (((top + j + warped.y) % height) + height) % height;
      common[j * side + i] = image.im[v * width + u] / size;
      z[j * side + i] = image.re[v * width + u] / size;
    }
  const least = Math.max(16, leastCommonShare * common.reduce((most, value) => Math.max(most, value), 0));
  for (let k = 0; k < z.length; k++) z[k] = common[k] >= least ? z[k] / Math.sqrt(variance * common[k]) : -Infinity;
  return { x: left, y: top, width: side, height: side, z };
}

function wholeOf(a: FloatRaster): Masked {
  const mask = new Float64Array(a.data.length).fill(1);
  return { data: Float64Array.from(a.data), mask, x: 0, y: 0, width: a.width, height: a.height };
}

function total(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}

function place(values: Float64Array, from: Masked, width: number, height: number): Float64Array {
  const out = new Float64Array(width * height);
  for (let y = 0; y < from.height; y++) out.set(values.subarray(y * from.width, (y + 1) * from.width), y * width);
  return out;
}

interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/**
 * Two real images share one transform F = A + iB: A = (F(f) + F*(−f))/2, B = (F(f) − F*(−f))/2i. Overwrites `image`
 * with the weighted cross-spectrum of the images plus i times that of the masks, and returns Σ|weighted|².
 */
function crossSpectra(image: Complex, masks: Complex, width: number, height: number): number {
  const weights = spectralWeights(image, width, height);
  let energy = 0;
  for (let v = 0; v < height; v++)
    for (let u = 0; u < width; u++) {
      const k = v * width + u;
      const m = ((height - v) % height) * width + ((width - u) % width);
      if (m < k) continue;
      const weight = weights[ringOf(u, v, width, height)];
      const [xr, xi] = crossTerm(image, k, m);
      const [nr, ni] = crossTerm(masks, k, m);
      const [wr, wi] = [weight * xr, weight * xi];
      energy += (k === m ? 1 : 2) * (wr * wr + wi * wi);
      image.re[k] = wr - ni;
      image.im[k] = wi + nr;
      image.re[m] = wr + ni;
      image.im[m] = nr - wi;
    }
  return energy;
}

/** A·B* at frequency k, whose mirror is m. */
function crossTerm({ re, im }: Complex, k: number, m: number): readonly [number, number] {
  const [ar, ai] = [(re[k] + re[m]) / 2, (im[k] - im[m]) / 2];
  const [br, bi] = [(im[k] + im[m]) / 2, (re[m] - re[k]) / 2];
  return [ar * br + ai * bi, ai * br - ar * bi];
}

function ringOf(u: number, v: number, width: number, height: number): number {
  const fx = Math.min(u, width - u) / width;
  const fy = Math.min(v, height - v) / height;
  return Math.min(spectrumRings - 1, Math.floor(2 * spectrumRings * Math.hypot(fx, fy)));
}

/** S/(P_a·P_b) of each ring; the corners beyond the last ring count as noise. */
function spectralWeights({ re, im }: Complex, width: number, height: number): Float64Array {
  const [powerA, powerB, count] = [
    new Float64Array(spectrumRings),
    new Float64Array(spectrumRings),
    new Float64Array(spectrumRings),
  ];
  for (let v = 0; v < height; v++)
    for (let u = 0; u < width; u++) {
      const k = v * width + u;
      const m = ((height - v) % height) * width + ((width - u) % width);
      const ring = ringOf(u, v, width, height);
      powerA[ring] += ((re[k] + re[m]) ** 2 + (im[k] - im[m]) ** 2) / 4;
      powerB[ring] += ((im[k] + im[m]) ** 2 + (re[m] - re[k]) ** 2) / 4;
      count[ring]++;
    }
  const [structureA, structureB] = [structureOf(powerA, count), structureOf(powerB, count)];
  return powerA.map((power, ring) => {
    const product = (power / count[ring]) * (powerB[ring] / count[ring]);
    return product > 0 ? Math.sqrt(structureA[ring] * structureB[ring]) / product : 0;
  });
}

/** Power above the noise floor, which the highest rings show. */
function structureOf(power: Float64Array, count: Float64Array): Float64Array {
  let floor = Infinity;
  for (let ring = spectrumRings - noiseRings; ring < spectrumRings; ring++)
    floor = Math.min(floor, power[ring] / count[ring]);
  return power.map((sum, ring) => Math.max(0, sum / count[ring] - floor));
}

/** b on the pixels of a's frame that it covers, bilinear; null when it covers none. */
function warpOnto(b: FloatRaster, aFromB: Affine2): Masked | null {
  const corners = [
    applyAffine(aFromB, 0, 0),
    applyAffine(aFromB, b.width - 1, 0),
    applyAffine(aFromB, 0, b.height - 1),
    applyAffine(aFromB, b.width - 1, b.height - 1),
  ];
  const x = Math.floor(Math.min(...corners.map((corner) => corner.x)));
  const y = Math.floor(Math.min(...corners.map((corner) => corner.y)));
  const width = Math.ceil(Math.max(...corners.map((corner) => corner.x))) - x + 1;
  const height = Math.ceil(Math.max(...corners.map((corner) => corner.y))) - y + 1;
  if (!(width * height > 0)) return null;
  const bFromA = invertAffine(aFromB);
  const data = new Float64Array(width * height);
  const mask = new Float64Array(width * height);
  for (let j = 0; j < height; j++)
    for (let i = 0; i < width; i++) {
      const u = bFromA.a * (x + i) + bFromA.c * (y + j) + bFromA.e;
      const v = bFromA.b * (x + i) + bFromA.d * (y + j) + bFromA.f;
      if (!(u >= 0 && v >= 0 && u <= b.width - 1 && v <= b.height - 1)) continue;
      const p = Math.min(Math.floor(u), b.width - 2);
      const q = Math.min(Math.floor(v), b.height - 2);
      const [s, t] = [u - p, v - q];
      const at = q * b.width + p;
      const upper = b.data[at] + s * (b.data[at + 1] - b.data[at]);
      const lower = b.data[at + b.width] + s * (b.data[at + b.width + 1] - b.data[at + b.width]);
      data[j * width + i] = upper + t * (lower - upper);
      mask[j * width + i] = 1;
    }
  return { data, mask, x, y, width, height };
}
