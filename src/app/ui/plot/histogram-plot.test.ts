import { describe, expect, it } from 'vitest';
import { histogramPlot } from './histogram-plot.ts';

/** Counts of 256 equal bins between the two ends. */
function statistics(min: number, max: number, histogram: Uint32Array) {
  return { min, max, histogram, low: min, high: max, count: histogram.reduce((sum, count) => sum + count, 0) };
}

describe('histogramPlot', () => {
  const display = { low: 12, high: 20 };

  it('gives whole values that are fewer than the bins one bar each, and loses no pixel', () => {
    const histogram = new Uint32Array(256).fill(0);
    for (let value = 0; value <= 10; value++) histogram[Math.min(255, Math.floor((value / 10) * 256))] = value + 1;
    const { spec, table } = histogramPlot(statistics(10, 20, histogram), display, true);
    expect(spec.x).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    expect(spec.series[0].values).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(spec.readout(2)).toBe('12: 3');
    expect(table.columns[0].values).toHaveLength(11);
    expect(spec.marks).toEqual([12, 20]);
  });

  it('leaves bins of fractions as they are, between the ends of the axis', () => {
    const histogram = new Uint32Array(4).fill(1000);
    const { spec } = histogramPlot(statistics(0, 1, histogram), display, false);
    expect(spec.x).toEqual([0.125, 0.375, 0.625, 0.875]);
    expect(spec.readout(1)).toBe('0.25 to 0.5: 1,000');
  });

  it('has an axis when all values are one', () => {
    const { spec } = histogramPlot(statistics(7, 7, Uint32Array.of(9, 0)), display, true);
    expect(spec.xRange).toEqual([6.5, 7.5]);
    expect(spec.series[0].values).toEqual([9]);
  });
});
