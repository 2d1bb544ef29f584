import { describe, expect, it } from 'vitest';
import { partOf, silentContext } from './progress.ts';
import type { Progress } from './progress.ts';

function recorded() {
  const heard: Progress[] = [];
  return { heard, ctx: { ...silentContext, onProgress: (one: Progress) => void heard.push(one) } };
}

describe('a part of a stage', () => {
  it('tells its units as a share of the whole, under its own name', () => {
    const { heard, ctx } = recorded();
    const part = partOf(ctx, 'solve', 0.2, 0.6, 'bending the tiles');
    part.onProgress({ stage: 'refine', done: 0, total: 4, note: 'a – b' });
    part.onProgress({ stage: 'refine', done: 3, total: 4 });
    part.onProgress({ stage: 'refine', done: 4, total: 4 });
    expect(heard).toEqual(
      [20, 50, 60].map((done) => ({ stage: 'solve', done, total: 100, note: 'bending the tiles' })),
    );
  });

  it('never falls back, and does not move while nobody knows how much there is', () => {
    const { heard, ctx } = recorded();
    const part = partOf(ctx, 'solve', 0.5, 1, 'x');
    for (const [done, total] of [
      [7, 0],
      [3, 4],
      [1, 4],
      [9, 4],
    ])
      part.onProgress({ stage: 'solve', done, total });
    expect(heard.map(({ done }) => done)).toEqual([50, 88, 88, 100]);
  });

  it('may have parts', () => {
    const { heard, ctx } = recorded();
    const outer = partOf(ctx, 'solve', 0.5, 1, 'outer');
    partOf(outer, 'solve', 0, 0.5, 'inner').onProgress({ stage: 'solve', done: 1, total: 2 });
    expect(heard).toEqual([{ stage: 'solve', done: 63, total: 100, note: 'outer' }]);
  });

  it('keeps the signal and the turn of the event loop', () => {
    const part = partOf(silentContext, 'solve', 0, 1, '');
    expect(part.signal).toBe(silentContext.signal);
    expect(part.yieldNow).toBe(silentContext.yieldNow);
  });
});
