import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isGridRight } from '../../core/evaluation/device-test.ts';
import { createStitchClient } from '../../../workers/client.ts';
import { fakeWorkers, type WorkerFault } from '../../../workers/testing/fake-workers.ts';
import { createAppStore, updateSlice } from '../state/store.ts';
import { createJobs } from './jobs.ts';
import type { PairCache } from './pair-cache.ts';
import { memorySessionStore } from './session-store.ts';

beforeAll(() => {
  vi.stubGlobal('navigator', { hardwareConcurrency: 3 });
});
afterAll(() => vi.unstubAllGlobals());

/** The app over workers in this thread, those of the check apart from those of the project. */
function app(meet: (door: string) => WorkerFault | null = () => null) {
  const store = createAppStore();
  const asked: string[] = [];
  const project = fakeWorkers((door) => {
    asked.push(door);
    return null;
  });
  const spare = fakeWorkers(meet);
  const cached: string[] = [];
  const cache: PairCache = {
    get: async (keys) => keys.map(() => undefined),
    put: (key) => void cached.push(key),
  };
  const sessions = memorySessionStore();
  const jobs = createJobs({
    store,
    client: createStitchClient(project),
    spareClient: () => createStitchClient(spare),
    cache,
    sessions,
    place: { choose: async ({ name }) => ({ kind: 'opfs', name }), download: () => undefined },
    embeddedModel: { kind: 'url', manifestUrl: 'manifest.json' },
    now: () => performance.now(),
  });
  updateSlice(store, 'project', (state) => {
    const { edits } = state;
    return { ...state, edits: { ...edits, options: { ...edits.options, matcher: 'phase-correlation' } } };
  });
  return { store, jobs, spare, asked, cached, sessions };
}

describe('the check of this device', () => {
  it('stitches the grid within a tenth of a pixel, tells what shares nothing, and ends its workers', async () => {
    const { store, jobs, spare, asked, cached, sessions } = app();
    const before = store.getState();
    const heard: string[] = [];
    store.subscribe(({ job: { current } }) => {
      if (current.kind === 'running' && current.stage === 'match') heard.push(`${current.done} of ${current.total}`);
    });
    await jobs.testMatcher();
    const after = store.getState();
    expect(after.job.errors).toEqual([]);
    const report = after.job.deviceTest?.report;
    expect(report).toMatchObject({ tiles: 9, solvedTiles: 9, pairs: 12, rightLinks: 12, apartPairs: 4, falseLinks: 0 });
    expect(report && isGridRight(report)).toBe(true);
    // 0.04 px in the worst tile and 0.03 in the middle one when this was written (affine, noise of 10)
    expect(report?.worstPx).toBeLessThan(0.1);
    expect(report?.medianPx).toBeLessThan(0.06);
    expect(report?.matchMs).toBeGreaterThan(0);
    expect(report?.elapsedMs).toBeGreaterThan(12 * (report?.matchMs ?? Infinity));
    expect(after.job.deviceTest?.matcher).toMatchObject({ matcher: 'phase-correlation', rung: 'js' });
    // 3 · 512 px less two overlaps of 61 px, at a quarter, and what the stage moved
    expect(after.job.deviceTest?.picture.width).toBeGreaterThan(345);
    expect(after.job.deviceTest?.picture.width).toBeLessThan(365);
    expect(after.job.current).toMatchObject({
      kind: 'done',
      task: 'evaluate',
      note: 'Checked on 9 tiles and 16 pairs',
    });
    // Which counts are drawn depends on the clock; the whole and the last one do not.
    expect(heard.slice(1).filter((line) => !/^\d+ of 16$/.test(line))).toEqual([]);
    expect(heard.at(-1)).toBe('16 of 16');

    expect([spare.matched(), spare.alive()]).toEqual([16, 0]);
    expect(asked).toEqual([]);
    expect([cached, await sessions.list()]).toEqual([[], []]);
    for (const slice of ['project', 'result', 'sections', 'view'] as const) expect(after[slice]).toBe(before[slice]);
  }, 180_000);

  it('shows nothing when it is cancelled, and its workers are gone', async () => {
    const { store, jobs, spare } = app();
    const check = jobs.testMatcher();
    await vi.waitFor(() => expect(spare.matched()).toBeGreaterThan(1), { timeout: 120_000 });
    jobs.cancel();
    await check;
    expect(store.getState().job).toMatchObject({ current: { kind: 'cancelled', task: 'evaluate' }, deviceTest: null });
    await vi.waitFor(() => expect(spare.alive()).toBe(0));
    expect(store.getState().job.errors).toEqual([]);
  }, 180_000);

  it('says in the error panel what failed', async () => {
    const { store, jobs, spare } = app((door) => (door === 'match.loadMatcher' ? 'inference-failed' : null));
    await jobs.testMatcher();
    const { current, errors, deviceTest } = store.getState().job;
    expect([current.kind, deviceTest, spare.alive()]).toEqual(['failed', null, 0]);
    expect(errors.map(({ code }) => code)).toEqual(['inference-failed']);
  }, 180_000);
});
