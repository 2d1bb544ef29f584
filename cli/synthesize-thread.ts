/** A worker thread of `synthesize`: answers each task with the task's number. */
import { parentPort } from 'node:worker_threads';
import { StitchError } from '../src/core/errors.ts';
import { synthesisRenderer, type SynthesisTask } from './synthesize-render.ts';
import type { ThreadReply } from './synthesize-threads.ts';

const perform = synthesisRenderer();

parentPort?.on('message', (task: SynthesisTask) => {
  void perform(task).then(
    (answer) => reply({ ok: true, answer }),
    (error: unknown) =>
      reply({
        ok: false,
        code: error instanceof StitchError ? error.code : null,
        message: error instanceof Error ? error.message : String(error),
        stack: error instanceof Error ? (error.stack ?? '') : '',
      }),
  );
});

function reply(message: ThreadReply): void {
  parentPort?.postMessage(message);
}
