import { describe, expect, it } from 'vitest';
import type { LinkSystem } from './link-system.ts';
import { tilesNear } from './robust-start.ts';

describe('tiles near links', () => {
  // A row of ten tiles, and a link from the last but one back to the third.
  const from = [0, 1, 2, 3, 4, 5, 6, 7, 8, 8];
  const to = [1, 2, 3, 4, 5, 6, 7, 8, 9, 2];
  const system = {
    nodes: Array.from({ length: 11 }, () => null),
    from: Int32Array.from(from),
    to: Int32Array.from(to),
  } as unknown as LinkSystem;
  const near = (links: readonly number[], steps: number) =>
    [...tilesNear(system, links, steps)].flatMap((isNear, i) => (isNear === 1 ? [i] : []));

  it('are theirs and those that so many links lead to, either way', () => {
    expect(near([], 3)).toEqual([]);
    expect(near([4], 0)).toEqual([4, 5]);
    expect(near([4], 1)).toEqual([3, 4, 5, 6]);
    expect(near([4], 2)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(near([4], 3)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(near([4], 9)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(near([0, 8], 0)).toEqual([0, 1, 8, 9]);
    expect(near([9], 1)).toEqual([1, 2, 3, 7, 8, 9]);
  });
});
