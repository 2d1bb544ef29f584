import type { Matcher } from '../../core/matching/matcher.ts';
import type { FloatRaster } from '../../core/raster/raster.ts';
import { matchFeatures } from './match-features.ts';
import { defaultSiftOptions, siftFeatures } from './sift-features.ts';
import type { SiftFeatures } from './sift-features.ts';

/**
 * Half of OpenCV's contrast threshold: electron micrographs are noisy and flat, and the ratio test sorts out what
 * is not repeated. The number of keypoints is bounded, surest first.
 */
const contrastThreshold = 0.02;
const maxFeatures = 6000;
const ratio = 0.75;
/**
 * Strips up to this many px are enlarged twofold first: small overlaps need every keypoint. On the mussel grids'
 * 2048×307 strips it doubles the matches, but neither adds links nor lowers the seam shift, at five times the cost.
 */
const largestDoubledArea = 1 << 18;
/** Most cells of 8×8 px of a strip (2 Mpx): the scale space then takes 70 MB. */
const maxTokens = 32768;

/** SIFT keypoints at full resolution, matched both ways with the ratio test. */
export function siftMatcher(): Matcher {
  return {
    scale: 1,
    multipleOf: 1,
    minConfidence: 0,
    maxTokens,
    async match(a, b, { signal, aFromB, searchRadiusPx }) {
      const isDoubled = Math.max(a.data.length, b.data.length) <= largestDoubledArea;
      signal.throwIfAborted();
      const featuresA = featuresOf(a, isDoubled);
      signal.throwIfAborted();
      const featuresB = featuresOf(b, isDoubled);
      signal.throwIfAborted();
      return matchFeatures(featuresA, featuresB, { ratio, aFromB, searchRadiusPx });
    },
    dispose: async () => undefined,
  };
}

function featuresOf(strip: FloatRaster, isDoubled: boolean): SiftFeatures {
  return siftFeatures(strip, { ...defaultSiftOptions, contrastThreshold, maxFeatures, isDoubled });
}
