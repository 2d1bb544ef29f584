import { describe, expect, it } from 'vitest';
import type { Link, RejectedPair } from '../../../core/matching/link.ts';
import { tileId } from '../../../core/tiles/tile.ts';
import { pairNumbers } from './pair-numbers.ts';

const evidence = {
  pair: {
    a: tileId('a.tif'),
    b: tileId('b.tif'),
    aFromB: { x: 100, y: 0, thetaRad: 0 },
    sigmaPx: 5,
    expectedOverlap: null,
  },
  correspondences: { a: new Float32Array(8), b: new Float32Array(8), confidence: new Float32Array(4) },
  matchMs: 1,
};
const link: Link = {
  ...evidence,
  kind: 'link',
  model: 'affine',
  aFromB: { a: 1.02, b: 0, c: 0, d: 0.99, e: 103, f: -4 },
  inlierMask: new Uint8Array([1, 1, 1, 0]),
  inliers: 3,
  confidence: 0.5,
  rmsPx: 0.714,
  moments: { weight: 1, meanA: [103, -4], meanB: [0, 0], aa: [0, 0, 0], bb: [0, 0, 0], ab: [0, 0, 0, 0] },
  intensities: null,
};

const asText = (numbers: ReturnType<typeof pairNumbers>): Record<string, string> =>
  Object.fromEntries(numbers.map((number) => [number.id, number.value]));

describe('pairNumbers', () => {
  it('states motion and residuals of a link with signs and units', () => {
    const edge = { pairKey: 'k', residualPx: 1.25, weight: 0.875, removed: false };
    expect(asText(pairNumbers(link, edge, edge.residualPx, -0.25))).toEqual({
      matches: '4',
      inliers: '3 (75 %)',
      confidence: '0.50',
      'residual-before': '0.71 px',
      'residual-after': '1.25 px',
      rotation: '0.00°',
      stretch: '+2.00 / −1.00 %',
      shift: '5.0 px (+3.0, −4.0)',
      weight: '88 %',
      ncc: '−0.25',
    });
  });

  it('invents nothing for a rejected pair', () => {
    const rejected: RejectedPair = { ...evidence, kind: 'rejected', reason: 'no-texture', detail: 'empty' };
    expect(asText(pairNumbers(rejected, null, null, null))).toEqual({ matches: '4' });
  });
});
