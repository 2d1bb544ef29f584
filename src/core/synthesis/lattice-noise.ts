import type { FloatRaster } from '../raster/raster.ts';
import { mixBits } from './random.ts';

/** Uniform in −1…1 for a lattice point. */
export function latticeValue(i: number, j: number, seed: number): number {
  return (latticeBits(i, j, seed) >>> 0) * 2 ** -31 - 1;
}

/** 32 random bits for a lattice point. */
export function latticeBits(i: number, j: number, seed: number): number {
  return mixBits(Math.imul(i, 0x27d4eb2f) ^ Math.imul(j, 0x165667b1) ^ Math.imul(seed, 0x9e3779b9));
}

/**
 * Adds smooth noise in ±`amplitude` with one random value every `periodPx` (C² between them) to a whole raster. The
 * lattice is interpolated down once a row and across with stored weights: about 2 ns a pixel.
 */
export function addLatticeNoise(field: FloatRaster, seed: number, periodPx: number, amplitude: number): void {
  const { width, height, data } = field;
  const columns = Math.floor((width - 1) / periodPx) + 2;
  const weight = new Float32Array(width);
  const cellStart = new Int32Array(columns).fill(width);
  for (let x = width - 1; x >= 0; x--) {
    const cell = Math.floor(x / periodPx);
    weight[x] = fade(x / periodPx - cell);
    cellStart[cell] = x;
  }
  const upper = new Float32Array(columns);
  const lower = new Float32Array(columns);
  const nodes = new Float32Array(columns);
  let row = -1;
  for (let y = 0; y < height; y++) {
    const j = Math.floor(y / periodPx);
    if (j !== row) {
      row = j;
      for (let i = 0; i < columns; i++) {
        upper[i] = amplitude * latticeValue(i, j, seed);
        lower[i] = amplitude * latticeValue(i, j + 1, seed);
      }
    }
    const t = fade(y / periodPx - j);
    for (let i = 0; i < columns; i++) nodes[i] = upper[i] + t * (lower[i] - upper[i]);
    const from = y * width;
    for (let i = 0; i < columns - 1; i++) {
      const left = nodes[i];
      const step = nodes[i + 1] - left;
      const end = cellStart[i + 1];
      for (let x = cellStart[i]; x < end; x++) data[from + x] += left + weight[x] * step;
    }
  }
}

function fade(t: number): number {
  return t * t * t * (t * (6 * t - 15) + 10);
}
