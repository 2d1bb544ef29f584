import { describe, expect, it } from 'vitest';
import { StitchError } from '../errors.ts';
import { silentContext } from '../progress.ts';
import type { PairSeam } from './pair-seam.ts';
import { seamStore } from './seam-store.ts';

const { signal } = silentContext;
const seamOf = (nodes: number): PairSeam => ({
  step: 1,
  firstX: 0,
  firstY: 0,
  columns: nodes,
  rows: 1,
  isFirst: new Uint8Array(nodes),
});

/** A store that notes every search. */
function counted(bytes?: number) {
  const store = seamStore(bytes);
  const found: string[] = [];
  const get = (key: string, nodes = 44) =>
    store.get(
      key,
      async () => {
        found.push(key);
        return nodes === 0 ? null : seamOf(nodes);
      },
      signal,
    );
  return { get, found };
}

describe('a store of seams', () => {
  it('finds a seam once, however many ask for it at a time, also where there is none', async () => {
    const { get, found } = counted();
    const both = await Promise.all([get('a'), get('a'), get('b', 0)]);
    expect(both[0]).toBe(both[1]);
    expect(both[2]).toBeNull();
    expect(await get('a')).toBe(both[0]);
    expect(await get('b', 0)).toBeNull();
    expect(found).toEqual(['a', 'b']);
  });

  it('forgets the least recently used beyond its bytes: 256 an entry, one a node', async () => {
    // Three seams of 300 bytes.
    const { get, found } = counted(900);
    for (const key of ['a', 'b', 'c', 'a']) await get(key);
    await get('d');
    expect(found).toEqual(['a', 'b', 'c', 'd']);
    for (const key of ['c', 'a', 'd']) await get(key);
    expect(found).toEqual(['a', 'b', 'c', 'd']);
    await get('b');
    expect(found).toEqual(['a', 'b', 'c', 'd', 'b']);
    // c went for b; a large one drives out as many as it takes, and is kept itself.
    await get('large', 640);
    await get('large', 640);
    expect(found.slice(5)).toEqual(['large']);
    for (const key of ['b', 'd', 'a']) await get(key);
    expect(found.slice(6)).toEqual(['b', 'd', 'a']);
    for (const key of ['b', 'd', 'a']) await get(key);
    expect(found.slice(9)).toEqual([]);
  });

  it('keeps one that alone is larger than all', async () => {
    const { get, found } = counted(100);
    await get('a');
    await get('a');
    expect(found).toEqual(['a']);
    await get('b');
    await get('a');
    expect(found).toEqual(['a', 'b', 'a']);
  });

  it('does not remember a failure', async () => {
    const store = seamStore();
    const failing = () => Promise.reject(new StitchError('unreadable-file', 'gone'));
    await expect(store.get('a', failing, signal)).rejects.toThrow('gone');
    const seam = seamOf(3);
    expect(await store.get('a', () => Promise.resolve(seam), signal)).toBe(seam);
  });

  it('starts anew for one who waited for a search that another gave up, and not for one who gave up', async () => {
    const store = seamStore();
    const quitter = new AbortController();
    const abort = () => Promise.reject(new DOMException('given up', 'AbortError'));
    const gone = store.get('a', abort, quitter.signal);
    quitter.abort();
    const seam = seamOf(2);
    const other = store.get('a', () => Promise.resolve(seam), signal);
    await expect(gone).rejects.toMatchObject({ name: 'AbortError' });
    expect(await other).toBe(seam);
    await expect(store.get('a', () => Promise.resolve(seam), quitter.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
