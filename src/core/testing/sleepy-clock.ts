import type { SetTimer } from '../awake-time.ts';

/** A clock whose computer can fall asleep: what became due meanwhile is called once it wakes, in the order of its time. */
export interface SleepyClock {
  readonly setTimer: SetTimer;
  /** Passes ms awake. */
  readonly pass: (ms: number) => void;
  /** Passes ms asleep: nothing is called before the end of it. */
  readonly sleep: (ms: number) => void;
}

export function sleepyClock(): SleepyClock {
  let now = 0;
  let timers: readonly { readonly due: number; readonly then: () => void }[] = [];
  const callDue = () => {
    const due = timers.filter((timer) => timer.due <= now).toSorted((p, q) => p.due - q.due);
    timers = timers.filter((timer) => timer.due > now);
    for (const { then } of due) then();
  };
  const nextDue = (end: number) => Math.min(end, ...timers.map(({ due }) => due));
  return {
    setTimer(then, ms) {
      const timer = { due: now + ms, then };
      timers = [...timers, timer];
      return () => (timers = timers.filter((other) => other !== timer));
    },
    pass(ms) {
      const end = now + ms;
      while (now < end) {
        now = nextDue(end);
        callDue();
      }
    },
    sleep(ms) {
      now += ms;
      callDue();
    },
  };
}
