import { describe, expect, it } from 'vitest';
import { isInside, rowCrossings } from './polygon.ts';

describe('a point in a polygon', () => {
  // A five-pointed star drawn in one line: its middle is outside by the even-odd rule.
  const star = [0, 2, 4, 1, 3].map((k) => ({
    x: 10 + 8 * Math.sin((2 * Math.PI * k) / 5),
    y: 10 - 8 * Math.cos((2 * Math.PI * k) / 5),
  }));

  it('is inside by the even-odd rule, for the point and for its row', () => {
    expect([isInside(star, 10, 10), isInside(star, 10, 4), isInside(star, 4, 8.2), isInside(star, 1, 1)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    const xs = rowCrossings(star, 10);
    expect(xs.length).toBe(4);
    expect([...xs].sort((p, q) => p - q)).toEqual(xs);
    expect(xs[0] + xs[3]).toBeCloseTo(20, 9);
    expect(xs[1] + xs[2]).toBeCloseTo(20, 9);
    expect(rowCrossings(star, 1.9)).toEqual([]);
  });

  it('has its crossing where the border is, on a slope', () => {
    const triangle = [
      { x: 1, y: 0 },
      { x: 9, y: 4 },
      { x: 1, y: 4 },
    ];
    expect(rowCrossings(triangle, 1)).toEqual([1, 3]);
    expect(rowCrossings(triangle, 3)).toEqual([1, 7]);
    expect([isInside(triangle, 2.9, 1), isInside(triangle, 3.1, 1)]).toEqual([true, false]);
  });
});
