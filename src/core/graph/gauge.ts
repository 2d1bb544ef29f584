import type { Point } from '../geometry/affine2.ts';
import type { TransformModel } from '../matching/link.ts';
import { poseStride } from './link-system.ts';
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
    const told = meanPosition(stage.poses, reference);
    const { x, y } = meanPosition(poses, reference);
    for (const i of nodes) mapPose(poses, poseStride * i, map, x, y, told.x, told.y);
  }
}

/** The mean of the centres of some tiles, px; poses in the layout of `LinkSystem`. */
export function meanPosition(poses: Float64Array, nodes: readonly number[]): Point {
  let x = 0;
  let y = 0;
  for (const i of nodes) {
    x += poses[poseStride * i] / nodes.length;
    y += poses[poseStride * i + 1] / nodes.length;
  }
  return { x, y };
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

/** The pose at offset o becomes G·(pose − (x, y)) + (toX, toY), G row-major. */
export function mapPose(
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
