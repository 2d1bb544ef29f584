import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { numberIn, parseArguments, textOf } from '../cli/arguments.ts';
import { scenarios } from './faults/cli-scenarios.ts';
import { sweepCli, type SweepReport } from './faults/cli-sweep.ts';

const options = {
  scenario: { type: 'string' },
  step: { type: 'string' },
  seed: { type: 'string' },
} as const;

/**
 * `npm run bench -- faults [--scenario NAME] [--step N] [--seed S]`: runs commands over small grids and fails each call to
 * the file system and to the network's runtime in turn, in each way in which it can really fail; then the app's jobs over
 * workers that fail, unless a sample (one point in N) or one scenario is asked for. Exit status 1 when a promise was broken.
 */
export async function run(args: readonly string[], write: (line: string) => void = console.log): Promise<void> {
  const { options: given } = parseArguments(args, options, []);
  const step = numberIn('--step', given.step, 1, 1e6) ?? 1;
  const seed = numberIn('--seed', given.seed, 0, 1e6) ?? 0;
  const wanted = textOf(given.scenario);
  const reports: SweepReport[] = [];
  for (const scenario of scenarios.filter(({ name }) => wanted === undefined || name === wanted)) {
    const start = Date.now();
    const report = await sweepCli(scenario, {
      step,
      seed,
      onFailure: ({ point: { door, call, kind }, broken }) => write(`${door} ${call} ${kind}: ${broken.join('; ')}`),
    });
    reports.push(report);
    const { calls, runs, failures } = report;
    const seconds = ((Date.now() - start) / 1000).toFixed(0);
    write(`${scenario.name}: ${calls} calls, ${runs} faulted runs, ${failures.length} failed; ${seconds} s`);
  }
  const sum = (of: (report: SweepReport) => number) => reports.reduce((all, report) => all + of(report), 0);
  const failed = sum(({ failures }) => failures.length);
  write(`${sum(({ calls }) => calls)} calls × kinds = ${sum(({ runs }) => runs)} faulted runs: ${failed} failed`);
  const app = step === 1 && wanted === undefined ? sweepApp(write) : 0;
  // What hangs by design keeps the process from ending.
  process.exit(failed + app > 0 ? 1 : 0);
}

interface AppReport {
  readonly runs: number;
  readonly broken: readonly string[];
}

/** The app's part: jobs and the client to the workers, which the test runner alone may load together. */
function sweepApp(write: (line: string) => void): number {
  mkdirSync('out/faults', { recursive: true });
  spawnSync('npx', ['vitest', 'run', '--project', 'unit', 'src/app/jobs/fault-sweep.test.ts'], {
    env: { ...process.env, EM_FAULTS: 'all' },
  });
  let failed = 0;
  for (const matcher of ['phase-correlation', 'loftr']) {
    const { runs, broken } = JSON.parse(readFileSync(`out/faults/app-${matcher}.json`, 'utf8')) as AppReport;
    for (const line of broken) write(line);
    write(`the app with ${matcher}: ${runs} faulted runs, ${broken.length} promises broken`);
    failed += broken.length;
  }
  return failed;
}
