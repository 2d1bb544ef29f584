import { describe, expect, it } from 'vitest';
import { identityAffine } from '../../core/geometry/affine2.ts';
import type { Link, PairResult, RejectedPair } from '../../core/matching/link.ts';
import { tileId } from '../../core/tiles/tile.ts';
import type { Solution } from '../solution-json.ts';
import { linkMatches } from './link-matches.ts';

function pairOf(a: string, b: string) {
  const aFromB = { x: 0, y: 0, thetaRad: 0 };
  return { a: tileId(a), b: tileId(b), aFromB, sigmaPx: 1, expectedOverlap: null };
}

function linkOf(a: string, b: string, mask: readonly number[], shift = 0): Link {
  const count = mask.length;
  const points = (offset: number) => Float32Array.from({ length: 2 * count }, (_, n) => n + offset + shift);
  return {
    kind: 'link',
    pair: pairOf(a, b),
    model: 'affine',
    correspondences: { a: points(0), b: points(100), confidence: Float32Array.from(mask, (_, n) => (n + 1) / 8) },
    matchMs: 1,
    aFromB: identityAffine,
    inlierMask: Uint8Array.from(mask),
    inliers: mask.filter((each) => each === 1).length,
    confidence: 0.5,
    rmsPx: 0.3,
    moments: { weight: 1, meanA: [0, 0], meanB: [0, 0], aa: [1, 0, 1], bb: [1, 0, 1], ab: [1, 0, 0, 1] },
    intensities: null,
  };
}

function solutionWith(links: readonly Pick<Solution['links'][number], 'a' | 'b' | 'state' | 'matches' | 'inliers'>[]) {
  const rest = { aFromB: null, confidence: null, rmsPx: null, residualPx: null };
  return { links: links.map((link) => ({ ...link, ...rest })) } as unknown as Solution;
}

describe('the matches of a solution’s links', () => {
  it('are the inliers with their confidence, in the order of the solution', () => {
    const solution = solutionWith([
      { a: 'b', b: 'c', state: 'link', matches: 2, inliers: 2 },
      { a: 'a', b: 'b', state: 'link', matches: 3, inliers: 2 },
    ]);
    const results = [linkOf('a', 'b', [1, 0, 1]), linkOf('b', 'c', [1, 1])];
    expect(linkMatches(solution, results)).toEqual([
      { a: 'b', b: 'c', inA: [0, 1, 2, 3], inB: [100, 101, 102, 103], weights: [0.125, 0.25] },
      { a: 'a', b: 'b', inA: [0, 1, 4, 5], inB: [100, 101, 104, 105], weights: [0.125, 0.375] },
    ]);
  });

  it('are those of the run that the solution tells of, and none for excluded and rejected pairs', () => {
    const solution = solutionWith([
      { a: 'a', b: 'b', state: 'link', matches: 3, inliers: 3 },
      { a: 'a', b: 'c', state: 'excluded', matches: 2, inliers: 2 },
      { a: 'a', b: 'd', state: 'link', matches: 9, inliers: 9 },
    ]);
    const rejected: RejectedPair = {
      kind: 'rejected',
      pair: pairOf('a', 'd'),
      correspondences: linkOf('a', 'd', [1]).correspondences,
      matchMs: 1,
      reason: 'no-consensus',
      detail: '',
    };
    const results: readonly PairResult[] = [
      linkOf('a', 'b', [1, 0, 1]),
      linkOf('a', 'b', [1, 1, 1], 1000),
      linkOf('a', 'c', [1, 1]),
      rejected,
    ];
    const found = linkMatches(solution, results);
    expect(found.map(({ a, b }) => [a, b])).toEqual([['a', 'b']]);
    expect(found[0].inA[0]).toBe(1000);
  });
});
