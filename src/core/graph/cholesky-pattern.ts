import { adjacencyOf, nestedDissection } from './nested-dissection.ts';
import type { Adjacency, Dissection } from './nested-dissection.ts';

/**
 * The pattern of L in P·H·Pᵀ = L·Lᵀ for a symmetric matrix of blocks, one block row a node: independent of the block
 * size and of the numbers, so one pattern serves every model and every re-weighting. Columns come in supernodes, which are
 * dense on the diagonal and share their rows below; supernodes are in postorder of the elimination tree.
 */
export interface CholeskyPattern {
  readonly nodeCount: number;
  /** order[k] = node in block row k of the permuted matrix; position is its inverse. */
  readonly order: Int32Array;
  readonly position: Int32Array;
  /** First column of each supernode and, at the end, the number of columns. */
  readonly supernodes: Int32Array;
  /** The supernode that receives what each leaves of its rows; −1 where none is left. */
  readonly parents: Int32Array;
  /** Blocks of column j are starts[j] … starts[j + 1] − 1; the first is the diagonal, rows ascend. */
  readonly starts: Int32Array;
  readonly rows: Int32Array;
  /** Block of L into which edge e of `from`, `to` falls; it is H(from, to) when `upright[e]` is 1, else its transpose. */
  readonly edgeBlock: Int32Array;
  readonly edgeUpright: Uint8Array;
}

/** Symbolic factorisation of the matrix with one block a node and one a pair of nodes (from[e], to[e]), from ≠ to. */
export function analysePattern(from: Int32Array, to: Int32Array, x: Float64Array, y: Float64Array): CholeskyPattern {
  const n = x.length;
  const adjacency = adjacencyOf(n, from, to);
  const tree = postordered(eliminate(adjacency, nestedDissection(adjacency, x, y)));
  const { order, supernodes, below, parents } = tree;
  const position = inverseOf(order);
  const starts = new Int32Array(n + 1);
  for (let s = 0; s < below.length; s++)
    for (let j = supernodes[s]; j < supernodes[s + 1]; j++)
      starts[j + 1] = starts[j] + supernodes[s + 1] - j + below[s].length;
  const rows = new Int32Array(starts[n]);
  for (let s = 0; s < below.length; s++)
    for (let j = supernodes[s]; j < supernodes[s + 1]; j++) {
      let at = starts[j];
      for (let i = j; i < supernodes[s + 1]; i++) rows[at++] = i;
      rows.set(below[s], at);
    }
  const edgeBlock = new Int32Array(from.length);
  const edgeUpright = new Uint8Array(from.length);
  for (let e = 0; e < from.length; e++) {
    const i = position[from[e]];
    const j = position[to[e]];
    edgeUpright[e] = i > j ? 1 : 0;
    edgeBlock[e] = findBlock(rows, starts, Math.max(i, j), Math.min(i, j));
  }
  return { nodeCount: n, order, position, supernodes, parents, starts, rows, edgeBlock, edgeUpright };
}

/**
 * The pattern with edges taken in between, where the blocks of all of them are there already: nothing is analysed again.
 *
 * @param sourceOf of each edge its index in the pattern, below 0 when it is new.
 * @returns null when a new edge has no block.
 */
export function withEdges(
  pattern: CholeskyPattern,
  from: Int32Array,
  to: Int32Array,
  sourceOf: Int32Array,
): CholeskyPattern | null {
  const { position, rows, starts } = pattern;
  const edgeBlock = new Int32Array(from.length);
  const edgeUpright = new Uint8Array(from.length);
  for (let e = 0; e < from.length; e++) {
    const s = sourceOf[e];
    if (s >= 0) {
      edgeBlock[e] = pattern.edgeBlock[s];
      edgeUpright[e] = pattern.edgeUpright[s];
      continue;
    }
    const i = position[from[e]];
    const j = position[to[e]];
    const block = findBlock(rows, starts, Math.max(i, j), Math.min(i, j));
    if (rows[block] !== Math.max(i, j)) return null;
    edgeBlock[e] = block;
    edgeUpright[e] = i > j ? 1 : 0;
  }
  return { ...pattern, edgeBlock, edgeUpright };
}

/** The supernodes of an order, each with the rows below it and the supernode in which the first of them is. */
interface EliminationTree {
  readonly order: Int32Array;
  readonly supernodes: Int32Array;
  readonly below: readonly Int32Array[];
  readonly parents: Int32Array;
}

/** The rows of a supernode are its own of H and those of its children in the elimination tree (Liu 1990, eq. 4.3). */
function eliminate(adjacency: Adjacency, { order, groups }: Dissection): EliminationTree {
  const n = order.length;
  const count = groups.length - 1;
  const position = inverseOf(order);
  const groupAt = new Int32Array(n);
  for (let s = 0; s < count; s++) groupAt.fill(s, groups[s], groups[s + 1]);
  const below: Int32Array[] = [];
  const parents = new Int32Array(count).fill(-1);
  const firstChild = new Int32Array(count).fill(-1);
  const nextSibling = new Int32Array(count).fill(-1);
  const mark = new Int32Array(n).fill(-1);
  const scratch = new Int32Array(n);
  for (let s = 0; s < count; s++) {
    let found = 0;
    const last = groups[s + 1];
    for (let j = groups[s]; j < last; j++)
      for (let p = adjacency.starts[order[j]]; p < adjacency.starts[order[j] + 1]; p++) {
        const i = position[adjacency.neighbours[p]];
        if (i < last || mark[i] === s) continue;
        mark[i] = s;
        scratch[found++] = i;
      }
    for (let child = firstChild[s]; child !== -1; child = nextSibling[child]) {
      const rows = below[child];
      for (let r = 0; r < rows.length; r++) {
        const i = rows[r];
        if (i < last || mark[i] === s) continue;
        mark[i] = s;
        scratch[found++] = i;
      }
    }
    const rows = scratch.slice(0, found).sort();
    below.push(rows);
    if (found === 0) continue;
    const parent = groupAt[rows[0]];
    parents[s] = parent;
    nextSibling[s] = firstChild[parent];
    firstChild[parent] = s;
  }
  return { order, supernodes: groups, below, parents };
}

/** The same tree with every supernode right after its last descendant, so that what children leave can be stacked. */
function postordered({ order, supernodes, below, parents }: EliminationTree): EliminationTree {
  const count = below.length;
  const children: number[][] = below.map(() => []);
  const sequence: number[] = [];
  for (let s = 0; s < count; s++) if (parents[s] !== -1) children[parents[s]].push(s);
  // Reversed: parents before children, last children first.
  const pending: number[] = [];
  for (let s = 0; s < count; s++) if (parents[s] === -1) pending.push(s);
  for (let s = pending.pop(); s !== undefined; s = pending.pop()) {
    sequence.push(s);
    for (const child of children[s]) pending.push(child);
  }
  sequence.reverse();
  const placeOf = new Int32Array(count);
  const moved = new Int32Array(order.length);
  const movedOrder = new Int32Array(order.length);
  const movedSupernodes = new Int32Array(count + 1);
  sequence.forEach((s, t) => {
    placeOf[s] = t;
    let at = movedSupernodes[t];
    for (let j = supernodes[s]; j < supernodes[s + 1]; j++, at++) {
      moved[j] = at;
      movedOrder[at] = order[j];
    }
    movedSupernodes[t + 1] = at;
  });
  return {
    order: movedOrder,
    supernodes: movedSupernodes,
    // Rows below are rows of ancestors, whose order stays.
    below: sequence.map((s) => below[s].map((i) => moved[i])),
    parents: Int32Array.from(sequence, (s) => (parents[s] === -1 ? -1 : placeOf[parents[s]])),
  };
}

function inverseOf(order: Int32Array): Int32Array {
  const position = new Int32Array(order.length);
  for (let k = 0; k < order.length; k++) position[order[k]] = k;
  return position;
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
