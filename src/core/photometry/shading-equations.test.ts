import { describe, expect, it } from 'vitest';
import { translation } from '../geometry/affine2.ts';
import { seededRandom } from '../random.ts';
import { fitShading } from './fit-shading.ts';
import type { ShadingProblem } from './fit-shading.ts';
import { shadingBasis } from './shading-basis.ts';
import { overlapEvidence, tileSurface } from './shading-evidence.ts';
import type { TileCells } from './shading-evidence.ts';

const k = 5;
const basis = shadingBasis(2);

/** Tiles of 9 × 8 cells in a grid, with a shading, gains, content of their own and noise. */
function problemOf(rows: number, columns: number, seed: number, strength: number): ShadingProblem {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const shading = Float64Array.from({ length: k }, () => strength * normal());
  const phi = new Float64Array(k);
  const tiles = Array.from({ length: rows * columns }, (_, n): TileCells => {
    const [left, top] = [60 * (n % columns), 50 * Math.floor(n / columns)];
    const own = Float64Array.from({ length: k }, () => 0.03 * normal());
    const logs = Float32Array.from({ length: 72 }, (__, cell) => {
      basis.evaluate((2 * (cell % 9) + 1) / 9 - 1, (2 * Math.floor(cell / 9) + 1) / 8 - 1, phi);
      return phi.reduce((sum, value, p) => sum + (shading[p] + own[p]) * value, 0) + 0.01 * normal();
    });
    return {
      size: { width: 90, height: 80 },
      mosaicFromTile: translation(left, top),
      width: 9,
      height: 8,
      logs,
      level: 0.1 * normal(),
    };
  });
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

/** The inverse of a matrix by Gauss and Jordan. */
function inverted(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))]);
  for (let c = 0; c < n; c++) {
    let best = c;
    for (let r = c; r < n; r++) if (Math.abs(rows[r][c]) > Math.abs(rows[best][c])) best = r;
    [rows[c], rows[best]] = [rows[best], rows[c]];
    rows[c] = rows[c].map((value, _, all) => value / all[c]);
    for (let r = 0; r < n; r++) if (r !== c) rows[r] = rows[r].map((value, j, all) => value - all[c] * rows[c][j]);
  }
  return rows.map((row) => row.slice(n));
}

/** The upper median. */
const medianOf = (values: readonly number[]) => [...values].sort((p, q) => p - q)[values.length >> 1];
/** Geman and McClure: 1 / (1 + (r/s)²)². */
const loss = (residual: number, scale: number) => 1 / (1 + (residual / scale) ** 2) ** 2;

/** Coefficients and gains together by the whole dense normal equations, re-weighted six times. */
function denseFit({ surfaces, overlaps }: ShadingProblem, included: (i: number) => boolean) {
  const n = surfaces.length;
  const members = surfaces.filter((surface, i) => surface !== null && included(i)) as Float64Array[];
  const all = Array.from({ length: k }, (_, p) => p);
  let shading = all.map((p) => medianOf(members.map((surface) => surface[p])));
  const spread = all.map((p) =>
    Math.max(1e-3, 1.4826 * medianOf(members.map((surface) => Math.abs(surface[p] - shading[p])))),
  );
  const isIn = overlaps.map(({ from, to }) => included(from) && included(to));
  let weights: readonly number[] = isIn.map(Number);
  let [noise, sigmaGain] = [0.02, 0.3];
  let sigmas = spread;
  for (let round = 0; round < 6; round++) {
    // Unknowns: the coefficients, then the gains.
    const size = k + n;
    const normal = Array.from({ length: size }, () => new Array<number>(size).fill(0));
    const right = new Array<number>(size).fill(0);
    for (const p of all)
      for (const surface of members) {
        const w = loss((surface[p] - shading[p]) / spread[p], 3) / spread[p] ** 2;
        normal[p][p] += w;
        right[p] += w * surface[p];
      }
    for (let i = 0; i < n; i++) normal[k + i][k + i] += 1 / sigmaGain ** 2;
    overlaps.forEach(({ from, to, count, d, dd, y, dy }, l) => {
      const w = weights[l] / (16 * noise ** 2);
      for (const [i, s] of [
        [k + from, 1],
        [k + to, -1],
      ]) {
        right[i] += w * s * y;
        for (const [j, t] of [
          [k + from, 1],
          [k + to, -1],
        ])
          normal[i][j] += w * s * t * count;
        for (const p of all) {
          normal[i][p] += w * s * d[p];
          normal[p][i] += w * s * d[p];
        }
      }
      for (const p of all) {
        right[p] += w * dy[p];
        for (const q of all) normal[p][q] += w * dd[p * k + q];
      }
    });
    const inverse = inverted(normal);
    const solved = inverse.map((row) => row.reduce((sum, value, j) => sum + value * right[j], 0));
    shading = solved.slice(0, k);
    sigmas = all.map((p) => Math.sqrt(inverse[p][p]));
    const gains = solved.slice(k);
    const residuals = overlaps.map(({ from, to, count, d, dd, y, dy, yy }) => {
      const g = gains[from] - gains[to];
      let sum = yy + g * g * count - 2 * g * y;
      for (const p of all) {
        sum += 2 * shading[p] * (g * d[p] - dy[p]);
        for (const q of all) sum += shading[p] * shading[q] * dd[p * k + q];
      }
      return Math.sqrt(Math.max(0, sum) / count);
    });
    noise = Math.max(2e-3, medianOf(residuals.filter((_, l) => isIn[l])));
    weights = residuals.map((residual, l) => (isIn[l] ? loss(residual, 3 * noise) : 0));
    const active = gains.filter((_, i) => included(i));
    sigmaGain = Math.max(0.01, Math.sqrt(active.reduce((sum, gain) => sum + gain * gain, 0) / active.length));
  }
  return { shading, sigmas };
}

/** The jackknife over up to twelve groups of tiles, and what is believed of each coefficient. */
function definition(problem: ShadingProblem) {
  const n = problem.surfaces.length;
  const groups = Math.min(12, n);
  const whole = denseFit(problem, () => true);
  const parts = Array.from({ length: groups }, (_, group) => denseFit(problem, (i) => i % groups !== group).shading);
  const sigmas = whole.sigmas.map((sigma, p) => {
    const mean = parts.reduce((sum, part) => sum + part[p], 0) / groups;
    const squares = parts.reduce((sum, part) => sum + (part[p] - mean) ** 2, 0);
    return Math.max(sigma, Math.sqrt((squares * (groups - 1)) / groups));
  });
  const coefficients = whole.shading.map((value, p) => {
    const score = Math.abs(value) / sigmas[p] / (1 + 8 / n);
    return value * Math.min(1, Math.max(0, (score - 2.5) / 1.5));
  });
  return { coefficients, sigmas };
}

describe('the equations of a shading', () => {
  it.each([
    [2, 2, 1, 0.3],
    [2, 3, 2, 0.3],
    [3, 4, 3, 0.1],
    [2, 7, 4, 0.2],
    [3, 5, 5, 0.08],
  ])('are solved as all at once, and believed by the jackknife: %d × %d tiles', (rows, columns, seed, strength) => {
    const problem = problemOf(rows, columns, seed, strength);
    const fit = fitShading(problem);
    const truth = definition(problem);
    truth.sigmas.forEach((value, p) => expect((fit?.sigmas[p] ?? NaN) / value).toBeCloseTo(1, 5));
    truth.coefficients.forEach((value, p) => expect(fit?.coefficients[p]).toBeCloseTo(value, 7));
    // Some are kept, some fade or go.
    expect(truth.coefficients.some((value) => value !== 0)).toBe(true);
  });

  it('are those of the tiles that have a surface, and of the overlaps that agree', () => {
    const problem = problemOf(3, 4, 6, 0.2);
    const wrong = problem.overlaps.map((overlap, l) =>
      l === 3
        ? {
            ...overlap,
            y: overlap.y + 0.5 * overlap.count,
            yy: overlap.yy + overlap.y + 0.25 * overlap.count,
            dy: overlap.dy.map((value, p) => value + 0.5 * overlap.d[p]),
          }
        : overlap,
    );
    const odd = {
      ...problem,
      overlaps: wrong,
      surfaces: problem.surfaces.map((surface, i) => (i === 5 ? null : surface)),
    };
    const fit = fitShading(odd);
    const truth = definition(odd);
    truth.sigmas.forEach((value, p) => expect((fit?.sigmas[p] ?? NaN) / value).toBeCloseTo(1, 5));
    truth.coefficients.forEach((value, p) => expect(fit?.coefficients[p]).toBeCloseTo(value, 7));
  });
});
