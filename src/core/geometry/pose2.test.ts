import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  affineToArray,
  applyAffine,
  centreToCornerConvention,
  composeAffine,
  determinant,
  invertAffine,
  rotationOf,
  stretchesOf,
} from './affine2.ts';
import type { Affine2 } from './affine2.ts';
import { affineFromPose, composePose, identityPose, invertPose, wrapAngle } from './pose2.ts';
import type { Pose2 } from './pose2.ts';
import { growRect, intersectRects, rectArea, uniteRects } from './rect.ts';

const length = fc.integer({ min: -100_000_000, max: 100_000_000 }).map((n) => n / 1000);
const angle = fc.integer({ min: -10_000, max: 10_000 }).map((n) => n / 1000);
const pose: fc.Arbitrary<Pose2> = fc.record({ x: length, y: length, thetaRad: angle });
const entry = fc.integer({ min: -2000, max: 2000 }).map((n) => n / 1000);
const affine: fc.Arbitrary<Affine2> = fc
  .record({ a: entry, b: entry, c: entry, d: entry, e: length, f: length })
  .filter((t) => Math.abs(determinant(t)) > 0.1);
const whole = fc.integer({ min: -1000, max: 1000 });
const side = fc.integer({ min: 1, max: 1000 });
const rect = fc.record({ x: whole, y: whole, width: side, height: side });

function expectSame(p: Affine2, q: Affine2, tolerance: number): void {
  affineToArray(p).forEach((value, i) => expect(Math.abs(value - affineToArray(q)[i])).toBeLessThan(tolerance));
}

describe('Pose2', () => {
  it('composed with its inverse is the identity, on either side', () => {
    fc.assert(
      fc.property(pose, (p) => {
        for (const both of [composePose(p, invertPose(p)), composePose(invertPose(p), p)])
          expectSame(affineFromPose(both), affineFromPose(identityPose), 1e-9);
      }),
    );
  });

  it('composes like its matrices', () => {
    fc.assert(
      fc.property(pose, pose, (p, q) =>
        expectSame(affineFromPose(composePose(p, q)), composeAffine(affineFromPose(p), affineFromPose(q)), 1e-8),
      ),
    );
  });

  it('wraps an angle into (−π, π] without changing its direction', () => {
    fc.assert(
      fc.property(angle, (rad) => {
        const wrapped = wrapAngle(rad);
        expect(wrapped).toBeGreaterThan(-Math.PI - 1e-15);
        expect(wrapped).toBeLessThanOrEqual(Math.PI);
        expect(Math.cos(wrapped - rad)).toBeCloseTo(1, 12);
      }),
    );
    expect(wrapAngle(-Math.PI)).toBe(Math.PI);
  });
});

describe('Affine2', () => {
  it('undone by its inverse', () => {
    fc.assert(
      fc.property(affine, length, length, (t, x, y) => {
        const there = applyAffine(t, x, y);
        const back = applyAffine(invertAffine(t), there.x, there.y);
        // Rounding of 1e5 px magnified by an inverse of at most 1/0.1 · 4.
        expect(Math.hypot(back.x - x, back.y - y)).toBeLessThan(1e-7);
      }),
    );
  });

  it('applies right to left', () => {
    fc.assert(
      fc.property(affine, affine, length, length, (p, q, x, y) => {
        const inner = applyAffine(q, x, y);
        const chained = applyAffine(p, inner.x, inner.y);
        const composed = applyAffine(composeAffine(p, q), x, y);
        expect(Math.hypot(chained.x - composed.x, chained.y - composed.y)).toBeLessThan(1e-8);
      }),
    );
  });

  it('has stretches whose product is the area it scales by', () => {
    fc.assert(
      fc.property(affine, (t) => {
        const [long, short] = stretchesOf(t);
        expect(long).toBeGreaterThanOrEqual(short);
        expect(long * short).toBeCloseTo(Math.abs(determinant(t)), 9);
      }),
    );
  });

  it('names the rotation of a pose', () => {
    fc.assert(
      fc.property(pose, (p) => {
        expect(Math.cos(rotationOf(affineFromPose(p)) - p.thetaRad)).toBeCloseTo(1, 12);
      }),
    );
  });

  it('moves the same picture in the corner convention', () => {
    fc.assert(
      fc.property(affine, length, length, (t, x, y) => {
        const centre = applyAffine(t, x, y);
        const corner = applyAffine(centreToCornerConvention(t), x + 0.5, y + 0.5);
        expect(Math.hypot(corner.x - 0.5 - centre.x, corner.y - 0.5 - centre.y)).toBeLessThan(1e-9 * 1e3);
      }),
    );
  });
});

describe('Rect', () => {
  it('has as many common pixels with another as there are in both', () => {
    fc.assert(
      fc.property(rect, rect, (p, q) => {
        const common = intersectRects(p, q);
        const hull = uniteRects(p, q);
        expect(intersectRects(q, p)).toEqual(common);
        expect(intersectRects(hull, p)).toEqual(p);
        expect(intersectRects(hull, q)).toEqual(q);
        if (common === null) return;
        expect(rectArea(common)).toBeGreaterThan(0);
        expect(intersectRects(common, p)).toEqual(common);
        expect(intersectRects(common, q)).toEqual(common);
      }),
    );
  });

  it('grown and shrunk by the same margin is itself', () => {
    fc.assert(
      fc.property(rect, fc.integer({ min: 0, max: 100 }), (p, margin) => {
        expect(growRect(growRect(p, margin), -margin)).toEqual(p);
      }),
    );
  });
});
