import { describe, expect, it } from 'vitest';
import { translation } from '../geometry/affine2.ts';
import type { PoseGraph, SolveReport } from '../graph/pose-graph.ts';
import { makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import { pairKey } from '../tiles/tile.ts';
import { linkErrorPx, measuredPairs, solutionError } from './solution-error.ts';

const { graph, truth } = makeSyntheticGraph({ rows: 2, columns: 2, matchSigmaPx: 0, matches: 20 });
const reportOf = (removed: readonly number[]) =>
  ({
    edges: graph.links.map(({ pair }, k) => ({ pairKey: pairKey(pair), removed: removed.includes(k) })),
  }) as unknown as SolveReport;
const keysOf = (pairs: ReturnType<typeof measuredPairs>) => pairs.map(({ pair }) => pairKey(pair));
const keys = graph.links.map(({ pair }) => pairKey(pair));

describe('the measurements that a solution rests on', () => {
  it('are the links that were not removed, where nobody edited anything', () => {
    expect(keysOf(measuredPairs(graph, reportOf([])))).toEqual(keys);
    expect(keysOf(measuredPairs(graph, reportOf([1, 2])))).toEqual([keys[0], keys[3]]);
  });

  it('are without what was excluded, and with landmarks at the end', () => {
    const pair = graph.links[0].pair;
    const landmarks = [
      { a: [900, 10], b: [0, 10] },
      { a: [900, 90], b: [0, 92] },
    ] as const;
    const edited: PoseGraph = {
      ...graph,
      edits: {
        excludedLinks: new Set([keys[0]]),
        pins: [],
        manualLinks: [{ manual: true, pair, landmarks, sigmaPx: 1 }],
      },
    };
    const found = measuredPairs(edited, reportOf([3]));
    expect(keysOf(found)).toEqual([keys[1], keys[2], keys[0]]);
    const poses = new Map([
      [pair.a, translation(0, 0)],
      [pair.b, translation(900, 0)],
    ]);
    // One landmark fits, the other is 2 px off.
    expect(linkErrorPx(found[2], poses)).toBeCloseTo(Math.SQRT2, 9);
  });
});

describe('the error of a link', () => {
  it('is none where a tile has no place, or the link no weight', () => {
    const [link] = graph.links;
    expect(linkErrorPx(link, truth)).toBeCloseTo(0, 4);
    expect(linkErrorPx(link, new Map([...truth].filter(([id]) => id !== link.pair.b)))).toBeNull();
    expect(linkErrorPx({ ...link, moments: { ...link.moments, weight: 0 } }, truth)).toBeNull();
  });

  it('is averaged over the links, and the worst is named', () => {
    const off = new Map(truth);
    const { pair } = graph.links[0];
    const place = truth.get(pair.a) ?? translation(0, 0);
    off.set(pair.a, { ...place, e: place.e + 3 });
    const { links, meanPx, worstPx, worst } = solutionError(graph.links, off);
    const touched = graph.links.filter((link) => link.pair.a === pair.a || link.pair.b === pair.a);
    expect(links).toBe(4);
    expect(worstPx).toBeCloseTo(3, 3);
    expect(meanPx).toBeCloseTo((3 * touched.length) / 4, 3);
    expect(touched.map((link) => pairKey(link.pair))).toContain(worst);
  });
});

describe('the worst link', () => {
  it('is the first of those that are equally bad, and named even where all fit', () => {
    const exact = graph.links.map((link) => ({ ...link, moments: { ...link.moments, weight: 0 } }));
    expect(solutionError(exact, truth)).toEqual({ links: 0, meanPx: 0, worstPx: 0, worst: null });
    const still = new Map(graph.links.flatMap(({ pair }) => [pair.a, pair.b]).map((id) => [id, translation(0, 0)]));
    const ofPixels = (px: number, k: number) => ({
      pair: graph.links[k].pair,
      moments: { weight: 2, meanA: [px, 0], meanB: [0, 0], aa: [0, 0, 0], bb: [0, 0, 0], ab: [0, 0, 0, 0] } as const,
    });
    expect(solutionError([ofPixels(3, 0), ofPixels(4, 1), ofPixels(4, 2), ofPixels(1, 3)], still)).toEqual({
      links: 4,
      meanPx: 3,
      worstPx: 4,
      worst: keys[1],
    });
    expect(solutionError([ofPixels(0, 2), ofPixels(0, 1)], still).worst).toBe(keys[2]);
  });
});
