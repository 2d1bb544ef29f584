import type { Measurements } from './measurements.ts';
import type { ElasticTile } from './solve-elastic.ts';

/** A connected part of a grid, its tiles numbered anew. */
export interface GridPart {
  readonly tiles: readonly ElasticTile[];
  readonly measurements: Measurements;
  /** [N] parallel to the part's measurements. */
  readonly isPatch: Uint8Array;
}

/** The tiles that a breadth-first walk from the best linked one reaches first, at most `mostTiles`; all when there are no more. */
export function gridPart(
  tiles: readonly ElasticTile[],
  all: Measurements,
  isPatch: Uint8Array,
  mostTiles: number,
): GridPart {
  if (tiles.length <= mostTiles) return { tiles, measurements: all, isPatch };
  const neighbours = tiles.map((): number[] => []);
  for (let l = 0; l < all.from.length; l++) {
    if (all.starts[l] === all.starts[l + 1]) continue;
    neighbours[all.from[l]].push(all.to[l]);
    neighbours[all.to[l]].push(all.from[l]);
  }
  // Of several equally linked tiles the one in the middle: the part is round.
  const middle = tiles.length >> 1;
  const distance = (i: number) => Math.abs(i - middle);
  let first = middle;
  for (let i = 0; i < tiles.length; i++) {
    const gain = neighbours[i].length - neighbours[first].length;
    if (gain > 0 || (gain === 0 && distance(i) < distance(first))) first = i;
  }
  const reached = new Map([[first, 0]]);
  for (const tile of reached.keys()) {
    for (const near of neighbours[tile])
      if (!reached.has(near) && reached.size < mostTiles) reached.set(near, reached.size);
    if (reached.size >= mostTiles) break;
  }
  const [from, to, starts, kept]: number[][] = [[], [], [0], []];
  for (let l = 0; l < all.from.length; l++) {
    const a = reached.get(all.from[l]);
    const b = reached.get(all.to[l]);
    if (a === undefined || b === undefined) continue;
    for (let k = all.starts[l]; k < all.starts[l + 1]; k++) kept.push(k);
    from.push(a);
    to.push(b);
    starts.push(kept.length);
  }
  const points = (values: Float32Array) =>
    Float32Array.from({ length: 2 * kept.length }, (_, n) => values[2 * kept[n >> 1] + (n & 1)]);
  return {
    tiles: [...reached.keys()].map((i) => tiles[i]),
    measurements: {
      from: Int32Array.from(from),
      to: Int32Array.from(to),
      starts: Int32Array.from(starts),
      a: points(all.a),
      b: points(all.b),
      weight: Float32Array.from(kept, (k) => all.weight[k]),
    },
    isPatch: Uint8Array.from(kept, (k) => isPatch[k]),
  };
}
