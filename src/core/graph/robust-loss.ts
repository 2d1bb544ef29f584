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

/**
 * Cauchy weight of a residual r at scale c: w = c² / (c² + r²). It never quite gives a link up, so that a poor but right
 * link where few others hold a tile is not sacrificed to a perfect fit of the rest.
 */
export function cauchyWeight(r: number, c: number): number {
  return c === Infinity ? 1 : (c * c) / (c * c + r * r);
}

/** The upper median; 0 of no values. */
export function medianOf(values: Float64Array): number {
  return values.length === 0 ? 0 : values.slice().sort()[values.length >> 1];
}
