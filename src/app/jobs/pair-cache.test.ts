import { describe, expect, it } from 'vitest';
import type { PairResult } from '../../core/matching/link.ts';
import { persistentPairCache, type PairStore } from './pair-cache.ts';

/** A result that is told from others by its detail alone. */
function result(detail: string): PairResult {
  return { kind: 'rejected', reason: 'no-texture', detail } as PairResult;
}

/** A store that counts what is asked of it and writes when it is told to. */
function fakeStore() {
  const kept = new Map<string, PairResult>();
  const writes: (() => void)[] = [];
  const asked: string[] = [];
  const store: PairStore = {
    get: (keys) => {
      asked.push(...keys);
      return Promise.resolve(keys.map((key) => kept.get(key)));
    },
    put: (key, value) =>
      new Promise<void>((done) => {
        writes.push(() => {
          kept.set(key, value);
          done();
        });
      }),
  };
  const write = async () => {
    for (const each of writes.splice(0)) each();
    await new Promise((done) => setTimeout(done));
  };
  return { store, kept, asked, write };
}

const settled = () => new Promise((done) => setTimeout(done));

describe('persistentPairCache', () => {
  it('gives a result back before and after it is written', async () => {
    const { store, write } = fakeStore();
    const cache = persistentPairCache('1', Promise.resolve(store));
    cache.put('p', result('p'));
    await settled();
    expect(await cache.get(['p', 'q'])).toEqual([result('p'), undefined]);
    await write();
    expect(await cache.get(['q', 'p'])).toEqual([undefined, result('p')]);
  });

  it('keeps in memory only what the store has not written', async () => {
    const { store, kept, asked, write } = fakeStore();
    const cache = persistentPairCache('1', Promise.resolve(store));
    cache.put('p', result('p'));
    await settled();
    await cache.get(['p']);
    expect(asked).toEqual([]);
    await write();
    kept.clear();
    expect(await cache.get(['p'])).toEqual([undefined]);
    expect(asked).toEqual(['p']);
  });

  it('keeps the newer of two results under one key, whichever write ends last', async () => {
    const { store, write } = fakeStore();
    const cache = persistentPairCache('1', Promise.resolve(store));
    cache.put('p', result('old'));
    await settled();
    cache.put('p', result('new'));
    expect(await cache.get(['p'])).toEqual([result('new')]);
    await write();
    await write();
    expect(await cache.get(['p'])).toEqual([result('new')]);
  });

  it('keeps everything in memory where there is no store', async () => {
    const cache = persistentPairCache('1', Promise.resolve(null));
    cache.put('p', result('p'));
    await settled();
    expect(await cache.get(['p'])).toEqual([result('p')]);
  });

  it('keeps in memory what the store refuses', async () => {
    const full: PairStore = {
      get: (keys) => Promise.resolve(keys.map(() => undefined)),
      put: () => Promise.reject(new Error('the disk is full')),
    };
    const cache = persistentPairCache('1', Promise.resolve(full));
    cache.put('p', result('p'));
    await settled();
    expect(await cache.get(['p'])).toEqual([result('p')]);
  });
});
