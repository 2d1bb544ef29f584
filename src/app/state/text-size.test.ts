import { describe, expect, it } from 'vitest';
import { readTextSize, stepTextSize } from './text-size.ts';

describe('the size of text', () => {
  it('is what was kept, and the browser’s own when that makes no sense', () => {
    expect(['150', '200', null, '', '17', '1e2'].map(readTextSize)).toEqual([150, 200, 100, 100, 100, 100]);
  });

  it('is stepped through to its ends', () => {
    expect(stepTextSize(100, 1)).toBe(125);
    expect(stepTextSize(150, -1)).toBe(125);
    expect(stepTextSize(200, 1)).toBe(200);
    expect(stepTextSize(100, -1)).toBe(100);
  });
});
