import { isAbort } from '../../core/errors.ts';
import type { OnProgress } from '../../core/progress.ts';
import { codeOf, startJob, withError, type Task } from '../state/job.ts';
import { updateSlice, type AppStore } from '../state/store.ts';

/** What the work of a job receives. */
export interface JobContext {
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  /** Says that one more pair is finished and kept, whatever becomes of the job. */
  readonly keepPair: () => void;
}

/** The one job in the foreground: it owns the only AbortController and is the only writer of `job.current`. */
export interface Foreground {
  /**
   * Runs `work`, after cancelling what ran before; resolves to true when it finished as the newest job. Failures go
   * to the error panel. `rollback` runs when the job is cancelled or fails, not when a newer job takes its place.
   */
  readonly run: (task: Task, work: (context: JobContext) => Promise<string>, rollback?: () => void) => Promise<boolean>;
  /** The job counts as cancelled at once; what it had finished is kept. */
  readonly cancel: () => void;
  /** Stops whatever runs without a word. */
  readonly reset: () => void;
}

interface RunningJob {
  readonly task: Task;
  readonly controller: AbortController;
  readonly rollback: () => void;
  keptPairs: number;
}

/** Progress is drawn at most this often, ms. */
const progressPeriodMs = 50;

export function createForeground(store: AppStore, now: () => number): Foreground {
  let running: RunningJob | null = null;

  const stop = () => {
    const stopped = running;
    running = null;
    stopped?.controller.abort();
    return stopped;
  };

  const run: Foreground['run'] = async (task, work, rollback = () => undefined) => {
    stop();
    const job: RunningJob = { task, controller: new AbortController(), rollback, keptPairs: 0 };
    running = job;
    const startedAt = now();
    updateSlice(store, 'job', (state) => ({ ...state, current: startJob(task, startedAt) }));
    try {
      const note = await work({
        signal: job.controller.signal,
        onProgress: progressInto(store, now, () => running === job),
        keepPair: () => void job.keptPairs++,
      });
      if (running !== job) return false;
      running = null;
      const elapsedMs = now() - startedAt;
      updateSlice(store, 'job', (state) => ({ ...state, current: { kind: 'done', task, elapsedMs, note } }));
      return true;
    } catch (error) {
      // A job that was cancelled or replaced has no say any more.
      if (running !== job) return false;
      running = null;
      rollback();
      const current = isAbort(error)
        ? ({ kind: 'cancelled', task, keptPairs: job.keptPairs } as const)
        : ({ kind: 'failed', task, code: codeOf(error) } as const);
      updateSlice(store, 'job', (state) => ({ ...(isAbort(error) ? state : withError(state, error)), current }));
      return false;
    }
  };

  return {
    run,
    cancel() {
      const stopped = stop();
      if (!stopped) return;
      stopped.rollback();
      const { task, keptPairs } = stopped;
      updateSlice(store, 'job', (state) => ({ ...state, current: { kind: 'cancelled', task, keptPairs } }));
    },
    reset() {
      stop();
      updateSlice(store, 'job', (state) => ({ ...state, current: { kind: 'idle' } }));
    },
  };
}

/** Writes progress into the store: every change of stage and the last unit at once, the rest at most every 50 ms. */
function progressInto(store: AppStore, now: () => number, isCurrent: () => boolean): OnProgress {
  let drawnAt = -Infinity;
  return ({ stage, done, total, note = '' }) => {
    if (!isCurrent()) return;
    const { current } = store.getState().job;
    if (current.kind !== 'running') return;
    const time = now();
    const isNewStage = current.stage !== stage;
    const isLast = total > 0 && done >= total;
    if (!isNewStage && !isLast && time - drawnAt < progressPeriodMs) return;
    drawnAt = time;
    const start = isNewStage ? { stageStartedAt: time, stageStartDone: done } : {};
    updateSlice(store, 'job', (state) => ({ ...state, current: { ...current, ...start, stage, done, total, note } }));
  };
}
