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

/** Sets of at most this many nodes are not cut any further: they are eliminated together, as one dense block. */
const leafSize = 6;
/** A cut may leave the median by this fraction of the set to fall between two columns or rows of tiles. */
const cutSlack = 0.15;

/** An elimination order in groups of nodes that are eliminated together: small sets and separators. */
export interface Dissection {
  /** order[k] = node eliminated k-th. */
  readonly order: Int32Array;
  /** Place in `order` of the first node of each group and, at the end, the number of nodes. */
  readonly groups: Int32Array;
}

/**
 * Elimination order by geometric nested dissection: the set is cut across its longer side at the widest gap near the
 * median, the nodes of one half that touch the other (the separator) come last, both halves are ordered likewise.
 * For an n-tile grid the Cholesky factor has O(n log n) blocks and takes O(n^1.5) block products.
 *
 * @param x, y place of each node, any unit; poor places cost fill, never correctness.
 * @see George 1973, "Nested dissection of a regular finite element mesh"
 */
export function nestedDissection(adjacency: Adjacency, x: Float64Array, y: Float64Array): Dissection {
  const n = x.length;
  // Both hold the same nodes in [begin, end) of every set, sorted by x and by y; in the end both are the order.
  const byX = sortedBy(x);
  const byY = sortedBy(y);
  const half = new Int8Array(n);
  const scratch = new Int32Array(n);
  const groups: number[] = [];

  const dissect = (begin: number, end: number): void => {
    if (end - begin <= leafSize) {
      if (end > begin) groups.push(begin);
      return;
    }
    const alongX = x[byX[end - 1]] - x[byX[begin]] >= y[byY[end - 1]] - y[byY[begin]];
    const sorted = alongX ? byX : byY;
    const cut = widestGap(sorted, alongX ? x : y, begin, end);
    for (let k = begin; k < end; k++) half[sorted[k]] = k < cut ? 1 : 2;
    const fromFirst = countTouching(adjacency, half, sorted, begin, cut, 2);
    const fromSecond = countTouching(adjacency, half, sorted, cut, end, 1);
    const giver = fromFirst <= fromSecond ? 1 : 2;
    for (let k = begin; k < end; k++) {
      const i = sorted[k];
      if (half[i] === giver && touches(adjacency, half, i, 3 - giver)) scratch[k] = i;
      else scratch[k] = -1;
    }
    for (let k = begin; k < end; k++) if (scratch[k] !== -1) half[scratch[k]] = 3;
    const separator = Math.min(fromFirst, fromSecond);
    const rest = (giver === 1 ? cut - begin : end - cut) - separator;
    for (const nodes of [byX, byY]) partition(nodes, half, giver, begin, begin + rest, end - separator, end, scratch);
    for (let k = begin; k < end; k++) half[byX[k]] = 0;
    dissect(begin, begin + rest);
    dissect(begin + rest, end - separator);
    if (separator > 0) groups.push(end - separator);
    // The separator is eliminated in one order, whichever.
    byX.set(sorted.subarray(end - separator, end), end - separator);
  };

  dissect(0, n);
  groups.push(n);
  return { order: byX, groups: Int32Array.from(groups) };
}

function sortedBy(key: Float64Array): Int32Array {
  return Int32Array.from(key, (_, i) => i).sort((i, j) => key[i] - key[j] || i - j);
}

/** Sorts a set, in its order, into the nodes of the giving half, those of the other half and the separator. */
function partition(
  nodes: Int32Array,
  half: Int8Array,
  giver: number,
  begin: number,
  other: number,
  separator: number,
  end: number,
  scratch: Int32Array,
): void {
  let a = begin;
  let b = other;
  let c = separator;
  for (let k = begin; k < end; k++) {
    const i = nodes[k];
    if (half[i] === 3) scratch[c++] = i;
    else if (half[i] === giver) scratch[a++] = i;
    else scratch[b++] = i;
  }
  for (let k = begin; k < end; k++) nodes[k] = scratch[k];
}

function touches({ starts, neighbours }: Adjacency, half: Int8Array, i: number, side: number): boolean {
  for (let p = starts[i]; p < starts[i + 1]; p++) if (half[neighbours[p]] === side) return true;
  return false;
}

function countTouching(
  adjacency: Adjacency,
  half: Int8Array,
  nodes: Int32Array,
  begin: number,
  end: number,
  side: number,
): number {
  let count = 0;
  for (let k = begin; k < end; k++) if (touches(adjacency, half, nodes[k], side)) count++;
  return count;
}

/** The place between `begin` and `end` at which the sorted keys are furthest apart, near the median. */
function widestGap(sorted: Int32Array, key: Float64Array, begin: number, end: number): number {
  const middle = (begin + end) >> 1;
  const slack = Math.floor((end - begin) * cutSlack);
  let cut = middle;
  let widest = -1;
  for (let k = Math.max(begin + 1, middle - slack); k <= Math.min(end - 1, middle + slack); k++) {
    const gap = key[sorted[k]] - key[sorted[k - 1]];
    if (gap > widest) {
      widest = gap;
      cut = k;
    }
  }
  return cut;
}
