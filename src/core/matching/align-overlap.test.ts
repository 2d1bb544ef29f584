import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, invertAffine, translation, type Affine2 } from '../geometry/affine2.ts';
import { addNoise, sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { alignOverlap } from './align-overlap.ts';
import type { TransformModel } from './link.ts';
import { smallMotion } from './motion-model.ts';
import type { Strip } from './overlap-intensities.ts';
import { seededRandom } from './random.ts';

const size = { width: 72, height: 256 };
const texture = spotTexture(11);

/** Strips of two tiles whose texture is seen through aFromB; grey levels of about 0…255. */
function strips(aFromB: Affine2, sigma = 0, seed = 1, tone = { gain: 1, offset: 0 }): { a: Strip; b: Strip } {
  const grey = (textureFromTile: Affine2, noiseSeed: number): Strip => {
    const raster = sampleTexture(texture, size.width, size.height, textureFromTile);
    const scaled = { ...raster, data: raster.data.map((value) => 60 + 120 * value) };
    return { raster: addNoise(scaled, sigma, noiseSeed), region: { x: 0, y: 0, ...size } };
  };
  const origin = translation(400, 300);
  const b = grey(composeAffine(origin, aFromB), 2 * seed + 1);
  b.raster.data.forEach((value, i, data) => (data[i] = tone.gain * value + tone.offset));
  return { a: grey(origin, 2 * seed), b };
}

/** A motion about the middle of the strips: shift and turn. */
function motion(dx: number, dy: number, turnRad: number): Affine2 {
  return smallMotion('rigid', [dx, dy, turnRad], [36, 128]);
}

/** Signed errors over the corners of the strips, px. */
function errorsOf(found: Affine2, truth: Affine2): { readonly worst: number; readonly x: number; readonly y: number } {
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
    worst: Math.max(...corners.map(([x, y]) => Math.hypot(x, y))),
    x: corners.reduce((sum, [x]) => sum + x / 4, 0),
    y: corners.reduce((sum, [, y]) => sum + y / 4, 0),
  };
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
      const { a, b } = strips(truth, 0, 1, { gain: 0.6, offset: 40 });
      for (const model of ['rigid', 'similarity', 'affine'] as const) {
        const start = composeAffine(translation(0.9, -0.8), truth);
        const found = alignOverlap(a, b, start, model);
        expect(found).not.toBeNull();
        if (found) expect(errorsOf(found.aFromB, truth).worst).toBeLessThan(0.01);
      }
    }
  });

  it('is unbiased and within 1.3 times the Cramér–Rao bound at noise of 30 grey levels', () => {
    const draws = seededRandom(5);
    const [ex, ey]: [number[], number[]] = [[], []];
    let boundX = 0;
    const runs = 60;
    for (let n = 0; n < runs; n++) {
      const truth = translation(20 + draws() - 0.5, draws() - 0.5);
      const { a, b } = strips(truth, 30, n + 1);
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
        const { a, b } = strips(truth, 30, 100 + n);
        const found = alignOverlap(a, b, truth, model);
        if (!found) throw new Error('no alignment');
        squares += normalisedSquare(found, truth, model) / runs;
      }
      expect(squares).toBeGreaterThan(0.6);
      expect(squares).toBeLessThan(1.6);
    }
  });

  it('finds nothing in strips that show different places, and never leads far away', () => {
    const { a } = strips(translation(20, 0));
    const other = strips(translation(900, 700)).b;
    const found = alignOverlap(a, other, translation(20, 0), 'rigid');
    if (found) {
      expect(found.ncc).toBeLessThan(0.5);
      expect(errorsOf(found.aFromB, translation(20, 0)).worst).toBeLessThan(12.1);
    }
    expect(alignOverlap(a, other, translation(500, 0), 'rigid')).toBeNull();
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
