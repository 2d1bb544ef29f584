import type { Affine2 } from '../geometry/affine2.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { sampleLine } from '../raster/sample-line.ts';

/**
 * The overlap of two filtered images on a lattice of square cells in the frame of a. Everything that direct alignment
 * needs of the template is summed a cell once; `measureCells` adds what a motion makes of b. Pixels of the images
 * handed in throughout.
 */
export interface OverlapCells {
  readonly columns: number;
  readonly rows: number;
  readonly side: number;
  /** Upper-left pixel of the lattice in a. */
  readonly x: number;
  readonly y: number;
  /** [rows · side] first and one past the last pixel of each row, counted in a, that both images show. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** [cells · templateStride] sums over the valid pixels of a cell. */
  readonly template: Float64Array;
  /** [cells] valid pixels. */
  readonly count: Int32Array;
  /** [cells · 2] mean place of the valid pixels in a. */
  readonly centre: Float64Array;
}

/** Σa, Σa², Σg (2), Σa·g (2), Σg·gᵀ (xx, xy, yy); g = ∇a. */
export const templateStride = 9;
/** Σb, Σb², Σa·b, Σb·g (2); b sampled where the motion puts the pixel. */
export const measureStride = 5;

/**
 * Lays a lattice over the pixels of a whose counterparts lie in b, `marginPx` or more inside both images. Null when
 * fewer than one cell's worth of pixels are common.
 */
export function layCells(
  a: FloatRaster,
  b: FloatRaster,
  bFromA: Affine2,
  side: number,
  marginPx: number,
): OverlapCells | null {
  const margin = Math.max(1, marginPx);
  const from = new Int32Array(a.height);
  const to = new Int32Array(a.height);
  let [left, right, top, bottom, total] = [Infinity, -Infinity, Infinity, -Infinity, 0];
  for (let y = Math.ceil(margin); y < a.height - margin; y++) {
    const [first, last] = validRange(bFromA, y, b, a.width, margin);
    if (last <= first) continue;
    from[y] = first;
    to[y] = last;
    left = Math.min(left, first);
    right = Math.max(right, last);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y + 1);
    total += last - first;
  }
  if (total < side * side) return null;
  const columns = Math.max(1, Math.round((right - left) / side));
  const rows = Math.max(1, Math.round((bottom - top) / side));
  // Cells are stretched a little rather than leaving slivers: their side is rounded up to cover everything.
  const cellSide = Math.max(Math.ceil((right - left) / columns), Math.ceil((bottom - top) / rows));
  const lattice = {
    columns: Math.ceil((right - left) / cellSide),
    rows: Math.ceil((bottom - top) / cellSide),
    side: cellSide,
    x: left,
    y: top,
    from: from.slice(top, bottom),
    to: to.slice(top, bottom),
  };
  return sumTemplate(lattice, a);
}

/** Pixels x of row y of a, `margin` inside a, whose images lie `margin` inside b. */
function validRange(
  bFromA: Affine2,
  y: number,
  b: FloatRaster,
  width: number,
  margin: number,
): readonly [number, number] {
  let low = margin;
  let high = width - 1 - margin;
  for (const [slope, offset, length] of [
    [bFromA.a, bFromA.c * y + bFromA.e, b.width],
    [bFromA.b, bFromA.d * y + bFromA.f, b.height],
  ]) {
    const least = margin - 0.5 - offset;
    const most = length - 0.5 - margin - offset;
    if (Math.abs(slope) < 1e-12) {
      if (least > 0 || most < 0) return [0, 0];
      continue;
    }
    low = Math.max(low, slope > 0 ? least / slope : most / slope);
    high = Math.min(high, slope > 0 ? most / slope : least / slope);
  }
  return [Math.ceil(low), Math.floor(high) + 1];
}

function sumTemplate(
  lattice: Omit<OverlapCells, 'template' | 'count' | 'centre'>,
  { data, width }: FloatRaster,
): OverlapCells {
  const { columns, rows, side, from, to } = lattice;
  const cells = columns * rows;
  const template = new Float64Array(cells * templateStride);
  const count = new Int32Array(cells);
  const centre = new Float64Array(2 * cells);
  for (let j = 0; j < from.length; j++) {
    const y = lattice.y + j;
    const cellRow = Math.floor(j / side) * columns;
    for (let start = from[j]; start < to[j];) {
      const column = Math.floor((start - lattice.x) / side);
      const end = Math.min(to[j], lattice.x + (column + 1) * side);
      let [s, ss, gx, gy, agx, agy, xx, xy, yy] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
      for (let i = y * width + start; i < y * width + end; i++) {
        const value = data[i];
        const dx = (data[i + 1] - data[i - 1]) / 2;
        const dy = (data[i + width] - data[i - width]) / 2;
        s += value;
        ss += value * value;
        gx += dx;
        gy += dy;
        agx += value * dx;
        agy += value * dy;
        xx += dx * dx;
        xy += dx * dy;
        yy += dy * dy;
      }
      const cell = cellRow + column;
      const at = cell * templateStride;
      template[at] += s;
      template[at + 1] += ss;
      template[at + 2] += gx;
      template[at + 3] += gy;
      template[at + 4] += agx;
      template[at + 5] += agy;
      template[at + 6] += xx;
      template[at + 7] += xy;
      template[at + 8] += yy;
      count[cell] += end - start;
      centre[2 * cell] += ((end - start) * (start + end - 1)) / 2;
      centre[2 * cell + 1] += (end - start) * y;
      start = end;
    }
  }
  for (let cell = 0; cell < cells; cell++) {
    if (count[cell] === 0) continue;
    centre[2 * cell] /= count[cell];
    centre[2 * cell + 1] /= count[cell];
  }
  return { ...lattice, template, count, centre };
}

/**
 * Samples b where bFromA puts the pixels of every cell (`sampleLine`) and sums it against the template.
 *
 * @param shift [cells · 2] added to the place in a before it is mapped, px; none when null.
 * @param into  [cells · measureStride], overwritten.
 */
export function measureCells(
  cells: OverlapCells,
  a: FloatRaster,
  b: FloatRaster,
  bFromA: Affine2,
  shift: Float64Array | null,
  into: Float64Array,
): void {
  const { columns, side, from, to } = cells;
  const row = new Float32Array(columns * side + 1);
  const { data, width } = a;
  into.fill(0);
  for (let j = 0; j < from.length; j++) {
    const y = cells.y + j;
    const cellRow = Math.floor(j / side) * columns;
    if (shift === null) sampleRow(b, bFromA, from[j], to[j], y, row, cells.x);
    for (let start = from[j]; start < to[j];) {
      const column = Math.floor((start - cells.x) / side);
      const end = Math.min(to[j], cells.x + (column + 1) * side);
      const cell = cellRow + column;
      if (shift !== null) sampleShifted(b, bFromA, start, end, y, shift[2 * cell], shift[2 * cell + 1], row, cells.x);
      let [s, ss, ab, bgx, bgy] = [0, 0, 0, 0, 0];
      const offset = y * width;
      for (let x = start; x < end; x++) {
        const value = row[x - cells.x];
        const i = offset + x;
        s += value;
        ss += value * value;
        ab += value * data[i];
        bgx += value * (data[i + 1] - data[i - 1]);
        bgy += value * (data[i + width] - data[i - width]);
      }
      const at = cell * measureStride;
      into[at] += s;
      into[at + 1] += ss;
      into[at + 2] += ab;
      into[at + 3] += bgx / 2;
      into[at + 4] += bgy / 2;
      start = end;
    }
  }
}

function sampleShifted(
  b: FloatRaster,
  bFromA: Affine2,
  from: number,
  to: number,
  y: number,
  shiftX: number,
  shiftY: number,
  row: Float32Array,
  origin: number,
): void {
  const { a, b: s, c, d, e, f } = bFromA;
  const moved = { a, b: s, c, d, e: e + a * shiftX + c * shiftY, f: f + s * shiftX + d * shiftY };
  sampleRow(b, moved, from, to, y, row, origin);
}

/** row[x − origin] = b(bFromA(x, y)) for from ≤ x < to. */
function sampleRow(
  b: FloatRaster,
  { a, b: slopeV, c, d, e, f }: Affine2,
  from: number,
  to: number,
  y: number,
  row: Float32Array,
  origin: number,
): void {
  sampleLine(b, a * from + c * y + e, slopeV * from + d * y + f, a, slopeV, to - from, row, from - origin);
}
