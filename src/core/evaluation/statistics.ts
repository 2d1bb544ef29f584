/** Middle value (mean of the two middle ones); NaN for none. Infinite values count as they are. */
export function medianOf(values: readonly number[]): number {
  return (quantileOf(values, 0.5, Math.floor) + quantileOf(values, 0.5, Math.ceil)) / 2;
}

/** The sorted value at (n − 1)·fraction, rounded up unless said otherwise; NaN for none. */
export function quantileOf(values: readonly number[], fraction: number, round = Math.ceil): number {
  const sorted = Float64Array.from(values).sort();
  return sorted.length === 0 ? NaN : sorted[round((sorted.length - 1) * fraction)];
}

/** Mean and its standard error; NaN for none. */
export function meanOf(values: readonly number[]): { readonly mean: number; readonly standardError: number } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, n - 1);
  return { mean, standardError: Math.sqrt(variance / n) };
}
