import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, translation, type Affine2 } from '../geometry/affine2.ts';
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
});
