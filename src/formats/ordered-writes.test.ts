import { describe, expect, it } from 'vitest';
import { orderedWrites } from './ordered-writes.ts';

describe('items that are made ahead', () => {
  it('are written in the order they were pushed, when so many are under way', async () => {
    const written: number[] = [];
    const writes = orderedWrites<number>(3, async (item) => void written.push(item));
    const slow = (item: number, turns: number) =>
      new Promise<number>((done) => {
        const turn = (left: number): void => (left === 0 ? done(item) : queueMicrotask(() => turn(left - 1)));
        turn(turns);
      });
    await writes.push(slow(1, 30));
    await writes.push(slow(2, 1));
    expect(written).toEqual([]);
    await writes.push(slow(3, 9));
    expect(written).toEqual([1]);
    await writes.push(slow(4, 1));
    expect(written).toEqual([1, 2]);
    await writes.drain();
    expect(written).toEqual([1, 2, 3, 4]);
    await writes.drain();
    expect(written).toEqual([1, 2, 3, 4]);
  });

  it('pass on the first failure of making or writing when its turn comes', async () => {
    const broken = new RangeError('no such tile');
    const failing = orderedWrites<number>(2, async () => undefined);
    await failing.push(Promise.reject(broken));
    await expect(failing.push(Promise.resolve(2))).rejects.toBe(broken);
    const full = orderedWrites<number>(1, () => Promise.reject(broken));
    await expect(full.push(Promise.resolve(1))).rejects.toBe(broken);
    const late = orderedWrites<number>(5, () => Promise.reject(broken));
    await late.push(Promise.resolve(1));
    await expect(late.drain()).rejects.toBe(broken);
  });
});
