import type { Matcher } from '../../core/matching/matcher.ts';
import { matchFeatures } from './match-features.ts';
import { defaultSiftOptions, siftFeatures } from './sift-features.ts';
import type { SiftOptions } from './sift-features.ts';

const matchingOptions: SiftOptions = { ...defaultSiftOptions, maxFeatures: 6000 };
const ratio = 0.75;
/** One strip is at most this many cells of 8×8 px (1 Mpx): the doubled first octave then takes 100 MB. */
const maxTokens = 16384;

/** SIFT keypoints at full resolution, matched both ways with the ratio test. */
export function siftMatcher(options: SiftOptions = matchingOptions): Matcher {
  return {
    scale: 1,
    multipleOf: 1,
    minConfidence: 0,
    maxTokens,
    async match(a, b, { signal, aFromB, searchRadiusPx }) {
      signal.throwIfAborted();
      const featuresA = siftFeatures(a, options);
      signal.throwIfAborted();
      const featuresB = siftFeatures(b, options);
      signal.throwIfAborted();
      return matchFeatures(featuresA, featuresB, { ratio, aFromB, searchRadiusPx });
    },
    dispose: async () => undefined,
  };
}
