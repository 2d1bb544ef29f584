import { describe, expect, it } from 'vitest';
import { areNoNumbers } from './no-numbers.ts';

describe('values that are no numbers', () => {
  it('are told from an empty answer, and from one with a single number in it', () => {
    expect(areNoNumbers(new Float32Array(3).fill(NaN))).toBe(true);
    expect(areNoNumbers(new Float32Array([NaN, 0, NaN]))).toBe(false);
    expect(areNoNumbers(new Float32Array(0))).toBe(false);
  });
});
