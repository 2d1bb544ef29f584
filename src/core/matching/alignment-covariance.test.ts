import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, invertAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { spotTexture } from '../testing/analytic-texture.ts';
import { stripViews } from '../testing/strip-views.ts';
import { alignOverlap } from './align-overlap.ts';
import type { OverlapAlignment } from './align-overlap.ts';
import type { TransformModel } from './link.ts';
import { parameterCount, smallMotion } from './motion-model.ts';
import type { Strip } from './overlap-intensities.ts';

const size = { width: 64, height: 112 };
const texture = spotTexture(31, 6);
const truth = smallMotion('rigid', [6.4, -3.3, 0.02], [32, 56]);

/** The same strips elsewhere in their tiles, and the motion between the tiles. */
function moved({ a, b }: { a: Strip; b: Strip }, motion: Affine2) {
  const at = (strip: Strip, x: number, y: number): Strip => ({ ...strip, region: { ...strip.region, x, y } });
  return {
    a: at(a, 300, 20),
    b: at(b, 11, 170),
    aFromB: composeAffine(translation(300, 20), composeAffine(motion, translation(-11, -170))),
  };
}

function aligned(model: TransformModel, sigma: number, seed: number): OverlapAlignment {
  const { a, b } = stripViews(size, truth, { sigma, seed, texture });
  const found = alignOverlap(a, b, truth, model);
  if (found === null) throw new Error('not aligned');
  return found;
}

/** What an estimate is missing, in the parameters of its covariance. */
function missing({ aFromB, centre: [x, y] }: OverlapAlignment, model: TransformModel): number[] {
  const left = composeAffine(truth, invertAffine(aFromB));
  const p = applyAffine(left, x, y);
  const angle = Math.atan2(left.b - left.c, left.a + left.d);
  const scale = Math.log(Math.hypot(left.a + left.d, left.b - left.c) / 2);
  const shift = [p.x - x, p.y - y];
  if (model === 'affine') return [...shift, left.a - 1, left.c, left.b, left.d - 1];
  return [...shift, angle, scale].slice(0, parameterCount[model]);
}

describe('the covariance of an alignment', () => {
  it.each(['rigid', 'similarity', 'affine'] as const)(
    'is as large as the errors, parameter by parameter: %s',
    (model) => {
      const k = parameterCount[model];
      const runs = 14;
      const ratios = new Array<number>(k).fill(0);
      for (let seed = 1; seed <= runs; seed++) {
        const found = aligned(model, 25, seed);
        expect(found.covariance.length).toBe(k * k);
        missing(found, model).forEach((value, i) => (ratios[i] += value ** 2 / found.covariance[i * k + i] / runs));
        for (let i = 0; i < k; i++)
          for (let j = 0; j < i; j++) {
            const entry = found.covariance[i * k + j];
            expect(Math.abs(entry - found.covariance[j * k + i])).toBeLessThan(1e-12 + 1e-6 * Math.abs(entry));
            expect(entry ** 2).toBeLessThan(found.covariance[i * k + i] * found.covariance[j * k + j]);
          }
      }
      // χ² of 14 draws: 0.25 to 2.6 hold 99.8 %.
      for (const ratio of ratios) {
        expect(ratio).toBeGreaterThan(0.25);
        expect(ratio).toBeLessThan(2.6);
      }
    },
  );

  it('is smaller for a shift than what few pixels allow, and grows with the square of the noise', () => {
    const [quiet, loud] = [aligned('rigid', 6, 1), aligned('rigid', 24, 1)];
    const ratio = loud.covariance[0] / quiet.covariance[0];
    expect(ratio).toBeGreaterThan(8);
    expect(ratio).toBeLessThan(40);
    // A turn about the centre is known as well as a shift at the radius of gyration, √((w² + h²)/12) px.
    const gyration = (56 ** 2 + 104 ** 2) / 12;
    expect((quiet.covariance[8] * gyration) / ((quiet.covariance[0] + quiet.covariance[4]) / 2)).toBeGreaterThan(0.5);
    expect((quiet.covariance[8] * gyration) / ((quiet.covariance[0] + quiet.covariance[4]) / 2)).toBeLessThan(2);
  });

  it('is in px of the tiles at half resolution too', () => {
    const large = { width: 290, height: 290 };
    const { a, b } = stripViews(large, translation(2.4, 1.3), { sigma: 12, texture: spotTexture(31, 9) });
    const [full, half] = (['full', 'ample'] as const).map((resolution) =>
      alignOverlap(a, b, translation(2.4, 1.3), 'rigid', { resolution, startErrorPx: 1 }),
    );
    if (!full || !half) throw new Error('not aligned');
    for (const i of [0, 4, 8]) {
      expect(half.covariance[i] / full.covariance[i]).toBeGreaterThan(0.6);
      expect(half.covariance[i] / full.covariance[i]).toBeLessThan(2.5);
    }
    expect(Math.hypot(half.centre[0] - full.centre[0], half.centre[1] - full.centre[1])).toBeLessThan(1);
    expect(half.structureNcc).toBeGreaterThan(0.97);
    expect(full.structureNcc).toBeGreaterThan(0.97);
  });
});

describe('an alignment', () => {
  it('is counted from the middle of what both show, in px of tile a', () => {
    const strips = stripViews(size, translation(20, -10), { sigma: 4, texture });
    const { a, b, aFromB } = moved(strips, translation(20, -10));
    const found = alignOverlap(a, b, aFromB, 'rigid');
    if (found === null) throw new Error('not aligned');
    // a shows 300…363, 20…131; b covers 320…383, 10…121 of it.
    expect(Math.abs(found.centre[0] - (320 + 363) / 2)).toBeLessThan(0.6);
    expect(Math.abs(found.centre[1] - (20 + 121) / 2)).toBeLessThan(0.6);
    const [p, q] = [found.aFromB, aFromB].map((map) => applyAffine(map, 40, 220));
    expect(Math.hypot(p.x - q.x, p.y - q.y)).toBeLessThan(0.2);
  });

  it('keeps the class of its model', () => {
    const { a, b } = stripViews(size, truth, { sigma: 4, texture });
    const start = composeAffine({ a: 1.004, b: 0.003, c: -0.001, d: 0.997, e: 0.5, f: -0.4 }, truth);
    const found = (model: TransformModel) => alignOverlap(a, b, start, model)?.aFromB ?? translation(NaN, NaN);
    const rigid = found('rigid');
    expect([rigid.c + rigid.b, rigid.d - rigid.a, Math.hypot(rigid.a, rigid.b) - 1].map(Math.abs)).toEqual([
      expect.closeTo(0, 9),
      expect.closeTo(0, 9),
      expect.closeTo(0, 9),
    ]);
    const similar = found('similarity');
    expect([similar.c + similar.b, similar.d - similar.a]).toEqual([expect.closeTo(0, 9), expect.closeTo(0, 9)]);
    // A translation keeps the turn that it is given.
    const shift = found('translation');
    expect([shift.a, shift.b, shift.c, shift.d]).toEqual([
      expect.closeTo(start.a, 9),
      expect.closeTo(start.b, 9),
      expect.closeTo(start.c, 9),
      expect.closeTo(start.d, 9),
    ]);
  });

  it('tells structure from noise', () => {
    const correlation = (sigma: number) => {
      const { ncc, structureNcc, sparedNcc } = aligned('rigid', sigma, 3);
      return { ncc, structureNcc, sparedNcc };
    };
    const [quiet, loud, drowned] = [correlation(3), correlation(25), correlation(130)];
    expect(quiet.ncc).toBeGreaterThan(0.99);
    expect(loud.ncc).toBeLessThan(0.95);
    expect(loud.structureNcc).toBeGreaterThan(0.95);
    expect(quiet.sparedNcc).toBeGreaterThan(0.98);
    // Within cells noise of that strength hides everything.
    expect(drowned.sparedNcc).toBeNull();
  });

  it('is found under patches of charge, which the structure of the whole shows and that of most cells does not', () => {
    const { a, b } = stripViews(size, truth, { sigma: 3, texture });
    const data = b.raster.data.slice() as Float32Array;
    for (let j = 0; j < size.height; j++)
      for (let i = 0; i < size.width; i++)
        data[j * size.width + i] += 150 * Math.exp(-((i - 20) ** 2 + (j - 40) ** 2) / 80);
    const found = alignOverlap(a, { ...b, raster: { ...b.raster, data } }, truth, 'rigid');
    if (found === null) throw new Error('not aligned');
    expect(found.structureNcc).toBeLessThan(0.93);
    expect(found.sparedNcc ?? 0).toBeGreaterThan(found.structureNcc + 0.03);
    const errors = [0, 63].flatMap((x) =>
      [0, 111].map((y) => {
        const [p, q] = [applyAffine(found.aFromB, x, y), applyAffine(truth, x, y)];
        return Math.hypot(p.x - q.x, p.y - q.y);
      }),
    );
    expect(Math.max(...errors)).toBeLessThan(0.5);
  });

  it('comes from as far as it is told, and refuses what leads elsewhere', () => {
    const { a, b } = stripViews({ width: 112, height: 112 }, truth, { sigma: 3, texture: spotTexture(31, 14) });
    const off = composeAffine(translation(2.6, -2.2), truth);
    const far = alignOverlap(a, b, off, 'rigid', { startErrorPx: 5 });
    const p = applyAffine(far?.aFromB ?? translation(NaN, 0), 50, 50);
    const q = applyAffine(truth, 50, 50);
    expect(Math.hypot(p.x - q.x, p.y - q.y)).toBeLessThan(0.1);
    // Four start errors of a px are less than the way from there.
    expect(alignOverlap(a, b, composeAffine(translation(5, -4), truth), 'rigid', { startErrorPx: 1 })).toBeNull();
    expect(alignOverlap(a, b, { ...truth, a: 0.3, d: 0.3 }, 'affine')).toBeNull();
    expect(alignOverlap(a, b, translation(NaN, 0), 'affine')).toBeNull();
  });
});
