import { expect, it } from 'vitest';
import { findWeakLinks } from './cut-pairs.ts';

const linksOf = (pairs: readonly (readonly [number, number])[]) => ({
  from: Int32Array.from(pairs, ([a]) => a),
  to: Int32Array.from(pairs, ([, b]) => b),
});

it('finds the bridge between two squares and the pairs that cut a square', () => {
  const { from, to } = linksOf([
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 0],
    [3, 4],
    [4, 5],
    [5, 6],
    [6, 7],
    [7, 4],
  ]);
  const weak = findWeakLinks(8, from, to, new Uint8Array(9).fill(1));
  expect(weak.bridges).toEqual([4]);
  expect(weak.cutClasses).toEqual([
    [0, 1, 2, 3],
    [5, 6, 7, 8],
  ]);
});

it('calls two links of one pair a cut, and leaves out what is not active', () => {
  const { from, to } = linksOf([
    [0, 1],
    [0, 1],
    [1, 2],
    [2, 0],
  ]);
  expect(findWeakLinks(3, from, to, [1, 1, 1, 0])).toEqual({ bridges: [2], cutClasses: [[0, 1]] });
});
