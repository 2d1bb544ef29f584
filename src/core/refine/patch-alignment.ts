import type { FloatRaster } from '../raster/raster.ts';
import { sampleLine } from '../raster/sample-line.ts';

/** A step shorter than this ends the iteration, px; the next would be about a fifth of it. */
const convergedPx = 0.01;
/** Until a step is shorter than this, px, bilinear samples will do: they cost a quarter. */
const roughPx = 0.15;
const maxIterations = 12;
/** Patches that do not begin to agree by this step never will: most of an empty overlap is given up here. */
const firstLook = 2;
const leastPromise = 0.25;

/**
 * A square patch of zero mean and unit variance, its gradient, and its Gauss–Newton matrix Σ∇t∇tᵀ as [xx, xy, yy].
 * Buffers are reused from patch to patch.
 */
export interface Template {
  readonly radius: number;
  readonly values: Float32Array;
  readonly gradX: Float32Array;
  readonly gradY: Float32Array;
  readonly normal: [number, number, number];
  /** Samples of the other image, by the same layout. */
  readonly sampled: Float32Array;
}

/** Where a patch centre lies in the other image and how the patch's axes lie there: q = (x, y) + [a c; b d]·u. */
export interface PatchFrame {
  readonly x: number;
  readonly y: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/** An aligned patch: its centre in the other image, and the correlation of the two patches there. */
export interface AlignedPatch {
  readonly x: number;
  readonly y: number;
  readonly correlation: number;
}

/** Empty buffers of a patch of (2·radius + 1)² px. */
export function emptyTemplate(radius: number): Template {
  const length = (2 * radius + 1) ** 2;
  const buffer = () => new Float32Array(length);
  return { radius, values: buffer(), gradX: buffer(), gradY: buffer(), normal: [0, 0, 0], sampled: buffer() };
}

/**
 * Cuts the template round the whole pixel (x, y). False where it leaves the image, is flat, or where the smallest
 * eigenvalue of its structure tensor, a pixel and relative to its variance, is below `minCurvature`: an edge slides.
 */
export function cutTemplate(
  { data, width, height }: FloatRaster,
  x: number,
  y: number,
  template: Template,
  minCurvature: number,
): boolean {
  const { radius, values, gradX, gradY, normal } = template;
  const reach = radius + 1;
  if (!(x >= reach && y >= reach && x + reach < width && y + reach < height)) return false;
  let k = 0;
  for (let j = -radius; j <= radius; j++) {
    const row = (y + j) * width + x;
    for (let i = -radius; i <= radius; i++, k++) {
      const at = row + i;
      values[k] = data[at];
      gradX[k] = data[at + 1] - data[at - 1];
      gradY[k] = data[at + width] - data[at - width];
    }
  }
  const deviation = standardise(values);
  if (!(deviation > 0)) return false;
  const scale = 0.5 / deviation;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (k = 0; k < values.length; k++) {
    const gx = gradX[k] * scale;
    const gy = gradY[k] * scale;
    gradX[k] = gx;
    gradY[k] = gy;
    xx += gx * gx;
    xy += gx * gy;
    yy += gy * gy;
  }
  normal[0] = xx;
  normal[1] = xy;
  normal[2] = yy;
  return smallestEigenvalue(xx, xy, yy) > minCurvature * values.length;
}

/** Smallest eigenvalue of [xx xy; xy yy]. */
export function smallestEigenvalue(xx: number, xy: number, yy: number): number {
  return (xx + yy - Math.hypot(xx - yy, 2 * xy)) / 2;
}

/** Subtracts the mean and divides by the standard deviation, in place; returns it, 0 (and no change) where flat. */
function standardise(values: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k];
  const mean = sum / values.length;
  let squares = 0;
  for (let k = 0; k < values.length; k++) {
    const difference = values[k] - mean;
    squares += difference * difference;
  }
  const deviation = Math.sqrt(squares / values.length);
  if (!(deviation > 1e-6)) return 0;
  const scale = 1 / deviation;
  for (let k = 0; k < values.length; k++) values[k] = (values[k] - mean) * scale;
  return deviation;
}

/**
 * The place in the image where the template fits best,
 *
 *   minimise Σ [ t(u) − s(q + J·u) ]² over q,   t, s of zero mean and unit variance,
 *
 * by inverse-compositional Gauss–Newton from `start`: gain and offset do not matter. Null when it leaves the image, goes
 * further than `maxDriftPx` from the start, or does not settle.
 * @see Baker, Matthews 2004, "Lucas–Kanade 20 years on", inverse compositional algorithm
 */
export function alignTemplate(
  template: Template,
  image: FloatRaster,
  start: PatchFrame,
  maxDriftPx: number,
): AlignedPatch | null {
  const { values, gradX, gradY, normal, sampled } = template;
  const { a, b, c, d } = start;
  const [xx, xy, yy] = normal;
  const determinant = xx * yy - xy * xy;
  let { x, y } = start;
  let isRough = true;
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    if (!isInside(image, x, y, start, template.radius)) return null;
    if (isRough) sampleLinear(image, x, y, start, template.radius, sampled);
    else sampleCubic(image, x, y, start, template.radius, sampled);
    if (!(standardise(sampled) > 0)) return null;
    let gx = 0;
    let gy = 0;
    let product = 0;
    for (let k = 0; k < values.length; k++) {
      const value = sampled[k];
      const residual = value - values[k];
      gx += gradX[k] * residual;
      gy += gradY[k] * residual;
      product += value * values[k];
    }
    // The step of the template that would explain the image; the image's place takes it with the opposite sign.
    const u = (yy * gx - xy * gy) / determinant;
    const v = (xx * gy - xy * gx) / determinant;
    x -= a * u + c * v;
    y -= b * u + d * v;
    if (!(Math.hypot(x - start.x, y - start.y) <= maxDriftPx)) return null;
    if (iteration >= firstLook && product < leastPromise * values.length) return null;
    const step = Math.hypot(u, v);
    if (!isRough && step < convergedPx) return { x, y, correlation: product / values.length };
    isRough &&= step > roughPx;
  }
  return null;
}

/** True when the patch round (x, y), its axes as in `frame`, lies in the image with room for the kernel. */
function isInside(
  { width, height }: FloatRaster,
  x: number,
  y: number,
  { a, b, c, d }: PatchFrame,
  radius: number,
): boolean {
  const reachX = radius * (Math.abs(a) + Math.abs(c)) + 2;
  const reachY = radius * (Math.abs(b) + Math.abs(d)) + 2;
  return x >= reachX && y >= reachY && x + reachX < width - 1 && y + reachY < height - 1;
}

/** Samples the patch round (x, y), its axes as in `frame`, bilinearly; it must lie inside. */
function sampleLinear(
  { data, width }: FloatRaster,
  x: number,
  y: number,
  { a, b, c, d }: PatchFrame,
  radius: number,
  into: Float32Array,
): void {
  let k = 0;
  for (let j = -radius; j <= radius; j++) {
    const rowU = x + c * j;
    const rowV = y + d * j;
    for (let i = -radius; i <= radius; i++, k++) {
      const u = rowU + a * i;
      const v = rowV + b * i;
      const i0 = u | 0; // inside the image, u and v are positive
      const j0 = v | 0;
      const s = u - i0;
      const at = (Math.imul(j0, width) + i0) | 0;
      const below = (at + width) | 0;
      const upper = data[at] + s * (data[at + 1] - data[at]);
      const lower = data[below] + s * (data[below + 1] - data[below]);
      into[k] = upper + (v - j0) * (lower - upper);
    }
  }
}

/** The same with a cubic kernel, which does not pull towards whole pixels. */
function sampleCubic(
  image: FloatRaster,
  x: number,
  y: number,
  { a, b, c, d }: PatchFrame,
  radius: number,
  into: Float32Array,
): void {
  const side = 2 * radius + 1;
  for (let j = -radius; j <= radius; j++)
    sampleLine(image, x + c * j - a * radius, y + d * j - b * radius, a, b, side, into, (j + radius) * side);
}
