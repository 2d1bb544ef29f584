import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { applyAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { emptyMoments, linkMoments, sampleMoments, scaleMoments, squaredResidual } from './link-moments.ts';
import type { Correspondences } from './matcher.ts';

// Hundredths: doubles at large are nearly all too small to tell a sign.
const coordinate = fc.integer({ min: -200_000, max: 200_000 }).map((value) => value / 100);
const entry = fc.integer({ min: -200, max: 200 }).map((value) => value / 100);
const affine: fc.Arbitrary<Affine2> = fc.record({
  a: entry,
  b: entry,
  c: entry,
  d: entry,
  e: coordinate,
  f: coordinate,
});

const matches = fc
  .array(fc.tuple(coordinate, coordinate, coordinate, coordinate), { minLength: 1, maxLength: 40 })
  .map((rows): Correspondences => ({
    a: Float32Array.from(rows.flatMap((r) => [r[0], r[1]])),
    b: Float32Array.from(rows.flatMap((r) => [r[2], r[3]])),
    confidence: new Float32Array(rows.length).fill(1),
  }));

describe('linkMoments', () => {
  it('carries the sum of squared residuals of every pair of affine poses exactly', () => {
    fc.assert(
      fc.property(matches, affine, affine, (points, cFromA, cFromB) => {
        let direct = 0;
        let scale = 1;
        for (let i = 0; i < points.confidence.length; i++) {
          const p = applyAffine(cFromA, points.a[2 * i], points.a[2 * i + 1]);
          const q = applyAffine(cFromB, points.b[2 * i], points.b[2 * i + 1]);
          direct += (p.x - q.x) ** 2 + (p.y - q.y) ** 2;
          scale += p.x ** 2 + p.y ** 2 + q.x ** 2 + q.y ** 2;
        }
        const carried = squaredResidual(linkMoments(points, null), cFromA, cFromB);
        // Rounding is relative to the squared coordinates that cancel.
        expect(Math.abs(carried - direct)).toBeLessThan(1e-12 * scale);
      }),
    );
  });

  it('weighs a match of weight 3 like three matches', () => {
    const points: Correspondences = {
      a: Float32Array.of(1, 2, 5, 6, 5, 6, 5, 6),
      b: Float32Array.of(0, 2, 4, 10, 4, 10, 4, 10),
      confidence: Float32Array.of(1, 1, 1, 1),
    };
    const thrice = linkMoments(points, null);
    const weighted = linkMoments(points, Uint8Array.of(1, 1, 0, 0), Float32Array.of(1, 3, 1, 1));
    expect(weighted).toEqual(thrice);
    expect(thrice.weight).toBe(4);
  });

  it('takes what the mask selects and nothing else', () => {
    const points: Correspondences = {
      a: Float32Array.of(1, 2, 100, 100, 3, 8),
      b: Float32Array.of(0, 2, -50, 0, 4, 9),
      confidence: Float32Array.of(1, 1, 1),
    };
    expect(linkMoments(points, Uint8Array.of(1, 0, 1))).toEqual(sampleMoments(points, [0, 2]));
    expect(linkMoments(points, Uint8Array.of(0, 0, 0))).toEqual(emptyMoments);
  });

  it('scales every sum but the means', () => {
    const points: Correspondences = {
      a: Float32Array.of(1, 2, 100, 100),
      b: Float32Array.of(0, 2, -50, 0),
      confidence: Float32Array.of(1, 1),
    };
    const half = scaleMoments(linkMoments(points, null), 0.5);
    expect(half).toEqual(linkMoments(points, null, Float32Array.of(0.5, 0.5)));
  });
});
