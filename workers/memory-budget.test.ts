import { expect, it } from 'vitest';
import { cacheBudget } from './memory-budget.ts';

it('keeps half as much where the browser tells of 4 GB or less, all where it tells of more or nothing', () => {
  expect([0.5, 4, 8, null].map((memory) => cacheBudget(512, memory))).toEqual([256, 256, 512, 512]);
});
