import { describe, expect, it } from 'vitest';
import { translation } from '../../../core/geometry/affine2.ts';
import { residualHistogram, residualVectors } from './residual-field.ts';

describe('residualHistogram', () => {
  it('counts in quarters of a pixel, and all that is far in the last', () => {
    const histogram = residualHistogram(Float32Array.of(0.1, 0.3, 0.24, 40, 9), [0, 1, 2, 3]);
    expect(histogram?.counts.slice(0, 3)).toEqual([2, 1, 0]);
    expect(histogram?.counts.at(-1)).toBe(1);
    expect(histogram?.ends[0]).toBe(0.25);
    expect(histogram?.count).toBe(4);
    expect(histogram?.medianPx).toBeCloseTo(0.24, 6);
  });

  it('has finer bins when all residuals are small', () => {
    const histogram = residualHistogram(Float32Array.of(0.02, 0.03, 0.49), [0, 1, 2]);
    expect(histogram?.ends[19]).toBe(0.5);
    expect([histogram?.counts[0], histogram?.counts[1], histogram?.counts[19]]).toEqual([1, 1, 1]);
    expect(residualHistogram(Float32Array.of(0.5), [0])?.ends[19]).toBe(1);
    expect(residualHistogram(Float32Array.of(2.5), [0])?.ends[19]).toBe(5);
  });

  it('is none without residuals', () => {
    expect(residualHistogram(new Float32Array(3), [])).toBeNull();
  });
});

describe('residualVectors', () => {
  it('point from the match in a to where the motion puts its partner', () => {
    const matches = {
      a: Float32Array.of(10, 20, 0, 0),
      b: Float32Array.of(1, 2, 3, 4),
      confidence: Float32Array.of(1, 1),
    };
    expect([...residualVectors(matches, [0], translation(12, 17))]).toEqual([10, 20, 3, -1]);
  });
});
