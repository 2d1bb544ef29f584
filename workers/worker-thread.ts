import { whenAwakeFor, type SetTimer } from '../src/core/awake-time.ts';
import { StitchError } from '../src/core/errors.ts';
import type { OnProgress } from '../src/core/progress.ts';
import { abortError, connectCalls, hearWaiting, type Connection } from './remote-calls.ts';

/** A worker that says nothing about a call for so long is given up, ms; the time is counted in so many periods. */
const patienceMs = 300_000;
const periods = 30;

/** The worker was replaced under a call that nobody aborted: the call is made again on the new one. */
class Replaced extends Error {}

/** How a thread of each kind comes to life. */
export interface WorkerSpawners {
  readonly match: () => Worker;
  readonly solve: () => Worker;
  readonly raster: () => Worker;
}

/**
 * One worker with a life: started on first use, replaced when it dies or does not hear an abort.
 * `prepare` is replayed on every fresh worker (project, matcher) before its first call.
 */
export interface WorkerThread<T> {
  readonly call: Connection<T>['call'];
  /**
   * Runs a set-up call now, and again on every replacement once it has succeeded.
   * @param setUp is given `signal` now and none when it is replayed: what asked for it may have been cancelled long ago
   * @param signal the one that the set-up is aborted by: a worker that does not hear it is replaced
   */
  prepare<R>(
    key: string,
    setUp: (connection: Connection<T>, signal?: AbortSignal) => Promise<R>,
    signal?: AbortSignal,
  ): Promise<R>;
  /** Like `prepare`, but starts no worker: one that does not live yet hears it when it is born. */
  remember(key: string, setUp: (connection: Connection<T>) => Promise<void>): Promise<void>;
  /** Ends the worker; calls that are on it are made again on a fresh one. */
  restart(): void;
  dispose(): void;
}

/**
 * @param windDownMs how long an aborted call may go on before its worker is replaced (a wasm `run()` cannot be
 * interrupted); calls of others that are on it then start again.
 * @param onWaiting told of the file whose drive does not answer, null once none is waited for
 */
export function workerThread<T>(
  name: string,
  windDownMs: number,
  spawn: () => Worker,
  onWaiting: (file: string | null) => void = () => undefined,
): WorkerThread<T> {
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
    onWaiting(null);
    ending.connection.close(error);
  };

  /** The living worker, or a fresh one, on which all set-ups but one are replayed: that one is about to be made anew. */
  const alive = (except: string | null = null): Life => {
    if (life) return life;
    const worker = started(name, spawn);
    const bare = connectCalls<T>(worker);
    const connection = heard(bare, () =>
      end(born, new StitchError('worker-lost', `The ${name} worker has not answered for ${silenceText}.`)),
    );
    const replay = async () => {
      for (const [key, setUp] of setUps) if (key !== except) await setUp(connection);
    };
    const born: Life = { worker, connection, ready: Promise.resolve().then(replay) };
    // A worker that could not be set up is of no use to later calls; callers get the error from their own call.
    born.ready.catch((error: unknown) => end(born, error));
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      end(born, new StitchError('worker-lost', `The ${name} worker stopped: ${event.message || 'unknown reason'}.`));
    });
    worker.addEventListener('messageerror', () =>
      end(born, new StitchError('worker-lost', `A message to the ${name} worker could not be read.`)),
    );
    hearWaiting(worker, (file) => {
      if (life === born) onWaiting(file);
    });
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
    async prepare(key, setUp, signal) {
      for (;;) {
        const current = alive(key);
        try {
          await current.ready;
          const result = await setUp(current.connection, signal);
          setUps.set(key, (connection) => setUp(connection));
          return result;
        } catch (error) {
          if (signal?.aborted) replaceIfDeaf(current, signal);
          if (signal?.aborted || !(error instanceof Replaced)) throw error;
        }
      }
    },
    async remember(key, setUp) {
      setUps.set(key, setUp);
      const current = life;
      if (!current) return;
      try {
        await current.ready;
        await setUp(current.connection);
      } catch (error) {
        // A worker that died over it will be replaced, and the next one hears it.
        if (life === current) throw error;
      }
    },
    restart() {
      if (life) end(life, new Replaced(`the ${name} worker was replaced`));
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

/** @throws StitchError `worker-lost` where the browser refuses: for want of memory, or by a policy */
function started(name: string, spawn: () => Worker): Worker {
  try {
    return spawn();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StitchError('worker-lost', `The ${name} worker cannot be started (${why}).`, {}, { cause });
  }
}

const silenceText = `${patienceMs / 60_000} minutes`;

const setTimer: SetTimer = (then, ms) => {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
};

/**
 * A connection that tells when nothing is heard of a call for too long: neither progress nor an end. A laptop that slept
 * for the night has lost one period of it and no worker.
 */
function heard<T>(connection: Connection<T>, onSilence: () => void): Connection<T> {
  return {
    ...connection,
    call(method, request, signal, onProgress, transfer) {
      const wait = () => whenAwakeFor(patienceMs, onSilence, setTimer, periods);
      let takeBack = wait();
      const listen: OnProgress = (progress) => {
        takeBack();
        takeBack = wait();
        onProgress?.(progress);
      };
      return connection.call(method, request, signal, listen, transfer).finally(() => takeBack());
    },
  };
}
