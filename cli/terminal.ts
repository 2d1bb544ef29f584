import type { Progress, RunContext } from '../src/core/progress.ts';

/** Progress lines are written at most this often, except the last of a stage. */
const minIntervalMs = 500;

/** A context that reports on stderr, hears `signal`, and gives the event loop a turn on `yieldNow`. */
export function terminalContext(signal: AbortSignal): RunContext {
  let last = -Infinity;
  let stage = '';
  let stageStart = 0;
  return {
    signal,
    yieldNow: () => new Promise((resolve) => setImmediate(resolve)),
    onProgress(progress) {
      const now = performance.now();
      if (progress.stage !== stage) {
        stage = progress.stage;
        stageStart = now;
        last = -Infinity;
      }
      const isLast = progress.total > 0 && progress.done >= progress.total;
      if (now - last < minIntervalMs && !isLast) return;
      last = now;
      process.stderr.write(`${progressLine(progress, now - stageStart)}\n`);
    },
  };
}

function progressLine({ stage, done, total, note }: Progress, elapsedMs: number): string {
  const left = done > 0 && done < total ? `, ${Math.ceil((elapsedMs / done) * (total - done) * 0.001)} s left` : '';
  const count = total > 0 ? `${done}/${total}` : String(done);
  return `${stage} ${count}${left}${note ? `  ${note}` : ''}`;
}
