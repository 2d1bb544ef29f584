/** What is read of Chromium's trace events. Times are µs. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  /** Processor time of the thread. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Script of the main thread per frame, ms of processor time; wall time beside it. */
export interface FrameTimes {
  readonly frames: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly mostMs: number;
  readonly p95WallMs: number;
}

/** Events that run script, whatever called it. */
const scripts = new Set([
  'FunctionCall',
  'FireAnimationFrame',
  'EventDispatch',
  'TimerFire',
  'RunMicrotasks',
  'v8.callFunction',
]);

/** Cuts the script of the page's main thread at its animation frames and adds it up. */
export function readTrace(events: readonly TraceEvent[]): FrameTimes {
  const { pid, tid } = mainThreadOf(events);
  const own = events.filter((event) => event.ph === 'X' && event.pid === pid && event.tid === tid);
  const script = outermost(own.filter(({ name }) => scripts.has(name)));
  const starts = own.filter(({ name }) => name === 'FireAnimationFrame').map(({ ts }) => ts);
  const ends = [...new Set(starts)].sort((p, q) => p - q);
  const cpu = ends.map(() => 0);
  const wall = ends.map(() => 0);
  for (const { ts, dur = 0, tdur = dur } of script) {
    // Input before a frame belongs to it: what ran since the frame before.
    const at = ends.findIndex((end) => ts <= end);
    if (at < 0) continue;
    cpu[at] += tdur / 1000;
    wall[at] += dur / 1000;
  }
  const sorted = [...cpu].sort((p, q) => p - q);
  return {
    frames: ends.length,
    medianMs: quantile(sorted, 0.5),
    p95Ms: quantile(sorted, 0.95),
    mostMs: quantile(sorted, 1),
    p95WallMs: quantile(
      [...wall].sort((p, q) => p - q),
      0.95,
    ),
  };
}

/** The thread that paints animation frames: workers and other tabs have none. */
function mainThreadOf(events: readonly TraceEvent[]): { readonly pid: number; readonly tid: number } {
  const frame = events.find(({ name }) => name === 'FireAnimationFrame');
  if (frame === undefined) throw new Error('the trace has no animation frame');
  return frame;
}

/** Leaves out what another event of the list contains. */
function outermost(events: readonly TraceEvent[]): readonly TraceEvent[] {
  let end = -Infinity;
  return [...events]
    .sort((p, q) => p.ts - q.ts || (q.dur ?? 0) - (p.dur ?? 0))
    .filter(({ ts, dur = 0 }) => {
      if (ts < end) return false;
      end = ts + dur;
      return true;
    });
}

function quantile(sorted: readonly number[], fraction: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))] ?? 0;
  return Number(value.toFixed(2));
}
