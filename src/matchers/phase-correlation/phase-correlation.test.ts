import { describe, expect, it } from 'vitest';
import { identityAffine, translation } from '../../core/geometry/affine2.ts';
import { seededRandom } from '../../core/random.ts';
import type { FloatRaster } from '../../core/raster/raster.ts';
import { addNoise, sampleTexture, spotTexture } from '../../core/testing/analytic-texture.ts';
import { planFft2 } from './fft2.ts';
import { planPhaseCorrelation } from './phase-correlation.ts';
import { phaseCorrelationMatcher } from './phase-correlation-matcher.ts';

const texture = spotTexture(5);
const options = { smoothingPx: 1, taper: 1, radiusPx: 12, peaks: 1 };

describe('planFft2', () => {
  it('gives the sum at frequency 0 and itself back', () => {
    const random = seededRandom(1);
    const field = Float64Array.from({ length: 2 * 16 * 8 }, random);
    const copy = field.slice();
    const fft = planFft2(16, 8);
    fft.forward(field);
    const sum = copy.reduce((total, value, i) => total + (i % 2 === 0 ? value : 0), 0);
    expect(field[0]).toBeCloseTo(sum, 9);
    fft.inverse(field);
    field.forEach((value, i) => expect(value).toBeCloseTo(copy[i], 9));
  });
});

describe('planPhaseCorrelation', () => {
  it('agrees with scikit-image on the same windowed pair within 0.05 px', () => {
    const a = sampleTexture(texture, 64, 64, identityAffine);
    const b = sampleTexture(texture, 64, 64, translation(2.4, -1.3));
    const [peak] = planPhaseCorrelation(64, 64, options).correlate(a, b);
    // skimage.registration.phase_cross_correlation, Hann window, upsample_factor 100: (y, x) = (−1.27, 2.40), b onto a
    expect(Math.abs(peak.shiftX - -2.4)).toBeLessThan(0.05);
    expect(Math.abs(peak.shiftY - 1.27)).toBeLessThan(0.05);
    expect(peak.height).toBeGreaterThan(0.5);
  });

  it('finds a circular shift exactly, with height 1', () => {
    const random = seededRandom(2);
    const a = { data: Float32Array.from({ length: 32 * 32 }, random), width: 32, height: 32 };
    const data = a.data.map((_, i) => a.data[(((i >> 5) + 32 - 3) % 32) * 32 + (((i & 31) + 32 - 5) % 32)]);
    const [peak] = planPhaseCorrelation(32, 32, { ...options, taper: 0 }).correlate(a, { ...a, data });
    expect(peak.shiftX).toBeCloseTo(5, 2);
    expect(peak.shiftY).toBeCloseTo(3, 2);
    expect(peak.height).toBeCloseTo(1, 2);
  });

  it('is lower for strangers than for a pair in noise', () => {
    const correlator = planPhaseCorrelation(64, 64, options);
    const heightOf = (b: FloatRaster) =>
      correlator.correlate(sampleTexture(texture, 64, 64, identityAffine), b)[0].height;
    const own = heightOf(addNoise(sampleTexture(texture, 64, 64, translation(1.4, 0.7)), 0.02, 3));
    for (let k = 1; k <= 20; k++)
      expect(heightOf(sampleTexture(texture, 64, 64, translation(100 * k, 5000)))).toBeLessThan(own);
  });
});

describe('phaseCorrelationMatcher', () => {
  it('finds a shift far from the stage with a signed mean error below 0.03 px of its strips', async () => {
    const a = sampleTexture(texture, 400, 120, identityAffine);
    const b = sampleTexture(texture, 400, 120, translation(13.3, -8.6));
    const found = await phaseCorrelationMatcher().match(a, b, {
      signal: { aborted: false, throwIfAborted: () => undefined },
      seed: 1,
      aFromB: identityAffine,
      searchRadiusPx: 40,
    });
    expect(found.confidence.length).toBeGreaterThan(15);
    const mean = [0, 0];
    found.a.forEach((value, i) => (mean[i % 2] += (value - found.b[i]) / found.confidence.length));
    expect(Math.abs(mean[0] - 13.3)).toBeLessThan(0.03);
    expect(Math.abs(mean[1] + 8.6)).toBeLessThan(0.03);
  });
});
