import { describe, expect, it } from 'vitest';
import { areaUnderRecall } from './recall.ts';

describe('areaUnderRecall', () => {
  it('holds the last recall up to t', () => {
    // (0,0) → (1, ½) → (2, 1) → (4, 1): ¼ + ¾ + 2 = 3 of 4
    expect(areaUnderRecall([2, 1], 4)).toBeCloseTo(0.75, 12);
    expect(areaUnderRecall([1, Infinity], 2)).toBeCloseTo((0.25 + 0.5) / 2, 12);
    expect(areaUnderRecall([], 5)).toBe(0);
  });
});
