import { describe, expect, it } from 'vitest';
import { acquisitionTimeMs, nanometresOf, plausiblePixelSize, stageFromCentre } from './acquisition.ts';

describe('units of length', () => {
  it.each([
    ['pm', 1e-3],
    ['å', 0.1],
    ['Å', 0.1],
    ['angstrom', 0.1],
    ['Angstrom', 0.1],
    ['nm', 1],
    ['nanometer', 1],
    ['um', 1e3],
    ['µm', 1e3],
    ['μm', 1e3],
    ['micron', 1e3],
    ['Microns', 1e3],
    ['micrometer', 1e3],
    ['mm', 1e6],
    ['cm', 1e7],
    ['m', 1e9],
    ['inch', 2.54e7],
    ['in', 2.54e7],
    ['  NM ', 1],
  ])('%j is %d nm', (unit, nm) => {
    expect(nanometresOf(unit)).toBe(nm);
  });

  it.each(['', 'pixel', 's', 'kg', 'reference frame'])('%j is no length', (unit) => {
    expect(nanometresOf(unit)).toBeNull();
  });
});

describe('times of acquisition', () => {
  it.each([
    ['2026:11:22 18:03:59', Date.UTC(2026, 10, 22, 18, 3, 59)],
    ['2026-11-22T18:03:59', Date.UTC(2026, 10, 22, 18, 3, 59)],
    ['  2026-11-22 18:03:59Z\n', Date.UTC(2026, 10, 22, 18, 3, 59)],
    ['2026-11-22T18:03:59.250', Date.UTC(2026, 10, 22, 18, 3, 59, 250)],
    ['2026-11-22T18:03:59.2', Date.UTC(2026, 10, 22, 18, 3, 59, 200)],
    ['2026-11-22T18:03:59+01:30', Date.UTC(2026, 10, 22, 16, 33, 59)],
    ['2026-11-22T18:03:59.125-02:00', Date.UTC(2026, 10, 22, 20, 3, 59, 125)],
  ])('%j is read, as UTC where it names no zone', (text, ms) => {
    expect(acquisitionTimeMs(text)).toBe(ms);
  });

  it.each([
    '',
    'yesterday',
    '2026:13:22 18:03:59',
    '2026:11:22 25:03:59',
    '2026:11:22',
    '26:11:22 18:03:59',
    'on 2026:11:22 18:03:59',
    '2026:11:22 18:03:59 or so',
    '2026:11:22 18:03:59+ab:cd',
    '2026/11/22 18:03:59',
    '2026:11:22_18:03:59',
    '2026:11:22 18:03:59.',
  ])('%j is none', (text) => {
    expect(acquisitionTimeMs(text)).toBeNull();
  });
});

describe('pixel sizes and places', () => {
  it('are positive and finite, or absent', () => {
    expect([4.5, 1e-9].map(plausiblePixelSize)).toEqual([4.5, 1e-9]);
    expect([0, -1, NaN, Infinity, -Infinity].map(plausiblePixelSize)).toEqual([null, null, null, null, null]);
  });

  it('put the upper-left pixel half an image left of and above a centre whose y points up', () => {
    expect(stageFromCentre(1000, 400, 4, { width: 101, height: 21 })).toEqual({ x: 200, y: -110 });
  });

  it('are unknown without a pixel size or with half a position', () => {
    const size = { width: 101, height: 21 };
    expect(stageFromCentre(1, 2, null, size)).toBeNull();
    expect(stageFromCentre(NaN, 2, 4, size)).toBeNull();
    expect(stageFromCentre(1, Infinity, 4, size)).toBeNull();
  });
});
