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
  /** The software adapter of WebGPU passes for a graphics device. */
  readonly hasGpu?: boolean;
  /** Rows and columns. */
  readonly grid: readonly [number, number];
  readonly tileSide: number;
  /** Without an end for so long a run hangs, ms; a minute when absent. */
  readonly patienceMs?: number;
}

export const browserScenarios: readonly BrowserScenario[] = [
  { name: 'browser', matcher: 'phase-correlation', grid: [2, 2], tileSide: 128 },
  { name: 'browser with the network', matcher: 'loftr', doors: /fetch|wasm|gpu/, grid: [1, 2], tileSide: 160 },
  {
    ...{ name: 'browser with WebGPU', matcher: 'loftr', hasGpu: true, doors: /gpu/, grid: [2, 1], tileSide: 128 },
    // A processor that draws as a graphics device takes its time.
    patienceMs: 300_000,
  },
];

/** A point and the promises that the app broke at it; none when it kept them. */
export interface TriedPoint {
  readonly scenario: string;
  /** `match-1: blob.read 3 hang`: the door, calls before, and how the call fails. */
  readonly point: string;
  readonly broken: readonly string[];
  /** The call was made, and failed. */
  readonly hasStruck: boolean;
}

export interface BrowserSweepReport {
  readonly scenario: string;
  /** Calls of a run at doors that can fail. */
  readonly calls: number;
  readonly points: number;
  readonly tried: readonly TriedPoint[];
}

export interface BrowserSweepOptions {
  /** Points are tried side by side, one in each. */
  readonly contexts: readonly BrowserContext[];
  /** Of a build with doors. */
  readonly address: string;
  /** An empty folder for the tiles. */
  readonly home: string;
  /** One of so many points; all when 1. */
  readonly step: number;
  readonly seed: number;
  /** The only points that are tried, as text; those of the sample when absent. */
  readonly only?: readonly string[];
  /** The only doors whose calls fail, by their names with the thread; those of the scenario when absent. */
  readonly doors?: RegExp;
  /** Points that an earlier sweep has tried. */
  readonly known?: readonly TriedPoint[];
  /** Told of every point that was tried. */
  readonly onPoint?: (tried: TriedPoint, ms: number) => void;
}

/** What a run gives when nothing fails: on each device that it may end on, for they round differently. */
interface Reference {
  readonly solutions: readonly string[];
  /** Hashes, in the order of the solutions. */
  readonly pictures: readonly string[];
  readonly pairs: number;
}

/** Silences of the app's own end within it, for they pass forty times as fast. */
const usualPatienceMs = 60_000;

/** Fails every call to the browser in every way that it can fail, one visit each, and looks at what is shown and kept. */
export async function sweepBrowser(
  scenario: BrowserScenario,
  { contexts, address, home, step, seed, only, doors, known = [], onPoint }: BrowserSweepOptions,
): Promise<BrowserSweepReport> {
  const { name, hasGpu = false } = scenario;
  const plan = await visitPlan(scenario, home);
  const { reference, counts } = await calmVisit(scenario, contexts[0], address, plan);
  const points = pointsOf(new Map([...counts].filter(([door]) => doors?.test(door) ?? true)));
  const sample = step === 1 ? points : everyNth(points, step, seed);
  const chosen = only ? points.filter((point) => only.includes(pointText(point))) : sample;
  const tried = known.filter(({ scenario: of }) => of === name);
  const isKnown = new Set(tried.map(({ point }) => point));
  const left = chosen.filter((point) => !isKnown.has(pointText(point)));
  const lane = async (context: BrowserContext) => {
    for (let point = left.shift(); point; point = left.shift()) {
      const startedAt = Date.now();
      const struckAt = point;
      const open = () => FaultyVisit.open(context, address, struckAt, { hasGpu });
      const found = await tryPoint(open, plan, point, reference);
      const now = { scenario: name, point: pointText(point), ...found };
      tried.push(now);
      onPoint?.(now, Date.now() - startedAt);
    }
  };
  await Promise.all(contexts.map(lane));
  const calls = [...counts].reduce((sum, [door, count]) => sum + (browserFaultsAt(door).length > 0 ? count : 0), 0);
  return { scenario: name, calls, points: points.length, tried };
}

/** A visit without faults: what it gives, and the calls that it makes. */
async function calmVisit(
  { name, doors, hasGpu = false }: BrowserScenario,
  context: BrowserContext,
  address: string,
  plan: VisitPlan,
): Promise<{ readonly reference: Reference; readonly counts: ReadonlyMap<string, number> }> {
  const found = [];
  // Without its graphics device the app goes on without it, and says so: that run is right, too.
  for (const onGpu of hasGpu ? [true, false] : [false]) {
    const visit = await FaultyVisit.open(context, address, null, { hasGpu: onGpu });
    const { solution, picture, shown } = await visit.work(plan);
    if (!solution || !picture) throw new Error(`${name}: a run without faults fails: ${shown.errors.join()}`);
    const counts = new Map([...(await visit.counts())].filter(([door]) => doors?.test(door) ?? true));
    found.push({ solution: sameSolution(solution), picture: picture.hash, pairs: await visit.matched(), counts });
    await visit.close();
  }
  const [{ pairs, counts }] = found;
  const solutions = found.map(({ solution }) => solution);
  return { reference: { solutions, pictures: found.map(({ picture }) => picture), pairs }, counts };
}

/** A network asks its surroundings 300,000 times a run, a device 418 times: of a door that is met so often a few calls are tried. */
const [mostCalls, sampledCalls] = [300, 24];

function pointsOf(counts: ReadonlyMap<string, number>): readonly FaultPoint<BrowserFault>[] {
  const tried = new Map([...counts].map(([door, count]) => [door, count > mostCalls ? sampledCalls : count]));
  return faultPoints(tried, browserFaultsAt).map((point) => {
    const last = (counts.get(point.door) ?? 1) - 1;
    return last < mostCalls ? point : { ...point, call: Math.round((point.call * last) / (sampledCalls - 1)) };
  });
}

/** A point as it is named in reports and asked for. */
function pointText({ door, call, kind }: FaultPoint<BrowserFault>): string {
  return `${door} ${call} ${kind}`;
}

/** Writes the tiles of a scenario below `home`. */
export async function visitPlan(
  { matcher, grid, tileSide, patienceMs = usualPatienceMs }: BrowserScenario,
  home: string,
): Promise<VisitPlan> {
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
  open: () => Promise<FaultyVisit>,
  plan: VisitPlan,
  point: FaultPoint<BrowserFault>,
  reference: Reference,
): Promise<{ readonly broken: readonly string[]; readonly hasStruck: boolean }> {
  const visit = await open();
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
    const isUnread = /(match|raster)-.*blob/.test(point.door) && point.kind === 'lasts';
    // Without one of the files the tiles have another layout, and its pairs are others.
    const isOther = /drop\./.test(point.door);
    if (again > 1 && !isUnread && !isOther) broken.push(`${again} of ${finished} finished pairs are matched again`);
    const stray = [...visit.pageErrors, ...(await visit.unhandled())].filter((error) => !isEndOfWorker(point, error));
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

/** A worker whose runtime traps ends by an error of its own, which its page waits for. */
function isEndOfWorker({ kind }: FaultPoint<BrowserFault>, error: string): boolean {
  return kind === 'trap' && /memory access out of bounds/.test(error);
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
  if (solution !== null && !reference.solutions.includes(sameSolution(solution)) && !isSaid)
    yield 'the solution is another one and nothing is said';
  if (picture && !reference.pictures.includes(picture.hash) && (picture.size < 0 || !isSaid))
    yield `a picture of ${picture.size} bytes is handed out that is not the one expected`;
}

function* brokenByLater(
  which: string,
  { ended, shown, solution, picture }: VisitOutcome,
  reference: Reference,
): Generator<string> {
  if (ended !== 'done')
    yield `${which} ends as ${ended}, saying "${shown.state}: ${shown.progress}" ${shown.errors.join(' / ')}`;
  else {
    const known = reference.solutions.indexOf(solution === null ? '' : sameSolution(solution));
    if (known < 0) yield `${which} has another solution: ${firstDifference(solution, reference.solutions[0])}`;
    else if (picture?.hash !== reference.pictures[known]) yield `${which} has another picture`;
  }
  yield* untold(shown);
}

function* untold({ errors }: Shown): Generator<string> {
  for (const error of errors) if (error.startsWith('unexpected')) yield `not told in a sentence: ${error}`;
}

/** The device may be another one after a fault: it steps down. */
function sameSolution(text: string): string {
  return text.replace(/"device": "(?:\\.|[^"\\])*"/, '');
}

function firstDifference(found: string | null, expected: string): string {
  if (found === null) return 'none';
  const lines = expected.split('\n');
  const other = sameSolution(found).split('\n');
  const k = lines.findIndex((line, i) => line !== other[i]);
  return `line ${k}: ${other[k]} instead of ${lines[k]}`.slice(0, 300);
}
