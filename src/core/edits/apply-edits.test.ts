import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, invertAffine } from '../geometry/affine2.ts';
import { gridTileId, makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import { pairKey } from '../tiles/tile.ts';
import { applyEdits } from './apply-edits.ts';
import type { Edit, EditList } from './edit.ts';
import { addEdit } from './edit.ts';
import { unitVariance } from './landmark-link.ts';
import { linkErrorPx, solutionError } from './solution-error.ts';

const { graph, truth } = makeSyntheticGraph({ rows: 2, columns: 3, matchSigmaPx: 0.4, matches: 200 });
const [a, b, far] = [gridTileId(0, 0), gridTileId(0, 1), gridTileId(1, 2)];
const key = pairKey({ a, b });
const listOf = (...edits: readonly Edit[]): EditList => edits.reduce(addEdit, [] as EditList);

/** A true landmark of a and b: the point of b seen at (x, y) of a. */
function landmark(x: number, y: number, sigmaPx: number): Edit {
  const [poseA, poseB] = [truth.get(a), truth.get(b)];
  if (!poseA || !poseB) throw new Error('both are in the grid');
  const inB = applyAffine(composeAffine(invertAffine(poseB), poseA), x, y);
  return { kind: 'landmark', a, b, inA: { x, y }, inB, sigmaPx };
}

describe('applyEdits', () => {
  it('leaves a graph without edits as it is', () => {
    expect(applyEdits(graph, [], 'rigid')).toEqual({ graph, manual: new Set(), pins: [] });
  });

  it('takes an excluded link out and marks a restored one as the word of the user', () => {
    const other = graph.links[3].pair;
    const { graph: edited, manual } = applyEdits(
      graph,
      listOf({ kind: 'exclude-link', a, b }, { kind: 'restore-link', a: other.a, b: other.b }),
      'rigid',
    );
    expect(edited.links).toHaveLength(graph.links.length - 1);
    expect(edited.links.some(({ pair }) => pairKey(pair) === key)).toBe(false);
    expect([...manual]).toEqual([pairKey(other)]);
  });

  it('lets landmarks speak for their pair instead of its matches', () => {
    const { graph: edited, manual } = applyEdits(
      graph,
      listOf(landmark(950, 100, 0.2), landmark(960, 700, 0.2)),
      'rigid',
    );
    expect(edited.links).toHaveLength(graph.links.length);
    const link = edited.links.find(({ pair }) => pairKey(pair) === key);
    expect(link?.inliers).toBe(2);
    expect(manual).toEqual(new Set([key]));
    expect(link && linkErrorPx(link, truth)).toBeLessThan(1e-4); // what the root of the sums' rounding leaves
  });

  it('weighs a landmark by its standard deviation in units of the matches’ own noise', () => {
    // Two noisy ends of 0.4 px each are 0.32 px² a match and axis.
    const unit = unitVariance(graph.links, 'rigid');
    expect(unit).toBeGreaterThan(0.28);
    expect(unit).toBeLessThan(0.36);
    const link = applyEdits(graph, listOf(landmark(950, 100, 0.1)), 'rigid').graph.links.at(-1);
    expect(link?.moments.weight).toBeCloseTo(unit / 0.01, 6);
  });

  it('joins two tiles that nobody proposed by their landmarks, where the stage has them', () => {
    const mark: Edit = { kind: 'landmark', a, b: far, inA: { x: 1, y: 1 }, inB: { x: 2, y: 2 }, sigmaPx: 1 };
    const edited = applyEdits(graph, listOf(mark), 'affine').graph;
    expect(edited.links).toHaveLength(graph.links.length + 1);
    expect(edited.links.at(-1)?.pair).toMatchObject({ a, b: far, expectedOverlap: null });
  });

  it('ignores what speaks of tiles that are not in the graph', () => {
    const gone = gridTileId(9, 9);
    const pin: Edit = { kind: 'pin-tile', tile: gone, pose: { x: 0, y: 0, thetaRad: 0 }, sigmaPx: 1 };
    const mark: Edit = { kind: 'landmark', a, b: gone, inA: { x: 1, y: 1 }, inB: { x: 2, y: 2 }, sigmaPx: 1 };
    expect(applyEdits(graph, listOf(pin, mark), 'rigid')).toEqual({ graph, manual: new Set(), pins: [] });
  });
});

describe('solutionError', () => {
  it('is the noise of the matches at the truth and names the worst link', () => {
    const { meanPx, worst, worstPx, links } = solutionError(graph.links, truth);
    expect(links).toBe(7);
    // Two axes of two ends: √4 · 0.4 px.
    expect(meanPx).toBeGreaterThan(0.7);
    expect(meanPx).toBeLessThan(0.9);
    expect(graph.links.map(({ pair }) => pairKey(pair))).toContain(worst);
    expect(worstPx).toBeGreaterThanOrEqual(meanPx);
  });

  it('counts no link of a tile without a place', () => {
    const some = new Map([...truth].filter(([id]) => id !== a));
    expect(solutionError(graph.links, some).links).toBe(5);
    expect(solutionError([], truth)).toEqual({ links: 0, meanPx: 0, worstPx: 0, worst: null });
  });
});
