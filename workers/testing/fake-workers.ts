/** The threads of the app as message ports in this thread, with faults: for tests of what happens when one fails. */
import { StitchError } from '../../src/core/errors.ts';
import { solveForEdits } from '../../src/core/graph/resolve.ts';
import { solvePoseGraph } from '../../src/core/graph/solve.ts';
import { matchPair } from '../../src/core/matching/match-pair.ts';
import { solveTones } from '../../src/core/photometry/solve-tones.ts';
import { inferLayoutOf } from '../../src/core/tiles/layout-from-pixels.ts';
import type { Tile, TileId, TileReader } from '../../src/core/tiles/tile.ts';
import { byteSourceFromBlob } from '../../src/formats/byte-source.ts';
import { fileIdentity } from '../../src/formats/file-identity.ts';
import { inspectFiles } from '../../src/formats/inspect.ts';
import { projectTileReader } from '../../src/formats/project-reader.ts';
import { matchers } from '../../src/matchers/index.ts';
import type { MatchApi, RasterApi, SolveApi } from '../api.ts';
import type { Rung, TileSource } from '../protocol.ts';
import { makeTestGrid } from '../sample.ts';
import { serveCalls, type CallContext } from '../remote-calls.ts';
import { textExport } from '../text-export.ts';
import type { WorkerSpawners } from '../worker-thread.ts';

/** How a call to a worker can really fail. */
export const workerFaults = [
  'terminated', // the thread is gone without an answer, and says so
  'hang', // it never answers, and hears no cancel
  'unreadable-message',
  'out-of-memory',
  'revoked', // the system does not give a file
] as const;
/** How the network can fail besides. */
export const networkFaults = ['device-lost', 'trap', 'inference-failed'] as const;
export type WorkerFault = (typeof workerFaults)[number] | (typeof networkFaults)[number];

export interface FakeWorkers extends WorkerSpawners {
  /** Pairs whose matching has ended. */
  readonly matched: () => number;
  /** Threads that live. */
  readonly alive: () => number;
}

type Method = (request: never, context: CallContext) => Promise<unknown>;

/**
 * Workers whose every call asks `meet` first, by the worker's and the method's name. Matching is phase correlation,
 * whatever is chosen; a network is one that claims to be so and has rungs.
 */
export function fakeWorkers(meet: (door: string) => WorkerFault | null): FakeWorkers {
  let [matched, alive] = [0, 0];

  const spawn = (name: string, makeApi: () => Readonly<Record<string, Method>>) => (): Worker => {
    const { port1, port2 } = new MessageChannel();
    const events = new EventTarget();
    const isBroken = { value: false };
    alive++;
    const terminate = () => {
      alive--;
      port1.close();
      port2.close();
    };
    const faulty = Object.entries(makeApi()).map(([method, run]) => {
      const call: Method = async (request, context) => {
        const fault = meet(`${name}.${method}`);
        if (fault) await fail(fault, events, isBroken);
        // A runtime that has trapped answers nothing any more.
        if (isBroken.value)
          throw new StitchError('inference-failed', 'The network failed: memory access out of bounds');
        return run(request, context);
      };
      return [method, call] as const;
    });
    serveCalls<Record<string, (request: unknown, context: CallContext) => Promise<unknown>>>(
      Object.fromEntries(faulty) as never,
      port1,
    );
    port1.start();
    port2.start();
    const listen = (type: string, listener: EventListener) =>
      (type === 'message' ? port2 : events).addEventListener(type, listener);
    return {
      postMessage: (message: unknown, transfer: Transferable[] = []) => port2.postMessage(message, transfer),
      addEventListener: listen,
      removeEventListener: (type: string, listener: EventListener) => port2.removeEventListener(type, listener),
      terminate,
    } as unknown as Worker;
  };

  return {
    match: spawn('match', () => matchApi(() => matched++)),
    solve: spawn('solve', solveApi),
    raster: spawn('raster', rasterApi),
    matched: () => matched,
    alive: () => alive,
  };
}

async function fail(fault: WorkerFault, events: EventTarget, isBroken: { value: boolean }): Promise<void> {
  const told = (type: string) => events.dispatchEvent(new Event(type, { cancelable: true }));
  switch (fault) {
    case 'terminated':
      told('error');
      return new Promise(() => undefined);
    case 'unreadable-message':
      told('messageerror');
      return new Promise(() => undefined);
    case 'hang':
      return new Promise(() => undefined);
    case 'out-of-memory':
      throw new RangeError('Array buffer allocation failed');
    case 'revoked':
      throw new StitchError('unreadable-file', 'r1_c1.tif cannot be read.', { file: 'r1_c1.tif' });
    case 'device-lost':
      throw new StitchError('worker-lost', 'The graphics device was lost.');
    case 'inference-failed':
      throw new StitchError('inference-failed', 'The network failed: out of memory');
    case 'trap':
      isBroken.value = true;
  }
}

interface Opened {
  readonly tiles: ReadonlyMap<TileId, Tile>;
  readonly reader: TileReader;
}

function openedOf(sources: readonly TileSource[]): Opened {
  const files = sources.map(({ tile, file }) => ({ tile, source: byteSourceFromBlob(tile.file, file) }));
  return { tiles: new Map(sources.map(({ tile }) => [tile.id, tile])), reader: projectTileReader(files) };
}

function matchApi(onMatched: () => void) {
  let opened: Opened | null = null;
  let isLoaded = false;
  const api: Pick<MatchApi, 'open' | 'loadMatcher' | 'matchPair'> = {
    open: async (sources) => void (opened = openedOf(sources)),
    async loadMatcher({ matcher, startAt = 'webgpu' }) {
      isLoaded = true;
      const rung: Rung = matcher === 'loftr' ? startAt : 'js';
      return { matcher, rung, model: null, modelSha256: null, device: 'test' };
    },
    async matchPair({ pair, options }, { signal }) {
      const [a, b] = [opened?.tiles.get(pair.a), opened?.tiles.get(pair.b)];
      if (!opened || !isLoaded || !a || !b)
        throw new StitchError('worker-lost', 'The worker has no project or matcher.');
      const steps = { reader: opened.reader, matcher: await matchers['phase-correlation'].load(), now: () => 0 };
      const result = await matchPair(pair, a, b, steps, options, { signal });
      onMatched();
      return result;
    },
  };
  return api as unknown as Record<string, Method>;
}

function solveApi() {
  const api: Pick<SolveApi, 'solve' | 'solveForEdits' | 'solveTones'> = {
    solve: ({ graph, options }, context) => solvePoseGraph(graph, options, context),
    solveForEdits: async ({ graph, options }, context) => (await solveForEdits(graph, options, context)).report,
    solveTones: async (links) => solveTones(links, [...new Set(links.flatMap(({ pair }) => [pair.a, pair.b]))]),
  };
  return api as unknown as Record<string, Method>;
}

function rasterApi() {
  let opened: Opened | null = null;
  const api: Pick<
    RasterApi,
    | 'inspect'
    | 'identify'
    | 'open'
    | 'inferLayout'
    | 'findOddTiles'
    | 'showMosaic'
    | 'statistics'
    | 'exportMosaic'
    | 'textExport'
    | 'makeTestGrid'
    | 'renderChunk'
  > = {
    inspect: (named, context) =>
      inspectFiles(
        named.map(({ path, file }) => byteSourceFromBlob(path, file)),
        context,
      ),
    identify: (named) => Promise.all(named.map(({ path, file }) => fileIdentity(byteSourceFromBlob(path, file)))),
    open: async (sources) => void (opened = openedOf(sources)),
    async inferLayout(tiles, context) {
      if (!opened) throw new StitchError('no-tiles', 'No tiles are open.');
      return inferLayoutOf(tiles, opened.reader, context);
    },
    findOddTiles: async () => [],
    showMosaic: async () => undefined,
    statistics: async () => ({ min: 0, max: 255, low: 10, high: 200, histogram: new Uint32Array(256) }),
    async exportMosaic() {
      const file = new File(['tiff'], 'mosaic.tif');
      return { bytes: 4, width: 5, height: 2, kind: 'TIFF', levels: 1, values: null, damaged: [], file };
    },
    textExport: (request) => textExport(request),
    makeTestGrid: (_, context) => makeTestGrid(context),
    // There are no bitmaps here: its size alone.
    renderChunk: async ({ rect, scale }) =>
      ({ width: Math.ceil(rect.width * scale), height: Math.ceil(rect.height * scale) }) as ImageBitmap,
  };
  return api as unknown as Record<string, Method>;
}
