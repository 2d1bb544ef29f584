import { describe, expect, it } from 'vitest';
import { closureBetween, createLoopNoise, mostClosure } from './loop-noise.ts';

/** Nodes 0 … n − 1 in a row, each linked with the next. */
function row(n: number) {
  const from = Int32Array.from({ length: n - 1 }, (_, l) => l);
  const to = from.map((i) => i + 1);
  return { from, to, all: new Uint8Array(n - 1).fill(1) };
}

describe('closureBetween', () => {
  const { from, to, all } = row(60);
  const noise = createLoopNoise(60, from, to, all, all.slice(), 0.5);

  it('is that of a short loop up to four links', () => {
    expect(closureBetween(noise, 0, 1, 1, null, -1)).toBe(0.5);
    expect(closureBetween(noise, 0, 3, 1, null, -1)).toBe(0.5);
  });

  it('grows with the length of the way round', () => {
    // 12 links: shifts add up to √3 of four; turns under the lever of a round loop of 8 more to √(8³ / 720).
    expect(closureBetween(noise, 0, 11, 1, null, -1)).toBeCloseTo(0.5 * Math.sqrt(3 + 512 / 720), 12);
  });

  it('stops growing where the way is long, and where there is none', () => {
    expect(closureBetween(noise, 0, 50, 1, null, -1)).toBe(mostClosure(noise));
    expect(closureBetween(noise, 0, 5, 1, new Set([3]), -1)).toBe(mostClosure(noise));
    expect(closureBetween(noise, 0, 5, 1, null, 2)).toBe(mostClosure(noise));
  });

  it('leads over believed links only, as they are now', () => {
    const believed = all.slice();
    const now = createLoopNoise(60, from, to, all, believed, 0.5);
    expect(closureBetween(now, 0, 3, 1, null, -1)).toBe(0.5);
    believed[1] = 0;
    expect(closureBetween(now, 0, 3, 1, null, -1)).toBe(mostClosure(now));
  });
});
