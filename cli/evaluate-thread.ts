/** A thread of `evaluate --jobs N`: takes one grid at a time and answers with its record. */
import { parentPort } from 'node:worker_threads';
import { StitchError } from '../src/core/errors.ts';
import { silentContext } from '../src/core/progress.ts';
import { CommandError } from './arguments.ts';
import { gridRunner, type GridAnswer, type GridJob } from './evaluate-pool.ts';

const runner = gridRunner(silentContext);

parentPort?.on('message', (job: GridJob) => {
  void answer(job).then((each) => parentPort?.postMessage(each));
});

async function answer(job: GridJob): Promise<GridAnswer> {
  try {
    return { kind: 'done', record: await runner.evaluate(job) };
  } catch (error) {
    if (error instanceof StitchError)
      return { kind: 'failed', name: error.name, code: error.code, message: error.message };
    if (error instanceof CommandError) return { kind: 'failed', name: CommandError.name, message: error.message };
    return {
      kind: 'failed',
      name: 'Error',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}
