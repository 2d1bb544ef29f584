import { describe, expect, it } from 'vitest';
import { silentContext } from '../progress.ts';
import { tileId } from '../tiles/tile.ts';
import type { TileReader } from '../tiles/tile.ts';
import { boundedTileReader } from './bounded-reader.ts';

/** A reader whose reads end when they are told to. */
function manualReader() {
  const begun: string[] = [];
  const ends: ((fails: boolean) => void)[] = [];
  const reader: TileReader = {
    read: (tile) => {
      begun.push(tile);
      return new Promise((resolve, reject) => {
        ends.push((fails) => (fails ? reject(new Error('gone')) : resolve([])));
      });
    },
  };
  return { reader, begun, ends };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const { signal } = silentContext;

describe('a bounded reader', () => {
  it('reads so many tiles at a time, in the order they were asked for, whatever fails', async () => {
    const { reader, begun, ends } = manualReader();
    const bounded = boundedTileReader(reader, 2);
    const reads = [0, 1, 2, 3, 4].map((n) => bounded.read(tileId(`t${n}`), { level: 0, signal }));
    const outcomes = Promise.allSettled(reads);
    await settle();
    expect(begun).toEqual(['t0', 't1']);
    ends[1](true);
    await settle();
    expect(begun).toEqual(['t0', 't1', 't2']);
    for (const n of [0, 2, 3, 4]) {
      ends[n](false);
      await settle();
    }
    expect((await outcomes).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
  });

  it('never begins a read that was cancelled while it waited', async () => {
    const { reader, begun, ends } = manualReader();
    const bounded = boundedTileReader(reader, 1);
    const controller = new AbortController();
    const first = bounded.read(tileId('t0'), { level: 0, signal });
    const second = bounded.read(tileId('t1'), { level: 0, signal: controller.signal });
    const third = bounded.read(tileId('t2'), { level: 0, signal });
    const outcome = Promise.allSettled([second]);
    await settle();
    controller.abort();
    ends[0](false);
    await first;
    expect(await outcome).toMatchObject([{ status: 'rejected', reason: { name: 'AbortError' } }]);
    await settle();
    expect(begun).toEqual(['t0', 't2']);
    ends[1](false);
    await third;
  });
});
