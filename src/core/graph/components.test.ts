import { describe, expect, it } from 'vitest';
import { connectedComponents } from './components.ts';

describe('connectedComponents', () => {
  it('names the largest 0 and equals in order of their first node', () => {
    const { label, sizes } = connectedComponents(7, Int32Array.of(1, 4, 5), Int32Array.of(0, 5, 6), null);
    expect([...label]).toEqual([1, 1, 2, 3, 0, 0, 0]);
    expect(sizes).toEqual([3, 2, 1, 1]);
  });

  it('sees active edges only', () => {
    const { sizes } = connectedComponents(3, Int32Array.of(0, 1), Int32Array.of(1, 2), [1, 0]);
    expect(sizes).toEqual([2, 1]);
  });
});
