import { describe, expect, it } from 'vitest';
import type { EdgeReport } from '../../../core/graph/pose-graph.ts';
import type { Link, RejectedPair } from '../../../core/matching/link.ts';
import { noCorrespondences } from '../../../core/matching/matcher.ts';
import { identityAffine } from '../../../core/geometry/affine2.ts';
import { tileId } from '../../../core/tiles/tile.ts';
import { explainPair } from './explain-pair.ts';

const pair = {
  a: tileId('grid/a_1.tif'),
  b: tileId('grid/b_2.tif'),
  aFromB: { x: 900, y: 0, thetaRad: 0 },
  sigmaPx: 10,
  expectedOverlap: null,
};

function correspondences(n: number) {
  return { a: new Float32Array(2 * n), b: new Float32Array(2 * n), confidence: new Float32Array(n) };
}

const link: Link = {
  kind: 'link',
  pair,
  matchMs: 1,
  correspondences: correspondences(1530),
  model: 'rigid',
  aFromB: identityAffine,
  inlierMask: new Uint8Array(1530),
  inliers: 1412,
  confidence: 0.8,
  rmsPx: 0.7,
  moments: { weight: 1, meanA: [0, 0], meanB: [0, 0], aa: [0, 0, 0], bb: [0, 0, 0], ab: [0, 0, 0, 0] },
  intensities: null,
};
const rejected: RejectedPair = {
  kind: 'rejected',
  pair,
  matchMs: 1,
  correspondences: correspondences(31),
  reason: 'no-consensus',
  detail: 'Only 7 of 31 matches agree; at least 12 are needed',
};
const edge: EdgeReport = { pairKey: 'k', residualPx: 0.82, weight: 0.97, removed: false };

/** The sentence with plain spaces: numbers and units are kept on one line by no-break spaces. */
const explain = (...about: Parameters<typeof explainPair>): string => explainPair(...about).replaceAll('\u00a0', ' ');

describe('explainPair', () => {
  it('says how many matches agree and what the solution leaves', () => {
    expect(explain(link, edge, false, { ransacPx: 3, tileStates: ['solved', 'solved'] })).toBe(
      'Accepted: 1,412 of 1,530 matches agree within 3 px; the solved positions leave 0.82 px here.',
    );
  });

  it('says that landmarks hold the pair, and what becomes of the matches', () => {
    const manual = { ...edge, residualPx: 0.04, manual: true } as const;
    const context = { ransacPx: 3, tileStates: null, leftPx: 1.93, landmarks: 2 };
    expect(explain(link, manual, false, context)).toBe(
      'Held by 2 landmarks of yours, 0.04 px apart, instead of its matches: 1,412 of 1,530 matches agree within 3 px and are 1.9 px off now.',
    );
    expect(explain(rejected, manual, false, context)).toBe(
      'Held by 2 landmarks of yours, 0.04 px apart; its matches were rejected: only 7 of 31 matches agree; at least 12 are needed.',
    );
  });

  it('leaves out what is not known', () => {
    expect(explain(link, null, false)).toBe('Accepted: 1,412 of 1,530 matches agree; not solved yet.');
  });

  it('says when the robust loss hardly counts a link', () => {
    expect(explain(link, { ...edge, residualPx: 14.4, weight: 0.12 }, false)).toBe(
      'Accepted: 1,412 of 1,530 matches agree; the solved positions leave 14 px here, and the solver counts the link at 12 %.',
    );
  });

  it('says which threshold failed and what holds the tiles instead', () => {
    expect(explain(rejected, null, false, { ransacPx: 3, tileStates: ['solved', 'prior'] })).toBe(
      'Rejected: only 7 of 31 matches agree; at least 12 are needed. b_2 stays where the layout puts it.',
    );
    expect(explain(rejected, null, false, { ransacPx: 3, tileStates: ['prior', 'prior'] })).toMatch(
      /Both tiles stay where the layout puts them\.$/,
    );
  });

  it('does not claim that a rejected pair places anything before the solve', () => {
    expect(
      explain({ ...rejected, correspondences: noCorrespondences, reason: 'no-texture', detail: '' }, null, false),
    ).toBe('Rejected: the overlap has no texture to match.');
  });

  it('keeps abbreviations at the start of a reason as they are', () => {
    expect(explain({ ...rejected, detail: 'RANSAC found no model.' }, null, false)).toBe(
      'Rejected: RANSAC found no model.',
    );
  });

  it('says that the solver removed a link, and by how much it was off', () => {
    expect(
      explain(link, { ...edge, residualPx: 8.3, weight: 0, removed: true }, false, {
        ransacPx: 3,
        tileStates: ['solved', 'solved'],
      }),
    ).toBe(
      'Removed by the solver: 1,412 of 1,530 matches agree within 3 px, but the other links leave 8.3 px here, ' +
        'more than it allows. Both tiles are placed through their other links.',
    );
  });

  it('says that the user excluded a link', () => {
    expect(explain(link, edge, true)).toBe('Excluded by you: 1,412 of 1,530 matches agree.');
    expect(explain(link, null, true, { ransacPx: null, tileStates: null, leftPx: 5.03 })).toBe(
      'Excluded by you: 1,412 of 1,530 matches agree; without it the tiles stand 5.0 px off here.',
    );
  });
});
