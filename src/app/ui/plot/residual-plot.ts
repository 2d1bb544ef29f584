/** A distribution of residuals as a plot with its table. */
import { qualityStep, residualQuality } from '../../viewer/link-state.ts';
import type { ResidualHistogram } from '../pair-inspector/residual-field.ts';
import type { PlotSpec } from './plot-spec.ts';
import type { PlotTable } from './plot-table.ts';

/** Bars in the colours of the quality scale; `whose` is what was counted: 'inliers', 'links'. */
export function residualPlot(
  { counts, ends }: ResidualHistogram,
  whose: string,
): { readonly spec: PlotSpec; readonly table: PlotTable } {
  const width = ends[0];
  const most = ends[ends.length - 1];
  const starts = ends.map((end) => end - width);
  const isLast = (bin: number) => bin === ends.length - 1;
  const range = (bin: number) => (isLast(bin) ? `${starts[bin]} px and more` : `${starts[bin]} to ${ends[bin]} px`);
  return {
    spec: {
      x: starts.map((start) => start + width / 2),
      xRange: [0, most],
      xAxis: {
        ticks: Array.from({ length: Math.floor(most) + 1 }, (_, px) => px),
        text: (px) => (px === most ? `≥ ${most} px` : String(px)),
      },
      series: [
        {
          label: whose,
          shape: 'bars',
          values: counts,
          colour: '--quality-4',
          colours: starts.map((start) => `--quality-${qualityStep(residualQuality(start + width / 2))}`),
        },
      ],
      readout: (bin) => `${range(bin)}: ${counts[bin]} ${whose}`,
    },
    table: {
      caption: `Residuals of ${counts.reduce((sum, count) => sum + count, 0)} ${whose}`,
      columns: [
        { label: 'From, px', values: starts, places: 2 },
        { label: 'To, px', values: ends.map((end, bin) => (isLast(bin) ? '' : end.toFixed(2))) },
        { label: capitalised(whose), values: counts },
      ],
    },
  };
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
