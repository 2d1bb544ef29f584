import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright';
import { numberIn, parseArguments, textOf } from '../cli/arguments.ts';
import { chromiumOptions, serveBuiltApp, type BuiltApp } from './built-app.ts';
import { sweepExports } from './faults/browser/export-sweep.ts';
import { browserScenarios, sweepBrowser, visitPlan, type TriedPoint } from './faults/browser/browser-sweep.ts';
import { installDoorsInBuild } from './faults/browser/doors-script.ts';
import { scenarios } from './faults/cli-scenarios.ts';
import { sweepCli, type SweepReport } from './faults/cli-sweep.ts';

const options = {
  scenario: { type: 'string' },
  step: { type: 'string' },
  seed: { type: 'string' },
  browser: { type: 'boolean' },
  lanes: { type: 'string' },
  point: { type: 'string' },
  door: { type: 'string' },
  log: { type: 'string' },
} as const;

/**
 * `npm run bench -- faults [--browser] [--scenario NAME] [--step N] [--seed S]`: runs commands over small grids and fails each call to
 * the file system and to the network's runtime in turn, in each way in which it can really fail; then the app's jobs over
 * workers that fail, unless a sample (one point in N) or one scenario is asked for. With `--browser` the built app in
 * Chromium instead, with the browser's own calls failing in the page and its workers: `--lanes N` visits side by side,
 * `--point 'raster-1: blob.read 16 lasts; …'` these points alone, `--door 'idb|locks'` doors that match, and `--log FILE`
 * keeps what was tried, so that a sweep that was stopped goes on there. Exit status 1 when a promise was broken.
 */
export async function run(args: readonly string[], write: (line: string) => void = console.log): Promise<void> {
  const { options: given } = parseArguments(args, options, []);
  const step = numberIn('--step', given.step, 1, 1e6) ?? 1;
  const seed = numberIn('--seed', given.seed, 0, 1e6) ?? 0;
  const wanted = textOf(given.scenario);
  if (given.browser === true) {
    const lanes = numberIn('--lanes', given.lanes, 1, 16) ?? 1;
    const only = textOf(given.point)?.split(/; */);
    const door = textOf(given.door);
    const sample = {
      ...{ step, seed, lanes, log: textOf(given.log) },
      ...(only ? { only } : {}),
      ...(door ? { doors: new RegExp(door) } : {}),
    };
    process.exit((await sweepTheBrowser(sample, wanted, write)) > 0 ? 1 : 0);
  }
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

/** What of the browser's sweep is asked for. */
interface BrowserSample {
  readonly step: number;
  readonly seed: number;
  /** Visits side by side. */
  readonly lanes: number;
  readonly only?: readonly string[];
  readonly doors?: RegExp;
  /** A file with a line for each point that was tried. */
  readonly log: string | undefined;
}

/** The app in Chromium; the number of points at which it broke a promise. */
async function sweepTheBrowser(
  { step, seed, lanes, only, doors, log }: BrowserSample,
  wanted: string | undefined,
  write: (line: string) => void,
): Promise<number> {
  const app = await serveBuiltApp();
  installDoorsInBuild(join(app.folder, 'dist'));
  const browser = await chromium.launch(chromiumOptions());
  const viewport = { width: 1280, height: 720 };
  const contexts = await Promise.all(Array.from({ length: lanes }, () => browser.newContext({ viewport })));
  const known = log && existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').map(triedPoint) : [];
  let failed = 0;
  try {
    for (const scenario of browserScenarios.filter(({ name }) => wanted === undefined || name === wanted)) {
      const home = mkdtempSync(join(app.folder, 'grid-'));
      const { calls, points, tried } = await sweepBrowser(scenario, {
        ...{ contexts, address: app.address, home, step, seed, known },
        ...(only ? { only } : {}),
        ...(doors ? { doors } : {}),
        onPoint(now, ms) {
          if (log) appendFileSync(log, `${JSON.stringify(now)}\n`);
          write(`${now.point} ${(ms / 1000).toFixed(1)} s: ${now.broken.join('; ') || 'whole'}`);
        },
      });
      const struck = tried.filter(({ hasStruck }) => hasStruck).length;
      const broken = tried.filter((one) => one.broken.length > 0).length;
      write(
        `${scenario.name}: ${calls} calls, ${points} points, ${tried.length} tried, ${struck} struck, ${broken} failed`,
      );
      failed += broken;
    }
    if ((wanted === undefined && !only) || wanted === 'browser exports')
      failed += await sweepTheExports(contexts[0], app, { step, seed }, write);
  } finally {
    await browser.close();
    app.stop();
  }
  return failed;
}

function triedPoint(line: string): TriedPoint {
  return JSON.parse(line) as TriedPoint;
}

/** The exports of the app in Chromium; the number of those that broke a promise. */
async function sweepTheExports(
  context: BrowserContext,
  { folder, address }: BuiltApp,
  sample: { readonly step: number; readonly seed: number },
  write: (line: string) => void,
): Promise<number> {
  const plan = await visitPlan(browserScenarios[0], mkdtempSync(join(folder, 'grid-')));
  const report = await sweepExports({
    ...{ context, address, plan, ...sample },
    onPoint: (what, broken) => write(`${what}: ${broken.join('; ') || 'whole, empty or absent'}`),
  });
  const { faulted, underQuota, refused, failures } = report;
  write(
    `browser exports: ${faulted} with a failing call, ${underQuota} under a quota (${refused} refused), ${failures.length} failed`,
  );
  return failures.length;
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
