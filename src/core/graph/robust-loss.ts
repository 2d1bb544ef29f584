/**
 * Geman–McClure weight of a residual r at scale c: w = (c² / (c² + r²))², the weight whose re-weighted least squares
 * minimises Σ c² r² / (c² + r²). A residual of c keeps a quarter of its weight; an infinite scale is least squares.
 *
 * @see Zhang 1997, "Parameter estimation techniques", table 1
 */
export function gemanMcClureWeight(r: number, c: number): number {
  if (c === Infinity) return 1;
  const ratio = (c * c) / (c * c + r * r);
  return ratio * ratio;
}

/** The upper median; 0 of no values. */
export function medianOf(values: Float64Array): number {
  return values.length === 0 ? 0 : values.slice().sort()[values.length >> 1];
}
