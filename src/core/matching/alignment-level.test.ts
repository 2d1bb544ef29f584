import { describe, expect, it } from 'vitest';
import { applyAffine, identityAffine, translation } from '../geometry/affine2.ts';
import type { Rect } from '../geometry/rect.ts';
import { blurGaussian, downsample, smallFromFull } from '../raster/resample.ts';
import {
  alignmentLevel,
  cropToOverlap,
  levelFromTile,
  noiseOnLevel,
  pyramidScales,
  sufficientScale,
} from './alignment-level.ts';
import { noiseLeftBy, noiseSlopeLeftBy } from './noise-level.ts';
import type { Strip } from './overlap-intensities.ts';

/** A strip whose sample at x, y of its tile is 1000·y + x. */
function stripAt(region: Rect): Strip {
  const { x, y, width, height } = region;
  const data = Float32Array.from(
    { length: width * height },
    (_, k) => 1000 * (y + Math.floor(k / width)) + x + (k % width),
  );
  return { raster: { data, width, height }, region };
}

const at = ({ raster, region }: Strip, x: number, y: number) =>
  raster.data[(y - region.y) * raster.width + x - region.x];

describe('what two strips have in common', () => {
  const a = stripAt({ x: 100, y: 0, width: 60, height: 80 });
  const b = stripAt({ x: 0, y: 0, width: 70, height: 80 });

  it('is cut out of both with its margin', () => {
    // b's pixel q lies at q + (110, 5): a is covered from 110 on, b up to 49.
    const common = cropToOverlap(a, b, translation(110, 5), 4);
    expect(common?.a.region).toEqual({ x: 106, y: 1, width: 54, height: 79 });
    expect(common?.b.region).toEqual({ x: 0, y: 0, width: 54, height: 79 });
    if (common === null) return;
    for (const strip of [common.a, common.b]) {
      expect([strip.raster.width, strip.raster.height]).toEqual([strip.region.width, strip.region.height]);
      const { x, y, width, height } = strip.region;
      expect(at(strip, x, y)).toBe(1000 * y + x);
      expect(at(strip, x + width - 1, y + height - 1)).toBe(1000 * (y + height - 1) + x + width - 1);
    }
  });

  it('holds the images of all four corners of a turned strip, rounded outwards', () => {
    const turned = { a: 0.8, b: 0.6, c: -0.6, d: 0.8, e: 10.5, f: 20.5 };
    const small = stripAt({ x: 10, y: 20, width: 11, height: 6 });
    const wide = stripAt({ x: -500, y: -500, width: 1000, height: 1000 });
    const region = cropToOverlap(wide, small, turned, 0)?.a.region;
    const corners = [
      [10, 20],
      [20, 20],
      [10, 25],
      [20, 25],
    ].map(([x, y]) => applyAffine(turned, x, y));
    const left = Math.floor(Math.min(...corners.map(({ x }) => x)));
    const top = Math.floor(Math.min(...corners.map(({ y }) => y)));
    const right = Math.ceil(Math.max(...corners.map(({ x }) => x)));
    const bottom = Math.ceil(Math.max(...corners.map(({ y }) => y)));
    expect(region).toEqual({ x: left, y: top, width: right - left + 1, height: bottom - top + 1 });
  });

  it('is the strip itself where all is common, and nothing where nothing is', () => {
    const same = cropToOverlap(b, b, identityAffine, 0);
    expect(same?.a).toEqual(b);
    expect(same?.a.raster).toBe(b.raster);
    expect(cropToOverlap(a, b, translation(400, 0), 4)).toBeNull();
    expect(cropToOverlap(a, b, translation(110, 200), 4)).toBeNull();
    // Cut on one side alone.
    expect(cropToOverlap(b, b, translation(0, 30), 0)?.a.region).toEqual({ x: 0, y: 30, width: 70, height: 50 });
    expect(cropToOverlap(b, b, translation(30, 0), 0)?.b.region).toEqual({ x: 0, y: 0, width: 40, height: 80 });
  });
});

describe('a level', () => {
  const region = { x: 12, y: 40, width: 48, height: 64 };
  const wavy = (seed: number): Strip => ({
    region,
    raster: {
      width: 48,
      height: 64,
      data: Float32Array.from({ length: 48 * 64 }, (_, k) => 50 * Math.sin((k % 48) / 3 + seed) + (k % 7)),
    },
  });

  it('has pixels where their centres lie in the tile', () => {
    for (const scale of [1, 0.5, 0.25]) {
      const map = levelFromTile(region, scale);
      const q = applyAffine(map, 31.5, 47);
      expect(q.x).toBeCloseTo(smallFromFull(31.5, scale, 12), 12);
      expect(q.y).toBeCloseTo(smallFromFull(47, scale, 40), 12);
      expect([map.a, map.b, map.c, map.d]).toEqual([scale, 0, 0, scale]);
    }
  });

  it.each([
    [1, 0.6, 0.6],
    [1, 1.1, 1.1],
    [0.5, 0.9, 0.7],
    [0.5, 2, 1],
    [0.25, 4, 1],
  ])('of %d is blurred by what %d px are there, coarse ones by 0.7 px at least', (scale, blurPx, sigma) => {
    const [a, b] = [wavy(0), wavy(1)];
    const level = alignmentLevel(a, { ...b, region: { ...region, x: 0 } }, scale, blurPx);
    expect(level.scale).toBe(scale);
    expect(level.a).toEqual(blurGaussian(downsample(a.raster, scale), sigma));
    expect(level.b).toEqual(blurGaussian(downsample(b.raster, scale), sigma));
    expect(level.aFromTile).toEqual(levelFromTile(region, scale));
    expect(level.bFromTile).toEqual(levelFromTile({ ...region, x: 0 }, scale));
    expect(level.marginPx).toBe(Math.ceil(2 * sigma));
    // Means over 1/scale² samples leave scale² of independent noise.
    const left = noiseOnLevel(9, scale, blurPx);
    expect(left.value).toBeCloseTo(9 * scale ** 2 * noiseLeftBy(sigma), 12);
    expect(left.slope).toBeCloseTo(9 * scale ** 2 * noiseSlopeLeftBy(sigma), 12);
  });

  it('of half resolution is enough above 80,000 px of the smaller strip', () => {
    const sized = (width: number, height: number) => ({ ...wavy(0), region: { x: 0, y: 0, width, height } });
    expect(sufficientScale(sized(400, 200), sized(400, 201))).toBe(1);
    expect(sufficientScale(sized(400, 201), sized(400, 201))).toBe(0.5);
    expect(sufficientScale(sized(4000, 201), sized(100, 100))).toBe(1);
  });
});

describe('the levels of an alignment', () => {
  it.each([
    // As coarse as the start error asks: it is 1.5 px of the coarsest at most.
    [400, 1.5, 1, [1]],
    [400, 1.51, 1, [0.5, 1]],
    [400, 3.01, 1, [0.25, 0.5, 1]],
    [400, 3, 1, [0.5, 1]],
    [400, 6.01, 1, [0.125, 0.25, 0.5, 1]],
    [400, 3, 0.5, [0.5]],
    [400, 3.01, 0.5, [0.25, 0.5]],
    // And no coarser than leaves 24 px of the shorter side.
    [96, 100, 1, [0.25, 0.5, 1]],
    [95, 100, 1, [0.5, 1]],
    [48, 100, 1, [0.5, 1]],
    [47, 100, 1, [1]],
    [47, 100, 0.5, [0.5]],
  ])('of %d px from a start %d px off, down from %d, are %j', (side, startErrorPx, finest, scales) => {
    expect(pyramidScales(side, startErrorPx, finest)).toEqual(scales);
  });
});
