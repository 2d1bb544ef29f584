import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, identityAffine, invertAffine, translation } from '../../core/geometry/affine2.ts';
import { affineFromPose } from '../../core/geometry/pose2.ts';
import { findConsensus } from '../../core/matching/ransac.ts';
import { toFloatRaster } from '../../core/raster/resample.ts';
import { sampleTexture, spotTexture } from '../../core/testing/analytic-texture.ts';
import { descriptorLength } from './descriptor.ts';
import { plainKernels } from './kernels.ts';
import { matchFeatures } from './match-features.ts';
import openCv from './testing/opencv-keypoints.json' with { type: 'json' };
import { prepareForSift } from './prepare.ts';
import { defaultSiftOptions, siftFeatures } from './sift-features.ts';
import type { SiftFeatures } from './sift-features.ts';
import { siftMatcher } from './sift-matcher.ts';
import { renderOracleImage } from './testing/oracle-image.ts';
import { createWasmKernels } from './wasm-kernels.ts';

const kernels = createWasmKernels() ?? plainKernels();
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
  const features = siftFeatures(oracleImage(), defaultSiftOptions, kernels);

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
    expect(
      siftFeatures({ data: new Float32Array(10_000), width: 100, height: 100 }, defaultSiftOptions, kernels).count,
    ).toBe(0);
  });
});

describe('SIFT tuned for electron micrographs', () => {
  const image = toFloatRaster(renderOracleImage());
  const options = { ...defaultSiftOptions, contrastThreshold: 0.02 };
  const featuresBy = (by: typeof kernels) => siftFeatures(prepareForSift(image, by), options, by);
  const features = featuresBy(kernels);

  it('finds as many keypoints as OpenCV within 10 % on a procedural micrograph', () => {
    expect(openCv.count).toBeGreaterThan(200);
    expect(Math.abs(features.count / openCv.count - 1)).toBeLessThan(0.1);
  });

  it('has a median distance below 0.1 px to the mutually nearest keypoints of OpenCV, freed of their ¼ px', () => {
    const theirs = Float32Array.from(openCv.points, (value) => value - 0.25);
    const nearestTo = (points: Float32Array, x: number, y: number) => {
      let best = 0;
      for (let i = 0; i < points.length; i += 2)
        if (Math.hypot(points[i] - x, points[i + 1] - y) < Math.hypot(points[best] - x, points[best + 1] - y)) best = i;
      return best;
    };
    const distances: number[] = [];
    for (let i = 0; i < theirs.length; i += 2) {
      const j = nearestTo(features.points, theirs[i], theirs[i + 1]);
      const [x, y] = [features.points[j], features.points[j + 1]];
      const back = nearestTo(theirs, x, y);
      // several orientations share a place
      if (theirs[back] === theirs[i] && theirs[back + 1] === theirs[i + 1])
        distances.push(Math.hypot(x - theirs[i], y - theirs[i + 1]));
    }
    distances.sort((p, q) => p - q);
    expect(distances.length).toBeGreaterThan(0.85 * openCv.count);
    expect(distances[distances.length >> 1]).toBeLessThan(0.1);
  });

  it('finds the same with and without vector instructions: 99 % of the keypoints within 0.001 px', () => {
    const plain = featuresBy(plainKernels());
    expect(createWasmKernels()).not.toBeNull();
    // where D is flat, the last bits of 32-bit sums move its vertex; at a threshold they decide
    const shareWithin = ({ points }: SiftFeatures, others: SiftFeatures) => {
      let near = 0;
      for (let i = 0; i < points.length; i += 2)
        for (let j = 0; j < others.points.length; j += 2)
          if (Math.hypot(points[i] - others.points[j], points[i + 1] - others.points[j + 1]) < 0.001) {
            near++;
            break;
          }
      return (2 * near) / points.length;
    };
    expect(shareWithin(plain, features)).toBeGreaterThan(0.99);
    expect(shareWithin(features, plain)).toBeGreaterThan(0.99);
    const by = (own: typeof kernels) =>
      matchFeatures(features, plain, { ratio: 0.75, aFromB: identityAffine, searchRadiusPx: Infinity }, own);
    expect(by(kernels).confidence.length).toBe(by(plainKernels()).confidence.length);
  });
});

describe('matchFeatures', () => {
  it('is one-to-one and stays within the search radius', () => {
    const a = siftFeatures(oracleImage(), defaultSiftOptions, kernels);
    const all = matchFeatures(a, a, { ratio: 0.8, aFromB: identityAffine, searchRadiusPx: 5 }, kernels);
    expect(all.confidence.length).toBeGreaterThan(400);
    expect([...all.a]).toEqual([...all.b]);
    const none = matchFeatures(a, a, { ratio: 0.8, aFromB: translation(100, 0), searchRadiusPx: 5 }, kernels);
    expect(none.confidence.length).toBeLessThan(3);
  });
});

describe('siftMatcher', () => {
  const texture = spotTexture(5);

  it.each([true, false])('has a signed mean error below 0.02 px on sub-pixel shifts (doubled: %s)', (isDoubled) => {
    const options = { ...defaultSiftOptions, contrastThreshold: 0.02, isDoubled };
    const featuresOf = (dx: number, dy: number) =>
      siftFeatures(prepareForSift(sampleTexture(texture, 500, 200, translation(dx, dy)), kernels), options, kernels);
    const a = featuresOf(0, 0);
    for (const [dx, dy] of [
      [0.25, 0.5],
      [3.3, -1.7],
    ]) {
      const matching = { ratio: 0.75, aFromB: identityAffine, searchRadiusPx: 20 };
      const found = matchFeatures(a, featuresOf(dx, dy), matching, kernels);
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
