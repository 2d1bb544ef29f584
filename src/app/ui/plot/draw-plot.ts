/** The one place that knows uPlot; loaded when the first plot is shown. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { PlotSeries, PlotSpec } from './plot-spec.ts';

/** A plot in its box. */
export interface DrawnPlot {
  /** Shows other values; number and shapes of the series are as before. */
  update(spec: PlotSpec): void;
  dispose(): void;
}

/** The arsinh of uPlot: linear below this, logarithmic above. */
const LINEAR_BELOW = 1;
const FILL_OF_BAR = 3;

/** Draws into a box and follows its size; what is under the pointer is handed on as an index, null for nothing. */
export function drawPlot(host: HTMLElement, start: PlotSpec, onPoint: (index: number | null) => void): DrawnPlot {
  let spec = start;
  const colour = (token: string) => getComputedStyle(host).getPropertyValue(token).trim();
  const pathsOf = ({ shape }: PlotSeries, index: number): Pick<uPlot.Series, 'paths'> => {
    const { bars, linear } = uPlot.paths;
    if (shape === 'area') return linear ? { paths: linear() } : {};
    if (!bars) return {};
    const align = shape === 'bars-left' ? -1 : shape === 'bars-right' ? 1 : 0;
    const paths = bars({
      size: [align === 0 ? 1 : 0.38, Infinity],
      gap: align === 0 ? 1 : 2,
      align,
      disp: {
        fill: {
          unit: FILL_OF_BAR,
          values: () => {
            const { values, colours, colour: one } = spec.series[index];
            return values.map((_, k) => colour(colours?.[k] ?? one));
          },
        },
      },
    });
    return { paths };
  };
  const { fontSize, fontFamily } = getComputedStyle(host);
  const em = parseFloat(fontSize);
  const axisHeight = Math.round(1.7 * em);
  const plot = new uPlot(
    {
      ...sizeOf(host),
      // Numbers stand in the middle of their places: the first and the last reach beyond the ends.
      padding: start.xAxis ? [2, 1.8 * em, 0, em / 2] : [2, 0, 1, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: () => [spec.xRange[0], spec.xRange[1]] },
        y: {
          distr: start.isLog ? 4 : 1,
          asinh: LINEAR_BELOW,
          range: (_, __, max) => [0, Math.max(1e-9, max)],
        },
      },
      axes: [
        {
          show: start.xAxis !== undefined,
          size: axisHeight,
          gap: 2,
          font: `${fontSize} ${fontFamily}`,
          stroke: colour('--text-dim'),
          grid: { show: false },
          ticks: { show: false },
          splits: () => [...(spec.xAxis?.ticks ?? [])],
          values: (_, splits) => splits.map((x) => spec.xAxis?.text(x) ?? ''),
        },
        { show: false },
      ],
      series: [
        {},
        ...start.series.map((series, index) => ({
          label: series.label,
          ...pathsOf(series, index),
          points: { show: false },
          width: 0,
          fill: colour(series.colour),
        })),
      ],
      hooks: {
        draw: [(drawn) => drawMarks(drawn, spec.marks ?? [], colour('--accent'))],
        setCursor: [(drawn) => onPoint(drawn.cursor.idx ?? null)],
      },
    },
    dataOf(spec),
    host,
  );
  const observer = new ResizeObserver(() => plot.setSize(sizeOf(host)));
  observer.observe(host);
  return {
    update: (next) => {
      spec = next;
      plot.setData(dataOf(next));
    },
    dispose: () => {
      observer.disconnect();
      plot.destroy();
    },
  };
}

function sizeOf({ clientWidth, clientHeight }: HTMLElement): { width: number; height: number } {
  return { width: Math.max(1, clientWidth), height: Math.max(1, clientHeight) };
}

function dataOf({ x, series }: PlotSpec): uPlot.AlignedData {
  return [[...x], ...series.map(({ values }) => [...values])];
}

function drawMarks(plot: uPlot, marks: readonly number[], stroke: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = 1.5 * uPlot.pxRatio;
  for (const mark of marks) {
    const x = plot.valToPos(mark, 'x', true);
    if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
