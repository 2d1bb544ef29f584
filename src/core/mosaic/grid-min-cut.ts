/** What a node of the grid must be: undecided, in the first part, in the second, or no node at all. */
export const cutSeed = { free: 0, first: 1, second: 2, outside: 3 } as const;

/** A grid of nodes, row-major, joined to their four neighbours. */
export interface CutGrid {
  readonly width: number;
  readonly height: number;
  /** [width · height] one of `cutSeed`. */
  readonly seeds: Uint8Array;
  /** [width · height] whole costs ≥ 0 of cutting a node from the one on its right, and from the one below. */
  readonly right: Int32Array;
  readonly down: Int32Array;
}

const noParent = 4;
const root = 5;

/**
 * Cuts the grid between its two kinds of seeds at the least total cost of cut edges: [width · height] 1 for the first
 * part, 2 for the second, 0 for nodes that neither side reaches. Deterministic.
 * @see Boykov and Kolmogorov, "An experimental comparison of min-cut/max-flow algorithms for energy minimization in
 *   vision", IEEE PAMI 26(9), 2004, section 3: two trees grow towards each other, paths between them are saturated, and
 *   cut-off nodes look for a new parent.
 */
export function minCut(grid: CutGrid): Uint8Array {
  const state = cutState(grid);
  for (let head = 0; head < state.active.length; head++) {
    const node = state.active[head];
    state.isActive[node] = 0;
    // A path may cut the node off its tree, or leave it with more paths to find.
    while (state.tree[node] !== 0) {
      const direction = grow(state, node);
      if (direction < 0) break;
      augment(state, node, direction);
      adopt(state);
    }
    if (head > 65536) {
      state.active.splice(0, head + 1);
      head = -1;
    }
  }
  return state.tree;
}

interface CutState {
  readonly width: number;
  readonly count: number;
  /** [4 · count] residual capacity to the right, left, lower, upper neighbour. */
  readonly residual: Int32Array;
  /** Index step of each direction; the opposite direction is `direction ^ 1`. */
  readonly steps: readonly [number, number, number, number];
  /** 1 and 2: the tree a node belongs to; 0 none. */
  readonly tree: Uint8Array;
  /** Direction to the parent, `noParent`, or `root`. */
  readonly parent: Uint8Array;
  readonly active: number[];
  readonly isActive: Uint8Array;
  readonly orphans: number[];
  /** Round in which a node was last known to hang on a root, and how far from it. */
  readonly checked: Int32Array;
  readonly distance: Int32Array;
  readonly round: Int32Array;
}

function cutState({ width, height, seeds, right, down }: CutGrid): CutState {
  const count = width * height;
  const residual = new Int32Array(4 * count);
  const tree = new Uint8Array(count);
  const parent = new Uint8Array(count).fill(noParent);
  const isActive = new Uint8Array(count);
  const active: number[] = [];
  const isNode = (n: number): boolean => seeds[n] !== cutSeed.outside;
  for (let n = 0; n < count; n++) {
    if (!isNode(n)) continue;
    if (n % width < width - 1 && isNode(n + 1)) residual[4 * n] = residual[4 * (n + 1) + 1] = right[n];
    if (n + width < count && isNode(n + width)) residual[4 * n + 2] = residual[4 * (n + width) + 3] = down[n];
    if (seeds[n] === cutSeed.free) continue;
    tree[n] = seeds[n];
    parent[n] = root;
    isActive[n] = 1;
    active.push(n);
  }
  return {
    width,
    count,
    residual,
    steps: [1, -1, width, -width],
    tree,
    parent,
    active,
    isActive,
    orphans: [],
    checked: new Int32Array(count),
    distance: new Int32Array(count),
    round: Int32Array.of(0),
  };
}

function activate({ active, isActive }: CutState, node: number): void {
  if (isActive[node] !== 0) return;
  isActive[node] = 1;
  active.push(node);
}

/** Capacity along which the tree of `node` reaches its neighbour: out of the first tree, into the second. */
function reach({ residual, tree, steps }: CutState, node: number, direction: number): number {
  return tree[node] === 1 ? residual[4 * node + direction] : residual[4 * (node + steps[direction]) + (direction ^ 1)];
}

/** Takes free neighbours into the node's tree; answers the direction of a neighbour in the other tree, −1 for none. */
function grow(state: CutState, node: number): number {
  const { tree, parent, steps, count } = state;
  for (let direction = 0; direction < 4; direction++) {
    const next = node + steps[direction];
    // Edges across the border of the grid have no capacity; only the index must be tested.
    if (next < 0 || next >= count || reach(state, node, direction) === 0) continue;
    if (tree[next] === 0) {
      tree[next] = tree[node];
      parent[next] = direction ^ 1;
      activate(state, next);
    } else if (tree[next] !== tree[node]) return direction;
  }
  return -1;
}

/** Sends as much as possible from root to root over the edge that joins the trees. */
function augment(state: CutState, node: number, direction: number): void {
  const { tree, residual, steps } = state;
  const other = node + steps[direction];
  const [first, second] = tree[node] === 1 ? [node, other] : [other, node];
  const across = 4 * first + (tree[node] === 1 ? direction : direction ^ 1);
  const flow = Math.min(residual[across], narrowest(state, first, 1), narrowest(state, second, 2));
  residual[across] -= flow;
  residual[4 * second + ((across & 3) ^ 1)] += flow;
  push(state, first, 1, flow);
  push(state, second, 2, flow);
}

/** The least residual on the way from a node to its root; in the first tree flow comes from the parent. */
function narrowest({ parent, residual, steps }: CutState, start: number, tree: number): number {
  let least = 2 ** 31 - 1;
  for (let node = start; parent[node] !== root;) {
    const direction = parent[node];
    const next = node + steps[direction];
    least = Math.min(least, tree === 1 ? residual[4 * next + (direction ^ 1)] : residual[4 * node + direction]);
    node = next;
  }
  return least;
}

function push({ parent, residual, steps, orphans }: CutState, start: number, tree: number, flow: number): void {
  for (let node = start; parent[node] !== root;) {
    const direction = parent[node];
    const next = node + steps[direction];
    const down = 4 * next + (direction ^ 1);
    const up = 4 * node + direction;
    const along = tree === 1 ? down : up;
    residual[along] -= flow;
    residual[along === down ? up : down] += flow;
    if (residual[along] === 0) {
      parent[node] = noParent;
      orphans.push(node);
    }
    node = next;
  }
}

/** Gives every orphan a new parent of its own tree that still hangs on a root, or frees it. */
function adopt(state: CutState): void {
  const { orphans, tree, parent, steps, count } = state;
  state.round[0]++;
  for (let next = orphans.pop(); next !== undefined; next = orphans.pop()) {
    if (tree[next] === 0 || findParent(state, next)) continue;
    for (let direction = 0; direction < 4; direction++) {
      const neighbour = next + steps[direction];
      if (neighbour < 0 || neighbour >= count || tree[neighbour] !== tree[next]) continue;
      if (isJoined(state, next, direction)) activate(state, neighbour);
      if (parent[neighbour] === (direction ^ 1)) {
        parent[neighbour] = noParent;
        orphans.push(neighbour);
      }
    }
    tree[next] = 0;
    parent[next] = noParent;
  }
}

/** True where the neighbour, of the same tree, could feed the node; edges across the border of the grid have no capacity. */
function isJoined({ residual, tree, steps }: CutState, node: number, direction: number): boolean {
  return tree[node] === 1
    ? residual[4 * (node + steps[direction]) + (direction ^ 1)] > 0
    : residual[4 * node + direction] > 0;
}

function findParent(state: CutState, node: number): boolean {
  const { tree, parent, steps, count, checked, distance, round } = state;
  let best = -1;
  let nearest = 2 ** 31 - 1;
  for (let direction = 0; direction < 4; direction++) {
    const neighbour = node + steps[direction];
    if (neighbour < 0 || neighbour >= count || tree[neighbour] !== tree[node]) continue;
    if (!isJoined(state, node, direction)) continue;
    const far = distanceToRoot(state, neighbour);
    if (far < 0 || far >= nearest) continue;
    nearest = far;
    best = direction;
  }
  if (best < 0) return false;
  parent[node] = best;
  checked[node] = round[0];
  distance[node] = nearest + 1;
  return true;
}

/** Steps from a node to its root, −1 when it hangs on an orphan. Nodes on the way remember theirs for this round. */
function distanceToRoot({ parent, steps, checked, distance, round }: CutState, start: number): number {
  let length = 0;
  let node = start;
  while (parent[node] !== root && checked[node] !== round[0]) {
    if (parent[node] === noParent) return -1;
    node += steps[parent[node]];
    length++;
  }
  const total = length + (parent[node] === root ? 0 : distance[node]);
  let left = total;
  for (let at = start; at !== node; at += steps[parent[at]]) {
    checked[at] = round[0];
    distance[at] = left--;
  }
  return total;
}
