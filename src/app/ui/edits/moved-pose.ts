import { applyAffine } from '../../../core/geometry/affine2.ts';
import { affineFromPose, wrapAngle } from '../../../core/geometry/pose2.ts';
import type { Pose2 } from '../../../core/geometry/pose2.ts';
import type { Size } from '../../../core/geometry/rect.ts';

/** The pose shifted in the mosaic, px. */
export function shiftedPose(pose: Pose2, dx: number, dy: number): Pose2 {
  return { ...pose, x: pose.x + dx, y: pose.y + dy };
}

/** The pose turned about the tile's centre; a positive angle turns +x towards +y. */
export function turnedPose(pose: Pose2, { width, height }: Size, byRad: number): Pose2 {
  const [x, y] = [(width - 1) / 2, (height - 1) / 2];
  const centre = applyAffine(affineFromPose(pose), x, y);
  const turned = applyAffine(affineFromPose({ x: 0, y: 0, thetaRad: pose.thetaRad + byRad }), x, y);
  return { x: centre.x - turned.x, y: centre.y - turned.y, thetaRad: wrapAngle(pose.thetaRad + byRad) };
}

const degree = Math.PI / 180;

/**
 * What a key makes of the pose: arrows move by 1 px, `[` and `]` turn by 0.1°; with Alt a tenth, with Shift ten times as
 * much. Null for other keys.
 */
export function poseAfterKey(
  pose: Pose2,
  size: Size,
  key: string,
  { altKey, shiftKey }: { readonly altKey: boolean; readonly shiftKey: boolean },
): Pose2 | null {
  const step = altKey ? 0.1 : shiftKey ? 10 : 1;
  switch (key) {
    case 'ArrowLeft':
      return shiftedPose(pose, -step, 0);
    case 'ArrowRight':
      return shiftedPose(pose, step, 0);
    case 'ArrowUp':
      return shiftedPose(pose, 0, -step);
    case 'ArrowDown':
      return shiftedPose(pose, 0, step);
    case '[':
    case '{':
      return turnedPose(pose, size, -0.1 * step * degree);
    case ']':
    case '}':
      return turnedPose(pose, size, 0.1 * step * degree);
    default:
      return null;
  }
}

/** A shift to a tenth of a pixel; what rounds to nothing has no sign. */
export function shiftText(px: number): string {
  return (Math.round(10 * px) / 10 + 0).toFixed(1);
}
