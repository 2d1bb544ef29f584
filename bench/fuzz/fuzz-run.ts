import { Worker } from 'node:worker_threads';
import { currentBytes, currentIndex, currentLength, currentReader } from './fuzz-messages.ts';
import type { FuzzFailure, FuzzReport, FuzzTask } from './fuzz-messages.ts';
import { maxCaseBytes } from './havoc.ts';
import type { TargetId } from './targets.ts';

/** What a run of the fuzzer is asked for. */
export interface FuzzOrder {
  readonly seed: number;
  readonly first: number;
  readonly cases: number;
  readonly seconds: number;
  readonly readers: readonly TargetId[];
  readonly onFailure: (failure: FuzzFailure) => void;
  readonly onProgress: (done: number) => void;
}

/** What a run of the fuzzer did. */
export interface FuzzSummary {
  readonly done: number;
  /** Cases that were read; the others were refused with a typed error or failed. */
  readonly values: number;
  readonly failures: number;
  /** Lanes started: one, and one more after every case that had to be stopped. */
  readonly lanes: number;
  readonly corpus: readonly { readonly reader: TargetId; readonly bytes: Uint8Array }[];
}

/** A case may take this much CPU; it is CPU, not the clock, so that a busy machine blames nobody. */
const maxCpuMs = 2000;
/** A case that takes no CPU and does not end either waits for something that never comes. */
const maxWaitMs = 60_000;
const idleCpuMs = 50;
const pollMs = 100;
const heapMiB = 768;

/** Node 20 loads no TypeScript in a worker thread on its own, and tsx installs itself in the main thread only. */
const threadEntry = `
  const { tsx, entry } = require('node:worker_threads').workerData;
  import(tsx).then(({ tsImport }) => tsImport(entry, entry));
`;

type LaneEnd = { readonly next: number; readonly corpus: FuzzSummary['corpus'] };

/** Runs cases until there are enough or time is up; a lane that hangs or runs out of memory is replaced. */
export async function runFuzz(order: FuzzOrder): Promise<FuzzSummary> {
  const end = order.first + order.cases;
  const deadline = Date.now() + order.seconds * 1000;
  const count = { done: 0, values: 0, failures: 0, lanes: 0 };
  const corpus: FuzzSummary['corpus'][number][] = [];
  for (let next = order.first; next < end && Date.now() < deadline;) {
    count.lanes++;
    const lane = await runLane(order, next, end, deadline, count);
    next = lane.next;
    corpus.push(...lane.corpus);
  }
  return { ...count, corpus };
}

function runLane(
  order: FuzzOrder,
  first: number,
  end: number,
  deadline: number,
  count: { done: number; values: number; failures: number },
): Promise<LaneEnd> {
  const shared = new SharedArrayBuffer(currentBytes + maxCaseBytes);
  const state = new Int32Array(shared);
  const started = new Float64Array(shared, 16, 2);
  Atomics.store(state, currentIndex, -1);
  const task: FuzzTask = { seed: order.seed, first, end, readers: order.readers, shared };
  const modules = { tsx: import.meta.resolve('tsx/esm/api'), entry: import.meta.resolve('./fuzz-thread.ts') };
  const worker = new Worker(threadEntry, {
    eval: true,
    workerData: { ...task, ...modules },
    resourceLimits: { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: 64 },
  });
  let reported = first;
  return new Promise((resolve, reject) => {
    const fail = (failure: FuzzFailure): void => {
      count.failures++;
      order.onFailure(failure);
    };
    const stop = (): Promise<unknown> => {
      clearInterval(timer);
      worker.removeAllListeners();
      return worker.terminate();
    };
    const settle = (next: number, corpus: FuzzSummary['corpus'] = []): void => {
      void stop().then(() => resolve({ next, corpus }));
    };
    /** The case in hand ended the lane: it counts as done. */
    const blame = (failure: FuzzFailure['failure'], signature: string): void => {
      const index = Atomics.load(state, currentIndex);
      if (index < 0) {
        void stop();
        reject(new Error(`the fuzzer itself fails: ${signature}`));
        return;
      }
      const bytes = new Uint8Array(shared, currentBytes).slice(0, Atomics.load(state, currentLength));
      const reader = order.readers[Atomics.load(state, currentReader)];
      fail({ failure, signature, reader, index, bytes });
      count.done += index + 1 - reported;
      settle(index + 1);
    };
    const timer = setInterval(() => {
      const index = Atomics.load(state, currentIndex);
      if (index < 0) return;
      const { user, system } = process.cpuUsage();
      const cpuMs = (user + system - started[0]) / 1000;
      const waitedMs = Date.now() - started[1];
      if (Atomics.load(state, currentIndex) !== index) return;
      if (cpuMs > maxCpuMs && waitedMs > maxCpuMs) blame('hang', `${Math.round(cpuMs)} ms of CPU`);
      else if (waitedMs > maxWaitMs && cpuMs < idleCpuMs)
        blame('hang', `waits for nothing, ${Math.round(cpuMs)} ms of CPU`);
      else if (Date.now() > deadline) {
        count.done += Math.max(0, index - reported);
        settle(Math.max(index, reported));
      }
    }, pollMs);
    worker.on('message', (report: FuzzReport) => {
      if (report.kind === 'failure') fail(report);
      else if (report.kind === 'end') settle(end, report.corpus);
      else {
        count.done += report.done;
        count.values += report.values;
        reported = report.next;
        order.onProgress(count.done);
      }
    });
    worker.on('error', (error) =>
      blame(
        'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out-of-memory' : 'exception',
        String(error),
      ),
    );
    worker.on('exit', () => blame('exception', 'the thread ended'));
  });
}
