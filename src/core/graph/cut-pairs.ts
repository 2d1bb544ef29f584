/**
 * The weak places of a graph: links without which its component falls apart, alone or in pairs.
 *
 * Every link that is not in a spanning forest gets a random word; a link of the forest gets the exclusive or of the words
 * of all links whose cycle runs through it. A link with word 0 lies on no cycle (a bridge), and two links have equal words
 * when every cycle through one runs through the other, so that both together are a cut. Wrong with probability 2⁻⁶⁴ a pair.
 *
 * @see Pritchard & Thurimella 2011, "Fast computation of small cuts via cycle space sampling"
 */
export interface WeakLinks {
  readonly bridges: readonly number[];
  /** Links any two of which are a cut; each in order of the links. */
  readonly cutClasses: readonly (readonly number[])[];
}

/** Finds them among the links with `active[l] !== 0`. */
export function findWeakLinks(
  nodeCount: number,
  from: Int32Array,
  to: Int32Array,
  active: ArrayLike<number>,
): WeakLinks {
  const { starts, links } = linksAround(nodeCount, from, to, active);
  const { order, arrivedBy } = spanningForest(nodeCount, from, to, starts, links);
  const inForest = new Uint8Array(from.length);
  for (const l of arrivedBy) if (l !== -1) inForest[l] = 1;
  const low = new Int32Array(nodeCount);
  const high = new Int32Array(nodeCount);
  const lowOf = new Int32Array(from.length);
  const highOf = new Int32Array(from.length);
  for (let l = 0; l < from.length; l++) {
    if (active[l] === 0 || inForest[l] === 1) continue;
    lowOf[l] = scramble(2 * l + 1);
    highOf[l] = scramble(2 * l + 2);
    for (const i of [from[l], to[l]]) {
      low[i] ^= lowOf[l];
      high[i] ^= highOf[l];
    }
  }
  for (let k = nodeCount - 1; k >= 0; k--) {
    const i = order[k];
    const l = arrivedBy[i];
    if (l === -1) continue;
    const parent = from[l] === i ? to[l] : from[l];
    lowOf[l] = low[i];
    highOf[l] = high[i];
    low[parent] ^= low[i];
    high[parent] ^= high[i];
  }
  const bridges: number[] = [];
  const classes = new Map<string, number[]>();
  for (let l = 0; l < from.length; l++) {
    if (active[l] === 0) continue;
    if (lowOf[l] === 0 && highOf[l] === 0) bridges.push(l);
    else {
      const word = `${lowOf[l]} ${highOf[l]}`;
      const others = classes.get(word);
      if (others === undefined) classes.set(word, [l]);
      else others.push(l);
    }
  }
  return { bridges, cutClasses: [...classes.values()].filter((members) => members.length > 1) };
}

/** A well-mixed word of an index (the finaliser of MurmurHash3). */
function scramble(index: number): number {
  let h = Math.imul(index, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Nodes in the order in which a breadth-first search meets them, and the link by which; −1 at its roots. */
function spanningForest(
  nodeCount: number,
  from: Int32Array,
  to: Int32Array,
  starts: Int32Array,
  links: Int32Array,
): { readonly order: Int32Array; readonly arrivedBy: Int32Array } {
  const order = new Int32Array(nodeCount);
  const arrivedBy = new Int32Array(nodeCount).fill(-1);
  const isMet = new Uint8Array(nodeCount);
  let met = 0;
  let next = 0;
  for (let root = 0; root < nodeCount; root++) {
    if (isMet[root] === 1) continue;
    isMet[root] = 1;
    order[met++] = root;
    for (; next < met; next++) {
      const i = order[next];
      for (let p = starts[i]; p < starts[i + 1]; p++) {
        const l = links[p];
        const j = from[l] === i ? to[l] : from[l];
        if (isMet[j] === 1) continue;
        isMet[j] = 1;
        arrivedBy[j] = l;
        order[met++] = j;
      }
    }
  }
  return { order, arrivedBy };
}

/** The links at each node in compressed rows: links[starts[i] … starts[i + 1] − 1]. */
export function linksAround(
  nodeCount: number,
  from: Int32Array,
  to: Int32Array,
  active: ArrayLike<number>,
): { readonly starts: Int32Array; readonly links: Int32Array } {
  const starts = new Int32Array(nodeCount + 1);
  for (let l = 0; l < from.length; l++) {
    if (active[l] === 0) continue;
    starts[from[l] + 1]++;
    starts[to[l] + 1]++;
  }
  for (let i = 0; i < nodeCount; i++) starts[i + 1] += starts[i];
  const cursor = starts.slice(0, nodeCount);
  const links = new Int32Array(starts[nodeCount]);
  for (let l = 0; l < from.length; l++) {
    if (active[l] === 0) continue;
    links[cursor[from[l]]++] = l;
    links[cursor[to[l]]++] = l;
  }
  return { starts, links };
}
