import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, invertAffine, translation, type Affine2 } from '../geometry/affine2.ts';
import { stripViews } from '../testing/strip-views.ts';
import type { StripViewOptions } from '../testing/strip-views.ts';
import { alignOverlap } from './align-overlap.ts';
import type { TransformModel } from './link.ts';
import { smallMotion } from './motion-model.ts';
import { seededRandom } from '../random.ts';

const size = { width: 72, height: 256 };

const strips = (aFromB: Affine2, options: StripViewOptions = {}) => stripViews(size, aFromB, options);

/** A motion about the middle of the strips: shift and turn. */
function motion(dx: number, dy: number, turnRad: number): Affine2 {
  return smallMotion('rigid', [dx, dy, turnRad], [36, 128]);
}

/** Mean signed errors over the corners of the strips, px. */
function errorsOf(found: Affine2, truth: Affine2): { readonly x: number; readonly y: number } {
  const corners = [
    [0, 0],
    [size.width - 1, 0],
    [0, size.height - 1],
    [size.width - 1, size.height - 1],
  ].map(([u, v]) => {
    const p = applyAffine(found, u, v);
    const q = applyAffine(truth, u, v);
    return [p.x - q.x, p.y - q.y];
  });
  return {
    x: corners.reduce((sum, [x]) => sum + x / 4, 0),
    y: corners.reduce((sum, [, y]) => sum + y / 4, 0),
  };
}

describe('alignOverlap in noise', () => {
  it('is unbiased and within 1.3 times the Cramér–Rao bound at noise of 30 grey levels', () => {
    const draws = seededRandom(5);
    const [ex, ey]: [number[], number[]] = [[], []];
    let boundX = 0;
    const runs = 60;
    for (let n = 0; n < runs; n++) {
      const truth = translation(20 + draws() - 0.5, draws() - 0.5);
      const { a, b } = strips(truth, { sigma: 30, seed: n + 1 });
      const found = alignOverlap(a, b, truth, 'translation');
      if (!found) throw new Error('no alignment');
      const { x, y } = errorsOf(found.aFromB, truth);
      ex.push(x);
      ey.push(y);
      boundX += cramerRao(truth, 30) / runs;
    }
    for (const errors of [ex, ey]) {
      const mean = errors.reduce((sum, e) => sum + e / runs, 0);
      const sigma = Math.sqrt(errors.reduce((sum, e) => sum + (e - mean) ** 2 / (runs - 1), 0));
      expect(Math.abs(mean)).toBeLessThan((3 * sigma) / Math.sqrt(runs));
      expect(sigma).toBeLessThan(1.3 * boundX);
    }
  });

  it('states a covariance that the errors bear out', () => {
    const truth = motion(18.3, 0.6, 0.02);
    for (const model of ['translation', 'rigid', 'affine'] as const) {
      let squares = 0;
      const runs = 40;
      for (let n = 0; n < runs; n++) {
        const { a, b } = strips(truth, { sigma: 30, seed: 100 + n });
        const found = alignOverlap(a, b, truth, model);
        if (!found) throw new Error('no alignment');
        squares += normalisedSquare(found, truth, model) / runs;
      }
      expect(squares).toBeGreaterThan(0.6);
      expect(squares).toBeLessThan(1.6);
    }
  });
});

/** Standard deviation of a shift along x that white noise of `sigma` in both strips allows, px; y is alike. */
function cramerRao(aFromB: Affine2, sigma: number): number {
  const { a } = strips(aFromB);
  const { data, width, height } = a.raster;
  let energy = 0;
  for (let y = 1; y + 1 < height; y++)
    for (let x = Math.ceil(aFromB.e); x + 1 < width; x++)
      energy += ((data[y * width + x + 1] - data[y * width + x - 1]) / 2) ** 2;
  return Math.sqrt((2 * sigma * sigma) / energy);
}

/** dᵀ C⁻¹ d / k of what the estimate is missing, in the parameters of the covariance. */
function normalisedSquare(
  found: NonNullable<ReturnType<typeof alignOverlap>>,
  truth: Affine2,
  model: TransformModel,
): number {
  const left = composeAffine(truth, invertAffine(found.aFromB));
  const [x, y] = found.centre;
  const moved = applyAffine(left, x, y);
  const angle = Math.atan2(left.b - left.c, left.a + left.d);
  const linear = model === 'rigid' ? [angle] : model === 'affine' ? [left.a - 1, left.c, left.b, left.d - 1] : [];
  const d = [moved.x - x, moved.y - y, ...linear];
  const k = d.length;
  const rows = Array.from({ length: k }, (_, i) => [...found.covariance.slice(i * k, (i + 1) * k), d[i]]);
  for (let i = 0; i < k; i++)
    for (let j = 0; j < k; j++) {
      if (j === i) continue;
      const factor = rows[j][i] / rows[i][i];
      for (let c = i; c <= k; c++) rows[j][c] -= factor * rows[i][c];
    }
  return rows.reduce((sum, row, i) => sum + (d[i] * row[k]) / row[i], 0) / k;
}
