/** What core needs of an AbortSignal; the platform's AbortSignal fits. */
export interface CancelSignal {
  readonly aborted: boolean;
  throwIfAborted(): void;
}

/** A stage of the run, in the order the user sees them. */
export type Stage = 'read' | 'layout' | 'match' | 'solve' | 'refine' | 'photometry' | 'compose' | 'export';

/** One progress report: `done` of `total` units of `stage` (0 = nobody knows how many); `note` says what was just finished. */
export interface Progress {
  readonly stage: Stage;
  readonly done: number;
  readonly total: number;
  readonly note?: string;
}

export type OnProgress = (progress: Progress) => void;

/**
 * What every long call receives. `yieldNow` gives the thread back for one *macrotask*, so that a worker hears an
 * abort; core has no timers of its own, the shell hands one in.
 */
export interface RunContext {
  readonly signal: CancelSignal;
  readonly onProgress: OnProgress;
  readonly yieldNow: () => Promise<void>;
}

/** Units of a stage that is told as one though it has parts. */
const wholeTotal = 100;

/**
 * The context of one part of a stage: what the part reports, of whatever stage, becomes a hundred units of which it is
 * those from the share `from` to the share `to`, 0…1. Parts of parts may be nested; the count never falls.
 */
export function partOf(ctx: RunContext, stage: Stage, from: number, to: number, note: string): RunContext {
  let reached = Math.round(wholeTotal * from);
  return {
    ...ctx,
    onProgress({ done, total }) {
      const share = total > 0 ? Math.min(done / total, 1) : 0;
      reached = Math.max(reached, Math.round(wholeTotal * (from + (to - from) * share)));
      ctx.onProgress({ stage, done: reached, total: wholeTotal, note });
    },
  };
}

/** A context that never cancels and reports to nobody. */
export const silentContext: RunContext = {
  signal: { aborted: false, throwIfAborted: () => undefined },
  onProgress: () => undefined,
  yieldNow: () => Promise.resolve(),
};
