import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { appendFileSync, writeFileSync } from 'node:fs';
import { silentContext } from '../../core/progress.ts';
import { defaultSyntheticGrid } from '../../core/synthesis/synthetic-grid.ts';
import { everyNth, faultPlan, faultPoints, type FaultPlan, type FaultPoint } from '../../core/testing/fault-plan.ts';
import { makeSampleGrid } from '../../formats/sample-grid.ts';
import { createStitchClient } from '../../../workers/client.ts';
import type { NamedFile } from '../../../workers/protocol.ts';
import { fakeWorkers, networkFaults, workerFaults, type WorkerFault } from '../../../workers/testing/fake-workers.ts';
import { createAppStore, updateSlice, type AppStore } from '../state/store.ts';
import { createJobs } from './jobs.ts';
import { memoryPairCache, type PairCache } from './pair-cache.ts';
import { memorySessionStore, type SessionStore } from './session-store.ts';

/**
 * The app's own part of the fault sweep: jobs and the client to the workers as they are shipped, over workers in this
 * thread that fail. One point in so many is tried here; `npm run bench -- faults` sets EM_FAULTS=all and tries them all.
 */
type Kind = WorkerFault | 'rejects' | 'throws' | 'forgets';

const isWhole = process.env.EM_FAULTS === 'all';
const [step, seed] = [isWhole ? 1 : 24, 5];

const kindsAt = (door: string): readonly Kind[] => {
  if (door === 'match.matchPair' || door === 'match.loadMatcher') return [...workerFaults, ...networkFaults];
  if (/^(match|solve|raster)\./.test(door)) return workerFaults;
  if (door === 'cache.get') return ['hang', 'forgets'];
  if (door.startsWith('cache')) return ['forgets'];
  if (door.startsWith('session')) return ['rejects', 'hang'];
  return ['throws'];
};

/** What one visit of the app consists of; outlives it what a browser keeps. */
interface Kept {
  readonly cache: PairCache;
  readonly sessions: SessionStore;
}

let files: readonly NamedFile[];
const unhandled: unknown[] = [];
const realTimeout = globalThis.setTimeout;
const note = (error: unknown) => void unhandled.push(error);

beforeAll(async () => {
  const options = { ...defaultSyntheticGrid, rows: 2, columns: 2, tileSize: { width: 128, height: 128 } };
  const grid = { ...options, overlap: { x: 0.35, y: 0.35 }, maxShiftPx: 2, maxRotationRad: 0 };
  const nameOf = (row: number, column: number) => `r${row + 1}_c${column + 1}.tif`;
  const sample = await makeSampleGrid(1, silentContext, { ...grid, nameOf });
  files = sample.files.map(({ name, bytes }) => ({ path: `g/${name}`, file: new File([bytes as BlobPart], name) }));
  vi.stubGlobal('navigator', { hardwareConcurrency: 3 });
  process.on('unhandledRejection', note);
  // What could not be saved is told there, a hundred times.
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterAll(() => {
  process.off('unhandledRejection', note);
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** The app over faulty doors; what it stores passes doors of its own. */
function visit(plan: FaultPlan<Kind>, kept: Kept, matcher: 'phase-correlation' | 'loftr') {
  const store = createAppStore();
  const workers = fakeWorkers((door) => plan.meet(door) as WorkerFault | null);
  const client = createStitchClient(workers);
  const downloads: Promise<string>[] = [];
  const cache: PairCache = {
    async get(keys) {
      const kind = plan.meet('cache.get');
      if (kind === 'hang') return new Promise(() => undefined);
      return kind === 'forgets' ? keys.map(() => undefined) : kept.cache.get(keys);
    },
    put(key, result) {
      if (plan.meet('cache.put') === null) kept.cache.put(key, result);
    },
  };
  const guarded = async <T>(door: string, call: () => Promise<T>): Promise<T> => {
    const kind = plan.meet(door);
    if (kind === 'rejects') throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
    return kind === 'hang' ? new Promise(() => undefined) : call();
  };
  const sessions: SessionStore = {
    list: () => guarded('session.list', () => kept.sessions.list()),
    put: (project) => guarded('session.put', () => kept.sessions.put(project)),
    remove: (id) => guarded('session.remove', () => kept.sessions.remove(id)),
    removeUnchanged: (project) => guarded('session.remove', () => kept.sessions.removeUnchanged(project)),
  };
  const jobs = createJobs({
    store,
    client,
    spareClient: () => createStitchClient(workers),
    cache,
    sessions,
    place: {
      async choose({ name }) {
        if (plan.meet('place.choose')) throw new DOMException('not allowed here', 'SecurityError');
        return { kind: 'opfs', name };
      },
      download(_, content) {
        if (plan.meet('place.download')) throw new Error('no room for the download');
        downloads.push(content.text());
      },
    },
    embeddedModel: { kind: 'url', manifestUrl: 'manifest.json' },
    now: () => performance.now(),
  });
  updateSlice(store, 'project', (project) => {
    const { edits } = project;
    const solve = { ...edits.options.solve, model: 'translation' } as const;
    return { ...project, edits: { ...edits, options: { ...edits.options, matcher, solve } } };
  });
  return { store, jobs, workers, client, downloads };
}

type Visit = ReturnType<typeof visit>;

/** Everything a user does, from the drop to the files; the text of the solution, null when it did not come to it. */
async function work({ jobs, store, downloads }: Visit): Promise<string | null> {
  void jobs.session.start();
  // Whoever sees that a drop came to nothing drops again.
  if (store.getState().project.edits.layout === null) await jobs.addFiles(files);
  if (store.getState().project.tiles.length === 0) return null;
  await jobs.stitch();
  if (store.getState().result.run === null) return null;
  await jobs.exportMosaic({ format: 'tiff' });
  downloads.length = 0;
  await jobs.exportText('solution');
  return (await downloads.at(-1)) ?? null;
}

const late = Symbol('late');
const within = <T>(ms: number, promise: Promise<T>) =>
  Promise.race([promise, new Promise<typeof late>((resolve) => realTimeout(() => resolve(late), ms))]);

/** Deadlines pass at once while this holds: every timer of 5 s and more takes a moment. */
function impatient<T>(run: () => Promise<T>): Promise<T> {
  const faster = (callback: () => void, ms = 0) => realTimeout(callback, ms >= 5000 ? 3 : ms);
  vi.stubGlobal('setTimeout', faster);
  return run().finally(() => vi.stubGlobal('setTimeout', realTimeout));
}

function* brokenState(store: AppStore): Generator<string> {
  const { job, result } = store.getState();
  if (job.current.kind === 'running') yield `still says that it runs: ${job.current.task}`;
  if (job.current.kind === 'failed' && job.errors.length === 0) yield 'has failed and says nothing';
  if (job.current.kind === 'done' && job.current.task === 'stitch' && !result.run) yield 'is done without a result';
  const untold = job.errors.find(({ code }) => code === 'unexpected');
  if (untold && !/no room for the download|not allowed here/.test(untold.message)) yield `untold: ${untold.message}`;
}

async function brokenBy(point: FaultPoint<Kind>, matcher: 'phase-correlation' | 'loftr', expected: string) {
  const kept: Kept = { cache: memoryPairCache(), sessions: memorySessionStore() };
  const plan = faultPlan<Kind>(point);
  const faulted = visit(plan, kept, matcher);
  const broken: string[] = [];
  let outcome: string | null | typeof late = null;
  await impatient(async () => {
    outcome = await within(20_000, work(faulted));
    if (outcome !== late) return;
    // What never answers can be cancelled, and that is answered at once.
    if (point.kind !== 'hang') broken.push('hangs without a fault that does');
    faulted.jobs.cancel();
  });
  broken.push(...brokenState(faulted.store));
  if (typeof outcome === 'string' && sameSolution(outcome) !== expected && !saysWhy(faulted))
    broken.push('another result');
  const again = await within(20_000, work(faulted));
  broken.push(...[...brokenState(faulted.store)].map((text) => `second run: ${text}`));
  if (again === late) broken.push('the second run hangs');
  else if (again === null) broken.push(`the second run ends without a result: ${lastError(faulted.store)}`);
  else if (sameSolution(again) !== expected) broken.push('the second run has another result');
  // The pair that is in a worker when a run ends is not finished; what is forgotten is matched again.
  const total = 4 + (point.kind === 'forgets' ? 4 : 1);
  if (faulted.workers.matched() > total) broken.push(`${faulted.workers.matched()} pairs were matched instead of 4`);
  faulted.client.dispose();
  await new Promise((resolve) => realTimeout(resolve, 1));
  broken.push(...unhandled.splice(0).map((error) => `nobody waited for ${String(error)}`));
  return broken.map((text) => `${point.door} ${point.call} ${point.kind}: ${text}`);
}

const lastError = (store: AppStore) => store.getState().job.errors.at(-1)?.message ?? 'nothing is said';
const saysWhy = ({ store }: Visit) => store.getState().job.errors.length > 0;
/** The device may be another one after a fault: it steps down. */
const sameSolution = (text: string) => text.replace(/"device": "[^"]*"/, '');

describe.each(['phase-correlation', 'loftr'] as const)('a run of the app with %s', (matcher) => {
  it(
    `keeps its promises whichever call to a worker or a store fails${isWhole ? '' : ' (a sample)'}`,
    async () => {
      const counting = faultPlan<Kind>(null);
      const calm = visit(counting, { cache: memoryPairCache(), sessions: memorySessionStore() }, matcher);
      const expected = await work(calm);
      calm.client.dispose();
      if (expected === null) throw new Error(lastError(calm.store));
      const points = faultPoints(counting.calls, kindsAt);
      const chosen = everyNth(points, step, seed);
      const broken: string[] = [];
      for (const point of chosen) {
        const found = await brokenBy(point, matcher, sameSolution(expected));
        broken.push(...found);
        if (isWhole)
          appendFileSync(
            'out/faults/app-log.txt',
            `${matcher} ${point.door} ${point.call} ${point.kind} ${found.length} ${found.join(' | ')}\n`,
          );
      }
      if (isWhole)
        writeFileSync(
          `out/faults/app-${matcher}.json`,
          JSON.stringify({ points: points.length, runs: chosen.length, broken }, null, 1),
        );
      expect(broken).toEqual([]);
    },
    isWhole ? 3_600_000 : 120_000,
  );
});
