import type { FloatRaster } from '../../core/raster/raster.ts';
import { describe, descriptorLength, descriptorScratch } from './descriptor.ts';
import { findExtrema } from './extrema.ts';
import type { Extremum } from './extrema.ts';
import { allocateGradientField, fillGradientField } from './gradient-field.ts';
import type { SiftKernels } from './kernels.ts';
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

/** What the extrema of one octave are described from. */
interface OctaveExtrema {
  readonly octave: Octave;
  readonly extrema: readonly Extremum[];
}

/** A described place; `sigma` in px of the image, `at` where its descriptor starts. */
interface Keypoint {
  readonly x: number;
  readonly y: number;
  readonly sigma: number;
  readonly orientation: number;
  readonly contrast: number;
  readonly descriptor: Float32Array;
}

/**
 * Scale-invariant keypoints of an image with grey values 0…1, and their descriptors.
 * @see Lowe 2004, "Distinctive Image Features from Scale-Invariant Keypoints"
 */
export function siftFeatures(image: FloatRaster, options: SiftOptions, kernels: SiftKernels): SiftFeatures {
  const found: OctaveExtrema[] = [];
  for (const octave of octavesOf(image, options, kernels))
    found.push({ octave, extrema: findExtrema(octave, options) });
  const leastContrast = contrastOfRank(found, options.maxFeatures);
  const keypoints: Keypoint[] = [];
  for (const { octave, extrema } of found)
    describeOctave(
      octave,
      extrema.filter(({ contrast }) => contrast >= leastContrast),
      options,
      keypoints,
    );
  if (keypoints.length > options.maxFeatures) {
    keypoints.sort((p, q) => q.contrast - p.contrast);
    keypoints.length = options.maxFeatures;
  }
  return toFeatures(keypoints);
}

/** The contrast that `rank` extrema reach; an extremum gives at least one keypoint, so weaker ones need no descriptor. */
function contrastOfRank(found: readonly OctaveExtrema[], rank: number): number {
  const contrasts = Float64Array.from(found.flatMap(({ extrema }) => extrema.map(({ contrast }) => contrast)));
  return contrasts.length > rank ? contrasts.sort()[contrasts.length - rank] : 0;
}

function describeOctave(octave: Octave, extrema: readonly Extremum[], options: SiftOptions, into: Keypoint[]): void {
  const { width, height } = octave.gaussians[0];
  const field = allocateGradientField(width, height);
  const scratch = descriptorScratch();
  for (let layer = 1; layer <= options.layers; layer++) {
    const ofLayer = extrema.filter((extremum) => extremum.layer === layer);
    if (ofLayer.length === 0) continue;
    fillGradientField(octave.gaussians[layer], field);
    for (const { x, y, scaleIndex, contrast } of ofLayer) {
      const sigma = options.sigma * 2 ** (scaleIndex / options.layers);
      for (const orientation of orientationsAt(field, x, y, sigma)) {
        const descriptor = new Float32Array(descriptorLength);
        describe(field, x, y, sigma, orientation, scratch, descriptor, 0);
        const { step } = octave;
        into.push({ x: x * step, y: y * step, sigma: sigma * step, orientation, contrast, descriptor });
      }
    }
  }
}

function toFeatures(keypoints: readonly Keypoint[]): SiftFeatures {
  const count = keypoints.length;
  const points = new Float32Array(2 * count);
  const descriptors = new Float32Array(descriptorLength * count);
  keypoints.forEach(({ x, y, descriptor }, i) => {
    points[2 * i] = x;
    points[2 * i + 1] = y;
    descriptors.set(descriptor, i * descriptorLength);
  });
  return {
    count,
    points,
    sigmas: Float32Array.from(keypoints, ({ sigma }) => sigma),
    orientations: Float32Array.from(keypoints, ({ orientation }) => orientation),
    contrasts: Float32Array.from(keypoints, ({ contrast }) => contrast),
    descriptors,
  };
}
