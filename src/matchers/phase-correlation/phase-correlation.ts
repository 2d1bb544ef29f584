import type { FloatRaster } from '../../core/raster/raster.ts';
import { planFft2, powerOfTwoFor } from './fft2.ts';
import type { Fft2 } from './fft2.ts';

/** A maximum of the correlation: b(x + shiftX, y + shiftY) shows what a(x, y) shows. */
export interface CorrelationPeak {
  readonly shiftX: number;
  readonly shiftY: number;
  /** Weighted mean cosine of the phase errors: 1 for a pure (circular) shift, about 0 for strangers. */
  readonly height: number;
}

export interface PhaseCorrelationOptions {
  /** Standard deviation of the Gaussian that the ideal peak is widened to, px: a low-pass against noise. */
  readonly smoothingPx: number;
  /** Share of each side that is faded to the mean, 0 … 1 (1 = Hann). */
  readonly taper: number;
  /** Only peaks within this distance of (centreX, centreY) are looked at. */
  readonly radiusPx: number;
  readonly centreX?: number;
  readonly centreY?: number;
  /** Most peaks returned, highest first. */
  readonly peaks: number;
}

/** Correlates pairs of rasters of one size; holds the transform's buffers. */
export interface PhaseCorrelator {
  correlate(a: FloatRaster, b: FloatRaster): readonly CorrelationPeak[];
}

/**
 * Phase correlation of rasters of one size: r = F⁻¹( G · A*B / |A*B| ), G a Gaussian low-pass, so that the peak of a pure
 * shift is a Gaussian and the parabola through its logarithm gives the sub-pixel shift. Rasters are freed of their
 * mean, tapered and padded to powers of two.
 *
 * @see Kuglin, Hines 1975, "The phase correlation image alignment method"; Foroosh et al. 2002 for the peak's shape
 */
export function planPhaseCorrelation(width: number, height: number, options: PhaseCorrelationOptions): PhaseCorrelator {
  const fft = planFft2(powerOfTwoFor(width), powerOfTwoFor(height));
  const window = taperWindow(width, height, options.taper);
  const lowPass = gaussianLowPass(fft, options.smoothingPx);
  const total = lowPass.reduce((sum, weight) => sum + weight, 0) / lowPass.length;
  const field = new Float64Array(2 * fft.width * fft.height);
  const power = new Float64Array(2 * fft.width * fft.height);
  return {
    correlate(a, b) {
      field.fill(0);
      fillTapered(a, window, fft.width, field, 0);
      fillTapered(b, window, fft.width, field, 1);
      fft.forward(field);
      whitenedCrossPower(field, fft, lowPass, power);
      fft.inverse(power);
      return highestPeaks(power, fft, options, total);
    },
  };
}

/** Separable Tukey window: 1 inside, cosine flanks over `taper`/2 of the side at either end. */
function taperWindow(width: number, height: number, taper: number): Float64Array {
  const axis = (length: number) => {
    const flank = (taper * length) / 2;
    return Float64Array.from({ length }, (_, i) => {
      const depth = Math.min(i + 0.5, length - i - 0.5);
      return depth >= flank ? 1 : (1 - Math.cos((Math.PI * depth) / flank)) / 2;
    });
  };
  const columns = axis(width);
  const rows = axis(height);
  return Float64Array.from({ length: width * height }, (_, i) => columns[i % width] * rows[Math.floor(i / width)]);
}

function gaussianLowPass({ width, height }: Fft2, smoothingPx: number): Float64Array {
  const axis = (length: number) =>
    Float64Array.from({ length }, (_, i) => {
      const omega = (2 * Math.PI * (i <= length / 2 ? i : i - length)) / length;
      return Math.exp((-omega * omega * smoothingPx * smoothingPx) / 2);
    });
  const columns = axis(width);
  const rows = axis(height);
  const weights = new Float64Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) weights[y * width + x] = columns[x] * rows[y];
  weights[0] = 0;
  return weights;
}

/** Writes window · (raster − weighted mean) into the real (part 0) or imaginary (part 1) half of a complex field. */
function fillTapered(
  { data, width, height }: FloatRaster,
  window: Float64Array,
  fieldWidth: number,
  field: Float64Array,
  part: 0 | 1,
): void {
  let sum = 0;
  let weight = 0;
  for (let i = 0; i < data.length; i++) {
    sum += window[i] * data[i];
    weight += window[i];
  }
  const mean = sum / weight;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      field[2 * (y * fieldWidth + x) + part] = window[y * width + x] * (data[y * width + x] - mean);
}

/**
 * From the transform Z of a + i·b: A = (Z(ω) + Z̄(−ω))/2, B = (Z(ω) − Z̄(−ω))/2i; writes G · Ā B / |A B|.
 * Frequencies without power (flat or empty rasters) stay zero.
 */
function whitenedCrossPower(z: Float64Array, { width, height }: Fft2, lowPass: Float64Array, into: Float64Array): void {
  for (let y = 0; y < height; y++) {
    const mirroredRow = ((height - y) % height) * width;
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const j = mirroredRow + ((width - x) % width);
      const aRe = z[2 * i] + z[2 * j];
      const aIm = z[2 * i + 1] - z[2 * j + 1];
      const bRe = z[2 * i + 1] + z[2 * j + 1];
      const bIm = z[2 * j] - z[2 * i];
      const re = aRe * bRe + aIm * bIm;
      const im = aRe * bIm - aIm * bRe;
      const size = Math.hypot(re, im);
      const gain = size > 1e-12 ? lowPass[i] / size : 0;
      into[2 * i] = gain * re;
      into[2 * i + 1] = gain * im;
    }
  }
}

function highestPeaks(
  field: Float64Array,
  fft: Fft2,
  options: PhaseCorrelationOptions,
  total: number,
): readonly CorrelationPeak[] {
  const { width, height } = fft;
  const { centreX = 0, centreY = 0, radiusPx, peaks } = options;
  const valueAt = (x: number, y: number) =>
    field[2 * ((((y % height) + height) % height) * width + (((x % width) + width) % width))] / total;
  const reachX = Math.min(Math.ceil(radiusPx), width >> 1);
  const reachY = Math.min(Math.ceil(radiusPx), height >> 1);
  const found: CorrelationPeak[] = [];
  const middleX = Math.round(centreX);
  const middleY = Math.round(centreY);
  for (let y = middleY - reachY; y <= middleY + reachY; y++) {
    for (let x = middleX - reachX; x <= middleX + reachX; x++) {
      if (Math.hypot(x - centreX, y - centreY) > radiusPx + 1) continue;
      const value = valueAt(x, y);
      if (found.length === peaks && value <= found[peaks - 1].height) continue;
      if (!(value > 0) || !isLocalMaximum(valueAt, x, y)) continue;
      const shiftX = x + vertexOffset(valueAt(x - 1, y), value, valueAt(x + 1, y));
      const shiftY = y + vertexOffset(valueAt(x, y - 1), value, valueAt(x, y + 1));
      found.push({ shiftX, shiftY, height: Math.min(1, value) });
      found.sort((p, q) => q.height - p.height);
      if (found.length > peaks) found.pop();
    }
  }
  return found;
}

function isLocalMaximum(valueAt: (x: number, y: number) => number, x: number, y: number): boolean {
  const value = valueAt(x, y);
  for (let v = -1; v <= 1; v++)
    for (let u = -1; u <= 1; u++) if ((u !== 0 || v !== 0) && valueAt(x + u, y + v) > value) return false;
  return true;
}

/** Where the maximum of the Gaussian (of the parabola, when a flank is not positive) through three samples lies, −½ … ½. */
function vertexOffset(before: number, at: number, after: number): number {
  const isGaussian = before > 0 && after > 0;
  const l = isGaussian ? Math.log(before) : before;
  const c = isGaussian ? Math.log(at) : at;
  const r = isGaussian ? Math.log(after) : after;
  const curvature = l - 2 * c + r;
  if (!(curvature < 0)) return 0;
  return Math.max(-0.5, Math.min(0.5, (l - r) / (2 * curvature)));
}
