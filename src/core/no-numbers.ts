/** True when there are values and none of them is a number: the answer of a device or a runtime that is broken. */
export function areNoNumbers(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) return false;
  return values.length > 0;
}
