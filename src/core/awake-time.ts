/** Calls `then` after so many ms; the answer takes the call back. */
export type SetTimer = (then: () => void, ms: number) => () => void;

/** A waiting time is counted in so many periods, unless it is told otherwise. */
const usualPeriods = 8;

/**
 * Calls `onOver` when so many ms have passed in which the computer was awake. Time is counted in periods: a timer over all
 * of it is due at once after a night asleep, and would blame whoever had no time to answer; this one is one period further.
 * @returns takes it back
 */
export function whenAwakeFor(ms: number, onOver: () => void, setTimer: SetTimer, periods = usualPeriods): () => void {
  let left = periods;
  let takeBack: () => void = () => undefined;
  const wait = () => {
    takeBack = setTimer(() => (--left > 0 ? wait() : onOver()), ms / periods);
  };
  wait();
  return () => takeBack();
}

/** The outcome of `work`, or that of `otherwise` when it has not come in so many ms in which the computer was awake. */
export function inAwakeTime<T, O>(
  work: Promise<T>,
  ms: number,
  otherwise: () => O | Promise<O>,
  setTimer: SetTimer,
  periods = usualPeriods,
): Promise<T | O> {
  let takeBack: () => void = () => undefined;
  const late = new Promise<O>((resolve) => {
    takeBack = whenAwakeFor(ms, () => resolve(otherwise()), setTimer, periods);
  });
  return Promise.race([work, late]).finally(() => takeBack());
}
