import { describe, expect, it } from 'vitest';
import { proportionUpperBound } from './proportion.ts';

describe('proportionUpperBound', () => {
  it('is 1 − 0.05^(1/n) when nothing was seen', () => {
    expect(proportionUpperBound(0, 2000)).toBeCloseTo(1 - 0.05 ** (1 / 2000), 9);
  });

  it('agrees with scipy.stats.beta.ppf(0.95, k + 1, n − k)', () => {
    expect(proportionUpperBound(1, 400)).toBeCloseTo(0.0118043045, 8);
    expect(proportionUpperBound(7, 50)).toBeCloseTo(0.2469352017, 8);
  });

  it('says nothing without draws', () => {
    expect(proportionUpperBound(0, 0)).toBe(1);
    expect(proportionUpperBound(5, 5)).toBe(1);
  });
});
