import { describe, expect, it } from 'vitest';
import { drawnScores } from '../testing/drawn-scores.ts';
import type { DrawnCell } from '../testing/drawn-scores.ts';
import { seededRandom } from '../random.ts';
import { residualSquares, scoresOf } from './cell-normals.ts';
import { cellShifts } from './cell-shifts.ts';

const [columns, rows] = [4, 3];
const lattice = { columns, rows, count: new Int32Array(columns * rows).fill(100) };
const random = seededRandom(8);
const drawn = Array.from({ length: columns * rows }, (): DrawnCell => ({
  displacement: [0.3 + 0.4 * random(), -0.2 + 0.4 * random()],
}));

/** A round cell: its strong direction is any, so that the shift is the displacement. */
const round = (displacement: readonly [number, number], curvature = 50, weight = 1): DrawnCell => ({
  displacement,
  curvature: [curvature, 0, curvature],
  weight,
});

function shiftsOf(cells: readonly DrawnCell[], noiseSlope = 0, scale = 1, grid = lattice) {
  const scores = drawnScores(cells);
  const found = cellShifts(grid, scores, noiseSlope, scale);
  if (found === null) throw new Error('nothing known');
  return { ...found, scores };
}

describe('the shifts of cells', () => {
  it('are their scores against the larger curvature, the noise taken out of it', () => {
    const { shift, precision, scores } = shiftsOf(drawn, 0.1);
    const { squares, known } = residualSquares(scores);
    drawn.forEach((_, k) => {
      const [ux, uy, xx, xy, yy] = scoresOf(scores.cells, k);
      const larger = (xx + yy) / 2 + Math.sqrt(((xx - yy) / 2) ** 2 + xy * xy);
      const structure = larger - 100 * 0.1;
      expect(shift[2 * k]).toBeCloseTo(ux / structure, 12);
      expect(shift[2 * k + 1]).toBeCloseTo(uy / structure, 12);
      const variance = squares / known;
      expect(precision[k]).toBeCloseTo((scores.weights[k] * structure ** 2) / (larger * variance), 9);
    });
  });

  it('count where three tenths of the gradients are structure', () => {
    const cells = drawn.map(() => round([0.2, 0.1]));
    // 100 px of noise: 0.34 leaves 16 of 50, 0.36 leaves 14.
    expect(shiftsOf(cells, 0.34).precision.every((value) => value > 0)).toBe(true);
    expect(cellShifts(lattice, drawnScores(cells), 0.36, 1)).toBeNull();
    const some = shiftsOf(
      cells.map((cell, k) => (k === 5 ? round([0.2, 0.1], 48) : cell)),
      0.344,
    );
    expect([some.precision[5], some.shift[10]]).toEqual([0, 0]);
    expect(some.precision[4]).toBeGreaterThan(0);
  });

  it('are none beyond three px of full resolution, and of cells without weight', () => {
    for (const scale of [1, 0.5]) {
      const cells = drawn.map((_, k) => {
        if (k === 2) return round([0, 2.99 * scale]);
        if (k === 6) return round([-3.01 * scale, 0]);
        return k === 9 ? round([0.1, 0.1], 50, 0) : round([0.1, 0.1]);
      });
      const { shift, precision } = shiftsOf(cells, 0, scale);
      expect([...precision].map((value) => value > 0)).toEqual(cells.map((_, k) => k !== 6 && k !== 9));
      expect([shift[4], shift[5]]).toEqual([0, expect.closeTo(2.99 * scale, 12)]);
      expect([shift[12], shift[13], shift[18], shift[19]]).toEqual([0, 0, 0, 0]);
    }
  });

  it('are forgotten where they are known far worse than the middle one', () => {
    // Of round cells the precision is weight · curvature / variance.
    const cells = drawn.map((_, k) => round([0.1, 0.1], k === 3 ? 14 : k === 7 ? 16 : 50));
    const { precision, noise } = shiftsOf(cells);
    expect([...precision].map((value) => value > 0)).toEqual(cells.map((_, k) => k !== 3));
    expect(precision[7] / precision[0]).toBeCloseTo(16 / 50, 12);
    expect(noise).toBeCloseTo(1 / precision[0], 12);
    // The middle one of eleven, of two the upper: 20 is kept where it is 30 %.
    const upper = shiftsOf(drawn.map((_, k) => round([0.1, 0.1], k < 6 ? 20 : 60)));
    expect(upper.noise).toBeCloseTo(1 / upper.precision[11], 12);
    expect(upper.precision[0]).toBeGreaterThan(0);
    const lower = shiftsOf(drawn.map((_, k) => round([0.1, 0.1], k < 7 ? 20 : 60)));
    expect(lower.noise).toBeCloseTo(1 / lower.precision[0], 12);
  });

  it('share what neighbours along both axes have in common, and are shrunk towards it by their noise', () => {
    const { shift, precision, deviation, shrunk } = shiftsOf(drawn);
    const pairs: (readonly [number, number])[] = [];
    for (let k = 0; k < columns * rows; k++)
      for (let l = k + 1; l < columns * rows; l++) {
        const steps =
          Math.abs((k % columns) - (l % columns)) + Math.abs(Math.floor(k / columns) - Math.floor(l / columns));
        if (steps === 1) pairs.push([k, l]);
      }
    expect(pairs.length).toBe(17);
    const weight = ([k, l]: readonly [number, number]) => Math.min(precision[k], precision[l]);
    const product = ([k, l]: readonly [number, number]) =>
      (shift[2 * k] * shift[2 * l] + shift[2 * k + 1] * shift[2 * l + 1]) / 2;
    const total = pairs.reduce((sum, pair) => sum + weight(pair), 0);
    expect(deviation).toBeCloseTo(pairs.reduce((sum, pair) => sum + weight(pair) * product(pair), 0) / total, 12);
    expect(deviation).toBeGreaterThan(0.05);
    shrunk.forEach((value, i) => {
      const noise = 1 / precision[i >> 1];
      expect(value).toBeCloseTo((shift[i] * deviation) / (deviation + noise), 12);
    });
  });

  it('share nothing where neighbours contradict each other, or have none', () => {
    const chequered = drawn.map((_, k) => {
      const sign = (k + Math.floor(k / columns)) % 2 === 0 ? 1 : -1;
      return round([sign, sign]);
    });
    const { deviation, shrunk } = shiftsOf(chequered);
    expect(deviation).toBe(0);
    expect(shrunk.every((value) => value === 0)).toBe(true);
    const alone = shiftsOf([round([0.5, 0.5])], 0, 1, { columns: 1, rows: 1, count: Int32Array.of(100) });
    expect(alone.deviation).toBe(0);
    // Of cells that tell nothing, nothing is shared either.
    const lone = shiftsOf(drawn.map((_, k) => round([0.5, 0.5], 50, k === 4 ? 1 : 0)));
    expect(lone.deviation).toBe(0);
    expect([...lone.shrunk].every((value) => value === 0)).toBe(true);
  });

  it('are known to 10⁻⁶ px of what fits exactly, and not at all where nothing is known', () => {
    const exact = shiftsOf(drawn.map(() => round([0, 0])));
    expect(exact.precision[0]).toBeCloseTo(50e12, -3);
    expect(cellShifts(lattice, drawnScores(drawn.map((cell) => ({ ...cell, weight: 0 }))), 0, 1)).toBeNull();
  });
});
