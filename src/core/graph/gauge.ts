import type { TransformModel } from '../matching/link.ts';
import { poseStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { noPins, pinnedComponents } from './pins.ts';
import type { Pins } from './pins.ts';
import type { StagePoses } from './stage.ts';

/**
 * Moves each component as a whole to where the layout has it. With S the mean of A_i·Q_iᵀ (Q_i the rotation nearest to
 * A_i) and M the mean of A_i·R_iᵀ (R_i the stage's rotation of tile i), the component is mapped by
 *
 *   translation: nothing · rigid: the rotation nearest to M, inverted · similarity, affine: S⁻¹, then the same
 *
 * so that the mean rotation is the stage's and tiles are on the mean neither stretched nor sheared, then shifted so that
 * the mean of its centres is the mean of the stage's. M⁻¹ itself would blow up tiles that are turned against each other:
 * the mean of their rotations is shorter than a rotation. This is the constrained optimum: a bound on the mean linear
 * part only shifts the targets of the linear prior (its Lagrange multiplier), the links know nothing of it. Components
 * that are pinned stay where they are, but that a lone pin says nothing of the stretch of the rest: there the mean stretch
 * is taken out, too, and the pinned tile laid on its pin.
 */
export function fixGauge(
  model: TransformModel,
  poses: Float64Array,
  stage: StagePoses,
  label: Int32Array,
  sizes: readonly number[],
  pins: Pins = noPins,
): void {
  const pinned = pinnedComponents(pins, label);
  const members: number[][] = sizes.map(() => []);
  for (let i = 0; i < label.length; i++) members[label[i]].push(i);
  for (const [component, nodes] of members.entries()) {
    if (nodes.length < 2) continue;
    if (pinned.has(component)) {
      if (model === 'similarity' || model === 'affine') fixStretchAtPin(poses, pins, label, component, nodes);
      continue;
    }
    const known = nodes.filter((i) => stage.known[i] === 1);
    const reference = known.length > 0 ? known : nodes;
    const map = model === 'translation' ? [1, 0, 0, 1] : gaugeMap(model, poses, stage, reference);
    let stageX = 0;
    let stageY = 0;
    let x = 0;
    let y = 0;
    for (const i of reference) {
      const o = poseStride * i;
      stageX += stage.poses[o] / reference.length;
      stageY += stage.poses[o + 1] / reference.length;
      x += poses[o] / reference.length;
      y += poses[o + 1] / reference.length;
    }
    for (const i of nodes) mapPose(poses, poseStride * i, map, x, y, stageX, stageY);
  }
}

function fixStretchAtPin(
  poses: Float64Array,
  pins: Pins,
  label: Int32Array,
  component: number,
  nodes: readonly number[],
): void {
  const [p, ...others] = [...pins.nodes.keys()].filter((at) => label[pins.nodes[at]] === component);
  if (others.length > 0) return;
  const i = pins.nodes[p];
  const targets = poses.slice();
  targets.set(pins.targets.subarray(poseStride * p, poseStride * (p + 1)), poseStride * i);
  const [a, b, c, d] = targets.subarray(poseStride * i + 2, poseStride * i + 6);
  const length = Math.hypot(a + d, b - c);
  if (length > 0) targets.set([(a + d) / length, (b - c) / length], poseStride * i + 2);
  const stretch = stretchMap(poses, nodes);
  const map = product(turnTo(poses, targets, [i], stretch), stretch);
  const [x, y] = poses.subarray(poseStride * i, poseStride * i + 2);
  for (const j of nodes)
    mapPose(poses, poseStride * j, map, x, y, targets[poseStride * i], targets[poseStride * i + 1]);
}

/** A·Q^T changes with the map that undoes its mean, to second order: 1 % of stretch leaves 1e-4, then 1e-8. */
const stretchRounds = 4;

/** Row-major [g00, g01, g10, g11]. */
function gaugeMap(
  model: TransformModel,
  poses: Float64Array,
  stage: StagePoses,
  nodes: readonly number[],
): readonly number[] {
  const map = model === 'rigid' ? [1, 0, 0, 1] : stretchMap(poses, nodes);
  return product(turnTo(poses, stage.poses, nodes, map), map);
}

/** The map that takes the mean stretch of the nodes out. */
function stretchMap(poses: Float64Array, nodes: readonly number[]): readonly number[] {
  let map: readonly number[] = [1, 0, 0, 1];
  for (let round = 0; round < stretchRounds; round++) map = product(inverseMeanStretch(poses, nodes, map), map);
  return map;
}

/** The rotation that takes the mapped linear parts on the mean to those of `targets`, which are rotations. */
function turnTo(
  poses: Float64Array,
  targets: Float64Array,
  nodes: readonly number[],
  map: readonly number[],
): readonly number[] {
  let dot = 0;
  let cross = 0;
  for (const i of nodes) {
    const o = poseStride * i;
    const [a, b, c, d] = mapLinear(poses, o, map);
    const cos = targets[o + 2];
    const sin = targets[o + 3];
    dot += cos * (a + d) + sin * (b - c);
    cross += cos * (b - c) - sin * (a + d);
  }
  const length = Math.hypot(dot, cross);
  return length > 0 ? [dot / length, cross / length, -cross / length, dot / length] : [1, 0, 0, 1];
}

/** The inverse of the mean of G·A_i·Q_iᵀ, Q_i the rotation nearest to G·A_i: symmetric, 1 where nothing is stretched. */
function inverseMeanStretch(poses: Float64Array, nodes: readonly number[], map: readonly number[]): readonly number[] {
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (const i of nodes) {
    const [a, b, c, d] = mapLinear(poses, poseStride * i, map);
    const length = Math.hypot(a + d, b - c);
    if (!(length > 0)) return [1, 0, 0, 1];
    const cos = (a + d) / length;
    const sin = (b - c) / length;
    xx += (a * cos - c * sin) / nodes.length;
    xy += (b * cos - d * sin) / nodes.length;
    yy += (b * sin + d * cos) / nodes.length;
  }
  const det = xx * yy - xy * xy;
  return det > 0.1 ? [yy / det, -xy / det, -xy / det, xx / det] : [1, 0, 0, 1];
}

/** The linear part [a, b, c, d] of a pose under a row-major map. */
function mapLinear(poses: Float64Array, o: number, g: readonly number[]): readonly [number, number, number, number] {
  const [a, b, c, d] = [poses[o + 2], poses[o + 3], poses[o + 4], poses[o + 5]];
  return [g[0] * a + g[1] * b, g[2] * a + g[3] * b, g[0] * c + g[1] * d, g[2] * c + g[3] * d];
}

/** p·q, row-major. */
function product(p: readonly number[], q: readonly number[]): readonly number[] {
  return [p[0] * q[0] + p[1] * q[2], p[0] * q[1] + p[1] * q[3], p[2] * q[0] + p[3] * q[2], p[2] * q[1] + p[3] * q[3]];
}

/** pose ← G·(pose − (x, y)) + (toX, toY) */
function mapPose(
  poses: Float64Array,
  o: number,
  g: readonly number[],
  x: number,
  y: number,
  toX: number,
  toY: number,
): void {
  const dx = poses[o] - x;
  const dy = poses[o + 1] - y;
  poses[o] = toX + g[0] * dx + g[1] * dy;
  poses[o + 1] = toY + g[2] * dx + g[3] * dy;
  poses.set(mapLinear(poses, o, g), o + 2);
}

/** Solved tiles that speak for the place of a tile without links. */
const neighboursAsked = 8;

/**
 * Places the tiles of every component but the largest by the stage *relative to the largest*: at
 *
 *   M(s) + Σ_j v_j (u_j − M(s_j)),   v_j ∝ 1 / (|s − s_j|² + lever²)
 *
 * where s is a tile's stage position, u_j the solved and s_j the stage positions of its nearest solved tiles and M the
 * affine fit of u on s (a rigid one where the solved tiles do not span the plane); the rotation is the stage's plus the
 * mean turn of the same neighbours. An island moves as a whole by the mean of what its tiles are told.
 */
export function placeUnlinked(
  system: LinkSystem,
  poses: Float64Array,
  stage: StagePoses,
  label: Int32Array,
  sizes: readonly number[],
  pinned: ReadonlySet<number> = new Set(),
): void {
  if (sizes.length === 0 || sizes[0] < 2) {
    for (let i = 0; i < label.length; i++)
      if (!pinned.has(label[i])) poses.set(stage.poses.subarray(poseStride * i, poseStride * (i + 1)), poseStride * i);
    return;
  }
  if (sizes.length === 1) return;
  const solved: number[] = [];
  for (let i = 0; i < label.length; i++) if (label[i] === 0 && stage.known[i] === 1) solved.push(i);
  if (solved.length === 0) return;
  const map = fitPlane(poses, stage.poses, solved);
  const places = Float64Array.from(
    { length: 2 * solved.length },
    (_, s) => stage.poses[poseStride * solved[s >> 1] + (s & 1)],
  );
  const members: number[][] = sizes.map(() => []);
  for (let i = 0; i < label.length; i++) members[label[i]].push(i);
  for (let c = 1; c < sizes.length; c++) {
    if (pinned.has(c)) continue;
    const known = members[c].filter((i) => stage.known[i] === 1);
    if (known.length === 0) continue;
    const told = known.map((i) => placeOf(system, poses, stage, { solved, places }, map, i));
    if (members[c].length === 1) {
      const [{ x, y, turn }] = told;
      const o = poseStride * members[c][0];
      const angle = Math.atan2(stage.poses[o + 3], stage.poses[o + 2]) + turn;
      const cos = Math.cos(angle);
      const sin = Math.sin(angle);
      poses.set([x, y, cos, sin, -sin, cos], o);
    } else moveIsland(poses, members[c], known, told);
  }
}

interface Told {
  readonly x: number;
  readonly y: number;
  /** Rotation to add to the stage's, rad. */
  readonly turn: number;
}

function placeOf(
  system: LinkSystem,
  poses: Float64Array,
  stage: StagePoses,
  solved: SolvedPlaces,
  map: PlaneMap,
  i: number,
): Told {
  const o = poseStride * i;
  const sx = stage.poses[o];
  const sy = stage.poses[o + 1];
  const nearest = nearestOf(solved, sx, sy);
  let total = 0;
  let x = 0;
  let y = 0;
  let cos = 0;
  let sin = 0;
  for (const j of nearest) {
    const p = poseStride * j;
    const v = 1 / ((stage.poses[p] - sx) ** 2 + (stage.poses[p + 1] - sy) ** 2 + system.lever[i] ** 2);
    total += v;
    x += v * (poses[p] - map.x(stage.poses[p], stage.poses[p + 1]));
    y += v * (poses[p + 1] - map.y(stage.poses[p], stage.poses[p + 1]));
    const turn =
      Math.atan2(poses[p + 3] - poses[p + 4], poses[p + 2] + poses[p + 5]) -
      Math.atan2(stage.poses[p + 3], stage.poses[p + 2]);
    cos += v * Math.cos(turn);
    sin += v * Math.sin(turn);
  }
  return { x: map.x(sx, sy) + x / total, y: map.y(sx, sy) + y / total, turn: Math.atan2(sin, cos) };
}

/** The tiles that are solved and their stage positions, [solved · 2]. */
interface SolvedPlaces {
  readonly solved: readonly number[];
  readonly places: Float64Array;
}

function nearestOf({ solved, places }: SolvedPlaces, x: number, y: number): readonly number[] {
  const best: number[] = [];
  const distances: number[] = [];
  let furthest = Infinity;
  for (let s = 0; s < solved.length; s++) {
    const dx = places[2 * s] - x;
    const dy = places[2 * s + 1] - y;
    const d = dx * dx + dy * dy;
    if (!(d < furthest)) continue;
    let k = Math.min(best.length, neighboursAsked - 1);
    while (k > 0 && distances[k - 1] > d) {
      best[k] = best[k - 1];
      distances[k] = distances[k - 1];
      k--;
    }
    best[k] = solved[s];
    distances[k] = d;
    if (best.length === neighboursAsked) furthest = distances[neighboursAsked - 1];
  }
  return best;
}

/** Moves an island by the mean of (told − present) of its known tiles. */
function moveIsland(
  poses: Float64Array,
  nodes: readonly number[],
  known: readonly number[],
  told: readonly Told[],
): void {
  let dx = 0;
  let dy = 0;
  let cos = 0;
  let sin = 0;
  let x = 0;
  let y = 0;
  known.forEach((i, k) => {
    const o = poseStride * i;
    dx += told[k].x / known.length;
    dy += told[k].y / known.length;
    x += poses[o] / known.length;
    y += poses[o + 1] / known.length;
    cos += Math.cos(told[k].turn);
    sin += Math.sin(told[k].turn);
  });
  // The island's own gauge is already the stage's: the mean turn of its neighbours is what is left to add.
  const length = Math.hypot(cos, sin);
  const c = length > 0 ? cos / length : 1;
  const s = length > 0 ? sin / length : 0;
  for (const i of nodes) mapPose(poses, poseStride * i, [c, -s, s, c], x, y, dx, dy);
}

interface PlaneMap {
  x(x: number, y: number): number;
  y(x: number, y: number): number;
}

/** Least-squares affine map from stage to solved positions, held to the identity where they do not span the plane. */
function fitPlane(poses: Float64Array, stage: Float64Array, nodes: readonly number[]): PlaneMap {
  const n = nodes.length;
  let sx = 0;
  let sy = 0;
  let ux = 0;
  let uy = 0;
  for (const i of nodes) {
    const o = poseStride * i;
    sx += stage[o] / n;
    sy += stage[o + 1] / n;
    ux += poses[o] / n;
    uy += poses[o + 1] / n;
  }
  let xx = 0;
  let xy = 0;
  let yy = 0;
  let m00 = 0;
  let m01 = 0;
  let m10 = 0;
  let m11 = 0;
  for (const i of nodes) {
    const o = poseStride * i;
    const dx = stage[o] - sx;
    const dy = stage[o + 1] - sy;
    const vx = poses[o] - ux - dx;
    const vy = poses[o + 1] - uy - dy;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
    m00 += vx * dx;
    m01 += vx * dy;
    m10 += vy * dx;
    m11 += vy * dy;
  }
  const hold = 1e-3 * (xx + yy) + 1e-9;
  const det = (xx + hold) * (yy + hold) - xy * xy;
  const row = (p: number, q: number) => [((yy + hold) * p - xy * q) / det, ((xx + hold) * q - xy * p) / det];
  const [d00, d01] = row(m00, m01);
  const [d10, d11] = row(m10, m11);
  return {
    x: (x, y) => ux + (1 + d00) * (x - sx) + d01 * (y - sy),
    y: (x, y) => uy + d10 * (x - sx) + (1 + d11) * (y - sy),
  };
}
