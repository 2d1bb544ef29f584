import { describe, expect, it } from 'vitest';
import { scoreCells, scoreStride, sparedVariances } from './cell-scores.ts';
import type { OverlapCells } from './overlap-cells.ts';
import { measureStride, templateStride } from './overlap-cells.ts';
import { seededRandom } from '../random.ts';

/** One pixel of a cell: a, b and the gradient of a. */
type Pixel = readonly [a: number, b: number, gx: number, gy: number];

const sum = <T>(items: readonly T[], of: (item: T) => number) => items.reduce((total, item) => total + of(item), 0);

/** The sums that a lattice of such cells has. */
function latticeOf(columns: number, pixels: readonly (readonly Pixel[])[], side = 16) {
  const rows = pixels.length / columns;
  const template = new Float64Array(pixels.length * templateStride);
  const sums = new Float64Array(pixels.length * measureStride);
  pixels.forEach((list, k) => {
    const put = (into: Float64Array, at: number, terms: readonly ((p: Pixel) => number)[]) =>
      terms.forEach((term, i) => (into[at + i] = sum(list, term)));
    put(template, k * templateStride, [
      ([a]) => a,
      ([a]) => a * a,
      ([, , gx]) => gx,
      ([, , , gy]) => gy,
      ([a, , gx]) => a * gx,
      ([a, , , gy]) => a * gy,
      ([, , gx]) => gx * gx,
      ([, , gx, gy]) => gx * gy,
      ([, , , gy]) => gy * gy,
    ]);
    put(sums, k * measureStride, [
      ([, b]) => b,
      ([, b]) => b * b,
      ([a, b]) => a * b,
      ([, b, gx]) => b * gx,
      ([, b, , gy]) => b * gy,
    ]);
  });
  const count = Int32Array.from(pixels, (list) => list.length);
  const empty = { x: 0, y: 0, from: new Int32Array(0), to: new Int32Array(0), centre: new Float64Array(0) };
  const cells: OverlapCells = { ...empty, columns, rows, side, template, count };
  return { cells, sums };
}

/** Cells whose b is a gain and a tone of each cell's block away from a, and some noise. */
function draw(counts: readonly number[], seed: number, toneOf: (cell: number) => number, noise = 0.5): Pixel[][] {
  const random = seededRandom(seed);
  return counts.map((n, cell) =>
    Array.from({ length: n }, (): Pixel => {
      const a = 20 + 8 * random() + toneOf(cell);
      return [a, 1.7 * a + 5 * toneOf(cell) + noise * random(), random() - 0.4, random() - 0.7];
    }),
  );
}

describe('the scores of cells', () => {
  const columns = 5;
  const counts = [9, 12, 0, 30, 7, 11, 14, 5, 22, 16, 13, 8, 6, 0, 19];
  const pixels = draw(counts, 3, (cell) => (cell % 4) + 2 * Math.floor(cell / 7), 6);

  /** Blocks of two by two cells at a tone side of 32 px, of one at 16 px, of all at 400 px. */
  it.each([
    [32, (k: number) => Math.floor(k / columns / 2) * 10 + Math.floor((k % columns) / 2)],
    [36, (k: number) => Math.floor(k / columns / 2) * 10 + Math.floor((k % columns) / 2)],
    [16, (k: number) => k],
    [3, (k: number) => k],
    [400, () => 0],
  ])('are what one gain and an offset for each block of %d px leave', (toneSidePx, blockOf) => {
    const { cells, sums } = latticeOf(columns, pixels);
    const found = scoreCells(cells, sums, toneSidePx);
    const meanIn = (k: number, of: 0 | 1) => {
      const block = pixels.filter((_, other) => blockOf(other) === blockOf(k)).flat();
      return sum(block, (pixel) => pixel[of]) / block.length;
    };
    const centred = pixels.map((list, k) =>
      list.map(([a, b, gx, gy]): Pixel => [a - meanIn(k, 0), b - meanIn(k, 1), gx, gy]),
    );
    const all = centred.flat();
    const [va, vb, ab] = [sum(all, ([a]) => a * a), sum(all, ([, b]) => b * b), sum(all, ([a, b]) => a * b)];
    const gain = Math.sqrt(vb / va);
    expect(found.ncc).toBeCloseTo(ab / Math.sqrt(va * vb), 9);
    expect(found.variances.a).toBeCloseTo(va / all.length, 9);
    expect(found.variances.b).toBeCloseTo(vb / all.length, 9);
    expect(found.variances.ab).toBeCloseTo(ab / all.length, 9);
    const residuals = centred.map((list) => sum(list, ([a, b]) => (b / gain - a) ** 2) / Math.max(1, list.length));
    const known = residuals.filter((_, k) => counts[k] > 0).sort((p, q) => p - q);
    const limit = 4 * known[known.length >> 1];
    centred.forEach((list, k) => {
      const terms = [
        sum(list, ([a, b, gx]) => gx * (b / gain - a)),
        sum(list, ([a, b, , gy]) => gy * (b / gain - a)),
        sum(list, ([, , gx]) => gx * gx),
        sum(list, ([, , gx, gy]) => gx * gy),
        sum(list, ([, , , gy]) => gy * gy),
      ];
      terms.forEach((term, i) => expect(found.cells[k * scoreStride + i]).toBeCloseTo(term, 7));
      const [a, b] = [sum(list, (p) => p[0] ** 2), sum(list, (p) => p[1] ** 2)];
      const correlation = list.length === 0 ? 0 : sum(list, (p) => p[0] * p[1]) / Math.sqrt(a * b);
      expect(found.correlation[k]).toBeCloseTo(correlation, 9);
      expect(found.weights[k]).toBeCloseTo(list.length === 0 ? 0 : Math.min(1, limit / residuals[k]), 9);
    });
  });

  it('have blocks of 64 px as a rule', () => {
    const { cells, sums } = latticeOf(columns, pixels);
    expect(scoreCells(cells, sums)).toEqual(scoreCells(cells, sums, 64));
    expect(scoreCells(cells, sums)).not.toEqual(scoreCells(cells, sums, 32));
  });

  it('weigh a cell that stands out by its residual against four medians', () => {
    const quiet = draw([20, 20, 20, 20, 20], 9, () => 0, 0.2);
    const loud = quiet.map((list, k) =>
      k === 3 ? list.map(([a, b, gx, gy], i): Pixel => [a, b + (i % 2 === 0 ? 9 : -9), gx, gy]) : list,
    );
    const { cells, sums } = latticeOf(5, loud);
    const { weights } = scoreCells(cells, sums, 16);
    expect([weights[0], weights[1], weights[2], weights[4]]).toEqual([1, 1, 1, 1]);
    expect(weights[3]).toBeLessThan(0.2);
    expect(weights[3]).toBeGreaterThan(0);
  });

  it('are zero, and the weights one, where an image is flat', () => {
    for (const flat of [0, 1] as const) {
      const even = draw([9, 9], 4, () => 0).map((list) =>
        list.map(([a, b, gx, gy]): Pixel => (flat === 0 ? [7, b, 0, 0] : [a, 7, gx, gy])),
      );
      const { cells, sums } = latticeOf(2, even);
      const { ncc, correlation, weights, variances } = scoreCells(cells, sums, 16);
      expect(ncc).toBe(0);
      expect([...correlation]).toEqual([0, 0]);
      expect(weights.every(Number.isFinite)).toBe(true);
      expect([variances.a, variances.b][flat]).toBeCloseTo(0, 9);
    }
    // The gain is taken for one then: the scores say what b differs by, here nothing but −a about its mean.
    const even = draw([9, 9], 4, () => 0).map((list) => list.map(([a, , gx, gy]): Pixel => [a, 7, gx, gy]));
    const { cells, sums } = latticeOf(2, even);
    const mean = sum(even[0], ([a]) => a) / 9;
    expect(scoreCells(cells, sums, 16).cells[0]).toBeCloseTo(
      sum(even[0], ([a, , gx]) => -gx * (a - mean)),
      9,
    );
  });
});

describe('the variances within cells', () => {
  const within = (lists: readonly (readonly Pixel[])[]) => {
    const free = sum(lists, (list) => list.length - 1);
    const about = (of: (p: Pixel) => number, and: (p: Pixel) => number) =>
      sum(lists, (list) => {
        const [p, q] = [sum(list, of) / list.length, sum(list, and) / list.length];
        return sum(list, (pixel) => (of(pixel) - p) * (and(pixel) - q));
      }) / free;
    const [a, b] = [(p: Pixel) => p[0], (p: Pixel) => p[1]];
    return { a: about(a, a), b: about(b, b), ab: about(a, b) };
  };
  const near = ({ a, b, ab }: { a: number; b: number; ab: number }) => ({
    a: expect.closeTo(a, 9) as number,
    b: expect.closeTo(b, 9) as number,
    ab: expect.closeTo(ab, 9) as number,
  });

  it('leave out the quarter that agrees least, under the gain of the rest', () => {
    const counts = [20, 24, 18, 22, 20, 21, 19, 23];
    const pixels = draw(counts, 5, (cell) => 3 * cell, 0.5);
    // What only b shows in two of eight cells, under which the first gain is wrong.
    const charged = pixels.map((list, k) =>
      k === 2 || k === 5 ? list.map(([a, b, gx, gy], i): Pixel => [a, b + 30 * (i % 3), gx, gy]) : list,
    );
    const { cells, sums } = latticeOf(4, charged);
    const kept = charged.filter((_, k) => k !== 2 && k !== 5);
    expect(sparedVariances(cells, sums)).toEqual(near(within(kept)));
  });

  it('round the quarter so that no fewer than three of four cells are kept', () => {
    const pixels = draw([20, 20, 20, 20, 20], 6, () => 0, 0.5);
    // ⌈0.75 · 5⌉ = 4: of two disturbed cells the worse is left out.
    const charged = pixels.map((list, k) =>
      k < 2 ? list.map(([a, b, gx, gy], i): Pixel => [a, b + (20 + 20 * k) * (i % 3), gx, gy]) : list,
    );
    const { cells, sums } = latticeOf(5, charged);
    expect(sparedVariances(cells, sums)).toEqual(near(within(charged.filter((_, k) => k !== 1))));
  });

  it('take the residual a pixel: a large cell is not worse for being large', () => {
    const [small, large] = [draw([12, 12, 12], 7, () => 0, 3), draw([40], 8, () => 0, 3)];
    const worst = draw([12], 10, () => 0, 9);
    const pixels = [...small, ...large, ...worst].slice(1);
    const { cells, sums } = latticeOf(4, pixels);
    expect(sparedVariances(cells, sums)).toEqual(near(within(pixels.slice(0, 3))));
  });

  it('look at cells that are a quarter full at least, and have two pixels', () => {
    const pixels = draw([40, 40, 40, 9, 10, 0], 11, () => 0, 0);
    const exact = pixels.map((list, k) => (k === 3 ? list.map((p): Pixel => [p[0] + 100, p[1], 0, 0]) : list));
    const { cells, sums } = latticeOf(3, exact);
    const { a, ab, b } = sparedVariances(cells, sums);
    // Without noise b = 1.7 a in every cell: whichever are kept, the ratios are exact.
    expect(ab / a).toBeCloseTo(1.7, 9);
    expect(b / a).toBeCloseTo(1.7 ** 2, 9);
    const tiny = latticeOf(2, [[[3, 4, 0, 0]], [[5, 9, 0, 0]]]);
    expect(sparedVariances(tiny.cells, tiny.sums)).toEqual({ a: 0, b: 0, ab: 0 });
    const pair = latticeOf(1, [
      [
        [3, 4, 0, 0],
        [5, 10, 0, 0],
      ],
    ]);
    expect(sparedVariances(pair.cells, pair.sums)).toEqual(near({ a: 2, b: 18, ab: 6 }));
  });

  it('are those of all where an image is flat', () => {
    const pixels = draw([9, 9, 9, 9], 12, () => 0).map((list) => list.map(([a]): Pixel => [a, 7, 0, 0]));
    const { cells, sums } = latticeOf(2, pixels);
    expect(sparedVariances(cells, sums)).toEqual(near(within(pixels)));
  });
});
