import { describe, expect, it } from 'vitest';
import type { RejectedPair } from '../../core/matching/link.ts';
import { noCorrespondences } from '../../core/matching/matcher.ts';
import { tileId, type Layout } from '../../core/tiles/tile.ts';
import type { StitchRun } from '../state/result.ts';
import { tileReason } from './tile-reason.ts';

const [a, b, c, d] = ['r1_c1.tif', 'r1_c2.tif', 'r2_c1.tif', 'r9_c9.tif'].map((file) => tileId(file, 0));

function rejected(p: typeof a, q: typeof a, detail: string): RejectedPair {
  return {
    kind: 'rejected',
    pair: { a: p, b: q, aFromB: { x: 0, y: 0, thetaRad: 0 }, sigmaPx: 1, direction: 'right' },
    reason: 'no-texture',
    detail,
    correspondences: noCorrespondences,
    matchMs: 0,
  } as unknown as RejectedPair;
}

function runOf(pairs: readonly RejectedPair[]): Pick<StitchRun, 'outcome' | 'excluded' | 'layout'> {
  const cells = new Map([a, b, c].map((id, k) => [id, { row: k >> 1, column: k & 1 }]));
  const layout: Layout = { kind: 'grid', rows: 2, columns: 2, cells, overlap: { x: 0.1, y: 0.1 } };
  const outcome = { pairs, report: { edges: [] } } as unknown as StitchRun['outcome'];
  return { outcome, excluded: new Set(), layout };
}

describe('tileReason', () => {
  it('names the neighbours and says once what several have in common', () => {
    const even = 'r1_c1.tif shows nothing but an even field.';
    const run = runOf([rejected(a, b, even), rejected(a, c, even)]);
    expect(tileReason(a, 'prior', run)).toBe(
      'No link holds this tile: it stays where the layout puts it. With r1_c2, r2_c1: r1_c1.tif shows nothing but an even field.',
    );
  });

  it('says when a tile has no neighbour or no place', () => {
    expect(tileReason(a, 'prior', runOf([]))).toContain('No neighbour of this tile is in the layout');
    expect(tileReason(d, 'unplaced', runOf([]))).toBe(
      'The layout has no place for this tile; it is left out of the mosaic.',
    );
  });
});
