import { describe, expect, it } from 'vitest';
import { translation } from '../geometry/affine2.ts';
import { referenceBias, referenceMatches } from './reference-mapping.ts';

describe('the reference mapping', () => {
  it('is off by 3 px for 1024-px tiles and by 10 px for 512-px tiles at 30 %', () => {
    expect(referenceBias(1024, 0.3)).toBe(3);
    expect(referenceBias(512, 0.3)).toBe(10);
    expect(referenceBias(1024, 0.25)).toBe(0);
  });

  it.each([
    ['side by side', 1024, 0.3, 717, 0, 3, 0],
    ['one above the other', 512, 0.3, 0, 358, 0, 10],
    ['b left of a', 1024, 0.3, -717, 0, -3, 0],
  ])(
    'moves perfect matches of a pure shift by the bias along the overlap axis: %s',
    (_, side, overlap, e, f, dx, dy) => {
      const points = [300, 300, 450, 460, 310, 440];
      const inA = e < 0 || f < 0 ? points.map((p) => p - 290) : points.map((p) => p + (side === 1024 ? 430 : 60));
      const found = {
        a: Float32Array.from(inA),
        b: Float32Array.from(inA, (p, k) => p - (k % 2 === 0 ? e : f)),
        confidence: new Float32Array(3).fill(1),
      };
      const size = { width: side, height: side };
      const mapped = referenceMatches(found, { sizeA: size, sizeB: size, nominalAFromB: translation(e, f), overlap });
      expect(mapped.confidence.length).toBeGreaterThan(0);
      for (let k = 0; k < mapped.confidence.length; k++) {
        // the motion that the mapped matches show, minus the true one
        expect(mapped.a[2 * k] - mapped.b[2 * k] - e).toBeCloseTo(dx, 3);
        expect(mapped.a[2 * k + 1] - mapped.b[2 * k + 1] - f).toBeCloseTo(dy, 3);
      }
    },
  );

  it('drops matches outside the strips', () => {
    const size = { width: 1024, height: 1024 };
    const found = { a: Float32Array.of(600, 10), b: Float32Array.of(0, 10), confidence: Float32Array.of(1) };
    const geometry = { sizeA: size, sizeB: size, nominalAFromB: translation(717, 0), overlap: 0.3 };
    expect(referenceMatches(found, geometry).confidence).toHaveLength(0);
  });
});
