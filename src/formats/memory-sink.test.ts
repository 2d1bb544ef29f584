import { describe, expect, it } from 'vitest';
import { memorySink } from './memory-sink.ts';

describe('a file in memory', () => {
  it('is what was written at its places, with zeros between, cut or filled to its length', async () => {
    const sink = memorySink();
    await sink.writeAt(3, Uint8Array.of(1, 2, 3));
    await sink.writeAt(1, Uint8Array.of(9));
    await sink.truncate(5);
    await sink.truncate(7);
    expect(sink.state()).toBe('open');
    await sink.commit();
    expect(sink.state()).toBe('committed');
    expect([...sink.bytes()]).toEqual([0, 9, 0, 1, 2, 0, 0]);
  });

  it('grows beyond 64 KiB, and keeps what it holds', async () => {
    const sink = memorySink();
    const part = Uint8Array.from({ length: 40_000 }, (_, k) => k % 251);
    for (let k = 0; k < 5; k++) await sink.writeAt(k * part.length, part);
    await sink.truncate(500_000);
    await sink.commit();
    const bytes = sink.bytes();
    expect(bytes.length).toBe(500_000);
    const expected = Uint8Array.from({ length: 500_000 }, (_, k) => (k < 200_000 ? part[k % part.length] : 0));
    expect(Buffer.compare(bytes, expected)).toBe(0);
  });

  it('takes nothing more once it is finished or given up, and shows nothing before', async () => {
    const open = memorySink();
    expect(() => open.bytes()).toThrow('The file in memory is open, not finished.');
    for (const end of ['commit', 'abort'] as const) {
      const sink = memorySink();
      await sink.writeAt(0, Uint8Array.of(1));
      await sink[end]();
      const state = end === 'commit' ? 'committed' : 'aborted';
      const refused = { code: 'write-failed', message: `The file in memory is ${state} already.` };
      await expect(sink.writeAt(0, Uint8Array.of(1))).rejects.toMatchObject(refused);
      await expect(sink.truncate(0)).rejects.toMatchObject(refused);
      await expect(sink.commit()).rejects.toMatchObject(refused);
      if (end === 'abort') expect(() => sink.bytes()).toThrow('The file in memory is aborted, not finished.');
      else expect([...sink.bytes()]).toEqual([1]);
    }
  });
});
