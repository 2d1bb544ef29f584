import { describe, expect, it } from 'vitest';
import { applyAffine, identityAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { sampleLine } from '../raster/sample-line.ts';
import { layCells, measureCells, measureStride, templateStride } from './overlap-cells.ts';
import type { OverlapCells } from './overlap-cells.ts';
import { seededRandom } from '../random.ts';

function rough(width: number, height: number, seed: number): FloatRaster {
  const random = seededRandom(seed);
  return { data: Float32Array.from({ length: width * height }, () => 10 * random()), width, height };
}

function lay(a: FloatRaster, b: FloatRaster, bFromA: Affine2, side: number, marginPx: number): OverlapCells {
  const cells = layCells(a, b, bFromA, side, marginPx);
  if (cells === null) throw new Error('nothing in common');
  return cells;
}

/** The definition: pixels `margin` or more inside a, whose images lie as far inside b (half a pixel less of its edge). */
function commonPixels(a: FloatRaster, b: FloatRaster, bFromA: Affine2, margin: number): [number, number][] {
  const found: [number, number][] = [];
  for (let y = 0; y < a.height; y++)
    for (let x = 0; x < a.width; x++) {
      const q = applyAffine(bFromA, x, y);
      const isInA = x >= margin && y >= margin && x <= a.width - 1 - margin && y <= a.height - 1 - margin;
      const isInB = Math.min(q.x, q.y, b.width - 1 - q.x, b.height - 1 - q.y) >= margin - 0.5;
      if (isInA && isInB) found.push([x, y]);
    }
  return found;
}

function pixelsOf({ x, y, from, to }: OverlapCells): [number, number][] {
  const found: [number, number][] = [];
  from.forEach((first, j) => {
    for (let i = first; i < to[j]; i++) found.push([i, y + j]);
  });
  expect(found.every(([u]) => u >= x)).toBe(true);
  return found;
}

const turned = (rad: number, e: number, f: number): Affine2 => ({
  a: Math.cos(rad),
  b: Math.sin(rad),
  c: -Math.sin(rad),
  d: Math.cos(rad),
  e,
  f,
});

const maps: readonly (readonly [string, Affine2])[] = [
  ['as it is', identityAffine],
  ['moved back', translation(-9.25, 3.5)],
  ['moved on', translation(11.6, -7.1)],
  ['turned', turned(0.35, 3, -6)],
  ['turned back', turned(-0.4, -4, 12)],
  ['upside down', turned(Math.PI, 52, 37)],
  ['on its side', { a: 0, b: 1, c: -1, d: 0, e: 44, f: -3 }],
  ['mirrored', { a: -1, b: 0, c: 0, d: 1, e: 49.25, f: 0.25 }],
  ['sheared and stretched', { a: 1.2, b: -0.15, c: 0.3, d: 0.9, e: -8.037, f: 5.071 }],
];

describe('the lattice of an overlap', () => {
  const [a, b] = [rough(51, 38, 1), rough(49, 42, 2)];

  it.each(maps)('covers the pixels that both show, b %s', (_name, bFromA) => {
    for (const marginPx of [0, 1, 3]) {
      const cells = lay(a, b, bFromA, 9, marginPx);
      const common = commonPixels(a, b, bFromA, Math.max(1, marginPx));
      expect(pixelsOf(cells)).toEqual(common);
      const xs = common.map(([x]) => x);
      const ys = common.map(([, y]) => y);
      expect([cells.x, cells.y]).toEqual([Math.min(...xs), Math.min(...ys)]);
      const [wide, high] = [Math.max(...xs) - cells.x + 1, Math.max(...ys) - cells.y + 1];
      expect(cells.from.length).toBe(high);
      expect([cells.columns, cells.rows]).toEqual([Math.ceil(wide / cells.side), Math.ceil(high / cells.side)]);
      // Stretched rather than cut into slivers: about as many cells of `side` as fit, to the nearest.
      const across = Math.max(1, Math.round(wide / 9));
      const down = Math.max(1, Math.round(high / 9));
      expect(cells.side).toBe(Math.max(Math.ceil(wide / across), Math.ceil(high / down)));
    }
  });

  it.each(maps)('holds the sums of the template over each cell, b %s', (_name, bFromA) => {
    const cells = lay(a, b, bFromA, 9, 2);
    const at = (x: number, y: number) => a.data[y * a.width + x];
    const template = new Float64Array(cells.columns * cells.rows * templateStride);
    const places = Array.from({ length: cells.columns * cells.rows }, (): [number, number][] => []);
    for (const [x, y] of commonPixels(a, b, bFromA, 2)) {
      const cell = Math.floor((y - cells.y) / cells.side) * cells.columns + Math.floor((x - cells.x) / cells.side);
      const [gx, gy] = [(at(x + 1, y) - at(x - 1, y)) / 2, (at(x, y + 1) - at(x, y - 1)) / 2];
      const v = at(x, y);
      [v, v * v, gx, gy, v * gx, v * gy, gx * gx, gx * gy, gy * gy].forEach(
        (value, i) => (template[cell * templateStride + i] += value),
      );
      places[cell].push([x, y]);
    }
    template.forEach((value, i) => expect(cells.template[i]).toBeCloseTo(value, 6));
    expect([...cells.count]).toEqual(places.map((list) => list.length));
    places.forEach((list, cell) => {
      const mean = (axis: 0 | 1) => list.reduce((sum, place) => sum + place[axis], 0) / Math.max(1, list.length);
      expect([cells.centre[2 * cell], cells.centre[2 * cell + 1]]).toEqual([
        expect.closeTo(mean(0), 9),
        expect.closeTo(mean(1), 9),
      ]);
    });
  });

  it.each(maps)('is measured where the motion and the shifts put its pixels, b %s', (_name, bFromA) => {
    const cells = lay(a, b, bFromA, 9, 2);
    const random = seededRandom(5);
    const shifts = Float64Array.from({ length: 2 * cells.count.length }, () => 2 * random() - 1);
    for (const shift of [null, shifts]) {
      const expected = new Float64Array(cells.count.length * measureStride);
      for (const [x, y] of commonPixels(a, b, bFromA, 2)) {
        const cell = Math.floor((y - cells.y) / cells.side) * cells.columns + Math.floor((x - cells.x) / cells.side);
        const q = applyAffine(bFromA, x + (shift?.[2 * cell] ?? 0), y + (shift?.[2 * cell + 1] ?? 0));
        const sample = new Float32Array(1);
        sampleLine(b, q.x, q.y, 1, 0, 1, sample, 0);
        const at = (u: number, v: number) => a.data[v * a.width + u];
        const [gx, gy] = [(at(x + 1, y) - at(x - 1, y)) / 2, (at(x, y + 1) - at(x, y - 1)) / 2];
        const [value] = sample;
        [value, value * value, at(x, y) * value, gx * value, gy * value].forEach(
          (term, i) => (expected[cell * measureStride + i] += term),
        );
      }
      const into = new Float64Array(expected.length).fill(77);
      measureCells(cells, a, b, bFromA, shift, into);
      expected.forEach((value, i) => expect(Math.abs(into[i] - value)).toBeLessThan(2e-3));
    }
  });

  it('is none where less than a cell is common', () => {
    // 8 × 8 px of each remain inside a margin of 1; a shift leaves fewer columns.
    const [small, other] = [rough(10, 10, 3), rough(10, 10, 4)];
    expect(layCells(small, other, identityAffine, 8, 1)?.count).toEqual(Int32Array.of(64));
    expect(layCells(small, other, translation(1, 0), 8, 1)).toBeNull();
    expect(layCells(small, other, translation(0, -1), 8, 1)).toBeNull();
    expect(layCells(small, other, translation(40, 0), 3, 1)).toBeNull();
    expect(layCells(small, other, translation(0, 40), 3, 1)).toBeNull();
    expect(layCells(small, other, translation(0, -40), 3, 1)).toBeNull();
  });
});
