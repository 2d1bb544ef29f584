/** Undirected graph in compressed rows: the neighbours of node i are `neighbours[starts[i] … starts[i + 1] − 1]`. */
export interface Adjacency {
  readonly starts: Int32Array;
  readonly neighbours: Int32Array;
}

/** Adjacency of `nodeCount` nodes from edges (from[e], to[e]); both directions, loops left out, duplicates kept. */
export function adjacencyOf(nodeCount: number, from: Int32Array, to: Int32Array): Adjacency {
  const starts = new Int32Array(nodeCount + 1);
  for (let e = 0; e < from.length; e++) {
    if (from[e] === to[e]) continue;
    starts[from[e] + 1]++;
    starts[to[e] + 1]++;
  }
  for (let i = 0; i < nodeCount; i++) starts[i + 1] += starts[i];
  const cursor = starts.slice(0, nodeCount);
  const neighbours = new Int32Array(starts[nodeCount]);
  for (let e = 0; e < from.length; e++) {
    if (from[e] === to[e]) continue;
    neighbours[cursor[from[e]]++] = to[e];
    neighbours[cursor[to[e]]++] = from[e];
  }
  return { starts, neighbours };
}

/** Sets of at most this many nodes are not cut any further: below it the order hardly changes the fill. */
const leafSize = 6;
/** A cut may leave the median by this fraction of the set to fall between two columns or rows of tiles. */
const cutSlack = 0.15;

/**
 * Elimination order by geometric nested dissection: the set is cut across its longer side at the widest gap near the
 * median, the nodes of one half that touch the other (the separator) come last, both halves are ordered likewise.
 * For an n-tile grid the Cholesky factor has O(n log n) blocks and takes O(n^1.5) block products.
 *
 * @param x, y place of each node, any unit; poor places cost fill, never correctness.
 * @returns order[k] = node eliminated k-th.
 * @see George 1973, "Nested dissection of a regular finite element mesh"
 */
export function nestedDissectionOrder(adjacency: Adjacency, x: Float64Array, y: Float64Array): Int32Array {
  const n = x.length;
  const order = new Int32Array(n);
  const half = new Int8Array(n);
  let end = n;

  const dissect = (nodes: Int32Array): void => {
    if (nodes.length <= leafSize) {
      for (let i = nodes.length - 1; i >= 0; i--) order[--end] = nodes[i];
      return;
    }
    const key = spreadOf(nodes, x) >= spreadOf(nodes, y) ? x : y;
    const sorted = nodes.slice().sort((i, j) => key[i] - key[j] || i - j);
    const cut = widestGap(sorted, key);
    const first = sorted.subarray(0, cut);
    const second = sorted.subarray(cut);
    for (const i of first) half[i] = 1;
    for (const i of second) half[i] = 2;
    const fromFirst = countTouching(first, 2);
    const fromSecond = countTouching(second, 1);
    const giver = fromFirst <= fromSecond ? first : second;
    const other = giver === first ? 2 : 1;
    const separator = new Int32Array(Math.min(fromFirst, fromSecond));
    const rest = new Int32Array(giver.length - separator.length);
    let s = 0;
    let r = 0;
    for (const i of giver) {
      if (touches(i, other)) separator[s++] = i;
      else rest[r++] = i;
    }
    for (const i of nodes) half[i] = 0;
    for (let i = s - 1; i >= 0; i--) order[--end] = separator[i];
    dissect(giver === first ? second : first);
    dissect(rest);
  };

  const touches = (i: number, side: number): boolean => {
    for (let p = adjacency.starts[i]; p < adjacency.starts[i + 1]; p++)
      if (half[adjacency.neighbours[p]] === side) return true;
    return false;
  };
  const countTouching = (nodes: Int32Array, side: number): number => {
    let count = 0;
    for (const i of nodes) if (touches(i, side)) count++;
    return count;
  };

  dissect(Int32Array.from({ length: n }, (_, i) => i));
  return order;
}

function spreadOf(nodes: Int32Array, key: Float64Array): number {
  let low = Infinity;
  let high = -Infinity;
  for (const i of nodes) {
    if (key[i] < low) low = key[i];
    if (key[i] > high) high = key[i];
  }
  return high - low;
}

function widestGap(sorted: Int32Array, key: Float64Array): number {
  const middle = sorted.length >> 1;
  const slack = Math.floor(sorted.length * cutSlack);
  let cut = middle;
  let widest = -1;
  for (let k = Math.max(1, middle - slack); k <= Math.min(sorted.length - 1, middle + slack); k++) {
    const gap = key[sorted[k]] - key[sorted[k - 1]];
    if (gap > widest) {
      widest = gap;
      cut = k;
    }
  }
  return cut;
}
