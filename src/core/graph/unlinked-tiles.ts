import { mapPose, meanPosition } from './gauge.ts';
import { poseStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import type { StagePoses } from './stage.ts';

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
  for (const place of told) {
    dx += place.x / told.length;
    dy += place.y / told.length;
    cos += Math.cos(place.turn);
    sin += Math.sin(place.turn);
  }
  const { x, y } = meanPosition(poses, known);
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
  const { x: sx, y: sy } = meanPosition(stage, nodes);
  const { x: ux, y: uy } = meanPosition(poses, nodes);
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
