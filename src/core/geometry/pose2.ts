import type { Affine2 } from './affine2.ts';

/** Rigid motion of the plane, SE(2). x, y in full-resolution pixels; thetaRad turns +x towards +y (y points down). */
export interface Pose2 {
  readonly x: number;
  readonly y: number;
  readonly thetaRad: number;
}

export const identityPose: Pose2 = { x: 0, y: 0, thetaRad: 0 };

/** The representative of an angle in (−π, π]. */
export function wrapAngle(rad: number): number {
  const turn = 2 * Math.PI;
  const wrapped = rad - turn * Math.floor((rad + Math.PI) / turn);
  return wrapped === -Math.PI ? Math.PI : wrapped;
}

/** cFromA = cFromB · bFromA. */
export function composePose(cFromB: Pose2, bFromA: Pose2): Pose2 {
  const cos = Math.cos(cFromB.thetaRad);
  const sin = Math.sin(cFromB.thetaRad);
  return {
    x: cFromB.x + cos * bFromA.x - sin * bFromA.y,
    y: cFromB.y + sin * bFromA.x + cos * bFromA.y,
    thetaRad: wrapAngle(cFromB.thetaRad + bFromA.thetaRad),
  };
}

export function invertPose(pose: Pose2): Pose2 {
  const cos = Math.cos(pose.thetaRad);
  const sin = Math.sin(pose.thetaRad);
  return { x: -(cos * pose.x + sin * pose.y), y: sin * pose.x - cos * pose.y, thetaRad: wrapAngle(-pose.thetaRad) };
}

export function affineFromPose(pose: Pose2): Affine2 {
  const cos = Math.cos(pose.thetaRad);
  const sin = Math.sin(pose.thetaRad);
  return { a: cos, b: sin, c: -sin, d: cos, e: pose.x, f: pose.y };
}
