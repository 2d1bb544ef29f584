/** A cell of a table. */
export type Cell = string | number;

/** The middle of some numbers, the upper one of two. */
export function medianOf(values: readonly number[]): number {
  return [...values].sort((p, q) => p - q)[values.length >> 1];
}
