import { adjacencyOf, nestedDissectionOrder } from './nested-dissection.ts';

/**
 * The pattern of L in P·H·Pᵀ = L·Lᵀ for a symmetric matrix of blocks, one block row a node: independent of the block
 * size and of the numbers, so one pattern serves every model and every re-weighting.
 */
export interface CholeskyPattern {
  readonly nodeCount: number;
  /** order[k] = node in block row k of the permuted matrix; position is its inverse. */
  readonly order: Int32Array;
  readonly position: Int32Array;
  /** Blocks of column j are starts[j] … starts[j + 1] − 1; the first is the diagonal, rows ascend. */
  readonly starts: Int32Array;
  readonly rows: Int32Array;
  /** Block of L into which edge e of `from`, `to` falls; it is H(from, to) when `upright[e]` is 1, else its transpose. */
  readonly edgeBlock: Int32Array;
  readonly edgeUpright: Uint8Array;
}

/** L with blocks of size k, row-major in each block; the diagonal blocks are lower triangular. */
export interface CholeskyFactor {
  readonly pattern: CholeskyPattern;
  readonly k: number;
  readonly blocks: Float64Array;
}

/** Symbolic factorisation of the matrix with one block a node and one a pair of nodes (from[e], to[e]), from ≠ to. */
export function analysePattern(from: Int32Array, to: Int32Array, x: Float64Array, y: Float64Array): CholeskyPattern {
  const n = x.length;
  const adjacency = adjacencyOf(n, from, to);
  const order = nestedDissectionOrder(adjacency, x, y);
  const position = new Int32Array(n);
  for (let k = 0; k < n; k++) position[order[k]] = k;

  // Column j of L holds its own entries of H and those of its children in the elimination tree (Liu 1990, eq. 4.3).
  const columns: Int32Array[] = new Array<Int32Array>(n);
  const firstChild = new Int32Array(n).fill(-1);
  const nextSibling = new Int32Array(n).fill(-1);
  const mark = new Int32Array(n).fill(-1);
  const scratch = new Int32Array(n);
  const starts = new Int32Array(n + 1);
  for (let j = 0; j < n; j++) {
    let count = 0;
    mark[j] = j;
    const node = order[j];
    for (let p = adjacency.starts[node]; p < adjacency.starts[node + 1]; p++) {
      const i = position[adjacency.neighbours[p]];
      if (i > j && mark[i] !== j) {
        mark[i] = j;
        scratch[count++] = i;
      }
    }
    for (let child = firstChild[j]; child !== -1; child = nextSibling[child]) {
      for (const i of columns[child]) {
        if (mark[i] !== j) {
          mark[i] = j;
          scratch[count++] = i;
        }
      }
    }
    const column = scratch.slice(0, count).sort();
    columns[j] = column;
    starts[j + 1] = starts[j] + 1 + count;
    if (count > 0) {
      nextSibling[j] = firstChild[column[0]];
      firstChild[column[0]] = j;
    }
  }
  const rows = new Int32Array(starts[n]);
  for (let j = 0; j < n; j++) {
    rows[starts[j]] = j;
    rows.set(columns[j], starts[j] + 1);
  }

  const edgeBlock = new Int32Array(from.length);
  const edgeUpright = new Uint8Array(from.length);
  for (let e = 0; e < from.length; e++) {
    const i = position[from[e]];
    const j = position[to[e]];
    edgeUpright[e] = i > j ? 1 : 0;
    edgeBlock[e] = findBlock(rows, starts, Math.max(i, j), Math.min(i, j));
  }
  return { nodeCount: n, order, position, starts, rows, edgeBlock, edgeUpright };
}

function findBlock(rows: Int32Array, starts: Int32Array, row: number, column: number): number {
  let low = starts[column];
  let high = starts[column + 1] - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle] < row) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The columns of a factorisation that is under way; `next` is the first column not yet done. */
export interface Factorisation extends CholeskyFactor {
  next: number;
  /** Head and links of the lists of columns whose next row is r, and that row's block. */
  readonly head: Int32Array;
  readonly link: Int32Array;
  readonly cursor: Int32Array;
  /** Block of the current column in which row i lies. */
  readonly place: Int32Array;
}

/**
 * Scatters H into the pattern, ready for `factoriseSome`.
 *
 * @param diagonal [nodes · k²] H(i, i), row-major, node order.
 * @param offDiagonal [edges · k²] H(from, to), row-major, edge order; edges of one pair add up.
 */
export function startFactorisation(
  pattern: CholeskyPattern,
  k: number,
  diagonal: Float64Array,
  offDiagonal: Float64Array,
): Factorisation {
  const { nodeCount: n, order, starts, edgeBlock, edgeUpright } = pattern;
  const kk = k * k;
  const blocks = new Float64Array(starts[n] * kk);
  for (let j = 0; j < n; j++) {
    const source = order[j] * kk;
    const target = starts[j] * kk;
    for (let s = 0; s < kk; s++) blocks[target + s] = diagonal[source + s];
  }
  for (let e = 0; e < edgeBlock.length; e++) {
    const source = e * kk;
    const target = edgeBlock[e] * kk;
    if (edgeUpright[e] === 1) for (let s = 0; s < kk; s++) blocks[target + s] += offDiagonal[source + s];
    else
      for (let r = 0; r < k; r++)
        for (let c = 0; c < k; c++) blocks[target + r * k + c] += offDiagonal[source + c * k + r];
  }
  return {
    pattern,
    k,
    blocks,
    next: 0,
    head: new Int32Array(n).fill(-1),
    link: new Int32Array(n).fill(-1),
    cursor: new Int32Array(n),
    place: new Int32Array(n),
  };
}

/**
 * Left-looking block Cholesky over the next columns, at most about `blockProducts` products of blocks (so that a caller
 * can yield in between).
 *
 * @returns −1 when there are columns left or all are done (`next === nodeCount`), else the node whose pivot was not
 * positive: the matrix is singular, indefinite or not finite there.
 */
export function factoriseSome(state: Factorisation, blockProducts: number): number {
  const { pattern, k, blocks, head, link, cursor, place } = state;
  const { nodeCount: n, starts, rows, order } = pattern;
  let budget = blockProducts;
  for (let j = state.next; j < n && budget > 0; j++) {
    const start = starts[j];
    const end = starts[j + 1];
    for (let p = start; p < end; p++) place[rows[p]] = p;
    for (let c = head[j]; c !== -1;) {
      const following = link[c];
      const first = cursor[c];
      const last = starts[c + 1];
      budget -= last - first;
      if (k === 1) subtractScalars(blocks, rows, place, first, last);
      else if (k === 3) subtractBlocks3(blocks, rows, place, first, last);
      else subtractBlocks(blocks, rows, place, first, last, k);
      cursor[c] = first + 1;
      if (first + 1 < last) {
        const row = rows[first + 1];
        link[c] = head[row];
        head[row] = c;
      }
      c = following;
    }
    if (!factoriseDiagonal(blocks, start * k * k, k)) return order[j];
    for (let p = start + 1; p < end; p++) solveBlockRow(blocks, start * k * k, p * k * k, k);
    if (start + 1 < end) {
      cursor[j] = start + 1;
      link[j] = head[rows[start + 1]];
      head[rows[start + 1]] = j;
    }
    state.next = j + 1;
  }
  return -1;
}

function subtractScalars(blocks: Float64Array, rows: Int32Array, place: Int32Array, first: number, last: number): void {
  const f = blocks[first];
  for (let q = first; q < last; q++) blocks[place[rows[q]]] -= blocks[q] * f;
}

/** target(row) −= L(row, c) · L(j, c)ᵀ for 3×3 blocks, unrolled: the inner loop of every rigid and affine solve. */
function subtractBlocks3(blocks: Float64Array, rows: Int32Array, place: Int32Array, first: number, last: number): void {
  const f = first * 9;
  const f0 = blocks[f];
  const f1 = blocks[f + 1];
  const f2 = blocks[f + 2];
  const f3 = blocks[f + 3];
  const f4 = blocks[f + 4];
  const f5 = blocks[f + 5];
  const f6 = blocks[f + 6];
  const f7 = blocks[f + 7];
  const f8 = blocks[f + 8];
  for (let q = first; q < last; q++) {
    const s = q * 9;
    const t = place[rows[q]] * 9;
    const a0 = blocks[s];
    const a1 = blocks[s + 1];
    const a2 = blocks[s + 2];
    blocks[t] -= a0 * f0 + a1 * f1 + a2 * f2;
    blocks[t + 1] -= a0 * f3 + a1 * f4 + a2 * f5;
    blocks[t + 2] -= a0 * f6 + a1 * f7 + a2 * f8;
    const b0 = blocks[s + 3];
    const b1 = blocks[s + 4];
    const b2 = blocks[s + 5];
    blocks[t + 3] -= b0 * f0 + b1 * f1 + b2 * f2;
    blocks[t + 4] -= b0 * f3 + b1 * f4 + b2 * f5;
    blocks[t + 5] -= b0 * f6 + b1 * f7 + b2 * f8;
    const c0 = blocks[s + 6];
    const c1 = blocks[s + 7];
    const c2 = blocks[s + 8];
    blocks[t + 6] -= c0 * f0 + c1 * f1 + c2 * f2;
    blocks[t + 7] -= c0 * f3 + c1 * f4 + c2 * f5;
    blocks[t + 8] -= c0 * f6 + c1 * f7 + c2 * f8;
  }
}

function subtractBlocks(
  blocks: Float64Array,
  rows: Int32Array,
  place: Int32Array,
  first: number,
  last: number,
  k: number,
): void {
  const kk = k * k;
  const f = first * kk;
  for (let q = first; q < last; q++) {
    const s = q * kk;
    const t = place[rows[q]] * kk;
    for (let r = 0; r < k; r++) {
      for (let c = 0; c < k; c++) {
        let sum = 0;
        for (let m = 0; m < k; m++) sum += blocks[s + r * k + m] * blocks[f + c * k + m];
        blocks[t + r * k + c] -= sum;
      }
    }
  }
}

/** Dense Cholesky of the block at `at`; false when a pivot is not positive relative to its diagonal. */
function factoriseDiagonal(blocks: Float64Array, at: number, k: number): boolean {
  for (let r = 0; r < k; r++) {
    for (let c = 0; c <= r; c++) {
      let sum = blocks[at + r * k + c];
      for (let m = 0; m < c; m++) sum -= blocks[at + r * k + m] * blocks[at + c * k + m];
      if (r !== c) blocks[at + r * k + c] = sum / blocks[at + c * k + c];
      else {
        if (!(sum > 0) || sum === Infinity) return false;
        blocks[at + r * k + r] = Math.sqrt(sum);
      }
    }
    for (let c = r + 1; c < k; c++) blocks[at + r * k + c] = 0;
  }
  return true;
}

/** X ← X · D⁻ᵀ for the block X at `at` and the lower triangular block D. */
function solveBlockRow(blocks: Float64Array, diagonalAt: number, at: number, k: number): void {
  for (let r = 0; r < k; r++) {
    for (let c = 0; c < k; c++) {
      let sum = blocks[at + r * k + c];
      for (let m = 0; m < c; m++) sum -= blocks[at + r * k + m] * blocks[diagonalAt + c * k + m];
      blocks[at + r * k + c] = sum / blocks[diagonalAt + c * k + c];
    }
  }
}

/** Solves H·z = rhs in place; `rhs` is [nodes · k] in node order. */
export function solveFactored(factor: CholeskyFactor, rhs: Float64Array): void {
  const { pattern, k, blocks } = factor;
  const { nodeCount: n, starts, rows, order } = pattern;
  const kk = k * k;
  const z = new Float64Array(n * k);
  for (let j = 0; j < n; j++) for (let s = 0; s < k; s++) z[j * k + s] = rhs[order[j] * k + s];
  for (let j = 0; j < n; j++) {
    const at = starts[j] * kk;
    for (let r = 0; r < k; r++) {
      let sum = z[j * k + r];
      for (let m = 0; m < r; m++) sum -= blocks[at + r * k + m] * z[j * k + m];
      z[j * k + r] = sum / blocks[at + r * k + r];
    }
    for (let p = starts[j] + 1; p < starts[j + 1]; p++) {
      const i = rows[p] * k;
      const b = p * kk;
      for (let r = 0; r < k; r++) {
        let sum = 0;
        for (let c = 0; c < k; c++) sum += blocks[b + r * k + c] * z[j * k + c];
        z[i + r] -= sum;
      }
    }
  }
  for (let j = n - 1; j >= 0; j--) {
    for (let p = starts[j] + 1; p < starts[j + 1]; p++) {
      const i = rows[p] * k;
      const b = p * kk;
      for (let c = 0; c < k; c++) {
        let sum = 0;
        for (let r = 0; r < k; r++) sum += blocks[b + r * k + c] * z[i + r];
        z[j * k + c] -= sum;
      }
    }
    const at = starts[j] * kk;
    for (let r = k - 1; r >= 0; r--) {
      let sum = z[j * k + r];
      for (let m = r + 1; m < k; m++) sum -= blocks[at + m * k + r] * z[j * k + m];
      z[j * k + r] = sum / blocks[at + r * k + r];
    }
  }
  for (let j = 0; j < n; j++) for (let s = 0; s < k; s++) rhs[order[j] * k + s] = z[j * k + s];
}

/**
 * The diagonal blocks of H⁻¹, [nodes · k²] in node order, by Takahashi's recurrence on the pattern of L:
 *
 *   Z(S, j) = −Z(S, S) · L(S, j) · D⁻¹,   Z(j, j) = D⁻ᵀD⁻¹ − D⁻ᵀ L(S, j)ᵀ Z(S, j)
 *
 * with D = L(j, j) and S the rows below it in column j.
 * @see Erisman & Tinney 1975, "On computing certain elements of the inverse of a sparse matrix"
 */
export function inverseDiagonal(factor: CholeskyFactor): Float64Array {
  const { pattern, k, blocks } = factor;
  const { nodeCount: n, starts, rows, order } = pattern;
  const kk = k * k;
  const z = new Float64Array(blocks.length);
  const result = new Float64Array(n * kk);
  const y = new Float64Array(blocks.length === 0 ? 0 : maxColumn(starts) * kk);
  const sum = new Float64Array(y.length);
  const slot = new Int32Array(n).fill(-1);
  const inverse = new Float64Array(kk);
  for (let j = n - 1; j >= 0; j--) {
    const start = starts[j];
    const count = starts[j + 1] - start - 1;
    invertLower(blocks, start * kk, k, inverse);
    // Y = L(S, j) · D⁻¹
    for (let s = 0; s < count; s++) {
      multiply(blocks, (start + 1 + s) * kk, inverse, 0, y, s * kk, k);
      slot[rows[start + 1 + s]] = s;
    }
    sum.fill(0, 0, count * kk);
    for (let s = 0; s < count; s++) {
      const i = rows[start + 1 + s];
      addProduct(z, starts[i] * kk, y, s * kk, sum, s * kk, k);
      for (let p = starts[i] + 1; p < starts[i + 1]; p++) {
        const t = slot[rows[p]];
        if (t === -1) continue;
        addProduct(z, p * kk, y, s * kk, sum, t * kk, k);
        addTransposedProduct(z, p * kk, y, t * kk, sum, s * kk, k);
      }
    }
    const at = start * kk;
    for (let r = 0; r < k; r++)
      for (let c = 0; c < k; c++) {
        let entry = 0;
        for (let m = 0; m < k; m++) entry += inverse[m * k + r] * inverse[m * k + c];
        z[at + r * k + c] = entry;
      }
    for (let s = 0; s < count; s++) {
      addTransposedProduct(y, s * kk, sum, s * kk, z, at, k);
      for (let m = 0; m < kk; m++) z[(start + 1 + s) * kk + m] = -sum[s * kk + m];
      slot[rows[start + 1 + s]] = -1;
    }
    for (let m = 0; m < kk; m++) result[order[j] * kk + m] = z[at + m];
  }
  return result;
}

function maxColumn(starts: Int32Array): number {
  let most = 1;
  for (let j = 0; j + 1 < starts.length; j++) most = Math.max(most, starts[j + 1] - starts[j]);
  return most;
}

function invertLower(blocks: Float64Array, at: number, k: number, inverse: Float64Array): void {
  inverse.fill(0);
  for (let c = 0; c < k; c++) {
    for (let r = c; r < k; r++) {
      let sum = r === c ? 1 : 0;
      for (let m = c; m < r; m++) sum -= blocks[at + r * k + m] * inverse[m * k + c];
      inverse[r * k + c] = sum / blocks[at + r * k + r];
    }
  }
}

/** out = A · B */
function multiply(
  a: Float64Array,
  atA: number,
  b: Float64Array,
  atB: number,
  out: Float64Array,
  atOut: number,
  k: number,
): void {
  for (let r = 0; r < k; r++)
    for (let c = 0; c < k; c++) {
      let sum = 0;
      for (let m = 0; m < k; m++) sum += a[atA + r * k + m] * b[atB + m * k + c];
      out[atOut + r * k + c] = sum;
    }
}

/** out += A · B */
function addProduct(
  a: Float64Array,
  atA: number,
  b: Float64Array,
  atB: number,
  out: Float64Array,
  atOut: number,
  k: number,
): void {
  for (let r = 0; r < k; r++)
    for (let c = 0; c < k; c++) {
      let sum = 0;
      for (let m = 0; m < k; m++) sum += a[atA + r * k + m] * b[atB + m * k + c];
      out[atOut + r * k + c] += sum;
    }
}

/** out += Aᵀ · B */
function addTransposedProduct(
  a: Float64Array,
  atA: number,
  b: Float64Array,
  atB: number,
  out: Float64Array,
  atOut: number,
  k: number,
): void {
  for (let r = 0; r < k; r++)
    for (let c = 0; c < k; c++) {
      let sum = 0;
      for (let m = 0; m < k; m++) sum += a[atA + m * k + r] * b[atB + m * k + c];
      out[atOut + r * k + c] += sum;
    }
}
