import { describe, expect, it } from 'vitest';
import { applyAffine } from '../../../core/geometry/affine2.ts';
import { affineFromPose } from '../../../core/geometry/pose2.ts';
import { poseAfterKey, shiftText } from './moved-pose.ts';

const size = { width: 100, height: 60 };
const pose = { x: 10, y: 20, thetaRad: 0.2 };
const plain = { altKey: false, shiftKey: false };

describe('poseAfterKey', () => {
  it('moves by 1 px, by 0.1 px with Alt and by 10 px with Shift', () => {
    expect(poseAfterKey(pose, size, 'ArrowLeft', plain)?.x).toBe(9);
    expect(poseAfterKey(pose, size, 'ArrowDown', { ...plain, altKey: true })?.y).toBeCloseTo(20.1, 12);
    expect(poseAfterKey(pose, size, 'ArrowRight', { ...plain, shiftKey: true })?.x).toBe(20);
    expect(poseAfterKey(pose, size, 'a', plain)).toBeNull();
  });

  it('turns about the centre of the tile, which stays', () => {
    const turned = poseAfterKey(pose, size, ']', plain);
    if (!turned) throw new Error('] turns');
    expect(turned.thetaRad - 0.2).toBeCloseTo((0.1 * Math.PI) / 180, 12);
    const [p, q] = [pose, turned].map((each) => applyAffine(affineFromPose(each), 49.5, 29.5));
    expect(Math.hypot(p.x - q.x, p.y - q.y)).toBeLessThan(1e-9);
  });
});

describe('shiftText', () => {
  it('has a tenth of a pixel, and no sign where nothing is left', () => {
    expect([0.1, -1.26, -1e-13, -0.04, 43].map(shiftText)).toEqual(['0.1', '-1.3', '0.0', '0.0', '43.0']);
  });
});
