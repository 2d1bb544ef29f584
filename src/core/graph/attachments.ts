import { connectedComponents } from './components.ts';
import { findWeakLinks, linksAround } from './cut-pairs.ts';
import { motionOfLink, moveRigidly } from './link-motion.ts';
import type { Motion } from './link-motion.ts';
import { dissentOdds, learnLinkOdds, stageOdds } from './link-odds.ts';
import type { Attachments, LinkOdds, StageWitnesses } from './link-odds.ts';
import { linkMisfit, poseStride } from './link-system.ts';

/** Log-odds at which one place of a group of tiles is believed against another, and against all of its links being wrong. */
const decisiveOdds = 4.6;
/** … and at which it is where nothing speaks against it. */
const uncontestedOdds = -2;
/** Places nearer to each other than this many tolerances are one. */
const samePlace = 4;
/** Log-odds of landmarks that a person set. */
const manualOdds = 1000;
/** Larger groups are not reviewed: it would take long. */
const mostGroupTiles = 20_000;
/** Links of a cut class of which every pair is reviewed; of longer ones neighbours only. */
const mostCutPairs = 12;
/** Over this many tiles the error of one link's turn grows to the tolerance. */
const tilesOfTurn = 6;

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
  const { system, active, accepted, near } = attachments;
  const { from, to } = system;
  const n = system.nodes.length;
  const isFar = (l: number): boolean => near !== null && near[from[l]] === 0 && near[to[l]] === 0;
  const odds = learnLinkOdds(attachments);
  const around = linksAround(n, from, to, active);
  const { label } = connectedComponents(n, from, to, accepted);
  const visit: Visit = { side: new Int32Array(n), mark: 0 };
  const islandsOf = islands(label, attachments);
  let changed = false;
  for (const cut of weakCuts(attachments)) {
    if (cut.every(isFar) || cut.some((l) => accepted[l] === 0 || label[from[l]] !== 0)) continue;
    const group = smallerSide(attachments, around, cut, visit);
    if (group !== null && reviewGroup(attachments, odds, around, label, group)) changed = true;
  }
  for (const island of islandsOf) {
    if (near !== null && !island.some((i) => near[i] === 1)) continue;
    if (reviewGroup(attachments, odds, around, label, island)) changed = true;
  }
  return changed;
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

/** Every component but the largest, those the stage knows nothing of left out. */
function islands(label: Int32Array, { stageKnown, active, system: { from, to } }: Attachments): readonly number[][] {
  const hasLink = new Uint8Array(label.length);
  for (let l = 0; l < from.length; l++) if (active[l] !== 0) hasLink[from[l]] = hasLink[to[l]] = 1;
  const members = new Map<number, number[]>();
  for (let i = 0; i < label.length; i++) {
    if (label[i] === 0 || hasLink[i] === 0 || stageKnown[i] === 0) continue;
    const others = members.get(label[i]);
    if (others === undefined) members.set(label[i], [i]);
    else others.push(i);
  }
  return [...members.values()].filter((nodes) => nodes.length <= mostGroupTiles);
}

interface LinksAround {
  readonly starts: Int32Array;
  readonly links: Int32Array;
}

/** Which side of a cut each node was met from; marks grow, so that nothing is to be cleared. */
interface Visit {
  readonly side: Int32Array;
  mark: number;
}

/** The smaller of the two parts that the accepted links without those of the cut fall into; null when large or none. */
function smallerSide(
  { system: { from, to }, accepted }: Attachments,
  { starts, links }: LinksAround,
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

/** A place of a group: where it is (`motion` null) or where a link wants it. */
interface Place {
  readonly motion: Motion | null;
  /** Links of the boundary that agree. */
  readonly fitting: readonly number[];
  readonly odds: number;
  /** Where the tile of the first link of the boundary is, px. */
  readonly x: number;
  readonly y: number;
}

function reviewGroup(
  attachments: Attachments,
  odds: LinkOdds,
  { starts, links }: LinksAround,
  label: Int32Array,
  group: readonly number[],
): boolean {
  const { system, accepted, poses } = attachments;
  const { from, to } = system;
  const inside = new Set(group);
  const boundary: number[] = [];
  for (const i of group)
    for (let p = starts[i]; p < starts[i + 1]; p++) {
      const l = links[p];
      const j = from[l] === i ? to[l] : from[l];
      if (!inside.has(j) && label[j] === 0) boundary.push(l);
    }
  if (boundary.length === 0) return false;
  const hold = boundary.filter((l) => accepted[l] !== 0);
  const places = proposePlaces(attachments, odds, boundaryOf(attachments, inside, boundary), hold);
  const [best] = places;
  const isUncontested = best.fitting.length === boundary.length;
  const apart = samePlace * attachments.tolerancePx;
  const second = places.find(({ x, y }) => Math.hypot(x - best.x, y - best.y) > apart);
  const rival = Math.max(0, second?.odds ?? 0);
  const isBelieved =
    best.fitting.length > 0 &&
    (best.odds - rival > decisiveOdds || (isUncontested && best.odds > Math.max(uncontestedOdds, rival)));
  if (isBelieved ? best.motion === null : hold.length === 0) return false;
  for (const l of boundary) accepted[l] = isBelieved && best.fitting.includes(l) ? 1 : 0;
  if (isBelieved && best.motion !== null) for (const i of group) moveRigidly(poses, i, best.motion);
  for (const i of group) label[i] = isBelieved ? 0 : -1;
  return true;
}

/** What hangs between a group and the rest. */
interface Boundary {
  readonly links: readonly number[];
  /** The tiles of the group and of the rest that each link joins. */
  readonly inner: readonly number[];
  readonly outer: readonly number[];
  readonly witnesses: StageWitnesses;
}

function boundaryOf(
  { system: { from, to }, stageKnown }: Attachments,
  inside: ReadonlySet<number>,
  links: readonly number[],
): Boundary {
  const inner = links.map((l) => (inside.has(to[l]) ? to[l] : from[l]));
  const outer = links.map((l, b) => (to[l] === inner[b] ? from[l] : to[l]));
  const known = links.flatMap((_, b) => (stageKnown[inner[b]] === 1 && stageKnown[outer[b]] === 1 ? [b] : []));
  const sizeOf = (tiles: readonly number[]): number => new Set(known.map((b) => tiles[b])).size;
  return { links, inner, outer, witnesses: { links: known.length, inner: sizeOf(inner), outer: sizeOf(outer) } };
}

/** The present place of a group, where each link wants it and where it would be if that link were off as many are; best first. */
function proposePlaces(
  attachments: Attachments,
  odds: LinkOdds,
  boundary: Boundary,
  hold: readonly number[],
): readonly Place[] {
  const { system, motions, poses } = attachments;
  const { links, inner } = boundary;
  const places: Place[] = [];
  const isFitted = new Set<number>();
  const weigh = (motion: Motion | null, l: number | null): void => {
    const place = weighPlace(attachments, odds, boundary, motion, l);
    for (const fitting of place.fitting) isFitted.add(fitting);
    places.push(place);
  };
  if (hold.length > 0) weigh(null, hold[0]);
  links.forEach((l, b) => {
    const movesTo = system.to[l] === inner[b];
    const motion = motionOfLink(system, motions, poses, l, movesTo);
    if (!isFitted.has(l)) weigh(motion, l);
    if (odds.usualError === null) return;
    const [x, y] = odds.usualError;
    const sign = movesTo ? -1 : 1;
    weigh({ ...motion, dx: motion.dx + sign * x, dy: motion.dy + sign * y }, null);
  });
  return places.sort((p, q) => q.odds - p.odds);
}

/** @param hypothesis link that fits the place because it was made from it; null when it was made from none. */
function weighPlace(
  { system, poses, stage, stageKnown, tolerancePx }: Attachments,
  odds: LinkOdds,
  { links, inner, outer, witnesses }: Boundary,
  motion: Motion | null,
  hypothesis: number | null,
): Place {
  const fitting: number[] = [];
  const origin = poseStride * inner[hypothesis === null ? 0 : links.indexOf(hypothesis)];
  const originX = poses[origin];
  const originY = poses[origin + 1];
  const before = new Float64Array(poseStride);
  let sum = 0;
  let besideX = 0;
  let besideY = 0;
  let atX = originX;
  let atY = originY;
  for (let b = 0; b < links.length; b++) {
    const l = links[b];
    const i = inner[b];
    const o = poseStride * i;
    const p = poseStride * outer[b];
    const reachX = poses[o] - originX;
    const reachY = poses[o + 1] - originY;
    const turned = (reachX * reachX + reachY * reachY) / (2 * tilesOfTurn * system.lever[i]) ** 2;
    const tolerance = tolerancePx * Math.sqrt(1 + turned);
    if (motion !== null) {
      for (let s = 0; s < poseStride; s++) before[s] = poses[o + s];
      moveRigidly(poses, i, motion);
    }
    if (b === 0) {
      atX = poses[o];
      atY = poses[o + 1];
    }
    if (l === hypothesis || linkMisfit(system, poses, l) < tolerance) {
      fitting.push(l);
      sum += system.manual[l] === 1 ? manualOdds : odds.agreement;
    } else sum += dissentOdds(odds, system, poses, l, links.length);
    if (stageKnown[i] === 1 && stageKnown[outer[b]] === 1) {
      besideX += poses[o] - poses[p] - stage[o] + stage[p];
      besideY += poses[o + 1] - poses[p + 1] - stage[o + 1] + stage[p + 1];
    }
    if (motion !== null) for (let s = 0; s < poseStride; s++) poses[o + s] = before[s];
  }
  return { motion, fitting, odds: sum + stageOdds(odds, witnesses, besideX, besideY), x: atX, y: atY };
}
