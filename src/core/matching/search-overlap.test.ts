import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, identityAffine, invertAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Rect } from '../geometry/rect.ts';
import { blurGaussian, downsample } from '../raster/resample.ts';
import { stripViews } from '../testing/strip-views.ts';
import { levelFromTile } from './alignment-level.ts';
import { correlationSurface } from './correlation-surface.ts';
import { smallMotion } from './motion-model.ts';
import type { Strip } from './overlap-intensities.ts';
import {
  distanceAt,
  distinct,
  fitAt,
  onePlacePx,
  peaksOf,
  searchImages,
  searchOverlap,
  turnsWithin,
} from './search-overlap.ts';

const blank = (region: Rect): Strip => ({
  region,
  raster: { data: new Float32Array(region.width * region.height), width: region.width, height: region.height },
});
const sized = (width: number, height: number) => blank({ x: 0, y: 0, width, height });

describe('the images of a search', () => {
  it.each([
    [40, 400, 0.5],
    [32, 400, 0.5],
    [31, 400, 1],
    [240, 400, 0.5],
    [240, 404, 0.25],
    [64, 2000, 0.25],
    [63, 2000, 0.5],
    [600, 800, 0.125],
  ])('of %d × %d px are reduced to %d', (width, height, scale) => {
    expect(searchImages(sized(width, height), sized(width, height)).scale).toBe(scale);
    expect(searchImages(sized(height, width), sized(height, width)).scale).toBe(scale);
  });

  it('are reduced by the larger area and the smaller side of the two', () => {
    expect(searchImages(sized(100, 100), sized(300, 400)).scale).toBe(0.25);
    expect(searchImages(sized(300, 400), sized(100, 100)).scale).toBe(0.25);
    expect(searchImages(sized(300, 400), sized(20, 100)).scale).toBe(1);
    expect(searchImages(sized(100, 20), sized(300, 400)).scale).toBe(1);
  });

  it('hold local structure of even strength, and know where they lie', () => {
    const { a, b } = stripViews({ width: 40, height: 60 }, translation(4, 3));
    const [regionA, regionB] = [
      { ...a.region, x: 50, y: 7 },
      { ...b.region, x: 11, y: 23 },
    ];
    const images = searchImages({ ...a, region: regionA }, { ...b, region: regionB });
    const small = downsample(a.raster, 0.5);
    const [fine, coarse] = [blurGaussian(small, 0.5), blurGaussian(small, 4)];
    const band = fine.data.map((value, i) => value - coarse.data[i]);
    const strength = blurGaussian({ ...small, data: band.map((value) => value * value) }, 5).data;
    const mean = strength.reduce((sum, value) => sum + value, 0) / strength.length;
    band.forEach((value, i) => expect(images.a.data[i]).toBeCloseTo(value / Math.sqrt(strength[i] + 0.3 * mean), 4));
    expect([images.a.width, images.a.height]).toEqual([20, 30]);
    expect(images.aFromTile).toEqual(levelFromTile(regionA, 0.5));
    expect(images.bFromTile).toEqual(levelFromTile(regionB, 0.5));
    expect(images.middleB).toEqual([30.5, 52.5]);
    expect(searchImages(sized(40, 40), sized(40, 40)).a.data.every((value) => value === 0)).toBe(true);
  });
});

describe('the turns of a search', () => {
  it('are no further apart than moves the ends of the strip by 4 px, and reach the limit to half a step', () => {
    const images = searchImages(sized(60, 400), sized(60, 400));
    const step = 4 / (Math.hypot(30, 200) / 2);
    for (const limit of [0, 0.01, 0.0199, 0.05, 0.1, 0.1745]) {
      const turns = turnsWithin(images, limit);
      expect(turns[0]).toBe(0);
      const count = (turns.length - 1) / 2;
      turns.slice(1).forEach((turn, i) => {
        expect(turn).toBeCloseTo((i % 2 === 0 ? -1 : 1) * (1 + Math.floor(i / 2)) * step, 12);
      });
      expect((count + 0.5) * step).toBeGreaterThanOrEqual(limit);
      if (count > 0) expect((count - 0.5) * step).toBeLessThan(limit);
    }
  });
});

describe('places', () => {
  it('are apart by what they move a point of b', () => {
    const turned = smallMotion('rigid', [3, -4, 0.3], [10, 20]);
    expect(distanceAt([10, 20], identityAffine, turned)).toBeCloseTo(5, 12);
    expect(distanceAt([0, 0], translation(1, 5), translation(4, 9))).toBe(5);
  });

  it('are the best first, and none within 7 px of a better one', () => {
    const fit = (e: number, z: number, f = 0) => ({ aFromB: translation(e, f), z });
    const fits = [fit(0, 3), fit(5, 4), fit(12.1, 2), fit(11.9, 3.5), fit(5, 1, 8)];
    expect(distinct(fits, [7, 9]).map(({ z }) => z)).toEqual([4, 2, 1]);
    expect(distinct([fit(0, 1), fit(onePlacePx, 2)], [0, 0]).length).toBe(1);
    expect(distinct([], [0, 0])).toEqual([]);
    expect(fits[0].z).toBe(3);
  });
});

describe('the peaks of a surface', () => {
  const rows = [
    [9, 1, 1, 4, 1, 6],
    [1, 1, 3, 1, 1, 1],
    [1, 2.5, 1, 1, 5, 5],
    [2, 1, 1, 1, 1, 1],
    [1, 1, 2.1, 1, 8, 1],
  ];
  const surface = { x: -3, y: -2, width: 6, height: 5, z: Float64Array.from(rows.flat()) };

  it('are above two and above all of their neighbours, the best first, counted from the place of no shift', () => {
    const found = peaksOf(surface, 20);
    expect(found).toEqual([
      { x: -3, y: -2, z: 9 },
      { x: 1, y: 2, z: 8 },
      { x: 2, y: -2, z: 6 },
      // Of two equal neighbours both.
      { x: 1, y: 0, z: 5 },
      { x: 2, y: 0, z: 5 },
      { x: 0, y: -2, z: 4 },
      { x: -1, y: 2, z: 2.1 },
    ]);
    expect(peaksOf(surface, 3)).toEqual(found.slice(0, 3));
  });

  it('may lie at any border, and hide what is next to them on each side', () => {
    for (let k = 0; k < 9; k++) {
      const z = new Float64Array(9).fill(3);
      z[k] = 4;
      const near = [...z.keys()].filter(
        (n) => Math.max(Math.abs((n % 3) - (k % 3)), Math.abs(Math.floor(n / 3) - Math.floor(k / 3))) > 1,
      );
      const found = peaksOf({ x: 0, y: 0, width: 3, height: 3, z }, 9);
      expect(found[0]).toEqual({ x: k % 3, y: Math.floor(k / 3), z: 4 });
      expect(found.slice(1).map(({ x, y }) => x + 3 * y)).toEqual(near);
    }
    expect(peaksOf({ x: 0, y: 0, width: 3, height: 3, z: new Float64Array(9).fill(2) }, 9)).toEqual([]);
    expect(peaksOf({ x: 0, y: 0, width: 3, height: 3, z: new Float64Array(9).fill(NaN) }, 9)).toEqual([]);
  });
});

describe('a search', () => {
  const size = { width: 64, height: 96 };
  const truth = smallMotion('rigid', [9, -12, 0.08], [32, 48]);
  const { a, b } = stripViews(size, truth, { sigma: 4 });
  const images = () => searchImages(a, b);

  it('finds where the strips fit, under the turn that is nearest', () => {
    const here = images();
    const turns = turnsWithin(here, 0.2);
    const found = searchOverlap(here, identityAffine, 24, turns, 3);
    expect(found.length).toBe(3);
    expect(distanceAt(here.middleB, found[0].aFromB, truth)).toBeLessThan(2.5);
    const angle = Math.atan2(found[0].aFromB.b, found[0].aFromB.a);
    expect(Math.abs(angle - 0.08)).toBeLessThanOrEqual((turns[2] - turns[0]) / 2 + 1e-9);
    expect(found[0].z).toBeGreaterThan(found[1].z);
    expect(found[1].z).toBeGreaterThanOrEqual(found[2].z);
    for (const [i, j] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ])
      expect(distanceAt(here.middleB, found[i].aFromB, found[j].aFromB)).toBeGreaterThan(onePlacePx);
    // Every place is one of the window's about where the turn keeps the middle.
    for (const { aFromB } of found)
      expect(distanceAt(here.middleB, aFromB, identityAffine)).toBeLessThanOrEqual(26 * Math.SQRT2);
    expect(searchOverlap(here, identityAffine, 24, turns, 1)).toEqual(found.slice(0, 1));
    expect(searchOverlap(here, identityAffine, 24, [], 3)).toEqual([]);
  });

  it('turns about where the motion puts the middle of b', () => {
    const here = images();
    const start = translation(9, -12);
    for (const turn of [0.08, -0.05]) {
      const [best] = searchOverlap(here, start, 4, [turn], 1);
      const moved = applyAffine(best.aFromB, ...here.middleB);
      // The middle goes by whole pixels of the reduced strips alone, whatever the turn.
      const middle = applyAffine(start, ...here.middleB);
      for (const step of [(moved.x - middle.x) * here.scale, (moved.y - middle.y) * here.scale])
        expect(step - Math.round(step)).toBeCloseTo(0, 9);
      expect(best.aFromB.a).toBeCloseTo(Math.cos(turn), 12);
      expect(best.aFromB.b).toBeCloseTo(Math.sin(turn), 12);
    }
  });

  it('reaches no further than it is told', () => {
    const here = images();
    const [near] = searchOverlap(here, translation(-12, -12), 6, [0.08], 4);
    if (near) expect(distanceAt(here.middleB, near.aFromB, truth)).toBeGreaterThan(10);
    const [best] = searchOverlap(here, translation(4, -8), 8, [0.08], 4);
    expect(distanceAt(here.middleB, best.aFromB, truth)).toBeLessThan(2.5);
    // Two px of the tiles are too small a window to tell a peak from its surroundings.
    expect(searchOverlap(here, truth, 2, [0], 4)).toEqual([]);
    expect(searchOverlap(here, translation(NaN, 0), 8, [0], 4)).toEqual([]);
  });

  it('weighs a motion against the other places of its window, in their own spread', () => {
    const here = images();
    for (const [aFromB, radius] of [
      [truth, 20],
      [composeAffine(translation(14, 2), truth), 24],
      [identityAffine, 30],
    ] as const satisfies readonly (readonly [Affine2, number])[]) {
      const motion = composeAffine(here.aFromTile, composeAffine(aFromB, invertAffine(here.bFromTile)));
      const surface = correlationSurface(here.a, here.b, motion, { x: 0, y: 0, radius: radius / 2 });
      if (surface === null) throw new Error('none');
      const known = [...surface.z].filter(Number.isFinite).sort((p, q) => p - q);
      const quantile = (share: number) => known[Math.floor(share * (known.length - 1))];
      const spread = Math.max(1, (quantile(0.9772) - quantile(0.0228)) / 4);
      const places = Array.from(surface.z, (z, k) => ({
        z: z / spread,
        px: Math.hypot(surface.x + (k % surface.width), surface.y + Math.floor(k / surface.width)),
      }));
      const best = (of: typeof places) => Math.max(...of.map(({ z }) => z));
      const { z, rival } = fitAt(here, aFromB, radius);
      expect(z).toBeCloseTo(best(places.filter(({ px }) => px < 1.5)), 9);
      expect(rival).toBeCloseTo(best(places.filter(({ px }) => px > 3.5)), 9);
    }
    const [right, wrong] = [fitAt(here, truth, 24), fitAt(here, composeAffine(translation(14, 2), truth), 24)];
    expect(right.z).toBeGreaterThan(right.rival + 3);
    expect(wrong.rival).toBeGreaterThan(wrong.z + 3);
    expect(fitAt(here, truth, 2)).toEqual({ z: -Infinity, rival: Infinity });
    expect(fitAt(here, translation(NaN, 0), 20)).toEqual({ z: -Infinity, rival: Infinity });
  });

  it('takes a surface of 25 places, and its unit from them where they scatter more than independent ones', () => {
    const here = images();
    // A window of 5 × 5 places.
    expect(Number.isFinite(fitAt(here, truth, 4).z)).toBe(true);
    const p = applyAffine(truth, 32, 48);
    expect([p.x, p.y]).toEqual([expect.closeTo(41, 9), expect.closeTo(36, 9)]);
  });
});
