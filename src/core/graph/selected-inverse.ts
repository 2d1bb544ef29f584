import type { CholeskyFactor, CholeskyPattern } from './sparse-cholesky.ts';

/**
 * The diagonal blocks of H⁻¹, [nodes · k²] in node order, by Takahashi's recurrence on the pattern of L, a supernode (columns
 * J that share their rows S below) at a time and with dense matrices:
 *
 *   Z(S, J) = −Z(S, S) · Y,   Z(J, J) = D⁻ᵀD⁻¹ − Yᵀ Z(S, J),   Y = L(S, J) · D⁻¹,   D = L(J, J)
 *
 * @see Erisman & Tinney 1975, "On computing certain elements of the inverse of a sparse matrix"
 */
export function inverseDiagonal(factor: CholeskyFactor): Float64Array {
  const { pattern, k, blocks } = factor;
  const { nodeCount: n, starts, order } = pattern;
  const kk = k * k;
  const supernodes = supernodesOf(pattern);
  const work = allocateWork(pattern, supernodes, k);
  const z = new Float64Array(blocks.length);
  const result = new Float64Array(n * kk);
  for (let s = supernodes.length - 2; s >= 0; s--) {
    const first = supernodes[s];
    const width = (supernodes[s + 1] - first) * k;
    const height = (starts[first + 1] - starts[first]) * k - width;
    gatherInverse(pattern, k, z, supernodes[s + 1] - 1, work);
    gatherFactor(pattern, k, blocks, first, width, work);
    solveFromRight(work.lower, work.y, width, height);
    invertLower(work.lower, work.inverse, width);
    multiplySymmetric(work.square, work.y, work.product, height, width);
    addCorner(work.inverse, work.y, work.product, work.corner, width, height);
    scatterInverse(pattern, k, z, first, width, height, work);
  }
  for (let j = 0; j < n; j++) for (let m = 0; m < kk; m++) result[order[j] * kk + m] = z[starts[j] * kk + m];
  return result;
}

/** First columns of the supernodes and, at the end, the number of columns. */
function supernodesOf({ nodeCount: n, starts, rows }: CholeskyPattern): Int32Array {
  const firsts: number[] = [];
  for (let j = 0; j < n; j++) {
    const before = j === 0 ? 0 : starts[j] - starts[j - 1];
    const continues = j > 0 && before === starts[j + 1] - starts[j] + 1 && rows[starts[j - 1] + 1] === j;
    if (!continues) firsts.push(j);
  }
  firsts.push(n);
  return Int32Array.from(firsts);
}

/** Dense matrices of the largest supernode, row by row; rows of Y, of the product and of L(S, J) are columns of J. */
interface Work {
  /** Z(S, S), height × height. */
  readonly square: Float64Array;
  /** L(S, J)ᵀ, then Yᵀ, width × height. */
  readonly y: Float64Array;
  /** (Z(S, S) · Y)ᵀ, width × height. */
  readonly product: Float64Array;
  /** D, width × width, and its inverse. */
  readonly lower: Float64Array;
  readonly inverse: Float64Array;
  /** Z(J, J), width × width. */
  readonly corner: Float64Array;
  /** Place of a block row in S, −1 outside. */
  readonly slot: Int32Array;
}

function allocateWork({ nodeCount, starts }: CholeskyPattern, supernodes: Int32Array, k: number): Work {
  let height = 0;
  let width = 0;
  let panel = 0;
  for (let s = 0; s + 1 < supernodes.length; s++) {
    const w = (supernodes[s + 1] - supernodes[s]) * k;
    const h = (starts[supernodes[s] + 1] - starts[supernodes[s]]) * k - w;
    height = Math.max(height, h);
    width = Math.max(width, w);
    panel = Math.max(panel, w * h);
  }
  return {
    square: new Float64Array(height * height),
    y: new Float64Array(panel),
    product: new Float64Array(panel),
    lower: new Float64Array(width * width),
    inverse: new Float64Array(width * width),
    corner: new Float64Array(width * width),
    slot: new Int32Array(nodeCount).fill(-1),
  };
}

/** Fills `square` with Z(S, S), S the rows below the last column of a supernode. */
function gatherInverse({ starts, rows }: CholeskyPattern, k: number, z: Float64Array, last: number, work: Work): void {
  const { square, slot } = work;
  const begin = starts[last] + 1;
  const end = starts[last + 1];
  const height = (end - begin) * k;
  const kk = k * k;
  for (let p = begin; p < end; p++) slot[rows[p]] = p - begin;
  const most = end > begin ? rows[end - 1] : -1;
  for (let s = 0; s < end - begin; s++) {
    const i = rows[begin + s];
    for (let p = starts[i]; p < starts[i + 1] && rows[p] <= most; p++) {
      const t = slot[rows[p]];
      if (t === -1) continue;
      for (let r = 0, at = p * kk; r < k; r++)
        for (let c = 0; c < k; c++, at++) {
          const value = z[at];
          square[(t * k + r) * height + s * k + c] = value;
          square[(s * k + c) * height + t * k + r] = value;
        }
    }
  }
  for (let p = begin; p < end; p++) slot[rows[p]] = -1;
}

/** Fills `lower` with D and `y` with L(S, J)ᵀ. */
function gatherFactor(
  { starts }: CholeskyPattern,
  k: number,
  blocks: Float64Array,
  first: number,
  width: number,
  { lower, y }: Work,
): void {
  const columns = width / k;
  const kk = k * k;
  const height = (starts[first + 1] - starts[first]) * k - width;
  for (let j = 0; j < columns; j++) {
    let at = starts[first + j] * kk;
    for (let i = j; i < columns; i++)
      for (let r = 0; r < k; r++) for (let c = 0; c < k; c++) lower[(i * k + r) * width + j * k + c] = blocks[at++];
    for (let s = 0; s < height; s += k)
      for (let r = 0; r < k; r++) for (let c = 0; c < k; c++) y[(j * k + c) * height + s + r] = blocks[at++];
  }
}

/** Yᵀ ← D⁻ᵀ · Yᵀ for the lower triangular D. */
function solveFromRight(lower: Float64Array, y: Float64Array, width: number, height: number): void {
  for (let c = width - 1; c >= 0; c--) {
    const row = c * height;
    for (let m = c + 1; m < width; m++) {
      const factor = lower[m * width + c];
      const other = m * height;
      for (let s = 0; s < height; s++) y[row + s] -= factor * y[other + s];
    }
    const scale = 1 / lower[c * width + c];
    for (let s = 0; s < height; s++) y[row + s] *= scale;
  }
}

function invertLower(lower: Float64Array, inverse: Float64Array, width: number): void {
  inverse.fill(0, 0, width * width);
  for (let r = 0; r < width; r++) {
    const pivot = 1 / lower[r * width + r];
    for (let m = 0; m < r; m++) {
      const factor = -lower[r * width + m] * pivot;
      for (let c = 0; c <= m; c++) inverse[r * width + c] += factor * inverse[m * width + c];
    }
    inverse[r * width + r] = pivot;
  }
}

/** productᵀ = yᵀ · square for a symmetric matrix, three rows by three columns at a time. */
function multiplySymmetric(
  square: Float64Array,
  y: Float64Array,
  product: Float64Array,
  height: number,
  width: number,
): void {
  for (let i = 0; i < height; i += 3)
    for (let j = 0; j < width; j += 3) {
      const isWhole = i + 3 <= height && j + 3 <= width;
      if (isWhole) multiplyTile(square, y, product, height, i, j);
      else
        for (let r = i; r < Math.min(i + 3, height); r++)
          for (let c = j; c < Math.min(j + 3, width); c++)
            product[c * height + r] = dot(square, r * height, y, c * height, height);
    }
}

function multiplyTile(
  square: Float64Array,
  y: Float64Array,
  product: Float64Array,
  height: number,
  i: number,
  j: number,
): void {
  let p = i * height;
  let q = j * height;
  const stride = height;
  const stride2 = 2 * height;
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s20 = 0;
  let s21 = 0;
  let s22 = 0;
  for (const end = p + height; p < end; p++, q++) {
    const a0 = square[p];
    const a1 = square[p + stride];
    const a2 = square[p + stride2];
    const b0 = y[q];
    const b1 = y[q + stride];
    const b2 = y[q + stride2];
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
  const o = j * height + i;
  product[o] = s00;
  product[o + 1] = s10;
  product[o + 2] = s20;
  product[o + stride] = s01;
  product[o + stride + 1] = s11;
  product[o + stride + 2] = s21;
  product[o + stride2] = s02;
  product[o + stride2 + 1] = s12;
  product[o + stride2 + 2] = s22;
}

function dot(a: Float64Array, atA: number, b: Float64Array, atB: number, length: number): number {
  let sum = 0;
  for (let s = 0; s < length; s++) sum += a[atA + s] * b[atB + s];
  return sum;
}

/** corner = D⁻ᵀD⁻¹ + Yᵀ · product. */
function addCorner(
  inverse: Float64Array,
  y: Float64Array,
  product: Float64Array,
  corner: Float64Array,
  width: number,
  height: number,
): void {
  for (let r = 0; r < width; r++)
    for (let c = 0; c <= r; c++) {
      let sum = dot(y, r * height, product, c * height, height);
      for (let m = r; m < width; m++) sum += inverse[m * width + r] * inverse[m * width + c];
      corner[r * width + c] = sum;
      corner[c * width + r] = sum;
    }
}

/** Writes Z(J, J) and Z(S, J) into the pattern. */
function scatterInverse(
  { starts }: CholeskyPattern,
  k: number,
  z: Float64Array,
  first: number,
  width: number,
  height: number,
  { corner, product }: Work,
): void {
  const columns = width / k;
  for (let j = 0; j < columns; j++) {
    let at = starts[first + j] * k * k;
    for (let i = j; i < columns; i++)
      for (let r = 0; r < k; r++) for (let c = 0; c < k; c++) z[at++] = corner[(i * k + r) * width + j * k + c];
    for (let s = 0; s < height; s += k)
      for (let r = 0; r < k; r++) for (let c = 0; c < k; c++) z[at++] = -product[(j * k + c) * height + s + r];
  }
}
