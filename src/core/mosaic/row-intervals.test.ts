import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlacedSource } from './row-work.ts';
import { visitIntervals } from './row-intervals.ts';

/** A source that covers these ranges of every row, two a source, shifted by one column a row. */
function sourceOf(index: number, ranges: readonly (readonly [number, number])[]): PlacedSource {
  const warp = {
    rangeCount: ranges.length,
    coverRow(_: Float64Array, y: number, from: number, to: number, out: Int32Array, at: number) {
      ranges.forEach(([a, b], k) => {
        const clip = (value: number) => Math.min(Math.max(value + y, from), to);
        out[at + 2 * k] = clip(a);
        out[at + 2 * k + 1] = Math.max(clip(a), clip(b));
      });
    },
  };
  return { index, warp } as unknown as PlacedSource;
}

function visits(sources: readonly PlacedSource[], block = { i0: 2, i1: 18, j0: 1, j1: 3 }) {
  const seen: {
    readonly covering: readonly number[];
    readonly y: number;
    readonly j: number;
    from: number;
    to: number;
  }[] = [];
  const kept: (readonly PlacedSource[])[] = [];
  const ys = Float64Array.of(0, 0, 1, 2);
  visitIntervals(sources, new Float64Array(20), ys, block, (covering, y, j, from, to) => {
    seen.push({ covering: covering.map(({ index }) => index), y, j, from, to });
    kept.push(covering);
  });
  return { seen, kept };
}

describe('the intervals of a row', () => {
  it('end where the set of covering tiles changes', () => {
    const { seen } = visits([
      sourceOf(0, [[0, 8]]),
      sourceOf(1, [
        [5, 10],
        [12, 15],
      ]),
    ]);
    const row = (j: number, y: number) => [
      { covering: [0], y, j, from: 2, to: 5 + y },
      { covering: [0, 1], y, j, from: 5 + y, to: 8 + y },
      { covering: [1], y, j, from: 8 + y, to: 10 + y },
      { covering: [1], y, j, from: 12 + y, to: 15 + y },
    ];
    expect(seen.filter(({ j }) => j === 1)).toEqual(row(1, 0));
    expect(seen.filter(({ j }) => j === 2)).toEqual(row(2, 1));
  });

  it('know every covering set by one list', () => {
    const { kept } = visits([sourceOf(0, [[0, 8]]), sourceOf(1, [[5, 10]])]);
    expect(kept.length).toBe(6);
    expect(kept[3]).toBe(kept[0]);
    expect(kept[4]).toBe(kept[1]);
  });

  it('are none without tiles or where none covers', () => {
    expect(visits([]).seen).toEqual([]);
    expect(visits([sourceOf(0, [[5, 5]]), sourceOf(1, [[30, 40]])]).seen).toEqual([]);
  });

  it('are those of every pixel by itself, of few tiles and of more than there are bits', () => {
    const range = fc.tuple(fc.integer({ min: 0, max: 18 }), fc.integer({ min: 0, max: 8 }));
    const source = fc.array(range, { minLength: 1, maxLength: 1 });
    const few = fc.array(source, { minLength: 1, maxLength: 5 });
    const many = fc.array(source, { minLength: 31, maxLength: 34 });
    fc.assert(
      fc.property(fc.oneof(few, many), (all) => {
        const ranges = all.map((of) => of.map(([from, length]) => [from, from + length] as const));
        const { seen } = visits(ranges.map((of, index) => sourceOf(index, of)));
        for (const [j, y] of [
          [1, 0],
          [2, 1],
        ])
          for (let i = 2; i < 18; i++) {
            const covering = ranges.flatMap((of, index) =>
              of.some(([from, to]) => from + y <= i && i < to + y) ? [index] : [],
            );
            const at = seen.filter((one) => one.j === j && one.from <= i && i < one.to);
            expect(at.map((one) => one.covering)).toEqual(covering.length > 0 ? [covering] : []);
          }
      }),
      { numRuns: 60 },
    );
  });
});
