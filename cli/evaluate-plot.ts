/** One curve; points in order of x. `low` and `high` are drawn as a bar where given. */
export interface PlotSeries {
  readonly label: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly low?: number; readonly high?: number }[];
  /** Draw points and bars only where there are few; a bare line otherwise. */
  readonly hasMarkers: boolean;
}

export interface Axis {
  readonly label: string;
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  readonly isLogarithmic?: boolean;
  readonly format?: (value: number) => string;
}

export interface Plot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly PlotSeries[];
  /** Draws y = x, for reliability. */
  readonly hasDiagonal?: boolean;
}

/** Okabe and Ito's colours: told apart with any colour vision, also in print; dashes tell them apart without colour. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];
const dashes = ['', '7 3', '2 3', '9 3 2 3', '4 2', '12 4', '1 2'];
const size = { width: 640, height: 400 };
const frame = { left: 64, top: 40, right: 170, bottom: 56 };

/** A plot as a self-contained SVG picture of 640 × 400 px on white. */
export function svgPlot(plot: Plot): string {
  const { x, y, series } = plot;
  const [left, bottom] = [frame.left, size.height - frame.bottom];
  const [width, height] = [size.width - frame.left - frame.right, size.height - frame.top - frame.bottom];
  const toX = (value: number) => left + width * place(x, value);
  const toY = (value: number) => bottom - height * place(y, value);
  const parts = [
    `<rect width="${size.width}" height="${size.height}" fill="#fff"/>`,
    text(left, 24, plot.title, 'start', 'font-size="14" font-weight="600"'),
    ...x.ticks.map(
      (tick) =>
        line(toX(tick), bottom, toX(tick), frame.top, '#e3e3e3') +
        text(toX(tick), bottom + 18, (x.format ?? String)(tick), 'middle'),
    ),
    ...y.ticks.map(
      (tick) =>
        line(left, toY(tick), left + width, toY(tick), '#e3e3e3') +
        text(left - 8, toY(tick) + 4, (y.format ?? String)(tick), 'end'),
    ),
    `<path d="M${left} ${frame.top}V${bottom}H${left + width}" fill="none" stroke="#333"/>`,
    text(left + width / 2, size.height - 14, x.label, 'middle'),
    `<g transform="rotate(-90 16 ${frame.top + height / 2})">${text(16, frame.top + height / 2, y.label, 'middle')}</g>`,
  ];
  if (plot.hasDiagonal) parts.push(line(toX(x.from), toY(y.from), toX(x.to), toY(y.to), '#999'));
  for (const [k, each] of series.entries())
    parts.push(curve(each, k, toX, toY), legend(each.label, k, left + width + 14));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12" fill="#222" role="img" aria-label="${escaped(plot.title)}">`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function place({ from, to, isLogarithmic }: Axis, value: number): number {
  const clamped = Math.min(Math.max(value, from), to);
  return isLogarithmic ? Math.log(clamped / from) / Math.log(to / from) : (clamped - from) / (to - from);
}

function curve(
  { points, hasMarkers }: PlotSeries,
  k: number,
  toX: (value: number) => number,
  toY: (value: number) => number,
): string {
  const colour = colours[k % colours.length];
  const finite = points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  if (finite.length === 0) return '';
  const path = finite.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${px(toX(x))} ${px(toY(y))}`).join('');
  const dash = dashes[k % dashes.length];
  const stroke = `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"${dash ? ` stroke-dasharray="${dash}"` : ''}/>`;
  if (!hasMarkers) return stroke;
  // bars of neighbouring curves stand side by side
  const shift = 2.5 * (k - 1.5);
  const marks = finite.map(({ x, y, low, high }) => {
    const bar =
      low !== undefined && high !== undefined ? line(toX(x) + shift, toY(low), toX(x) + shift, toY(high), colour) : '';
    return `${bar}<circle cx="${px(toX(x) + shift)}" cy="${px(toY(y))}" r="3" fill="${colour}"/>`;
  });
  return stroke + marks.join('');
}

function legend(label: string, k: number, x: number): string {
  const y = frame.top + 10 + 20 * k;
  const dash = dashes[k % dashes.length];
  const sample = `<path d="M${x} ${y}h24" stroke="${colours[k % colours.length]}" stroke-width="2"${dash ? ` stroke-dasharray="${dash}"` : ''}/>`;
  return sample + text(x + 30, y + 4, label, 'start');
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string): string {
  return `<path d="M${px(x1)} ${px(y1)}L${px(x2)} ${px(y2)}" stroke="${stroke}"/>`;
}

function text(x: number, y: number, content: string, anchor: string, more = ''): string {
  return `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}"${more ? ` ${more}` : ''}>${escaped(content)}</text>`;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}
