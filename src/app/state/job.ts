import { StitchError, type ErrorCode } from '../../core/errors.ts';
import type { DeviceTest } from '../../core/evaluation/device-test.ts';
import type { Stage } from '../../core/progress.ts';
import type { MatcherStatus } from '../../../workers/protocol.ts';

/** What a job is for. */
export type Task = 'sample' | 'inspect' | 'layout' | 'stitch' | 'resolve' | 'export' | 'evaluate';

/** The one job in the foreground. */
export type ForegroundJob =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'running';
      readonly task: Task;
      readonly stage: Stage | null;
      readonly done: number;
      readonly total: number;
      readonly note: string;
      readonly startedAt: number;
      /** When the stage began and how much was done then: what time left is estimated from. */
      readonly stageStartedAt: number;
      readonly stageStartDone: number;
    }
  | { readonly kind: 'cancelled'; readonly task: Task; readonly keptPairs: number }
  | { readonly kind: 'failed'; readonly task: Task; readonly code: ShownError['code'] }
  | { readonly kind: 'done'; readonly task: Task; readonly elapsedMs: number; readonly note: string };

/** An error as the panel shows it; stays until the user dismisses it. */
export interface ShownError {
  readonly id: number;
  readonly code: ErrorCode | 'unexpected';
  readonly message: string;
  /** What caused it, the nearest first, as `name: message`. */
  readonly causes?: readonly string[];
}

/** Slice `job`. */
export interface JobState {
  readonly current: ForegroundJob;
  readonly errors: readonly ShownError[];
  /** The matcher that is loaded, with the rung it runs on. */
  readonly matcher: MatcherStatus | null;
  /** A file whose drive does not answer; nothing is lost by waiting. */
  readonly waitingFor: string | null;
  /** The last check of this device. */
  readonly deviceTest: CheckedDevice | null;
}

/** What the check of this device found, on what the matcher ran, and the mosaic of the check, small. */
export interface CheckedDevice {
  readonly report: DeviceTest;
  readonly matcher: MatcherStatus;
  readonly picture: ImageBitmap;
}

export const noJob: JobState = {
  current: { kind: 'idle' },
  errors: [],
  matcher: null,
  waitingFor: null,
  deviceTest: null,
};

export function startJob(task: Task, now: number): ForegroundJob {
  return {
    kind: 'running',
    task,
    stage: null,
    done: 0,
    total: 0,
    note: '',
    startedAt: now,
    stageStartedAt: now,
    stageStartDone: 0,
  };
}

/** Milliseconds until the stage ends at its pace so far; null while nothing can be said. */
export function timeLeftMs(job: ForegroundJob, now: number): number | null {
  if (job.kind !== 'running') return null;
  const finished = job.done - job.stageStartDone;
  if (finished <= 0 || job.total <= job.done) return null;
  return ((now - job.stageStartedAt) / finished) * (job.total - job.done);
}

/** The job state with one more error; the same message is not shown twice. */
export function withError(job: JobState, error: unknown): JobState {
  const shown = {
    id: (job.errors.at(-1)?.id ?? 0) + 1,
    code: codeOf(error),
    message: error instanceof Error ? error.message : String(error),
    causes: causesOf(error),
  };
  if (job.errors.some(({ code, message }) => code === shown.code && message === shown.message)) return job;
  return { ...job, errors: [...job.errors, shown] };
}

/** The code under which an error is shown. */
export function codeOf(error: unknown): ShownError['code'] {
  if (error instanceof StitchError) return error.code;
  return error instanceof Error && missingModule.test(error.message) ? 'altered-file' : 'unexpected';
}

/** What Chromium, Firefox and Safari say where a new version of the app has taken the place of a part of the old one. */
const missingModule = /dynamically imported module|importing a module script failed/i;

/** A chain of causes is not longer than this, or it is a ring. */
const mostCauses = 8;

function causesOf(error: unknown): readonly string[] {
  const causes: string[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && cause !== null && causes.length < mostCauses) {
    causes.push(cause instanceof Error ? `${cause.name}: ${cause.message}` : 'something that is no error');
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

export function withoutError(job: JobState, id: number): JobState {
  return { ...job, errors: job.errors.filter((error) => error.id !== id) };
}
