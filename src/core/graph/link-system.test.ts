import { describe, expect, it } from 'vitest';
import { applyAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { fitModel } from '../matching/moment-fit.ts';
import { transformModels } from '../matching/link.ts';
import { seededRandom } from '../random.ts';
import { pointGraph, rigidAt } from '../testing/point-graph.ts';
import { tileId } from '../tiles/tile.ts';
import {
  affineOfPose,
  asStiff,
  buildLinkSystem,
  isStiff,
  leastResidual,
  linkCost,
  linkMisfit,
  linkRms,
  matchNoise,
  poseStride,
  sumsStride,
  unitVarianceOf,
  withoutScatter,
} from './link-system.ts';
import type { LinkSystem } from './link-system.ts';

const places = [rigidAt(0, 0, 0.02), rigidAt(80, 4, -0.03), rigidAt(-3, 66, 0.05), rigidAt(77, 70, 0)];
const edges = [
  [0, 1],
  [2, 0],
  [1, 3],
  [2, 3],
] as const;
const graph = pointGraph(places, edges, { noisePx: 2 });
const build = (model: (typeof transformModels)[number] = 'affine') => buildLinkSystem(graph.nodes, graph.links, model);

/** Poses of no particular kind, the tiles' centres near where they are. */
function poses(seed = 3): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length: 4 * poseStride }, (_, s) => {
    const at = s % poseStride;
    const off = random() - 0.5;
    return at < 2 ? 80 * (Math.floor(s / poseStride) % 2) + 20 * off : at === 2 || at === 5 ? 1 + 0.2 * off : 0.3 * off;
  });
}

/** Σ|m_a(p) − m_b(q)|² over the matches themselves. */
function costOf(system: LinkSystem, at: Float64Array, key: string): number {
  const found = graph.points.find(({ from, to }) => `t${from} t${to}` === key);
  let sum = 0;
  for (const { p, q } of found?.points ?? []) {
    const [inA, inB] = [
      applyAffine(affineOfPose(system, at, found?.from ?? 0), ...p),
      applyAffine(affineOfPose(system, at, found?.to ?? 0), ...q),
    ];
    sum += (inA.x - inB.x) ** 2 + (inA.y - inB.y) ** 2;
  }
  return sum;
}

const keyOf = ({ links }: LinkSystem, l: number) => `${links[l].pair.a} ${links[l].pair.b}`;

describe('a system of links', () => {
  it('is in the order of its tiles and pairs, whatever the order it is given in', () => {
    const system = build();
    const shuffled = buildLinkSystem(
      [...graph.nodes].reverse(),
      [graph.links[2], graph.links[0], graph.links[3], graph.links[1]],
      'affine',
    );
    expect(shuffled.nodes.map(({ id }) => id)).toEqual(['t0', 't1', 't2', 't3']);
    expect(system.links.map((_, l) => keyOf(system, l))).toEqual(['t0 t1', 't1 t3', 't2 t0', 't2 t3']);
    expect([...system.from]).toEqual([0, 1, 2, 2]);
    expect([...system.to]).toEqual([1, 3, 0, 3]);
    expect(shuffled.sums).toEqual(system.sums);
    expect(shuffled.floor).toEqual(system.floor);
  });

  it('has the middles and half diagonals of its tiles, and moments about the middles', () => {
    const system = build();
    // 101 × 81, 121 × 91, 141 × 101, 101 × 111 px.
    expect([...system.centre]).toEqual([50, 40, 60, 45, 70, 50, 50, 55]);
    expect(system.lever[1]).toBeCloseTo(Math.hypot(121, 91) / 2, 12);
    const tiny = buildLinkSystem([{ ...graph.nodes[0], size: { width: 1, height: 1 } }], [], 'rigid');
    expect(tiny.lever[0]).toBe(1);
    const { points } = graph.points[0];
    const mean = (of: (m: (typeof points)[number]) => number) => points.reduce((sum, m) => sum + of(m), 0) / 6;
    const [px, py, qx, qy] = [mean((m) => m.p[0]), mean((m) => m.p[1]), mean((m) => m.q[0]), mean((m) => m.q[1])];
    const spread = (of: (m: (typeof points)[number]) => number) => 6 * mean(of);
    const expected = [
      6,
      px - 50,
      py - 40,
      qx - 60,
      qy - 45,
      spread((m) => (m.p[0] - px) ** 2),
      spread((m) => (m.p[0] - px) * (m.p[1] - py)),
      spread((m) => (m.p[1] - py) ** 2),
      spread((m) => (m.q[0] - qx) ** 2),
      spread((m) => (m.q[0] - qx) * (m.q[1] - qy)),
      spread((m) => (m.q[1] - qy) ** 2),
      spread((m) => (m.p[0] - px) * (m.q[0] - qx)),
      spread((m) => (m.p[0] - px) * (m.q[1] - qy)),
      spread((m) => (m.p[1] - py) * (m.q[0] - qx)),
      spread((m) => (m.p[1] - py) * (m.q[1] - qy)),
    ];
    expected.forEach((value, s) => expect(system.sums[s]).toBeCloseTo(value, 6));
  });

  it('has the cost of its matches at any poses', () => {
    const system = build();
    for (const seed of [3, 4]) {
      const at = poses(seed);
      for (let l = 0; l < 4; l++) {
        const cost = costOf(system, at, keyOf(system, l));
        expect(linkCost(system, at, l) / cost).toBeCloseTo(1, 9);
        expect(linkRms(system, at, l)).toBeCloseTo(Math.sqrt(cost / 6), 9);
        expect(linkMisfit(system, at, l)).toBeCloseTo(Math.sqrt((cost - system.floor[l]) / 6), 9);
      }
    }
  });

  it('costs nothing where matches agree exactly, and no misfit is imaginary', () => {
    const exact = pointGraph(places, edges);
    const system = buildLinkSystem(exact.nodes, exact.links, 'rigid');
    const at = new Float64Array(4 * poseStride);
    places.forEach((map, i) => {
      const middle = applyAffine(map, system.centre[2 * i], system.centre[2 * i + 1]);
      at.set([middle.x, middle.y, map.a, map.b, map.c, map.d], poseStride * i);
    });
    for (let l = 0; l < 4; l++) {
      expect(linkCost(system, at, l)).toBeGreaterThanOrEqual(0);
      expect(linkCost(system, at, l)).toBeLessThan(1e-6);
      expect(linkMisfit({ ...system, floor: system.floor.map(() => 5) }, at, l)).toBe(0);
    }
    places.forEach((map, i) => {
      const back = affineOfPose(system, at, i);
      for (const entry of ['a', 'b', 'c', 'd', 'e', 'f'] as const) expect(back[entry]).toBeCloseTo(map[entry], 9);
    });
    const none = { ...system, sums: new Float64Array(4 * sumsStride) };
    expect([linkRms(none, at, 0), linkMisfit(none, at, 0)]).toEqual([0, 0]);
  });

  it.each(transformModels)('has the least cost that any %s motion leaves for its floor', (model) => {
    const system = build(model);
    expect(system.model).toBe(model);
    for (let l = 0; l < 4; l++) {
      const { points } = graph.points.find(({ from, to }) => `t${from} t${to}` === keyOf(system, l)) ?? graph.points[0];
      const fit = fitModel(model, system.links[l].moments) ?? rigidAt(NaN, 0, 0);
      const cost = (map: Affine2) =>
        points.reduce((sum, { p, q }) => {
          const image = applyAffine(map, ...q);
          return sum + (image.x - p[0]) ** 2 + (image.y - p[1]) ** 2;
        }, 0);
      expect(system.floor[l]).toBeCloseTo(cost(fit), 6);
      expect(leastResidual(system.links[l].moments, model)).toBe(system.floor[l]);
      expect(system.stiffFloor[l]).toBeCloseTo(
        model === 'translation' ? system.floor[l] : leastResidual(system.links[l].moments, 'rigid'),
        9,
      );
    }
    expect(isStiff(model)).toBe(model === 'translation' || model === 'rigid');
    const stiff = asStiff(system);
    expect(stiff.model).toBe(isStiff(model) ? model : 'rigid');
    expect(stiff.floor).toBe(system.stiffFloor);
  });

  it('has the floor of a shift where one match says no more, and none without matches', () => {
    const lone = pointGraph(places, edges, { matches: 1 });
    expect(buildLinkSystem(lone.nodes, lone.links, 'affine').floor[0]).toBeCloseTo(0, 9);
    const moments = {
      weight: 0,
      meanA: [0, 0],
      meanB: [0, 0],
      aa: [0, 0, 0],
      bb: [0, 0, 0],
      ab: [0, 0, 0, 0],
    } as const;
    expect(leastResidual(moments, 'affine')).toBe(0);
  });

  it('marks what a person left out', () => {
    const system = buildLinkSystem(graph.nodes, graph.links, 'rigid', {
      excludedLinks: new Set(['t1\u0000t3', 't9\u0000t0']),
    });
    expect([...system.excluded]).toEqual([0, 1, 0, 0]);
    expect([...system.manual]).toEqual([0, 0, 0, 0]);
  });

  it('refuses links of no tiles, and numbers that are none', () => {
    const [link] = graph.links;
    const with_ = (more: object) => () => buildLinkSystem(graph.nodes, [{ ...link, ...more }], 'rigid');
    expect(with_({ pair: { a: tileId('t0'), b: tileId('t0') } })).toThrow(
      'link t0 – t0 does not join two nodes of the graph',
    );
    expect(with_({ pair: { a: tileId('x'), b: tileId('t0') } })).toThrow(RangeError);
    expect(with_({ pair: { a: tileId('t0'), b: tileId('x') } })).toThrow(RangeError);
    const sentence = 'The matches of t0 and t1 are not finite numbers; exclude this link and solve again.';
    for (const more of [{ weight: -1 }, { weight: NaN }, { meanB: [0, Infinity] }, { ab: [0, 0, 0, NaN] }])
      expect(with_({ moments: { ...link.moments, ...more } })).toThrow(
        expect.objectContaining({ message: sentence, code: 'numerical-failure' }) as Error,
      );
    expect(with_({ moments: { ...link.moments, weight: 0 } })).not.toThrow();
  });
});

describe('the noise of matches', () => {
  const system = (
    floors: readonly number[],
    weights: readonly number[],
    manual: readonly number[] = [],
    excluded: readonly number[] = [],
  ) => ({
    sums: Float64Array.from(weights.flatMap((weight) => [weight, ...new Array<number>(sumsStride - 1).fill(0)])),
    floor: Float64Array.from(floors),
    manual: Uint8Array.from(floors, (_, l) => manual[l] ?? 0),
    excluded: Uint8Array.from(floors, (_, l) => excluded[l] ?? 0),
  });

  it('is the median variance of an axis, of measured links', () => {
    // 2 · 8 − 6 = 10 degrees of freedom.
    expect(matchNoise(system([10, 20, 70], [8, 8, 8]))).toBeCloseTo(2, 12);
    expect(matchNoise(system([10, 20, 70], [8, 8, 13]))).toBeCloseTo(2, 12);
    expect(matchNoise(system([10, 20, 70], [8, 8, 8], [1, 1]))).toBeCloseTo(7, 12);
    expect(matchNoise(system([10, 20, 70], [8, 8, 8], [], [0, 1, 1]))).toBeCloseTo(1, 12);
    expect(matchNoise(system([4], [3]))).toBe(4);
    expect(matchNoise(system([0, 0], [8, 8]))).toBeCloseTo(1e-8, 20);
    expect(matchNoise(system([], []))).toBeCloseTo(1e-8, 20);
  });

  it('counts for ten times as much as a weight, 0.1 px at least', () => {
    expect(unitVarianceOf(system([20], [8]))).toBeCloseTo(20, 12);
    expect(unitVarianceOf(system([0.001], [8]))).toBeCloseTo(0.01, 12);
    expect(build().unitVariance).toBe(unitVarianceOf(build()));
  });
});

describe('sums without scatter', () => {
  it('leave what an affine map of b explains of a', () => {
    const system = build();
    const sums = withoutScatter(system.sums);
    for (let l = 0; l < 4; l++) {
      const o = sumsStride * l;
      const { points } = graph.points.find(({ from, to }) => `t${from} t${to}` === keyOf(system, l)) ?? graph.points[0];
      const fit = fitModel('affine', system.links[l].moments) ?? rigidAt(NaN, 0, 0);
      const fitted = points.map(({ q }) => applyAffine(fit, ...q));
      const mean = (of: (at: (typeof fitted)[number]) => number) => fitted.reduce((sum, p) => sum + of(p), 0) / 6;
      const [x, y] = [mean((p) => p.x), mean((p) => p.y)];
      const spread = (of: (at: (typeof fitted)[number]) => number) => 6 * mean(of);
      expect(sums[o + 5]).toBeCloseTo(
        spread((p) => (p.x - x) ** 2),
        5,
      );
      expect(sums[o + 6]).toBeCloseTo(
        spread((p) => (p.x - x) * (p.y - y)),
        5,
      );
      expect(sums[o + 7]).toBeCloseTo(
        spread((p) => (p.y - y) ** 2),
        5,
      );
      for (const s of [0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14]) expect(sums[o + s]).toBe(system.sums[o + s]);
    }
    expect(sums).not.toBe(system.sums);
  });

  it('are left as they are where matches lie on a line', () => {
    const line = Float64Array.of(3, 0, 0, 0, 0, 5, 6, 7, 4, 2, 1, 3, 3, 3, 3);
    expect(withoutScatter(line)).toEqual(line);
    const lone = Float64Array.of(1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    expect(withoutScatter(lone)).toEqual(lone);
  });
});
