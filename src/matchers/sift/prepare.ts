import type { FloatRaster } from '../../core/raster/raster.ts';
import { blur } from './blur.ts';
import type { SiftKernels } from './kernels.ts';

/** Blur before keypoints are looked for, px: detector noise goes, membranes stay. */
const blurSigmaPx = 1.5;
/** Grey units (0…1) that one standard deviation of the strip becomes: 64 of 255 grey levels. */
const greyPerDeviation = 64 / 255;

/**
 * A strip as SIFT for electron micrographs wants it: standardised to mean ½ and standard deviation ¼, blurred by 1.5 px.
 * Contrast thresholds then mean the same for every brightness, contrast and noise. A constant strip becomes ½ all over.
 */
export function prepareForSift(strip: FloatRaster, kernels: SiftKernels): FloatRaster {
  const { data, width, height } = strip;
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i];
  const mean = sum / data.length;
  let squares = 0;
  for (let i = 0; i < data.length; i++) squares += (data[i] - mean) ** 2;
  const deviation = Math.sqrt(squares / data.length);
  const gain = deviation > 1e-9 ? greyPerDeviation / deviation : 0;
  const standardised = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) standardised[i] = 0.5 + gain * (data[i] - mean);
  return blur({ data: standardised, width, height }, blurSigmaPx, kernels);
}
