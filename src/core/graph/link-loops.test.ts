import { describe, expect, it } from 'vitest';
import type { Affine2 } from '../geometry/affine2.ts';
import { tileId } from '../tiles/tile.ts';
import { linkLoops, type LoopLink } from './link-loops.ts';

const shift = (e: number, f: number): Affine2 => ({ a: 1, b: 0, c: 0, d: 1, e, f });
const link = (a: string, b: string, aFromB: Affine2): LoopLink => ({ a: tileId(a), b: tileId(b), aFromB });
const size = () => ({ width: 101, height: 101 });
const square = [
  link('a', 'b', shift(90, 0)),
  link('a', 'c', shift(0, 90)),
  link('b', 'd', shift(0, 90)),
  link('c', 'd', shift(90, 0)),
];

describe('linkLoops', () => {
  it('finds a square once, closed when its links agree', () => {
    const loops = linkLoops(square, size);
    expect(loops).toHaveLength(1);
    expect(loops[0].closurePx).toBeCloseTo(0, 12);
    expect(new Set(loops[0].tiles)).toEqual(new Set(['a', 'b', 'c', 'd']));
  });

  it('measures by how much a wrong link misses, whichever way round', () => {
    const wrong = [...square.slice(0, 3), link('d', 'c', shift(-93, 4))];
    expect(linkLoops(wrong, size)[0].closurePx).toBeCloseTo(5, 12);
  });

  it('sees a turn at the middle of the tile', () => {
    const turn: Affine2 = { a: 0, b: 1, c: -1, d: 0, e: 0, f: 0 };
    const loops = linkLoops([link('a', 'b', turn), link('b', 'c', shift(0, 0)), link('a', 'c', shift(0, 0))], size);
    expect(loops).toHaveLength(1);
    // The middle (50, 50) goes to (−50, 50) or (50, −50).
    expect(loops[0].closurePx).toBeCloseTo(100, 9);
  });

  it('puts the worst first and needs no loop at all', () => {
    const two = [...square, link('b', 'e', shift(90, 0)), link('d', 'f', shift(90, 0)), link('e', 'f', shift(0, 97))];
    expect(linkLoops(two, size).map(({ closurePx }) => Math.round(closurePx))).toEqual([7, 0]);
    expect(linkLoops(square.slice(1), size)).toEqual([]);
  });
});
