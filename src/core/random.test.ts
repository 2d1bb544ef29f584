import { describe, expect, it } from 'vitest';
import { seededRandom, seedOf } from './random.ts';

describe('seededRandom', () => {
  it('repeats its sequence for a seed and differs between neighbouring seeds', () => {
    const draw = (seed: number) => Array.from({ length: 5 }, seededRandom(seed));
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('is uniform on [0, 1)', () => {
    const random = seededRandom(1);
    const counts = new Float64Array(10);
    for (let i = 0; i < 100_000; i++) counts[Math.floor(random() * 10)]++;
    // five standard deviations of a count of 10,000
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt(9000));
  });
});

describe('seedOf', () => {
  it('is the FNV-1a hash of the code units and tells keys apart', () => {
    expect(seedOf('')).toBe(0x811c9dc5);
    expect(seedOf('a\u0000b')).not.toBe(seedOf('ab'));
    expect(seedOf('1_1.tif')).not.toBe(seedOf('1_2.tif'));
  });
});
