import { editName } from '../core/edits/edit.ts';
import type { EditList } from '../core/edits/edit.ts';
import { applyAffine } from '../core/geometry/affine2.ts';
import { affineFromPose } from '../core/geometry/pose2.ts';
import { linkLoops, type LinkLoop } from '../core/graph/link-loops.ts';
import { residualRms } from '../core/matching/moment-fit.ts';
import type { PairResult } from '../core/matching/link.ts';
import { outlineOf } from '../core/mosaic/build-mosaic.ts';
import type { Mosaic } from '../core/mosaic/mosaic.ts';
import { pairKey, tileId, type TileId } from '../core/tiles/tile.ts';
import { softwareName } from './software.ts';
import type { Solution } from './solution-json.ts';

/** What a report tells. */
export interface ReportSubject {
  readonly solution: Solution;
  readonly pairs: readonly PairResult[];
  readonly mosaic: Mosaic;
  readonly corrections: EditList;
  /** What only pixels tell; absent where they are not at hand. */
  readonly evidence?: ReportEvidence;
}

/** What is seen in the pixels, as the app's raster thread finds it. */
export interface ReportEvidence {
  /** The mosaic as a small picture, a data: address. */
  readonly overview: string | null;
  /** Correlation of what two tiles show of their overlap, by pair key: where the layout put them and as solved. */
  readonly ncc: ReadonlyMap<string, { readonly before: number | null; readonly after: number | null }>;
  /** The worst seams as pictures, the worst first. */
  readonly seams: readonly ReportSeam[];
  /** The files and who they are (`fileIdentity`). */
  readonly files: readonly { readonly path: string; readonly identity: string }[];
}

/** One overlap in two colours, grey where the tiles agree, and by itself: data: addresses. */
export interface ReportSeam {
  readonly pairKey: string;
  readonly before: string;
  readonly after: string;
  readonly a: string;
  readonly b: string;
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
  /** Correlation of the overlap; null where nobody looked. */
  readonly beforeNcc: number | null;
  readonly afterNcc: number | null;
}

/** Loops of three and four links: what the links found say of one another, and those that the solution uses. */
export interface ReportLoops {
  readonly found: LoopSummary;
  readonly used: LoopSummary;
  /** The loops of the links found that close worst. */
  readonly worst: readonly {
    readonly tiles: readonly string[];
    readonly closurePx: number;
    readonly isUsed: boolean;
  }[];
}

/** How far loops miss closing, px. */
export interface LoopSummary {
  readonly count: number;
  readonly medianPx: number | null;
  readonly worstPx: number | null;
}

/** The report as data: what report.json holds. */
export function reportData(subject: ReportSubject) {
  const { solution, pairs, mosaic, corrections, evidence } = subject;
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
      beforeNcc: evidence?.ncc.get(keyOf(link))?.before ?? null,
      afterNcc: evidence?.ncc.get(keyOf(link))?.after ?? null,
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
    loops: loopsOf(subject),
    files: evidence?.files ?? [],
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
    ['Loops of links', `${loopText(data.loops.found)} → of those used ${loopText(data.loops.used)}`],
    [
      'Correlation of the overlaps',
      `${mean(used.map((l) => l.beforeNcc))} at the layout → ${mean(used.map((l) => l.afterNcc))}`,
    ],
    ['Model and device', `${data.model ?? 'no network'}; ${data.device}`],
    ['Software', data.software],
  ];
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Stitching report</title>',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`,
    `<style>${style}</style></head><body><main><h1>Stitching report</h1>`,
    `<dl>${facts.map(([name, value]) => `<dt>${text(name)}</dt><dd>${text(value)}</dd>`).join('')}</dl>`,
    `<h2>Mosaic and links</h2>${linkGraph(subject, data.links)}`,
    '<p>Lines are links, from blue (below 0.75 px) over grey to orange (above 3.5 px); dashed outlines are tiles that no link holds.</p>',
    seamPictures(subject, data.links),
    table(
      'Pairs, the worst first',
      [
        'Tile a',
        'Tile b',
        'State',
        'Matches',
        'Inliers',
        'At the layout, px',
        'Solved, px',
        'NCC before',
        'NCC',
        'Reason',
      ],
      data.links.map((l) => [
        ...[l.a, l.b, l.state, l.matches, l.inliers, px(l.beforePx), px(l.afterPx)],
        ...[px(l.beforeNcc), px(l.afterNcc), l.reason],
      ]),
    ),
    table(
      'Loops that close worst',
      ['Tiles', 'Misses by, px', 'All links used'],
      data.loops.worst.map((l) => [l.tiles.join(' → '), px(l.closurePx), l.isUsed ? 'yes' : 'no']),
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
    table(
      'Files (size and SHA-256 of the first and last 64 KiB)',
      ['File', 'Identity'],
      data.files.map((f) => [f.path, f.identity]),
    ),
    `<h2>Options</h2><pre>${text(JSON.stringify(data.options, null, 1))}</pre></main></body></html>\n`,
  ].join('\n');
}

const style =
  'body{font:14px/1.45 system-ui,sans-serif;max-width:1100px;margin:24px auto;padding:0 16px;color:#16191c}' +
  'dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px}dt{color:#545b62}dd{margin:0}' +
  'table{border-collapse:collapse;width:100%}th,td{padding:3px 8px;border-bottom:1px solid #d4d8dc;text-align:left;' +
  'overflow-wrap:anywhere}tbody th{font-weight:400}svg{max-width:100%;height:auto;border:1px solid #d4d8dc}' +
  '.seam{break-inside:avoid}.seam h3{font-size:14px;margin:16px 0 4px}.seam div{display:flex;flex-wrap:wrap;gap:8px}' +
  'figure{margin:0;max-width:100%}img{display:block;max-width:100%;max-height:300px}figcaption{font-size:12px;color:#545b62}' +
  '@media print{body{margin:0}tr,svg{break-inside:avoid}}';

/** Loops of what was measured: what pairs say of one another before any solution. */
function loopsOf({ solution, pairs, mosaic }: ReportSubject): ReportLoops {
  const measured = pairs.flatMap((result) => (result.kind === 'link' ? [result] : []));
  const used = new Set(solution.links.filter(({ state }) => state === 'link').map(keyOf));
  const links = measured.map(({ pair, aFromB }) => ({ a: pair.a, b: pair.b, aFromB }));
  const sizes = new Map(mosaic.placements.map(({ tile, size }) => [tile, size]));
  const sizeOf = (tile: TileId) => sizes.get(tile) ?? { width: 1, height: 1 };
  const found = linkLoops(links, sizeOf);
  const kept = linkLoops(
    links.filter((link) => used.has(keyOf(link))),
    sizeOf,
  );
  const isUsed = (tiles: readonly string[]) =>
    tiles.every((tile, k) => {
      const next = tiles[(k + 1) % tiles.length];
      return used.has(keyOf({ a: tile, b: next })) || used.has(keyOf({ a: next, b: tile }));
    });
  return {
    found: summaryOf(found),
    used: summaryOf(kept),
    worst: found.slice(0, worstLoops).map(({ tiles, closurePx }) => ({ tiles, closurePx, isUsed: isUsed(tiles) })),
  };
}

const worstLoops = 10;

/** Loops come the worst first. */
function summaryOf(loops: readonly LinkLoop[]): LoopSummary {
  const middle = loops.at(Math.floor(loops.length / 2));
  return { count: loops.length, medianPx: middle?.closurePx ?? null, worstPx: loops.at(0)?.closurePx ?? null };
}

function loopText({ count, medianPx, worstPx }: LoopSummary): string {
  return count === 0 ? 'none' : `${count}, half close to ${px(medianPx)} px, all to ${px(worstPx)} px`;
}

function keyOf({ a, b }: { readonly a: string; readonly b: string }): string {
  return pairKey({ a: tileId(a), b: tileId(b) });
}

/** The worst seams: each overlap before and after, and what either tile shows there. */
function seamPictures({ evidence }: ReportSubject, links: readonly ReportLink[]): string {
  if (!evidence || evidence.seams.length === 0) return '';
  const figures = evidence.seams.map((seam, k) => {
    const link = links.find((one) => keyOf(one) === seam.pairKey);
    const picture = (address: string, caption: string) =>
      `<figure><img src="${text(address)}" alt="${text(caption)}"><figcaption>${text(caption)}</figcaption></figure>`;
    const title = link
      ? `${k + 1}. ${link.a} – ${link.b}: ${px(link.afterPx)} px, correlation ${px(link.beforeNcc)} → ${px(link.afterNcc)}`
      : '';
    return `<section class="seam"><h3>${text(title)}</h3><div>${[
      picture(seam.before, 'where the layout had them'),
      picture(seam.after, 'as solved'),
      picture(seam.a, link?.a ?? 'a'),
      picture(seam.b, link?.b ?? 'b'),
    ].join('')}</div></section>`;
  });
  return `<h2>The worst seams</h2><p>One tile magenta, the other green: grey where they agree.</p>${figures.join('\n')}`;
}

/** The outlines of the tiles and a line for every link, as a picture that scales. */
function linkGraph({ mosaic, evidence }: ReportSubject, links: readonly ReportLink[]): string {
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
  const picture = evidence?.overview
    ? `<image href="${text(evidence.overview)}" x="${bounds.x}" y="${bounds.y}" width="${bounds.width}" height="${bounds.height}" preserveAspectRatio="none"/>`
    : '';
  const box = `${bounds.x} ${bounds.y} ${bounds.width} ${bounds.height}`;
  return `<svg viewBox="${box}" width="1000" role="img" aria-label="${text(graphText(placements.length, links))}">${picture}${outlines.join('')}${lines.join('')}</svg>`;
}

/** The picture in words; the table of pairs has the numbers. */
function graphText(tiles: number, links: readonly ReportLink[]): string {
  const used = links.filter(({ state }) => state === 'link').length;
  return `The mosaic with the outlines of ${tiles} tiles and ${used} links; the table of pairs has their numbers`;
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
  const cellOf = (cell: string | number, column: number) =>
    column === 0 ? `<th scope="row">${text(String(cell))}</th>` : `<td>${text(String(cell))}</td>`;
  const body = rows.map((row) => `<tr>${row.map(cellOf).join('')}</tr>`);
  return `<h2>${text(title)}</h2><table aria-label="${text(title)}"><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table>`;
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
