import { connectedComponents } from './components.ts';
import { findWeakLinks } from './cut-pairs.ts';
import { reviewGroup } from './group-review.ts';
import type { Review } from './group-review.ts';
import type { Attachments } from './link-odds.ts';

/** Larger islands are not reviewed: it would take long. */
const mostIslandTiles = 20_000;
/** Rounds of reviewing islands without a solve between them at most: each joins what the one before has placed. */
const mostRounds = 12;
/** Fewer links than this do not join two islands: nothing holds either to the mosaic. */
const leastLinksBetween = 2;

/** The islands of a mosaic: groups of tiles that no accepted link joins to the largest component. */
interface Islands {
  readonly label: Int32Array;
  readonly members: readonly (readonly number[])[];
}

/**
 * Reviews the islands: each as a whole beside the largest component, then the parts that a single link holds to it, which
 * may be the wrong one that keeps the whole from fitting, then one beside another, so that two that agree are weighed
 * together. What was moved is a place to hold on to for the next.
 *
 * @returns whether anything was changed.
 */
export function reviewIslands(review: Review): boolean {
  let changed = false;
  for (let round = 0; round < mostRounds; round++) {
    const islands = findIslands(review.attachments);
    const isMoved = [reviewWholes, reviewParts, joinIslands].some((pass) => pass(review, islands));
    if (!isMoved) break;
    changed = true;
  }
  return changed;
}

type Pass = (review: Review, islands: Islands) => boolean;

/** Every component but the largest, those the stage knows nothing of left out. */
function findIslands({ system, active, accepted, stageKnown, near }: Attachments): Islands {
  const { nodes, from, to } = system;
  const { label } = connectedComponents(nodes.length, from, to, accepted);
  const hasLink = new Uint8Array(label.length);
  for (let l = 0; l < from.length; l++) if (active[l] !== 0) hasLink[from[l]] = hasLink[to[l]] = 1;
  const members = new Map<number, number[]>();
  for (let i = 0; i < label.length; i++) {
    if (label[i] === 0 || hasLink[i] === 0 || stageKnown[i] === 0) continue;
    const others = members.get(label[i]);
    if (others === undefined) members.set(label[i], [i]);
    else others.push(i);
  }
  const isReviewed = (tiles: readonly number[]): boolean =>
    tiles.length <= mostIslandTiles && (near === null || tiles.some((i) => near[i] === 1));
  return { label, members: [...members.values()].filter(isReviewed) };
}

const reviewWholes: Pass = (review, { label, members }) => {
  let changed = false;
  for (const island of members) if (reviewGroup(review, label, island)) changed = true;
  return changed;
};

/** The parts that islands fall into without their bridges. */
const reviewParts: Pass = (review, { label, members }) => {
  const { system, accepted } = review.attachments;
  const { nodes, from, to } = system;
  const { bridges } = findWeakLinks(nodes.length, from, to, accepted);
  const within = bridges.filter((l) => label[from[l]] > 0);
  const firm = accepted.slice();
  for (const l of within) firm[l] = 0;
  const { label: partOf } = connectedComponents(nodes.length, from, to, firm);
  let changed = false;
  for (const island of members) {
    const parts = new Map<number, number[]>();
    for (const i of island) {
      const others = parts.get(partOf[i]);
      if (others === undefined) parts.set(partOf[i], [i]);
      else others.push(i);
    }
    if (parts.size === 1) continue;
    for (const [name, part] of parts) {
      if (!reviewGroup(review, label, part)) continue;
      changed = true;
      for (const l of within) if ((partOf[from[l]] === name) !== (partOf[to[l]] === name)) accepted[l] = 0;
    }
  }
  return changed;
};

/** Each island beside every larger one that it has links to. */
const joinIslands: Pass = (review, { label, members }) => {
  const { from, to, starts, links: linksOf } = review.noise;
  let changed = false;
  for (const island of members) {
    const own = label[island[0]];
    const count = new Map<number, number>();
    for (const i of island)
      for (let p = starts[i]; p < starts[i + 1]; p++) {
        const l = linksOf[p];
        const other = label[from[l] === i ? to[l] : from[l]];
        if (other > 0 && other < own) count.set(other, (count.get(other) ?? 0) + 1);
      }
    for (const [rest, links] of count) {
      if (links < leastLinksBetween || !reviewGroup(review, label, island, rest)) continue;
      changed = true;
      break;
    }
  }
  return changed;
};
