import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { EvaluationChoice } from '../src/core/evaluation/evaluate-grid.ts';
import type { RunContext } from '../src/core/progress.ts';
import { CommandError, numberIn, textOf } from './arguments.ts';
import { parseArgs } from 'node:util';
import { cacheKey, codeHash, openEvaluationCache } from './evaluate-cache.ts';
import {
  mergeEvaluations,
  readEvaluation,
  type EvaluatedMatcher,
  type EvaluationFile,
  type EvaluationRow,
} from './evaluate-file.ts';
import { parseMatchers, type MatcherSpec } from './evaluate-matchers.ts';
import { gridPool, type GridPool } from './evaluate-pool.ts';
import { evaluateRealGrid, openRealGrid, type RealGridRecord } from './evaluate-real-grid.ts';
import { writeReport } from './evaluate-report.ts';
import { summariseEvaluation } from './evaluate-summary.ts';
import { readTruthFolder, type TruthFolder, type TruthGrid } from './evaluate-truth.ts';
import { loadMatcher } from './matcher.ts';
import { terminalContext } from './terminal.ts';

const spec = {
  matchers: { type: 'string' },
  json: { type: 'string' },
  markdown: { type: 'string' },
  cache: { type: 'string' },
  limit: { type: 'string' },
  mosaics: { type: 'string' },
  sources: { type: 'string', multiple: true },
  jobs: { type: 'string' },
  from: { type: 'string', multiple: true },
  'no-solve': { type: 'boolean' },
  'no-align': { type: 'boolean' },
  'any-code': { type: 'boolean' },
} as const;

const defaultMatchers = 'sift,loftr:pretrained,loftr:finetuned,phase-correlation';
/** Grids a set whose mosaics are composed and compared, evenly spread: a comparison costs as much as matching. */
const defaultMosaics = 24;

/** Files that results depend on, with all that they import. */
const commonCode = 'cli/evaluate-folder-grid.ts';
const matcherCode: Readonly<Record<MatcherSpec['id'], readonly string[]>> = {
  loftr: ['src/matchers/loftr/loftr.ts', 'cli/ort-session.ts'],
  sift: ['src/matchers/sift/sift-matcher.ts'],
  'phase-correlation': ['src/matchers/phase-correlation/phase-correlation-matcher.ts'],
};

interface Plan {
  readonly matchers: readonly MatcherSpec[];
  readonly cache: string;
  /** Most pairs of a set. */
  readonly limit: number;
  readonly mosaics: number;
  /** Folders with the pictures that tiles were cut from. */
  readonly sources: readonly string[];
  readonly jobs: number;
  readonly solve: boolean;
  readonly align: boolean;
  readonly anyCode: boolean;
}

export const evaluateCommand = {
  summary: 'measures matchers on synthesized sets and real grids: every metric with its interval, tables and plots',
  usage:
    'evaluate DIR… --json FILE [--matchers sift,loftr:pretrained,loftr:finetuned,loftr:FOLDER,phase-correlation] ' +
    '[--markdown docs/evaluation.md] [--limit PAIRS] [--mosaics GRIDS] [--sources FOLDER]… [--jobs N] [--no-solve] [--no-align] ' +
    '[--cache out/evaluation] [--any-code]   or   evaluate --from FILE… --markdown docs/evaluation.md',
  async run(args: readonly string[], signal: AbortSignal): Promise<void> {
    const { folders, files, given } = parse(args);
    const [json, markdown] = [textOf(given.json), textOf(given.markdown)];
    if (!json && !markdown) throw new CommandError('--json or --markdown is missing: nothing would be written');
    const earlier = await Promise.all(files.map((path) => readEvaluation(path)));
    if (folders.length === 0 && earlier.length === 0) throw new CommandError('no DIR and no --from is given');
    const command = `npm run --silent cli -- evaluate ${args.map(quoted).join(' ')}`;
    const measured =
      folders.length > 0 ? [await measure(folders, planOf(given), command, terminalContext(signal))] : [];
    const evaluation = mergeEvaluations([...earlier, ...measured]);
    if (json) await writeJson(json, evaluation);
    if (markdown) await writeReport(markdown, evaluation);
  },
};

/** Folders to measure, files of earlier evaluations (a shell puts all that match `--from x*.json` behind it), options. */
function parse(args: readonly string[]) {
  try {
    const { positionals, values } = parseArgs({ args: [...args], options: spec, allowPositionals: true, strict: true });
    const isFile = (path: string) => path.endsWith('.json');
    return {
      folders: positionals.filter((path) => !isFile(path)),
      files: [...(values.from ?? []), ...positionals.filter(isFile)],
      given: values,
    };
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  }
}

type Given = ReturnType<typeof parse>['given'];

function planOf(given: Given): Plan {
  return {
    matchers: parseMatchers(textOf(given.matchers) ?? defaultMatchers),
    cache: textOf(given.cache) ?? 'out/evaluation',
    limit: numberIn('--limit', given.limit, 1, 1e9) ?? Infinity,
    mosaics: numberIn('--mosaics', given.mosaics, 0, 1e9) ?? defaultMosaics,
    sources: given.sources ?? [],
    jobs: Math.round(numberIn('--jobs', given.jobs, 1, 4 * availableParallelism()) ?? 1),
    solve: !given['no-solve'],
    align: !given['no-align'],
    anyCode: given['any-code'] ?? false,
  };
}

function quoted(argument: string): string {
  return /^[\w.,:/=-]+$/.test(argument) ? argument : `'${argument}'`;
}

async function measure(
  folders: readonly string[],
  plan: Plan,
  command: string,
  context: RunContext,
): Promise<EvaluationFile> {
  const matchers = await describeMatchers(plan.matchers);
  const pool = gridPool(plan.jobs, context);
  const sets: TruthFolder[] = [];
  const rows: EvaluationRow[] = [];
  const realGrids: EvaluationFile['realGrids'][number][] = [];
  try {
    for (const folder of folders) {
      const truth = await readTruthFolder(folder);
      if (truth) sets.push(truth);
      for (const [k, matcher] of plan.matchers.entries()) {
        const sha256 = matchers[k].modelSha256;
        if (truth) rows.push(...(await measureSet(truth, matcher, sha256, plan, pool, context)));
        else realGrids.push(await measureRealGrid(folder, matcher, sha256, plan, context));
      }
    }
  } finally {
    await pool.close();
  }
  const named = sets.map(({ name, preset, sha256, grids }) => ({
    name,
    preset,
    truthSha256: sha256,
    grids: grids.length,
  }));
  const machine = `${cpus()[0].model.trim()}, ${availableParallelism()} threads, ${plan.jobs} at work, Node ${process.versions.node}`;
  return {
    version: 1,
    date: new Date().toISOString().slice(0, 10),
    command,
    machine,
    matchers,
    sets: named,
    rows,
    realGrids,
  };
}

/** Loads every matcher once, before anything is measured: an absent bundle ends the run here. */
async function describeMatchers(specs: readonly MatcherSpec[]): Promise<readonly EvaluatedMatcher[]> {
  const described: EvaluatedMatcher[] = [];
  for (const { label, id, bundle } of specs) {
    const { matcher, model, modelSha256, device } = await loadMatcher(id, bundle);
    await matcher.dispose();
    described.push({ label, model, modelSha256, device });
  }
  return described;
}

async function measureSet(
  set: TruthFolder,
  matcher: MatcherSpec,
  modelSha256: string | null,
  plan: Plan,
  pool: GridPool,
  context: RunContext,
): Promise<readonly EvaluationRow[]> {
  const grids = limited(set.grids, plan.limit);
  const cache = await openEvaluationCache<EvaluationRow['record']>(
    join(plan.cache, `${set.name}-${matcher.label.replace(/[^\w.-]+/g, '_')}.jsonl`),
    codeHash(commonCode, ...matcherCode[matcher.id]),
    plan.anyCode,
  );
  const report = progressOf(`${set.name}, ${matcher.label}`, grids.length);
  const rows = new Array<EvaluationRow>(grids.length);
  let next = 0;
  const drain = async () => {
    while (next < grids.length) {
      const index = next++;
      const grid = grids[index];
      context.signal.throwIfAborted();
      const choice = choiceFor(index, grids, plan);
      const source = choice.mosaics ? findSource(set.folder, grid, plan.sources) : null;
      const key = cacheKey(set.sha256, grid.name, matcher.id, modelSha256, choice, source !== null);
      const known = cache.get(key);
      const record = known ?? (await pool.run({ folder: set.folder, grid, matcher, choice, source }));
      if (!known) await cache.keep(key, record);
      const { isProcedural, hasOverlap, disjoint } = grid;
      const about = { set: set.name, matcher: matcher.label, grid: grid.name, source: grid.source, isProcedural };
      rows[index] = { ...about, hasOverlap, disjoint, record };
      report(known !== undefined);
    }
  };
  await Promise.all(Array.from({ length: pool.places }, drain));
  return rows;
}

/** The picture that a grid was cut from: kept by `synthesize --keep-sources`, or a file of its name in `--sources`. */
function findSource(folder: string, { name, source }: TruthGrid, folders: readonly string[]): string | null {
  const candidates = [join(folder, 'sources', `${name}.tif`), ...folders.map((each) => join(each, source))];
  return candidates.find((path) => existsSync(path)) ?? null;
}

/** The first grids that hold `limit` pairs. */
function limited(grids: readonly TruthGrid[], limit: number): readonly TruthGrid[] {
  let pairs = 0;
  return grids.filter(({ rows, columns }) => {
    const isIn = pairs < limit;
    pairs += rows * (columns - 1) + columns * (rows - 1);
    return isIn;
  });
}

/** Mosaics are composed of every n-th grid, and its floor measured; of a pair the floor is cheap. */
function choiceFor(index: number, grids: readonly TruthGrid[], { align, solve, mosaics }: Plan): EvaluationChoice {
  const step = mosaics > 0 ? Math.max(1, Math.floor(grids.length / mosaics)) : Infinity;
  const isChosen = index % step === 0 && index / step < mosaics;
  return { align, solve, mosaics: solve && isChosen, floor: isChosen || grids[index].tiles.length === 2 };
}

async function measureRealGrid(
  folder: string,
  matcher: MatcherSpec,
  modelSha256: string | null,
  plan: Plan,
  context: RunContext,
): Promise<EvaluationFile['realGrids'][number]> {
  const name = basename(resolve(folder));
  const grid = await openRealGrid(folder, { ...context, onProgress: () => undefined });
  const cache = await openEvaluationCache<RealGridRecord>(
    join(plan.cache, `${name}-${matcher.label.replace(/[^\w.-]+/g, '_')}.jsonl`),
    codeHash('cli/evaluate-real-grid.ts', ...matcherCode[matcher.id]),
    plan.anyCode,
  );
  const key = cacheKey(grid.identity, matcher.id, modelSha256);
  const known = cache.get(key);
  if (known) return { name, matcher: matcher.label, record: known };
  process.stderr.write(`${name}, ${matcher.label}\n`);
  const loaded = await loadMatcher(matcher.id, matcher.bundle);
  const record = await evaluateRealGrid(grid, loaded.matcher, context);
  await loaded.matcher.dispose();
  await cache.keep(key, record);
  return { name, matcher: matcher.label, record };
}

/** Writes how far a set is, at most every two seconds; `isKnown` grids came from the cache. */
function progressOf(what: string, total: number): (isKnown: boolean) => void {
  const start = performance.now();
  let [done, measured, last] = [0, 0, -Infinity];
  return (isKnown) => {
    done++;
    if (!isKnown) measured++;
    const now = performance.now();
    if (now - last < 2000 && done < total) return;
    last = now;
    const left = measured > 0 ? `, ${Math.ceil((((now - start) / measured) * (total - done)) / 1000)} s left` : '';
    process.stderr.write(`${what}: ${done}/${total} grids${done < total ? left : ''}\n`);
  };
}

async function writeJson(path: string, evaluation: EvaluationFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify({ ...evaluation, summary: summariseEvaluation(evaluation) }));
}
