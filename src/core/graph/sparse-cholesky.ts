import type { CholeskyPattern } from './cholesky-pattern.ts';
import { factoriseFront } from './front.ts';
import type { Front } from './front.ts';

/** L with blocks of size k, row-major in each block; the diagonal blocks are lower triangular. */
export interface CholeskyFactor {
  readonly pattern: CholeskyPattern;
  readonly k: number;
  readonly blocks: Float64Array;
}

/** A factorisation that is under way. */
export interface Factorisation extends CholeskyFactor {
  /** First column that is not yet done. */
  next: number;
  /** Supernode in which it is. */
  supernode: number;
  readonly front: Front;
  /** What finished supernodes leave to their parents, one on the other, and whose the last are. */
  readonly stack: Float64Array;
  readonly stacked: number[];
  stackEnd: number;
  /** Row of the present front in which each block row begins. */
  readonly place: Int32Array;
  /** Rows of the present front into which the scalar rows of a child fall. */
  readonly rowMap: Int32Array;
}

/**
 * Scatters H into the pattern, ready for `factoriseSome`.
 *
 * @param diagonal [nodes · k²] H(i, i), row-major, node order.
 * @param offDiagonal [edges · k²] H(from, to), row-major, edge order; edges of one pair add up.
 * @param spent a factorisation of the same pattern and k that is needed no more: its memory is used again.
 */
export function startFactorisation(
  pattern: CholeskyPattern,
  k: number,
  diagonal: Float64Array,
  offDiagonal: Float64Array,
  spent: Factorisation | null = null,
): Factorisation {
  const { nodeCount: n, order, starts, edgeBlock, edgeUpright } = pattern;
  const kk = k * k;
  const state = spent === null ? allocateFactorisation(pattern, k) : cleared(spent);
  const { blocks } = state;
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
  return state;
}

function cleared(state: Factorisation): Factorisation {
  state.blocks.fill(0);
  state.next = 0;
  state.supernode = 0;
  state.stacked.length = 0;
  state.stackEnd = 0;
  return state;
}

function allocateFactorisation(pattern: CholeskyPattern, k: number): Factorisation {
  const { nodeCount: n, starts } = pattern;
  const kk = k * k;
  const { panel, rest, stack } = sizesOf(pattern);
  return {
    pattern,
    k,
    blocks: new Float64Array(starts[n] * kk),
    next: 0,
    supernode: 0,
    front: { panel: new Float64Array(panel * kk), rest: new Float64Array(rest * rest * kk) },
    stack: new Float64Array(stack * kk),
    stacked: [],
    stackEnd: 0,
    place: new Int32Array(n),
    rowMap: new Int32Array(rest * k),
  };
}

/** The most that a front and the stack hold, in blocks. */
function sizesOf(pattern: CholeskyPattern): { readonly panel: number; readonly rest: number; readonly stack: number } {
  const { supernodes, parents, starts } = pattern;
  let panel = 0;
  let rest = 0;
  let stack = 0;
  let height = 0;
  const stacked: number[] = [];
  for (let s = 0; s + 1 < supernodes.length; s++) {
    const all = starts[supernodes[s] + 1] - starts[supernodes[s]];
    panel = Math.max(panel, all * (supernodes[s + 1] - supernodes[s]));
    while (stacked.length > 0 && parents[stacked[stacked.length - 1]] === s)
      height -= rowsBelow(pattern, stacked.pop() ?? 0) ** 2;
    const below = rowsBelow(pattern, s);
    rest = Math.max(rest, below);
    if (below === 0) continue;
    stacked.push(s);
    height += below ** 2;
    stack = Math.max(stack, height);
  }
  return { panel, rest, stack };
}

function rowsBelow({ supernodes, starts }: CholeskyPattern, s: number): number {
  return starts[supernodes[s + 1]] - starts[supernodes[s + 1] - 1] - 1;
}

/**
 * Multifrontal block Cholesky over the next supernodes, at most about `blockProducts` products of blocks (so that a caller
 * can yield in between).
 *
 * @returns −1 when there are columns left or all are done (`next === nodeCount`), else the node whose pivot was not
 * positive: the matrix is singular, indefinite or not finite there.
 * @see Duff & Reid 1983, "The multifrontal solution of indefinite sparse symmetric linear equations"
 */
export function factoriseSome(state: Factorisation, blockProducts: number): number {
  const { pattern, k, front } = state;
  const { supernodes, order } = pattern;
  let budget = blockProducts;
  for (let s = state.supernode; s + 1 < supernodes.length && budget > 0; s++) {
    const below = rowsBelow(pattern, s);
    const columns = supernodes[s + 1] - supernodes[s];
    const width = columns * k;
    const height = width + below * k;
    loadFront(state, s, columns, below);
    while (state.stacked.length > 0 && pattern.parents[state.stacked[state.stacked.length - 1]] === s)
      addChild(state, state.stacked.pop() ?? 0, width, height - width);
    const failed = factoriseFront(front, height, width);
    if (failed !== -1) return order[supernodes[s] + Math.floor(failed / k)];
    storePanel(state, supernodes[s], columns, below);
    if (below > 0) {
      const size = (below * k) ** 2;
      state.stack.set(front.rest.subarray(0, size), state.stackEnd);
      state.stackEnd += size;
      state.stacked.push(s);
    }
    budget -= (columns * (columns + below) ** 2) / 2;
    state.supernode = s + 1;
    state.next = supernodes[s + 1];
  }
  return -1;
}

/** Begins the front of supernode s with its columns of H. */
function loadFront(
  { pattern, k, blocks, front, place }: Factorisation,
  s: number,
  columns: number,
  below: number,
): void {
  const { supernodes, starts, rows } = pattern;
  const { panel, rest } = front;
  const first = supernodes[s];
  const width = columns * k;
  panel.fill(0, 0, (columns + below) * k * width);
  rest.fill(0, 0, (below * k) ** 2);
  for (let p = starts[first], at = 0; p < starts[first + 1]; p++, at += k) place[rows[p]] = at;
  for (let j = 0; j < columns; j++) {
    let at = starts[first + j] * k * k;
    for (let i = j; i < columns + below; i++)
      for (let r = 0; r < k; r++)
        for (let c = 0, o = (i * k + r) * width + j * k; c < k; c++) panel[o + c] = blocks[at++];
  }
}

/** Adds what supernode `child` left, the last on the stack, to the present front. */
function addChild(state: Factorisation, child: number, width: number, restSize: number): void {
  const { pattern, k, front, stack, place, rowMap } = state;
  const { supernodes, starts, rows } = pattern;
  const { panel, rest } = front;
  const last = supernodes[child + 1] - 1;
  let size = 0;
  let inPanel = 0;
  for (let p = starts[last] + 1; p < starts[last + 1]; p++) {
    const at = place[rows[p]];
    for (let r = 0; r < k; r++) rowMap[size++] = at + r;
    if (at < width) inPanel = size;
  }
  state.stackEnd -= size * size;
  const begin = state.stackEnd;
  for (let a = 0; a < size; a++) {
    const source = begin + a * size;
    const toPanel = rowMap[a] * width;
    const most = a < inPanel ? a + 1 : inPanel;
    for (let b = 0; b < most; b++) panel[toPanel + rowMap[b]] += stack[source + b];
    const toRest = (rowMap[a] - width) * restSize - width;
    for (let b = inPanel; b <= a; b++) rest[toRest + rowMap[b]] += stack[source + b];
  }
}

/** Writes the finished columns of a supernode into the pattern. */
function storePanel({ pattern, k, blocks, front }: Factorisation, first: number, columns: number, below: number): void {
  const { panel } = front;
  const width = columns * k;
  for (let j = 0; j < columns; j++) {
    let at = pattern.starts[first + j] * k * k;
    for (let r = 0; r < k; r++)
      for (let c = 0; c < k; c++) blocks[at++] = c > r ? 0 : panel[(j * k + r) * width + j * k + c];
    for (let i = j + 1; i < columns + below; i++)
      for (let r = 0; r < k; r++)
        for (let c = 0, o = (i * k + r) * width + j * k; c < k; c++) blocks[at++] = panel[o + c];
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
