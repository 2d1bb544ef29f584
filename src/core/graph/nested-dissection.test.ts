import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjacencyOf, nestedDissection } from './nested-dissection.ts';

describe('adjacency', () => {
  it('has both directions of every edge, loops left out and duplicates kept', () => {
    const { starts, neighbours } = adjacencyOf(4, Int32Array.of(0, 1, 2, 0), Int32Array.of(1, 2, 2, 1));
    expect([...starts]).toEqual([0, 2, 5, 6, 6]);
    expect([...neighbours]).toEqual([1, 1, 0, 2, 0, 1]);
  });
});

/** A grid of columns × rows nodes a px apart with edges to the right and below. */
function grid(columns: number, rows: number) {
  const from: number[] = [];
  const to: number[] = [];
  for (let i = 0; i < columns * rows; i++) {
    if (i % columns < columns - 1) [from, to].forEach((list, s) => list.push(i + s));
    if (i + columns < columns * rows) [from, to].forEach((list, s) => list.push(i + s * columns));
  }
  const x = Float64Array.from({ length: columns * rows }, (_, i) => i % columns);
  const y = Float64Array.from({ length: columns * rows }, (_, i) => Math.floor(i / columns));
  return { adjacency: adjacencyOf(columns * rows, Int32Array.from(from), Int32Array.from(to)), x, y };
}

describe('nested dissection', () => {
  it('orders every node once, in ascending groups', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (columns, rows) => {
        const { adjacency, x, y } = grid(columns, rows);
        const { order, groups } = nestedDissection(adjacency, x, y);
        expect([...order].sort((p, q) => p - q)).toEqual([...order.keys()]);
        expect([groups[0], groups[groups.length - 1]]).toEqual([0, columns * rows]);
        for (let g = 1; g < groups.length; g++) expect(groups[g]).toBeGreaterThan(groups[g - 1]);
      }),
    );
  });

  it('leaves six nodes or fewer uncut', () => {
    for (const [columns, count] of [
      [6, 1],
      [7, 3],
    ]) {
      const { adjacency, x, y } = grid(columns, 1);
      expect(nestedDissection(adjacency, x, y).groups.length - 1).toBe(count);
    }
    const none = nestedDissection(
      adjacencyOf(0, new Int32Array(0), new Int32Array(0)),
      new Float64Array(0),
      new Float64Array(0),
    );
    expect([...none.groups]).toEqual([0]);
  });

  it('cuts across the longer side: the last group is a line through the middle that separates both halves', () => {
    for (const [columns, rows] of [
      [15, 7],
      [7, 15],
    ]) {
      const { adjacency, x, y } = grid(columns, rows);
      const { order, groups } = nestedDissection(adjacency, x, y);
      const last = [...order.slice(groups[groups.length - 2])];
      expect(last.length).toBe(7);
      const place = columns > rows ? x : y;
      const at = place[last[0]];
      expect(last.every((i) => place[i] === at)).toBe(true);
      // 15 % of the set beside the median, and one line for the separator.
      expect(Math.abs(at - 7)).toBeLessThanOrEqual(3);
      // No edge joins what lies before it with what lies behind it.
      const side = (i: number) => Math.sign(place[i] - at);
      for (let i = 0; i < columns * rows; i++)
        for (let p = adjacency.starts[i]; p < adjacency.starts[i + 1]; p++)
          expect(side(i) * side(adjacency.neighbours[p])).not.toBe(-1);
    }
  });

  it('falls between columns of tiles that do not stand in line', () => {
    // Two blocks of five columns, 100 px apart, on either side of a little more than the middle.
    const { adjacency, y } = grid(10, 4);
    const x = Float64Array.from({ length: 40 }, (_, i) => (i % 10) + 0.3 * ((i * 7) % 3) + (i % 10 >= 5 ? 100 : 0));
    const { order, groups } = nestedDissection(adjacency, x, y);
    const last = [...order.slice(groups[groups.length - 2])];
    expect(last.length).toBe(4);
    expect(last.every((i) => i % 10 === 4) || last.every((i) => i % 10 === 5)).toBe(true);
  });

  it('takes nodes that all lie at one place', () => {
    const { adjacency } = grid(5, 5);
    const { order } = nestedDissection(adjacency, new Float64Array(25), new Float64Array(25));
    expect(new Set(order).size).toBe(25);
  });
});
