import { describe, expect, it } from 'vitest';
import { identityAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { SampleType } from '../raster/raster.ts';
import { shadingBasis } from './shading-basis.ts';
import { overlapEvidence, tileCells, tileSurface } from './shading-evidence.ts';
import type { TileCells } from './shading-evidence.ts';

const place = { size: { width: 100, height: 80 }, mosaicFromTile: identityAffine };
const rasterOf = (values: readonly number[], width = values.length) => ({
  data: Float32Array.from(values),
  width,
  height: values.length / width,
});

describe('the cells of a tile', () => {
  it('are logarithms of its values over their median', () => {
    const cells = tileCells(rasterOf([50, 100, 200, 100, 100, 80], 3), 'uint8', place);
    expect(cells).toMatchObject({ ...place, width: 3, height: 2, level: Math.log(100) });
    [0.5, 1, 2, 1, 1, 0.8].forEach((ratio, k) => expect(cells?.logs[k]).toBeCloseTo(Math.log(ratio), 6));
  });

  it('tell nothing where they are clipped, or far from the median', () => {
    const told = (values: readonly number[], type: SampleType) =>
      Array.from(tileCells(rasterOf([...values, ...Array<number>(7).fill(100)]), type, place)?.logs ?? []).map(
        (log) => log === log,
      );
    const common = Array<boolean>(7).fill(true);
    // 2 % of 255 is 5.1: of a median of 100 all below 25 and above 300 tells nothing anyway.
    expect(told([25, 26, 249, 250], 'uint8')).toEqual([false, true, true, false, ...common]);
    // Below their end other types tell what lies above nothing.
    expect(told([25, 26, 249, 250], 'uint16')).toEqual([false, true, true, true, ...common]);
    expect(told([-1, 0, 1, 26], 'int16')).toEqual([false, false, false, true, ...common]);
    expect(told([25, 26, 299, 300], 'float32')).toEqual([false, true, true, false, ...common]);
    expect(told([0, -5, 50, Infinity], 'float32')).toEqual([false, false, true, false, ...common]);
    const dark = tileCells(rasterOf([5, 6, 10, 10, 10, 10]), 'uint8', place);
    expect(dark && dark.logs[0] !== dark.logs[0] && dark.logs[1] === dark.logs[1]).toBe(true);
  });

  it.each([
    ['uint16', 64_224, 64_225],
    ['int16', 32_111, 32_112],
    ['uint8', 249, 250],
  ] as const)('of %s are clipped from 98 %% of the type on', (type, last, first) => {
    expect(tileCells(rasterOf(Array<number>(9).fill(last)), type, place)).not.toBeNull();
    expect(tileCells(rasterOf(Array<number>(9).fill(first)), type, place)).toBeNull();
  });

  it('are none where fewer than 60 % of them can be used, or the median is not positive', () => {
    const share = (good: number) => [...Array<number>(good).fill(100), ...Array<number>(10 - good).fill(255)];
    expect(tileCells(rasterOf(share(6)), 'uint8', place)).not.toBeNull();
    expect(tileCells(rasterOf(share(5)), 'uint8', place)).toBeNull();
    expect(tileCells(rasterOf(Array<number>(9).fill(-3)), 'float32', place)).toBeNull();
    expect(tileCells(rasterOf([]), 'float32', place)).toBeNull();
  });
});

const basis = shadingBasis(2);
const truth = Float64Array.of(0.1, -0.05, 0.03, 0.02, -0.04);

/** Cells whose logarithm is the surface at their place, and `step` more of the whole. */
function surfaceCells(width: number, height: number, mosaicFromTile: Affine2, level = 0, linear = truth): TileCells {
  const phi = new Float64Array(5);
  const logs = Float32Array.from({ length: width * height }, (_, n) => {
    basis.evaluate((2 * ((n % width) + 0.5)) / width - 1, (2 * (Math.floor(n / width) + 0.5)) / height - 1, phi);
    return linear.reduce((sum, c, k) => sum + c * phi[k], 0);
  });
  return { size: { width: 10 * width, height: 10 * height }, mosaicFromTile, width, height, logs, level };
}

describe('the surface of a tile', () => {
  it('is that of its cells, whatever their mean, from those that tell something', () => {
    const cells = surfaceCells(12, 9, identityAffine);
    const logs = cells.logs.map((log, n) => (n % 5 === 3 ? NaN : log + 7));
    const found = tileSurface({ ...cells, logs }, basis);
    expect(found?.length).toBe(5);
    truth.forEach((value, k) => expect(found?.[k]).toBeCloseTo(value, 5));
  });

  it('is none where the cells do not determine it', () => {
    const cells = surfaceCells(12, 9, identityAffine);
    expect(tileSurface({ ...cells, logs: cells.logs.map((log, n) => (n < 12 ? log : NaN)) }, basis)).toBeNull();
    expect(tileSurface({ ...cells, logs: cells.logs.map(() => NaN) }, basis)).toBeNull();
  });
});

describe('the evidence of an overlap', () => {
  // b lies 60 px to the right and 20 px further down: six columns and two rows of cells.
  const tiles = [surfaceCells(12, 9, identityAffine, 0.5), surfaceCells(12, 9, translation(60, 20), 0.2)] as const;

  it('are sums over the cells that both tiles show', () => {
    const found = overlapEvidence(tiles, 0, 1, basis);
    const k = 5;
    const [d, dd, dy] = [new Float64Array(k), new Float64Array(k * k), new Float64Array(k)];
    let [count, y, yy] = [0, 0, 0];
    const [phiA, phiB] = [new Float64Array(k), new Float64Array(k)];
    for (let j = 2; j < 9; j++)
      for (let i = 6; i < 12; i++) {
        basis.evaluate((2 * i + 1) / 12 - 1, (2 * j + 1) / 9 - 1, phiA);
        basis.evaluate((2 * (i - 6) + 1) / 12 - 1, (2 * (j - 2) + 1) / 9 - 1, phiB);
        const value = 0.3 + truth.reduce((sum, c, p) => sum + c * (phiA[p] - phiB[p]), 0);
        count++;
        y += value;
        yy += value * value;
        for (let p = 0; p < k; p++) {
          d[p] += phiA[p] - phiB[p];
          dy[p] += (phiA[p] - phiB[p]) * value;
          for (let q = 0; q < k; q++) dd[p * k + q] += (phiA[p] - phiB[p]) * (phiA[q] - phiB[q]);
        }
      }
    expect(found).toMatchObject({ from: 0, to: 1, count: 42 });
    expect(count).toBe(42);
    expect(found?.y).toBeCloseTo(y, 4);
    expect(found?.yy).toBeCloseTo(yy, 4);
    d.forEach((value, p) => expect(found?.d[p]).toBeCloseTo(value, 9));
    dy.forEach((value, p) => expect(found?.dy[p]).toBeCloseTo(value, 4));
    dd.forEach((value, p) => expect(found?.dd[p]).toBeCloseTo(value, 9));
  });

  it('interpolates between the cells of the other tile, and takes none beside one that tells nothing', () => {
    // A slope of 0.01 a cell: half a cell further it is 0.005 less.
    const slope = (shift: number, hole = -1): TileCells => ({
      ...surfaceCells(12, 9, translation(shift, 0)),
      logs: Float32Array.from({ length: 108 }, (_, n) =>
        n === hole ? NaN : 0.01 * (n % 12) + 0.02 * Math.floor(n / 12),
      ),
    });
    const half = overlapEvidence([slope(0), slope(5)], 0, 1, basis);
    // Cells 1 … 11 of a lie between two of b.
    expect(half?.count).toBe(99);
    expect(half?.y).toBeCloseTo(99 * 0.005, 5);
    expect(overlapEvidence([slope(0), slope(5, 12 * 4 + 6)], 0, 1, basis)?.count).toBe(97 - 2);
    expect(overlapEvidence([slope(0, 12 * 4 + 6), slope(5)], 0, 1, basis)?.count).toBe(98);
  });

  it('is none of fewer than 24 cells', () => {
    const beside = (shift: number) =>
      overlapEvidence([tiles[0], { ...tiles[1], mosaicFromTile: translation(shift, 10) }], 0, 1, basis);
    expect(beside(90)?.count).toBe(24);
    expect(beside(100)).toBeNull();
    expect(beside(500)).toBeNull();
  });

  it('leaves out what differs from most by more than 3.5 robust sigmas, of 1 % at least', () => {
    const other = (odd: number): TileCells => ({
      ...surfaceCells(12, 9, identityAffine),
      logs: Float32Array.from({ length: 108 }, (_, n) => (n === 50 ? odd : 0)),
    });
    const flat = other(0);
    expect(overlapEvidence([other(0.0349), flat], 0, 1, basis)?.count).toBe(108);
    expect(overlapEvidence([other(0.0351), flat], 0, 1, basis)?.count).toBe(107);
    expect(overlapEvidence([other(-0.0351), flat], 0, 1, basis)?.count).toBe(107);
    // Half of the cells 0.02 up, half down: 1.4826 · 0.02 · 3.5 = 0.104 about the median.
    const uneven = (odd: number): TileCells => ({
      ...flat,
      logs: Float32Array.from({ length: 108 }, (_, n) =>
        n === 50 ? odd : n % 3 === 0 ? 0 : n % 3 === 1 ? 0.02 : -0.02,
      ),
    });
    expect(overlapEvidence([uneven(0.1), flat], 0, 1, basis)?.count).toBe(108);
    expect(overlapEvidence([uneven(0.11), flat], 0, 1, basis)?.count).toBe(107);
  });
});
