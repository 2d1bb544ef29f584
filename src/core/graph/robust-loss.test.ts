import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cauchyWeight, gemanMcClureWeight, medianOf } from './robust-loss.ts';

describe('a robust weight', () => {
  it('leaves a quarter or a half of a residual of its scale, and all of one that is nothing', () => {
    expect(gemanMcClureWeight(3, 3)).toBe(0.25);
    expect(cauchyWeight(3, 3)).toBe(0.5);
    expect([gemanMcClureWeight(0, 2), cauchyWeight(0, 2)]).toEqual([1, 1]);
    expect([gemanMcClureWeight(7, Infinity), cauchyWeight(7, Infinity)]).toEqual([1, 1]);
    expect(gemanMcClureWeight(4, 2)).toBeCloseTo((4 / 20) ** 2, 12);
    expect(cauchyWeight(4, 2)).toBeCloseTo(4 / 20, 12);
  });
});

describe('the median', () => {
  it('is the upper one of the sorted values, which stay as they are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 60 }), (numbers) => {
        const values = Float64Array.from(numbers);
        const sorted = values.slice().sort();
        expect(medianOf(values)).toBe(numbers.length === 0 ? 0 : sorted[numbers.length >> 1]);
        expect([...values]).toEqual(numbers);
      }),
    );
    expect(medianOf(Float64Array.of(2, 1))).toBe(2);
  });
});
