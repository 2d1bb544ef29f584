import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  affineToArray,
  applyAffine,
  centreToCornerConvention,
  composeAffine,
  determinant,
  identityAffine,
  invertAffine,
  isFiniteAffine,
  nearestRigid,
  rotationOf,
  stretchesOf,
  translation,
} from './affine2.ts';
import { displacementAt } from './displacement-mesh.ts';
import { growRect, intersectRects, rectArea, uniteRects } from './rect.ts';

const entry = fc.integer({ min: -3000, max: 3000 }).map((n) => n / 1000);
const place = fc.integer({ min: -10_000_000, max: 10_000_000 }).map((n) => n / 1000);
const map = fc
  .record({ a: entry, b: entry, c: entry, d: entry, e: place, f: place })
  .filter((t) => Math.abs(t.a * t.d - t.b * t.c) > 0.1);
const near = (p: { x: number; y: number }, q: { x: number; y: number }) => {
  expect(Math.abs(p.x - q.x)).toBeLessThan(1e-6);
  expect(Math.abs(p.y - q.y)).toBeLessThan(1e-6);
};

describe('an affine map', () => {
  const t = { a: 2, b: 3, c: 5, d: 7, e: 11, f: 13 };

  it('takes (x, y) to (a x + c y + e, b x + d y + f)', () => {
    expect(applyAffine(t, 10, 100)).toEqual({ x: 20 + 500 + 11, y: 30 + 700 + 13 });
    expect(applyAffine(identityAffine, 4, -5)).toEqual({ x: 4, y: -5 });
    expect(applyAffine(translation(1, 2), 4, -5)).toEqual({ x: 5, y: -3 });
    expect(affineToArray(t)).toEqual([2, 3, 5, 7, 11, 13]);
    expect(determinant(t)).toBe(-1);
  });

  it('is composed so that the right one is applied first, and undone by its inverse', () => {
    fc.assert(
      fc.property(map, map, place, place, (p, q, x, y) => {
        const middle = applyAffine(q, x, y);
        near(applyAffine(composeAffine(p, q), x, y), applyAffine(p, middle.x, middle.y));
        const there = applyAffine(p, x, y);
        near(applyAffine(invertAffine(p), there.x, there.y), { x, y });
      }),
    );
  });

  it('that flattens, or is no number, has no inverse', () => {
    expect(() => invertAffine({ ...t, a: 15 / 7 })).toThrow(RangeError);
    expect(() => invertAffine({ ...identityAffine, a: 0 })).toThrow('singular affine, determinant 0');
    expect(() => invertAffine({ ...identityAffine, a: NaN })).toThrow(RangeError);
    expect(() => invertAffine({ ...identityAffine, a: Infinity })).toThrow(RangeError);
    expect(invertAffine({ ...identityAffine, a: 1e-11 }).a).toBeCloseTo(1e11, -2);
    expect(invertAffine({ ...identityAffine, a: -1e-11 }).a).toBeCloseTo(-1e11, -2);
  });

  it('is finite only when all of it is', () => {
    expect(isFiniteAffine(t)).toBe(true);
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f'] as const) expect(isFiniteAffine({ ...t, [key]: NaN })).toBe(false);
  });

  it('has a rotation and two stretches', () => {
    const [cos, sin] = [Math.cos(0.3), Math.sin(0.3)];
    const turned = composeAffine({ a: cos, b: sin, c: -sin, d: cos, e: 0, f: 0 }, { ...identityAffine, a: 3, d: 2 });
    expect(rotationOf({ a: cos, b: sin, c: -sin, d: cos, e: 9, f: 9 })).toBeCloseTo(0.3, 12);
    expect(rotationOf({ a: -1, b: 0.1, c: -0.1, d: -1, e: 0, f: 0 })).toBeCloseTo(Math.PI - Math.atan(0.1), 12);
    expect(stretchesOf(turned)[0]).toBeCloseTo(3, 12);
    expect(stretchesOf(turned)[1]).toBeCloseTo(2, 12);
    expect(stretchesOf({ a: 1, b: 0.5, c: 0.5, d: 1, e: 0, f: 0 })).toEqual([1.5, 0.5]);
    expect(stretchesOf({ a: 0, b: 2, c: 1, d: 0, e: 0, f: 0 })).toEqual([2, 1]);
  });

  it('of pixel centres is that of outer corners, half a pixel on, in both frames', () => {
    fc.assert(
      fc.property(map, place, place, (centre, x, y) => {
        const p = applyAffine(centre, x, y);
        near(applyAffine(centreToCornerConvention(centre), x + 0.5, y + 0.5), { x: p.x + 0.5, y: p.y + 0.5 });
      }),
    );
  });
});

describe('rectangles', () => {
  const a = { x: 0, y: 10, width: 100, height: 50 };

  it('meet in a rectangle, or not at all', () => {
    expect(intersectRects(a, { x: 90, y: 0, width: 100, height: 15 })).toEqual({ x: 90, y: 10, width: 10, height: 5 });
    expect(intersectRects(a, { x: 20, y: 20, width: 5, height: 6 })).toEqual({ x: 20, y: 20, width: 5, height: 6 });
    expect(intersectRects(a, { x: 100, y: 0, width: 100, height: 100 })).toBeNull();
    expect(intersectRects(a, { x: 0, y: 60, width: 100, height: 100 })).toBeNull();
    expect(intersectRects(a, { x: 0, y: 59, width: 1, height: 100 })).toEqual({ x: 0, y: 59, width: 1, height: 1 });
  });

  it('are within the one that holds both', () => {
    expect(uniteRects(a, { x: -5, y: 20, width: 10, height: 100 })).toEqual({ x: -5, y: 10, width: 105, height: 110 });
    expect(uniteRects({ x: 3, y: 14, width: 1, height: 1 }, a)).toEqual(a);
  });

  it('grow on all sides, and shrink to nothing at most', () => {
    expect(growRect(a, 3)).toEqual({ x: -3, y: 7, width: 106, height: 56 });
    expect(growRect(a, -30)).toEqual({ x: 30, y: 40, width: 40, height: 0 });
    expect(growRect(a, -60).width).toBe(0);
    expect(rectArea(a)).toBe(5000);
  });
});

describe('a displacement mesh', () => {
  const size = { width: 101, height: 61 };
  // Knots every 50 px across and every 60 px down.
  const mesh = { columns: 3, rows: 2, dx: Float64Array.of(0, 10, 40, 5, 7, 9), dy: Float64Array.of(1, 2, 3, 4, 6, 8) };

  it('has at its knots what they say, from the first pixel to the last', () => {
    for (const [k, [x, y]] of [
      [0, 0],
      [50, 0],
      [100, 0],
      [0, 60],
      [50, 60],
      [100, 60],
    ].entries())
      expect(displacementAt(mesh, size, x, y)).toEqual({ x: mesh.dx[k], y: mesh.dy[k] });
  });

  it('is bilinear between them and goes on beyond the border as it was there', () => {
    expect(displacementAt(mesh, size, 25, 0)).toEqual({ x: 5, y: 1.5 });
    expect(displacementAt(mesh, size, 75, 30)).toEqual({ x: (10 + 40 + 7 + 9) / 4, y: (2 + 3 + 6 + 8) / 4 });
    const { x, y } = displacementAt(mesh, size, 10, 15);
    expect(x).toBeCloseTo(0.75 * 2 + 0.25 * 5.4, 12);
    expect(y).toBeCloseTo(0.75 * 1.2 + 0.25 * 4.4, 12);
    expect(displacementAt(mesh, size, -9, -9)).toEqual({ x: 0, y: 1 });
    expect(displacementAt(mesh, size, 900, 900)).toEqual({ x: 9, y: 8 });
    expect(displacementAt(mesh, size, -9, 30)).toEqual({ x: 2.5, y: 2.5 });
  });
});

describe('nearestRigid', () => {
  it('keeps the image of the anchor and drops scale and shear', () => {
    const t = { a: 1.05, b: 0.03, c: -0.01, d: 0.97, e: 100, f: 50 };
    const rigid = nearestRigid(t, 512, 384);
    expect(applyAffine(rigid, 512, 384).x).toBeCloseTo(applyAffine(t, 512, 384).x, 9);
    expect(applyAffine(rigid, 512, 384).y).toBeCloseTo(applyAffine(t, 512, 384).y, 9);
    expect(determinant(rigid)).toBeCloseTo(1, 12);
    expect(rotationOf(rigid)).toBeCloseTo(rotationOf(t), 12);
  });
});
