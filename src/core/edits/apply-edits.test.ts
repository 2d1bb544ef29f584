import { describe, expect, it } from 'vitest';
import { applyAffine, translation } from '../geometry/affine2.ts';
import type { Link } from '../matching/link.ts';
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

describe('a restored link', () => {
  const [found] = graph.links;
  const restore: Edit = { kind: 'restore-link', a: found.pair.a, b: found.pair.b };
  const moments: Link['moments'] = { ...found.moments, weight: 4, meanB: [30, 50] as const, bb: [400, 7, 36] };
  const restored = (link: Partial<typeof found>, ...more: readonly Edit[]) =>
    applyEdits(
      { ...graph, links: [{ ...found, moments, aFromB: translation(900, 2), ...link }] },
      listOf(restore, ...more),
    ).edits;

  it('is four landmarks at one standard deviation of its matches about their middle', () => {
    // √(400 / 4) = 10 along x, √(36 / 4) = 3 along y, about (30, 50).
    expect(restored({})?.manualLinks).toMatchObject([
      {
        manual: true,
        pair: { a: found.pair.a, b: found.pair.b },
        landmarks: [
          { a: [920, 49], b: [20, 47] },
          { a: [940, 49], b: [40, 47] },
          { a: [920, 55], b: [20, 53] },
          { a: [940, 55], b: [40, 53] },
        ],
      },
    ]);
  });

  it('has its landmarks a pixel apart from their middle at least, even of no weight', () => {
    const corners = (moment: Partial<typeof moments>) =>
      restored({ moments: { ...moments, ...moment } })?.manualLinks[0].landmarks.map(({ b: place }) => place);
    const near = [
      [29, 49],
      [31, 49],
      [29, 51],
      [31, 51],
    ];
    expect(corners({ bb: [0.4, 0, 0.1] })).toEqual(near);
    expect(corners({ weight: 0, bb: [0, 0, 0] })).toEqual(near);
  });

  it('is believed by its residual and its inliers, but never beyond 0.02 px', () => {
    // rms · √(4 / 2n)
    expect(restored({ rmsPx: 3, inliers: 8 })?.manualLinks[0].sigmaPx).toBeCloseTo(1.5, 12);
    expect(restored({ rmsPx: 3, inliers: 0 })?.manualLinks[0].sigmaPx).toBeCloseTo(3 * Math.SQRT2, 12);
    expect(restored({ rmsPx: 0.01, inliers: 900 })?.manualLinks[0].sigmaPx).toBe(0.02);
  });

  it('gives way to landmarks of its pair', () => {
    const { a: p, b: q } = found.pair;
    const edits = restored(
      {},
      { kind: 'landmark', a: p, b: q, inA: { x: 5, y: 6 }, inB: { x: 7, y: 8 }, sigmaPx: 0.3 },
    );
    expect(edits?.manualLinks).toEqual([
      { manual: true, pair: { a: p, b: q }, landmarks: [{ a: [5, 6], b: [7, 8] }], sigmaPx: 0.3 },
    ]);
    expect(edits?.excludedLinks).toEqual(new Set([pairKey(found.pair)]));
  });

  it('is nothing where no such link was found', () => {
    expect(applyEdits(graph, listOf({ kind: 'restore-link', a, b: far })).edits).toEqual(nothing);
  });
});

describe('landmarks of a tile that is gone', () => {
  it.each([
    [a, gridTileId(9, 9)],
    [gridTileId(9, 9), a],
  ])('are left out: %s – %s', (p, q) => {
    const mark: Edit = { kind: 'landmark', a: p, b: q, inA: { x: 1, y: 1 }, inB: { x: 2, y: 2 }, sigmaPx: 1 };
    expect(applyEdits(graph, listOf(mark)).edits).toEqual(nothing);
  });
});
