import { unitGain } from '../../../core/photometry/gain-offset.ts';
import { describe, expect, it } from 'vitest';
import type { Affine2 } from '../../../core/geometry/affine2.ts';
import { type Placement } from '../../../core/mosaic/mosaic.ts';
import { tileId } from '../../../core/tiles/tile.ts';
import type { OverlayView } from '../../viewer/tile-overlay.ts';
import { movedRegion, pictureEdges } from './moved-region.ts';

const at = (e: number, f: number): Affine2 => ({ a: 1, b: 0, c: 0, d: 1, e, f });
const placement: Placement = {
  ...{ tile: tileId('a'), size: { width: 100, height: 100 }, mosaicFromTile: at(200, 50) },
  ...{ state: 'solved', component: 0, tone: unitGain },
};
const viewOf = (scale: number, x: number, y: number): OverlayView => ({
  transform: { scale, x, y },
  size: { width: 800, height: 600 },
  ratio: 1,
  turns: 0,
});

describe('what changes with a held tile', () => {
  it('is where it was and where it is, with a pixel of air', () => {
    const region = movedRegion(placement, at(212.4, 48), viewOf(1, 0, 0));
    expect(region).toEqual({ rect: { x: 199, y: 47, width: 115, height: 104 }, scale: 1 });
  });

  it('ends at the screen, and is nothing beyond it', () => {
    const region = movedRegion(placement, at(205, 50), viewOf(4, -900, -300));
    expect(region).toEqual({ rect: { x: 225, y: 75, width: 81, height: 76 }, scale: 4 });
    expect(movedRegion(placement, at(205, 50), viewOf(4, 900, 3000))).toBeNull();
  });

  it('has the scale of the screen, up to eight output px a pixel', () => {
    expect(movedRegion(placement, at(200, 50), viewOf(0.125, 0, 0))?.scale).toBe(0.125);
    expect(movedRegion(placement, at(200, 50), viewOf(20, -4100, -1100))?.scale).toBe(8);
  });

  it('is drawn with its pixels where they lie: the corner of the first half a mosaic px before its centre', () => {
    const region = { rect: { x: 225, y: 75, width: 81, height: 76 }, scale: 4 };
    const edges = pictureEdges({ region, width: 324, height: 304 }, viewOf(4, -900, -300));
    expect(edges).toEqual({ x: -2, y: -2, width: 324, height: 304 });
    // a picture of an eighth, whose last pixel covers more than the region
    const small = { rect: { x: 10, y: 10, width: 81, height: 81 }, scale: 0.125 };
    expect(pictureEdges({ region: small, width: 10, height: 10 }, viewOf(0.125, 0, 0)).width).toBe(10);
  });
});
