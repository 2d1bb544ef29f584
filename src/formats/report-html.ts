import { editName } from '../core/edits/edit.ts';
import type { EditList } from '../core/edits/edit.ts';
import { applyAffine } from '../core/geometry/affine2.ts';
import { affineFromPose } from '../core/geometry/pose2.ts';
import { residualRms } from '../core/geometry/rigid-fit.ts';
import type { PairResult } from '../core/matching/link.ts';
import { outlineOf } from '../core/mosaic/build-mosaic.ts';
import type { Mosaic } from '../core/mosaic/mosaic.ts';
import { tileId } from '../core/tiles/tile.ts';
import { softwareName } from './software.ts';
import type { Solution } from './solution-json.ts';

/** What a report tells. */
export interface ReportSubject {
  readonly solution: Solution;
  readonly pairs: readonly PairResult[];
  readonly mosaic: Mosaic;
  readonly corrections: EditList;
}

/** One pair as the report has it: the error of its matches where the layout put the tiles and at the solution, px. */
export interface ReportLink {
  readonly a: string;
  readonly b: string;
  readonly state: string;
  readonly reason: string;
  readonly matches: number;
  readonly inliers: number;
  readonly beforePx: number | null;
  readonly afterPx: number | null;
}

/** The report as data: what report.json holds. */
export function reportData({ solution, pairs, mosaic, corrections }: ReportSubject) {
  const resultOf = new Map(pairs.map((result) => [`${result.pair.a}\n${result.pair.b}`, result]));
  const links = solution.links.map((link): ReportLink => {
    const result = resultOf.get(`${link.a}\n${link.b}`);
    return {
      a: link.a,
      b: link.b,
      state: link.state,
      reason: [link.reason, link.detail].filter(Boolean).join(': '),
      matches: link.matches,
      inliers: link.inliers,
      beforePx: result?.kind === 'link' ? residualRms(result.moments, affineFromPose(result.pair.aFromB)) : null,
      afterPx: link.residualPx,
    };
  });
  const tiles = solution.tiles.map(({ file, state, reason, sigmaPx, gain, offset }) => ({
    file,
    state,
    reason: reason ?? '',
    sigmaPx,
    gain,
    offset,
  }));
  return {
    software: softwareName,
    device: solution.device,
    model: solution.model,
    width: mosaic.bounds.width,
    height: mosaic.bounds.height,
    pixelSizeNm: mosaic.pixelSizeNm,
    tiles,
    links: [...links].sort((p, q) => (q.afterPx ?? -1) - (p.afterPx ?? -1)),
    corrections: corrections.map(({ isOn, edit }) => ({ name: editName(edit), isOn, edit })),
    options: solution.options,
  };
}

/** One self-contained, printable page that opens without a network: no script, no foreign address, every text escaped. */
export function reportHtml(subject: ReportSubject): string {
  const data = reportData(subject);
  const counts = ['solved', 'prior', 'unplaced'].map(
    (state) => `${data.tiles.filter((tile) => tile.state === state).length} ${state}`,
  );
  const used = data.links.filter(({ state }) => state === 'link');
  const open = data.tiles.filter(({ state }) => state !== 'solved');
  const facts = [
    [
      'Mosaic',
      `${data.width} × ${data.height} px${data.pixelSizeNm === null ? '' : `, ${data.pixelSizeNm} nm a pixel`}`,
    ],
    ['Tiles', counts.join(', ')],
    ['Links', `${used.length} of ${data.links.length} pairs`],
    [
      'Error of the links',
      `${mean(used.map((l) => l.beforePx))} px at the layout → ${mean(used.map((l) => l.afterPx))} px`,
    ],
    ['Model and device', `${data.model ?? 'no network'}; ${data.device}`],
    ['Software', data.software],
  ];
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Stitching report</title>',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<style>${style}</style></head><body><h1>Stitching report</h1>`,
    `<dl>${facts.map(([name, value]) => `<dt>${text(name)}</dt><dd>${text(value)}</dd>`).join('')}</dl>`,
    `<h2>Mosaic and links</h2>${linkGraph(subject, data.links)}`,
    '<p>Lines are links, from blue (below 0.75 px) over grey to orange (above 3.5 px); dashed outlines are tiles that no link holds.</p>',
    table(
      'Pairs, the worst first',
      ['Tile a', 'Tile b', 'State', 'Matches', 'Inliers', 'At the layout, px', 'Solved, px', 'Reason'],
      data.links.map((l) => [l.a, l.b, l.state, l.matches, l.inliers, px(l.beforePx), px(l.afterPx), l.reason]),
    ),
    table(
      'Tiles that no link holds',
      ['Tile', 'State', 'Reason'],
      open.map((t) => [t.file, t.state, t.reason]),
    ),
    table(
      'Corrections by hand',
      ['Correction', 'On'],
      data.corrections.map((c) => [c.name, c.isOn ? 'yes' : 'no']),
    ),
    table(
      'All tiles',
      ['Tile', 'State', '± px', 'Gain', 'Offset'],
      data.tiles.map((t) => [t.file, t.state, px(t.sigmaPx), t.gain.toFixed(3), t.offset.toFixed(1)]),
    ),
    `<h2>Options</h2><pre>${text(JSON.stringify(data.options, null, 1))}</pre></body></html>\n`,
  ].join('\n');
}

const style =
  'body{font:14px/1.45 system-ui,sans-serif;max-width:1100px;margin:24px auto;padding:0 16px;color:#16191c}' +
  'dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px}dt{color:#545b62}dd{margin:0}' +
  'table{border-collapse:collapse;width:100%}th,td{padding:3px 8px;border-bottom:1px solid #d4d8dc;text-align:left;' +
  'overflow-wrap:anywhere}svg{max-width:100%;height:auto;border:1px solid #d4d8dc}' +
  '@media print{body{margin:0}tr,svg{break-inside:avoid}}';

/** The outlines of the tiles and a line for every link, as a picture that scales. */
function linkGraph({ mosaic }: ReportSubject, links: readonly ReportLink[]): string {
  const { bounds, placements } = mosaic;
  const width = Math.max(bounds.width, bounds.height) / 500;
  const centre = new Map(
    placements.map(({ tile, size, mosaicFromTile }) => [
      tile,
      applyAffine(mosaicFromTile, (size.width - 1) / 2, (size.height - 1) / 2),
    ]),
  );
  const outlines = placements.map((placement) => {
    const points = hull(outlineOf({ size: placement.size, mosaicFromTile: placement.mosaicFromTile }));
    const dash = placement.state === 'solved' ? '' : ` stroke-dasharray="${4 * width}"`;
    return `<polygon points="${points}" fill="none" stroke="#9aa3ab" stroke-width="${width}"${dash}><title>${text(placement.tile)}</title></polygon>`;
  });
  const lines = links.flatMap((link) => {
    const [p, q] = [centre.get(tileId(link.a)), centre.get(tileId(link.b))];
    if (link.state !== 'link' || !p || !q) return [];
    return [
      `<line x1="${p.x}" y1="${p.y}" x2="${q.x}" y2="${q.y}" stroke="${colourOf(link.afterPx)}" stroke-width="${3 * width}"><title>${text(`${link.a} – ${link.b}: ${px(link.afterPx)} px`)}</title></line>`,
    ];
  });
  const box = `${bounds.x} ${bounds.y} ${bounds.width} ${bounds.height}`;
  return `<svg viewBox="${box}" width="1000" role="img" aria-label="Tiles and links">${outlines.join('')}${lines.join('')}</svg>`;
}

/** The four corners of a rigid outline in the order in which they are drawn. */
function hull(corners: readonly { readonly x: number; readonly y: number }[]): string {
  const [topLeft, topRight, bottomLeft, bottomRight] = corners;
  return [topLeft, topRight, bottomRight, bottomLeft].map(({ x, y }) => `${x},${y}`).join(' ');
}

/** The steps of the app's scale of quality. */
function colourOf(residualPx: number | null): string {
  const step = [0.75, 1.5, 2.5, 3.5].findIndex((limit) => residualPx !== null && residualPx <= limit);
  return ['#4393e5', '#8fc1ea', '#a6adb4', '#fdb863'][step] ?? '#e66101';
}

function table(title: string, heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  if (rows.length === 0) return `<h2>${text(title)}</h2><p>None.</p>`;
  const head = heads.map((each) => `<th scope="col">${text(each)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${text(String(cell))}</td>`).join('')}</tr>`);
  return `<h2>${text(title)}</h2><table><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table>`;
}

function px(value: number | null): string {
  return value === null || !Number.isFinite(value) ? '–' : value.toFixed(2);
}

function mean(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? '–' : (known.reduce((sum, value) => sum + value, 0) / known.length).toFixed(2);
}

function text(value: string): string {
  return value.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
