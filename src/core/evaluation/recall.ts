/**
 * Area under the recall curve up to t, divided by t: all errors sorted, recall k/n over error, trapezoid from (0, 0) to
 * t with the last recall held. Failed pairs count as infinite errors; 0 for no errors at all.
 */
export function areaUnderRecall(errors: readonly number[], t: number): number {
  const sorted = [...errors].sort((a, b) => a - b);
  let [area, lastError, lastRecall] = [0, 0, 0];
  for (const [k, error] of sorted.entries()) {
    if (!(error <= t)) break;
    const recall = (k + 1) / sorted.length;
    area += ((recall + lastRecall) / 2) * (error - lastError);
    [lastError, lastRecall] = [error, recall];
  }
  return (area + lastRecall * (t - lastError)) / t;
}
