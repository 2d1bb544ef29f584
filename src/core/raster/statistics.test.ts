import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { histogramOf, momentsOf, quantilesOf } from './statistics.ts';

describe('momentsOf', () => {
  it('gives mean, variance and range, and keeps its digits on a large mean', () => {
    expect(momentsOf(Uint8Array.of(1, 2, 3, 6))).toEqual({
      count: 4,
      nonFinite: 0,
      mean: 3,
      variance: 3.5,
      min: 1,
      max: 6,
    });
    const shifted = Float32Array.from({ length: 1000 }, (_, i) => 60000 + (i % 2));
    expect(momentsOf(shifted).variance).toBeCloseTo(0.25, 9);
  });

  it('leaves out and counts what is not finite, and honours a mask', () => {
    const samples = Float32Array.of(1, NaN, 3, Infinity, 100);
    expect(momentsOf(samples, Uint8Array.of(1, 1, 1, 1, 0))).toEqual({
      count: 2,
      nonFinite: 2,
      mean: 2,
      variance: 1,
      min: 1,
      max: 3,
    });
    expect(momentsOf(Float32Array.of(NaN)).mean).toBeNaN();
  });
});

describe('histogramOf', () => {
  it('counts every finite sample once, the largest in the last bin', () => {
    const histogram = histogramOf(Float32Array.of(0, 0.5, 1, NaN), { bins: 2 });
    expect(histogram).toEqual({ counts: Uint32Array.of(1, 2), min: 0, max: 1, count: 3, nonFinite: 1 });
    const whole = histogramOf(
      Uint8Array.from({ length: 256 }, (_, i) => i),
      { range: [0, 256] },
    );
    expect(whole.counts.every((count) => count === 1)).toBe(true);
  });

  it('gives to the outer bins what lies beyond a range, and leaves out what is masked', () => {
    const samples = Int16Array.of(-5, 0, 1, 2, 3, 4, 99, 50);
    const mask = Uint8Array.of(1, 1, 1, 2, 1, 1, 1, 0);
    expect(histogramOf(samples, { mask, bins: 4, range: [0, 4] })).toEqual({
      counts: Uint32Array.of(2, 1, 1, 3),
      min: 0,
      max: 4,
      count: 7,
      nonFinite: 0,
    });
    expect(histogramOf(samples, { mask, bins: 2 })).toMatchObject({ counts: Uint32Array.of(6, 1), min: -5, max: 99 });
    const none = histogramOf(Float32Array.of(NaN), {});
    expect(none).toEqual({ counts: new Uint32Array(256), min: NaN, max: NaN, count: 0, nonFinite: 1 });
  });

  it('puts a flat image into its first bin', () => {
    expect(histogramOf(Uint16Array.of(7, 7), { bins: 4 }).counts).toEqual(Uint32Array.of(2, 0, 0, 0));
  });
});

describe('quantilesOf', () => {
  it('interpolates between order statistics as numpy does', () => {
    const found = quantilesOf(Uint8Array.of(10, 0, 4, 2), [0, 0.5, 0.9, 1]);
    [0, 3, 4 + 0.7 * 6, 10].forEach((expected, n) => expect(found[n]).toBeCloseTo(expected, 9));
    expect(quantilesOf(Float32Array.of(NaN), [0.5])[0]).toBeNaN();
    expect(() => quantilesOf(Uint8Array.of(1), [1.5])).toThrow('outside');
  });

  it('leaves out what is masked or not finite', () => {
    const mask = Uint8Array.of(1, 0, 3, 1, 1);
    expect(quantilesOf(Uint16Array.of(10, 65535, 20, 65534, 40), [0, 0.5, 1], mask)).toEqual([10, 30, 65534]);
    expect(quantilesOf(Float32Array.of(10, 0, 20, NaN, 40), [0, 0.25, 0.5, 1], mask)).toEqual([10, 15, 20, 40]);
    expect(quantilesOf(Uint8Array.of(1, 2), [0.5], new Uint8Array(2))).toEqual([NaN]);
    expect(quantilesOf(Float32Array.of(1, 2), [0.5], new Uint8Array(2))).toEqual([NaN]);
    expect(quantilesOf(Float32Array.of(Infinity, 5, -Infinity), [0, 1])).toEqual([5, 5]);
    expect(quantilesOf(Int16Array.of(-32768, 32767), [0, 0.5, 1])).toEqual([-32768, -0.5, 32767]);
  });

  it.each([-0.001, 1.001, NaN])('refuses %d as a fraction', (fraction) => {
    expect(() => quantilesOf(Uint8Array.of(1), [0, fraction])).toThrow(
      new RangeError(`quantile ${fraction} outside 0…1`),
    );
    expect(quantilesOf(Uint8Array.of(1), [0, 1])).toEqual([1, 1]);
  });

  it('agrees between integers and floats of the same values', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -500, max: 500 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000),
        (values, fraction) => {
          const [a] = quantilesOf(Int16Array.from(values), [fraction]);
          const [b] = quantilesOf(Float32Array.from(values), [fraction]);
          expect(a).toBeCloseTo(b, 9);
        },
      ),
    );
  });
});
