import {
  bootstrapIntervals,
  defaultBootstrap,
  differenceStatistic,
  meanStatistic,
  medianStatistic,
  ratioStatistic,
  recallAreaStatistic,
} from './bootstrap.ts';
import type { BootstrapOptions, Interval, WeightedStatistic } from './bootstrap.ts';
import type { CornerDistances } from './corner-errors.ts';
import type { GridRecord } from './evaluate-grid.ts';
import type { ImageQuality, PairRecord } from './pair-record.ts';
import { proportionUpperBound } from './proportion.ts';

/** Thresholds of success and AUC, px. */
export const thresholdsPx = [1, 3, 5, 10] as const;
/** A link is right when all four corners are within this; false when one is off by more than `falseLinkPx`. */
const linkPx = 3;
const falseLinkPx = 5;

/** One number of the table, or what it is counted over. */
export interface MetricDescriptor {
  readonly id: string;
  readonly label: string;
  readonly unit: 'ms' | 'count' | 'px' | 'share' | 'dB' | 'index';
  /** What is resampled for its interval. */
  readonly over: 'pairs' | 'grids';
}

const corner = { pairwise: 'pairwise', solved: 'solved', unaligned: 'from the matches alone' } as const;
type CornerKind = keyof typeof corner;

const pairMetric = (id: string, label: string, unit: MetricDescriptor['unit']): MetricDescriptor => ({
  id,
  label,
  unit,
  over: 'pairs',
});

/** Every metric of a set with overlaps, in the order of the table. */
export const metrics: readonly MetricDescriptor[] = [
  pairMetric('matchMs', 'matching time, median', 'ms'),
  pairMetric('cpuMs', 'processor time, median', 'ms'),
  pairMetric('matches', 'matches', 'count'),
  pairMetric('outliers', 'outlier matches', 'count'),
  pairMetric('inlierError', 'inlier reprojection error', 'px'),
  pairMetric('linkError', 'inlier reprojection error after alignment', 'px'),
  ...(['pairwise', 'solved'] as const).flatMap((kind) => [
    pairMetric(`${kind}.median`, `corner error, ${corner[kind]}, median of the mean`, 'px'),
    ...thresholdsPx.map((t) => pairMetric(`${kind}.success${t}`, `success at ${t} px, ${corner[kind]}`, 'share')),
    ...thresholdsPx.map((t) => pairMetric(`${kind}.auc${t}`, `corner error AUC @ ${t} px, ${corner[kind]}`, 'share')),
  ]),
  pairMetric('unaligned.median', 'corner error from the matches alone, median of the mean', 'px'),
  pairMetric('unaligned.success3', 'success at 3 px, from the matches alone', 'share'),
  pairMetric('unaligned.auc5', 'corner error AUC @ 5 px, from the matches alone', 'share'),
  pairMetric('recall', 'link recall', 'share'),
  pairMetric('falseLinks', 'false links', 'share'),
  pairMetric('floor.median', 'floor: corner error of the direct alignment from the truth, median', 'px'),
  pairMetric('floor.success3', 'floor: success at 3 px', 'share'),
  pairMetric('withinFloor.success3', 'success at 3 px, pairwise, of the pairs whose floor succeeds', 'share'),
  pairMetric('pairPsnr', 'PSNR of pairs', 'dB'),
  pairMetric('pairSsim', 'SSIM of pairs', 'index'),
  { id: 'gridPsnr', label: 'PSNR of grids', unit: 'dB', over: 'grids' },
  { id: 'gridSsim', label: 'SSIM of grids', unit: 'index', over: 'grids' },
  { id: 'sourcePsnr', label: 'PSNR of grids against the uncut source', unit: 'dB', over: 'grids' },
  { id: 'sourceSsim', label: 'SSIM of grids against the uncut source', unit: 'index', over: 'grids' },
];

const failed: CornerDistances = [Infinity, Infinity, Infinity, Infinity];

const largest = (corners: CornerDistances): number => Math.max(...corners);
const mean = ([p, q, r, s]: CornerDistances): number => (p + q + r + s) / 4;
const share = (is: boolean): number => (is ? 1 : 0);

function cornersOf(pairs: readonly PairRecord[], kind: CornerKind): readonly CornerDistances[] {
  return pairs.map((pair) => pair[kind] ?? failed);
}

/** The statistic of a metric over pairs; null for one that needs what was not measured on any of them. */
function pairStatistic(id: string, pairs: readonly PairRecord[]): WeightedStatistic | null {
  const [head, tail] = id.split('.');
  if (head in corner && tail !== undefined) return cornerStatistic(head as CornerKind, tail, pairs);
  const floors = pairs.map(({ floor }) => (floor === 'failed' ? failed : floor));
  const hasFloor = floors.some((floor) => floor);
  const hasMosaics = pairs.some((pair) => pair.quality);
  switch (id) {
    case 'matchMs':
      return medianStatistic(pairs.map((pair) => pair.matchMs));
    case 'cpuMs':
      return pairs.some((pair) => pair.cpuMs !== null) ? medianStatistic(pairs.map((pair) => pair.cpuMs ?? NaN)) : null;
    case 'matches':
      return meanStatistic(pairs.map((pair) => pair.matches));
    case 'outliers':
      return meanStatistic(pairs.map((pair) => pair.matches - pair.inliers));
    case 'inlierError':
    case 'linkError':
      return ratioStatistic(
        pairs.map((pair) => pair[id][0]),
        pairs.map((pair) => pair[id][1]),
      );
    case 'recall':
      return meanStatistic(cornersOf(pairs, 'pairwise').map((corners) => share(largest(corners) < linkPx)));
    case 'falseLinks':
      return meanStatistic(pairs.map((pair) => share(isFalseLink(pair))));
    case 'floor.median':
      return hasFloor ? medianStatistic(floors.map((floor) => (floor ? mean(floor) : NaN))) : null;
    case 'floor.success3':
      return hasFloor ? meanStatistic(floors.map((floor) => (floor ? share(largest(floor) < linkPx) : NaN))) : null;
    case 'withinFloor.success3': {
      // NaN is left out of a mean: pairs whose pixels do not determine the corners, and those without a floor.
      const corners = cornersOf(pairs, 'pairwise');
      const isReachable = floors.map((floor) => floor !== null && largest(floor) < linkPx);
      return isReachable.some((is) => is)
        ? meanStatistic(corners.map((each, k) => (isReachable[k] ? share(largest(each) < linkPx) : NaN)))
        : null;
    }
    case 'pairPsnr':
      return hasMosaics ? meanStatistic(pairs.map((pair) => pair.quality?.peakSignalToNoiseDb ?? NaN)) : null;
    case 'pairSsim':
      return hasMosaics ? meanStatistic(pairs.map((pair) => pair.quality?.structuralSimilarity ?? NaN)) : null;
    default:
      return null;
  }
}

function cornerStatistic(kind: CornerKind, what: string, pairs: readonly PairRecord[]): WeightedStatistic | null {
  if (kind === 'solved' && pairs.every((pair) => pair.solved === null)) return null;
  const corners = cornersOf(pairs, kind);
  if (what === 'median') return medianStatistic(corners.map(mean));
  const t = Number(what.replace(/^\D+/, ''));
  if (what.startsWith('success')) return meanStatistic(corners.map((each) => share(largest(each) < t)));
  return recallAreaStatistic(corners.flat(), 4, t);
}

/** An accepted link of which a corner is off by more than 5 px, or any link where nothing overlaps. */
export function isFalseLink({ rejection, pairwise, overlap }: PairRecord): boolean {
  if (rejection !== null) return false;
  return overlap === 0 || pairwise === null || largest(pairwise) > falseLinkPx;
}

/** Whether a pair succeeded: the largest of its four corner errors is below t. */
export function isSuccess(pair: PairRecord, t: number, kind: CornerKind = 'pairwise'): boolean {
  return largest(pair[kind] ?? failed) < t;
}

/** Values of the metrics by their ids; those that were not measured are absent. */
export type Summary = Readonly<Partial<Record<string, Interval>>>;

/** All metrics of grids under one matcher, with 95 % bootstrap intervals over pairs (over grids for grid metrics). */
export function summarise(grids: readonly GridRecord[], options: BootstrapOptions = defaultBootstrap): Summary {
  const pairs = grids.flatMap((grid) => grid.pairs);
  const measured = metrics.flatMap(({ id, over }) => {
    const statistic = over === 'pairs' ? pairStatistic(id, pairs) : null;
    return statistic ? [{ id, statistic }] : [];
  });
  const overPairs = bootstrapIntervals(
    pairs.length,
    measured.map(({ statistic }) => statistic),
    options,
  );
  const summary: Record<string, Interval> = {};
  for (const [k, { id }] of measured.entries()) summary[id] = overPairs[k];
  const own = qualityIntervals(
    grids.map(({ quality }) => quality),
    options,
  );
  if (own) [summary.gridPsnr, summary.gridSsim] = own;
  const source = qualityIntervals(
    grids.map(({ sourceQuality }) => sourceQuality),
    options,
  );
  if (source) [summary.sourcePsnr, summary.sourceSsim] = source;
  return summary;
}

/** PSNR and SSIM, means over the grids that were measured; null for none. */
function qualityIntervals(
  all: readonly (ImageQuality | null)[],
  options: BootstrapOptions,
): readonly [Interval, Interval] | null {
  const measured = all.filter((quality) => quality !== null);
  if (measured.length === 0) return null;
  const [psnr, ssim] = bootstrapIntervals(
    measured.length,
    [
      meanStatistic(measured.map((quality) => quality.peakSignalToNoiseDb)),
      meanStatistic(measured.map((quality) => quality.structuralSimilarity)),
    ],
    options,
  );
  return [psnr, ssim];
}

/** Metrics whose paired differences are reported. */
export const comparedMetrics: readonly string[] = [
  'matches',
  'outliers',
  'inlierError',
  'pairwise.median',
  'pairwise.success1',
  'pairwise.success3',
  'pairwise.auc1',
  'pairwise.auc5',
  'solved.median',
  'solved.success3',
];

/**
 * First minus second, paired: the same resamples of the pairs that both matchers have. Records of both must be in the
 * same order.
 * @throws RangeError when the pairs differ.
 */
export function compareMatchers(
  first: readonly GridRecord[],
  second: readonly GridRecord[],
  options: BootstrapOptions = defaultBootstrap,
): Summary {
  const [p, q] = [first.flatMap((grid) => grid.pairs), second.flatMap((grid) => grid.pairs)];
  if (p.length !== q.length || p.some((pair, k) => pair.a !== q[k].a || pair.b !== q[k].b))
    throw new RangeError('the two matchers were run on different pairs');
  const compared = comparedMetrics.flatMap((id) => {
    const [s, t] = [pairStatistic(id, p), pairStatistic(id, q)];
    return s && t ? [{ id, statistic: differenceStatistic(s, t) }] : [];
  });
  const intervals = bootstrapIntervals(
    p.length,
    compared.map(({ statistic }) => statistic),
    options,
  );
  return Object.fromEntries(compared.map(({ id }, k) => [id, intervals[k]]));
}

/** Success at 3 px of the pairs of one bin. */
export interface BinnedSuccess {
  readonly low: number;
  readonly high: number;
  readonly pairs: number;
  readonly success: Interval;
}

/** Success at 3 px (pairwise) of the pairs whose value lies in low ≤ value < high, bin by bin; empty bins left out. */
export function binnedSuccess(
  pairs: readonly PairRecord[],
  edges: readonly number[],
  valueOf: (pair: PairRecord) => number | null,
  options: BootstrapOptions = defaultBootstrap,
): readonly BinnedSuccess[] {
  return edges.slice(0, -1).flatMap((low, k): readonly BinnedSuccess[] => {
    const high = edges[k + 1];
    const inBin = pairs.filter((pair) => {
      const value = valueOf(pair);
      return value !== null && value >= low && value < high;
    });
    if (inBin.length === 0) return [];
    const statistic = meanStatistic(inBin.map((pair) => share(isSuccess(pair, linkPx))));
    const [success] = bootstrapIntervals(inBin.length, [statistic], options);
    return [{ low, high, pairs: inBin.length, success }];
  });
}

/** Links accepted among pairs that share nothing, with the one-sided 95 % Clopper–Pearson bound. */
export interface FalseLinkCount {
  readonly pairs: number;
  readonly links: number;
  readonly upperBound: number;
  /** Rejected pairs by reason. */
  readonly rejections: Readonly<Record<string, number>>;
}

/** Counts false links among pairs without overlap. */
export function countFalseLinks(pairs: readonly PairRecord[]): FalseLinkCount {
  const rejections: Record<string, number> = {};
  for (const { rejection } of pairs) if (rejection) rejections[rejection] = (rejections[rejection] ?? 0) + 1;
  const links = pairs.filter((pair) => pair.rejection === null).length;
  return { pairs: pairs.length, links, upperBound: proportionUpperBound(links, pairs.length), rejections };
}

/** One bin of the reliability table. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly matches: number;
  /** Share within 1.5 px of the truth. */
  readonly close: Interval;
}

/** Of matches by confidence, the share within 1.5 px of the truth, intervals over pairs; empty bins left out. */
export function reliabilityBins(
  pairs: readonly PairRecord[],
  options: BootstrapOptions = defaultBootstrap,
): readonly ReliabilityBin[] {
  const bins = pairs[0]?.reliability.counts.length ?? 0;
  const statistics = Array.from({ length: bins }, (_, k) =>
    ratioStatistic(
      pairs.map(({ reliability }) => reliability.close[k]),
      pairs.map(({ reliability }) => reliability.counts[k]),
    ),
  );
  const intervals = bootstrapIntervals(pairs.length, statistics, options);
  return intervals.flatMap((close, k) => {
    const matches = pairs.reduce((sum, { reliability }) => sum + reliability.counts[k], 0);
    return matches === 0 ? [] : [{ low: k / bins, high: (k + 1) / bins, matches, close }];
  });
}

/** The lines of the reference's table, from the same matches under its mapping and under the right one. */
export interface ReferenceComparison {
  readonly pairs: number;
  readonly matches: number;
  readonly outliers: number;
  readonly inlierError: Interval;
  readonly auc5: Interval;
  readonly pairPsnr: number;
  readonly pairSsim: number;
  readonly gridPsnr: number;
  readonly gridSsim: number;
}

/** What the reference's evaluation would have reported of these matches, and what the right mapping gives instead. */
export function compareReference(
  grids: readonly GridRecord[],
  options: BootstrapOptions = defaultBootstrap,
): { readonly reference: ReferenceComparison; readonly correct: ReferenceComparison } | null {
  const pairs = grids.flatMap((grid) => grid.pairs);
  const records = pairs.flatMap(({ reference }) => (reference ? [reference] : []));
  if (records.length === 0) return null;
  const meanOf = (values: readonly (number | undefined)[]) => {
    const found = values.filter((value) => value !== undefined);
    return found.reduce((sum, value) => sum + value, 0) / found.length;
  };
  const [error, auc, correctError, correctAuc] = bootstrapIntervals(
    records.length,
    [
      ratioStatistic(
        records.map((each) => each.inlierError[0]),
        records.map((each) => each.inlierError[1]),
      ),
      recallAreaStatistic(
        records.flatMap((each) => each.corners ?? failed),
        4,
        5,
      ),
      ratioStatistic(
        records.map((each) => each.correctInlierError[0]),
        records.map((each) => each.correctInlierError[1]),
      ),
      recallAreaStatistic(
        records.flatMap((each) => each.correctCorners ?? failed),
        4,
        5,
      ),
    ],
    options,
  );
  const quality = (of: 'quality' | 'referenceQuality') => ({
    pairPsnr: meanOf(pairs.map((pair) => pair[of]?.peakSignalToNoiseDb)),
    pairSsim: meanOf(pairs.map((pair) => pair[of]?.structuralSimilarity)),
    gridPsnr: meanOf(grids.map((grid) => grid[of]?.peakSignalToNoiseDb)),
    gridSsim: meanOf(grids.map((grid) => grid[of]?.structuralSimilarity)),
  });
  return {
    reference: {
      pairs: records.length,
      matches: meanOf(records.map((each) => each.matches)),
      outliers: meanOf(records.map((each) => each.matches - each.inliers)),
      inlierError: error,
      auc5: auc,
      ...quality('referenceQuality'),
    },
    correct: {
      pairs: records.length,
      matches: meanOf(pairs.map((pair) => pair.matches)),
      outliers: meanOf(pairs.flatMap((pair) => (pair.reference ? [pair.matches - pair.reference.correctInliers] : []))),
      inlierError: correctError,
      auc5: correctAuc,
      ...quality('quality'),
    },
  };
}
