/** A distribution of residuals as a plot with its table. */
import { qualityStep, residualQuality } from '../../viewer/link-state.ts';
import { WIDEST_PX, type ResidualHistogram } from '../pair-inspector/residual-field.ts';
import type { PlotSpec } from './plot-spec.ts';
import type { PlotTable } from './plot-table.ts';

const TICKS = 5;

/** Bars in the colours of the quality scale; `whose` is what was counted: 'inliers', 'links'. */
export function residualPlot(
  { counts, ends }: ResidualHistogram,
  whose: string,
): { readonly spec: PlotSpec; readonly table: PlotTable } {
  const width = ends[0];
  const most = ends[ends.length - 1];
  const starts = ends.map((_, bin) => bin * width);
  /** On the widest axis the last bar has all that is farther, on the others nothing is. */
  const isOpen = (bin: number) => bin === ends.length - 1 && most === WIDEST_PX;
  const text = (px: number) => String(Number(px.toFixed(3)));
  const range = (bin: number) =>
    isOpen(bin) ? `${text(starts[bin])} px and more` : `${text(starts[bin])} to ${text(ends[bin])} px`;
  return {
    spec: {
      x: starts.map((start) => start + width / 2),
      xRange: [0, most],
      xAxis: {
        ticks: Array.from({ length: TICKS + 1 }, (_, k) => (k * most) / TICKS),
        text: (px) => (px === most ? `${most === WIDEST_PX ? '≥ ' : ''}${most} px` : text(px)),
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
        { label: 'From, px', values: starts, places: 3 },
        { label: 'To, px', values: ends.map((end, bin) => (isOpen(bin) ? '' : end.toFixed(3))) },
        { label: capitalised(whose), values: counts },
      ],
    },
  };
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
