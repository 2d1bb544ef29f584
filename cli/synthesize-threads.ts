import { Worker } from 'node:worker_threads';
import { StitchError, type ErrorCode } from '../src/core/errors.ts';
import { synthesisRenderer, type SynthesisAnswer, type SynthesisTask } from './synthesize-render.ts';

/** What a thread says when a task has ended. */
export type ThreadReply =
  | { readonly ok: true; readonly answer: SynthesisAnswer }
  | { readonly ok: false; readonly code: ErrorCode | null; readonly message: string; readonly stack: string };

/** Threads that render; dispose of them when done. */
export interface SynthesisThreads {
  /**
   * Performs all tasks, as many at a time as there are threads, handing them out in order. `onDone` gets each outcome
   * as it comes; an error it throws, or an abort, stops the run after the tasks in hand.
   */
  run(
    tasks: readonly SynthesisTask[],
    onDone: (index: number, outcome: SynthesisAnswer | StitchError) => void,
    signal: AbortSignal,
  ): Promise<void>;
  dispose(): Promise<void>;
}

interface Lane {
  perform(task: SynthesisTask): Promise<SynthesisAnswer>;
  dispose(): Promise<unknown>;
}

/** Starts `jobs` threads; one job is done in this one. */
export function startSynthesisThreads(jobs: number): SynthesisThreads {
  const lanes = jobs === 1 ? [localLane()] : Array.from({ length: jobs }, threadLane);
  return {
    async run(tasks, onDone, signal) {
      let next = 0;
      let failure: { readonly error: unknown } | null = null;
      const work = async (lane: Lane): Promise<void> => {
        while (next < tasks.length && !failure && !signal.aborted) {
          const index = next++;
          try {
            onDone(index, await outcomeOf(lane.perform(tasks[index])));
          } catch (error) {
            failure ??= { error };
          }
        }
      };
      await Promise.all(lanes.map(work));
      if (failure) throw (failure as { readonly error: unknown }).error;
      signal.throwIfAborted();
    },
    async dispose() {
      await Promise.all(lanes.map((lane) => lane.dispose()));
    },
  };
}

/** An image that cannot be read is an outcome; a full disk or a programmer's error ends the run. */
async function outcomeOf(answer: Promise<SynthesisAnswer>): Promise<SynthesisAnswer | StitchError> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StitchError && error.code !== 'write-failed') return error;
    throw error;
  }
}

function localLane(): Lane {
  const perform = synthesisRenderer();
  return {
    async perform(task) {
      await new Promise((resolve) => setImmediate(resolve)); // an interrupt is heard between tasks
      return perform(task);
    },
    dispose: () => Promise.resolve(),
  };
}

/** Node 20 loads no TypeScript in a worker thread on its own, and tsx installs itself in the main thread only. */
const threadEntry = `
  const { tsx, entry } = require('node:worker_threads').workerData;
  import(tsx).then(({ tsImport }) => tsImport(entry, entry));
`;

function threadLane(): Lane {
  const modules = { tsx: import.meta.resolve('tsx/esm/api'), entry: import.meta.resolve('./synthesize-thread.ts') };
  const worker = new Worker(threadEntry, { eval: true, workerData: modules });
  return {
    perform: (task) =>
      new Promise((resolve, reject) => {
        const settle = (reply: ThreadReply): void => {
          stopListening();
          if (reply.ok) resolve(reply.answer);
          else reject(reply.code ? new StitchError(reply.code, reply.message) : new Error(reply.stack));
        };
        const fail = (error: Error): void => {
          stopListening();
          reject(error);
        };
        const ended = (): void => fail(new Error('a thread of synthesize ended early'));
        const stopListening = (): void => {
          worker.off('message', settle).off('error', fail).off('exit', ended);
        };
        worker.on('message', settle).on('error', fail).on('exit', ended);
        worker.postMessage(task);
      }),
    dispose: () => worker.terminate(),
  };
}
