import type { Raster } from '../src/core/raster/raster.ts';
import { displayBins, histogramOf, quantilesOf } from '../src/core/raster/statistics.ts';
import type { ValueStatistics } from './protocol.ts';

/** Percentiles that a picture is stretched between, as fractions. */
const displayFractions = [0.005, 0.995] as const;

/** Statistics of the covered, finite samples of a raster; zeros where there are none. */
export function valueStatistics({ data }: Raster, coverage: Uint8Array | null): ValueStatistics {
  const mask = coverage ?? undefined;
  const { counts, min, max, count } = histogramOf(data, mask ? { mask } : {});
  if (count === 0) return { min: 0, max: 0, low: 0, high: 0, histogram: new Uint32Array(displayBins) };
  const [low, high] = quantilesOf(data, displayFractions, mask);
  return { min, max, low, high, histogram: counts };
}
