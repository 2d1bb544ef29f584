import { describe, expect, it } from 'vitest';
import { transformModels } from './link.ts';
import type { Correspondences } from './matcher.ts';
import { minimalSample } from './ransac.ts';
import { independentMatches, inliersNeeded, logFalseAlarms, logSupport } from './significance.ts';

/** n over k, exactly. */
function binomial(n: number, k: number): number {
  let value = 1n;
  for (let i = 0; i < k; i++) value = (value * BigInt(n - i)) / BigInt(i + 1);
  return Number(value);
}

describe('the number of false alarms', () => {
  it.each(transformModels)('is that of the definition, %s', (model) => {
    const s = minimalSample[model];
    for (const [matches, inliers, chance] of [
      [10, 6, 0.02],
      [40, 9, 0.1],
      [31, 31, 0.3],
      [4, 4, 0.001],
    ]) {
      const expected = (matches - s) * binomial(matches, inliers) * binomial(inliers, s) * chance ** (inliers - s);
      expect(logFalseAlarms({ model, matches, inliers, chance })).toBeCloseTo(Math.log10(expected), 5);
    }
  });

  it('is beyond bounds where the sample alone agrees, and counts no chance above one', () => {
    const rigid = { model: 'rigid', matches: 9, chance: 0.1 } as const;
    expect(logFalseAlarms({ ...rigid, inliers: 2 })).toBe(Infinity);
    expect(logFalseAlarms({ ...rigid, inliers: 3 })).toBeLessThan(Infinity);
    expect(logFalseAlarms({ ...rigid, inliers: 10 })).toBe(Infinity);
    expect(logFalseAlarms({ ...rigid, inliers: 9 })).toBeLessThan(0);
    expect(logFalseAlarms({ ...rigid, inliers: 5, chance: 3 })).toBe(
      logFalseAlarms({ ...rigid, inliers: 5, chance: 1 }),
    );
  });

  it('names the fewest inliers that chance does not explain', () => {
    const agreement = { model: 'similarity', matches: 50, chance: 0.05 } as const;
    const needed = inliersNeeded(agreement, 3) ?? NaN;
    expect(logFalseAlarms({ ...agreement, inliers: needed })).toBeLessThanOrEqual(-4);
    expect(logFalseAlarms({ ...agreement, inliers: needed - 1 })).toBeGreaterThan(-4);
    expect(inliersNeeded(agreement, needed + 5)).toBe(needed + 5);
    expect(inliersNeeded(agreement, 50)).toBe(50);
    expect(inliersNeeded(agreement, 51)).toBeNull();
    expect(inliersNeeded({ ...agreement, matches: 4 }, 0)).toBeNull();
    expect(inliersNeeded({ ...agreement, matches: 4, chance: 1e-9 }, 0)).toBe(3);
  });
});

describe('the support of a motion given beforehand', () => {
  it('is the tail of the binomial distribution, and none without inliers', () => {
    for (const [n, k, p] of [
      [12, 5, 0.2],
      [30, 30, 0.9],
      [25, 1, 0.001],
    ]) {
      let tail = 0;
      for (let i = k; i <= n; i++) tail += binomial(n, i) * p ** i * (1 - p) ** (n - i);
      expect(logSupport(n, k, p)).toBeCloseTo(Math.log10(tail), 5);
    }
    expect(logSupport(10, 0, 0.2)).toBe(0);
    expect(logSupport(10, -1, 0.2)).toBe(0);
    expect(logSupport(10, 3, 2)).toBeCloseTo(0, 9);
    expect(logSupport(10, 3, 1e-320)).toBeLessThan(-900);
  });
});

describe('independent matches', () => {
  const points = (...places: readonly (readonly [number, number])[]) => Float32Array.from(places.flat());
  const matches = (a: Float32Array, b: Float32Array): Correspondences => ({
    a,
    b,
    confidence: new Float32Array(a.length / 2),
  });

  it('are those whose ends lie in cells of their own, in a and in b, the fewer', () => {
    const spread = points([1, 1], [13, 1], [1, 13], [13, 13], [-1, 1], [1, -1]);
    const together = points([1, 1], [2, 3], [11, 11], [0, 11.9], [12, 0], [1, 1]);
    expect(independentMatches(matches(spread, spread), null, 12)).toBe(6);
    expect(independentMatches(matches(together, together), null, 12)).toBe(2);
    expect(independentMatches(matches(spread, together), null, 12)).toBe(2);
    expect(independentMatches(matches(together, spread), null, 12)).toBe(2);
    expect(independentMatches(matches(together, together), null, 6)).toBe(4);
  });

  it('are counted among those of the mask', () => {
    const spread = points([1, 1], [13, 1], [1, 13], [13, 13]);
    expect(independentMatches(matches(spread, spread), Uint8Array.of(1, 0, 1, 0), 12)).toBe(2);
    expect(independentMatches(matches(spread, spread), new Uint8Array(4), 12)).toBe(0);
    expect(independentMatches(matches(points(), points()), null, 12)).toBe(0);
  });

  it('do not share a cell across rows: x 13 and y 1 are not x 1 and y 13', () => {
    const mirrored = points([13, 1], [1, 13], [25, 1], [1, 25]);
    expect(independentMatches(matches(mirrored, mirrored), null, 12)).toBe(4);
  });
});
