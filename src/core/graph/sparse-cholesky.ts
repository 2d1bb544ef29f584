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
  const { nodeCount: n, order } = pattern;
  const z = new Float64Array(n * k);
  for (let j = 0; j < n; j++) for (let s = 0; s < k; s++) z[j * k + s] = rhs[order[j] * k + s];
  if (k === 1) {
    solveForward1(pattern, blocks, z);
    solveBackward1(pattern, blocks, z);
  } else if (k === 3) {
    solveForward3(pattern, blocks, z);
    solveBackward3(pattern, blocks, z);
  } else {
    solveForward(pattern, k, blocks, z);
    solveBackward(pattern, k, blocks, z);
  }
  for (let j = 0; j < n; j++) for (let s = 0; s < k; s++) rhs[order[j] * k + s] = z[j * k + s];
}

function solveForward1({ nodeCount: n, starts, rows }: CholeskyPattern, blocks: Float64Array, z: Float64Array): void {
  for (let j = 0; j < n; j++) {
    const value = z[j] / blocks[starts[j]];
    z[j] = value;
    for (let p = starts[j] + 1; p < starts[j + 1]; p++) z[rows[p]] -= blocks[p] * value;
  }
}

function solveBackward1({ nodeCount: n, starts, rows }: CholeskyPattern, blocks: Float64Array, z: Float64Array): void {
  for (let j = n - 1; j >= 0; j--) {
    let sum = z[j];
    for (let p = starts[j] + 1; p < starts[j + 1]; p++) sum -= blocks[p] * z[rows[p]];
    z[j] = sum / blocks[starts[j]];
  }
}

function solveForward3({ nodeCount: n, starts, rows }: CholeskyPattern, blocks: Float64Array, z: Float64Array): void {
  for (let j = 0; j < n; j++) {
    let b = starts[j] * 9;
    const o = 3 * j;
    const x = z[o] / blocks[b];
    const y = (z[o + 1] - blocks[b + 3] * x) / blocks[b + 4];
    const t = (z[o + 2] - blocks[b + 6] * x - blocks[b + 7] * y) / blocks[b + 8];
    z[o] = x;
    z[o + 1] = y;
    z[o + 2] = t;
    for (let p = starts[j] + 1; p < starts[j + 1]; p++) {
      b += 9;
      const i = 3 * rows[p];
      z[i] -= blocks[b] * x + blocks[b + 1] * y + blocks[b + 2] * t;
      z[i + 1] -= blocks[b + 3] * x + blocks[b + 4] * y + blocks[b + 5] * t;
      z[i + 2] -= blocks[b + 6] * x + blocks[b + 7] * y + blocks[b + 8] * t;
    }
  }
}

function solveBackward3({ nodeCount: n, starts, rows }: CholeskyPattern, blocks: Float64Array, z: Float64Array): void {
  for (let j = n - 1; j >= 0; j--) {
    const o = 3 * j;
    let x = z[o];
    let y = z[o + 1];
    let t = z[o + 2];
    const d = starts[j] * 9;
    for (let p = starts[j] + 1, b = d + 9; p < starts[j + 1]; p++, b += 9) {
      const i = 3 * rows[p];
      const u = z[i];
      const v = z[i + 1];
      const w = z[i + 2];
      x -= blocks[b] * u + blocks[b + 3] * v + blocks[b + 6] * w;
      y -= blocks[b + 1] * u + blocks[b + 4] * v + blocks[b + 7] * w;
      t -= blocks[b + 2] * u + blocks[b + 5] * v + blocks[b + 8] * w;
    }
    t /= blocks[d + 8];
    y = (y - blocks[d + 7] * t) / blocks[d + 4];
    z[o] = (x - blocks[d + 3] * y - blocks[d + 6] * t) / blocks[d];
    z[o + 1] = y;
    z[o + 2] = t;
  }
}

function solveForward(pattern: CholeskyPattern, k: number, blocks: Float64Array, z: Float64Array): void {
  const { nodeCount: n, starts, rows } = pattern;
  const kk = k * k;
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
}

function solveBackward(pattern: CholeskyPattern, k: number, blocks: Float64Array, z: Float64Array): void {
  const { nodeCount: n, starts, rows } = pattern;
  const kk = k * k;
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
}
