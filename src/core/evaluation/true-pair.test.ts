import { describe, expect, it } from 'vitest';
import { applyAffine, translation } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import { truePair } from './true-pair.ts';
import type { TrueTileShape } from './true-pair.ts';

const size = { width: 200, height: 100 };
const tile = (mosaicFromTile: TrueTileShape['mosaicFromTile']): TrueTileShape => ({ size, mosaicFromTile, mesh: null });

describe('truePair', () => {
  it('composes the poses and measures the shared share of the area', () => {
    const { aFromB, overlap } = truePair(tile(translation(5, 7)), tile(translation(155, 7)), 'rigid');
    expect(aFromB).toEqual(translation(150, 0));
    expect(overlap).toBeCloseTo(0.25, 9);
  });

  it('counts a point of b up to half a pixel beyond the outermost centres of a', () => {
    // 48 columns of b are 200/48 px apart, from 1.58 on; 48 rows 100/48 px, from 0.54 on.
    const shared = (x: number, y: number) =>
      48 * truePair(tile(translation(0, 0)), tile(translation(x, y)), 'rigid').overlap;
    expect([shared(148.3, 0), shared(147.7, 0), shared(-147.2, 0), shared(-147.95, 0)]).toEqual([12, 13, 13, 12]);
    expect([shared(0, 74.5), shared(0, 73.9), shared(0, -73.9), shared(0, -74.2)]).toEqual([12, 13, 13, 12]);
  });

  it('says when tiles share nothing', () => {
    expect(truePair(tile(translation(0, 0)), tile(translation(500, 0)), 'rigid')).toMatchObject({
      aFromB: null,
      overlap: 0,
    });
  });

  it('follows the meshes of both tiles point by point, and the best motion over the overlap', () => {
    const bent = (amplitude: number): TrueTileShape['mesh'] => ({
      columns: 3,
      rows: 2,
      dx: Float64Array.of(amplitude, 0, 0, amplitude, 0, 0),
      dy: new Float64Array(6),
    });
    const a: TrueTileShape = { ...tile(translation(0, 0)), mesh: bent(4) };
    const b: TrueTileShape = { ...tile(translation(150, 0)), mesh: bent(6) };
    const pair = truePair(a, b, 'affine');
    // b's column 0 shows mosaic x = 156; a is not bent right of its middle column
    expect(pair.pointInA(0, 50).x).toBeCloseTo(156, 9);
    // a's mesh at u < 99.5: x + 4·(1 − x/99.5) = m
    const inverse = truePair(b, a, 'affine');
    expect(inverse.pointInA(0, 0).x).toBeLessThan(-140);
    // linear in the overlap (0 ≤ u < 50 of b): exactly affine there
    const at = pair.aFromB && applyAffine(pair.aFromB, 20, 30);
    expect(at?.x).toBeCloseTo(150 + 20 + 6 * (1 - 20 / 99.5), 6);
  });

  it('undoes a turn', () => {
    const a = tile(affineFromPose({ x: 3, y: -2, thetaRad: 0.08 }));
    const pair = truePair(a, tile(translation(120, 4)), 'rigid');
    const p = pair.pointInA(11, 13);
    const back = applyAffine(a.mosaicFromTile, p.x, p.y);
    expect(back.x).toBeCloseTo(131, 9);
    expect(back.y).toBeCloseTo(17, 9);
  });
});
