import type { CholeskyPattern } from './cholesky-pattern.ts';
import { dotRows, subtractProduct } from './dense-product.ts';
import type { RowBlock } from './dense-product.ts';
import type { CholeskyFactor } from './sparse-cholesky.ts';

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
  const { nodeCount: n, starts, order, supernodes } = pattern;
  const kk = k * k;
  const work = allocateWork(pattern, k);
  const z = new Float64Array(blocks.length);
  const result = new Float64Array(n * kk);
  for (let s = supernodes.length - 2; s >= 0; s--) {
    const first = supernodes[s];
    const width = (supernodes[s + 1] - first) * k;
    const height = (starts[first + 1] - starts[first]) * k - width;
    gatherInverse(pattern, k, z, supernodes[s + 1] - 1, work);
    gatherFactor(pattern, k, blocks, first, width, work);
    invertLower(work.lower, work.inverse, width);
    multiply(work, width, height);
    scatterInverse(pattern, k, z, first, width, height, work);
  }
  for (let j = 0; j < n; j++) for (let m = 0; m < kk; m++) result[order[j] * kk + m] = z[starts[j] * kk + m];
  return result;
}

/** Rows of D⁻ᵀ that are multiplied together. */
const rowsAtOnce = 24;

/** Dense matrices of the largest supernode, row by row. */
interface Work {
  /** Z(S, S), height × height. */
  readonly square: Float64Array;
  /** L(S, J), height × width. */
  readonly panel: Float64Array;
  /** −Yᵀ, width × height. */
  readonly y: Float64Array;
  /** −Z(S, J)ᵀ, width × height. */
  readonly product: Float64Array;
  /** D and D⁻ᵀ, width × width; of the latter the upper triangle. */
  readonly lower: Float64Array;
  readonly inverse: Float64Array;
  /** Z(J, J), width × width, of which the lower triangle. */
  readonly corner: Float64Array;
  /** Place of a block row in S, −1 outside. */
  readonly slot: Int32Array;
}

function allocateWork({ nodeCount, starts, supernodes }: CholeskyPattern, k: number): Work {
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
    panel: new Float64Array(panel),
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

/** Fills `lower` with D and `panel` with L(S, J). */
function gatherFactor(
  { starts }: CholeskyPattern,
  k: number,
  blocks: Float64Array,
  first: number,
  width: number,
  { lower, panel }: Work,
): void {
  const columns = width / k;
  const below = starts[first + 1] - starts[first] - columns;
  for (let j = 0; j < columns; j++) {
    let at = starts[first + j] * k * k;
    for (let i = j * k; i < width; i += k)
      for (let r = i; r < i + k; r++) for (let c = 0, o = r * width + j * k; c < k; c++) lower[o + c] = blocks[at++];
    for (let r = 0; r < below * k; r++) for (let c = 0, o = r * width + j * k; c < k; c++) panel[o + c] = blocks[at++];
  }
}

/** inverse ← D⁻ᵀ, row c of which solves D·w = e_c. */
function invertLower(lower: Float64Array, inverse: Float64Array, width: number): void {
  for (let c = 0; c < width; c++) {
    const row = c * width;
    inverse.fill(0, row, row + c);
    inverse[row + c] = 1 / lower[row + c];
    for (let r = c + 1; r < width; r++)
      inverse[row + r] = -dotRows(lower, r * width + c, inverse, row + c, r - c) / lower[r * width + r];
  }
}

/** −Yᵀ, −Z(S, J)ᵀ and Z(J, J) from D⁻ᵀ, L(S, J) and Z(S, S). */
function multiply({ square, panel, y, product, inverse, corner }: Work, width: number, height: number): void {
  y.fill(0, 0, width * height);
  product.fill(0, 0, width * height);
  const ofWidth = (values: Float64Array): RowBlock => ({ values, at: 0, stride: width });
  const ofHeight = (values: Float64Array): RowBlock => ({ values, at: 0, stride: height });
  // Row c of D⁻ᵀ begins with c zeros.
  for (let c = 0; c < width; c += rowsAtOnce) {
    const target = { values: y, at: c * height, stride: height };
    const rows = { values: inverse, at: c * width + c, stride: width };
    const below = { values: panel, at: c, stride: width };
    subtractProduct(target, rows, Math.min(rowsAtOnce, width - c), below, height, width - c, false);
  }
  subtractProduct(ofHeight(product), ofHeight(y), width, ofHeight(square), height, height, false);
  for (let r = 0; r < width; r++)
    for (let c = 0; c <= r; c++)
      corner[r * width + c] = dotRows(inverse, r * width + r, inverse, c * width + r, width - r);
  subtractProduct(ofWidth(corner), ofHeight(y), width, ofHeight(product), width, height, true);
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
      for (let r = 0; r < k; r++)
        for (let c = 0; c < k; c++)
          z[at++] = i > j || r >= c ? corner[(i * k + r) * width + j * k + c] : corner[(j * k + c) * width + i * k + r];
    for (let s = 0; s < height; s += k)
      for (let r = 0; r < k; r++) for (let c = 0; c < k; c++) z[at++] = -product[(j * k + c) * height + s + r];
  }
}
