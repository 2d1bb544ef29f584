import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, identityAffine, invertAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { fitModel } from './moment-fit.ts';
import { stripViews } from '../testing/strip-views.ts';
import { spotTexture } from '../testing/analytic-texture.ts';
import { tileId } from '../tiles/tile.ts';
import { alignOverlap } from './align-overlap.ts';
import { cropToOverlap } from './alignment-level.ts';
import { linkMoments, squaredResidual } from './link-moments.ts';
import type { Link, TransformModel } from './link.ts';
import { parameterCount, smallMotion } from './motion-model.ts';
import { motionOf, sharpenLink, sharpMotion, shiftNear } from './sharpen-link.ts';

const size = { width: 72, height: 128 };
const truth = smallMotion('rigid', [8.3, -3.6, 0.015], [36, 64]);
const texture = spotTexture(31, 6);
const strips = (sigma = 5, seed = 1) => stripViews(size, truth, { sigma, seed, texture });
const start = composeAffine(translation(0.7, -0.5), truth);

function worst(found: Affine2, expected: Affine2 = truth): number {
  const corners = [0, 71].flatMap((x) => [0, 127].map((y) => [x, y]));
  return Math.max(
    ...corners.map(([x, y]) => {
      const [p, q] = [applyAffine(found, x, y), applyAffine(expected, x, y)];
      return Math.hypot(p.x - q.x, p.y - q.y);
    }),
  );
}

/** A link of matches a px off the truth here and there, of which every seventh is none. */
function linkOf(model: TransformModel): Link {
  const n = 42;
  const [a, b] = [new Float32Array(2 * n), new Float32Array(2 * n)];
  for (let k = 0; k < n; k++) {
    const [x, y] = [6 + 9 * (k % 6), 10 + 16 * Math.floor(k / 6)];
    const p = applyAffine(truth, x, y);
    const off = k % 7 === 6 ? 15 : 0.6;
    a.set([p.x + off * Math.cos(k), p.y + off * Math.sin(k)], 2 * k);
    b.set([x, y], 2 * k);
  }
  const correspondences = { a, b, confidence: new Float32Array(n).fill(0.5) };
  const inlierMask = Uint8Array.from({ length: n }, (_, k) => (k % 7 === 6 ? 0 : 1));
  const [idA, idB] = [tileId('a'), tileId('b')];
  return {
    kind: 'link',
    pair: { a: idA, b: idB, aFromB: { x: 8, y: -4, thetaRad: 0 }, sigmaPx: 3, expectedOverlap: null },
    correspondences,
    matchMs: 4,
    model,
    aFromB: start,
    inlierMask,
    inliers: 36,
    confidence: 0.5,
    rmsPx: 9,
    moments: linkMoments(correspondences, inlierMask),
    intensities: null,
  };
}

describe('the sharp motion of an overlap', () => {
  it.each(['rigid', 'similarity', 'affine'] as const)(
    'is that of the whole, handed on by places all over it: %s',
    (model) => {
      const { a, b } = strips();
      const sharp = sharpMotion(a, b, start, model, null, 3);
      const whole = alignOverlap(a, b, start, model, { startErrorPx: 3, resolution: 'ample' });
      if (sharp === null || whole === null) throw new Error('none');
      expect(sharp.model).toBe(model);
      expect(sharp.aFromB).toEqual(whole.aFromB);
      expect(worst(sharp.aFromB)).toBeLessThan(0.35);
      // Three by eight places, the longer side of the overlap by eight, evenly about its middle.
      const region = cropToOverlap(a, b, whole.aFromB, 0)?.a.region ?? { x: 0, y: 0, width: 0, height: 0 };
      const { moments } = sharp;
      expect(moments.weight).toBe(24);
      expect(moments.meanA[0]).toBeCloseTo(region.x + (region.width - 1) / 2, 4);
      expect(moments.meanA[1]).toBeCloseTo(region.y + (region.height - 1) / 2, 4);
      const spreadOf = (length: number, count: number) => (length / count) ** 2 * ((count ** 2 - 1) / 12);
      // What the solver makes of them, s²/Σw with s² = Σw|r|²/(2Σw − k): 1.3 times what the alignment says of a shift.
      const scatter = squaredResidual(moments, identityAffine, whole.aFromB) / (2 * 24 - parameterCount[model]);
      const k = parameterCount[model];
      const variance = (whole.covariance[0] + whole.covariance[k + 1]) / 2;
      expect(scatter / 24 / variance).toBeCloseTo(1.3, 2);
      const exact = 24 * (spreadOf(region.width, 3) + spreadOf(region.height, 8));
      const cost = 1.3 * variance * 24 * (48 - k);
      expect((moments.aa[0] + moments.aa[2]) / (exact + cost)).toBeCloseTo(1, 5);
      expect(moments.aa[0] / (24 * spreadOf(region.width, 3) + cost / 2)).toBeCloseTo(1, 5);
      // Of its own moments the fit is the motion again.
      expect(worst(fitModel(model, moments) ?? identityAffine, whole.aFromB)).toBeLessThan(0.02);
    },
  );

  it('lies by eight along a wide overlap', () => {
    const wide = stripViews({ width: 128, height: 72 }, translation(3.2, 1.1), { texture, sigma: 5 });
    const sharp = sharpMotion(wide.a, wide.b, translation(3, 1), 'rigid', null, 3);
    if (sharp === null) throw new Error('none');
    const { aa } = sharp.moments;
    expect(aa[0]).toBeGreaterThan(2 * aa[2]);
    expect(aa[0] / (24 * (125 / 8) ** 2 * (63 / 12))).toBeCloseTo(1, 1);
    expect(aa[2] / (24 * (71 / 3) ** 2 * (8 / 12))).toBeCloseTo(1, 1);
  });

  it('of a translation is the fit of the patches, their weights in proportion to what they know', () => {
    const straight = stripViews(size, translation(8.3, -3.6), { texture, sigma: 5 });
    const sharp = sharpMotion(straight.a, straight.b, translation(8.9, -3.1), 'translation', null, 3);
    if (sharp === null) throw new Error('none');
    expect(sharp.model).toBe('translation');
    expect([sharp.aFromB.a, sharp.aFromB.b]).toEqual([1, 0]);
    expect(Math.hypot(sharp.aFromB.e - 8.3, sharp.aFromB.f + 3.6)).toBeLessThan(0.1);
    const n = sharp.patches.precision.length;
    expect(n).toBeGreaterThanOrEqual(12);
    expect(sharp.moments.weight).toBeGreaterThan(0.1 * n * 0.5);
    expect(sharp.moments.weight).toBeLessThanOrEqual(2 * n);
    // The variance that a solver reads off them is that of a fit of so many patches, within a factor of a few.
    const { moments } = sharp;
    const scatter = squaredResidual(moments, identityAffine, sharp.aFromB) / (2 * moments.weight - 2);
    const information = [...sharp.patches.precision].reduce((sum, value) => sum + value, 0);
    const ratio = (scatter / moments.weight) * information;
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(8);
  });

  it('of a bent overlap is fitted to its patches', () => {
    // b is sheared by what no rigid motion has: the patches show it, the whole does not.
    const bentTruth: Affine2 = { ...truth, c: truth.c + 0.05 };
    const bent = stripViews(size, bentTruth, { texture, sigma: 3 });
    const sharp = sharpMotion(bent.a, bent.b, truth, 'affine', null, 3);
    expect(worst(sharp?.aFromB ?? identityAffine, bentTruth)).toBeLessThan(0.4);
    const stiff = sharpMotion(bent.a, bent.b, truth, 'rigid', null, 3);
    if (stiff === null) throw new Error('none');
    expect(stiff.patches.isBent).toBe(true);
    expect(stiff.patches.precision.length).toBeGreaterThanOrEqual(12);
    // Their places are the patches' own, not the stiff motion's.
    const off = Array.from(stiff.patches.precision, (_, k) => {
      const p = applyAffine(bentTruth, stiff.patches.b[2 * k], stiff.patches.b[2 * k + 1]);
      return Math.hypot(p.x - stiff.patches.a[2 * k], p.y - stiff.patches.a[2 * k + 1]);
    });
    expect(off.reduce((sum, value) => sum + value, 0) / off.length).toBeLessThan(0.15);
    // The scatter of the moments is what the stiff motion leaves of the shear.
    const rms = Math.sqrt(squaredResidual(stiff.moments, identityAffine, stiff.aFromB) / stiff.moments.weight);
    expect(rms).toBeGreaterThan(0.3);
    expect(rms).toBeLessThan(3);
  });

  it('starts from a bend where one is told and the images bear it out', () => {
    const bentTruth: Affine2 = { ...truth, c: truth.c + 0.05 };
    const bent = stripViews(size, bentTruth, { texture, sigma: 3 });
    const told = sharpMotion(bent.a, bent.b, truth, 'rigid', (_x, y) => [0.05 * y, 0], 3);
    expect(told?.patches.isBent).toBe(true);
    const { a, b } = strips();
    // Told of a bend where there is none: the straight one fits better.
    const misled = sharpMotion(a, b, truth, 'affine', (x) => [0, (x - 36) / 18], 3);
    expect(worst(misled?.aFromB ?? identityAffine)).toBeLessThan(0.35);
    expect(misled?.moments.weight).toBe(24);
  });

  it('is none where the overlap cannot be aligned', () => {
    const { a, b } = strips();
    expect(sharpMotion(a, b, translation(300, 0), 'rigid', null, 3)).toBeNull();
    expect(sharpMotion(a, b, translation(300, 0), 'translation', null, 3)).toBeNull();
    const thin = stripViews({ width: 30, height: 30 }, translation(1, 0), { texture });
    // Fewer than twelve patches: no translation, but the whole still has its motion.
    expect(sharpMotion(thin.a, thin.b, translation(1, 0), 'translation', null, 3)).toBeNull();
    const whole = sharpMotion(thin.a, thin.b, translation(1, 0), 'rigid', null, 3);
    expect(whole?.moments.weight).toBe(24);
    // Its places lie where the motion puts them, each as sure as the whole allows.
    if (whole === null) return;
    const { patches } = whole;
    const bFromA = invertAffine(whole.aFromB);
    for (let k = 0; k < 24; k++) {
      const q = applyAffine(bFromA, patches.a[2 * k], patches.a[2 * k + 1]);
      expect([patches.b[2 * k], patches.b[2 * k + 1]]).toEqual([expect.closeTo(q.x, 4), expect.closeTo(q.y, 4)]);
    }
    expect(patches.isBent).toBe(false);
    expect([...patches.shift].every((value) => value === 0)).toBe(true);
    const alignment = alignOverlap(thin.a, thin.b, translation(1, 0), 'rigid', { resolution: 'ample' });
    const variance = ((alignment?.covariance[0] ?? NaN) + (alignment?.covariance[4] ?? NaN)) / 2;
    expect(patches.precision[0] * 24 * variance).toBeCloseTo(1, 5);
    expect(patches.correlation[5]).toBeCloseTo(alignment?.ncc ?? NaN, 5);
    expect(patches.ncc).toBe(alignment?.ncc);
    expect(patches.structureNcc).toBe(alignment?.structureNcc);
  });
});

describe('a sharpened link', () => {
  it.each(['rigid', 'affine'] as const)(
    'has the motion of the overlap, its inliers where that puts them: %s',
    (model) => {
      const { a, b } = strips();
      const link = linkOf(model);
      const { link: sharp, structureNcc, sparedNcc } = sharpenLink(link, a, b, 3);
      expect(worst(sharp.aFromB)).toBeLessThan(0.35);
      expect(structureNcc).toBeGreaterThan(0.95);
      expect(sparedNcc).toBeGreaterThan(0.95);
      expect(sharp.correspondences.a).toEqual(link.correspondences.a);
      expect(sharp).toMatchObject({ model, matchMs: 4, inliers: 36, confidence: 0.5, pair: link.pair });
      const { a: p, b: q } = sharp.correspondences;
      link.inlierMask.forEach((inlier, k) => {
        const place = applyAffine(truth, q[2 * k], q[2 * k + 1]);
        const error = Math.hypot(place.x - p[2 * k], place.y - p[2 * k + 1]);
        if (inlier === 1) expect(error).toBeLessThan(0.35);
        else
          expect([q[2 * k], q[2 * k + 1]]).toEqual([link.correspondences.b[2 * k], link.correspondences.b[2 * k + 1]]);
      });
      expect(sharp.rmsPx).toBeLessThan(0.3);
    },
  );

  it('is the link as it was where the overlap cannot be aligned', () => {
    const { a, b } = strips();
    const link = { ...linkOf('rigid'), aFromB: translation(300, 0) };
    expect(sharpenLink(link, a, b, 3)).toEqual({ link, structureNcc: null, sparedNcc: null });
  });

  it('says how far its inliers lie from the motion', () => {
    const { correspondences, inlierMask } = linkOf('rigid');
    const { a, b } = strips();
    const sharp = sharpMotion(a, b, start, 'rigid', null, 3);
    if (sharp === null) throw new Error('none');
    const found = motionOf(sharp, correspondences, inlierMask);
    const squares = [...inlierMask].flatMap((inlier, k) => {
      const p = applyAffine(sharp.aFromB, correspondences.b[2 * k], correspondences.b[2 * k + 1]);
      const square = (p.x - correspondences.a[2 * k]) ** 2 + (p.y - correspondences.a[2 * k + 1]) ** 2;
      return inlier === 1 ? [square] : [];
    });
    expect(squares.length).toBe(36);
    expect(found.rmsPx).toBeCloseTo(Math.sqrt(squares.reduce((sum, s) => sum + s, 0) / 36), 9);
    expect(found).toMatchObject({ aFromB: sharp.aFromB, moments: sharp.moments, model: 'rigid' });
    expect(motionOf(sharp, correspondences, new Uint8Array(42)).rmsPx).toBe(0);
  });
});

describe('the shift near a place', () => {
  const patches = {
    a: Float32Array.of(100, 50, 130, 90),
    precision: Float32Array.of(4, 1),
    shift: Float64Array.of(0.5, -1, -2, 3),
  };

  it('is the mean of the patches’, by their precision and a bell of 24 px about them', () => {
    for (const [x, y] of [
      [100, 50],
      [112, 74],
      [130, 90],
      [160, 40],
    ]) {
      const bell = (u: number, v: number) => Math.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * 24 ** 2));
      const [p, q] = [4 * bell(100, 50), bell(130, 90)];
      const [dx, dy] = shiftNear(patches, x, y);
      expect(dx).toBeCloseTo((0.5 * p - 2 * q) / (p + q), 6);
      expect(dy).toBeCloseTo((-p + 3 * q) / (p + q), 6);
    }
  });

  it('is none far from all of them, nor of none', () => {
    const [dx, dy] = shiftNear(patches, 9000, -9000);
    expect(Math.hypot(dx, dy)).toBeLessThan(1e-9);
    expect(
      shiftNear({ a: new Float32Array(0), precision: new Float32Array(0), shift: new Float64Array(0) }, 3, 4),
    ).toEqual([0, 0]);
  });
});
