import { dotRows, subtractProduct } from './dense-product.ts';
import type { RowBlock } from './dense-product.ts';

/**
 * A front of the multifrontal factorisation: the columns of a supernode, [height × width], row by row, and what they leave
 * to the rows below, [height − width]², of which the lower triangle counts.
 */
export interface Front {
  readonly panel: Float64Array;
  readonly rest: Float64Array;
}

/** Columns of a panel that are finished before they are taken from the next ones. */
const columnsAtOnce = 48;

/**
 * panel ← L with panel = [L11; L21] (the upper triangle of L11 is not to be read), rest ← rest − L21·L21ᵀ.
 *
 * @returns −1, or the column whose pivot is not positive or not finite.
 */
export function factoriseFront({ panel, rest }: Front, height: number, width: number): number {
  for (let first = 0; first < width; first += columnsAtOnce) {
    const columns = Math.min(columnsAtOnce, width - first);
    const target = rowsOf(panel, first * width + first, width);
    const before = rowsOf(panel, first * width, width);
    subtractProduct(target, before, height - first, before, columns, first, false);
    const failed = factoriseColumns(panel, height, width, first, first + columns);
    if (failed !== -1) return failed;
  }
  const size = height - width;
  const below = rowsOf(panel, width * width, width);
  subtractProduct(rowsOf(rest, 0, size), below, size, below, size, width, true);
  return -1;
}

function rowsOf(values: Float64Array, at: number, stride: number): RowBlock {
  return { values, at, stride };
}

/** Finishes the columns from `first` to before `end`, what comes before them being taken from them already. */
function factoriseColumns(panel: Float64Array, height: number, width: number, first: number, end: number): number {
  let j = first;
  for (; j + 3 <= end; j += 3) {
    const columns = j - first;
    const target = rowsOf(panel, j * width + j, width);
    const before = rowsOf(panel, j * width + first, width);
    subtractProduct(target, before, height - j, before, 3, columns, false);
    const failed = factoriseTile(panel, width, j);
    if (failed !== -1) return failed;
    for (let i = j + 3; i < height; i++) solveRow(panel, i * width + j, j * width + j, width);
  }
  for (; j < end; j++) {
    const at = j * width + first;
    const pivot = panel[j * width + j] - dotRows(panel, at, panel, at, j - first);
    if (!(pivot > 0) || pivot === Infinity) return j;
    const root = Math.sqrt(pivot);
    panel[j * width + j] = root;
    for (let i = j + 1; i < height; i++) {
      const row = i * width;
      panel[row + j] = (panel[row + j] - dotRows(panel, row + first, panel, at, j - first)) / root;
    }
  }
  return -1;
}

/** Cholesky of the three columns on the diagonal at (j, j). */
function factoriseTile(panel: Float64Array, width: number, j: number): number {
  for (let c = j; c < j + 3; c++) {
    const at = c * width;
    let pivot = panel[at + c];
    for (let m = j; m < c; m++) pivot -= panel[at + m] * panel[at + m];
    if (!(pivot > 0) || pivot === Infinity) return c;
    pivot = Math.sqrt(pivot);
    panel[at + c] = pivot;
    for (let r = c + 1; r < j + 3; r++) {
      let sum = panel[r * width + c];
      for (let m = j; m < c; m++) sum -= panel[r * width + m] * panel[at + m];
      panel[r * width + c] = sum / pivot;
    }
  }
  return -1;
}

/** Three entries of a row ← themselves · D⁻ᵀ with D the tile on the diagonal at `d`. */
function solveRow(panel: Float64Array, at: number, d: number, width: number): void {
  const x = panel[at] / panel[d];
  const y = (panel[at + 1] - x * panel[d + width]) / panel[d + width + 1];
  panel[at] = x;
  panel[at + 1] = y;
  panel[at + 2] = (panel[at + 2] - x * panel[d + 2 * width] - y * panel[d + 2 * width + 1]) / panel[d + 2 * width + 2];
}
