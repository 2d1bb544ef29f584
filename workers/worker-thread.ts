import { StitchError } from '../src/core/errors.ts';
import type { OnProgress } from '../src/core/progress.ts';
import { abortError, connectCalls, type Connection } from './remote-calls.ts';

/** The worker was replaced under a call that nobody aborted: the call is made again on the new one. */
class Replaced extends Error {}

/**
 * One worker with a life: started on first use, replaced when it dies or does not hear an abort.
 * `prepare` is replayed on every fresh worker (project, matcher) before its first call.
 */
export interface WorkerThread<T> {
  readonly call: Connection<T>['call'];
  /** Runs a set-up call now, and again on every replacement once it has succeeded. */
  prepare<R>(key: string, setUp: (connection: Connection<T>) => Promise<R>): Promise<R>;
  /** Like `prepare`, but starts no worker: one that does not live yet hears it when it is born. */
  remember(key: string, setUp: (connection: Connection<T>) => Promise<void>): Promise<void>;
  dispose(): void;
}

/**
 * @param windDownMs how long an aborted call may go on before its worker is replaced (a wasm `run()` cannot be
 * interrupted); calls of others that are on it then start again.
 */
export function workerThread<T>(name: string, windDownMs: number, spawn: () => Worker): WorkerThread<T> {
  interface Life {
    readonly worker: Worker;
    readonly connection: Connection<T>;
    readonly ready: Promise<void>;
  }
  const setUps = new Map<string, (connection: Connection<T>) => Promise<unknown>>();
  let life: Life | null = null;

  const end = (ending: Life, error: unknown) => {
    if (life === ending) life = null;
    ending.worker.terminate();
    ending.connection.close(error);
  };

  const alive = (): Life => {
    if (life) return life;
    const worker = spawn();
    const connection = connectCalls<T>(worker);
    const replay = async () => {
      for (const setUp of setUps.values()) await setUp(connection);
    };
    const born: Life = { worker, connection, ready: replay() };
    // Nobody may be waiting for the replay when the worker dies early; callers get the error from their own call.
    born.ready.catch(() => undefined);
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      end(born, new StitchError('worker-lost', `The ${name} worker stopped: ${event.message || 'unknown reason'}.`));
    });
    worker.addEventListener('messageerror', () =>
      end(born, new StitchError('worker-lost', `A message to the ${name} worker could not be read.`)),
    );
    life = born;
    return born;
  };

  return {
    async call(method, request, signal?: AbortSignal, onProgress?: OnProgress, transfer?: readonly Transferable[]) {
      for (;;) {
        const current = alive();
        try {
          await current.ready;
          if (signal?.aborted) throw abortError();
          return await current.connection.call(method, request, signal, onProgress, transfer);
        } catch (error) {
          if (signal?.aborted) {
            replaceIfDeaf(current, signal);
            throw abortError();
          }
          if (!(error instanceof Replaced)) throw error;
        }
      }
    },
    async prepare(key, setUp) {
      const current = alive();
      await current.ready;
      const result = await setUp(current.connection);
      setUps.set(key, setUp);
      return result;
    },
    async remember(key, setUp) {
      setUps.set(key, setUp);
      const current = life;
      if (!current) return;
      await current.ready;
      await setUp(current.connection);
    },
    dispose() {
      if (life) end(life, abortError());
    },
  };

  function replaceIfDeaf(current: Life, signal: AbortSignal): void {
    let settled = false;
    void current.connection.idle(signal).then(() => (settled = true));
    setTimeout(() => {
      if (!settled && life === current) end(current, new Replaced(`the ${name} worker did not hear the cancel`));
    }, windDownMs);
  }
}
