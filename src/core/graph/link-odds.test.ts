import { describe, expect, it } from 'vitest';
import { pointGraph, rigidAt } from '../testing/point-graph.ts';
import { dissentOdds, learnLinkOdds, stageOdds } from './link-odds.ts';
import type { Attachments, LinkOdds } from './link-odds.ts';
import { buildLinkSystem, linkMisfit } from './link-system.ts';
import { linkMotions, stagePoses } from './stage.ts';

/** A row of tiles 100 px apart, linked; some links are wrong by what `errors` says of them. */
function rowOf(count: number, errors: ReadonlyMap<number, readonly [number, number]>): Attachments {
  const places = Array.from({ length: count }, (_, i) => rigidAt(100 * i, 0, 0));
  const edges = Array.from({ length: count - 1 }, (_, l) => [l, l + 1] as const);
  const graph = pointGraph(places, edges);
  const links = graph.links.map((link, l) => {
    const [x, y] = errors.get(l) ?? [0, 0];
    const [px, py] = link.moments.meanA;
    // p further by the error: the tile `to` would have to move by as much.
    return { ...link, moments: { ...link.moments, meanA: [px + x, py + y] as const } };
  });
  const system = buildLinkSystem(graph.nodes, links, 'rigid');
  const stage = stagePoses(system);
  // Solved tiles lie 3, 4 px further from each other than the stage has them.
  const poses = stage.poses.map(
    (value, s) => value + (s % 6 === 0 ? 3 * Math.floor(s / 6) : s % 6 === 1 ? 4 * Math.floor(s / 6) : 0),
  );
  // The links say so too.
  const fitted = { ...system, sums: system.sums.map((value, s) => value + (s % 15 === 1 ? 3 : s % 15 === 2 ? 4 : 0)) };
  const accepted = Uint8Array.from(edges, (_, l) => (errors.has(l) ? 0 : 1));
  return {
    system: fitted,
    motions: linkMotions(fitted, stage, true),
    active: new Uint8Array(edges.length).fill(1),
    accepted,
    poses,
    stage: stage.poses,
    stageKnown: stage.known,
    tolerancePx: 2,
    shortLoopPx: 2,
    near: null,
  };
}

// Six alike, a period of 40 px off; two elsewhere.
const errors = new Map<number, readonly [number, number]>([
  [1, [40, 0]],
  [3, [40.5, 0.5]],
  [5, [39.5, -0.5]],
  [7, [40, 1]],
  [9, [40, -1]],
  [11, [40, 0]],
  [13, [-30, 22]],
  [15, [10, -50]],
]);

describe('what links say of right and wrong ones', () => {
  it('is learned from those that are accepted and those that are refused', () => {
    const attachments = rowOf(20, errors);
    const { system, stage } = attachments;
    const odds = learnLinkOdds(attachments);
    expect(odds.refused).toBe(8);
    expect(odds.cellPx).toBe(4);
    const furthest = Math.max(...system.links.map((_, l) => linkMisfit(system, stage, l)));
    expect(odds.evenDensity).toBeCloseTo(1 / (Math.PI * furthest ** 2), 12);
    expect(odds.sharpness).toBeCloseTo(-Math.log(2 * Math.PI), 12);
    // 11 of 19 are right.
    expect(odds.agreement).toBeCloseTo(Math.log(11 / 8 / odds.evenDensity) - Math.log(2 * Math.PI), 9);
    // All neighbours lie 5 px from where the stage has them: a Rayleigh median of σ√(2 ln 2); 5 px are stated.
    expect(odds.stageVariance).toBeCloseTo(25 / (2 * Math.LN2), 9);
    expect(odds.usualError?.[0]).toBeCloseTo(40, 6);
    expect(odds.usualError?.[1]).toBeCloseTo(0, 6);
  });

  it('is taken from links that are active, and bounded where there are few', () => {
    const attachments = rowOf(20, errors);
    const fewer = learnLinkOdds({ ...attachments, active: attachments.active.map((_, l) => (l < 8 ? 1 : 0)) });
    expect(fewer.refused).toBe(4);
    // Four alike are not usual yet.
    expect(fewer.usualError).toBeNull();
    const none = learnLinkOdds({ ...attachments, accepted: attachments.active });
    expect(none.refused).toBe(0);
    expect(none.agreement).toBeCloseTo(Math.log(99 / none.evenDensity) - Math.log(2 * Math.PI), 9);
    const wrong = learnLinkOdds({ ...attachments, accepted: attachments.active.map(() => 0) });
    // Never more than half of them are taken for wrong.
    expect(wrong.agreement).toBeCloseTo(Math.log(1 / wrong.evenDensity) - Math.log(2 * Math.PI), 9);
    // Nothing is shown: a third of the 5 px that the layout states for each of two tiles.
    expect(wrong.stageVariance).toBeCloseTo((2 * 25) / 9, 9);
    const near = learnLinkOdds({ ...rowOf(4, new Map()), tolerancePx: 300 });
    expect(near.evenDensity).toBeCloseTo(1 / (Math.PI * 1200 ** 2), 15);
  });

  it('weighs a link that disagrees by how many others are off as it is', () => {
    const attachments = rowOf(20, errors);
    const { system, poses } = attachments;
    const odds = learnLinkOdds(attachments);
    const even = 8 * 16 * odds.evenDensity;
    // Six in and about the cell of 40, 0.
    expect(dissentOdds(odds, system, poses, 1, 0)).toBeCloseTo(Math.log(6 / even), 9);
    expect(dissentOdds(odds, system, poses, 1, 1)).toBeCloseTo(Math.log(5 / even), 9);
    expect(dissentOdds(odds, system, poses, 1, 6)).toBe(0);
    expect(dissentOdds(odds, system, poses, 1, 9)).toBe(0);
    expect(dissentOdds(odds, system, poses, 13, 0)).toBeCloseTo(Math.log(1 / even), 9);
    expect(dissentOdds(odds, system, poses, 0, 0)).toBe(0);
  });

  it('keeps errors of any size apart or together by their cells', () => {
    const far = rowOf(4, new Map([[1, [1e7, -1e7]]]));
    const odds = learnLinkOdds(far);
    expect(odds.refused).toBe(1);
    expect([...odds.around.values()]).toEqual(new Array(9).fill(1));
    expect([...odds.around.keys()].every((key) => Number.isInteger(key) && key >= 0 && key < 2 ** 31)).toBe(true);
  });
});

describe('what the stage says of a place', () => {
  const odds: LinkOdds = {
    agreement: 5,
    sharpness: -2,
    stageVariance: 18,
    evenDensity: 1e-4,
    around: new Map(),
    cellPx: 4,
    refused: 0,
    usualError: null,
  };

  it('is a normal distribution about where it has a group beside its neighbours', () => {
    // Variance 9 · (1/2 + 1/3) for two tiles beside three; four links of mean distance (3, −4)/4.
    const variance = 9 * (1 / 2 + 1 / 3);
    const expected = -Math.log(2 * Math.PI * variance) - (9 + 16) / 16 / (2 * variance) + 2;
    expect(stageOdds(odds, { links: 4, inner: 2, outer: 3 }, 3, -4)).toBeCloseTo(expected, 12);
  });

  it('is never worse than eight a tile of the group, of three at most', () => {
    const at = (inner: number) => {
      const variance = 9 * (1 / inner + 1);
      return stageOdds(odds, { links: 1, inner, outer: 1 }, 1e4, 0) + Math.log(2 * Math.PI * variance) - 2;
    };
    expect([at(1), at(2), at(3), at(9)]).toEqual(
      [-8, -16, -24, -24].map((value) => expect.closeTo(value, 9) as number),
    );
  });

  it('is that of an even spread where it knows nothing', () => {
    expect(stageOdds(odds, { links: 0, inner: 0, outer: 0 }, 0, 0)).toBeCloseTo(Math.log(1e-4) + 2, 12);
  });
});
