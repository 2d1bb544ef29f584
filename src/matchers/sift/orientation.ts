import type { GradientField } from './gradient-field.ts';

const bins = 36;
/** The window is a Gaussian of 1.5 × the keypoint's scale, cut at 3 standard deviations. */
const windowScales = 1.5;
/** Further peaks of at least this height give further keypoints at the same place. */
const peakShare = 0.8;

/**
 * Dominant directions of the gradient round a point, radians in [0, 2π), +x towards +y.
 * @param sigma the keypoint's scale, px of the field.
 * @see Lowe 2004, section 5
 */
export function orientationsAt(
  { lengths, turns, width, height }: GradientField,
  x: number,
  y: number,
  sigma: number,
): readonly number[] {
  const histogram = new Float64Array(bins);
  const spread = windowScales * sigma;
  const radius = Math.round(3 * spread);
  const weights = gaussianWeights(radius, spread);
  const centreX = Math.round(x);
  const centreY = Math.round(y);
  const left = Math.max(1, centreX - radius);
  const right = Math.min(width - 2, centreX + radius);
  const bottom = Math.min(height - 2, centreY + radius);
  for (let v = Math.max(1, centreY - radius); v <= bottom; v++) {
    const rowWeight = weights[v - centreY + radius];
    for (let u = left; u <= right; u++) {
      const i = v * width + u;
      const bin = (turns[i] * bins + 0.5) | 0;
      histogram[bin < bins ? bin : 0] += rowWeight * weights[u - centreX + radius] * lengths[i];
    }
  }
  return peaksOf(smoothed(histogram));
}

/** exp(−d²/2σ²) at d = −radius … radius: the window is its product in x and y. */
function gaussianWeights(radius: number, sigma: number): Float64Array {
  const weights = new Float64Array(2 * radius + 1);
  for (let d = -radius; d <= radius; d++) weights[d + radius] = Math.exp(-(d * d) / (2 * sigma * sigma));
  return weights;
}

/** Circular convolution with 1 4 6 4 1 / 16. */
function smoothed(histogram: Float64Array): Float64Array {
  const at = (i: number) => histogram[(i + bins) % bins];
  return histogram.map((value, i) => (at(i - 2) + at(i + 2)) / 16 + (at(i - 1) + at(i + 1)) / 4 + (value * 6) / 16);
}

function peaksOf(histogram: Float64Array): readonly number[] {
  const highest = Math.max(...histogram);
  const peaks: number[] = [];
  for (let i = 0; i < bins; i++) {
    const left = histogram[(i + bins - 1) % bins];
    const value = histogram[i];
    const right = histogram[(i + 1) % bins];
    if (!(value > left && value > right && value >= peakShare * highest)) continue;
    const bin = i + (left - right) / (2 * (left - 2 * value + right));
    peaks.push((((bin + bins) % bins) * 2 * Math.PI) / bins);
  }
  return peaks;
}
