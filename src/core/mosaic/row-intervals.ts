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
  for (let j = block.j0; j < block.j1; j++) {
    for (let s = 0; s < sources.length; s++) sources[s].warp.coverRow(xs, ys[j], block.i0, block.i1, spans, starts[s]);
    cuts.set(spans);
    cuts.sort();
    for (let n = 0; n + 1 < cuts.length; n++) {
      const from = cuts[n];
      const to = cuts[n + 1];
      if (from === to) continue;
      const covering = sources.filter((_, s) => isCovered(spans, starts[s], starts[s + 1], from, to));
      if (covering.length > 0) visit(covering, ys[j], j, from, to);
    }
  }
}

/** True when one of the ranges spans[first] … spans[last − 1] holds from ≤ i < to. */
function isCovered(spans: Int32Array, first: number, last: number, from: number, to: number): boolean {
  for (let k = first; k < last; k += 2) if (spans[k] <= from && spans[k + 1] >= to) return true;
  return false;
}
