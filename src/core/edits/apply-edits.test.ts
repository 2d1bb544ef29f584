import { describe, expect, it } from 'vitest';
import { applyAffine } from '../geometry/affine2.ts';
import { gridTileId, makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import { pairKey } from '../tiles/tile.ts';
import { applyEdits } from './apply-edits.ts';
import type { Edit, EditList } from './edit.ts';
import { addEdit } from './edit.ts';
import { solutionError } from './solution-error.ts';

const { graph, truth } = makeSyntheticGraph({ rows: 2, columns: 3, matchSigmaPx: 0.4, matches: 200 });
const [a, b, far] = [gridTileId(0, 0), gridTileId(0, 1), gridTileId(1, 2)];
const key = pairKey({ a, b });
const listOf = (...edits: readonly Edit[]): EditList => edits.reduce(addEdit, [] as EditList);
const nothing = { excludedLinks: new Set(), pins: [], manualLinks: [] };

function landmark(x: number, y: number, sigmaPx: number): Edit {
  return { kind: 'landmark', a, b, inA: { x, y }, inB: { x: x - 900, y }, sigmaPx };
}

describe('applyEdits', () => {
  it('says nothing where there are no edits, and keeps the graph as it is', () => {
    expect(applyEdits(graph, [])).toEqual({ ...graph, edits: nothing });
  });

  it('lets landmarks speak for their pair instead of its matches, those of one weight together', () => {
    const { edits } = applyEdits(graph, listOf(landmark(950, 100, 0.2), landmark(960, 700, 0.2), landmark(1, 2, 1)));
    expect(edits?.excludedLinks).toEqual(new Set([key]));
    expect(edits?.manualLinks.map(({ sigmaPx, landmarks }) => [sigmaPx, landmarks.length])).toEqual([
      [0.2, 2],
      [1, 1],
    ]);
    expect(edits?.manualLinks[0].landmarks[0]).toEqual({ a: [950, 100], b: [50, 100] });
  });

  it('hands over a restored link with its own motion and weight, and an excluded one not at all', () => {
    const link = graph.links[3];
    const { edits } = applyEdits(
      graph,
      listOf({ kind: 'exclude-link', a, b }, { kind: 'restore-link', a: link.pair.a, b: link.pair.b }),
    );
    expect(edits?.excludedLinks).toEqual(new Set([key, pairKey(link.pair)]));
    const [manual] = edits?.manualLinks ?? [];
    for (const { a: p, b: q } of manual.landmarks) {
      const place = applyAffine(link.aFromB, q[0], q[1]);
      expect(Math.hypot(place.x - p[0], place.y - p[1])).toBeLessThan(1e-9);
    }
    // n / s² = 200 / (rms² / 2) = 4 / σ²
    expect(4 / manual.sigmaPx ** 2).toBeCloseTo(200 / (link.rmsPx ** 2 / 2), 6);
  });

  it('joins two tiles that nobody proposed by their landmarks', () => {
    const mark: Edit = { kind: 'landmark', a, b: far, inA: { x: 1, y: 1 }, inB: { x: 2, y: 2 }, sigmaPx: 1 };
    expect(applyEdits(graph, listOf(mark)).edits?.manualLinks).toMatchObject([{ pair: { a, b: far } }]);
  });

  it('pins the tile’s pixel (0, 0) to the pose', () => {
    const pin: Edit = { kind: 'pin-tile', tile: a, pose: { x: 7, y: -3, thetaRad: 0.1 }, sigmaPx: 0.05 };
    const [{ pose, sigmaPx, tileId }] = applyEdits(graph, listOf(pin)).edits?.pins ?? [];
    expect(applyAffine(pose, 0, 0)).toEqual({ x: 7, y: -3 });
    expect([Math.atan2(pose.b, pose.a), sigmaPx, tileId]).toEqual([expect.closeTo(0.1, 12), 0.05, a]);
  });

  it('ignores what speaks of tiles that are not in the graph', () => {
    const gone = gridTileId(9, 9);
    const pin: Edit = { kind: 'pin-tile', tile: gone, pose: { x: 0, y: 0, thetaRad: 0 }, sigmaPx: 1 };
    const mark: Edit = { kind: 'landmark', a, b: gone, inA: { x: 1, y: 1 }, inB: { x: 2, y: 2 }, sigmaPx: 1 };
    expect(applyEdits(graph, listOf(pin, mark)).edits).toEqual(nothing);
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
