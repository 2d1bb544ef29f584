/**
 * A symmetric matrix whose entries vanish further than `reach` from the diagonal, its lower half row by row:
 * entry (i, j), i − reach ≤ j ≤ i, is entries[i·(reach + 1) + j − i + reach]. A dense matrix has reach = size − 1.
 */
export interface BandMatrix {
  readonly size: number;
  readonly reach: number;
  readonly entries: Float64Array;
}

/** A band matrix of zeros. */
export function bandMatrix(size: number, reach: number): BandMatrix {
  return { size, reach, entries: new Float64Array(size * (reach + 1)) };
}

/** Adds `value` to entry (i, j) and, as the matrix is symmetric, (j, i); |i − j| ≤ reach. */
export function addEntry({ reach, entries }: BandMatrix, i: number, j: number, value: number): void {
  const row = i > j ? i : j;
  const column = i > j ? j : i;
  entries[row * (reach + 1) + column - row + reach] += value;
}

/**
 * Cholesky factorisation in place, H = L·Lᵀ; O(size · reach²).
 * @returns false when a pivot is not positive: the matrix is singular, indefinite or not finite.
 */
export function factoriseBand({ size, reach, entries }: BandMatrix): boolean {
  const stride = reach + 1;
  for (let i = 0; i < size; i++) {
    const first = i > reach ? i - reach : 0;
    const row = i * stride - i + reach;
    for (let j = first; j <= i; j++) {
      const other = j * stride - j + reach;
      const start = Math.max(first, j > reach ? j - reach : 0);
      let sum = entries[row + j];
      for (let k = start; k < j; k++) sum -= entries[row + k] * entries[other + k];
      if (j < i) entries[row + j] = sum / entries[other + j];
      else {
        if (!(sum > 0) || sum === Infinity) return false;
        entries[row + i] = Math.sqrt(sum);
      }
    }
  }
  return true;
}

/** Solves L·Lᵀ·z = rhs in place with a factor of `factoriseBand`; the right-hand side starts at `at`. */
export function solveBand({ size, reach, entries }: BandMatrix, rhs: Float64Array, at = 0): void {
  const stride = reach + 1;
  for (let i = 0; i < size; i++) {
    const row = i * stride - i + reach;
    let sum = rhs[at + i];
    for (let k = i > reach ? i - reach : 0; k < i; k++) sum -= entries[row + k] * rhs[at + k];
    rhs[at + i] = sum / entries[row + i];
  }
  for (let i = size - 1; i >= 0; i--) {
    const row = i * stride - i + reach;
    const value = rhs[at + i] / entries[row + i];
    rhs[at + i] = value;
    for (let k = i > reach ? i - reach : 0; k < i; k++) rhs[at + k] -= entries[row + k] * value;
  }
}
