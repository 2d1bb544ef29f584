/** What core needs of an AbortSignal; the platform's AbortSignal fits. */
export interface CancelSignal {
  readonly aborted: boolean;
  throwIfAborted(): void;
}

/** A stage of the run, in the order the user sees them. */
export type Stage = 'read' | 'layout' | 'match' | 'solve' | 'refine' | 'photometry' | 'compose' | 'export';

/** One progress report: `done` of `total` units of `stage`; `note` says what was just finished. */
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

/** A context that never cancels and reports to nobody. */
export const silentContext: RunContext = {
  signal: { aborted: false, throwIfAborted: () => undefined },
  onProgress: () => undefined,
  yieldNow: () => Promise.resolve(),
};
