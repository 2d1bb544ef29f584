import type { FloatRaster } from '../../core/raster/raster.ts';
import { describe, descriptorLength, descriptorScratch } from './descriptor.ts';
import { findExtrema } from './extrema.ts';
import type { Extremum } from './extrema.ts';
import { orientationsAt } from './orientation.ts';
import { octavesOf } from './scale-space.ts';
import type { Octave } from './scale-space.ts';

/** N keypoints with their descriptors. */
export interface SiftFeatures {
  readonly count: number;
  /** [2N] x, y in px of the image. */
  readonly points: Float32Array;
  /** [N] scale, px of the image. */
  readonly sigmas: Float32Array;
  /** [N] radians, +x towards +y. */
  readonly orientations: Float32Array;
  /** [N] contrast, grey units. */
  readonly contrasts: Float32Array;
  /** [128·N] unit vectors. */
  readonly descriptors: Float32Array;
}

export interface SiftOptions {
  readonly layers: number;
  readonly sigma: number;
  readonly inputSigma: number;
  readonly isDoubled: boolean;
  readonly contrastThreshold: number;
  readonly edgeThreshold: number;
  /** Most keypoints, those of highest contrast. */
  readonly maxFeatures: number;
}

/** Lowe's and OpenCV's numbers. */
export const defaultSiftOptions: SiftOptions = {
  layers: 3,
  sigma: 1.6,
  inputSigma: 0.5,
  isDoubled: true,
  contrastThreshold: 0.04,
  edgeThreshold: 10,
  maxFeatures: Infinity,
};

interface Keypoint extends Extremum {
  readonly octave: Octave;
  /** Scale in px of the octave. */
  readonly octaveSigma: number;
  readonly orientation: number;
}

/**
 * Scale-invariant keypoints of an image with grey values 0…1, and their descriptors.
 * @see Lowe 2004, "Distinctive Image Features from Scale-Invariant Keypoints"
 */
export function siftFeatures(image: FloatRaster, options: SiftOptions): SiftFeatures {
  const keypoints: Keypoint[] = [];
  for (const octave of octavesOf(image, options)) {
    for (const extremum of findExtrema(octave, options)) {
      const octaveSigma = options.sigma * 2 ** (extremum.scaleIndex / options.layers);
      const gaussian = octave.gaussians[extremum.layer];
      for (const orientation of orientationsAt(gaussian, extremum.x, extremum.y, octaveSigma))
        keypoints.push({ ...extremum, octave, octaveSigma, orientation });
    }
  }
  if (keypoints.length > options.maxFeatures) {
    keypoints.sort((p, q) => q.contrast - p.contrast);
    keypoints.length = options.maxFeatures;
  }
  return describeAll(keypoints);
}

function describeAll(keypoints: readonly Keypoint[]): SiftFeatures {
  const count = keypoints.length;
  const points = new Float32Array(2 * count);
  const descriptors = new Float32Array(descriptorLength * count);
  const scratch = descriptorScratch();
  keypoints.forEach(({ x, y, layer, octave, octaveSigma, orientation }, i) => {
    points[2 * i] = x * octave.step;
    points[2 * i + 1] = y * octave.step;
    describe(octave.gaussians[layer], x, y, octaveSigma, orientation, scratch, descriptors, i * descriptorLength);
  });
  return {
    count,
    points,
    sigmas: Float32Array.from(keypoints, ({ octaveSigma, octave }) => octaveSigma * octave.step),
    orientations: Float32Array.from(keypoints, ({ orientation }) => orientation),
    contrasts: Float32Array.from(keypoints, ({ contrast }) => contrast),
    descriptors,
  };
}
