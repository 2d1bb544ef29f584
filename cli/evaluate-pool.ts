import { Worker } from 'node:worker_threads';
import { StitchError, type ErrorCode } from '../src/core/errors.ts';
import type { EvaluationChoice, GridRecord } from '../src/core/evaluation/evaluate-grid.ts';
import type { RunContext } from '../src/core/progress.ts';
import { CommandError } from './arguments.ts';
import { evaluateFolderGrid } from './evaluate-folder-grid.ts';
import type { MatcherSpec } from './evaluate-matchers.ts';
import type { TruthGrid } from './evaluate-truth.ts';
import { loadMatcher, type LoadedMatcher } from './matcher.ts';

/** One grid under one matcher. */
export interface GridJob {
  readonly folder: string;
  readonly grid: TruthGrid;
  readonly matcher: MatcherSpec;
  readonly choice: EvaluationChoice;
  /** The picture that the grid was cut from; null when it is not at hand. */
  readonly source: string | null;
}

/** What a thread answers. */
export type GridAnswer =
  | { readonly kind: 'done'; readonly record: GridRecord }
  | { readonly kind: 'failed'; readonly name: string; readonly code?: ErrorCode; readonly message: string };

/** Evaluates jobs as they come, each in the first free place. */
export interface GridPool {
  readonly places: number;
  run(job: GridJob): Promise<GridRecord>;
  close(): Promise<void>;
}

/** A pool on this thread (`jobs` 1) or on that many worker threads. */
export function gridPool(jobs: number, context: RunContext): GridPool {
  return jobs === 1 ? localPool(context) : threadPool(jobs, context);
}

function localPool(context: RunContext): GridPool {
  const run = gridRunner(context);
  return { places: 1, run: (job) => run.evaluate(job), close: () => run.dispose() };
}

/** Evaluates one job after the other, keeping each matcher loaded. */
export function gridRunner(context: RunContext) {
  const loaded = new Map<string, Promise<LoadedMatcher>>();
  return {
    async evaluate({ folder, grid, matcher, choice, source }: GridJob): Promise<GridRecord> {
      const loading = loaded.get(matcher.label) ?? loadMatcher(matcher.id, matcher.bundle);
      loaded.set(matcher.label, loading);
      return evaluateFolderGrid(folder, grid, (await loading).matcher, choice, source, context);
    },
    async dispose() {
      for (const loading of loaded.values()) await (await loading).matcher.dispose();
    },
  };
}

/** Node 20 loads no TypeScript in a worker thread on its own, and tsx installs itself in the main thread only. */
const threadEntry = `
  const { tsx, entry } = require('node:worker_threads').workerData;
  import(tsx).then(({ tsImport }) => tsImport(entry, entry));
`;

function threadPool(jobs: number, { signal }: RunContext): GridPool {
  const modules = { tsx: import.meta.resolve('tsx/esm/api'), entry: import.meta.resolve('./evaluate-thread.ts') };
  const workers = Array.from({ length: jobs }, () => new Worker(threadEntry, { eval: true, workerData: modules }));
  const free = [...workers];
  const waiting: ((worker: Worker) => void)[] = [];
  const release = (worker: Worker) => {
    const next = waiting.shift();
    if (next) next(worker);
    else free.push(worker);
  };
  return {
    places: jobs,
    async run(job) {
      const worker = free.pop() ?? (await new Promise<Worker>((resolve) => waiting.push(resolve)));
      signal.throwIfAborted();
      const record = await ask(worker, job);
      release(worker);
      return record;
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function ask(worker: Worker, job: GridJob): Promise<GridRecord> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      act();
    };
    const onMessage = (answer: GridAnswer) =>
      settle(() => (answer.kind === 'done' ? resolve(answer.record) : reject(errorOf(answer))));
    const onError = (error: unknown) => settle(() => reject(error instanceof Error ? error : new Error(String(error))));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.postMessage(job);
  });
}

function errorOf({ name, code, message }: Extract<GridAnswer, { kind: 'failed' }>): Error {
  if (code) return new StitchError(code, message);
  return name === CommandError.name ? new CommandError(message) : new Error(message);
}
