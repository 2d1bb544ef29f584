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
  return values.length === 0 ? 0 : selectInPlace(values.slice(), values.length >> 1);
}

/** The value at place `rank` of the sorted values, by Hoare's quickselect; disorders them. */
function selectInPlace(values: Float64Array, rank: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const a = values[low];
    const b = values[(low + high) >> 1];
    const c = values[high];
    const pivot = a < b ? (b < c ? b : a < c ? c : a) : a < c ? a : b < c ? c : b;
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const swap = values[i];
      values[i++] = values[j];
      values[j--] = swap;
    }
    if (rank <= j) high = j;
    else if (rank >= i) low = i;
    else break;
  }
  return values[rank];
}
