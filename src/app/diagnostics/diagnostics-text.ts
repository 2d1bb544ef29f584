import { errorTable } from '../../core/error-table.ts';
import type { PairResult } from '../../core/matching/link.ts';
import type { Tile } from '../../core/tiles/tile.ts';
import type { StitchRun } from '../state/result.ts';
import type { AppState } from '../state/store.ts';
import type { Environment } from './environment.ts';
import type { EventLog } from './event-log.ts';
import { scrub } from './scrub.ts';

/** Tiles of the same kind are told in one line; of more kinds than this only the first are. */
const mostKinds = 40;

/**
 * Everything that helps to find out why something went wrong, as text to be read before it is shared: no pixels, no
 * positions of matches, no names of files, folders or persons.
 */
export function diagnosticsText(state: AppState, environment: Environment, log: EventLog): string {
  const clean = (text: string) => scrub(text, log.tokens());
  const { project, job, result } = state;
  const { edits, inspection } = project;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['This computer', Object.entries(environment).map(([name, value]) => `${name}: ${value}`)],
    [
      'Errors shown',
      job.errors.flatMap(({ code, message, causes }) => [
        `${code}: ${clean(message)}`,
        ...(causes ?? []).map((cause) => `  caused by ${clean(cause)}`),
        `  next step: ${errorTable[code].next}`,
      ]),
    ],
    ['Files', filesOf(project.tiles, inspection?.tiles ?? [])],
    ['Files left out', (inspection?.problems ?? []).map(({ code, message }) => `${code}: ${clean(message)}`)],
    ['Notes on files', tally((inspection?.notes ?? []).map(({ note }) => clean(note)))],
    [
      'Layout',
      [
        layoutLine(state),
        ...edits.layoutProblems.map(({ code, message }) => `${code}: ${clean(message)}`),
        `corrections: ${tally(edits.corrections.map(({ edit }) => edit.kind)).join(', ') || 'none'}`,
      ],
    ],
    ['Options', clean(JSON.stringify(edits.options, null, 1)).split('\n')],
    [
      'Matcher',
      [
        job.matcher ? `${job.matcher.matcher} on ${job.matcher.rung}: ${clean(job.matcher.device)}` : 'none loaded',
        modelLine(state),
      ],
    ],
    ['Result', result.run ? resultLines(result.run, clean) : ['none']],
    ['What happened', log.lines()],
  ];
  const body = sections.map(([title, lines]) => `== ${title}\n${lines.join('\n') || 'none'}`);
  return `em-stitch diagnostics\nNo pixels and no names of files, folders or persons are in here; read it before you share it.\n\n${body.join('\n\n')}\n`;
}

function filesOf(tiles: readonly Tile[], inspected: readonly Tile[]): readonly string[] {
  const kinds = tally(
    tiles.map(({ file, page, size, channels, sampleType, pixelSizeNm, stage }) =>
      [
        `${size.width} × ${size.height} ${sampleType}${channels === 3 ? ' RGB' : ''}`,
        /\.[A-Za-z0-9]{1,5}$/.exec(file)?.[0].toLowerCase() ?? 'no ending',
        pixelSizeNm === null ? 'no pixel size' : `${pixelSizeNm} nm a pixel`,
        stage ? 'with a stage position' : 'no stage position',
        page > 0 ? 'a later page' : 'first page',
      ].join(', '),
    ),
  );
  return [
    `${inspected.length} images read, ${tiles.length} to stitch`,
    ...kinds.slice(0, mostKinds),
    ...(kinds.length > mostKinds ? [`and ${kinds.length - mostKinds} kinds more`] : []),
  ];
}

function layoutLine({ project: { edits } }: AppState): string {
  const { layout, layoutChoice } = edits;
  if (!layout) return `${layoutChoice.kind}: no layout`;
  return layout.kind === 'grid'
    ? `${layoutChoice.kind}: grid of ${layout.rows} × ${layout.columns}, overlap ${layout.overlap.x.toFixed(3)} and ${layout.overlap.y.toFixed(3)}`
    : `${layoutChoice.kind}: ${layout.poses.size} free positions, σ ${layout.sigmaPx} px`;
}

function modelLine({ project: { ownModel }, job: { matcher } }: AppState): string {
  if (!matcher?.modelSha256) return 'no model';
  // The name of a bundle of the user's is the user's.
  const name = ownModel ? "the user's own model" : matcher.model;
  return `${name}, SHA-256 ${matcher.modelSha256}`;
}

function resultLines(run: StitchRun, clean: (text: string) => string): readonly string[] {
  const { pairs, report, warnings, mosaic } = run.outcome;
  const residuals = report.edges.filter(({ removed }) => !removed).map(({ residualPx }) => residualPx);
  return [
    `${run.tiles.length} tiles: ${tally([...report.state.values()]).join(', ')}; ${report.components.length} groups`,
    `${pairs.length} pairs: ${tally(pairs.map(outcomeOf)).join(', ')}; ${report.edges.filter(({ removed }) => removed).length} links removed, ${run.excluded.size} excluded`,
    `pairs of this run: ${run.matchedPairs} matched, ${run.knownPairs} known; ${(run.elapsedMs / 1000).toFixed(1)} s in all`,
    `time a pair, ms: ${quantiles(pairs.map(({ matchMs }) => matchMs))}`,
    `inliers a link: ${quantiles(pairs.flatMap((pair) => (pair.kind === 'link' ? [pair.inliers] : [])))}`,
    `residuals, px: ${quantiles(residuals)}`,
    `σ of tiles, px: ${quantiles([...report.sigmaPx.values()])}`,
    `solve: ${report.termination} after ${report.iterations} steps`,
    `mosaic: ${mosaic.bounds.width} × ${mosaic.bounds.height} px, ${mosaic.sampleType}`,
    ...warnings.map((warning) => `warning: ${clean(warning)}`),
  ];
}

function outcomeOf(pair: PairResult): string {
  return pair.kind === 'link' ? 'links' : pair.reason;
}

function quantiles(values: readonly number[]): string {
  const finite = values.filter((value) => Number.isFinite(value)).sort((p, q) => p - q);
  if (finite.length === 0) return 'none';
  const at = (fraction: number) => finite[Math.round(fraction * (finite.length - 1))].toPrecision(3);
  const wrong = values.length - finite.length;
  return `median ${at(0.5)}, 90 % below ${at(0.9)}, largest ${at(1)}${wrong > 0 ? `; ${wrong} not finite` : ''}`;
}

/** What occurs how often, most often first. */
function tally(items: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort(([, p], [, q]) => q - p).map(([item, n]) => `${n} × ${item}`);
}
