import { describe, expect, it } from 'vitest';
import { randomStream } from './random.ts';

describe('randomStream', () => {
  it('repeats for the same seed and path and differs for every other', () => {
    const draws = (...path: [number, ...number[]]) => {
      const stream = randomStream(...path);
      return [stream.uniform(), stream.normal(), stream.integer(0, 1000)].join();
    };
    expect(draws(1, 2, 3)).toBe(draws(1, 2, 3));
    expect(
      new Set([draws(1), draws(2), draws(1, 0), draws(1, 1), draws(1, 0, 0), draws(1, 2, 3), draws(1, 3, 2)]).size,
    ).toBe(7);
  });

  it('draws normals of mean 0 and variance 1, and whole numbers within their half-open range', () => {
    const stream = randomStream(7);
    let [sum, squares] = [0, 0];
    for (let n = 0; n < 40000; n++) {
      const value = stream.normal();
      sum += value;
      squares += value * value;
    }
    expect(Math.abs(sum / 40000)).toBeLessThan(0.02); // 4 standard errors
    expect(Math.abs(squares / 40000 - 1)).toBeLessThan(0.03);
    const seen = new Set(Array.from({ length: 200 }, () => stream.integer(-2, 2)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1]);
  });
});
