/**
 * Connected components of `nodeCount` nodes under the edges with `active[e] !== 0` (all when null).
 *
 * @returns label[i] = index of the component of node i; the largest is 0, equal sizes in order of their first node.
 */
export function connectedComponents(
  nodeCount: number,
  from: Int32Array,
  to: Int32Array,
  active: ArrayLike<number> | null,
): { readonly label: Int32Array; readonly sizes: readonly number[] } {
  const parent = Int32Array.from({ length: nodeCount }, (_, i) => i);
  const rootOf = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root];
    while (parent[i] !== root) [i, parent[i]] = [parent[i], root];
    return root;
  };
  for (let e = 0; e < from.length; e++) {
    if (active !== null && active[e] === 0) continue;
    const a = rootOf(from[e]);
    const b = rootOf(to[e]);
    // The smaller index is the root: roots are the first nodes of their components.
    if (a < b) parent[b] = a;
    else parent[a] = b;
  }
  const size = new Int32Array(nodeCount);
  for (let i = 0; i < nodeCount; i++) size[rootOf(i)]++;
  const roots: number[] = [];
  for (let i = 0; i < nodeCount; i++) if (parent[i] === i) roots.push(i);
  roots.sort((i, j) => size[j] - size[i] || i - j);
  const labelOfRoot = new Int32Array(nodeCount);
  roots.forEach((root, index) => (labelOfRoot[root] = index));
  const label = new Int32Array(nodeCount);
  for (let i = 0; i < nodeCount; i++) label[i] = labelOfRoot[rootOf(i)];
  return { label, sizes: roots.map((root) => size[root]) };
}

/**
 * Bridges: active edges whose removal would split their component (parallel edges are none).
 *
 * @returns [edges] 1 for a bridge.
 * @see Tarjan 1974, "A note on finding the bridges of a graph"
 */
export function findBridges(
  nodeCount: number,
  from: Int32Array,
  to: Int32Array,
  active: ArrayLike<number> | null,
): Uint8Array {
  const starts = new Int32Array(nodeCount + 1);
  const isActive = (e: number): boolean => (active === null || active[e] !== 0) && from[e] !== to[e];
  for (let e = 0; e < from.length; e++) {
    if (!isActive(e)) continue;
    starts[from[e] + 1]++;
    starts[to[e] + 1]++;
  }
  for (let i = 0; i < nodeCount; i++) starts[i + 1] += starts[i];
  const fill = starts.slice(0, nodeCount);
  const edgeAt = new Int32Array(starts[nodeCount]);
  for (let e = 0; e < from.length; e++) {
    if (!isActive(e)) continue;
    edgeAt[fill[from[e]]++] = e;
    edgeAt[fill[to[e]]++] = e;
  }
  const bridge = new Uint8Array(from.length);
  const entered = new Int32Array(nodeCount).fill(-1);
  const low = new Int32Array(nodeCount);
  const cursor = starts.slice(0, nodeCount);
  const via = new Int32Array(nodeCount).fill(-1);
  const stack = new Int32Array(nodeCount);
  let clock = 0;
  for (let root = 0; root < nodeCount; root++) {
    if (entered[root] !== -1) continue;
    let depth = 0;
    stack[depth] = root;
    entered[root] = low[root] = clock++;
    while (depth >= 0) {
      const i = stack[depth];
      if (cursor[i] < starts[i + 1]) {
        const e = edgeAt[cursor[i]++];
        if (e === via[i]) continue;
        const j = from[e] === i ? to[e] : from[e];
        if (entered[j] === -1) {
          via[j] = e;
          entered[j] = low[j] = clock++;
          stack[++depth] = j;
        } else low[i] = Math.min(low[i], entered[j]);
        continue;
      }
      depth--;
      if (depth < 0) continue;
      const above = stack[depth];
      low[above] = Math.min(low[above], low[i]);
      if (low[i] > entered[above]) bridge[via[i]] = 1;
    }
  }
  return bridge;
}
