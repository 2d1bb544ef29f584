/** Rows of a matrix in a larger array: row r, entry m is values[at + r·stride + m]. */
export interface RowBlock {
  readonly values: Float64Array;
  at: number;
  stride: number;
}

/** Entries of a row that are multiplied before the next rows are: with `rowsAtOnce` of them they stay in the cache. */
const depthAtOnce = 120;
const rowsAtOnce = 48;

/**
 * C ← C − A·Bᵀ for the first `rowsA` rows of A, `rowsB` of B and `depth` entries of each, three rows by three rows at a
 * time, which is what a rigid block is and what the registers of a processor hold.
 *
 * @param isLower whether only the lower triangle of C counts (more may be written).
 */
export function subtractProduct(
  c: RowBlock,
  a: RowBlock,
  rowsA: number,
  b: RowBlock,
  rowsB: number,
  depth: number,
  isLower: boolean,
): void {
  const wholeA = rowsA - (rowsA % 3);
  const wholeB = rowsB - (rowsB % 3);
  for (let from = 0; from < depth; from += depthAtOnce) {
    const length = depth - from < depthAtOnce ? depth - from : depthAtOnce;
    for (let block = 0; block < wholeB; block += rowsAtOnce) {
      const end = wholeB - block < rowsAtOnce ? wholeB : block + rowsAtOnce;
      for (let i = isLower ? block : 0; i < wholeA; i += 3) {
        const last = isLower && i + 3 < end ? i + 3 : end;
        for (let j = block; j < last; j += 3) subtractTile(c, a, b, i, j, from, length);
      }
    }
  }
  for (let i = 0; i < rowsA; i++)
    for (let j = i < wholeA ? wholeB : 0; j < (isLower ? Math.min(i + 1, rowsB) : rowsB); j++)
      c.values[c.at + i * c.stride + j] -= dotRows(a.values, a.at + i * a.stride, b.values, b.at + j * b.stride, depth);
}

/** Σ a[atA + m]·b[atB + m] over `length` entries. */
export function dotRows(a: Float64Array, atA: number, b: Float64Array, atB: number, length: number): number {
  let sum = 0;
  for (let m = 0; m < length; m++) sum += a[atA + m] * b[atB + m];
  return sum;
}

function subtractTile(c: RowBlock, a: RowBlock, b: RowBlock, i: number, j: number, from: number, length: number): void {
  const left = a.values;
  const right = b.values;
  let p = a.at + i * a.stride + from;
  let q = b.at + j * b.stride + from;
  const p1 = a.stride;
  const p2 = 2 * p1;
  const q1 = b.stride;
  const q2 = 2 * q1;
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s20 = 0;
  let s21 = 0;
  let s22 = 0;
  for (const end = p + length; p < end; p++, q++) {
    const a0 = left[p];
    const a1 = left[p + p1];
    const a2 = left[p + p2];
    const b0 = right[q];
    const b1 = right[q + q1];
    const b2 = right[q + q2];
    s00 += a0 * b0;
    s01 += a0 * b1;
    s02 += a0 * b2;
    s10 += a1 * b0;
    s11 += a1 * b1;
    s12 += a1 * b2;
    s20 += a2 * b0;
    s21 += a2 * b1;
    s22 += a2 * b2;
  }
  const out = c.values;
  let o = c.at + i * c.stride + j;
  out[o] -= s00;
  out[o + 1] -= s01;
  out[o + 2] -= s02;
  o += c.stride;
  out[o] -= s10;
  out[o + 1] -= s11;
  out[o + 2] -= s12;
  o += c.stride;
  out[o] -= s20;
  out[o + 1] -= s21;
  out[o + 2] -= s22;
}
