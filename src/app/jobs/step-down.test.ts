import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { PairResult } from '../../core/matching/link.ts';
import { silentContext } from '../../core/progress.ts';
import { defaultSyntheticGrid } from '../../core/synthesis/synthetic-grid.ts';
import { makeSampleGrid } from '../../formats/sample-grid.ts';
import { createStitchClient } from '../../../workers/client.ts';
import type { NamedFile } from '../../../workers/protocol.ts';
import { fakeWorkers, type WorkerFault } from '../../../workers/testing/fake-workers.ts';
import { warningCount } from '../state/attention.ts';
import { warningsOfRun } from '../state/result.ts';
import { createAppStore, updateSlice } from '../state/store.ts';
import { createJobs } from './jobs.ts';
import { memoryPairCache } from './pair-cache.ts';

/** Four by four tiles: 24 pairs. */
const side = 4;
const pairs = 2 * side * (side - 1);
let files: readonly NamedFile[];

beforeAll(async () => {
  const nameOf = (row: number, column: number) => `r${row + 1}_c${column + 1}.tif`;
  const { files: made } = await makeSampleGrid(1, silentContext, {
    ...{ ...defaultSyntheticGrid, rows: side, columns: side, tileSize: { width: 128, height: 128 } },
    ...{ overlap: { x: 0.35, y: 0.35 }, maxShiftPx: 2, maxRotationRad: 0, nameOf },
  });
  files = made.map(({ name, bytes }) => ({ path: `g/${name}`, file: new File([bytes as BlobPart], name) }));
  vi.stubGlobal('navigator', { hardwareConcurrency: 3 });
});
afterAll(() => {
  vi.unstubAllGlobals();
});

/** A run with the network whose n-th pairs fail; the rung that is shown after each finished pair. */
async function runWith(faultAt: ReadonlyMap<number, WorkerFault>) {
  let calls = 0;
  const workers = fakeWorkers((door) => (door === 'match.matchPair' ? (faultAt.get(calls++) ?? null) : null));
  const client = createStitchClient(workers);
  const store = createAppStore();
  const kept = new Map<string, PairResult>();
  const cache = memoryPairCache();
  const jobs = createJobs({
    ...{ store, client, spareClient: () => client, now: () => performance.now() },
    cache: {
      get: (keys) => cache.get(keys),
      put: (key, result) => void (cache.put(key, result), kept.set(key, result)),
    },
    place: { choose: async () => null, download: () => undefined },
    embeddedModel: { kind: 'url', manifestUrl: 'manifest.json' },
  });
  const rungs: (string | undefined)[] = [];
  store.subscribe(({ job }) => {
    if (job.matcher?.rung !== rungs.at(-1)) rungs.push(job.matcher?.rung);
  });
  updateSlice(store, 'project', (project) => {
    const { edits } = project;
    const solve = { ...edits.options.solve, model: 'translation' } as const;
    return { ...project, edits: { ...edits, options: { ...edits.options, matcher: 'loftr', solve } } };
  });
  await jobs.addFiles(files);
  await jobs.stitch();
  const state = store.getState();
  const poses = state.result.run?.outcome.report.mosaicFromTile;
  client.dispose();
  return { state, rungs, matched: workers.matched(), kept: kept.size, poses };
}

describe('a network whose device gives up while pairs are queued', () => {
  it.each([
    ['device-lost', 'The graphics device was lost'],
    ['inference-failed', 'The network failed: out of memory'],
    ['out-of-memory', 'A worker ran out of memory (Array buffer allocation failed)'],
  ] as const)('goes on one rung below after %s, shows and says so, and loses no pair', async (fault, why) => {
    const calm = await runWith(new Map());
    expect(warningsOfRun(calm.state.result.run)).toEqual([]);
    const { state, rungs, matched, kept, poses } = await runWith(
      new Map([
        [5, fault],
        [6, fault], // the pair beside it is on the same device
      ]),
    );
    expect(rungs).toEqual(['webgpu', 'wasm-threads']);
    expect([matched, kept]).toEqual([pairs, pairs]);
    expect(poses).toEqual(calm.poses);
    expect(state.job.errors).toEqual([]);
    expect(warningsOfRun(state.result.run)).toEqual([
      `The network failed on WebGPU, test (${why}): from there on it ran on test.`,
    ]);
    expect(warningCount(state)).toBe(1);
  });

  it('comes to the last rung when the next fails, too', async () => {
    const { rungs, matched, state } = await runWith(
      new Map([
        [3, 'inference-failed'],
        [12, 'inference-failed'],
      ]),
    );
    expect(rungs).toEqual(['webgpu', 'wasm-threads', 'wasm']);
    expect(matched).toBe(pairs);
    expect(warningsOfRun(state.result.run)).toHaveLength(1);
  });

  it('keeps every finished pair when no rung is left, and says what to do', async () => {
    const { state, matched, kept } = await runWith(
      new Map(Array.from({ length: 60 }, (_, k) => [k + 8, 'inference-failed'] as const)),
    );
    expect(state.result.run).toBeNull();
    expect(kept).toBe(matched);
    expect(kept).toBeGreaterThanOrEqual(6);
    expect(state.job.errors).toMatchObject([
      { code: 'inference-failed', message: 'The network failed: out of memory' },
    ]);
  });
});
