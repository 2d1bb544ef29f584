import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import {
  bootstrapIntervals,
  differenceStatistic,
  meanStatistic,
  medianStatistic,
  ratioStatistic,
  recallAreaStatistic,
} from './bootstrap.ts';
import { areaUnderRecall } from './recall.ts';
import { medianOf } from './statistics.ts';

const random = seededRandom(5);
const values = Array.from({ length: 200 }, () => random());
const ones = new Uint32Array(200).fill(1);

describe('weighted statistics', () => {
  it('are the plain ones under equal weights', () => {
    expect(meanStatistic(values)(ones)).toBeCloseTo(values.reduce((a, b) => a + b, 0) / 200, 12);
    expect(medianStatistic(values)(ones)).toBeCloseTo(medianOf(values), 12);
    expect(recallAreaStatistic(values, 4, 0.6)(new Uint32Array(50).fill(1))).toBeCloseTo(
      areaUnderRecall(values, 0.6),
      12,
    );
  });

  it('count a unit of weight 2 twice and one of weight 0 not at all', () => {
    const weights = Uint32Array.of(2, 0, 1, 1);
    expect(meanStatistic([1, 100, 4, 6])(weights)).toBe(3);
    expect(medianStatistic([1, 100, 4, 6])(weights)).toBe(2.5);
    expect(ratioStatistic([1, 1, 2, 3], [1, 1, 4, 2])(weights)).toBe(7 / 8);
    const [a, b, c, d] = [0.5, 9, 1.25, Infinity];
    expect(recallAreaStatistic([a, b, c, d], 1, 2)(weights)).toBeCloseTo(areaUnderRecall([a, a, c, d], 2), 12);
  });

  it('let a failed pair be infinite and an absent value be no value', () => {
    expect(medianStatistic([1, Infinity, Infinity])(Uint32Array.of(1, 1, 1))).toBe(Infinity);
    expect(meanStatistic([1, NaN, 3])(Uint32Array.of(1, 1, 1))).toBe(2);
    expect(meanStatistic([NaN])(Uint32Array.of(1))).toBeNaN();
  });
});

describe('bootstrapIntervals', () => {
  it('repeats for the same seed and not for another', () => {
    const of = (seed: number) => bootstrapIntervals(200, [meanStatistic(values)], { resamples: 200, seed });
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });

  it('is 1.96 standard errors wide for a mean', () => {
    const [{ value, low, high }] = bootstrapIntervals(200, [meanStatistic(values)]);
    const error = Math.sqrt(1 / 12 / 200); // of the mean of 200 uniform numbers
    expect((high - low) / (2 * 1.96 * error)).toBeGreaterThan(0.85);
    expect((high - low) / (2 * 1.96 * error)).toBeLessThan(1.15);
    expect(value).toBeGreaterThan(low);
    expect(value).toBeLessThan(high);
  });

  it('pairs the draws of two matchers: a constant advantage has no spread', () => {
    const better = meanStatistic(values.map((value) => value + 0.125));
    const [{ value, low, high }] = bootstrapIntervals(200, [differenceStatistic(better, meanStatistic(values))]);
    for (const each of [value, low, high]) expect(each).toBeCloseTo(0.125, 9);
  });

  it('has no interval without units', () => {
    expect(bootstrapIntervals(0, [meanStatistic([])])).toEqual([{ value: NaN, low: NaN, high: NaN }]);
  });
});
