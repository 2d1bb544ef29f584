/** The grey values of what is seen as a plot with its table. */
import type { ValueStatistics } from '../../../../workers/protocol.ts';
import type { PlotSpec } from './plot-spec.ts';
import type { PlotTable } from './plot-table.ts';

/** Counts on a logarithmic axis, with the values that are shown black and white as marks. */
export function histogramPlot(
  statistics: ValueStatistics,
  { low, high }: { readonly low: number; readonly high: number },
  isWhole: boolean,
): { readonly label: string; readonly spec: PlotSpec; readonly table: PlotTable } {
  const { min, max } = statistics;
  const counts = barsOf(statistics, isWhole);
  // Bins lie between the least and the greatest value; whole values stand in the middle of their bars.
  const isOneEach = isWhole && counts.length === max - min + 1;
  const width = isOneEach ? 1 : (max - min) / Math.max(1, counts.length);
  const x = counts.map((_, bin) => min + (isOneEach ? bin : (bin + 0.5) * width));
  const text = (value: number) => String(Number(value.toPrecision(5)));
  const place = (bin: number) =>
    isOneEach ? text(x[bin]) : `${text(min + bin * width)} to ${text(min + (bin + 1) * width)}`;
  return {
    label: `Histogram of the visible values, ${text(min)} to ${text(max)}, shown from ${text(low)} to ${text(high)}`,
    spec: {
      x,
      // An axis needs two ends.
      xRange: max > min ? [min, max] : [min - 0.5, min + 0.5],
      series: [{ label: 'Pixels', shape: 'area', values: counts, colour: '--line-strong' }],
      isLog: true,
      marks: [low, high],
      readout: (bin) => `${place(bin)}: ${counts[bin].toLocaleString('en-GB')}`,
    },
    table: {
      caption: 'Visible values',
      columns: [
        { label: 'Value', values: counts.map((_, bin) => place(bin)) },
        { label: 'Pixels', values: counts },
      ],
    },
  };
}

/** The counts as bars; whole values that are fewer than the bins are one bar each, without gaps between them. */
function barsOf({ histogram, min, max }: ValueStatistics, isWhole: boolean): readonly number[] {
  const values = max - min + 1;
  if (!isWhole || values > histogram.length) return Array.from(histogram);
  const bars = Array.from({ length: values }, () => 0);
  histogram.forEach((count, bin) => {
    bars[Math.min(values - 1, Math.round(((bin + 0.5) / histogram.length) * (max - min)))] += count;
  });
  return bars;
}
