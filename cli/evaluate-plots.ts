import type { PairRecord } from '../src/core/evaluation/pair-record.ts';
import { binnedSuccess, reliabilityBins } from '../src/core/evaluation/summary.ts';
import type { EvaluationFile } from './evaluate-file.ts';
import { svgPlot, type Axis, type PlotSeries } from './evaluate-plot.ts';
import { pairsOf, sectionsOf, type SetSection } from './evaluate-summary.ts';

/** A picture of the report: file name, what it shows, and its SVG. */
export interface ReportPlot {
  readonly file: string;
  readonly caption: string;
  readonly svg: string;
}

/** Presets in which noise and overlap are all that varies. */
const plainSets = /^(pair-\d+-(clean|noise\d+)|noisy|low-overlap)$/;
export const noiseEdges = [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60] as const;
export const overlapEdges = [0, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.3, 0.5] as const;
const percent = (value: number) => `${Math.round(100 * value)} %`;
const share: Axis = { label: '', from: 0, to: 1, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1], format: percent };

/** All plots for which there are pairs. */
export function reportPlots(evaluation: EvaluationFile): readonly ReportPlot[] {
  const labels = evaluation.matchers.map(({ label }) => label);
  const sections = sectionsOf(evaluation);
  const presetOf = new Map(evaluation.sets.map(({ name, preset }) => [name, preset]));
  const plain = sections.filter(({ set }) => plainSets.test(presetOf.get(set) ?? ''));
  const plots = [
    noisePlot(plain, labels),
    overlapPlot(plain, labels),
    ...cumulativePlots(sections, presetOf, labels),
    reliabilityPlot(sections, labels),
  ];
  return plots.filter((plot) => plot !== null);
}

function allPairs(sections: readonly SetSection[], matcher: string): readonly PairRecord[] {
  return sections.flatMap((section) => pairsOf(section, matcher));
}

function noisePlot(sections: readonly SetSection[], labels: readonly string[]): ReportPlot | null {
  const series = labels.map((label): PlotSeries => {
    const pairs = allPairs(sections, label).filter(({ overlap }) => overlap >= 0.12 && overlap < 0.18);
    return { label, points: binPoints(pairs, noiseEdges, ({ noise }) => noise, 5), hasMarkers: true };
  });
  const caption = 'Success at 3 px by the noise of the noisier tile, pairs that share 12 to 18 % of their area.';
  return plotOf('noise', caption, series, {
    title: 'Success at 3 px by noise, overlap 12–18 %',
    x: { label: 'noise σ, grey levels', from: 0, to: 60, ticks: [0, 10, 20, 30, 40, 50, 60] },
    y: { ...share, label: 'pairs within 3 px' },
  });
}

function overlapPlot(sections: readonly SetSection[], labels: readonly string[]): ReportPlot | null {
  const series = labels.map((label): PlotSeries => {
    const pairs = allPairs(sections, label).filter(({ noise }) => noise !== null && noise < 20);
    return { label, points: binPoints(pairs, overlapEdges, ({ overlap }) => overlap, 5), hasMarkers: true };
  });
  const caption = 'Success at 3 px by the share of the area that a pair has in common, noise below 20 grey levels.';
  return plotOf('overlap', caption, series, {
    title: 'Success at 3 px by overlap, noise σ < 20',
    x: { label: 'shared area', from: 0, to: 0.4, ticks: [0, 0.1, 0.2, 0.3, 0.4], format: percent },
    y: { ...share, label: 'pairs within 3 px' },
  });
}

/** Bins of fewer pairs than `least` say too little. */
function binPoints(
  pairs: readonly PairRecord[],
  edges: readonly number[],
  valueOf: (pair: PairRecord) => number | null,
  least: number,
): PlotSeries['points'] {
  return binnedSuccess(pairs, edges, valueOf)
    .filter((bin) => bin.pairs >= least)
    .map(({ low, high, success }) => ({ x: (low + high) / 2, y: success.value, low: success.low, high: success.high }));
}

const groups = [
  { id: 'em424', title: 'the em424 preset', isIn: (preset: string) => preset === 'em424' },
  { id: 'pairs', title: '256-px pairs', isIn: (preset: string) => /^(pair|strip)-/.test(preset) },
  { id: 'hard', title: 'the hard presets', isIn: (preset: string) => !/^(em424|sample|(pair|strip)-.*)$/.test(preset) },
];

/** Right edge of the cumulative plots. */
const largestErrorPx = 10;

function cumulativePlots(
  sections: readonly SetSection[],
  presetOf: ReadonlyMap<string, string>,
  labels: readonly string[],
): readonly (ReportPlot | null)[] {
  return groups.map(({ id, title, isIn }) => {
    const own = sections.filter(({ set }) => isIn(presetOf.get(set) ?? ''));
    const series = labels.map((label): PlotSeries => {
      const pairs = allPairs(own, label);
      const errors = pairs
        .flatMap(({ pairwise }) => (pairwise ? [pairwise.reduce((sum, error) => sum + error, 0) / 4] : []))
        .filter((error) => error <= largestErrorPx)
        .sort((p, q) => p - q);
      return { label, points: thinned(errors, pairs.length), hasMarkers: false };
    });
    return plotOf(
      `corner-error-${id}`,
      `Cumulative pairwise corner error (mean of the four corners), ${title}.`,
      series,
      {
        title: `Pairwise corner error, ${title}`,
        x: {
          label: 'corner error, px',
          from: 0.01,
          to: largestErrorPx,
          ticks: [0.01, 0.03, 0.1, 0.3, 1, 3, 10],
          isLogarithmic: true,
        },
        y: { ...share, label: 'pairs with less' },
      },
    );
  });
}

/** At most 200 points of the cumulative curve, level from the last to the edge. */
function thinned(sorted: readonly number[], total: number): PlotSeries['points'] {
  const step = Math.max(1, Math.ceil(sorted.length / 200));
  const points = sorted.flatMap((x, k) =>
    k % step === 0 || k === sorted.length - 1 ? [{ x: Math.max(x, 0.001), y: (k + 1) / total }] : [],
  );
  const last = points.at(-1);
  return last ? [...points, { x: largestErrorPx, y: last.y }] : points;
}

function reliabilityPlot(sections: readonly SetSection[], labels: readonly string[]): ReportPlot | null {
  const series = labels
    .filter((label) => label.startsWith('loftr'))
    .map((label): PlotSeries => {
      const bins = reliabilityBins(allPairs(sections, label)).filter(({ matches }) => matches >= 50);
      const points = bins.map(({ low, high, close }) => ({ ...close, x: (low + high) / 2, y: close.value }));
      return { label, points, hasMarkers: true };
    });
  const caption =
    'Of the network’s matches by confidence, the share within 1.5 px of the truth; all sets with overlap.';
  return plotOf('reliability', caption, series, {
    title: 'Reliability of the confidence',
    x: { ...share, label: 'confidence' },
    y: { ...share, label: 'matches within 1.5 px' },
    hasDiagonal: true,
  });
}

function plotOf(
  id: string,
  caption: string,
  series: readonly PlotSeries[],
  axes: Omit<Parameters<typeof svgPlot>[0], 'series'>,
): ReportPlot | null {
  const drawn = series.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return null;
  return { file: `evaluation-${id}.svg`, caption, svg: svgPlot({ ...axes, series: drawn }) };
}
