import { linkMisfit, poseStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { turnLinear } from './normal-equations.ts';
import type { LinkMotions } from './stage.ts';

/** No distance from the stage counts against a link by more than this. */
const leastOdds = -4;
/** A loop that closes is a seed when the log-odds of its links add up to this. */
const seedOdds = 5;
/** Evidence of each further link that agrees, and of each that does not, on how two bodies lie. */
const agreementOdds = 3;
const dissentOdds = -1;
/** Two bodies are joined on two or more agreeing links with at least this much evidence … */
const jointOdds = 4;
/** … or on a single link that nothing contradicts and that is not this far from the stage (log-odds). */
const loneOdds = -1.5;
/** Loops count as closed within this many times the closure error of the best fifth of all loops. */
const closureSpread = 5;
const bestFifth = 0.2;
const maxRounds = 60;

/** Bodies of tiles whose relative poses are agreed on. */
export interface Consensus {
  /** [links] 1 for links inside a body that fit it. */
  readonly accepted: Uint8Array;
  /** [nodes] body of each tile. */
  readonly body: Int32Array;
}

/** What `findConsensus` needs: poses are changed in place, `settle` solves the bodies' inside by least squares. */
export interface ConsensusOptions {
  /** Poses at the stage, for the distance of a link from it. */
  readonly stage: Float64Array;
  /** Median misfit of the links at the stage, px. */
  readonly stageErrorPx: number;
  /** Least tolerance of an agreement, px. */
  readonly tolerancePx: number;
  readonly settle: (accepted: Uint8Array) => Promise<void>;
}

/**
 * Tells right links from wrong ones where there are too many of the latter for any loss: loops of three and four tiles
 * that close are seeds of rigid bodies; bodies are joined when at least two of the links between them agree on how they
 * lie, strongest evidence first, and settled by least squares after each round. The stage weighs in as a likelihood.
 * A tile that hangs on one link against others is joined to nothing.
 *
 * Independent of order: ties are broken by index, and nodes and links are sorted.
 */
export async function findConsensus(
  system: LinkSystem,
  motions: LinkMotions,
  active: Uint8Array,
  poses: Float64Array,
  options: ConsensusOptions,
): Promise<Consensus> {
  const n = system.nodes.length;
  const odds = stageOdds(system, active, options.stage);
  const bodies: Bodies = {
    of: Int32Array.from({ length: n }, (_, i) => i),
    members: Array.from({ length: n }, (_, i) => [i]),
  };
  const accepted = new Uint8Array(active.length);
  const tolerance = seedBodies(system, motions, active, odds, poses, bodies, options);
  for (let round = 0; round < maxRounds; round++) {
    acceptInside(system, poses, active, bodies, accepted, 2 * tolerance);
    await options.settle(accepted);
    if (round < evictionRounds && evict(system, active, odds, poses, bodies, tolerance)) {
      acceptInside(system, poses, active, bodies, accepted, 2 * tolerance);
      await options.settle(accepted);
    }
    if (!joinBodies(system, motions, active, odds, poses, bodies, tolerance)) break;
  }
  acceptInside(system, poses, active, bodies, accepted, tolerance);
  leaveContested(system, active, odds, accepted);
  return { accepted, body: bodies.of };
}

/** In the first rounds bodies may lose tiles again; later ones would never end. */
const evictionRounds = 8;

/** Makes a tile a body of its own again when the links of its body that do not fit it say more than those that do. */
function evict(
  system: LinkSystem,
  active: Uint8Array,
  odds: Float64Array,
  poses: Float64Array,
  bodies: Bodies,
  tolerance: number,
): boolean {
  const { from, to } = system;
  const balance = new Float64Array(bodies.of.length);
  for (let l = 0; l < active.length; l++) {
    if (active[l] === 0 || bodies.of[from[l]] !== bodies.of[to[l]]) continue;
    const says = (odds[l] + agreementOdds) * (linkMisfit(system, poses, l) < tolerance ? 1 : -1);
    balance[from[l]] += says;
    balance[to[l]] += says;
  }
  let changed = false;
  for (let i = 0; i < balance.length; i++) {
    if (balance[i] >= 0) continue;
    const old = bodies.of[i];
    const free = bodies.members.findIndex((members) => members.length === 0);
    if (free === -1) continue;
    bodies.members[old] = bodies.members[old].filter((j) => j !== i);
    bodies.members[free] = [i];
    bodies.of[i] = free;
    changed = true;
  }
  return changed;
}

/** The stage decides between a tile's only link and those refused when it favours it by this much. */
const decisiveOdds = 4;

/**
 * Drops the last link of tiles that hang on it alone while others were refused, unless the stage is clearly on its side:
 * nothing else says which is right.
 */
function leaveContested(
  { nodes, from, to }: LinkSystem,
  active: Uint8Array,
  odds: Float64Array,
  accepted: Uint8Array,
): void {
  const kept = new Int32Array(nodes.length);
  const refusedOdds = new Float64Array(nodes.length).fill(-Infinity);
  for (let l = 0; l < active.length; l++) {
    if (active[l] === 0) continue;
    for (const i of [from[l], to[l]]) {
      if (accepted[l] === 1) kept[i]++;
      else refusedOdds[i] = Math.max(refusedOdds[i], odds[l]);
    }
  }
  for (let changed = true; changed;) {
    changed = false;
    for (let l = 0; l < accepted.length; l++) {
      if (accepted[l] === 0) continue;
      const isContested = (i: number): boolean => kept[i] === 1 && odds[l] < refusedOdds[i] + decisiveOdds;
      if (!isContested(from[l]) && !isContested(to[l])) continue;
      accepted[l] = 0;
      for (const i of [from[l], to[l]]) {
        kept[i]--;
        refusedOdds[i] = Math.max(refusedOdds[i], odds[l]);
      }
      changed = true;
    }
  }
}

/** Steps of the expectation–maximisation of the stage's error. */
const mixtureSteps = 30;

/**
 * Log-odds that a link is right by its distance r from the stage alone: a mixture of right links, r ~ Rayleigh(σ), and
 * wrong ones, uniform over the disc that holds all, with σ and the share fitted to the links themselves.
 */
function stageOdds(system: LinkSystem, active: Uint8Array, stage: Float64Array): Float64Array {
  const distance = Float64Array.from(active, (_, l) => linkMisfit(system, stage, l));
  let radius = 1;
  for (let l = 0; l < active.length; l++) if (active[l] !== 0) radius = Math.max(radius, distance[l]);
  let variance = radius ** 2 / 16;
  let share = 0.7;
  const odds = new Float64Array(active.length).fill(leastOdds);
  for (let step = 0; step < mixtureSteps; step++) {
    let right = 0;
    let count = 0;
    let squares = 0;
    for (let l = 0; l < active.length; l++) {
      if (active[l] === 0) continue;
      const ratio = ((share / (1 - share)) * radius ** 2) / (2 * variance);
      odds[l] = Math.max(leastOdds, Math.log(ratio) - distance[l] ** 2 / (2 * variance));
      const probability = 1 / (1 + Math.exp(-odds[l]));
      right += probability;
      squares += probability * distance[l] ** 2;
      count++;
    }
    variance = Math.max(squares / (2 * right), (radius / 100) ** 2);
    share = Math.min(0.99, Math.max(0.3, right / count));
  }
  return odds;
}

interface Loop {
  readonly links: readonly number[];
  readonly closure: number;
}

/** Tiles by body; a body keeps the label of the larger part when two are joined. */
interface Bodies {
  readonly of: Int32Array;
  readonly members: (readonly number[])[];
}

/** Closed loops become bodies. Returns the tolerance in use, px. */
function seedBodies(
  system: LinkSystem,
  motions: LinkMotions,
  active: Uint8Array,
  odds: Float64Array,
  poses: Float64Array,
  bodies: Bodies,
  options: ConsensusOptions,
): number {
  const loops = shortLoops(system, motions, active);
  const closures = Float64Array.from(loops, (loop) => loop.closure).sort();
  const best = closures.length === 0 ? 0 : closures[Math.floor(bestFifth * (closures.length - 1))];
  const cap = Math.max(options.tolerancePx, options.stageErrorPx / 2);
  const tolerance = Math.min(cap, Math.max(options.tolerancePx, closureSpread * best));
  const seeds = loops
    .map((loop, index) => ({ ...loop, index, odds: loop.links.reduce((sum, l) => sum + odds[l], 0) }))
    .filter((loop) => loop.closure < tolerance && loop.odds > seedOdds)
    .sort((p, q) => q.odds - p.odds || p.index - q.index);
  for (const { links } of seeds) {
    // A loop may found a body or add to one; how two bodies lie is for all links between them to say.
    const touched = new Set(links.flatMap((l) => [bodies.of[system.from[l]], bodies.of[system.to[l]]]));
    const grown = [...touched].filter((body) => bodies.members[body].length > 1);
    if (grown.length > 1) continue;
    for (const l of links) joinThrough(system, motions, poses, bodies, l);
  }
  return tolerance;
}

/**
 * The distance by which the best fifth of the loops fail to close, px: what the model cannot express. Wrong links spoil
 * most loops long before they spoil the best fifth. 0 without loops.
 */
export function typicalClosure(system: LinkSystem, motions: LinkMotions, active: Uint8Array): number {
  const closures = Float64Array.from(shortLoops(system, motions, active), (loop) => loop.closure).sort();
  return closures.length === 0 ? 0 : closures[Math.floor(bestFifth * (closures.length - 1))];
}

/** All loops of three and four links, with the distance by which the link motions miss closing them, px. */
function shortLoops({ nodes, from, to, lever }: LinkSystem, motions: LinkMotions, active: Uint8Array): Loop[] {
  const edges = neighbourLinks(nodes.length, from, to, active);
  const other = (l: number, i: number): number => (from[l] === i ? to[l] : from[l]);
  const loops: Loop[] = [];
  for (let a = 0; a < nodes.length; a++) {
    const around = edges[a].filter((l) => other(l, a) > a);
    for (let p = 0; p < around.length; p++) {
      for (let q = p + 1; q < around.length; q++) {
        const b = other(around[p], a);
        const c = other(around[q], a);
        if (b === c) continue;
        for (const first of edges[b]) {
          const d = other(first, b);
          if (d === c && b < c) loops.push(closeLoop([around[p], first, around[q]], a, from, to, motions, lever[a]));
          if (d === c || d <= a) continue;
          for (const second of edges[d])
            if (other(second, d) === c)
              loops.push(closeLoop([around[p], first, second, around[q]], a, from, to, motions, lever[a]));
        }
      }
    }
  }
  return loops;
}

function neighbourLinks(n: number, from: Int32Array, to: Int32Array, active: Uint8Array): number[][] {
  const edges: number[][] = Array.from({ length: n }, () => []);
  for (let l = 0; l < from.length; l++) {
    if (active[l] === 0) continue;
    edges[from[l]].push(l);
    edges[to[l]].push(l);
  }
  return edges;
}

function closeLoop(
  links: readonly number[],
  start: number,
  from: Int32Array,
  to: Int32Array,
  motions: LinkMotions,
  lever: number,
): Loop {
  let x = 0;
  let y = 0;
  let theta = 0;
  let at = start;
  for (const l of links) {
    const forward = from[l] === at;
    if (!forward) theta -= motions.theta[l];
    const sign = forward ? 1 : -1;
    x += sign * (Math.cos(theta) * motions.dx[l] - Math.sin(theta) * motions.dy[l]);
    y += sign * (Math.sin(theta) * motions.dx[l] + Math.cos(theta) * motions.dy[l]);
    if (forward) theta += motions.theta[l];
    at = forward ? to[l] : from[l];
  }
  const turn = theta - 2 * Math.PI * Math.round(theta / (2 * Math.PI));
  return { links, closure: Math.hypot(x, y, turn * lever) };
}

/** Moves the smaller of the two bodies that link l joins so that the link fits, and makes them one. */
function joinThrough(system: LinkSystem, motions: LinkMotions, poses: Float64Array, bodies: Bodies, l: number): void {
  const a = bodies.of[system.from[l]];
  const b = bodies.of[system.to[l]];
  if (a === b) return;
  const movesTo = bodies.members[b].length <= bodies.members[a].length;
  const [kept, moved] = movesTo ? [a, b] : [b, a];
  const g = motionOfLink(system, motions, poses, l, movesTo);
  for (const i of bodies.members[moved]) {
    moveRigidly(poses, i, g);
    bodies.of[i] = kept;
  }
  bodies.members[kept] = [...bodies.members[kept], ...bodies.members[moved]];
  bodies.members[moved] = [];
}

/** A rigid motion of the mosaic: x' = cos·x − sin·y + dx, y' = sin·x + cos·y + dy. */
interface Motion {
  readonly cos: number;
  readonly sin: number;
  readonly dx: number;
  readonly dy: number;
}

/** The motion that takes the tile at one end of link l (`to` when `movesTo`) to where the link wants it. */
function motionOfLink(
  { from, to }: LinkSystem,
  motions: LinkMotions,
  poses: Float64Array,
  l: number,
  movesTo: boolean,
): Motion {
  const i = poseStride * from[l];
  const j = poseStride * to[l];
  const thetaA = Math.atan2(poses[i + 3], poses[i + 2]);
  const thetaB = Math.atan2(poses[j + 3], poses[j + 2]);
  const excess = thetaA + motions.theta[l] - thetaB;
  const turn = movesTo ? excess : -excess;
  const base = movesTo ? thetaA : thetaB - motions.theta[l];
  const vx = Math.cos(base) * motions.dx[l] - Math.sin(base) * motions.dy[l];
  const vy = Math.sin(base) * motions.dx[l] + Math.cos(base) * motions.dy[l];
  const o = movesTo ? j : i;
  const targetX = movesTo ? poses[i] + vx : poses[j] - vx;
  const targetY = movesTo ? poses[i + 1] + vy : poses[j + 1] - vy;
  const cos = Math.cos(turn);
  const sin = Math.sin(turn);
  return {
    cos,
    sin,
    dx: targetX - cos * poses[o] + sin * poses[o + 1],
    dy: targetY - sin * poses[o] - cos * poses[o + 1],
  };
}

function moveRigidly(poses: Float64Array, i: number, { cos, sin, dx, dy }: Motion): void {
  const o = poseStride * i;
  const x = poses[o];
  const y = poses[o + 1];
  poses[o] = cos * x - sin * y + dx;
  poses[o + 1] = sin * x + cos * y + dy;
  turnLinear(poses, o, Math.atan2(sin, cos));
}

/** Accepts the links inside bodies that fit and drops those that do not. */
function acceptInside(
  system: LinkSystem,
  poses: Float64Array,
  active: Uint8Array,
  bodies: Bodies,
  accepted: Uint8Array,
  tolerance: number,
): void {
  for (let l = 0; l < active.length; l++) {
    const isInside = bodies.of[system.from[l]] === bodies.of[system.to[l]];
    accepted[l] = active[l] !== 0 && isInside && linkMisfit(system, poses, l) < tolerance ? 1 : 0;
  }
}

/** How the smaller of two bodies should move, and what speaks for it. */
interface Joint {
  readonly kept: number;
  readonly moved: number;
  readonly link: number;
  readonly odds: number;
}

/** One round of joining: the best joints first, each body moved once at most. Returns whether any were joined. */
function joinBodies(
  system: LinkSystem,
  motions: LinkMotions,
  active: Uint8Array,
  odds: Float64Array,
  poses: Float64Array,
  bodies: Bodies,
  tolerance: number,
): boolean {
  const n = bodies.of.length;
  const between = new Map<number, number[]>();
  for (let l = 0; l < active.length; l++) {
    const a = bodies.of[system.from[l]];
    const b = bodies.of[system.to[l]];
    if (active[l] === 0 || a === b) continue;
    const key = Math.min(a, b) * n + Math.max(a, b);
    const list = between.get(key);
    if (list === undefined) between.set(key, [l]);
    else list.push(l);
  }
  const joints: Joint[] = [];
  for (const [key, links] of between) {
    const joint = bestJoint(system, motions, odds, poses, bodies, Math.floor(key / n), key % n, links, tolerance);
    if (joint !== null) joints.push(joint);
  }
  joints.sort((p, q) => q.odds - p.odds || p.link - q.link);
  const hasMoved = new Uint8Array(n);
  const hasKept = new Uint8Array(n);
  for (const { kept, moved, link } of joints) {
    if (hasMoved[kept] === 1 || hasMoved[moved] === 1 || hasKept[moved] === 1) continue;
    joinThrough(system, motions, poses, bodies, link);
    hasMoved[moved] = 1;
    hasKept[kept] = 1;
  }
  return joints.length > 0;
}

function bestJoint(
  system: LinkSystem,
  motions: LinkMotions,
  odds: Float64Array,
  poses: Float64Array,
  bodies: Bodies,
  a: number,
  b: number,
  links: readonly number[],
  tolerance: number,
): Joint | null {
  const aIsKept = bodies.members[a].length >= bodies.members[b].length;
  const kept = aIsKept ? a : b;
  const moved = aIsKept ? b : a;
  if (links.length === 1)
    return odds[links[0]] > loneOdds ? { kept, moved, link: links[0], odds: odds[links[0]] } : null;
  let best: Joint | null = null;
  // Two large bodies share many links: some of them suffice as hypotheses, all of them vote.
  const step = Math.max(1, Math.floor(links.length / 32));
  for (let h = 0; h < links.length; h += step) {
    const link = links[h];
    const motion = motionOfLink(system, motions, poses, link, bodies.of[system.to[link]] === moved);
    let agreeing = 0;
    let sum = 0;
    for (const l of links) {
      if (fits(system, poses, l, bodies.of[system.to[l]] === moved, motion, link, tolerance)) {
        sum += odds[l] + (agreeing === 0 ? 0 : agreementOdds);
        agreeing++;
      } else sum += dissentOdds;
    }
    if (agreeing >= 2 && sum > jointOdds && (best === null || sum > best.odds)) best = { kept, moved, link, odds: sum };
  }
  return best;
}

/** Whether link l fits once its moved end has moved; links far from the hypothesis' own suffer from its error of turn. */
function fits(
  system: LinkSystem,
  poses: Float64Array,
  l: number,
  movesTo: boolean,
  motion: Motion,
  hypothesis: number,
  tolerance: number,
): boolean {
  const i = movesTo ? system.to[l] : system.from[l];
  const o = poseStride * i;
  const h = poseStride * (movesTo ? system.to[hypothesis] : system.from[hypothesis]);
  const distance = Math.hypot(poses[o] - poses[h], poses[o + 1] - poses[h + 1]) / (2 * system.lever[i]);
  const before = poses.slice(o, o + poseStride);
  moveRigidly(poses, i, motion);
  const misfit = linkMisfit(system, poses, l);
  poses.set(before, o);
  return misfit < tolerance * Math.hypot(1, distance / tilesOfTurn);
}

/** Over this many tiles the error of one link's turn grows to the tolerance. */
const tilesOfTurn = 6;
