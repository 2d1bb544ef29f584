import { describe, expect, it } from 'vitest';
import { translation } from '../../../core/geometry/affine2.ts';
import { filterMatches, layOutCrops, matchResiduals, pictureFromTile, thinOut } from './match-picture.ts';

describe('match picture', () => {
  const tall = { bitmap: { width: 50, height: 400 }, region: { x: 900, y: 0, width: 100, height: 800 } };
  const wide = { bitmap: { width: 400, height: 50 }, region: { x: 0, y: 10, width: 400, height: 50 } };

  it('puts tall crops side by side and wide crops one below the other', () => {
    expect(layOutCrops(tall, tall)).toMatchObject({
      size: { width: 108, height: 400 },
      b: { offset: { x: 58, y: 0 } },
    });
    expect(layOutCrops(wide, wide)).toMatchObject({
      size: { width: 400, height: 108 },
      b: { offset: { x: 0, y: 58 } },
    });
  });

  it('keeps the half pixel when a crop is shown at half size', () => {
    const { a, b } = layOutCrops(tall, tall);
    // The corner that four tile pixels share, between 900 and 901, is the centre of the first reduced pixel.
    expect(pictureFromTile(a, 900.5, 0.5)).toEqual({ x: 0, y: 0 });
    expect(pictureFromTile(a, 899.5, -0.5)).toEqual({ x: -0.5, y: -0.5 });
    expect(pictureFromTile(b, 999.5, 799.5)).toEqual({ x: 58 + 49.5, y: 399.5 });
  });

  const matches = {
    a: new Float32Array([10, 10, 20, 20, 30, 30]),
    b: new Float32Array([0, 10, 7, 24, 20, 30]),
    confidence: new Float32Array([0.25, 0.5, 0.75]),
  };

  it('measures residuals in the frame of a', () => {
    expect([...matchResiduals(matches, translation(10, 0))]).toEqual([0, 5, 0]);
  });

  it('tells inliers from outliers and keeps to the confidence', () => {
    const mask = new Uint8Array([1, 0, 1]);
    const both = { inliers: true, outliers: true, minConfidence: 0 };
    expect(filterMatches(matches, mask, both)).toEqual([0, 1, 2]);
    expect(filterMatches(matches, mask, { ...both, outliers: false })).toEqual([0, 2]);
    expect(filterMatches(matches, mask, { ...both, minConfidence: 0.5 })).toEqual([1, 2]);
    expect(filterMatches(matches, null, { ...both, outliers: false })).toEqual([]);
  });

  it('thins a crowd evenly', () => {
    expect(thinOut([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 5)).toEqual([0, 2, 4, 6, 8]);
    expect(thinOut([3, 4], 5)).toEqual([3, 4]);
  });
});
