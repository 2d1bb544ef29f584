/** The app's only door to the workers: `createStitchClient()` implements `StitchClient` over real threads. */
import { isAbort, StitchError } from '../src/core/errors.ts';
import type { PairResult } from '../src/core/matching/link.ts';
import type { OnProgress } from '../src/core/progress.ts';
import type { MatchApi, RasterApi, SolveApi } from './api.ts';
import type { MatcherChoice, MatcherStatus, ModelSource, Rung, StitchClient } from './protocol.ts';
import { allowOwnScripts } from './own-scripts.ts';
import type { Connection } from './remote-calls.ts';
import { workerThread, type WorkerSpawners, type WorkerThread } from './worker-thread.ts';

/** The embedded network, resolved on the page: inside a worker the base would point into assets/. */
export function embeddedModel(): ModelSource {
  return { kind: 'url', manifestUrl: new URL('models/loftr-compact/manifest.json', document.baseURI).href };
}

/** CPU matchers leave one core to the page; more workers than this only fight for memory bandwidth. */
const maxMatchWorkers = 8;
/** Pairs in flight on the one network worker: the next one is read and cropped while the network runs. */
const networkPairsInFlight = 2;

/** Puts together what the threads wait for; one file is told, whichever came first. */
function waitingFiles() {
  let listener: (file: string | null) => void = () => undefined;
  const waiting = new Map<object, string>();
  return {
    waitingOf: () => {
      const thread = {};
      return (file: string | null) => {
        const [before = null] = waiting.values();
        if (file === null) waiting.delete(thread);
        else waiting.set(thread, file);
        const [now = null] = waiting.values();
        if (now !== before) listener(now);
      };
    },
    onWaiting: (heard: typeof listener) => void (listener = heard),
  };
}

/** What a rung is called in a sentence. */
function placeOf({ rung, device }: MatcherStatus): string {
  return rung === 'webgpu' ? `WebGPU, ${device.split(';')[0]}` : device.split(';')[0];
}

/** An aborted pair that goes on longer than this costs its worker its life: a new run must not wait for it. */
const matchWindDownMs = 2000;
/** Decoding one large tile takes this long on a slow disk; replacing the thread would only decode it again. */
const rasterWindDownMs = 15_000;

const browserWorkers: WorkerSpawners = {
  match: () => new Worker(new URL('./match.worker.ts', import.meta.url), { type: 'module', name: 'match' }),
  solve: () => new Worker(new URL('./solve.worker.ts', import.meta.url), { type: 'module', name: 'solve' }),
  raster: () => new Worker(new URL('./raster.worker.ts', import.meta.url), { type: 'module', name: 'raster' }),
};

/** Starts nothing until it is used. */
export function createStitchClient(spawn: WorkerSpawners = browserWorkers): StitchClient {
  allowOwnScripts(globalThis);
  const cores = navigator.hardwareConcurrency || 2;
  const { waitingOf, onWaiting } = waitingFiles();
  const matchers: WorkerThread<MatchApi>[] = Array.from(
    { length: Math.min(maxMatchWorkers, Math.max(1, cores - 1)) },
    () => workerThread<MatchApi>('matching', matchWindDownMs, spawn.match, waitingOf()),
  );
  const solver = workerThread<SolveApi>('solver', matchWindDownMs, spawn.solve);
  // Two raster threads: what the user looks at never waits behind an export or a folder being read.
  const view = workerThread<RasterApi>('viewing', rasterWindDownMs, spawn.raster, waitingOf());
  // One pair at a time with any matcher, beside the run: loaded and dropped without touching the run's.
  const trial = workerThread<MatchApi>('trial', matchWindDownMs, spawn.match, waitingOf());
  const files = workerThread<RasterApi>('file', rasterWindDownMs, spawn.raster, waitingOf());

  let choice: MatcherChoice | null = null;
  let status: MatcherStatus | null = null;
  let nextWorker = 0;
  const usesNetwork = () => choice?.matcher === 'loftr';
  const activeMatchers = () => (usesNetwork() ? matchers.slice(0, 1) : matchers);

  const load = async (wanted: MatcherChoice, signal?: AbortSignal, onProgress?: OnProgress): Promise<MatcherStatus> => {
    choice = wanted;
    const loaded = await Promise.all(
      activeMatchers().map((thread) =>
        thread
          .prepare('matcher', (connection, asked) => connection.call('loadMatcher', wanted, asked, onProgress), signal)
          .catch((error: unknown) => {
            // A runtime that fails to start may stay broken: the next try finds a fresh thread.
            if (!isAbort(error)) thread.restart();
            throw error;
          }),
      ),
    );
    status = loaded[0];
    return loaded[0];
  };

  /** Trials come one after the other, most of them with the matcher of the one before. */
  let tried: { readonly key: string; readonly status: MatcherStatus } | null = null;
  const loadForTrial = async (wanted: MatcherChoice, signal: AbortSignal, onProgress: OnProgress) => {
    const source =
      wanted.model?.kind === 'url' ? wanted.model.manifestUrl : wanted.model?.files.map(({ name }) => name);
    const key = JSON.stringify([wanted.matcher, source, wanted.startAt]);
    if (tried?.key === key) return tried.status;
    tried = null;
    const loaded = (remote: Connection<MatchApi>, asked?: AbortSignal) =>
      remote.call('loadMatcher', wanted, asked, onProgress);
    const status = await trial.prepare('matcher', loaded, signal);
    tried = { key, status };
    return status;
  };

  // Several pairs may fail on the same lost device: they step down together, once.
  let stepping: Promise<boolean> | null = null;
  /** One rung down after a lost device or a failed inference; false when there is none below. */
  const stepDown = (failedOn: MatcherStatus | null, why: string): Promise<boolean> => {
    if (status !== failedOn) return Promise.resolve(true);
    stepping ??= loadBelow(why).finally(() => (stepping = null));
    return stepping;
  };
  const loadBelow = async (why: string): Promise<boolean> => {
    const below: Partial<Record<Rung, Rung>> = { webgpu: 'wasm-threads', 'wasm-threads': 'wasm' };
    const former = status;
    const rung = former && below[former.rung];
    if (!choice || !rung) return false;
    const { device } = await load({ ...choice, startAt: rung });
    const fallback = `The network failed on ${placeOf(former)} (${why.split('\n')[0].replace(/\.$/, '')}): from there on it ran on ${device}.`;
    status = status && { ...status, fallback };
    return true;
  };

  /**
   * Makes a call to a matching thread, and once more after a lost device or a failed inference: a rung down, or on a
   * fresh worker where there is none below, for a runtime that has trapped stays broken.
   */
  const onNextRung = async <T>(
    signal: AbortSignal,
    threads: readonly WorkerThread<MatchApi>[],
    attempt: (thread: WorkerThread<MatchApi>) => Promise<T>,
  ): Promise<T> => {
    const usedStatus = status;
    const thread = threads[nextWorker++ % threads.length];
    try {
      return await attempt(thread);
    } catch (error) {
      const canRetry =
        error instanceof StitchError && (error.code === 'worker-lost' || error.code === 'inference-failed');
      if (!canRetry || signal.aborted) throw error;
      if (!(await stepDown(usedStatus, error.message))) thread.restart();
      return attempt(thread);
    }
  };

  return {
    onWaiting,
    inspect: (named, signal, onProgress) => files.call('inspect', named, signal, onProgress),
    parseProject: (text, file) => files.call('parseProject', { text, file }),
    parseOptions: (text, file) => files.call('parseOptions', { text, file }),
    identify: (named, signal) => files.call('identify', named, signal),
    snapLandmark: (request, signal) => view.call('snapLandmark', request, signal),
    async openProject(sources) {
      await Promise.all([
        ...[view, files].map((thread) => thread.remember('open', (remote) => remote.call('open', sources))),
        ...[...matchers, trial].map((thread) => thread.remember('open', (remote) => remote.call('open', sources))),
      ]);
    },
    makeSample: (seed, signal, onProgress) => files.call('makeSample', seed, signal, onProgress),
    makeTestGrid: (signal, onProgress) => files.call('makeTestGrid', null, signal, onProgress),
    inferLayout: (tiles, signal, onProgress) => files.call('inferLayout', tiles, signal, onProgress),
    estimateOverlap: (tiles, layout, signal) => files.call('estimateOverlap', { tiles, layout }, signal),
    thumbnail: (request, signal) => files.call('thumbnail', request, signal),

    loadMatcher: (wanted, signal, onProgress) => load(wanted, signal, onProgress),
    get matcherStatus() {
      return status;
    },
    get matchConcurrency() {
      return usesNetwork() ? networkPairsInFlight : matchers.length;
    },
    matchPair: (pair, options, signal, masks): Promise<PairResult> =>
      onNextRung(signal, activeMatchers(), (thread) =>
        thread.call('matchPair', { pair, options, ...(masks ? { masks } : {}) }, signal),
      ),
    async tryPair({ choice: wanted, pair, options }, signal, onProgress) {
      const matcher = await loadForTrial(wanted, signal, onProgress);
      const startedAt = performance.now();
      const result = await trial.call('matchPair', { pair, options }, signal);
      return { result, matcher, elapsedMs: performance.now() - startedAt };
    },

    solveForEdits: (graph, options, signal, onProgress) =>
      solver.call('solveForEdits', { graph, options }, signal, onProgress),
    resolveEdits: (edits, signal, onProgress) => solver.call('resolveEdits', edits, signal, onProgress),
    solve: (graph, options, signal, onProgress) => solver.call('solve', { graph, options }, signal, onProgress),
    // Patches need no matcher: they are aligned on every matching thread, whatever matches.
    refine: (request, signal) => onNextRung(signal, matchers, (thread) => thread.call('refine', request, signal)),
    solveElastic: (request, signal, onProgress) => solver.call('solveElastic', request, signal, onProgress),
    findOddTiles: (pairs, signal) => files.call('findOddTiles', pairs, signal),
    recommend: (request, signal) => solver.call('recommend', request, signal),
    estimateShading: (request, signal, onProgress) => files.call('estimateShading', request, signal, onProgress),
    solveTones: (links, signal) => solver.call('solveTones', links, signal),

    async showMosaic(mosaic, options) {
      await Promise.all(
        [view, files].map((thread) =>
          thread.remember('mosaic', (remote) => remote.call('showMosaic', { mosaic, options })),
        ),
      );
    },
    renderChunk: (request, signal) => view.call('renderChunk', request, signal),
    renderMoved: (request, signal) => view.call('renderMoved', request, signal),
    renderEvidence: (request, signal) => view.call('renderEvidence', request, signal),
    probePixel: (x, y, signal) => view.call('probePixel', { x, y }, signal),
    correlationSurface: (request, signal) => view.call('correlationSurface', request, signal),
    statistics: (rect, scale, signal) => view.call('statistics', { rect, scale }, signal),
    pairView: (request, signal) => view.call('pairView', request, signal),
    exportMosaic: (request, signal, onProgress) => files.call('exportMosaic', request, signal, onProgress),
    textExport: (request, signal, onProgress) => files.call('textExport', request, signal, onProgress),

    dispose() {
      for (const thread of [...matchers, trial, solver, view, files]) thread.dispose();
    },
  };
}
