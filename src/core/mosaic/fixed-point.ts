/**
 * Tile coordinates as integers of 2⁻¹⁵ px, and bilinear interpolation with them. A coordinate is advanced along a straight
 * piece of a row by adding; a piece begins at a place that is fixed in the output, so that a pixel's coordinate does not
 * depend on where its row was cut. bench/compose.bench.ts tells what this buys.
 */

/** Bits of a pixel that a fixed-point coordinate keeps: tiles up to 65,535 px a side fit 32 bits. */
export const fractionBits = 15;
const one = 1 << fractionBits;
const fractionMask = one - 1;
/** Interpolation uses 11 bits; half of the last one is added to coordinates once, so that cutting it off rounds. */
const weightShift = 4;
const half = 1 << (weightShift - 1);
/** Coordinates beyond this, px, are left to floating point. */
export const farthestPx = 65_000;

/** A coordinate in level px as a fixed-point number. */
export function toFixed(px: number): number {
  return Math.round(px * one) + half;
}

/** A step in level px per column as a fixed-point number. */
export function toFixedStep(px: number): number {
  return Math.round(px * one);
}

/** The last fixed-point coordinate that has a right (lower) neighbour in `size` pixels. */
export function lastInside(size: number): number {
  return (size - 1) * one - 1;
}

/** A straight run of samples: columns from ≤ i < to at (u, v), (u + du, v + dv), …, all with four neighbours. */
export interface FixedRun {
  from: number;
  to: number;
  u: number;
  v: number;
  du: number;
  dv: number;
}

/**
 * Sets the run to the part of a straight piece from column `start` on whose samples have four neighbours: it is one, for the
 * piece is straight.
 * @param pieces the piece is `pieces[n]` and the four after it, as `TileWarp.pieces` writes them.
 */
export function setInside(
  run: FixedRun,
  start: number,
  pieces: Int32Array,
  n: number,
  lastU: number,
  lastV: number,
): void {
  const du = pieces[n + 3];
  const dv = pieces[n + 4];
  let from = start;
  let to = pieces[n];
  let u = pieces[n + 1];
  let v = pieces[n + 2];
  while (from < to && !isInside(u, v, lastU, lastV)) {
    from++;
    u += du;
    v += dv;
  }
  while (to > from && !isInside(u + (to - 1 - from) * du, v + (to - 1 - from) * dv, lastU, lastV)) to--;
  run.from = from;
  run.to = to;
  run.u = u;
  run.v = v;
  run.du = du;
  run.dv = dv;
}

function isInside(u: number, v: number, lastU: number, lastV: number): boolean {
  return u >= 0 && u <= lastU && v >= 0 && v <= lastV;
}

/**
 * How many samples from (u, v) on stay in one row of pixels and step from one pixel to the next: at least 1. It is given
 * the reciprocals of a run's dv and du − 1; where the last bits of a product say one less than there are, a pixel is made
 * as the first of the next ones, and is the same.
 */
function samplesAlike(u: number, v: number, perSlip: number, perRow: number, most: number): number {
  const down = v & fractionMask;
  const across = u & fractionMask;
  const rows = perRow >= 0 ? (fractionMask - down) * perRow : -down * perRow;
  const slips = perSlip >= 0 ? (fractionMask - across) * perSlip : -across * perSlip;
  const count = rows < slips ? rows : slips;
  return count < most ? (count + 1) | 0 : most;
}

/** The reciprocal of a step, a little less than true; that of no step is so large that no run ends by it. */
function reciprocal(step: number): number {
  return step === 0 ? 2 ** 40 : (1 - 2 ** -40) / step;
}

/** Bilinear interpolation between two pixels of a row and the two below them, times 2²². */
function interpolate8(
  upper: number,
  upperNext: number,
  lower: number,
  lowerNext: number,
  across: number,
  down: number,
): number {
  const fx = across >> weightShift;
  const top = (upper << 11) + Math.imul(fx, upperNext - upper);
  const bottom = (lower << 11) + Math.imul(fx, lowerNext - lower);
  return (top << 11) + Math.imul(down >> weightShift, bottom - top);
}

/**
 * Bilinear samples of an 8-bit image into out[at + i], gain · value + offset, rounded and clamped; exact to 2⁻¹² px of
 * position. `origin` is the index of the image's pixel (0, 0), which may lie outside the part that was read. Samples
 * without a tone are made two at a time, which is quicker by an eighth (bench/compose.bench.ts).
 */
export function sampleFixed8(
  data: Uint8Array,
  origin: number,
  stride: number,
  run: FixedRun,
  gain: number,
  offset: number,
  out: Uint8Array,
  at: number,
): void {
  const { to, du, dv } = run;
  let { u, v } = run;
  const isPlain = gain === 1 && offset === 0;
  const unit = gain / 2 ** 22;
  const slip = (du - one) | 0;
  const perSlip = reciprocal(slip);
  const perRow = reciprocal(dv);
  for (let i = run.from; i < to;) {
    const count = samplesAlike(u, v, perSlip, perRow, to - i);
    const end = i + count;
    const p = (origin + Math.imul(v >> fractionBits, stride) + (u >> fractionBits)) | 0;
    const shift = (p + 1 - i) | 0;
    let upper = data[p];
    let lower = data[p + stride];
    let across = u & fractionMask;
    let down = v & fractionMask;
    const pairsEnd = isPlain ? (end - 1) | 0 : i;
    for (; i < pairsEnd; i += 2) {
      const k = (shift + i) | 0;
      const k2 = (k + 1) | 0;
      const upperNext = data[k];
      const lowerNext = data[(k + stride) | 0];
      const value = interpolate8(upper, upperNext, lower, lowerNext, across, down);
      out[at + i] = (value + 2097152) >> 22;
      across = (across + slip) | 0;
      down = (down + dv) | 0;
      upper = data[k2];
      lower = data[(k2 + stride) | 0];
      const second = interpolate8(upperNext, upper, lowerNext, lower, across, down);
      out[at + i + 1] = (second + 2097152) >> 22;
      across = (across + slip) | 0;
      down = (down + dv) | 0;
    }
    for (; i < end; i++) {
      const k = (shift + i) | 0;
      const upperNext = data[k];
      const lowerNext = data[(k + stride) | 0];
      const value = interpolate8(upper, upperNext, lower, lowerNext, across, down);
      if (isPlain) out[at + i] = (value + 2097152) >> 22;
      else {
        const toned = value * unit + offset;
        out[at + i] = toned <= 0 ? 0 : toned >= 255 ? 255 : (toned + 0.5) | 0;
      }
      upper = upperNext;
      lower = lowerNext;
      across = (across + slip) | 0;
      down = (down + dv) | 0;
    }
    u = (u + Math.imul(count, du)) | 0;
    v = (v + Math.imul(count, dv)) | 0;
  }
}

/** `sampleFixed8` of a 16-bit image: rows are reduced to 3 bits below the sample before the second step, which fits 31. */
export function sampleFixed16(
  data: Uint16Array,
  origin: number,
  stride: number,
  run: FixedRun,
  gain: number,
  offset: number,
  out: Uint16Array,
  at: number,
): void {
  const { to, du, dv } = run;
  let { u, v } = run;
  const isPlain = gain === 1 && offset === 0;
  const unit = gain / 2 ** 14;
  const slip = (du - one) | 0;
  const perSlip = reciprocal(slip);
  const perRow = reciprocal(dv);
  for (let i = run.from; i < to;) {
    const count = samplesAlike(u, v, perSlip, perRow, to - i);
    const end = i + count;
    const p = (origin + Math.imul(v >> fractionBits, stride) + (u >> fractionBits)) | 0;
    const shift = (p + 1 - i) | 0;
    let upper = data[p];
    let lower = data[p + stride];
    let across = u & fractionMask;
    let down = v & fractionMask;
    for (; i < end; i++) {
      const k = (shift + i) | 0;
      const upperNext = data[k];
      const lowerNext = data[(k + stride) | 0];
      const fx = across >> weightShift;
      const top = ((upper << 11) + Math.imul(fx, upperNext - upper) + 128) >> 8;
      const bottom = ((lower << 11) + Math.imul(fx, lowerNext - lower) + 128) >> 8;
      const value = (top << 11) + Math.imul(down >> weightShift, bottom - top);
      if (isPlain) out[at + i] = (value + 8192) >> 14;
      else {
        const toned = value * unit + offset;
        out[at + i] = toned <= 0 ? 0 : toned >= 65535 ? 65535 : (toned + 0.5) | 0;
      }
      upper = upperNext;
      lower = lowerNext;
      across = (across + slip) | 0;
      down = (down + dv) | 0;
    }
    u = (u + Math.imul(count, du)) | 0;
    v = (v + Math.imul(count, dv)) | 0;
  }
}
