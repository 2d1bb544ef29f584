import type { FloatRaster } from '../../core/raster/raster.ts';

const bins = 36;
/** The window is a Gaussian of 1.5 × the keypoint's scale, cut at 3 standard deviations. */
const windowScales = 1.5;
/** Further peaks of at least this height give further keypoints at the same place. */
const peakShare = 0.8;

/**
 * Dominant directions of the gradient round a point, radians in [0, 2π), +x towards +y.
 * @param sigma the keypoint's scale, px of the image.
 * @see Lowe 2004, section 5
 */
export function orientationsAt(
  { data, width, height }: FloatRaster,
  x: number,
  y: number,
  sigma: number,
): readonly number[] {
  const histogram = new Float64Array(bins);
  const spread = windowScales * sigma;
  const radius = Math.round(3 * spread);
  const falloff = -1 / (2 * spread * spread);
  const centreX = Math.round(x);
  const centreY = Math.round(y);
  for (let v = Math.max(1, centreY - radius); v <= Math.min(height - 2, centreY + radius); v++) {
    for (let u = Math.max(1, centreX - radius); u <= Math.min(width - 2, centreX + radius); u++) {
      const i = v * width + u;
      const gx = data[i + 1] - data[i - 1];
      const gy = data[i + width] - data[i - width];
      const weight = Math.exp(((u - centreX) ** 2 + (v - centreY) ** 2) * falloff);
      const bin = Math.round((Math.atan2(gy, gx) / (2 * Math.PI)) * bins);
      histogram[(bin + bins) % bins] += weight * Math.sqrt(gx * gx + gy * gy);
    }
  }
  return peaksOf(smoothed(histogram));
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
