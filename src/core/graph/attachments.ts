import { connectedComponents } from './components.ts';
import { findWeakLinks } from './cut-pairs.ts';
import { reviewGroup } from './group-review.ts';
import { reviewIslands } from './islands.ts';
import { learnLinkOdds } from './link-odds.ts';
import type { Attachments } from './link-odds.ts';
import { createLoopNoise } from './loop-noise.ts';
import type { LoopNoise } from './loop-noise.ts';

/** Larger groups are not reviewed: it would take long. */
const mostGroupTiles = 20_000;
/** Links of a cut class of which every pair is reviewed; of longer ones neighbours only. */
const mostCutPairs = 12;

/**
 * Reviews every group of tiles that hangs on the rest by one link or two, or by none any more: a wrong link can carry it
 * away unopposed, and two that are wrong alike (a period off) can do so in agreement. All places that any link between
 * the group and the rest proposes compete by their log-odds (`link-odds.ts`). The best is taken when it wins by
 * `decisiveOdds` over the next and over all links being wrong; else the group is let go, for the stage to place. A group
 * whose links all agree stays if nothing better is known.
 *
 * @returns whether anything was changed.
 */
export function reviewAttachments(attachments: Attachments): boolean {
  const { system, active, accepted, near, shortLoopPx } = attachments;
  const { from, to } = system;
  const n = system.nodes.length;
  const isFar = (l: number): boolean => near !== null && near[from[l]] === 0 && near[to[l]] === 0;
  const odds = learnLinkOdds(attachments);
  const noise = createLoopNoise(n, from, to, active, accepted, shortLoopPx);
  const review = { attachments, odds, noise };
  const { label } = connectedComponents(n, from, to, accepted);
  const visit: Visit = { side: new Int32Array(n), mark: 0 };
  let changed = false;
  for (const cut of weakCuts(attachments)) {
    if (cut.every(isFar) || cut.some((l) => accepted[l] === 0 || label[from[l]] !== 0)) continue;
    const group = smallerSide(noise, cut, visit);
    if (group !== null && reviewGroup(review, label, group)) changed = true;
  }
  return reviewIslands(review) || changed;
}

/** Pairs of links first, then bridges; the order is that of the links. */
function weakCuts({ system: { nodes, from, to }, accepted }: Attachments): readonly (readonly number[])[] {
  const { bridges, cutClasses } = findWeakLinks(nodes.length, from, to, accepted);
  const cuts: (readonly number[])[] = [];
  for (const links of cutClasses)
    for (let i = 0; i < links.length; i++) {
      const end = links.length > mostCutPairs ? Math.min(links.length, i + 2) : links.length;
      for (let j = i + 1; j < end; j++) cuts.push([links[i], links[j]]);
    }
  for (const l of bridges) cuts.push([l]);
  return cuts;
}

/** Which side of a cut each node was met from; marks grow, so that nothing is to be cleared. */
interface Visit {
  readonly side: Int32Array;
  mark: number;
}

/** The smaller of the two parts that the accepted links without those of the cut fall into; null when large or none. */
function smallerSide(
  { from, to, accepted, starts, links }: LoopNoise,
  cut: readonly number[],
  visit: Visit,
): readonly number[] | null {
  visit.mark += 2;
  const sides = [[from[cut[0]]], [to[cut[0]]]];
  const next = [0, 0];
  sides.forEach(([root], s) => (visit.side[root] = visit.mark + s));
  for (let turn = 0; ; turn = 1 - turn) {
    const queue = sides[turn];
    if (next[turn] === queue.length) return queue;
    if (queue.length > mostGroupTiles && sides[1 - turn].length > mostGroupTiles) return null;
    const i = queue[next[turn]++];
    for (let p = starts[i]; p < starts[i + 1]; p++) {
      const l = links[p];
      if (accepted[l] === 0 || cut.includes(l)) continue;
      const j = from[l] === i ? to[l] : from[l];
      if (visit.side[j] === visit.mark + 1 - turn) return null;
      if (visit.side[j] === visit.mark + turn) continue;
      visit.side[j] = visit.mark + turn;
      queue.push(j);
    }
  }
}
