import { describe, expect, it } from 'vitest';
import type { CornerDistances } from './corner-errors.ts';
import type { GridRecord } from './evaluate-grid.ts';
import type { PairRecord } from './pair-record.ts';
import {
  binnedSuccess,
  comparedMetrics,
  compareMatchers,
  compareReference,
  countFalseLinks,
  isFalseLink,
  isSuccess,
  metrics,
  reliabilityBins,
  summarise,
  thresholdsPx,
} from './summary.ts';
import { areaUnderRecall } from './recall.ts';

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
/** Intervals are told apart from values by few resamples, too. */
const quick = { resamples: 40, seed: 3 };
const rejected: Partial<PairRecord> = { rejection: 'no-consensus', pairwise: null };

describe('summarise', () => {
  const summarised = () =>
    summarise(
      [grid({}, { pairwise: [0, 1, 2, 3.5], matches: 200, matchMs: 30 }), grid(rejected, { matchMs: 50 })],
      quick,
    );

  it('calls a pair a success by the largest of its four corners, and a failed pair infinite', () => {
    const summary = summarised();
    expect(summary['pairwise.success1']?.value).toBe(0.5);
    expect(summary['pairwise.success3']?.value).toBe(0.5);
    expect(summary['pairwise.success5']?.value).toBe(0.75);
    expect(summary['recall']?.value).toBe(0.5);
    // means of the four corners: 0.5, 0.5, 1.625, ∞
    expect(summary['pairwise.median']?.value).toBe((0.5 + 1.625) / 2);
  });

  it('takes the area under the recall of all sixteen corners', () => {
    const summary = summarised();
    // errors ≤ 1: 0, eight times 0.5, 1 of 16: (0, 1/16) at once, trapezoid to (0.5, 2/16), up to 9/16, to (1, 10/16)
    const area = (0.5 * (1 / 16 + 2 / 16)) / 2 + (0.5 * (9 / 16 + 10 / 16)) / 2;
    expect(summary['pairwise.auc1']?.value).toBeCloseTo(area, 12);
  });

  it('counts times by the median, matches by the mean, errors over all inliers', () => {
    const summary = summarised();
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
    const summary = summarised();
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

/** Four pairs of which everything was measured, on two grids. */
const full = (shift = 0): readonly GridRecord[] => {
  const corners = (...values: readonly [number, number, number, number]): CornerDistances =>
    values.map((value) => value + shift) as unknown as CornerDistances;
  const quality = (psnr: number, ssim: number) => ({ peakSignalToNoiseDb: psnr, structuralSimilarity: ssim });
  const [first, second] = [
    grid(
      {
        cpuMs: 10,
        inliers: 80,
        pairwise: corners(0.25, 0.5, 0.75, 0.9),
        unaligned: corners(1, 1, 2, 2),
        solved: corners(0.1, 0.2, 0.3, 0.4),
        floor: corners(0.1, 0.1, 0.2, 0.2),
        quality: quality(30, 0.9),
      },
      {
        cpuMs: 30,
        matches: 50,
        inliers: 40,
        inlierError: [30, 40],
        linkError: [2, 10],
        pairwise: corners(1, 2, 3, 4),
        unaligned: corners(4, 4, 6, 6),
        solved: corners(2, 2, 2.5, 2.75),
        floor: corners(4, 5, 6, 7),
      },
    ),
    grid(
      { ...rejected, cpuMs: 20, floor: 'failed', quality: quality(20, 0.5), overlap: 0.1 },
      { pairwise: corners(6, 7, 8, 9), unaligned: corners(0.5, 0.5, 0.5, 0.5), floor: corners(1, 2, 2, 2) },
    ),
  ];
  return [
    { ...first, quality: quality(25, 0.75), referenceQuality: quality(15, 0.25), sourceQuality: quality(22, 0.625) },
    { ...second, quality: quality(35, 0.875), referenceQuality: quality(11, 0.5) },
  ];
};

describe('every metric of the table', () => {
  it('has its number', () => {
    const summary = summarise(full(), quick);
    const value = (id: string) => summary[id]?.value;
    const all = (kind: 'pairwise' | 'unaligned' | 'solved') =>
      full().flatMap(({ pairs }) => pairs.flatMap((pair) => pair[kind] ?? Array<number>(4).fill(Infinity)));
    expect([value('matchMs'), value('cpuMs'), value('matches'), value('outliers')]).toEqual([10, 20, 87.5, 12.5]);
    expect([value('inlierError'), value('linkError')]).toEqual([165 / 310, 29 / 280]);
    // Means of corners 0.6, 2.5, ∞, 7.5; 1.5, 5, ∞, 0.5; 0.25, 2.3125, ∞, ∞.
    expect([value('pairwise.median'), value('unaligned.median'), value('solved.median')]).toEqual([5, 3.25, Infinity]);
    for (const [id, share] of Object.entries({
      'pairwise.success1': 0.25,
      'pairwise.success3': 0.25,
      'pairwise.success5': 0.5,
      'pairwise.success10': 0.75,
      'unaligned.success3': 0.5,
      'solved.success1': 0.25,
      'solved.success3': 0.5,
      'solved.success5': 0.5,
      'solved.success10': 0.5,
      recall: 0.25,
      falseLinks: 0.25,
      'floor.success3': 0.5,
      'withinFloor.success3': 0.5,
    }))
      expect([id, value(id)]).toEqual([id, share]);
    for (const kind of ['pairwise', 'solved'] as const)
      for (const t of thresholdsPx) expect(value(`${kind}.auc${t}`)).toBeCloseTo(areaUnderRecall(all(kind), t), 9);
    expect(value('unaligned.auc5')).toBeCloseTo(areaUnderRecall(all('unaligned'), 5), 9);
    // Means of floors 0.15, 5.5, ∞, 1.75.
    expect(value('floor.median')).toBe((1.75 + 5.5) / 2);
    expect([value('pairPsnr'), value('pairSsim')]).toEqual([25, 0.7]);
    expect([value('gridPsnr'), value('gridSsim'), value('sourcePsnr'), value('sourceSsim')]).toEqual([
      30, 0.8125, 22, 0.625,
    ]);
    expect(summary['gridPsnr']).toEqual({ value: 30, low: 25, high: 35 });
    expect(Object.keys(summary).sort()).toEqual(metrics.map(({ id }) => id).sort());
    expect(new Set(metrics.map(({ label }) => label)).size).toBe(metrics.length);
  });

  it('is named in the words of the table', () => {
    const of = (id: string) => metrics.find((metric) => metric.id === id);
    expect(metrics.map(({ id, unit, over }) => `${id} ${unit} ${over}`)).toEqual([
      ...['matchMs ms', 'cpuMs ms', 'matches count', 'outliers count', 'inlierError px', 'linkError px'],
      ...['pairwise', 'solved'].flatMap((kind) => [
        `${kind}.median px`,
        ...[1, 3, 5, 10].map((t) => `${kind}.success${t} share`),
        ...[1, 3, 5, 10].map((t) => `${kind}.auc${t} share`),
      ]),
      ...['unaligned.median px', 'unaligned.success3 share', 'unaligned.auc5 share', 'recall share', 'falseLinks share'],
      ...['floor.median px', 'floor.success3 share', 'withinFloor.success3 share', 'pairPsnr dB', 'pairSsim index'],
    ].map((line) => `${line} pairs`).concat(
      ['gridPsnr dB', 'gridSsim index', 'sourcePsnr dB', 'sourceSsim index'].map((line) => `${line} grids`),
    )); // prettier-ignore
    expect(of('matchMs')?.label).toBe('matching time, median');
    expect(of('cpuMs')?.label).toBe('processor time, median');
    expect(of('linkError')?.label).toBe('inlier reprojection error after alignment');
    expect(of('solved.success5')?.label).toBe('success at 5 px, solved');
    expect(of('pairwise.auc1')?.label).toBe('corner error AUC @ 1 px, pairwise');
    expect(of('pairwise.median')?.label).toBe('corner error, pairwise, median of the mean');
    expect(of('withinFloor.success3')?.label).toBe('success at 3 px, pairwise, of the pairs whose floor succeeds');
    expect(of('sourceSsim')?.label).toBe('SSIM of grids against the uncut source');
    expect(metrics.every(({ label }) => label.length > 4)).toBe(true);
  });

  it('is compared pair by pair, the first less the second', () => {
    const difference = compareMatchers(full(0.2), full(), quick);
    const of = (id: string, grids: readonly GridRecord[]) => summarise(grids, quick)[id]?.value ?? NaN;
    expect(Object.keys(difference).sort()).toEqual([...comparedMetrics].sort());
    for (const id of comparedMetrics)
      if (id !== 'solved.median') expect(difference[id]?.value).toBeCloseTo(of(id, full(0.2)) - of(id, full()), 9);
    expect(difference['pairwise.median']?.value).toBeCloseTo(0.2, 9);
    expect(comparedMetrics).toEqual(['matches', 'outliers', 'inlierError', 'pairwise.median', 'pairwise.success1', 'pairwise.success3', 'pairwise.auc1', 'pairwise.auc5', 'solved.median', 'solved.success3']); // prettier-ignore
    const [one] = full();
    const others = { ...one, pairs: one.pairs.map((pair) => ({ ...pair, b: 'c.tif' })) };
    expect(() => compareMatchers([one], [others], quick)).toThrow('the two matchers were run on different pairs');
    const swapped = { ...one, pairs: [...one.pairs].reverse() };
    expect(() => compareMatchers([one], [swapped], quick)).toThrow(RangeError);
  });

  it('is a success below the threshold, not at it', () => {
    expect([
      isSuccess({ ...blank, pairwise: [1, 2, 3, 1] }, 3),
      isSuccess({ ...blank, pairwise: [1, 2, 2.9, 1] }, 3),
    ]).toEqual([false, true]);
    expect(isSuccess({ ...blank, ...rejected }, 3)).toBe(false);
    expect(isSuccess({ ...blank, solved: [1, 1, 1, 9] }, 3, 'solved')).toBe(false);
    expect([isFalseLink({ ...blank, pairwise: [0, 5, 0, 0] }), isFalseLink({ ...blank, pairwise: null })]).toEqual([
      false,
      true,
    ]);
  });
});

describe('compareReference', () => {
  const reference = (matches: number, inliers: number, error: number, corner: number | null) => ({
    matches,
    inliers,
    inlierError: [error, inliers] as const,
    corners: corner === null ? null : ([corner, corner, corner, corner] as const),
    correctInliers: inliers + 10,
    correctInlierError: [error / 4, inliers + 10] as const,
    correctCorners: corner === null ? null : ([corner / 2, corner / 2, corner / 2, corner / 2] as const),
  });

  it('is of the pairs that have both, and of the mosaics that were measured', () => {
    const [first, second] = full();
    const [p, q] = first.pairs;
    const measured: GridRecord = {
      ...first,
      pairs: [
        {
          ...p,
          reference: reference(60, 50, 100, 2),
          referenceQuality: { peakSignalToNoiseDb: 12, structuralSimilarity: 0.25 },
        },
        { ...q, reference: reference(40, 30, 60, null) },
      ],
    };
    const found = compareReference([measured, second], quick);
    expect(found?.reference).toMatchObject({
      pairs: 2,
      matches: 50,
      outliers: 10,
      pairPsnr: 12,
      pairSsim: 0.25,
      gridPsnr: 13,
      gridSsim: 0.375,
    });
    expect(found?.reference.inlierError.value).toBe(160 / 80);
    expect(found?.reference.auc5.value).toBeCloseTo(
      areaUnderRecall([2, 2, 2, 2, ...Array<number>(4).fill(Infinity)], 5),
      9,
    );
    // 87.5 matches a pair over all four; 100 − 60 and 50 − 40 that are no inliers.
    expect(found?.correct).toMatchObject({
      pairs: 2,
      matches: 87.5,
      outliers: 25,
      pairPsnr: 25,
      pairSsim: 0.7,
      gridPsnr: 30,
      gridSsim: 0.8125,
    });
    expect(found?.correct.inlierError.value).toBe(40 / 100);
    expect(found?.correct.auc5.value).toBeCloseTo(
      areaUnderRecall([1, 1, 1, 1, ...Array<number>(4).fill(Infinity)], 5),
      9,
    );
    expect(compareReference([second], quick)).toBeNull();
  });
});

describe('bins', () => {
  it('hold what lies from their lower edge on and below their upper one', () => {
    const { pairs } = grid(
      { noise: 0 },
      { noise: 20, ...rejected },
      { noise: 39.9 },
      { noise: 40 },
      { noise: -1 },
      { noise: 60 },
    );
    const bins = binnedSuccess(pairs, [0, 20, 40, 60], ({ noise }) => noise, quick);
    expect(bins.map(({ low, high, pairs: n, success }) => [low, high, n, success.value])).toEqual([
      [0, 20, 1, 1],
      [20, 40, 2, 0.5],
      [40, 60, 1, 1],
    ]);
    expect(bins[0].success).toEqual({ value: 1, low: 1, high: 1 });
  });

  it('of confidence share the matches of all pairs, and are none without pairs', () => {
    const two = [
      { ...blank, reliability: { counts: [4, 0, 10, 0], close: [1, 0, 9, 0] } },
      { ...blank, reliability: { counts: [0, 0, 30, 2], close: [0, 0, 11, 2] } },
    ];
    expect(
      reliabilityBins(two, quick).map(({ low, high, matches, close }) => [low, high, matches, close.value]),
    ).toEqual([
      [0, 0.25, 4, 0.25],
      [0.5, 0.75, 40, 0.5],
      [0.75, 1, 2, 1],
    ]);
    expect(reliabilityBins([], quick)).toEqual([]);
    expect(countFalseLinks([])).toEqual({ pairs: 0, links: 0, upperBound: 1, rejections: {} });
  });
});
