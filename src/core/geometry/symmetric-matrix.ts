/** A pivot that falls below this share of its diagonal entry is rounding, not a number. */
const leastPivotShare = 1e-10;

/**
 * Cholesky factor L of a symmetric positive matrix, L·Lᵀ = A, in place; false when A is not positive definite.
 * @param matrix [n × n] row-major; only the lower triangle is read and written.
 * @param leastPivot What a squared pivot must exceed; 1e-10 of its own diagonal entry when absent.
 */
export function factoriseSymmetric(matrix: Float64Array, n: number, leastPivot?: number): boolean {
  for (let j = 0; j < n; j++)
    for (let i = j; i < n; i++) {
      let sum = matrix[i * n + j];
      for (let k = 0; k < j; k++) sum -= matrix[i * n + k] * matrix[j * n + k];
      if (i > j) matrix[i * n + j] = sum / matrix[j * n + j];
      else if (sum > (leastPivot ?? leastPivotShare * Math.abs(matrix[j * n + j]))) matrix[j * n + j] = Math.sqrt(sum);
      else return false;
    }
  return true;
}

/** Solves L·Lᵀ·x = r in place of `right`, with the factor that `factoriseSymmetric` left in the matrix. */
export function solveFactorised(factor: Float64Array, n: number, right: Float64Array): void {
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) right[i] -= factor[i * n + k] * right[k];
    right[i] /= factor[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) right[i] -= factor[k * n + i] * right[k];
    right[i] /= factor[i * n + i];
  }
}

/**
 * Solves A·x = r for a symmetric positive matrix, in place of `right`; false when A is not positive definite.
 * @param matrix [n × n] row-major; only the lower triangle is read; overwritten by its factor.
 */
export function solveSymmetric(matrix: Float64Array, n: number, right: Float64Array): boolean {
  if (!factoriseSymmetric(matrix, n)) return false;
  solveFactorised(matrix, n, right);
  return true;
}

/** The inverse of a symmetric positive matrix, [n × n] row-major; null when it is not positive definite. */
export function invertSymmetric(matrix: Float64Array, n: number): Float64Array | null {
  const factor = matrix.slice();
  if (!factoriseSymmetric(factor, n)) return null;
  const inverse = new Float64Array(n * n);
  const column = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    column.fill(0);
    column[j] = 1;
    solveFactorised(factor, n, column);
    for (let i = 0; i < n; i++) inverse[i * n + j] = column[i];
  }
  return inverse;
}
