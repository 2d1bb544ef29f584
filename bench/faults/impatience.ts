/** Timers as long as this are deadlines, ms; shorter ones are left alone. */
const leastDeadlineMs = 5000;
/** What is left of a deadline when time passes, ms: enough for calls that are answered. */
const restMs = 60;

interface Deadline {
  readonly callback: () => void;
  isOver: boolean;
}

/**
 * Lets deadlines be tested: when a call hangs, the time until it is given up passes at once, for the deadlines that are
 * set and for the next one that is.
 */
export function installImpatience(): { readonly passTime: () => void; readonly remove: () => void } {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  const waiting = new Map<unknown, Deadline>();
  let isNextShort = false;

  const end = (deadline: Deadline) => {
    if (deadline.isOver) return;
    deadline.isOver = true;
    deadline.callback();
  };
  const set = ((callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
    if (ms < leastDeadlineMs) return real.setTimeout(callback, ms, ...args);
    const deadline: Deadline = { callback: () => callback(...args), isOver: false };
    const timer = real.setTimeout(() => end(deadline), isNextShort ? restMs : ms);
    if (isNextShort) isNextShort = false;
    else timer.unref();
    waiting.set(timer, deadline);
    return timer;
  }) as typeof setTimeout;
  const clear = ((timer?: ReturnType<typeof setTimeout>) => {
    const deadline = waiting.get(timer);
    if (deadline) deadline.isOver = true;
    waiting.delete(timer);
    real.clearTimeout(timer);
  }) as typeof clearTimeout;
  globalThis.setTimeout = set;
  globalThis.clearTimeout = clear;

  return {
    passTime() {
      isNextShort = true;
      for (const deadline of waiting.values()) real.setTimeout(() => end(deadline), restMs);
    },
    remove() {
      for (const timer of [...waiting.keys()]) clear(timer as ReturnType<typeof setTimeout>);
      Object.assign(globalThis, real);
    },
  };
}
