import { mkdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { StitchError } from '../src/core/errors.ts';
import { seedOf } from '../src/core/random.ts';
import { synthesisPresets } from '../src/core/synthesis/presets.ts';
import { needsTexture, planSet } from '../src/core/synthesis/set-plan.ts';
import type { SetOptions, SetPlan, SourceImage } from '../src/core/synthesis/set-plan.ts';
import type { PlannedGrid } from '../src/core/synthesis/set-grid.ts';
import { truthSplits, type TruthSet } from '../src/core/synthesis/truth-set.ts';
import { inspectFiles } from '../src/formats/inspect.ts';
import { CommandError, numberIn, oneOf, textOf } from './arguments.ts';
import { fileSource, listFolder } from './node-files.ts';
import { isTileWhole, type SynthesisTask } from './synthesize-render.ts';
import { startSynthesisThreads, type SynthesisThreads } from './synthesize-threads.ts';
import { findTruthSet, truthFile, writeTruthSet } from './synthesize-truth.ts';
import { terminalContext } from './terminal.ts';

const spec = {
  out: { type: 'string' },
  preset: { type: 'string' },
  tiles: { type: 'string' },
  grids: { type: 'string' },
  seed: { type: 'string' },
  split: { type: 'string' },
  rows: { type: 'string' },
  columns: { type: 'string' },
  tile: { type: 'string' },
  overlap: { type: 'string' },
  noise: { type: 'string' },
  similarity: { type: 'boolean' },
  compress: { type: 'boolean' },
  'keep-sources': { type: 'boolean' },
  jobs: { type: 'string' },
} as const;

type Given = Readonly<Partial<Record<keyof typeof spec, string | boolean>>>;

/** Makes tiles with known truth from source images or from procedural specimens; docs/data.md describes the presets. */
export const synthesizeCommand = {
  summary: `makes tiles with known truth in OUT and OUT/truth.json; presets: ${synthesisPresets.join(', ')}`,
  usage:
    'synthesize [SOURCE…] --out OUT --preset NAME [--tiles N | --grids N] [--seed N] [--split train|validate|test|all] ' +
    '[--rows N] [--columns N] [--tile PX] [--overlap F[-F]] [--noise A[-B]] [--similarity] [--compress] ' +
    '[--keep-sources] [--jobs N]',
  async run(args: readonly string[], signal: AbortSignal): Promise<void> {
    const { sources: paths, given } = parse(args);
    const out = textOf(given.out);
    if (!out) throw new CommandError('--out is missing');
    const options = setOptions(given);
    const context = terminalContext(signal);
    const threads = startSynthesisThreads(numberIn('--jobs', given.jobs, 1, 256) ?? defaultJobs());
    try {
      const files = paths.length > 0 ? await openSources(paths, options, threads, signal, context) : [];
      const plan = planned(options, files);
      for (const note of plan.notes) process.stderr.write(`${note}\n`);
      const truth = truthOf(plan, options, files);
      const output: Output = {
        folder: out,
        compression: given.compress ? 'deflate' : 'none',
        keepsSources: given['keep-sources'] === true,
      };
      await claimFolder(out, truth);
      const unreadable = await render(plan, files, output, threads, signal);
      await writeTruthSet(out, { ...truth, grids: truth.grids.filter(({ name }) => !unreadable.has(name)) }, false);
    } finally {
      await threads.dispose();
    }
  },
};

function parse(args: readonly string[]): { readonly sources: readonly string[]; readonly given: Given } {
  try {
    const { positionals, values } = parseArgs({ args: [...args], options: spec, allowPositionals: true });
    return { sources: positionals, given: values };
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  }
}

const defaultJobs = () => Math.max(1, availableParallelism() - 1);

function setOptions(given: Given): SetOptions {
  const name = textOf(given.preset);
  if (!name) throw new CommandError(`--preset is missing; it is one of ${synthesisPresets.join(', ')}`);
  const preset = oneOf('--preset', name, synthesisPresets, 'em424');
  const whole = (option: keyof Given, low: number, high: number): number | null => {
    const value = numberIn(`--${option}`, given[option], low, high) ?? null;
    if (value !== null && !Number.isInteger(value)) throw new CommandError(`--${option} must be a whole number`);
    return value;
  };
  const options: SetOptions = {
    preset,
    seed: whole('seed', 0, 2 ** 31) ?? 424,
    grids: whole('grids', 1, 1e6),
    tiles: whole('tiles', 1, 1e7),
    split: oneOf('--split', given.split, [...truthSplits, 'all'] as const, 'all'),
    rows: whole('rows', 1, 1000),
    columns: whole('columns', 1, 1000),
    tileSide: whole('tile', 64, 8192),
    overlap: span('--overlap', given.overlap, 0.02, 0.95),
    noiseSigma: span('--noise', given.noise, 0, 200),
    similarity: given.similarity === true,
  };
  if (options.grids !== null && options.tiles !== null) throw new CommandError('give --grids or --tiles, not both');
  if (preset === 'em424' && (options.overlap || options.noiseSigma || options.similarity))
    throw new CommandError('em424 is a fixed recipe; --overlap, --noise and --similarity go with the other presets');
  if (preset !== 'em424' && (options.split === 'train' || options.split === 'validate'))
    throw new CommandError(`${preset} is for testing only and has no ${options.split} split`);
  if ((options.rows ?? 3) * (options.columns ?? 3) < 2) throw new CommandError('a grid needs at least two tiles');
  return options;
}

/** `A` or `A-B`. */
function span(option: string, value: string | boolean | undefined, low: number, high: number) {
  if (value === undefined) return null;
  const [first, last = first, ...more] = String(value).split('-');
  const [from, to] = [numberIn(option, first, low, high) ?? low, numberIn(option, last, low, high) ?? high];
  if (more.length > 0 || from > to) throw new CommandError(`${option} must be A or A-B with A ≤ B, not ${value}`);
  return [from, to] as const;
}

interface SourceFile extends SourceImage {
  readonly path: string;
}

/** Headers of all images below the given folders and files, and where they have texture if the preset asks. */
async function openSources(
  paths: readonly string[],
  options: SetOptions,
  threads: SynthesisThreads,
  signal: AbortSignal,
  context: ReturnType<typeof terminalContext>,
): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  for (const path of paths) {
    const isFolder = await stat(path).then(
      (entry) => entry.isDirectory(),
      () => null,
    );
    if (isFolder === null)
      throw new StitchError('unreadable-file', `${path} is not there; check the path.`, { file: path });
    const found = isFolder ? await listFolder(path) : [await fileSource(path, basename(path))];
    const { tiles, problems } = await inspectFiles(found, context);
    for (const { message } of problems) process.stderr.write(`left out: ${message}\n`);
    for (const { file, size } of tiles)
      files.push({ path: isFolder ? join(path, file) : path, name: basename(file), size, texture: null });
  }
  if (files.length === 0)
    throw new StitchError(
      'no-tiles',
      `${paths.join(', ')} holds no image that can be read; name a folder of TIFF, PNG, JPEG or BMP images, or none ` +
        'for procedural specimens.',
    );
  return needsTexture(options.preset) ? survey(files, threads, signal, context) : files;
}

async function survey(
  files: readonly SourceFile[],
  threads: SynthesisThreads,
  signal: AbortSignal,
  context: ReturnType<typeof terminalContext>,
): Promise<readonly SourceFile[]> {
  const surveyed: (SourceFile | null)[] = files.map(() => null);
  let done = 0;
  await threads.run(
    files.map(({ path }) => ({ kind: 'survey', path })),
    (index, outcome) => {
      if (outcome instanceof StitchError) process.stderr.write(`left out: ${outcome.message}\n`);
      else if (outcome.kind === 'survey') surveyed[index] = { ...files[index], texture: outcome.texture };
      context.onProgress({ stage: 'read', done: ++done, total: files.length, note: files[index].name });
    },
    signal,
  );
  const readable = surveyed.filter((file) => file !== null);
  if (readable.length === 0)
    throw new StitchError('no-tiles', 'None of the source images can be read; name other images.');
  return readable;
}

/** @throws StitchError `bad-options` when no source can be used */
function planned(options: SetOptions, files: readonly SourceFile[]): SetPlan {
  try {
    return planSet(options, files);
  } catch (cause) {
    if (cause instanceof RangeError) throw new StitchError('bad-options', cause.message, {}, { cause });
    throw cause;
  }
}

function truthOf(plan: SetPlan, options: SetOptions, files: readonly SourceFile[]): TruthSet {
  const { preset, seed, overlap, noiseSigma, ...rest } = options;
  const names = files.map(({ name, size }) => `${name} ${size.width}×${size.height}`).join('\n');
  return {
    version: 2,
    preset,
    seed,
    options: {
      ...rest,
      overlap: overlap && overlap.join('-'),
      noiseSigma: noiseSigma && noiseSigma.join('-'),
      sources: files.length === 0 ? 'procedural' : `${files.length} images`,
      sourcesHash: seedOf(names).toString(16),
    },
    grids: plan.grids.map(({ truth }) => truth),
  };
}

/**
 * Makes the folder, or sees that what it holds is of the same plan and may be completed.
 * @throws StitchError `write-failed` when it holds another set
 */
async function claimFolder(folder: string, truth: TruthSet): Promise<void> {
  await mkdir(folder, { recursive: true });
  const found = await findTruthSet(folder);
  const planOf = ({ preset, seed, options }: TruthSet) => JSON.stringify({ preset, seed, options });
  if (found && planOf(found) !== planOf(truth))
    throw new StitchError(
      'write-failed',
      `${join(folder, truthFile)} is of another set (${planOf(found)}); name an empty folder or remove it.`,
      { file: folder },
    );
  await writeTruthSet(folder, truth, true);
}

interface Output {
  readonly folder: string;
  readonly compression: 'deflate' | 'none';
  readonly keepsSources: boolean;
}

/** Renders what is missing; the answer names the grids whose source could not be read. */
async function render(
  plan: SetPlan,
  files: readonly SourceFile[],
  output: Output,
  threads: SynthesisThreads,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const tasks = await renderTasks(plan.grids, files, output);
  const total = tasks.reduce((sum, { tiles }) => sum + tiles.length, 0);
  const all = plan.grids.reduce((sum, { tiles }) => sum + tiles.length, 0);
  if (total < all) process.stderr.write(`${all - total} of ${all} tiles are there already\n`);
  const unreadable = new Set<string>();
  const context = terminalContext(signal);
  const start = performance.now();
  let done = 0;
  let megapixels = 0;
  await threads.run(
    tasks,
    (index, outcome) => {
      const { tiles } = tasks[index];
      if (outcome instanceof StitchError) {
        process.stderr.write(`left out: ${outcome.message}\n`);
        for (const { name } of tiles) unreadable.add(name.slice(0, name.indexOf('_t')));
      }
      done += tiles.length;
      for (const { size } of tiles) megapixels += (size.width * size.height) / 1e6;
      const rate = megapixels / ((performance.now() - start) / 1000);
      context.onProgress({ stage: 'export', done, total, note: `${rate.toFixed(1)} Mpx/s` });
    },
    signal,
  );
  return unreadable;
}

/** Tiles rendered between two reports, when they are of one source image. */
const tilesPerTask = 16;

type RenderTask = Extract<SynthesisTask, { kind: 'render' }>;

/** One task a procedural source; of an image, several grids that follow each other. */
async function renderTasks(
  grids: readonly PlannedGrid[],
  files: readonly SourceFile[],
  { folder, compression, keepsSources }: Output,
): Promise<readonly RenderTask[]> {
  const tasks: RenderTask[] = [];
  const fileOf = ({ source }: PlannedGrid) => (source.kind === 'file' ? source.file : -1);
  for (const grid of [...grids].sort((p, q) => fileOf(p) - fileOf(q))) {
    const { source, truth } = grid;
    const isThere = await Promise.all(grid.tiles.map((tile) => isTileWhole(folder, tile, compression)));
    const tiles = grid.tiles.filter((_, at) => !isThere[at]);
    if (tiles.length === 0) continue;
    const isShared = source.kind === 'file' && source.fadeTo === null;
    const last = tasks.at(-1);
    if (
      isShared &&
      last?.source.kind === 'file' &&
      last.source.file === source.file &&
      last.tiles.length < tilesPerTask
    )
      tasks[tasks.length - 1] = { ...last, tiles: [...last.tiles, ...tiles] };
    else
      tasks.push({
        kind: 'render',
        source,
        path: source.kind === 'file' ? files[source.file].path : null,
        tiles,
        folder,
        compression,
        keepSourceAs: keepsSources && !isShared ? `sources/${truth.name}.tif` : null,
      });
  }
  return tasks;
}
