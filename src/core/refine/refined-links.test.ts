import { describe, expect, it } from 'vitest';
import type { Link } from '../matching/link.ts';
import { makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import { pairKey } from '../tiles/tile.ts';
import { refinedLinks } from './refined-links.ts';
import { patchVariance } from './refined-overlap.ts';
import type { RefinedOverlap } from './refined-overlap.ts';

const { graph } = makeSyntheticGraph({ rows: 1, columns: 3, matchSigmaPx: 0.4, matches: 5 });
const [first, second] = graph.links;

/** `count` patches at whole px, all different, each with a variance of its own. */
function overlapOf(link: Link, count: number): RefinedOverlap {
  return {
    pair: link.pair,
    a: Float32Array.from({ length: 2 * count }, (_, k) => 10 + 3 * k),
    b: Float32Array.from({ length: 2 * count }, (_, k) => 7 * k - (k % 3)),
    covariance: Float32Array.from({ length: 3 * count }, (_, k) => 0.01 * (k + 1)),
    correlation: new Float32Array(count).fill(0.9),
    tried: count,
    losses: { texture: 0, correlation: 0, backward: 0, neighbours: 0 },
  };
}

/** The link with matches of its own, of which some are inliers. */
function withMatches(link: Link, mask: readonly number[]): Link {
  const points = (step: number) =>
    Float32Array.from({ length: 2 * mask.length }, (_, k) => 100 + step * k - (k % 2) * 40);
  const correspondences = { a: points(9), b: points(11), confidence: new Float32Array(mask.length).fill(1) };
  return { ...link, correspondences, inlierMask: Uint8Array.from(mask) };
}

describe('the variance of a patch', () => {
  it('is the mean of its two axes, and 0.15² px² that the covariance does not know', () => {
    const overlap = overlapOf(first, 3);
    // [0.01 0.02 0.03], [0.04 0.05 0.06], [0.07 0.08 0.09]
    [0.0425, 0.0725, 0.1025].forEach((value, k) => expect(patchVariance(overlap, k)).toBeCloseTo(value, 7));
  });
});

describe('links with patches', () => {
  it('are those that were matched where an overlap has fewer than eight patches, or none', () => {
    expect(refinedLinks([first, second], [])).toEqual([first, second]);
    const few = refinedLinks([first, second], [overlapOf(second, 7)]);
    expect(few[0]).toBe(first);
    expect(few[1]).toBe(second);
    expect(refinedLinks([first], [overlapOf(first, 8)])[0].moments).not.toEqual(first.moments);
  });

  it('take each overlap by its pair, whatever the order', () => {
    const links = refinedLinks([first, second], [overlapOf(second, 9), overlapOf(first, 12)]);
    expect(links.map(({ pair }) => pairKey(pair))).toEqual([first, second].map(({ pair }) => pairKey(pair)));
    expect(links[0].moments).toEqual(refinedLinks([first], [overlapOf(first, 12)])[0].moments);
    expect(links[1].moments).toEqual(refinedLinks([second], [overlapOf(second, 9)])[0].moments);
    expect({ ...links[0], moments: null }).toEqual({ ...first, moments: null });
  });

  it('weigh a patch 0.03 by its variance, an inlying match 0.1 and an outlying one nothing', () => {
    const link = withMatches(first, [1, 0, 1, 1, 0]);
    const overlap = overlapOf(first, 8);
    const { moments } = refinedLinks([link], [overlap])[0];
    const { a, b } = link.correspondences;
    const rows = [
      ...Array.from({ length: 8 }, (_, k) => ({
        weight: 0.03 / ((0.01 * (3 * k + 1) + 0.01 * (3 * k + 3)) / 2 + 0.0225),
        p: [overlap.a[2 * k], overlap.a[2 * k + 1]],
        q: [overlap.b[2 * k], overlap.b[2 * k + 1]],
      })),
      ...[0, 2, 3].map((k) => ({ weight: 0.1, p: [a[2 * k], a[2 * k + 1]], q: [b[2 * k], b[2 * k + 1]] })),
    ];
    const total = rows.reduce((sum, { weight }) => sum + weight, 0);
    const mean = (value: (row: (typeof rows)[number]) => number) =>
      rows.reduce((sum, row) => sum + row.weight * value(row), 0) / total;
    const [px, py] = [mean(({ p }) => p[0]), mean(({ p }) => p[1])];
    const [qx, qy] = [mean(({ q }) => q[0]), mean(({ q }) => q[1])];
    expect(moments.weight).toBeCloseTo(total, 5);
    expect(moments.meanA).toEqual([expect.closeTo(px, 3), expect.closeTo(py, 3)]);
    expect(moments.meanB).toEqual([expect.closeTo(qx, 3), expect.closeTo(qy, 3)]);
    const cross = total * mean(({ p, q }) => (p[0] - px) * (q[1] - qy));
    expect(moments.ab[1] / cross).toBeCloseTo(1, 5);
  });
});
