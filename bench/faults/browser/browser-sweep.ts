import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright';
import { silentContext } from '../../../src/core/progress.ts';
import { defaultSyntheticGrid } from '../../../src/core/synthesis/synthetic-grid.ts';
import { everyNth, faultPoints, type FaultPoint } from '../../../src/core/testing/fault-plan.ts';
import { makeSampleGrid } from '../../../src/formats/sample-grid.ts';
import { browserFaultsAt, isSilence, type BrowserFault } from './browser-faults.ts';
import { FaultyVisit, type Shown, type VisitOutcome, type VisitPlan } from './faulty-visit.ts';

/** A run of the app whose calls are failed in turn. */
export interface BrowserScenario {
  readonly name: string;
  readonly matcher: VisitPlan['matcher'];
  /** Doors that are swept; all when absent. */
  readonly doors?: RegExp;
  /** Rows and columns. */
  readonly grid: readonly [number, number];
  readonly tileSide: number;
}

export const browserScenarios: readonly BrowserScenario[] = [
  { name: 'browser', matcher: 'phase-correlation', grid: [2, 2], tileSide: 128 },
  { name: 'browser with the network', matcher: 'loftr', doors: /fetch|wasm|gpu/, grid: [1, 2], tileSide: 160 },
];

/** A point at which the app broke a promise. */
export interface BrokenPoint {
  readonly point: FaultPoint<BrowserFault>;
  readonly broken: readonly string[];
}

export interface BrowserSweepReport {
  readonly scenario: string;
  /** Calls of a run at doors that can fail. */
  readonly calls: number;
  readonly points: number;
  readonly runs: number;
  /** Runs in which the call was made and failed. */
  readonly struck: number;
  readonly failures: readonly BrokenPoint[];
}

export interface BrowserSweepOptions {
  readonly context: BrowserContext;
  /** Of a build with doors. */
  readonly address: string;
  /** An empty folder for the tiles. */
  readonly home: string;
  /** One of so many points; all when 1. */
  readonly step: number;
  readonly seed: number;
  /** Told of every point that was tried. */
  readonly onPoint?: (tried: BrokenPoint, ms: number) => void;
}

/** What a run gives when nothing fails. */
interface Reference {
  readonly solution: string;
  readonly picture: string;
  readonly pairs: number;
}

/** Without an end for so long a run hangs, ms; silences of the app's own end within it, for they pass forty times as fast. */
const patienceMs = 60_000;

/** Fails every call to the browser in every way that it can fail, one visit each, and looks at what is shown and kept. */
export async function sweepBrowser(
  scenario: BrowserScenario,
  { context, address, home, step, seed, onPoint }: BrowserSweepOptions,
): Promise<BrowserSweepReport> {
  const { name, doors } = scenario;
  const plan = await visitPlan(scenario, home);
  const calm = await FaultyVisit.open(context, address, null);
  const { solution, picture, shown } = await calm.work(plan);
  if (!solution || !picture) throw new Error(`${name}: a run without faults fails: ${shown.errors.join()}`);
  const reference = { solution: sameSolution(solution), picture: picture.hash, pairs: await calm.matched() };
  const counts = new Map([...(await calm.counts())].filter(([door]) => doors?.test(door) ?? true));
  await calm.close();
  const points = faultPoints(counts, browserFaultsAt);
  const chosen = step === 1 ? points : everyNth(points, step, seed);
  const failures: BrokenPoint[] = [];
  let struck = 0;
  for (const point of chosen) {
    const startedAt = Date.now();
    const { broken, hasStruck } = await tryPoint(context, address, plan, point, reference);
    if (hasStruck) struck++;
    const tried = { point, broken };
    if (broken.length > 0) failures.push(tried);
    onPoint?.(tried, Date.now() - startedAt);
  }
  const calls = [...counts].reduce((sum, [door, count]) => sum + (browserFaultsAt(door).length > 0 ? count : 0), 0);
  return { scenario: name, calls, points: points.length, runs: chosen.length, struck, failures };
}

/** Writes the tiles of a scenario below `home`. */
export async function visitPlan({ matcher, grid, tileSide }: BrowserScenario, home: string): Promise<VisitPlan> {
  const folder = join(home, 'grid');
  await writeTiles(folder, grid, tileSide);
  return { folder, matcher, patienceMs };
}

async function writeTiles(folder: string, [rows, columns]: readonly [number, number], side: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { files } = await makeSampleGrid(1, silentContext, {
    ...defaultSyntheticGrid,
    ...{ rows, columns, tileSize: { width: side, height: side }, overlap: { x: 0.35, y: 0.35 } },
    ...{ maxShiftPx: 2, maxRotationRad: 0, nameOf: (row: number, column: number) => `r${row + 1}_c${column + 1}.tif` },
  });
  for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
}

async function tryPoint(
  context: BrowserContext,
  address: string,
  plan: VisitPlan,
  point: FaultPoint<BrowserFault>,
  reference: Reference,
): Promise<{ readonly broken: readonly string[]; readonly hasStruck: boolean }> {
  const visit = await FaultyVisit.open(context, address, point);
  try {
    const first = await visit.work(plan);
    const hasStruck = await visit.hasStruck();
    const broken = [...brokenByFirst(first, point, reference)];
    if (first.ended === 'late' && !(await visit.cancel())) broken.push('a cancel is not answered at once');
    const finished = await visit.matched();
    await visit.disarm();
    const second = await visit.work(plan);
    broken.push(...brokenByLater('the second run', second, reference));
    const again = (await visit.matched()) - reference.pairs;
    // The pair under a worker that is lost is not finished, nor is one whose files could not be read.
    const isUnread = /match-.*blob/.test(point.door) && point.kind === 'lasts';
    if (again > 1 && !isUnread) broken.push(`${again} of ${finished} finished pairs are matched again`);
    const stray = [...visit.pageErrors, ...(await visit.unhandled())];
    if (/idb|indexedDB|locks/.test(point.door)) {
      await visit.reload();
      broken.push(...brokenByLater('the next visit', await visit.work(plan), reference));
      stray.push(...(await visit.unhandled()));
      const lost = await visit.matched();
      // Without a database nothing is kept; a write that fails loses one pair.
      if (lost > (/open|transaction/.test(point.door) || point.kind === 'lasts' ? reference.pairs : 1))
        broken.push(`${lost} finished pairs are matched again at the next visit`);
    }
    broken.push(...stray.map((error) => `nobody waited for ${error}`));
    return { broken, hasStruck };
  } catch (error) {
    return { broken: [`the sweep could not go on: ${String(error)}`], hasStruck: true };
  } finally {
    await visit.close();
  }
}

function* brokenByFirst(
  { ended, shown, solution, picture }: VisitOutcome,
  { kind }: FaultPoint<BrowserFault>,
  reference: Reference,
): Generator<string> {
  if (ended === 'late' && !isSilence(kind)) yield `it hangs, saying "${shown.state}: ${shown.progress}"`;
  if (ended === 'failed' && shown.errors.length === 0) yield 'it fails and says nothing';
  yield* untold(shown);
  const isSaid = shown.errors.length > 0 || shown.warnings !== '' || shown.tiles[0] < shown.tiles[1];
  if (solution !== null && sameSolution(solution) !== reference.solution && !isSaid)
    yield 'the solution is another one and nothing is said';
  if (picture && picture.hash !== reference.picture && (picture.size < 0 || !isSaid))
    yield `a picture of ${picture.size} bytes is handed out that is not the one expected`;
}

function* brokenByLater(
  which: string,
  { ended, shown, solution, picture }: VisitOutcome,
  reference: Reference,
): Generator<string> {
  if (ended !== 'done')
    yield `${which} ends as ${ended}, saying "${shown.state}: ${shown.progress}" ${shown.errors.join(' / ')}`;
  else if (solution === null || sameSolution(solution) !== reference.solution)
    yield `${which} has another solution: ${firstDifference(solution, reference.solution)}`;
  else if (picture?.hash !== reference.picture) yield `${which} has another picture`;
  yield* untold(shown);
}

function* untold({ errors }: Shown): Generator<string> {
  for (const error of errors) if (error.startsWith('unexpected')) yield `not told in a sentence: ${error}`;
}

/** The device may be another one after a fault: it steps down. */
function sameSolution(text: string): string {
  return text.replace(/"device": "[^"]*"/, '');
}

function firstDifference(found: string | null, expected: string): string {
  if (found === null) return 'none';
  const lines = expected.split('\n');
  const other = sameSolution(found).split('\n');
  const k = lines.findIndex((line, i) => line !== other[i]);
  return `line ${k}: ${other[k]} instead of ${lines[k]}`.slice(0, 300);
}
