import { motionOfLink, moveRigidly } from './link-motion.ts';
import type { Motion } from './link-motion.ts';
import { dissentOdds, stageOdds } from './link-odds.ts';
import type { Attachments, LinkOdds, StageWitnesses } from './link-odds.ts';
import { linkMisfit, poseStride } from './link-system.ts';
import { closureBetween, mostClosure, tilesOfTurn } from './loop-noise.ts';
import type { LoopNoise } from './loop-noise.ts';

/** Log-odds at which one place of a group of tiles is believed against another, and against all of its links being wrong. */
const decisiveOdds = 4;
/** … and at which it is where nothing speaks against it. */
const uncontestedOdds = -2;
/** Places nearer to each other than this many tolerances are one. */
const samePlace = 4;
/** Log-odds of landmarks that a person set. */
const manualOdds = 1000;

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

/** What all groups of one review share. */
export interface Review {
  readonly attachments: Attachments;
  readonly odds: LinkOdds;
  readonly noise: LoopNoise;
}

/**
 * Reviews where a group of tiles lies beside the tiles labelled `rest`, the largest component unless told: it is moved to
 * where it is believed to be and gets their label, or is let go and labelled −1.
 *
 * @returns whether anything was changed.
 */
export function reviewGroup(review: Review, label: Int32Array, group: readonly number[], rest = 0): boolean {
  const { attachments, noise } = review;
  const { system, accepted, poses } = attachments;
  const { starts, links } = noise;
  const { from, to } = system;
  const inside = new Set(group);
  const boundary: number[] = [];
  for (const i of group)
    for (let p = starts[i]; p < starts[i + 1]; p++) {
      const l = links[p];
      const j = from[l] === i ? to[l] : from[l];
      if (!inside.has(j) && label[j] === rest) boundary.push(l);
    }
  if (boundary.length === 0) return false;
  const hold = boundary.filter((l) => accepted[l] !== 0);
  const places = proposePlaces(review, boundaryOf(attachments, inside, boundary), hold);
  const [best] = places;
  const isUncontested = best.fitting.length === boundary.length;
  const apart = samePlace * attachments.tolerancePx;
  const isOther = ({ fitting, x, y }: Place): boolean =>
    Math.hypot(x - best.x, y - best.y) > apart &&
    (fitting.length === 0 || !fitting.every((l) => best.fitting.includes(l)));
  const second = places.find(isOther);
  const rival = Math.max(0, second?.odds ?? 0);
  const isBelieved =
    best.fitting.length > 0 &&
    (best.odds - rival > decisiveOdds || (isUncontested && best.odds > Math.max(uncontestedOdds, rival)));
  if (isBelieved ? best.motion === null : hold.length === 0) return false;
  for (const l of boundary) accepted[l] = isBelieved && best.fitting.includes(l) ? 1 : 0;
  if (isBelieved && best.motion !== null) for (const i of group) moveRigidly(poses, i, best.motion);
  for (const i of group) label[i] = isBelieved ? rest : -1;
  return true;
}

/** What hangs between a group and the rest. */
interface Boundary {
  readonly inside: ReadonlySet<number>;
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
  return {
    inside,
    links,
    inner,
    outer,
    witnesses: { links: known.length, inner: sizeOf(inner), outer: sizeOf(outer) },
  };
}

/** The present place of a group, where each link wants it and where it would be if that link were off as many are; best first. */
function proposePlaces(review: Review, boundary: Boundary, hold: readonly number[]): readonly Place[] {
  const { odds } = review;
  const { system, motions, poses } = review.attachments;
  const { links, inner } = boundary;
  const places: Place[] = [];
  const isFitted = new Set<number>();
  const weigh = (motion: Motion | null, b: number, isProposed: boolean): void => {
    const place = weighPlace(review, boundary, motion, b, isProposed);
    for (const fitting of place.fitting) isFitted.add(fitting);
    places.push(place);
  };
  if (hold.length > 0) weigh(null, links.indexOf(hold[0]), true);
  links.forEach((l, b) => {
    const movesTo = system.to[l] === inner[b];
    const motion = motionOfLink(system, motions, poses, l, movesTo);
    if (!isFitted.has(l)) weigh(motion, b, true);
    if (odds.usualError === null) return;
    const [x, y] = odds.usualError;
    const sign = movesTo ? -1 : 1;
    weigh({ ...motion, dx: motion.dx + sign * x, dy: motion.dy + sign * y }, b, false);
  });
  return places.sort((p, q) => q.odds - p.odds);
}

/**
 * @param origin index of the boundary's link from which the place was made.
 * @param isProposed whether that link wants it, and so fits.
 */
function weighPlace(
  { attachments, odds, noise }: Review,
  boundary: Boundary,
  motion: Motion | null,
  origin: number,
  isProposed: boolean,
): Place {
  const { system, poses, stage, stageKnown } = attachments;
  const { links, inner, outer, witnesses } = boundary;
  const fitting: number[] = [];
  const before = new Float64Array(poseStride);
  const reach = reachFrom(attachments, boundary, origin);
  let sum = 0;
  let besideX = 0;
  let besideY = 0;
  let atX = 0;
  let atY = 0;
  for (let b = 0; b < links.length; b++) {
    const l = links[b];
    const i = inner[b];
    const o = poseStride * i;
    const p = poseStride * outer[b];
    if (motion !== null) {
      for (let s = 0; s < poseStride; s++) before[s] = poses[o + s];
      moveRigidly(poses, i, motion);
    }
    if (b === 0) {
      atX = poses[o];
      atY = poses[o + 1];
    }
    const looseness = isProposed && b === origin ? 1 : loosenessOf(attachments, noise, boundary, origin, b, reach[b]);
    if (looseness > 0) {
      fitting.push(l);
      // The wider links may miss each other, the less it says that they do not.
      sum += system.manual[l] === 1 ? manualOdds : odds.agreement - 2 * Math.log(looseness);
    } else sum += dissentOdds(odds, system, poses, l, links.length);
    if (stageKnown[i] === 1 && stageKnown[outer[b]] === 1) {
      besideX += poses[o] - poses[p] - stage[o] + stage[p];
      besideY += poses[o + 1] - poses[p + 1] - stage[o + 1] + stage[p + 1];
    }
    if (motion !== null) for (let s = 0; s < poseStride; s++) poses[o + s] = before[s];
  }
  return { motion, fitting, odds: sum + stageOdds(odds, witnesses, besideX, besideY), x: atX, y: atY };
}

/** By how much the turn of the link of the origin widens the tolerance at each link of the boundary: a factor from 1. */
function reachFrom({ system, poses }: Attachments, { inner }: Boundary, origin: number): readonly number[] {
  const at = poseStride * inner[origin];
  return inner.map((i) => {
    const x = poses[poseStride * i] - poses[at];
    const y = poses[poseStride * i + 1] - poses[at + 1];
    return Math.sqrt(1 + (x * x + y * y) / (2 * tilesOfTurn * system.lever[i]) ** 2);
  });
}

/** By how many tolerances link b of the boundary may miss the present place (1 and more) if it fits; 0 if it does not. */
function loosenessOf(
  { system, poses, tolerancePx }: Attachments,
  noise: LoopNoise,
  { links, outer, inside }: Boundary,
  origin: number,
  b: number,
  reach: number,
): number {
  const misfit = linkMisfit(system, poses, links[b]) / reach;
  if (misfit < tolerancePx) return 1;
  if (misfit >= mostClosure(noise)) return 0;
  const closure = closureBetween(noise, outer[origin], outer[b], 2, inside, -1);
  return misfit < closure ? closure / tolerancePx : 0;
}
