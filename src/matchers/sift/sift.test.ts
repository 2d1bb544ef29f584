import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, identityAffine, invertAffine, translation } from '../../core/geometry/affine2.ts';
import { affineFromPose } from '../../core/geometry/pose2.ts';
import { findConsensus } from '../../core/matching/ransac.ts';
import { sampleTexture, spotTexture } from '../../core/testing/analytic-texture.ts';
import { descriptorLength } from './descriptor.ts';
import { matchFeatures } from './match-features.ts';
import { defaultSiftOptions, siftFeatures } from './sift-features.ts';
import { siftMatcher } from './sift-matcher.ts';

const context = { signal: { aborted: false, throwIfAborted: () => undefined }, seed: 1 };

/** The 8-bit picture that OpenCV saw: spotTexture(5), 400×300, value·160 rounded. */
function oracleImage() {
  const { data } = sampleTexture(spotTexture(5), 400, 300, identityAffine);
  const grey = data.map((value) => Math.max(0, Math.min(255, Math.round(value * 160))) / 255);
  return { data: grey, width: 400, height: 300 };
}

/**
 * x, y, scale, angle of some of the 920 keypoints of OpenCV 4.6.0 (SIFT_create(), defaults), by response. OpenCV's
 * enlarged base puts them ¼ px too far right and down.
 */
const openCvKeypoints = [
  [46.98, 250.76, 7.59, 138.6],
  [206.83, 221.59, 2.89, 79.4],
  [120.99, 154.51, 5.8, 242.3],
  [230.7, 229.05, 5.33, 215.5],
  [170.02, 156.73, 3.46, 122.3],
  [201.71, 28.62, 4.94, 133.1],
  [307.77, 154.6, 2.99, 40.2],
  [210.68, 21.16, 3.21, 133.0],
  [345.24, 275.24, 2.3, 102.1],
  [360.63, 269.34, 4.13, 137.6],
] as const;
const openCvCount = 920;

describe('siftFeatures', () => {
  const features = siftFeatures(oracleImage(), defaultSiftOptions);

  it('finds as many keypoints as OpenCV within 10 %', () => {
    expect(Math.abs(features.count / openCvCount - 1)).toBeLessThan(0.1);
  });

  it('finds nine in ten of the keypoints that OpenCV finds, ¼ px up and left of its biased places', () => {
    const found = openCvKeypoints.filter(([x, y, sigma, angle]) =>
      features.sigmas.some((ours, i) => {
        const dx = features.points[2 * i] - (x - 0.25);
        const dy = features.points[2 * i + 1] - (y - 0.25);
        const turn = Math.abs((((features.orientations[i] * 180) / Math.PI - angle + 540) % 360) - 180);
        return Math.hypot(dx, dy) < 0.25 && Math.abs(Math.log(ours / sigma)) < 0.05 && turn < 4;
      }),
    );
    expect(found.length).toBeGreaterThanOrEqual(9);
  });

  it('describes them by unit vectors', () => {
    for (let i = 0; i < features.count; i += 37) {
      const descriptor = features.descriptors.subarray(i * descriptorLength, (i + 1) * descriptorLength);
      expect(descriptor.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 4);
    }
  });

  it('finds nothing on an even field', () => {
    expect(siftFeatures({ data: new Float32Array(10_000), width: 100, height: 100 }, defaultSiftOptions).count).toBe(0);
  });
});

describe('matchFeatures', () => {
  it('is one-to-one and stays within the search radius', () => {
    const a = siftFeatures(oracleImage(), defaultSiftOptions);
    const all = matchFeatures(a, a, { ratio: 0.8, aFromB: identityAffine, searchRadiusPx: 5 });
    expect(all.confidence.length).toBeGreaterThan(400);
    expect([...all.a]).toEqual([...all.b]);
    const none = matchFeatures(a, a, { ratio: 0.8, aFromB: translation(100, 0), searchRadiusPx: 5 });
    expect(none.confidence.length).toBeLessThan(3);
  });
});

describe('siftMatcher', () => {
  const texture = spotTexture(5);

  it.each([
    { width: 400, height: 120, doubled: 'doubled' },
    { width: 1100, height: 240, doubled: 'undoubled' },
  ])('has a signed mean error below 0.02 px on sub-pixel shifts of a $width×$height strip ($doubled)', async (size) => {
    for (const [dx, dy] of [
      [0.25, 0.5],
      [3.3, -1.7],
    ]) {
      const a = sampleTexture(texture, size.width, size.height, identityAffine);
      const b = sampleTexture(texture, size.width, size.height, translation(dx, dy));
      const found = await siftMatcher().match(a, b, { ...context, aFromB: identityAffine, searchRadiusPx: 20 });
      const count = found.confidence.length;
      expect(count).toBeGreaterThan(200);
      const mean = [0, 0];
      for (let i = 0; i < 2 * count; i++) mean[i % 2] += (found.a[i] - found.b[i]) / count;
      expect(Math.abs(mean[0] - dx)).toBeLessThan(0.02);
      expect(Math.abs(mean[1] - dy)).toBeLessThan(0.02);
    }
  });

  it('finds a rotation of 5° with the corners of the strip within 0.1 px', async () => {
    const textureFromB = affineFromPose({ x: 12.3, y: 20.6, thetaRad: (5 * Math.PI) / 180 });
    const a = sampleTexture(texture, 320, 160, identityAffine);
    const b = sampleTexture(texture, 320, 160, textureFromB);
    const found = await siftMatcher().match(a, b, { ...context, aFromB: identityAffine, searchRadiusPx: 60 });
    const consensus = findConsensus(found, { model: 'rigid', thresholdPx: 3, seed: 1 });
    expect(consensus?.inliers).toBeGreaterThan(0.9 * found.confidence.length);
    const error = composeAffine(invertAffine(textureFromB), consensus?.aFromB ?? identityAffine);
    for (const [x, y] of [
      [0, 0],
      [319, 0],
      [0, 159],
      [319, 159],
    ]) {
      const p = applyAffine(error, x, y);
      expect(Math.hypot(p.x - x, p.y - y)).toBeLessThan(0.1);
    }
  });
});
