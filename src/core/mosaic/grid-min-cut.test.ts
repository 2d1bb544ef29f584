import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { cutSeed, minCut } from './grid-min-cut.ts';
import type { CutGrid } from './grid-min-cut.ts';

/** Total cost of the edges between the two parts. */
function costOf({ width, height, seeds, right, down }: CutGrid, parts: ArrayLike<number>): number {
  const isCut = (p: number, q: number) =>
    seeds[p] !== cutSeed.outside && seeds[q] !== cutSeed.outside && (parts[p] === 1) !== (parts[q] === 1);
  let cost = 0;
  for (let j = 0; j < height; j++)
    for (let i = 0; i < width; i++) {
      const n = j * width + i;
      if (i + 1 < width && isCut(n, n + 1)) cost += right[n];
      if (j + 1 < height && isCut(n, n + width)) cost += down[n];
    }
  return cost;
}

/** The least cost of all divisions that respect the seeds. */
function leastCost(grid: CutGrid): number {
  const free = [...grid.seeds.keys()].filter((n) => grid.seeds[n] === cutSeed.free);
  let least = Infinity;
  for (let choice = 0; choice < 2 ** free.length; choice++) {
    const parts = Uint8Array.from(grid.seeds);
    free.forEach((n, k) => (parts[n] = ((choice >> k) & 1) + 1));
    least = Math.min(least, costOf(grid, parts));
  }
  return least;
}

/** The largest flow between the seeds, one shortest path after the other. */
function largestFlow({ width, height, seeds, right, down }: CutGrid): number {
  const count = width * height;
  const residual = new Map<number, number>();
  const join = (p: number, q: number, cost: number) => {
    if (seeds[p] === cutSeed.outside || seeds[q] === cutSeed.outside) return;
    residual.set(p * count + q, cost).set(q * count + p, cost);
  };
  for (let n = 0; n < count; n++) {
    if (n % width < width - 1) join(n, n + 1, right[n]);
    if (n + width < count) join(n, n + width, down[n]);
  }
  for (let flow = 0; ;) {
    const from = new Map([...seeds.keys()].filter((n) => seeds[n] === cutSeed.first).map((n) => [n, -1]));
    let end = -1;
    for (const n of from.keys()) {
      for (const next of [n - 1, n + 1, n - width, n + width])
        if (!from.has(next) && (residual.get(n * count + next) ?? 0) > 0) from.set(next, n);
      if (seeds[n] === cutSeed.second) end = n;
      if (end >= 0) break;
    }
    if (end < 0) return flow;
    const path: (readonly [number, number])[] = [];
    for (let n = end, p = from.get(n) ?? -1; p >= 0; n = p, p = from.get(n) ?? -1)
      path.push([p * count + n, n * count + p]);
    const most = Math.min(...path.map(([along]) => residual.get(along) ?? 0));
    for (const [along, back] of path) {
      residual.set(along, (residual.get(along) ?? 0) - most);
      residual.set(back, (residual.get(back) ?? 0) + most);
    }
    flow += most;
  }
}

describe('the least cut of a grid', () => {
  it('costs as little as the best of all divisions', () => {
    const seed = fc.constantFrom(...Object.values(cutSeed), cutSeed.free, cutSeed.free);
    const grid = fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
      .chain(([width, height]) => {
        const each = <T>(value: fc.Arbitrary<T>) =>
          fc.array(value, { minLength: width * height, maxLength: width * height });
        const cost = fc.integer({ min: 0, max: 9 });
        return fc.tuple(each(seed), each(cost), each(cost)).map(([seeds, right, down]): CutGrid => ({
          width,
          height,
          seeds: Uint8Array.from(seeds),
          right: Int32Array.from(right),
          down: Int32Array.from(down),
        }));
      })
      .filter(({ seeds }) => seeds.filter((each) => each === cutSeed.free).length <= 10);
    fc.assert(
      fc.property(grid, (given) => {
        const parts = minCut(given);
        given.seeds.forEach((each, n) => {
          if (each === cutSeed.first || each === cutSeed.second) expect(parts[n]).toBe(each);
        });
        // Whoever no tree reaches may join either part without a cost.
        for (const other of [1, 2]) {
          const all = parts.map((part) => (part === 0 ? other : part));
          expect(costOf(given, all)).toBe(leastCost(given));
        }
      }),
      { numRuns: 400, seed: 7 },
    );
  });

  it('follows a valley through a large grid', () => {
    const [width, height] = [200, 60];
    const valley = (i: number) => Math.round(30 + 15 * Math.sin(i / 13));
    const seeds = new Uint8Array(width * height);
    const right = new Int32Array(width * height).fill(50);
    const down = new Int32Array(width * height).fill(500);
    for (let i = 0; i < width; i++) {
      seeds[i] = cutSeed.first;
      seeds[(height - 1) * width + i] = cutSeed.second;
      down[valley(i) * width + i] = 1;
    }
    const parts = minCut({ width, height, seeds, right, down });
    for (let j = 0; j < height; j++)
      for (let i = 0; i < width; i++) expect(parts[j * width + i]).toBe(j <= valley(i) ? 1 : 2);
  });

  it('costs what can flow from the one kind of seeds to the other', () => {
    const [width, height] = [9, 8];
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(seed);
      const each = (value: () => number) => Array.from({ length: width * height }, value);
      const seeds = Uint8Array.from(each(() => (random() < 0.06 ? 1 : random() < 0.06 ? 2 : random() < 0.05 ? 3 : 0)));
      const cost = () => Math.floor(8 * random());
      const grid = { width, height, seeds, right: Int32Array.from(each(cost)), down: Int32Array.from(each(cost)) };
      const parts = minCut(grid);
      expect(
        costOf(
          grid,
          parts.map((part) => (part === 0 ? 1 : part)),
        ),
      ).toBe(largestFlow(grid));
    }
  });
});
