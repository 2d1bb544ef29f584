import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Interval } from '../src/core/evaluation/bootstrap.ts';
import { metrics, reliabilityBins, type MetricDescriptor } from '../src/core/evaluation/summary.ts';
import { medianOf } from '../src/core/evaluation/statistics.ts';
import type { EvaluationFile } from './evaluate-file.ts';
import { reportPlots } from './evaluate-plots.ts';
import {
  pairsOf,
  sectionsOf,
  summariseEvaluation,
  unknown,
  type EvaluationSummary,
  type SummarisedSection,
} from './evaluate-summary.ts';

/** Writes the report, and its plots to `images/` beside it. */
export async function writeReport(path: string, evaluation: EvaluationFile): Promise<void> {
  const plots = reportPlots(evaluation);
  const images = join(dirname(path), 'images');
  await mkdir(images, { recursive: true });
  for (const { file, svg } of plots) await writeFile(join(images, file), svg);
  const pictures = plots.map(({ file, caption }) => `![${caption}](images/${file})\n\n${caption}`);
  await writeFile(path, reportText(evaluation, pictures));
}

/** The report as Markdown; `pictures` are its plots, embedded. */
export function reportText(evaluation: EvaluationFile, pictures: readonly string[]): string {
  const summary = summariseEvaluation(evaluation);
  const labels = evaluation.matchers.map(({ label }) => label);
  const parts = [
    '# Evaluation',
    'Written by `npm run --silent cli -- evaluate`; do not edit by hand. In brackets: 95 % bootstrap percentile intervals (1,000 resamples of the pairs; of the grids for grid metrics).',
    provenance(evaluation),
    definitions,
    overview(summary, labels),
    ...setDetails(summary, labels),
    contrastTable(summary),
    falseLinkTable(summary),
    reliabilityTable(evaluation, labels),
    referenceTable(summary),
    realGridTable(evaluation),
    pictures.length > 0 ? `## Plots\n\n${pictures.join('\n\n')}` : '',
    `## To repeat this\n\n\`\`\`sh\n${evaluation.command}\n\`\`\``,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function provenance({ date, machine, matchers, sets }: EvaluationFile): string {
  return [
    `${date}, ${machine}.`,
    table(
      ['matcher', 'model', 'sha256', 'runs on'],
      matchers.map(({ label, model, modelSha256, device }) => [
        label,
        model ?? '–',
        modelSha256 ? `\`${modelSha256.slice(0, 12)}\`` : '–',
        device,
      ]),
    ),
    table(
      ['set', 'preset', 'grids', 'truth.json'],
      sets.map(({ name, preset, grids, truthSha256 }) => [name, preset, grids, `\`${truthSha256.slice(0, 12)}\``]),
    ),
  ].join('\n\n');
}

const definitions = `## What is measured

Every pair goes the product's own way: strips of the *nominal* overlap and its margin (the true poses are the stage's errors and are never shown to the matcher), normalisation, matcher, verification, alignment of the overlap at full resolution, then the solve of \`stitch\` under the model that the tiles were cut with. All lengths are full-resolution px.

- *matching time*: wall time of a pair from decoded tiles to the link (crop, resize, inference, verification, alignment); median over pairs, model loaded; beside other work on the same machine. *Processor time*: the same in time of the processor, all threads added, which other work disturbs less.
- *matches*: mean over pairs of what the matcher gives above its confidence threshold. *Outlier matches*: those minus the inliers of a RANSAC at 3 px under the truth's model, taken from the matcher's own matches, before any alignment moves them.
- *inlier reprojection error*: Σ|T_gt(p_b) − p_a| over those inliers of all pairs, divided by their number; *after alignment* over the inliers of the link that the solver gets.
- *corner error*: distances of the four corners of the neighbour under the estimated and the true relative motion; *pairwise* from the link, *solved* from the poses, *from the matches alone* from the link that these give when the overlap is neither aligned at full resolution nor asked as a whole: the last tells matchers apart where the others have reached the floor. Success at t: the largest of the four is below t. Medians are of the mean of the four. A pair without a link is infinite. Where tiles are bent (\`drift\`) the true motion is the affine that is best over the true overlap.
- *AUC @ t*: all corner errors of all pairs sorted, recall over error, trapezoid from (0, 0) to t with the last recall held, divided by t.
- *link recall*: pairs whose accepted link is within 3 px at all corners (so it equals pairwise success at 3 px). *False links*: accepted links with a corner off by more than 5 px.
- *floor*: direct alignment of the same strips started at the truth: what the pixels themselves allow. On all pairs of two-tile sets, elsewhere on the subset of grids below. *Of the pairs whose floor succeeds*: without those whose pixels do not determine the corners to 3 px.
- *PSNR / SSIM*: mosaic from the estimated poses against the mosaic from the true poses, same tones in both, laid on each other at the first tile, over the union of what they cover, after one global gain and offset; *against the uncut source*, the same with the picture that the tiles were cut from, where tiles lie (noise included, so noise bounds it). Of a pair without a link the mosaic has b where the layout put it. Measured on a subset of grids, evenly spread (\`--mosaics\`, 24 a set), and on at most four pairs of each; not where tiles are bent.`;

const headline: readonly string[] = [
  'pairwise.success1',
  'pairwise.success3',
  'pairwise.median',
  'solved.success3',
  'solved.median',
  'floor.median',
  'falseLinks',
];

function overview({ sections }: EvaluationSummary, labels: readonly string[]): string {
  if (sections.length === 0) return '';
  const rows = sections.flatMap(({ set, source, pairs, matchers }) =>
    labels.flatMap((label) => {
      const summary = matchers[label];
      if (!summary) return [];
      const cells = headline.map((id) => cell(descriptor(id), summary[id]));
      return [[set, source, pairs, label, ...cells]];
    }),
  );
  const header = [
    'set',
    'source',
    'pairs',
    'matcher',
    'success at 1 px',
    'success at 3 px',
    'corner error, px',
    'success at 3 px, solved',
    'corner error, solved, px',
    'floor, px',
    'false links',
  ];
  return `## At a glance\n\n${table(header, rows)}`;
}

function setDetails({ sections }: EvaluationSummary, labels: readonly string[]): readonly string[] {
  return sections.map(({ set, source, pairs, tiles, matchers }) => {
    const present = labels.filter((label) => matchers[label]);
    const rows = metrics.flatMap((metric) => {
      const values = present.map((label) => matchers[label]?.[metric.id]);
      return values.some((value) => value) ? [[metric.label, ...values.map((value) => cell(metric, value))]] : [];
    });
    return `## ${set}, ${source} sources\n\n${tiles} tiles, ${pairs} pairs.\n\n${table(['metric', ...present], rows)}`;
  });
}

function contrastTable({ sections }: EvaluationSummary): string {
  const ids = [
    'pairwise.success1',
    'pairwise.success3',
    'pairwise.auc1',
    'pairwise.auc5',
    'pairwise.median',
    'solved.median',
    'inlierError',
    'matches',
    'outliers',
  ];
  const rows = sections.flatMap(({ set, source, contrasts }) =>
    contrasts.map(({ first, second, difference }) => [
      set,
      source,
      `${first} − ${second}`,
      ...ids.map((id) => cell(descriptor(id), difference[id], true)),
    ]),
  );
  if (rows.length === 0) return '';
  const header = ['set', 'source', 'difference', ...ids.map((id) => descriptor(id).label)];
  return `## Differences\n\nPaired bootstrap over the same pairs; an interval without 0 is a difference.\n\n${table(header, rows)}`;
}

function falseLinkTable({ falseLinks }: EvaluationSummary): string {
  if (falseLinks.length === 0) return '';
  const rows = falseLinks.map(({ set, kind, matcher, pairs, links, upperBound, rejections }) => [
    set,
    kind,
    matcher,
    pairs,
    links,
    `${(100 * upperBound).toFixed(2)} %`,
    Object.entries(rejections)
      .sort(([, p], [, q]) => q - p)
      .map(([reason, count]) => `${reason} ${count}`)
      .join(', '),
  ]);
  const header = ['set', 'pairs show', 'matcher', 'pairs', 'links', 'rate at most (95 %)', 'rejected because'];
  return `## False links where nothing overlaps\n\nThe layout calls these tiles neighbours, but they show different places (*elsewhere*), a pattern that repeats (*repetitive*) or blank resin (*resin*). The bound is Clopper and Pearson's, one-sided.\n\n${table(header, rows)}`;
}

function reliabilityTable(evaluation: EvaluationFile, labels: readonly string[]): string {
  const sections = sectionsOf(evaluation);
  const networks = labels.filter((label) => label.startsWith('loftr'));
  const bins = new Map(
    networks.map((label) => [label, reliabilityBins(sections.flatMap((section) => pairsOf(section, label)))]),
  );
  const lows = [...new Set([...bins.values()].flat().map(({ low }) => low))].sort((p, q) => p - q);
  if (lows.length === 0) return '';
  const rows = lows.map((low) => [
    `${low.toFixed(1)}–${(low + 0.1).toFixed(1)}`,
    ...networks.flatMap((label) => {
      const bin = bins.get(label)?.find((each) => each.low === low);
      return bin ? [bin.matches, cell(descriptor('recall'), bin.close)] : ['–', '–'];
    }),
  ]);
  const header = ['confidence', ...networks.flatMap((label) => [`${label}: matches`, 'within 1.5 px of the truth'])];
  return `## Reliability of the confidence\n\nThe network's own matches before alignment, all sets with overlap.\n\n${table(header, rows)}`;
}

/** The reference's published table (design/reference.md, section 2). */
const poster: readonly (readonly [string, string, string, string])[] = [
  ['matches', '694', '770', '778'],
  ['outlier matches', '5', '3', '2'],
  ['inlier reprojection error', '2.86 px', '2.90 px', '2.82 px'],
  ['corner error AUC @ 5 px', '42.70 %', '40.99 %', '46.02 %'],
  ['PSNR of pairs', '22.07', '21.88', '22.33'],
  ['PSNR of grids', '15.22', '15.23', '15.04'],
  ['SSIM of pairs', '0.68', '0.67', '0.69'],
  ['SSIM of grids', '0.22', '0.22', '0.21'],
];

function referenceTable({ sections }: EvaluationSummary): string {
  const em424 = sections.filter(({ set, reference }) => set.includes('em424') && Object.keys(reference).length > 0);
  if (em424.length === 0) return '';
  return [
    '## The reference’s numbers explained',
    'The reference system maps keypoints back from its strips with the scale factor of the *other* axis after flooring the strip to multiples of 8. Along the overlap axis that is a bias of n − 2·⌊round(n/2)⌋₈, n = round(side·overlap): 3 px for 1024-px tiles at its 30 %. Below, *our* matches under its mapping and its affine RANSAC (3 px), and the same matches and RANSAC under the right mapping, beside what its poster reports (1306 tiles, 1024², SIFT / LoFTR pre-trained / fine-tuned). Its SIFT rows are further handicapped: the confidence was inverted, and the worst 1,000 matches were kept.',
    ...em424.map((section) => referenceSection(section)),
  ].join('\n\n');
}

function referenceSection({ set, source, reference }: SummarisedSection): string {
  const labels = Object.keys(reference);
  const lines: readonly ((of: (typeof reference)[string]['correct']) => string)[] = [
    ({ matches }) => plain(matches, 0),
    ({ outliers }) => plain(outliers, 1),
    ({ inlierError }) => cell(descriptor('inlierError'), inlierError),
    ({ auc5 }) => cell(descriptor('pairwise.auc5'), auc5),
    ({ pairPsnr }) => plain(pairPsnr, 2),
    ({ gridPsnr }) => plain(gridPsnr, 2),
    ({ pairSsim }) => plain(pairSsim, 3),
    ({ gridSsim }) => plain(gridSsim, 3),
  ];
  const rows = poster.map(([name, sift, pretrained, finetuned], k) => [
    name,
    `${sift} / ${pretrained} / ${finetuned}`,
    ...labels.flatMap((label) => [lines[k](reference[label].reference), lines[k](reference[label].correct)]),
  ]);
  const header = ['', 'poster', ...labels.flatMap((label) => [`${label}, its mapping`, `${label}, right mapping`])];
  return `### ${set}, ${source} sources\n\n${table(header, rows)}`;
}

function realGridTable({ realGrids }: EvaluationFile): string {
  if (realGrids.length === 0) return '';
  const rows = realGrids.map(({ name, matcher, record }) => [
    name,
    matcher,
    `${record.links} of ${record.pairs}`,
    record.removed,
    `${record.solvedTiles} of ${record.tiles}`,
    plain(record.matchMs, 0),
    `${plain(medianOf(record.loopClosuresPx), 1)} / ${plain(Math.max(...record.loopClosuresPx), 1)} (${record.loopClosuresPx.length})`,
    `${plain(record.shiftMedianPx, 2)} / ${plain(record.shiftP90Px, 2)}`,
    plain(record.correlationMedian, 3),
    `${record.blocks - record.unmatchedBlocks} of ${record.blocks}`,
  ]);
  const header = [
    'grid',
    'matcher',
    'links',
    'removed',
    'tiles solved',
    'ms a pair, median',
    'loop closure before the solve, median / largest, px (cycles)',
    'overlap flow after the affine solve, median / p90, px',
    'NCC, median',
    'blocks that correlate',
  ];
  return `## Real grids without truth\n\nBlocks of 64 px with texture in the overlaps of solved neighbours: the shift to where the normalised cross-correlation is greatest within 8 px, and its value at the solved place.\n\n${table(header, rows)}`;
}

function descriptor(id: string): MetricDescriptor {
  const found = metrics.find((metric) => metric.id === id);
  if (!found) throw new RangeError(`no metric ${id}`);
  return found;
}

function cell({ unit }: MetricDescriptor, interval: Interval | undefined, isSigned = false): string {
  const { value, low, high } = interval ?? unknown;
  if (Number.isNaN(value) && Number.isNaN(low)) return '–';
  const format = (each: number) => formatted(each, unit, isSigned);
  const ofUnit = unit === 'share' ? ' %' : '';
  return `${format(value)}${ofUnit} (${format(low)} … ${format(high)})`;
}

function formatted(value: number, unit: MetricDescriptor['unit'], isSigned: boolean): string {
  const sign = isSigned && value > 0 ? '+' : '';
  if (Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? `${sign}∞` : '−∞';
  const digits = { ms: 0, count: 1, px: 3, share: 2, dB: 2, index: 4 }[unit];
  const shown = (unit === 'share' ? 100 * value : value).toFixed(digits).replace('-', '−');
  return sign + shown;
}

function plain(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}

function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
