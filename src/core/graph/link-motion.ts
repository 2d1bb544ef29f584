import { poseStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import type { LinkMotions } from './stage.ts';

/** A rigid motion of the mosaic: x' = cos·x − sin·y + dx, y' = sin·x + cos·y + dy. */
export interface Motion {
  readonly cos: number;
  readonly sin: number;
  readonly dx: number;
  readonly dy: number;
}

/** The motion that takes the tile at one end of link l (`to` when `movesTo`) to where the link wants it. */
export function motionOfLink(
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

/** pose ← motion · pose for the pose of node i. */
export function moveRigidly(poses: Float64Array, i: number, { cos, sin, dx, dy }: Motion): void {
  const o = poseStride * i;
  for (let s = o; s < o + poseStride; s += 2) {
    const x = poses[s];
    const y = poses[s + 1];
    poses[s] = cos * x - sin * y;
    poses[s + 1] = sin * x + cos * y;
  }
  poses[o] += dx;
  poses[o + 1] += dy;
}
