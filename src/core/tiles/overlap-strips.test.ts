import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { invertPose } from '../geometry/pose2.ts';
import { intersectRects } from '../geometry/rect.ts';
import { overlapStrips } from './overlap-strips.ts';
import { tileId } from './tile.ts';
import type { TilePair } from './tile.ts';
import { boundsUnder } from './pairing.ts';

const size = { width: 2048, height: 1768 };

function pairAt(x: number, y: number, sigmaPx = 48, thetaRad = 0): TilePair {
  const aFromB = { x, y, thetaRad };
  const expectedOverlap = intersectRects({ x: 0, y: 0, ...size }, boundsUnder(aFromB, size));
  return { a: tileId('a'), b: tileId('b'), aFromB, sigmaPx, expectedOverlap };
}

describe('overlapStrips', () => {
  it('cuts 307 px from 2048-px tiles that overlap by 10 %, margin 0.5', () => {
    expect(overlapStrips(pairAt(1843, 0), size, size, 0.5)).toEqual({
      regionA: { x: 1740, y: 0, width: 308, height: 1768 },
      regionB: { x: 0, y: 0, width: 308, height: 1768 },
    });
  });

  it('cuts the near sides when b lies left of or above a', () => {
    expect(overlapStrips(pairAt(-1843, 0), size, size, 0.5)).toEqual({
      regionA: { x: 0, y: 0, width: 308, height: 1768 },
      regionB: { x: 1740, y: 0, width: 308, height: 1768 },
    });
    expect(overlapStrips(pairAt(0, -1591), size, size, 0)).toEqual({
      regionA: { x: 0, y: 0, width: 2048, height: 177 + 48 },
      regionB: { x: 0, y: 1591 - 48, width: 2048, height: 177 + 48 },
    });
  });

  it('leaves the stage error and 16 px as the least margin', () => {
    expect(overlapStrips(pairAt(2000, 0, 1), size, size, 0)?.regionA.width).toBe(48 + 16);
    expect(overlapStrips(pairAt(2000, 0, 30), size, size, 0)?.regionA.width).toBe(48 + 30);
  });

  it('grows a corner both ways', () => {
    expect(overlapStrips(pairAt(1848, 1568, 10), size, size, 0.1)).toEqual({
      regionA: { x: 1828, y: 1548, width: 220, height: 220 },
      regionB: { x: 0, y: 0, width: 220, height: 220 },
    });
  });

  it('is null without a nominal overlap', () => {
    expect(overlapStrips(pairAt(2048, 0), size, size, 0.5)).toBeNull();
  });

  it('always stays inside the tiles and holds the nominal overlap', () => {
    const shift = fc.record({
      x: fc.integer({ min: -2_000_000, max: 2_000_000 }).map((n) => n / 1000),
      y: fc.integer({ min: -1_700_000, max: 1_700_000 }).map((n) => n / 1000),
      thetaRad: fc.integer({ min: -5000, max: 5000 }).map((n) => n / 1e5),
    });
    fc.assert(
      fc.property(
        shift,
        fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000),
        ({ x, y, thetaRad }, marginFraction) => {
          const pair = pairAt(x, y, 20, thetaRad);
          const strips = overlapStrips(pair, size, size, marginFraction);
          // Bounds of turned tiles may meet in one frame and miss in the other.
          const meetsInB = intersectRects({ x: 0, y: 0, ...size }, boundsUnder(invertPose(pair.aFromB), size));
          expect(strips !== null).toBe(pair.expectedOverlap !== null && meetsInB !== null);
          if (strips === null || pair.expectedOverlap === null) return;
          for (const region of [strips.regionA, strips.regionB]) {
            expect(Object.values(region).every(Number.isInteger)).toBe(true);
            expect(intersectRects(region, { x: 0, y: 0, ...size })).toEqual(region);
          }
          expect(intersectRects(strips.regionA, pair.expectedOverlap)).toEqual(pair.expectedOverlap);
        },
      ),
    );
  });
});
