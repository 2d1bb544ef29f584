import { describe, expect, it } from 'vitest';
import { residualHistogram } from '../pair-inspector/residual-field.ts';
import { residualPlot } from './residual-plot.ts';
import { tableCsv } from './plot-table.ts';

describe('residualPlot', () => {
  const residuals = Float32Array.of(0.1, 0.2, 0.6, 3.6, 40);
  const histogram = residualHistogram(residuals, [0, 1, 2, 3, 4]);
  if (!histogram) throw new Error('no histogram');
  const { spec, table } = residualPlot(histogram, 'inliers');

  it('counts every residual once, what lies beyond the axis in the last bar', () => {
    const [{ values }] = spec.series;
    expect(values.reduce((sum, count) => sum + count, 0)).toBe(5);
    expect([values[0], values[2], values[14], values[19]]).toEqual([2, 1, 1, 1]);
    expect(spec.readout(19)).toBe('4.75 px and more: 1 inliers');
    expect(spec.xAxis?.text(5)).toBe('≥ 5 px');
  });

  it('says where the last bar ends when nothing lies beyond', () => {
    const small = residualHistogram(Float32Array.of(0.01, 0.3), [0, 1]);
    if (!small) throw new Error('no histogram');
    const { spec: fine } = residualPlot(small, 'links');
    expect(fine.xAxis?.ticks.map((px) => fine.xAxis?.text(px))).toEqual(['0', '0.1', '0.2', '0.3', '0.4', '0.5 px']);
    expect(fine.readout(19)).toBe('0.475 to 0.5 px: 0 links');
  });

  it('has a bar in the colour that the links of its residual have', () => {
    const colours = spec.series[0].colours ?? [];
    expect([colours[0], colours[2], colours[3], colours[13], colours[14]]).toEqual(
      [4, 4, 3, 1, 0].map((step) => `--quality-${step}`),
    );
  });

  it('has a line of the table for each bar, empty ones too', () => {
    const lines = tableCsv(table).trimEnd().split('\r\n');
    expect(lines[0]).toBe('"From, px","To, px",Inliers');
    expect(lines[1]).toBe('0.000,0.250,2');
    expect(lines[20]).toBe('4.750,,1');
    expect(lines).toHaveLength(21);
  });
});
