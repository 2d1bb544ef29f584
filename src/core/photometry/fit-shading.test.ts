import { describe, expect, it } from 'vitest';
import { translation } from '../geometry/affine2.ts';
import { seededRandom } from '../random.ts';
import { fitShading } from './fit-shading.ts';
import { shadingBasis } from './shading-basis.ts';
import { overlapEvidence, tileSurface } from './shading-evidence.ts';
import type { TileCells } from './shading-evidence.ts';
import { withoutShading } from './shading-field.ts';

const basis = shadingBasis(2);
const shading = Float64Array.of(0.06, -0.04, -0.1, 0.02, -0.08);

/** Tiles of 12 × 10 cells in a grid, 90 px and 70 px apart, all with the shading, each with a gain and content of its own. */
function gridOf(rows: number, columns: number, contentSigma: number, linear: Float64Array = shading) {
  const random = seededRandom(12);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const phi = new Float64Array(5);
  const content = (x: number, y: number) => contentSigma * (Math.sin(x / 23) + Math.cos(y / 31 + x / 57));
  return Array.from({ length: rows * columns }, (_, n): TileCells => {
    const [left, top] = [90 * (n % columns), 70 * Math.floor(n / columns)];
    const logs = Float32Array.from({ length: 120 }, (__, k) => {
      const [i, j] = [k % 12, Math.floor(k / 12)];
      basis.evaluate((2 * i + 1) / 12 - 1, (2 * j + 1) / 10 - 1, phi);
      return (
        linear.reduce((sum, c, p) => sum + c * phi[p], 0) + content(left + 10 * i, top + 10 * j) + 0.002 * normal()
      );
    });
    const size = { width: 120, height: 100 };
    return { size, mosaicFromTile: translation(left, top), width: 12, height: 10, logs, level: 0.05 * normal() };
  });
}

function problemOf(tiles: readonly TileCells[], columns: number) {
  const pairs = tiles.flatMap((_, n) => [
    ...((n + 1) % columns === 0 ? [] : [[n, n + 1] as const]),
    ...(n + columns < tiles.length ? [[n, n + columns] as const] : []),
  ]);
  return {
    basis,
    surfaces: tiles.map((tile) => tileSurface(tile, basis)),
    overlaps: pairs.flatMap(([from, to]) => overlapEvidence(tiles, from, to, basis) ?? []),
    x: Float64Array.from(tiles, ({ mosaicFromTile }) => mosaicFromTile.e),
    y: Float64Array.from(tiles, ({ mosaicFromTile }) => mosaicFromTile.f),
  };
}

describe('fitting the shading that tiles share', () => {
  it('recovers it from surfaces and overlaps, whatever the gains', () => {
    const fit = fitShading(problemOf(gridOf(4, 5, 0), 5));
    shading.forEach((value, p) => {
      expect(Math.abs((fit?.coefficients[p] ?? NaN) - value)).toBeLessThan(0.004);
      expect(fit?.sigmas[p]).toBeLessThan(0.004);
      expect(fit?.sigmas[p]).toBeGreaterThan(0);
    });
  });

  it('tells it from what the tiles show', () => {
    const fit = fitShading(problemOf(gridOf(5, 6, 0.15), 6));
    // What bends is seen in overlaps; a slope only in the mean over the tiles.
    for (const p of [2, 3, 4]) expect(Math.abs((fit?.coefficients[p] ?? NaN) - shading[p])).toBeLessThan(0.02);
  });

  it('is nothing where there is none', () => {
    const none = fitShading(problemOf(gridOf(4, 4, 0.15, new Float64Array(5)), 4));
    for (const value of none?.coefficients ?? []) expect(Math.abs(value)).toBeLessThan(0.01);
  });

  it('is not led by a tile that shows something else, nor by an overlap of other places', () => {
    const tiles = gridOf(4, 5, 0);
    const odd = { ...tiles[7], logs: tiles[7].logs.map((log, k) => log + 0.08 * (k % 12)) };
    const fit = fitShading(
      problemOf(
        tiles.map((tile, n) => (n === 7 ? odd : tile)),
        5,
      ),
    );
    shading.forEach((value, p) => expect(Math.abs((fit?.coefficients[p] ?? NaN) - value)).toBeLessThan(0.02));
  });

  it('goes by the tiles that have a surface, and needs two', () => {
    const problem = problemOf(gridOf(3, 4, 0), 4);
    const some = { ...problem, surfaces: problem.surfaces.map((surface, n) => (n % 4 === 1 ? null : surface)) };
    const fit = fitShading(some);
    shading.forEach((value, p) => expect(Math.abs((fit?.coefficients[p] ?? NaN) - value)).toBeLessThan(0.01));
    expect(
      fitShading({ ...problem, surfaces: problem.surfaces.map((surface, n) => (n === 3 ? surface : null)) }),
    ).toBeNull();
    expect(fitShading(problemOf(gridOf(1, 1, 0), 1))).toBeNull();
  });
});

describe('a picture without its shading', () => {
  it('is divided by the field at each pixel, between all nodes', () => {
    // 1 + 0.01 x + 0.02 y at nodes of a tile of 21 × 11 px.
    const field = {
      columns: 3,
      rows: 3,
      values: Float32Array.from({ length: 9 }, (_, k) => 1 + 0.1 * (k % 3) + 0.1 * Math.floor(k / 3)),
    };
    const size = { width: 21, height: 11 };
    const region = { x: 4, y: 2, width: 17, height: 9 };
    const data = Uint8Array.from({ length: 17 * 9 }, (_, k) => 50 + k);
    const [out] = withoutShading([{ data, width: 17, height: 9 }], field, { region, level: 0, size });
    expect([out.width, out.height]).toEqual([17, 9]);
    out.data.forEach((value, k) => {
      const [x, y] = [4 + (k % 17), 2 + Math.floor(k / 17)];
      expect(value).toBeCloseTo((50 + k) / (1 + 0.01 * x + 0.02 * y), 3);
    });
  });
});
