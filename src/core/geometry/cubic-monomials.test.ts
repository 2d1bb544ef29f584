import { expect, it } from 'vitest';
import { fillMonomials, monomialCount } from './cubic-monomials.ts';

it('the monomials of two variables up to the third degree, lower degrees first', () => {
  const all = new Float64Array(10);
  fillMonomials(2, 3, all);
  expect([...all]).toEqual([1, 2, 3, 4, 6, 9, 8, 12, 18, 27]);
  expect(monomialCount).toEqual([0, 1, 2, 3].map((degree) => ((degree + 1) * (degree + 2)) / 2));
});
