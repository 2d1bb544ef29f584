import { describe, expect, it } from 'vitest';
import type { CornerDistances } from './corner-errors.ts';
import type { GridRecord } from './evaluate-grid.ts';
import type { PairRecord } from './pair-record.ts';
import { binnedSuccess, compareMatchers, countFalseLinks, isFalseLink, reliabilityBins, summarise } from './summary.ts';

const blank: PairRecord = {
  a: 'a.tif',
  b: 'b.tif',
  overlap: 0.15,
  noise: 20,
  matchMs: 10,
  cpuMs: null,
  matches: 100,
  inliers: 90,
  inlierError: [45, 90],
  linkError: [9, 90],
  rejection: null,
  pairwise: [0.5, 0.5, 0.5, 0.5],
  unaligned: null,
  solved: null,
  floor: null,
  reliability: { counts: [0, 10], close: [0, 9] },
  reference: null,
  quality: null,
  referenceQuality: null,
};
const grid = (...pairs: readonly Partial<PairRecord>[]): GridRecord => ({
  pairs: pairs.map((pair, k) => ({ ...blank, a: `${k}a.tif`, ...pair })),
  tiles: 2,
  solvedTiles: null,
  quality: null,
  referenceQuality: null,
  sourceQuality: null,
});
const rejected: Partial<PairRecord> = { rejection: 'no-consensus', pairwise: null };

describe('summarise', () => {
  const summary = summarise([
    grid({}, { pairwise: [0, 1, 2, 3.5], matches: 200, matchMs: 30 }),
    grid(rejected, { matchMs: 50 }),
  ]);

  it('calls a pair a success by the largest of its four corners, and a failed pair infinite', () => {
    expect(summary['pairwise.success1']?.value).toBe(0.5);
    expect(summary['pairwise.success3']?.value).toBe(0.5);
    expect(summary['pairwise.success5']?.value).toBe(0.75);
    expect(summary['recall']?.value).toBe(0.5);
    // means of the four corners: 0.5, 0.5, 1.625, ∞
    expect(summary['pairwise.median']?.value).toBe((0.5 + 1.625) / 2);
  });

  it('takes the area under the recall of all sixteen corners', () => {
    // errors ≤ 1: 0, eight times 0.5, 1 of 16: (0, 1/16) at once, trapezoid to (0.5, 2/16), up to 9/16, to (1, 10/16)
    const area = (0.5 * (1 / 16 + 2 / 16)) / 2 + (0.5 * (9 / 16 + 10 / 16)) / 2;
    expect(summary['pairwise.auc1']?.value).toBeCloseTo(area, 12);
  });

  it('counts times by the median, matches by the mean, errors over all inliers', () => {
    expect(summary['matchMs']?.value).toBe(20);
    expect(summary['matches']?.value).toBe(125);
    expect(summary['outliers']?.value).toBe(35);
    expect(summary['inlierError']?.value).toBe(0.5);
    expect(summary['linkError']?.value).toBe(0.1);
  });

  it('tells pairs that fail from pairs whose pixels do not determine the corners', () => {
    const right: CornerDistances = [1, 1, 1, 2.9];
    const wrong: CornerDistances = [1, 1, 1, 3.1];
    const among = summarise([
      grid({ pairwise: right, floor: right }, { pairwise: wrong, floor: right }),
      grid({ pairwise: wrong, floor: wrong }, { pairwise: wrong, floor: 'failed' }, { pairwise: wrong }),
    ]);
    expect(among['pairwise.success3']?.value).toBe(0.2);
    expect(among['floor.success3']?.value).toBe(0.5);
    expect(among['withinFloor.success3']?.value).toBe(0.5);
  });

  it('leaves out what was not measured', () => {
    expect(summary['solved.median']).toBeUndefined();
    expect(summary['gridPsnr']).toBeUndefined();
    expect(summary['floor.median']).toBeUndefined();
  });
});

describe('isFalseLink', () => {
  it('is an accepted link with a corner off by more than 5 px, or where nothing overlaps', () => {
    expect(isFalseLink({ ...blank, pairwise: [0, 0, 0, 5.1] })).toBe(true);
    expect(isFalseLink({ ...blank, pairwise: [4, 4, 4, 4.9] })).toBe(false);
    expect(isFalseLink({ ...blank, overlap: 0, pairwise: null })).toBe(true);
    expect(isFalseLink({ ...blank, ...rejected })).toBe(false);
  });
});

describe('compareMatchers', () => {
  it('is the paired difference, first minus second', () => {
    const first = [grid({}, {}, {}, {})];
    const second = [grid({}, {}, rejected, rejected)];
    const { value, low, high } = compareMatchers(first, second)['pairwise.success3'] ?? { value: 0, low: 0, high: 0 };
    expect(value).toBe(0.5);
    expect(low).toBe(0);
    expect(high).toBe(1);
  });

  it('refuses records of different pairs', () => {
    expect(() => compareMatchers([grid({})], [grid({}, {})])).toThrow(RangeError);
  });
});

describe('binnedSuccess', () => {
  it('puts a value on an edge into the upper bin and leaves empty bins out', () => {
    const { pairs } = grid({ noise: 20 }, { noise: 19, ...rejected }, { noise: null });
    const bins = binnedSuccess(pairs, [0, 20, 40, 60], (pair) => pair.noise);
    expect(bins.map(({ low, pairs: n, success }) => [low, n, success.value])).toEqual([
      [0, 1, 0],
      [20, 1, 1],
    ]);
  });
});

describe('countFalseLinks', () => {
  it('counts reasons and bounds the rate', () => {
    const { pairs } = grid({ ...rejected, rejection: 'no-texture' }, rejected, { overlap: 0 });
    const count = countFalseLinks(pairs);
    expect(count).toMatchObject({ pairs: 3, links: 1, rejections: { 'no-texture': 1, 'no-consensus': 1 } });
    expect(count.upperBound).toBeGreaterThan(1 / 3);
  });
});

describe('reliabilityBins', () => {
  it('pools the matches of all pairs by confidence', () => {
    const { pairs } = grid({}, { reliability: { counts: [0, 30], close: [0, 15] } });
    const [bin, ...others] = reliabilityBins(pairs);
    expect(others).toEqual([]);
    expect(bin).toMatchObject({ low: 0.5, high: 1, matches: 40 });
    expect(bin.close.value).toBe(24 / 40);
  });
});
