import type { Variances } from './noise-level.ts';
import { measureStride, templateStride } from './overlap-cells.ts';
import type { OverlapCells } from './overlap-cells.ts';

/** ux, uy, Hxx, Hxy, Hyy: H d = u is where the content of a cell lies further on, px in a. */
export const scoreStride = 5;

/** What the cells say at one motion. */
export interface CellScores {
  /** [cells · scoreStride] */
  readonly cells: Float64Array;
  /** [cells] 0 for empty ones, below 1 where the residual stands out. */
  readonly weights: Float64Array;
  /** [cells] normalised correlation of a cell's pixels; 0 where it is flat. */
  readonly correlation: Float64Array;
  /** Over all cells, within blocks of one brightness. */
  readonly ncc: number;
  /** Variances of a and of b and their covariance, likewise. */
  readonly variances: Variances;
}

/** Side of the blocks that have a brightness of their own, px of the level, as a rule. */
export const usualToneSidePx = 64;
/** Residual variance of a cell, in medians, from which it weighs less: charging, dirt, what only one tile shows. */
const outlyingResidual = 4;

/**
 * Turns the sums of `measureCells` into scores: one gain for all, one offset for each block of `toneSidePx`, which is
 * rounded to whole cells.
 */
export function scoreCells(cells: OverlapCells, sums: Float64Array, toneSidePx = usualToneSidePx): CellScores {
  const { template, count } = cells;
  const means = toneMeans(cells, sums, toneSidePx);
  const n = count.length;
  const [va, vb, ab] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  let [sumA, sumB, sumAb] = [0, 0, 0];
  for (let k = 0; k < n; k++) {
    const t = k * templateStride;
    const m = k * measureStride;
    const [ma, mb] = [means[2 * k], means[2 * k + 1]];
    va[k] = template[t + 1] - 2 * ma * template[t] + count[k] * ma * ma;
    vb[k] = sums[m + 1] - 2 * mb * sums[m] + count[k] * mb * mb;
    ab[k] = sums[m + 2] - ma * sums[m] - mb * template[t] + count[k] * ma * mb;
    sumA += va[k];
    sumB += vb[k];
    sumAb += ab[k];
  }
  const gain = sumA > 0 && sumB > 0 ? Math.sqrt(sumB / sumA) : 1;
  const scores = new Float64Array(n * scoreStride);
  const residual = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const t = k * templateStride;
    const m = k * measureStride;
    const [ma, mb] = [means[2 * k], means[2 * k + 1]];
    const o = k * scoreStride;
    // Σ g (b − o − γ(a − ō)) / γ
    scores[o] = (sums[m + 3] - mb * template[t + 2]) / gain - (template[t + 4] - ma * template[t + 2]);
    scores[o + 1] = (sums[m + 4] - mb * template[t + 3]) / gain - (template[t + 5] - ma * template[t + 3]);
    scores[o + 2] = template[t + 6];
    scores[o + 3] = template[t + 7];
    scores[o + 4] = template[t + 8];
    residual[k] = count[k] > 0 ? (vb[k] / gain ** 2 + va[k] - (2 * ab[k]) / gain) / count[k] : 0;
  }
  const pixels = Math.max(
    1,
    count.reduce((sum, each) => sum + each, 0),
  );
  return {
    cells: scores,
    weights: weightsOf(residual, count),
    correlation: ab.map((value, k) => (va[k] > 0 && vb[k] > 0 ? value / Math.sqrt(va[k] * vb[k]) : 0)),
    ncc: sumA > 0 && sumB > 0 ? sumAb / Math.sqrt(sumA * sumB) : 0,
    variances: { a: sumA / pixels, b: sumB / pixels, ab: sumAb / pixels },
  };
}

/** [cells · 2] means of a and of b over the block that a cell belongs to. */
function toneMeans(
  { columns, rows, side, template, count }: OverlapCells,
  sums: Float64Array,
  toneSidePx: number,
): Float64Array {
  const cellsAcross = Math.max(1, Math.round(toneSidePx / side));
  const blockColumns = Math.ceil(columns / cellsAcross);
  const blocks = new Float64Array(3 * blockColumns * Math.ceil(rows / cellsAcross));
  const blockOf = (k: number) =>
    3 * (Math.floor(Math.floor(k / columns) / cellsAcross) * blockColumns + Math.floor((k % columns) / cellsAcross));
  for (let k = 0; k < count.length; k++) {
    const at = blockOf(k);
    blocks[at] += count[k];
    blocks[at + 1] += template[k * templateStride];
    blocks[at + 2] += sums[k * measureStride];
  }
  const means = new Float64Array(2 * count.length);
  for (let k = 0; k < count.length; k++) {
    const at = blockOf(k);
    if (blocks[at] === 0) continue;
    means[2 * k] = blocks[at + 1] / blocks[at];
    means[2 * k + 1] = blocks[at + 2] / blocks[at];
  }
  return means;
}

/** Sums of squares and products within one cell of n pixels, beside its means. */
interface CellSums extends Variances {
  readonly n: number;
}

/** Share of the cells that may show what only one of the images has. */
const sparedShare = 0.25;
const sparedRounds = 3;

/**
 * Variances within cells alone, of the cells that agree best under one gain, the worst quarter left out: brightness that
 * is wider than a cell, streaks and patches of charge in one of the images do not count.
 */
export function sparedVariances({ template, count }: OverlapCells, sums: Float64Array): Variances {
  const least = Math.max(...count) / 4;
  const known: CellSums[] = [];
  for (let k = 0; k < count.length; k++) {
    const n = count[k];
    if (n < least || n < 2) continue;
    const [t, m] = [k * templateStride, k * measureStride];
    const a = template[t + 1] - template[t] ** 2 / n;
    const b = sums[m + 1] - sums[m] ** 2 / n;
    known.push({ n, a, b, ab: sums[m + 2] - (template[t] * sums[m]) / n });
  }
  const kept = Math.ceil((1 - sparedShare) * known.length);
  let total = totalOf(known);
  for (let round = 0; round < sparedRounds; round++) {
    if (!(total.a > 0 && total.b > 0)) break;
    const gain = Math.sqrt(total.b / total.a);
    const residual = ({ n, a, b, ab }: CellSums) => (b / gain + a * gain - 2 * ab) / n;
    total = totalOf([...known].sort((p, q) => residual(p) - residual(q)).slice(0, kept));
  }
  return total;
}

/** The mean takes one degree of freedom of each cell. */
function totalOf(cells: readonly CellSums[]): Variances {
  let [a, b, ab, n] = [0, 0, 0, 0];
  for (const cell of cells) {
    a += cell.a;
    b += cell.b;
    ab += cell.ab;
    n += cell.n - 1;
  }
  return { a: a / Math.max(1, n), b: b / Math.max(1, n), ab: ab / Math.max(1, n) };
}

function weightsOf(residual: Float64Array, count: Int32Array): Float64Array {
  const known = residual.filter((_, k) => count[k] > 0).sort();
  const limit = outlyingResidual * known[known.length >> 1];
  return residual.map((value, k) => (count[k] === 0 ? 0 : value > limit && limit > 0 ? limit / value : 1));
}
