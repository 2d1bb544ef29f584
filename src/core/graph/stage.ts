import { fitModel } from '../matching/moment-fit.ts';
import { poseStride, sumsStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { gemanMcClureWeight, medianOf } from './robust-loss.ts';

/** What the layout says, as poses (see `poseStride`); `known[i]` is 0 where the prior is not finite. */
export interface StagePoses {
  readonly poses: Float64Array;
  readonly known: Uint8Array;
}

/** The priors of the nodes as poses of their centres. */
export function stagePoses(system: LinkSystem): StagePoses {
  const n = system.nodes.length;
  const poses = new Float64Array(poseStride * n);
  const known = new Uint8Array(n);
  system.nodes.forEach(({ prior: { pose } }, i) => {
    const isKnown = Number.isFinite(pose.x + pose.y + pose.thetaRad);
    known[i] = isKnown ? 1 : 0;
    setRigid(
      poses,
      i,
      isKnown ? pose.thetaRad : 0,
      isKnown ? pose.x : 0,
      isKnown ? pose.y : 0,
      system.centre[2 * i],
      system.centre[2 * i + 1],
    );
  });
  return { poses, known };
}

/** Sets pose i to the rotation `theta` that takes the tile's pixel (0, 0) to (x, y). */
function setRigid(
  poses: Float64Array,
  i: number,
  theta: number,
  x: number,
  y: number,
  centreX: number,
  centreY: number,
): void {
  const cos = Math.cos(theta);
  const sin = Math.sin(theta);
  poses.set(
    [x + cos * centreX - sin * centreY, y + sin * centreX + cos * centreY, cos, sin, -sin, cos],
    poseStride * i,
  );
}

/** Measured motion of a link: rotation of b against a, and b's centre in a's frame relative to a's centre, px. */
export interface LinkMotions {
  readonly theta: Float64Array;
  readonly dx: Float64Array;
  readonly dy: Float64Array;
}

/**
 * The rigid motion each link measures, a translation where `turns` is false; a link whose matches carry no rotation takes
 * it from the stage.
 */
export function linkMotions(system: LinkSystem, stage: StagePoses, turns: boolean): LinkMotions {
  const count = system.links.length;
  const theta = new Float64Array(count);
  const dx = new Float64Array(count);
  const dy = new Float64Array(count);
  for (let l = 0; l < count; l++) {
    const o = sumsStride * l;
    const i = poseStride * system.from[l];
    const j = poseStride * system.to[l];
    const fit = turns ? fitModel('rigid', system.links[l].moments) : null;
    theta[l] =
      fit === null
        ? Math.atan2(stage.poses[j + 3], stage.poses[j + 2]) - Math.atan2(stage.poses[i + 3], stage.poses[i + 2])
        : Math.atan2(fit.b, fit.a);
    const cos = Math.cos(theta[l]);
    const sin = Math.sin(theta[l]);
    const qx = system.sums[o + 3];
    const qy = system.sums[o + 4];
    dx[l] = system.sums[o + 1] - (cos * qx - sin * qy);
    dy[l] = system.sums[o + 2] - (sin * qx + cos * qy);
  }
  return { theta, dx, dy };
}

/** Share of the displacements' spread that holds the stage map to the identity. */
const stageMapRidge = 1e-3;
/**
 * Re-weightings of the robust fit of the stage map at most; as many again with a loss that gives up what is far off: links
 * that are all wrong alike would stretch the map.
 */
const stageMapIterations = 15;
/** A map whose entries change by less than this has settled: it is a start, nothing more. */
const settledMap = 1e-7;
/** The strict loss has this many median misfits as its scale. */
const mediansOfStrict = 1.5;

/**
 * The linear map D, [d00, d01, d10, d11], from the stage's displacements n to the measured ones v (camera angle, wrong
 * overlap, shear of the axes): least Σ|v − D·n|, an L1 fit by re-weighting and then a Geman–McClure one, held to the
 * identity where the links do not say (a single row knows nothing of y).
 */
export function fitStageMap(system: LinkSystem, stage: StagePoses, motions: LinkMotions): readonly number[] {
  const { stated, measured } = displacements(system, stage, motions);
  let map: readonly number[] = [1, 0, 0, 1];
  const misfits = new Float64Array(stated.length / 2);
  for (const isStrict of [false, true])
    for (let iteration = 0; iteration < stageMapIterations; iteration++) {
      for (let c = 0; c < misfits.length; c++) {
        const x = measured[2 * c] - map[0] * stated[2 * c] - map[1] * stated[2 * c + 1];
        const y = measured[2 * c + 1] - map[2] * stated[2 * c] - map[3] * stated[2 * c + 1];
        misfits[c] = Math.sqrt(x * x + y * y);
      }
      const scale = isStrict ? Math.max(1, mediansOfStrict * medianOf(misfits)) : 0;
      const next = fitWeighted(stated, measured, misfits, scale);
      if (next === null) return [1, 0, 0, 1];
      const change = Math.max(...next.map((entry, e) => Math.abs(entry - map[e])));
      map = next;
      if (change < settledMap) break;
    }
  const stretch = Math.hypot(map[0] + map[3], map[2] - map[1]) / 2;
  const skew = Math.hypot(map[0] - map[3], map[2] + map[1]) / 2;
  const isPlausible = stretch + skew < 2 && Math.abs(stretch - skew) > 0.5;
  return isPlausible ? map : [1, 0, 0, 1];
}

/** Displacements [links · 2] between tiles that the stage knows, as it states them and as the links measure them, px. */
function displacements(
  { from, to }: LinkSystem,
  { poses, known }: StagePoses,
  { dx, dy }: LinkMotions,
): { readonly stated: Float64Array; readonly measured: Float64Array } {
  const stated = new Float64Array(2 * from.length);
  const measured = new Float64Array(2 * from.length);
  let at = 0;
  for (let l = 0; l < from.length; l++) {
    if (known[from[l]] === 0 || known[to[l]] === 0) continue;
    const i = poseStride * from[l];
    const j = poseStride * to[l];
    stated[at] = poses[j] - poses[i];
    stated[at + 1] = poses[j + 1] - poses[i + 1];
    measured[at] = poses[i + 2] * dx[l] - poses[i + 3] * dy[l];
    measured[at + 1] = poses[i + 3] * dx[l] + poses[i + 2] * dy[l];
    at += 2;
  }
  return { stated: stated.subarray(0, at), measured: measured.subarray(0, at) };
}

/** One re-weighted fit: of the L1 loss where `scale` is 0, else of the Geman–McClure loss; null where nothing is stated. */
function fitWeighted(
  stated: Float64Array,
  measured: Float64Array,
  misfits: Float64Array,
  scale: number,
): readonly number[] | null {
  let xx = 0;
  let xy = 0;
  let yy = 0;
  let rxx = 0;
  let rxy = 0;
  let ryx = 0;
  let ryy = 0;
  for (let c = 0; c < misfits.length; c++) {
    const w = scale === 0 ? 1 / Math.max(1, misfits[c]) : gemanMcClureWeight(misfits[c], scale);
    const nx = stated[2 * c];
    const ny = stated[2 * c + 1];
    const vx = w * measured[2 * c];
    const vy = w * measured[2 * c + 1];
    xx += w * nx * nx;
    xy += w * nx * ny;
    yy += w * ny * ny;
    rxx += vx * nx;
    rxy += vx * ny;
    ryx += vy * nx;
    ryy += vy * ny;
  }
  const hold = stageMapRidge * (xx + yy);
  if (!(hold > 0)) return null;
  const det = (xx + hold) * (yy + hold) - xy * xy;
  const solveRow = (p: number, q: number) => [((yy + hold) * p - xy * q) / det, ((xx + hold) * q - xy * p) / det];
  return [...solveRow(rxx + hold, rxy), ...solveRow(ryx, ryy + hold)];
}

/**
 * First guess of the poses: the stage's displacements under the stage map, the stage's rotations; a tile without prior
 * is set from a placed neighbour through their link, in order of the links.
 */
export function initialPoses(
  system: LinkSystem,
  stage: StagePoses,
  map: readonly number[],
  motions: LinkMotions,
): Float64Array {
  const poses = stage.poses.slice();
  const placed = stage.known.slice();
  let meanX = 0;
  let meanY = 0;
  let count = 0;
  for (let i = 0; i < placed.length; i++) {
    if (placed[i] === 0) continue;
    meanX += poses[poseStride * i];
    meanY += poses[poseStride * i + 1];
    count++;
  }
  if (count > 0) {
    meanX /= count;
    meanY /= count;
  }
  for (let i = 0; i < placed.length; i++) {
    const o = poseStride * i;
    if (placed[i] === 0) continue;
    const x = poses[o] - meanX;
    const y = poses[o + 1] - meanY;
    poses[o] = meanX + map[0] * x + map[1] * y;
    poses[o + 1] = meanY + map[2] * x + map[3] * y;
  }
  spreadOverLinks(system, motions, poses, placed);
  return poses;
}

/** Places the tiles that the stage does not know, each from a placed neighbour; a component without any starts at its first tile. */
function spreadOverLinks(system: LinkSystem, motions: LinkMotions, poses: Float64Array, placed: Uint8Array): void {
  if (!placed.includes(0)) return;
  const { from, to } = system;
  for (;;) {
    let changed = false;
    for (let l = 0; l < from.length; l++) {
      const a = from[l];
      const b = to[l];
      if (placed[a] === placed[b]) continue;
      placeThroughLink(poses, motions, l, a, b, placed[a] === 1);
      placed[a] = placed[b] = 1;
      changed = true;
    }
    if (changed) continue;
    const seed = from.findIndex((a) => placed[a] === 0);
    if (seed === -1) return;
    placed[from[seed]] = 1;
  }
}

function placeThroughLink(
  poses: Float64Array,
  motions: LinkMotions,
  l: number,
  a: number,
  b: number,
  forward: boolean,
): void {
  const i = poseStride * a;
  const j = poseStride * b;
  const known = forward ? i : j;
  const theta = Math.atan2(poses[known + 3], poses[known + 2]) + (forward ? motions.theta[l] : -motions.theta[l]);
  const cos = Math.cos(theta);
  const sin = Math.sin(theta);
  if (forward) {
    const x = poses[i] + poses[i + 2] * motions.dx[l] - poses[i + 3] * motions.dy[l];
    const y = poses[i + 1] + poses[i + 3] * motions.dx[l] + poses[i + 2] * motions.dy[l];
    poses.set([x, y, cos, sin, -sin, cos], j);
  } else {
    const x = poses[j] - (cos * motions.dx[l] - sin * motions.dy[l]);
    const y = poses[j + 1] - (sin * motions.dx[l] + cos * motions.dy[l]);
    poses.set([x, y, cos, sin, -sin, cos], i);
  }
}
