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
