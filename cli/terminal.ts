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
      if (now - last < minIntervalMs && progress.done < progress.total) return;
      last = now;
      process.stderr.write(`${progressLine(progress, now - stageStart)}\n`);
    },
  };
}

function progressLine({ stage, done, total, note }: Progress, elapsedMs: number): string {
  const left = done > 0 && done < total ? `, ${Math.ceil((elapsedMs / done) * (total - done) * 0.001)} s left` : '';
  return `${stage} ${done}/${total}${left}${note ? `  ${note}` : ''}`;
}
