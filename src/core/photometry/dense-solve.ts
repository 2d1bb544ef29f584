/** The inverse of a small symmetric positive definite matrix [k × k], by Cholesky; null when it is singular. */
export function invertSymmetric(matrix: Float64Array, k: number): Float64Array | null {
  const factor = matrix.slice();
  for (let j = 0; j < k; j++) {
    for (let i = j; i < k; i++) {
      let sum = factor[i * k + j];
      for (let p = 0; p < j; p++) sum -= factor[i * k + p] * factor[j * k + p];
      if (i === j) {
        if (!(sum > 1e-12 * Math.abs(matrix[j * k + j])) || !(sum > 0)) return null;
        factor[j * k + j] = Math.sqrt(sum);
      } else factor[i * k + j] = sum / factor[j * k + j];
    }
  }
  const inverse = new Float64Array(k * k);
  const column = new Float64Array(k);
  for (let c = 0; c < k; c++) {
    for (let i = 0; i < k; i++) {
      let sum = i === c ? 1 : 0;
      for (let p = 0; p < i; p++) sum -= factor[i * k + p] * column[p];
      column[i] = sum / factor[i * k + i];
    }
    for (let i = k - 1; i >= 0; i--) {
      let sum = column[i];
      for (let p = i + 1; p < k; p++) sum -= factor[p * k + i] * column[p];
      column[i] = sum / factor[i * k + i];
    }
    for (let i = 0; i < k; i++) inverse[i * k + c] = column[i];
  }
  return inverse;
}
