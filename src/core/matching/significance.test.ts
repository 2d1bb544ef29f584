import { describe, expect, it } from 'vitest';
import { logNormalTail, logSupport } from './significance.ts';

describe('what chance explains', () => {
  it('gives the tail of the binomial distribution, the motion being given', () => {
    expect(logSupport(10, 0, 0.1)).toBe(0);
    expect(logSupport(10, 1, 0.1)).toBeCloseTo(Math.log10(1 - 0.9 ** 10), 6);
    expect(logSupport(2, 2, 0.01)).toBeCloseTo(-4, 6);
    // P(X >= 3), n = 4, p = 1/2: 5/16
    expect(logSupport(4, 3, 0.5)).toBeCloseTo(Math.log10(5 / 16), 6);
    expect(logSupport(3000, 3000, 0.01)).toBeCloseTo(-6000, 3);
    expect(logSupport(5, 5, 1)).toBeCloseTo(0, 6);
  });

  it('gives the tail of the normal distribution to 0.03 decades', () => {
    // log10 of erfc(z/sqrt 2)/2
    for (const [z, log] of [
      [1, -0.7995],
      [3, -2.8697],
      [5, -6.5426],
      [8, -15.2062],
    ])
      expect(Math.abs(logNormalTail(z) - log)).toBeLessThan(0.03);
    expect(logNormalTail(-1)).toBe(0);
    expect(logNormalTail(40)).toBeLessThan(-300);
  });
});
