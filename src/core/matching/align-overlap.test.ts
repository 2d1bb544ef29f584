import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, identityAffine, translation, type Affine2 } from '../geometry/affine2.ts';
import { sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { stripViews } from '../testing/strip-views.ts';
import type { StripViewOptions } from '../testing/strip-views.ts';
import { alignOverlap } from './align-overlap.ts';
import { smallMotion } from './motion-model.ts';
import type { Strip } from './overlap-intensities.ts';
import { seededRandom } from '../random.ts';

const size = { width: 72, height: 256 };

const strips = (aFromB: Affine2, options: StripViewOptions = {}) => stripViews(size, aFromB, options);

/** A motion about the middle of the strips: shift and turn. */
function motion(dx: number, dy: number, turnRad: number): Affine2 {
  return smallMotion('rigid', [dx, dy, turnRad], [36, 128]);
}

/** Largest error over the corners of the strips, px. */
function worstError(found: Affine2, truth: Affine2): number {
  const corners = [
    [0, 0],
    [size.width - 1, 0],
    [0, size.height - 1],
    [size.width - 1, size.height - 1],
  ].map(([u, v]) => {
    const p = applyAffine(found, u, v);
    const q = applyAffine(truth, u, v);
    return Math.hypot(p.x - q.x, p.y - q.y);
  });
  return Math.max(...corners);
}

describe('alignOverlap', () => {
  it('places large overlaps to a hundredth of a pixel at half resolution, whatever the fraction of the shift', () => {
    const [width, height] = [240, 340];
    const fine = spotTexture(23, 5);
    const random = seededRandom(3);
    const strip = (textureFromTile: Affine2): Strip => {
      const raster = sampleTexture(fine, width, height, textureFromTile);
      return {
        raster: { ...raster, data: raster.data.map((value) => 120 * value) },
        region: { x: 0, y: 0, width, height },
      };
    };
    const origin = translation(400, 300);
    const errors = Array.from({ length: 4 }, () => {
      const truth = translation(4 * random() - 2, 4 * random() - 2);
      const start = composeAffine(translation(0.7, -0.6), truth);
      const b = strip(composeAffine(origin, truth));
      const found = alignOverlap(strip(origin), b, start, 'rigid', { resolution: 'ample' });
      if (found === null) return Infinity;
      const [p, q] = [found.aFromB, truth].map((map) => applyAffine(map, width / 2, height / 2));
      return Math.hypot(p.x - q.x, p.y - q.y);
    });
    // 0.038 px with Catmull–Rom samples.
    expect(Math.max(...errors)).toBeLessThan(0.012);
  });

  it('finds sub-pixel shifts and rotations of noise-free strips to 0.01 px, whatever the gain and offset', () => {
    for (const [dx, dy, turn] of [
      [0.25, -0.4, 0],
      [12.5, 3.37, 0.01],
      [-20.73, 0.11, -0.03],
    ]) {
      const truth = motion(dx, dy, turn);
      const { a, b } = strips(truth, { gain: 0.6, offset: 40 });
      for (const model of ['rigid', 'similarity', 'affine'] as const) {
        const start = composeAffine(translation(0.9, -0.8), truth);
        const found = alignOverlap(a, b, start, model);
        expect(found).not.toBeNull();
        if (found) expect(worstError(found.aFromB, truth)).toBeLessThan(0.01);
      }
    }
  });

  it('finds nothing in strips that show different places, and never leads far away', () => {
    const { a } = strips(translation(20, 0));
    const other = strips(translation(900, 700)).b;
    const found = alignOverlap(a, other, translation(20, 0), 'rigid');
    if (found) {
      expect(found.ncc).toBeLessThan(0.5);
      expect(worstError(found.aFromB, translation(20, 0))).toBeLessThan(12.1);
    }
    expect(alignOverlap(a, other, translation(500, 0), 'rigid')).toBeNull();
  });

  it('leads no further than four start errors, and four px where the start is better than one', () => {
    const views = stripViews({ width: 72, height: 128 }, translation(3, 2));
    const from = (offPx: number, startErrorPx: number | undefined) =>
      alignOverlap(views.a, views.b, translation(3 + offPx, 2), 'rigid', {
        blurPx: 6,
        ...(startErrorPx === undefined ? {} : { startErrorPx }),
      });
    for (const [found, startErrorPx, offPx] of [
      [true, 3, 11.9],
      [false, 3, 12.1],
      // 3 px are what is assumed.
      [true, undefined, 11.9],
      [false, undefined, 12.1],
      [true, 0.5, 3.9],
      [false, 0.5, 4.1],
      [true, 1.5, 5.9],
      [false, 1.5, 6.1],
    ] as const) {
      const alignment = from(offPx, startErrorPx);
      expect([startErrorPx, offPx, alignment !== null]).toEqual([startErrorPx, offPx, found]);
      if (alignment) expect(Math.hypot(alignment.aFromB.e - 3, alignment.aFromB.f - 2)).toBeLessThan(0.03);
    }
  });

  it('leads no corner further, when the middle stays', () => {
    // Corners turn by 74 px · angle.
    const views = stripViews({ width: 72, height: 128 }, identityAffine);
    const turned = (angleRad: number) => smallMotion('rigid', [0, 0, angleRad], [35.5, 63.5]);
    const from = (angleRad: number) =>
      alignOverlap(views.a, views.b, turned(angleRad), 'rigid', { blurPx: 6, startErrorPx: 1.5 });
    expect(from(0.075)).not.toBeNull();
    expect(from(0.09)).toBeNull();
  });

  it('takes few steps', () => {
    const truth = motion(3.3, -2.4, 0.01);
    const start = composeAffine(translation(0.9, -0.8), truth);
    for (const [sigma, startErrorPx, most] of [
      [0, 1, 6],
      [0, 3, 6],
      [20, 1, 9],
      [20, 3, 7],
    ]) {
      const { a, b } = strips(truth, { sigma });
      const found = alignOverlap(a, b, start, 'rigid', { startErrorPx });
      expect(found?.iterations).toBeGreaterThan(2);
      expect(found?.iterations).toBeLessThanOrEqual(most);
    }
  });

  it('loses nothing of a narrow overlap, however wrong the start may be', () => {
    const truth = motion(3.3, -2.4, 0.01);
    const { a, b } = stripViews({ width: 30, height: 128 }, truth);
    const found = alignOverlap(a, b, composeAffine(translation(0.5, 0.4), truth), 'rigid', { startErrorPx: 20 });
    expect(found && worstError(found.aFromB, truth)).toBeLessThan(0.05);
  });

  it('aligns images that shrink areas to a quarter at most', () => {
    const scaled = (scale: number) => ({ a: scale, b: 0, c: 0, d: scale, e: 14, f: 50 });
    const found = (scale: number) => {
      const truth = scaled(scale);
      const { a, b } = stripViews({ width: 90, height: 128 }, truth, { texture: spotTexture(11, 20) });
      return alignOverlap(a, b, truth, 'affine', { startErrorPx: 1 });
    };
    expect(found(0.55)).not.toBeNull();
    expect(found(0.45)).toBeNull();
  });
});
