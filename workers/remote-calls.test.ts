import { describe, expect, it } from 'vitest';
import { StitchError } from '../src/core/errors.ts';
import type { Progress } from '../src/core/progress.ts';
import { connectCalls, serveCalls, type CallContext } from './remote-calls.ts';

interface TestApi {
  double(request: { n: number }, context: CallContext): Promise<number>;
  fail(request: null, context: CallContext): Promise<never>;
  untilAborted(request: null, context: CallContext): Promise<string>;
  count(request: { to: number }, context: CallContext): Promise<void>;
}

function connected() {
  const { port1, port2 } = new MessageChannel();
  const heard: string[] = [];
  serveCalls<TestApi>(
    {
      double: async ({ n }) => 2 * n,
      fail: async () => {
        throw new StitchError('truncated-file', 'a.tif ends early', { file: 'a.tif' }, { cause: new Error('eof') });
      },
      untilAborted: async (_request, { signal, yieldNow }) => {
        while (!signal.aborted) await yieldNow();
        heard.push('aborted');
        signal.throwIfAborted();
        return 'never';
      },
      count: async ({ to }, { onProgress }) => {
        for (let done = 1; done <= to; done++) onProgress({ stage: 'match', done, total: to });
      },
    },
    port1,
  );
  port1.start();
  port2.start();
  return { connection: connectCalls<TestApi>(port2), heard, close: () => (port1.close(), port2.close()) };
}

describe('calls over a real MessageChannel', () => {
  it('returns the value of a method', async () => {
    const { connection, close } = connected();
    expect(await connection.call('double', { n: 21 })).toBe(42);
    close();
  });

  it('keeps code, detail and cause of an error', async () => {
    const { connection, close } = connected();
    const error = await connection.call('fail', null).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StitchError);
    const failure = error as StitchError;
    expect([failure.code, failure.message, failure.detail]).toEqual([
      'truncated-file',
      'a.tif ends early',
      { file: 'a.tif' },
    ]);
    expect((failure.cause as Error).message).toBe('eof');
    close();
  });

  it('answers an abort at once and lets the worker hear it', async () => {
    const { connection, heard, close } = connected();
    const controller = new AbortController();
    const call = connection.call('untilAborted', null, controller.signal);
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    await connection.idle();
    expect(heard).toEqual(['aborted']);
    expect(await connection.call('double', { n: 1 })).toBe(2);
    close();
  });

  it('hands progress to the call it belongs to', async () => {
    const { connection, close } = connected();
    const seen: Progress[] = [];
    await connection.call('count', { to: 3 }, undefined, (progress) => seen.push(progress));
    expect(seen.map((progress) => progress.done)).toEqual([1, 2, 3]);
    close();
  });

  it('rejects what is in flight when the worker is lost', async () => {
    const { connection, close } = connected();
    const call = connection.call('untilAborted', null);
    connection.close(new StitchError('worker-lost', 'The worker stopped.'));
    await expect(call).rejects.toMatchObject({ code: 'worker-lost' });
    await expect(connection.call('double', { n: 1 })).rejects.toMatchObject({ code: 'worker-lost' });
    close();
  });
});
