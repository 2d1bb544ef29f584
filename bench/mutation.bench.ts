import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { numberIn, parseArguments, textOf, CommandError } from '../cli/arguments.ts';
import { seededRandom, seedOf } from '../src/core/random.ts';
import { listMutants, mutableSources } from './mutation/list-mutants.ts';
import type { ListedMutant } from './mutation/list-mutants.ts';
import { scoreRooms } from './mutation/score.ts';
import type { MutantResult, RoomScore } from './mutation/score.ts';

const options = {
  share: { type: 'string' },
  seed: { type: 'string' },
  in: { type: 'string' },
  again: { type: 'string' },
  tests: { type: 'string' },
  without: { type: 'string' },
  static: { type: 'boolean' },
  out: { type: 'string' },
} as const;

/**
 * `npm run bench -- mutation [--share P] [--seed S] [--in src/core/graph] [--tests src/core/graph] [--without a,b]
 * [--again RESULTS] [--static] [--out FOLDER]`: Stryker on a random share P of the mutants of core and formats (without `--share`: on every
 * one, days on two cores), in a clone of what is committed, so that edits and mutants do not meet. `--in` keeps to the
 * mutants whose paths begin so, `--tests` to such tests (quick, but what it leaves alive others may find), `--without` leaves
 * out tests in whose paths one of its words occurs: slow ones; `--again` takes
 * the mutants that survived, or that no test reached, in the results of an earlier run; `--static` runs every test for a
 * mutant that is reached while a module is loaded or in a `beforeAll`, which Stryker lays to no test: otherwise only those
 * that reach it themselves, and none counts that only the former reach. Results are written to FOLDER/results.jsonl
 * (`out/mutation`) as they come, and counted by room at the end.
 */
export async function run(
  args: readonly string[],
  write: (line: string) => void = console.log,
): Promise<readonly RoomScore[]> {
  const { options: given } = parseArguments(args, options, []);
  const folder = resolve(textOf(given.out) ?? 'out/mutation');
  mkdirSync(folder, { recursive: true });
  const project = cloneProject(folder);
  const prefix = textOf(given.in) ?? 'src/';
  const sources = mutableSources(project).filter((path) => path.startsWith(prefix));
  if (sources.length === 0) throw new CommandError(`--in ${prefix}: no source of core or formats begins so`);
  const all = await listMutants(project, sources);
  const seed = numberIn('--seed', given.seed, 0, 2 ** 31) ?? 1;
  const share = numberIn('--share', given.share, 0, 1) ?? 1;
  const again = textOf(given.again);
  const chosen = again === undefined ? drawMutants(all, share, seed) : foundNot(all, again);
  write(`${chosen.length} of ${all.length} mutants in ${sources.length} files`);
  if (chosen.length === 0) return [];
  const results = join(folder, 'results.jsonl');
  rmSync(results, { force: true });
  const tests = { under: textOf(given.tests) ?? '', without: textOf(given.without) ?? '' };
  await runStryker(project, folder, chosen, results, tests, given.static === true);
  const missing = testsNotRun(project, folder, tests);
  if (missing.length > 0) write(`Could not be loaded by Stryker, so that the score is too low: ${missing.join(', ')}`);
  const scores = scoreRooms(readResults(results));
  writeFileSync(join(folder, 'scores.json'), `${JSON.stringify(scores, null, 1)}\n`);
  return scores;
}

/** A clone of the committed project with its packages and data beside it, as the tests expect them. */
function cloneProject(folder: string): string {
  const project = join(folder, 'work', 'project');
  rmSync(project, { recursive: true, force: true });
  mkdirSync(dirname(project), { recursive: true });
  execFileSync('git', ['clone', '-q', '.', project]);
  symlinkSync(resolve('node_modules'), join(project, 'node_modules'));
  const shared = join(folder, 'work', 'shared');
  if (existsSync('../shared') && !existsSync(shared)) symlinkSync(resolve('../shared'), shared);
  return project;
}

/** Each mutant with probability `share`, drawn by `seed` and its own words: an edit of one file moves no other's. */
function drawMutants(all: readonly ListedMutant[], share: number, seed: number): readonly ListedMutant[] {
  return all.filter(({ key }) => seededRandom(seedOf(`${seed} ${key}`))() < share);
}

function foundNot(all: readonly ListedMutant[], path: string): readonly ListedMutant[] {
  const open = readResults(path).filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
  const keys = new Set(open.map(({ key }) => key));
  return all.filter(({ key }) => keys.has(key));
}

/** Which tests run: the beginning of their paths, and words, with commas between, that are in those of none. */
interface ChosenTests {
  readonly under: string;
  readonly without: string;
}

/** Test files of core and formats that are not in Stryker's report: it passes over what it cannot load. */
function testsNotRun(project: string, folder: string, { under, without }: ChosenTests): readonly string[] {
  const listing = execFileSync('git', ['ls-files', 'src/core/*.test.ts', 'src/formats/*.test.ts'], {
    cwd: project,
    encoding: 'utf8',
  });
  const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as { readonly testFiles: object };
  const words = without.split(',').filter(Boolean);
  const isWanted = (path: string) =>
    path.startsWith(under) && path.endsWith('.test.ts') && !words.some((word) => path.includes(word));
  const wanted = listing.split('\n').filter(isWanted);
  return wanted.filter((path) => !path.endsWith('.browser.test.ts') && !(path in report.testFiles));
}

function readResults(path: string): readonly MutantResult[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as MutantResult);
}

async function runStryker(
  project: string,
  folder: string,
  chosen: readonly ListedMutant[],
  results: string,
  tests: ChosenTests,
  isWithStatic: boolean,
): Promise<void> {
  const list = join(folder, 'mutants.json');
  writeFileSync(list, JSON.stringify(chosen.map(({ key }) => key)));
  const whole = JSON.parse(readFileSync(join(project, 'stryker.config.json'), 'utf8')) as object;
  const config = {
    ...whole,
    mutate: [...new Set(chosen.map(({ range }) => range))],
    ignoreStatic: !isWithStatic,
    checkers: ['sampled'],
    inPlace: true,
    jsonReporter: { fileName: join(folder, 'report.json') },
  };
  const configPath = join(project, 'stryker.sample.json');
  writeFileSync(configPath, JSON.stringify(config));
  const stryker = spawn('node', [resolve('node_modules/@stryker-mutator/core/bin/stryker.js'), 'run', configPath], {
    cwd: project,
    stdio: 'inherit',
    env: {
      ...process.env,
      EM_STITCH_MUTANTS: list,
      EM_STITCH_MUTATION_RESULTS: results,
      EM_STITCH_MUTATION_TESTS: tests.under,
      EM_STITCH_MUTATION_WITHOUT: tests.without,
      EM_STITCH_MUTATED_FILES: join(folder, 'mutated-files.json'),
    },
  });
  const code = await new Promise<number | null>((done, fail) => {
    stryker.once('error', fail);
    stryker.once('exit', done);
  });
  if (code !== 0) throw new Error(`Stryker ended with ${String(code)}; what it has found is in ${results}`);
}
