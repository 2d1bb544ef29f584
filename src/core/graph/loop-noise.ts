import { linksAround } from './cut-pairs.ts';

/** A loop of so many links closes within the tolerance that single links have. */
const shortLoop = 4;
/** Over this many tiles the error of one link's turn grows to the tolerance. */
export const tilesOfTurn = 6;
/** Longer loops are taken for loops of this length. */
const mostSteps = 24;

/** What the noise of right links adds up to along the way round: the graph of the believed links, and space to search it. */
export interface LoopNoise {
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** [links] 0 for those that no way leads over; may change. */
  readonly accepted: Uint8Array;
  readonly starts: Int32Array;
  readonly links: Int32Array;
  /** Loops of `shortLoop` right links close within this, px. */
  readonly shortPx: number;
  /** Distance of each node from where the search began, and the search that it is of. */
  readonly steps: Int32Array;
  readonly search: Int32Array;
  readonly queue: Int32Array;
  searches: number;
}

/** @param active links that can ever be accepted. */
export function createLoopNoise(
  nodeCount: number,
  from: Int32Array,
  to: Int32Array,
  active: ArrayLike<number>,
  accepted: Uint8Array,
  shortPx: number,
): LoopNoise {
  return {
    from,
    to,
    accepted,
    ...linksAround(nodeCount, from, to, active),
    shortPx,
    steps: new Int32Array(nodeCount),
    search: new Int32Array(nodeCount),
    queue: new Int32Array(nodeCount),
    searches: 0,
  };
}

/** What the longest loops that are told apart close within, px. */
export function mostClosure({ shortPx }: LoopNoise): number {
  return shortPx * growth(mostSteps);
}

/**
 * What the loop of right links that `links` close between nodes a and b closes within, px: the noise of the shortest way
 * from a to b over believed links, on which no node is `inside` and which does not lead over link `without`.
 */
export function closureBetween(
  noise: LoopNoise,
  a: number,
  b: number,
  links: number,
  inside: ReadonlySet<number> | null,
  without: number,
): number {
  return noise.shortPx * growth(stepsBetween(noise, a, b, inside, without) + links);
}

/** √(variance of the closure of a loop of n links / of a short one): shifts add up, and turns under the lever of the way. */
function growth(n: number): number {
  const more = Math.max(0, Math.min(n, mostSteps) - shortLoop);
  // Of a round loop of n tiles the mean square distance of a link from the point that closes it is n²/20 tiles.
  return Math.sqrt(1 + more / shortLoop + more ** 3 / (20 * tilesOfTurn ** 2));
}

/** Links on the shortest way from a to b; `mostSteps` when it is longer or there is none. */
function stepsBetween(
  noise: LoopNoise,
  a: number,
  b: number,
  inside: ReadonlySet<number> | null,
  without: number,
): number {
  const { from, to, accepted, starts, links, steps, search, queue } = noise;
  if (a === b) return 0;
  const mark = ++noise.searches;
  let next = 0;
  let met = 1;
  queue[0] = a;
  search[a] = mark;
  steps[a] = 0;
  while (next < met) {
    const i = queue[next++];
    if (steps[i] >= mostSteps) break;
    for (let p = starts[i]; p < starts[i + 1]; p++) {
      const l = links[p];
      if (accepted[l] === 0 || l === without) continue;
      const j = from[l] === i ? to[l] : from[l];
      if (search[j] === mark || inside?.has(j) === true) continue;
      if (j === b) return steps[i] + 1;
      search[j] = mark;
      steps[j] = steps[i] + 1;
      queue[met++] = j;
    }
  }
  return mostSteps;
}
