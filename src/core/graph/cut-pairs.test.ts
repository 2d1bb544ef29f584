import fc from 'fast-check';
import { expect, it } from 'vitest';
import { connectedComponents } from './components.ts';
import { findWeakLinks, linksAround } from './cut-pairs.ts';

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

/** A graph of seven nodes at most, with several links between two nodes now and then, and links that are not active. */
const smallGraph = fc
  .integer({ min: 1, max: 7 })
  .chain((nodes) =>
    fc.tuple(
      fc.constant(nodes),
      fc.array(fc.tuple(fc.nat(nodes - 1), fc.nat(nodes - 1), fc.integer({ min: 0, max: 5 })), { maxLength: 13 }),
    ),
  )
  .map(([nodes, drawn]) => {
    const kept = drawn.filter(([a, b]) => a !== b);
    return { nodes, ...linksOf(kept.map(([a, b]) => [a, b])), active: kept.map(([, , sign]) => Math.min(1, sign)) };
  });

/** The first node of the component of each node, by walking. */
function firstOf(nodes: number, from: Int32Array, to: Int32Array, active: readonly number[]): number[] {
  const first = Array.from({ length: nodes }, (_, i) => i);
  for (let round = 0; round < nodes; round++)
    active.forEach((isActive, l) => {
      if (isActive === 0) return;
      const least = Math.min(first[from[l]], first[to[l]]);
      first[from[l]] = least;
      first[to[l]] = least;
    });
  return first;
}

it('finds what brute force finds in any small graph', () => {
  fc.assert(
    fc.property(smallGraph, ({ nodes, from, to, active }) => {
      const parts = (without: readonly number[]) =>
        new Set(
          firstOf(
            nodes,
            from,
            to,
            active.map((isActive, l) => (without.includes(l) ? 0 : isActive)),
          ),
        ).size;
      const whole = parts([]);
      const used = active.flatMap((isActive, l) => (isActive === 0 ? [] : [l]));
      const bridges = used.filter((l) => parts([l]) > whole);
      const others = used.filter((l) => !bridges.includes(l));
      const classOf = (l: number) => others.filter((m) => m === l || parts([l, m]) > whole);
      const classes = others.filter((l) => classOf(l)[0] === l && classOf(l).length > 1).map(classOf);
      const weak = findWeakLinks(nodes, from, to, active);
      expect(weak.bridges).toEqual(bridges);
      expect([...weak.cutClasses].sort((p, q) => p[0] - q[0])).toEqual(classes);
    }),
    { numRuns: 150 },
  );
});

it('lists the active links at each node in their order', () => {
  fc.assert(
    fc.property(smallGraph, ({ nodes, from, to, active }) => {
      const { starts, links } = linksAround(nodes, from, to, active);
      expect(starts.length).toBe(nodes + 1);
      for (let i = 0; i < nodes; i++)
        expect([...links.subarray(starts[i], starts[i + 1])]).toEqual(
          active.flatMap((isActive, l) => (isActive === 1 && (from[l] === i || to[l] === i) ? [l] : [])),
        );
    }),
    { numRuns: 50 },
  );
});

it('labels components by their size, then by their first nodes, as walking does', () => {
  fc.assert(
    fc.property(smallGraph, ({ nodes, from, to, active }) => {
      const first = firstOf(nodes, from, to, active);
      const sizeOf = (root: number) => first.filter((each) => each === root).length;
      const roots = [...new Set(first)].sort((p, q) => sizeOf(q) - sizeOf(p) || p - q);
      const { label, sizes } = connectedComponents(nodes, from, to, active);
      expect([...label]).toEqual(first.map((root) => roots.indexOf(root)));
      expect(sizes).toEqual(roots.map(sizeOf));
    }),
    { numRuns: 50 },
  );
});
