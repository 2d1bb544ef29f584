import { residualSquares, scoresOf } from './cell-normals.ts';
import type { WeightedScores } from './cell-normals.ts';
import type { OverlapCells } from './overlap-cells.ts';

/** A cell that would move further than this from the smooth motion shows something else, full-resolution px. */
const strayPx = 3;
/** Least share of a cell's gradients that is structure, and of the median precision, for it to count. */
const leastStructure = 0.3;
const leastPrecision = 0.3;

/** What each cell of a lattice asks for by itself, px of the level. */
export interface CellShifts {
  /** [cells · 2] displacement along the cell's strong direction; along the weak one less: H·d/λ. */
  readonly shift: Float64Array;
  /** The same shrunk by noise against the spread that neighbours share. */
  readonly shrunk: Float64Array;
  /** [cells] inverse variances, 1/px²; 0 for cells that tell nothing. */
  readonly precision: Float64Array;
  /** Variance an axis that neighbours share, and typical variance by noise, px². */
  readonly deviation: number;
  readonly noise: number;
}

/**
 * The displacement that each cell's score asks for; null when no cell tells anything.
 * @param noiseSlope variance of the noise's slope in a, which says nothing about where the cell lies, per px².
 * @param scale of the level.
 */
export function cellShifts(
  lattice: Pick<OverlapCells, 'columns' | 'rows' | 'count'>,
  scores: WeightedScores,
  noiseSlope: number,
  scale: number,
): CellShifts | null {
  const n = scores.weights.length;
  const shift = new Float64Array(2 * n);
  const precision = new Float64Array(n);
  const { squares, known } = residualSquares(scores);
  const variance = Math.max(1e-12, squares / Math.max(1, known));
  for (let k = 0; k < n; k++) {
    const [ux, uy, xx, xy, yy] = scoresOf(scores.cells, k);
    const both = (xx + yy + Math.hypot(xx - yy, 2 * xy)) / 2;
    const structure = both - lattice.count[k] * noiseSlope;
    if (scores.weights[k] === 0 || !(structure > leastStructure * both)) continue;
    if (Math.hypot(ux, uy) > strayPx * scale * structure) continue;
    shift[2 * k] = ux / structure;
    shift[2 * k + 1] = uy / structure;
    precision[k] = (scores.weights[k] * structure * structure) / (both * variance);
  }
  const middle = medianOf(precision);
  if (middle === null) return null;
  dropVague(precision, leastPrecision * middle);
  const typical = medianOf(precision) ?? middle;
  const deviation = sharedVariance(lattice, shift, precision);
  const shrunk = shift.map((value, i) => {
    const p = precision[i >> 1];
    return p > 0 ? (value * deviation) / (deviation + 1 / p) : 0;
  });
  return { shift, shrunk, precision, deviation, noise: 1 / typical };
}

/** Upper median of what is above 0; null when nothing is. */
function medianOf(precision: Float64Array): number | null {
  const known = precision.filter((value) => value > 0).sort();
  return known.length === 0 ? null : known[known.length >> 1];
}

/** Sets to 0 what is known far worse than the middle cell: a bent model would be pulled by what is hardly seen. */
function dropVague(precision: Float64Array, least: number): void {
  for (let k = 0; k < precision.length; k++) if (precision[k] < least) precision[k] = 0;
}

/** Mean product of the displacements of neighbours, an axis: noise is independent from cell to cell. */
function sharedVariance(
  { columns, rows }: Pick<OverlapCells, 'columns' | 'rows'>,
  shift: Float64Array,
  precision: Float64Array,
): number {
  let [products, weights] = [0, 0];
  const add = (k: number, l: number) => {
    const w = Math.min(precision[k], precision[l]);
    products += (w * (shift[2 * k] * shift[2 * l] + shift[2 * k + 1] * shift[2 * l + 1])) / 2;
    weights += w;
  };
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) {
      if (i + 1 < columns) add(j * columns + i, j * columns + i + 1);
      if (j + 1 < rows) add(j * columns + i, (j + 1) * columns + i);
    }
  return weights > 0 ? Math.max(0, products / weights) : 0;
}
