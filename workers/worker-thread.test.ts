import { describe, expect, it } from 'vitest';
import { serveCalls, type CallContext } from './remote-calls.ts';
import { workerThread } from './worker-thread.ts';

interface TestApi {
  name(request: string, context: CallContext): Promise<string>;
  stuck(request: null, context: CallContext): Promise<never>;
  rename(request: string, context: CallContext): Promise<void>;
}

/** A worker in the same thread, over a real MessageChannel; `stuck` never hears an abort. */
function spawned(log: string[]): () => Worker {
  let born = 0;
  return () => {
    const id = ++born;
    const { port1, port2 } = new MessageChannel();
    let prefix = '';
    serveCalls<TestApi>(
      {
        name: async (request) => `${prefix}${request} of ${id}`,
        stuck: () => new Promise<never>(() => undefined),
        rename: async (request) => {
          prefix = request;
        },
      },
      port1,
    );
    port1.start();
    port2.start();
    return Object.assign(port2, {
      terminate: () => {
        log.push(`terminated ${id}`);
        port1.close();
        port2.close();
      },
    }) as unknown as Worker;
  };
}

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

describe('a worker thread', () => {
  it('replaces a worker that does not hear an abort, replays its set-up, and repeats the calls of others', async () => {
    const log: string[] = [];
    const thread = workerThread<TestApi>('test', 20, spawned(log));
    await thread.remember('prefix', (remote) => remote.call('rename', 'renamed '));
    expect(await thread.call('name', 'first')).toBe('renamed first of 1');

    const aborted = new AbortController();
    const deaf = thread.call('stuck', null, aborted.signal);
    const other = new AbortController();
    const bystander = thread.call('stuck', null, other.signal).catch((error: unknown) => error);
    await thread.call('name', 'behind them: they are in the worker now');
    aborted.abort();
    await expect(deaf).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => log).toEqual(['terminated 1']);
    expect(await thread.call('name', 'second')).toBe('renamed second of 2');

    // The bystander was repeated on the new worker, where it is stuck again until its own abort.
    other.abort();
    expect(await bystander).toMatchObject({ name: 'AbortError' });
    thread.dispose();
  });

  it('replaces a worker whose set-up does not hear an abort: the next set-up finds a fresh one', async () => {
    const log: string[] = [];
    const thread = workerThread<TestApi>('test', 20, spawned(log));
    const { signal, abort } = abortable();
    const deaf = thread.prepare('matcher', (remote) => remote.call('stuck', null, signal), signal);
    await thread.call('name', 'behind it');
    abort();
    await expect(deaf).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => log).toEqual(['terminated 1']);
    await thread.prepare('matcher', (remote) => remote.call('rename', 'ready '));
    expect(await thread.call('name', 'next')).toBe('ready next of 2');
    thread.dispose();
  });

  it('replays a set-up without the signal of the run that asked for it, which may be cancelled by then', async () => {
    const log: string[] = [];
    const thread = workerThread<TestApi>('test', 20, spawned(log));
    const first = abortable();
    const heard: boolean[] = [];
    const setUp = (remote: Parameters<Parameters<typeof thread.prepare>[1]>[0], signal?: AbortSignal) => {
      heard.push(signal === first.signal);
      return remote.call('rename', 'prepared ', signal);
    };
    await thread.prepare('prefix', setUp, first.signal);
    const deaf = thread.call('stuck', null, first.signal);
    await thread.call('name', 'behind it');
    first.abort();
    await expect(deaf).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => log).toEqual(['terminated 1']);
    // The next run asks for no set-up: the worker that it finds is ready all the same.
    expect(await thread.call('name', 'next', abortable().signal)).toBe('prepared next of 2');
    expect(heard).toEqual([true, false]);
    thread.dispose();
  });

  it('sets up anew on a fresh worker when the old one was replaced under it', async () => {
    const log: string[] = [];
    const thread = workerThread<TestApi>('test', 20, spawned(log));
    const first = abortable();
    const deaf = thread.call('stuck', null, first.signal);
    await thread.call('name', 'behind it');
    first.abort();
    await expect(deaf).rejects.toMatchObject({ name: 'AbortError' });
    // The next run's set-up is on the worker that is about to be replaced.
    const born: string[] = [];
    await thread.prepare('prefix', async (remote) => {
      born.push(await remote.call('name', 'set-up'));
      if (born.length === 1) await remote.call('stuck', null);
      await remote.call('rename', 'prepared ');
    });
    expect(born).toEqual(['set-up of 1', 'set-up of 2']);
    expect(log).toEqual(['terminated 1']);
    expect(await thread.call('name', 'next')).toBe('prepared next of 2');
    thread.dispose();
  });

  it('says so when the browser starts no worker, and tries again at the next call', async () => {
    const log: string[] = [];
    const spawn = spawned(log);
    let isRefused = true;
    const thread = workerThread<TestApi>('test', 20, () => {
      if (isRefused) throw new DOMException('Failed to construct a worker.', 'SecurityError');
      return spawn();
    });
    await expect(thread.call('name', 'first')).rejects.toMatchObject({
      code: 'worker-lost',
      message: 'The test worker cannot be started (Failed to construct a worker.).',
    });
    isRefused = false;
    expect(await thread.call('name', 'second')).toBe('second of 1');
    thread.dispose();
  });

  it('starts no worker to remember something', async () => {
    const log: string[] = [];
    let started = 0;
    const spawn = spawned(log);
    const thread = workerThread<TestApi>('test', 20, () => {
      started++;
      return spawn();
    });
    await thread.remember('prefix', (remote) => remote.call('rename', 'x '));
    expect(started).toBe(0);
    thread.dispose();
  });
});
