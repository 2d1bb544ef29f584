import type { Raster } from '../src/core/raster/raster.ts';
import type { ValueStatistics } from './protocol.ts';

const bins = 256;
/** Percentiles are taken from at most this many samples. */
const maxSamples = 200_000;

/** Statistics of the covered, finite samples of a raster; zeros where there are none. */
export function valueStatistics({ data }: Raster, coverage: Uint8Array | null): ValueStatistics {
  const step = Math.max(1, Math.floor(data.length / maxSamples));
  const samples: number[] = [];
  for (let i = 0; i < data.length; i += step)
    if ((!coverage || coverage[i] !== 0) && Number.isFinite(data[i])) samples.push(data[i]);
  if (samples.length === 0) return { min: 0, max: 0, low: 0, high: 0, histogram: new Uint32Array(bins) };
  const sorted = Float64Array.from(samples).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const min = sorted[0];
  const max = sorted[sorted.length - 1];
  const histogram = new Uint32Array(bins);
  const width = (max - min) / bins || 1;
  for (const value of sorted) histogram[Math.min(bins - 1, Math.floor((value - min) / width))]++;
  return { min, max, low: at(0.005), high: at(0.995), histogram };
}
