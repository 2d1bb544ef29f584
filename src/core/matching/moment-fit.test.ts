import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { linkMoments } from './link-moments.ts';
import type { TransformModel } from './link.ts';
import type { Correspondences } from './matcher.ts';
import { affineToArray, applyAffine, determinant, rotationOf } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { fitModel, residualRms } from './moment-fit.ts';

const shift = fc.integer({ min: -500_000, max: 500_000 }).map((n) => n / 1000);
const angle = fc.integer({ min: -3141, max: 3141 }).map((n) => n / 1000);
const scale = fc.integer({ min: 500, max: 2000 }).map((n) => n / 1000);
const shear = fc.integer({ min: -300, max: 300 }).map((n) => n / 1000);

function rotation(theta: number, s: number, e: number, f: number): Affine2 {
  return { a: s * Math.cos(theta), b: s * Math.sin(theta), c: -s * Math.sin(theta), d: s * Math.cos(theta), e, f };
}

/** Nine points of b and their images; exact in single precision within 1e-4 px. */
function pointsUnder(aFromB: Affine2): Correspondences {
  const b = new Float32Array(18);
  const a = new Float32Array(18);
  for (let i = 0; i < 9; i++) {
    b[2 * i] = 37 * (i % 3) + 5 * i;
    b[2 * i + 1] = 211 * Math.floor(i / 3) - 3 * i;
    const p = applyAffine(aFromB, b[2 * i], b[2 * i + 1]);
    a[2 * i] = p.x;
    a[2 * i + 1] = p.y;
  }
  return { a, b, confidence: new Float32Array(9).fill(1) };
}

function expectRecovered(model: TransformModel, truth: Affine2): void {
  const moments = linkMoments(pointsUnder(truth), null);
  const fit = fitModel(model, moments);
  if (fit === null) throw new Error('no fit');
  affineToArray(fit).forEach((value, i) => {
    // Single-precision points of up to 1500 px are known to 6e-5 px.
    expect(Math.abs(value - affineToArray(truth)[i])).toBeLessThan(i < 4 ? 3e-6 : 1e-3);
  });
  expect(residualRms(moments, fit)).toBeLessThan(2e-4);
}

describe('fitModel', () => {
  it('recovers a translation', () => {
    fc.assert(fc.property(shift, shift, (x, y) => expectRecovered('translation', rotation(0, 1, x, y))));
  });
  it('recovers a rigid motion', () => {
    fc.assert(fc.property(angle, shift, shift, (t, x, y) => expectRecovered('rigid', rotation(t, 1, x, y))));
  });
  it('recovers a similarity', () => {
    fc.assert(
      fc.property(angle, scale, shift, shift, (t, s, x, y) => expectRecovered('similarity', rotation(t, s, x, y))),
    );
  });
  it('recovers an affine map', () => {
    fc.assert(
      fc.property(scale, shear, shear, scale, shift, shift, (a, b, c, d, e, f) =>
        expectRecovered('affine', { a, b, c, d, e, f }),
      ),
    );
  });

  it('minimises the residual: no small change of the answer is better', () => {
    const points = pointsUnder({ a: 1.03, b: 0.02, c: -0.04, d: 0.98, e: 12, f: -7 });
    const moments = linkMoments(points, null);
    const fit = fitModel('rigid', moments);
    if (fit === null) throw new Error('no fit');
    const best = residualRms(moments, fit);
    expect(best).toBeGreaterThan(1);
    for (const [dt, dx, dy] of [
      [1e-3, 0, 0],
      [-1e-3, 0, 0],
      [0, 0.1, 0],
      [0, -0.1, 0],
      [0, 0, 0.1],
      [0, 0, -0.1],
    ]) {
      const moved = rotation(rotationOf(fit) + dt, 1, fit.e + dx, fit.f + dy);
      expect(residualRms(moments, moved)).toBeGreaterThan(best);
    }
  });

  it('never answers a rigid fit with a reflection', () => {
    const mirrored = pointsUnder({ a: -1, b: 0, c: 0, d: 1, e: 0, f: 0 });
    const fit = fitModel('rigid', linkMoments(mirrored, null));
    if (fit !== null) expect(determinant(fit)).toBeCloseTo(1, 9);
  });

  it('answers null when the points do not determine the model', () => {
    const one: Correspondences = { a: Float32Array.of(3, 4), b: Float32Array.of(1, 1), confidence: Float32Array.of(1) };
    expect(fitModel('translation', linkMoments(one, null))).toMatchObject({ a: 1, e: 2, f: 3 });
    expect(fitModel('rigid', linkMoments(one, null))).toBeNull();
    expect(fitModel('affine', linkMoments(one, null))).toBeNull();
    expect(fitModel('translation', linkMoments(one, Uint8Array.of(0)))).toBeNull();
    const line: Correspondences = {
      a: Float32Array.of(0, 0, 10, 10, 30, 30),
      b: Float32Array.of(1, 1, 11, 11, 31, 31),
      confidence: Float32Array.of(1, 1, 1),
    };
    expect(fitModel('affine', linkMoments(line, null))).toBeNull();
    expect(fitModel('rigid', linkMoments(line, null))).not.toBeNull();
    const notFinite: Correspondences = { ...one, a: Float32Array.of(NaN, 4) };
    expect(fitModel('translation', linkMoments(notFinite, null))).toBeNull();
  });
});
