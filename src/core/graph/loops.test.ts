import { describe, expect, it } from 'vitest';
import type { TransformModel } from '../matching/link.ts';
import { pointGraph, rigidAt } from '../testing/point-graph.ts';
import { buildLinkSystem } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { rightClosure } from './loops.ts';
import { linkMotions, stagePoses } from './stage.ts';

/** Tiles of a square grid, unturned, with links of which some are off by `errors`. */
function closureOf(
  columns: number,
  rows: number,
  errors: ReadonlyMap<number, readonly [number, number]>,
  more: readonly (readonly [number, number])[] = [],
  model: TransformModel = 'rigid',
  left: readonly number[] = [],
): number {
  const places = Array.from({ length: columns * rows }, (_, i) =>
    rigidAt(100 * (i % columns), 80 * Math.floor(i / columns), 0),
  );
  const edges = places.flatMap((_, i) => [
    ...((i + 1) % columns === 0 ? [] : [[i, i + 1] as const]),
    ...(i + columns < places.length ? [[i, i + columns] as const] : []),
  ]);
  const graph = pointGraph(places, [...edges, ...more]);
  const links = graph.links.map((link, l) => {
    const [x, y] = errors.get(l) ?? [0, 0];
    const [px, py] = link.moments.meanA;
    return { ...link, moments: { ...link.moments, meanA: [px + x, py + y] as const } };
  });
  const system: LinkSystem = buildLinkSystem(graph.nodes, links, model);
  const active = Uint8Array.from(links, (_, l) => (left.includes(l) ? 0 : 1));
  return rightClosure(system, linkMotions(system, stagePoses(system), model !== 'translation'), active);
}

describe.each(['translation', 'rigid', 'similarity', 'affine'] as const)('the closure of loops, %s', (model) => {
  it('is by what going round misses the place where it began', () => {
    // 0–1, 0–2, 1–3, 2–3: 3, 4 px the one way and 0, 8 px the other.
    expect(closureOf(2, 2, new Map([[0, [3, 4]]]), [], model)).toBeCloseTo(5, 6);
    expect(
      closureOf(
        2,
        2,
        new Map([
          [0, [3, 4]],
          [2, [2, 0]],
          [3, [0, 8]],
        ]),
        [],
        model,
      ),
    ).toBeCloseTo(Math.hypot(5, 4), 6);
    expect(closureOf(2, 2, new Map(), [], model)).toBeLessThan(1e-6);
  });

  it('is that of three links, too, and of none where there is no loop', () => {
    expect(closureOf(3, 1, new Map([[1, [6, 8]]]), [[0, 2]], model)).toBeCloseTo(10, 6);
    expect(closureOf(3, 1, new Map([[1, [6, 8]]]), [[2, 0]], model)).toBeCloseTo(10, 6);
    expect(closureOf(3, 1, new Map([[1, [6, 8]]]), [], model)).toBe(0);
    expect(closureOf(2, 2, new Map([[0, [3, 4]]]), [], model, [1])).toBe(0);
  });
});

describe('the closure of right loops', () => {
  it('is the root mean square over them', () => {
    // Two loops side by side: 0–1, 0–3, 1–2, 1–4, 2–5, 3–4, 4–5. What is off in the first is off there alone.
    const both = closureOf(
      3,
      2,
      new Map([
        [0, [3, 0]],
        [2, [0, 4]],
      ]),
    );
    expect(both).toBeCloseTo(Math.sqrt((9 + 16) / 2), 6);
  });

  it('leaves out those that wrong links spoil', () => {
    const small = new Map<number, readonly [number, number]>();
    for (let l = 0; l < 60; l++) small.set(l, [Math.cos(l), Math.sin(l)]);
    const clean = closureOf(6, 6, small);
    const spoilt = new Map(small);
    for (const l of [7, 29, 51]) spoilt.set(l, [60, -35]);
    expect(clean).toBeGreaterThan(0.3);
    expect(clean).toBeLessThan(3);
    const found = closureOf(6, 6, spoilt);
    expect(found / clean).toBeGreaterThan(0.8);
    expect(found / clean).toBeLessThan(1.2);
  });
});
