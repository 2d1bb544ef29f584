/** A fitted coefficient with its one-sigma error; null where the data cannot tell it from the columns before it. */
export interface Estimate {
  readonly value: number;
  readonly sigma: number;
}

/** A column that keeps less than this share of its variance beside the columns before it says nothing of its own. */
const leastShare = 0.02;

/**
 * Least squares y ≈ Σ c_k·column_k by orthogonalising the columns in order. Later columns explain what earlier ones
 * leave, and a column that is almost a combination of earlier ones is left out (null).
 * @returns one estimate a column and the standard deviation of the residuals; all null with fewer than two points to spare.
 */
export function regress(
  columns: readonly Float64Array[],
  y: Float64Array,
): { readonly estimates: readonly (Estimate | null)[]; readonly residualSigma: number } {
  const n = y.length;
  const basis: { readonly direction: Float64Array; readonly column: number }[] = [];
  /** upper[k][m] = component of column k along basis m. */
  const upper: number[][] = [];
  columns.forEach((column, k) => {
    const rest = column.slice();
    const components = basis.map(({ direction }) => {
      const share = dot(direction, rest);
      for (let i = 0; i < n; i++) rest[i] -= share * direction[i];
      return share;
    });
    const length = Math.sqrt(dot(rest, rest));
    if (!(length * length > leastShare * dot(column, column)) || length === 0) return;
    components.push(length);
    upper.push(components);
    basis.push({ direction: rest.map((value) => value / length), column: k });
  });
  const residual = y.slice();
  const along = basis.map(({ direction }) => {
    const share = dot(direction, residual);
    for (let i = 0; i < n; i++) residual[i] -= share * direction[i];
    return share;
  });
  const spare = n - basis.length;
  const nothing = columns.map(() => null);
  if (spare < 2) return { estimates: nothing, residualSigma: NaN };
  const residualSigma = Math.sqrt(dot(residual, residual) / spare);
  const estimates: (Estimate | null)[] = nothing;
  // Back substitution, of the answer and of the inverse for its errors.
  const count = basis.length;
  const solution = new Float64Array(count);
  for (let m = count - 1; m >= 0; m--) {
    let sum = along[m];
    for (let q = m + 1; q < count; q++) sum -= upper[q][m] * solution[q];
    solution[m] = sum / upper[m][m];
  }
  for (let m = 0; m < count; m++) {
    // Row m of the inverse of the triangular factor.
    const row = new Float64Array(count);
    let squares = 0;
    for (let q = m; q < count; q++) {
      let sum = q === m ? 1 : 0;
      for (let p = m; p < q; p++) sum -= row[p] * upper[q][p];
      row[q] = sum / upper[q][q];
      squares += row[q] * row[q];
    }
    estimates[basis[m].column] = { value: solution[m], sigma: residualSigma * Math.sqrt(squares) };
  }
  return { estimates, residualSigma };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
