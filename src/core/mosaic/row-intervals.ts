import type { PlacedSource } from './row-work.ts';

/** A part of the output: columns i0 ≤ i < i1, rows j0 ≤ j < j1. */
export interface Block {
  readonly i0: number;
  readonly i1: number;
  readonly j0: number;
  readonly j1: number;
}

/** Columns from ≤ i < to of row j at mosaic y, all of which every one of `covering` covers and no other source does. */
export type VisitInterval = (covering: readonly PlacedSource[], y: number, j: number, from: number, to: number) => void;

/** Cuts the rows of a block where the set of covering tiles changes; intervals that no tile covers are passed over. */
export function visitIntervals(
  sources: readonly PlacedSource[],
  xs: Float64Array,
  ys: Float64Array,
  block: Block,
  visit: VisitInterval,
): void {
  if (sources.length === 0) return;
  const starts = new Int32Array(sources.length + 1);
  sources.forEach(({ warp }, s) => (starts[s + 1] = starts[s] + 2 * warp.rangeCount));
  const spans = new Int32Array(starts[sources.length]);
  const cuts = new Int32Array(spans.length);
  const known = new Map<number, readonly PlacedSource[]>();
  for (let j = block.j0; j < block.j1; j++) {
    for (let s = 0; s < sources.length; s++) sources[s].warp.coverRow(xs, ys[j], block.i0, block.i1, spans, starts[s]);
    const count = sortCuts(spans, cuts);
    for (let n = 0; n + 1 < count; n++) {
      const from = cuts[n];
      const to = cuts[n + 1];
      const covering = coveringSet(known, sources, spans, starts, from, to);
      if (covering.length > 0) visit(covering, ys[j], j, from, to);
    }
  }
}

/** The ends of non-empty ranges, ascending, each once; insertion, as there are few and rows are alike. */
function sortCuts(spans: Int32Array, cuts: Int32Array): number {
  let count = 0;
  for (let k = 0; k < spans.length; k++) {
    if (spans[k & ~1] === spans[k | 1]) continue;
    const cut = spans[k];
    let at = count;
    while (at > 0 && cuts[at - 1] > cut) at--;
    if (at > 0 && cuts[at - 1] === cut) continue;
    cuts.copyWithin(at + 1, at, count++);
    cuts[at] = cut;
  }
  return count;
}

/** Sources up to this many are told apart by the bits of a number. */
const mostBits = 30;

/** The sources that cover an interval whole; the same set is made once. */
function coveringSet(
  known: Map<number, readonly PlacedSource[]>,
  sources: readonly PlacedSource[],
  spans: Int32Array,
  starts: Int32Array,
  from: number,
  to: number,
): readonly PlacedSource[] {
  let key = 0;
  if (sources.length <= mostBits) {
    for (let s = 0; s < sources.length; s++) if (isCovered(spans, starts[s], starts[s + 1], from, to)) key |= 1 << s;
    const found = known.get(key);
    if (found !== undefined) return found;
  }
  const made = sources.filter((_, s) => isCovered(spans, starts[s], starts[s + 1], from, to));
  if (sources.length <= mostBits) known.set(key, made);
  return made;
}

/** True when one of the ranges spans[first] … spans[last − 1] holds from ≤ i < to. */
function isCovered(spans: Int32Array, first: number, last: number, from: number, to: number): boolean {
  for (let k = first; k < last; k += 2) if (spans[k] <= from && spans[k + 1] >= to) return true;
  return false;
}
