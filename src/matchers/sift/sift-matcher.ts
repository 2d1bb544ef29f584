import type { Matcher } from '../../core/matching/matcher.ts';
import type { FloatRaster } from '../../core/raster/raster.ts';
import { plainKernels } from './kernels.ts';
import type { SiftKernels } from './kernels.ts';
import { matchFeatures } from './match-features.ts';
import { prepareForSift } from './prepare.ts';
import { defaultSiftOptions, siftFeatures } from './sift-features.ts';
import type { SiftFeatures } from './sift-features.ts';
import { createWasmKernels } from './wasm-kernels.ts';

/** Half of OpenCV's: electron micrographs are noisy and flat, and the ratio test sorts out what is not repeated. */
export const siftContrastThreshold = 0.02;
/** The number of keypoints is bounded, surest first: that of 1 Mpx of neuropil. */
const maxFeatures = 12000;
/**
 * Square roots bring descriptors closer together: 0.8 keeps as many matches as 0.75 does of OpenCV's descriptors
 * (sigma 30, 50: 83 and 36 against 102 and 39; 0.75 keeps 69 and 23, 0.85 110 and 56).
 */
export const siftRatio = 0.8;
/** Strips up to this many px are enlarged twofold first, as OpenCV does: the scale space then takes 130 MB. */
const largestDoubledArea = 1 << 20;
/** Most cells of 8×8 px of a strip (2 Mpx): the scale space then takes 70 MB. */
const maxTokens = 32768;

/** SIFT tuned for electron micrographs (docs/baselines.md): keypoints at full resolution, matched both ways with the ratio test. */
export function siftMatcher(): Matcher {
  const kernels = createWasmKernels() ?? plainKernels();
  return {
    scale: 1,
    multipleOf: 1,
    minConfidence: 0,
    maxTokens,
    async match(a, b, { signal, aFromB, searchRadiusPx }) {
      const isDoubled = Math.max(a.data.length, b.data.length) <= largestDoubledArea;
      signal.throwIfAborted();
      const featuresA = featuresOf(a, isDoubled, kernels);
      signal.throwIfAborted();
      const featuresB = featuresOf(b, isDoubled, kernels);
      signal.throwIfAborted();
      return matchFeatures(featuresA, featuresB, { ratio: siftRatio, aFromB, searchRadiusPx }, kernels);
    },
    dispose: async () => undefined,
  };
}

function featuresOf(strip: FloatRaster, isDoubled: boolean, kernels: SiftKernels): SiftFeatures {
  const options = { ...defaultSiftOptions, contrastThreshold: siftContrastThreshold, maxFeatures, isDoubled };
  return siftFeatures(prepareForSift(strip, kernels), options, kernels);
}
