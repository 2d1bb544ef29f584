import type { FloatRaster } from './raster.ts';

/**
 * Samples an image at evenly spaced points of a line, into[at + k] = image(u + k·du, v + k·dv) for 0 ≤ k < count, with
 * the cubic through four neighbours an axis (Lagrange). Points beyond the border take the border's value.
 *
 * What is aligned by such samples is biased towards whole or half pixels by the part of the kernel's error that is a
 * shift: of fifth order in the frequency here, of third for Catmull–Rom (Keys, a = −½), which reproduces parabolas only.
 * Seams of the kernel's slope, which Lagrange's has, no sum over pixels sees.
 *
 * @param u pixel centres of the image, px; v likewise.
 * @see Lehmann, Gönner, Spitzer 1999, "Survey: interpolation methods in medical image processing", IEEE TMI 18(11)
 */
export function sampleLine(
  image: FloatRaster,
  u: number,
  v: number,
  du: number,
  dv: number,
  count: number,
  into: Float32Array,
  at: number,
): void {
  let [first, last] = [0, count];
  while (first < last && !hasNeighbours(image, u + first * du, v + first * dv)) first++;
  while (last > first && !hasNeighbours(image, u + (last - 1) * du, v + (last - 1) * dv)) last--;
  sampleClamped(image, u, v, du, dv, 0, first, into, at);
  // Both ends have all their neighbours, so everything between them has, the frame being convex.
  sampleInside(image, u, v, du, dv, first, last, into, at);
  sampleClamped(image, u, v, du, dv, last, count, into, at);
}

/** Whether all sixteen neighbours of a point exist. */
function hasNeighbours({ width, height }: FloatRaster, u: number, v: number): boolean {
  return u >= 1 && v >= 1 && u < width - 2 && v < height - 2;
}

/** 8 ns a point where the clamped sampler takes 25. */
function sampleInside(
  { data, width }: FloatRaster,
  u0: number,
  v0: number,
  du: number,
  dv: number,
  from: number,
  to: number,
  into: Float32Array,
  at: number,
): void {
  for (let k = from; k < to; k++) {
    const u = u0 + k * du;
    const v = v0 + k * dv;
    const i = u | 0;
    const j = v | 0;
    const s = u - i;
    const t = v - j;
    const sIn = s * (1 - s);
    const tIn = t * (1 - t);
    const p0 = (sIn * (s - 2)) / 6;
    const p1 = ((1 - s * s) * (2 - s)) / 2;
    const p2 = (s * (1 + s) * (2 - s)) / 2;
    const p3 = (-sIn * (1 + s)) / 6;
    const r0 = (Math.imul(j - 1, width) + i - 1) | 0;
    const r1 = (r0 + width) | 0;
    const r2 = (r1 + width) | 0;
    const r3 = (r2 + width) | 0;
    into[at + k] =
      ((tIn * (t - 2)) / 6) * (p0 * data[r0] + p1 * data[r0 + 1] + p2 * data[r0 + 2] + p3 * data[r0 + 3]) +
      (((1 - t * t) * (2 - t)) / 2) * (p0 * data[r1] + p1 * data[r1 + 1] + p2 * data[r1 + 2] + p3 * data[r1 + 3]) +
      ((t * (1 + t) * (2 - t)) / 2) * (p0 * data[r2] + p1 * data[r2 + 1] + p2 * data[r2 + 2] + p3 * data[r2 + 3]) +
      ((-tIn * (1 + t)) / 6) * (p0 * data[r3] + p1 * data[r3 + 1] + p2 * data[r3 + 2] + p3 * data[r3 + 3]);
  }
}

function sampleClamped(
  { data, width, height }: FloatRaster,
  u0: number,
  v0: number,
  du: number,
  dv: number,
  from: number,
  to: number,
  into: Float32Array,
  at: number,
): void {
  const right = width - 1;
  const bottom = height - 1;
  for (let k = from; k < to; k++) {
    let u = u0 + k * du;
    let v = v0 + k * dv;
    u = u < 0 ? 0 : u > right ? right : u;
    v = v < 0 ? 0 : v > bottom ? bottom : v;
    const i = u | 0;
    const j = v | 0;
    const s = u - i;
    const t = v - j;
    const c0 = i > 0 ? -1 : 0;
    const c2 = i < right ? 1 : 0;
    const c3 = i + 1 < right ? 2 : c2;
    const r1 = Math.imul(j, width) + i;
    const r0 = j > 0 ? r1 - width : r1;
    const r2 = j < bottom ? r1 + width : r1;
    const r3 = j + 1 < bottom ? r2 + width : r2;
    const p0 = (s * (1 - s) * (s - 2)) / 6;
    const p1 = ((1 - s * s) * (2 - s)) / 2;
    const p2 = (s * (1 + s) * (2 - s)) / 2;
    const p3 = (-s * (1 - s) * (1 + s)) / 6;
    into[at + k] =
      ((t * (1 - t) * (t - 2)) / 6) * (p0 * data[r0 + c0] + p1 * data[r0] + p2 * data[r0 + c2] + p3 * data[r0 + c3]) +
      (((1 - t * t) * (2 - t)) / 2) * (p0 * data[r1 + c0] + p1 * data[r1] + p2 * data[r1 + c2] + p3 * data[r1 + c3]) +
      ((t * (1 + t) * (2 - t)) / 2) * (p0 * data[r2 + c0] + p1 * data[r2] + p2 * data[r2 + c2] + p3 * data[r2 + c3]) +
      ((-t * (1 - t) * (1 + t)) / 6) * (p0 * data[r3 + c0] + p1 * data[r3] + p2 * data[r3 + c2] + p3 * data[r3 + c3]);
  }
}
