import { describe, expect, it } from 'vitest';
import { identityAffine, translation } from '../geometry/affine2.ts';
import { cornerShiftPx, isAlignable } from './motion-limits.ts';
import { smallMotion } from './motion-model.ts';

describe('a motion that images may be compared under', () => {
  it('shrinks areas to a quarter at most, mirrored or not', () => {
    expect(isAlignable(identityAffine)).toBe(true);
    expect(isAlignable({ ...identityAffine, a: 0.5, d: 0.5 })).toBe(true);
    expect(isAlignable({ ...identityAffine, a: 0.5, d: 0.499 })).toBe(false);
    expect(isAlignable({ ...identityAffine, a: -0.5, d: 0.5 })).toBe(true);
    expect(isAlignable({ ...identityAffine, a: -0.5, d: 0.499 })).toBe(false);
    expect(isAlignable({ ...identityAffine, a: 0, d: 0 })).toBe(false);
  });

  it('has finite numbers alone', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      expect(isAlignable({ ...identityAffine, e: value })).toBe(false);
      expect(isAlignable({ ...identityAffine, a: value })).toBe(false);
    }
  });
});

describe('the shift of corners', () => {
  const rect = { x: 10, y: 20, width: 41, height: 31 };

  it('is that of the corner pixel that moves most', () => {
    expect(cornerShiftPx(identityAffine, translation(3, -4), rect)).toBe(5);
    expect(cornerShiftPx(translation(3, -4), identityAffine, rect)).toBe(5);
    // A stretch about one corner moves each of the other three by what lies between.
    const about = (x: number, y: number) => ({ a: 1.5, b: 0, c: 0, d: 2, e: -0.5 * x, f: -y });
    const far = Math.hypot(0.5 * 40, 30);
    for (const [x, y] of [
      [10, 20],
      [50, 20],
      [10, 50],
      [50, 50],
    ])
      expect(cornerShiftPx(identityAffine, about(x, y), rect)).toBeCloseTo(far, 12);
    const turned = smallMotion('rigid', [0, 0, 0.2], [30, 35]);
    expect(cornerShiftPx(identityAffine, turned, rect)).toBeCloseTo(2 * Math.sin(0.1) * 25, 12);
  });
});
