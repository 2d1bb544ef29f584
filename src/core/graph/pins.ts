import type { TransformModel } from '../matching/link.ts';
import type { TilePin } from './graph-edits.ts';
import { poseStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import type { NormalEquations } from './normal-equations.ts';

/**
 * Pinned tiles as flat arrays; the cost of a pin with weight W on a tile whose half size is (cx, cy) is
 *
 *   W·|u − U|² + W·Σ_axis (cx²·(A_x − P_x)² + cy²·(A_y − P_y)²)
 *
 * which is W/4 of the sum over its four corners; U, P are the pinned pose about the tile's centre. Similarity and affine
 * take the first term only: the turn and stretch of the whole come from the rigid solution, which their linear parts are
 * held to, and one tile's stretch must not become everybody's.
 */
export interface Pins {
  readonly nodes: Int32Array;
  readonly weights: Float64Array;
  /** [pins · poseStride] */
  readonly targets: Float64Array;
}

/** Nothing is pinned. */
export const noPins: Pins = { nodes: new Int32Array(0), weights: new Float64Array(0), targets: new Float64Array(0) };

/**
 * @param unitVariance what a weight of 1 stands for, px².
 * @throws RangeError when a pin names no node, is not finite or has no sigma above 0.
 */
export function buildPins(system: LinkSystem, pins: readonly TilePin[], unitVariance: number): Pins {
  if (pins.length === 0) return noPins;
  const index = new Map(system.nodes.map((node, i) => [node.id, i]));
  const sorted = [...pins].sort((p, q) => (p.tileId < q.tileId ? -1 : p.tileId > q.tileId ? 1 : 0));
  const nodes = new Int32Array(pins.length);
  const weights = new Float64Array(pins.length);
  const targets = new Float64Array(poseStride * pins.length);
  sorted.forEach(({ tileId, pose: { a, b, c, d, e, f }, sigmaPx }, p) => {
    const i = index.get(tileId);
    if (i === undefined || !(sigmaPx > 0) || !Number.isFinite(a + b + c + d + e + f))
      throw new RangeError(`the pin of ${tileId} is none: no such tile, or numbers that are not finite`);
    const cx = system.centre[2 * i];
    const cy = system.centre[2 * i + 1];
    nodes[p] = i;
    weights[p] = unitVariance / sigmaPx ** 2;
    targets.set([a * cx + c * cy + e, b * cx + d * cy + f, a, b, c, d], poseStride * p);
  });
  return { nodes, weights, targets };
}

/** Adds the terms of the pins to the normal equations of a model at the poses. */
export function addPins(
  model: TransformModel,
  system: LinkSystem,
  { nodes, weights, targets }: Pins,
  poses: Float64Array,
  { k, diagonal, gradients }: NormalEquations,
): void {
  for (let p = 0; p < nodes.length; p++) {
    const i = nodes[p];
    const o = poseStride * i;
    const t = poseStride * p;
    const w = weights[p];
    const h = 1 / system.lever[i];
    const sx = w * system.centre[2 * i] ** 2;
    const sy = w * system.centre[2 * i + 1] ** 2;
    const dx = w * (poses[o] - targets[t]);
    const dy = w * (poses[o + 1] - targets[t + 1]);
    const at = i * k * k;
    const g = i * k;
    const [a, b, c, d] = [poses[o + 2], poses[o + 3], poses[o + 4], poses[o + 5]];
    const [ta, tb, tc, td] = [targets[t + 2], targets[t + 3], targets[t + 4], targets[t + 5]];
    diagonal[at] += w;
    gradients[0][g] += dx;
    if (model === 'translation') gradients[1][g] += dy;
    else if (model === 'affine') gradients[1][g] += dy;
    else {
      diagonal[at + k + 1] += w;
      gradients[0][g + 1] += dy;
      if (model === 'similarity') continue;
      diagonal[at + 2 * k + 2] += (sx + sy) * h * h;
      gradients[0][g + 2] += (sx * (b * ta - a * tb) + sy * (d * tc - c * td)) * h;
    }
  }
}

/** Labels of the components that a pin holds. */
export function pinnedComponents({ nodes }: Pins, label: Int32Array): ReadonlySet<number> {
  return new Set(Array.from(nodes, (i) => label[i]));
}

/**
 * Moves every pinned component as a whole to where its pins want it: the best rigid motion (a shift where `turns` is
 * false) of its pinned tiles, so that what is left for the solve is small.
 */
export function moveToPins(
  system: LinkSystem,
  pins: Pins,
  label: Int32Array,
  poses: Float64Array,
  turns: boolean,
): void {
  for (const component of pinnedComponents(pins, label)) {
    const motion = motionToPins(system, pins, label, poses, turns, component);
    for (let i = 0; i < label.length; i++) if (label[i] === component) applyMotion(poses, poseStride * i, motion);
  }
}

/** x' = cos·(x − from) − sin·(y − from) + to, likewise y. */
interface MotionAbout {
  readonly cos: number;
  readonly sin: number;
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
}

function motionToPins(
  system: LinkSystem,
  { nodes, weights, targets }: Pins,
  label: Int32Array,
  poses: Float64Array,
  turns: boolean,
  component: number,
): MotionAbout {
  let total = 0;
  const from: [number, number] = [0, 0];
  const to: [number, number] = [0, 0];
  for (let p = 0; p < nodes.length; p++) {
    if (label[nodes[p]] !== component) continue;
    total += weights[p];
    for (const axis of [0, 1] as const) {
      from[axis] += weights[p] * poses[poseStride * nodes[p] + axis];
      to[axis] += weights[p] * targets[poseStride * p + axis];
    }
  }
  for (const axis of [0, 1] as const) {
    from[axis] /= total;
    to[axis] /= total;
  }
  if (!turns) return { cos: 1, sin: 0, from, to };
  let dot = 0;
  let cross = 0;
  for (let p = 0; p < nodes.length; p++) {
    if (label[nodes[p]] !== component) continue;
    const o = poseStride * nodes[p];
    const t = poseStride * p;
    const x = poses[o] - from[0];
    const y = poses[o + 1] - from[1];
    const tx = targets[t] - to[0];
    const ty = targets[t + 1] - to[1];
    const spread = (system.lever[nodes[p]] ** 2 * weights[p]) / 2;
    dot += weights[p] * (x * tx + y * ty);
    cross += weights[p] * (x * ty - y * tx);
    for (let s = 2; s < 6; s++) dot += spread * poses[o + s] * targets[t + s];
    cross += spread * (poses[o + 2] * targets[t + 3] - poses[o + 3] * targets[t + 2]);
    cross += spread * (poses[o + 4] * targets[t + 5] - poses[o + 5] * targets[t + 4]);
  }
  const length = Math.hypot(dot, cross);
  return length > 0 ? { cos: dot / length, sin: cross / length, from, to } : { cos: 1, sin: 0, from, to };
}

function applyMotion(poses: Float64Array, o: number, { cos, sin, from, to }: MotionAbout): void {
  const x = poses[o] - from[0];
  const y = poses[o + 1] - from[1];
  poses[o] = to[0] + cos * x - sin * y;
  poses[o + 1] = to[1] + sin * x + cos * y;
  for (const s of [2, 4]) {
    const a = poses[o + s];
    const b = poses[o + s + 1];
    poses[o + s] = cos * a - sin * b;
    poses[o + s + 1] = sin * a + cos * b;
  }
}
