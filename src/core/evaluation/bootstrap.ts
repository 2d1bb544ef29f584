import { seededRandom } from '../random.ts';

/** An estimate with its 95 % percentile interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * A statistic of a sample in which unit k counts `weights[k]` times (Σ weights = n); all 1 is the sample itself.
 * Weights instead of copies: sorted orders are made once, and paired differences share their draws.
 */
export type WeightedStatistic = (weights: Uint32Array) => number;

/** Draws of the bootstrap, and their seed. */
export interface BootstrapOptions {
  readonly resamples: number;
  readonly seed: number;
}

export const defaultBootstrap: BootstrapOptions = { resamples: 1000, seed: 20250101 };

/** Share of the resamples on either side of the interval. */
const tail = 0.025;

/**
 * 95 % percentile intervals of statistics of n units (pairs or grids), by resampling the units with replacement. All
 * statistics see the same draws, so the difference of two matchers on the same units is a paired comparison.
 * Resamples in which a statistic is NaN are left out of its interval.
 * @see Efron, Tibshirani 1993, An Introduction to the Bootstrap, section 13.3
 */
export function bootstrapIntervals(
  n: number,
  statistics: readonly WeightedStatistic[],
  { resamples, seed }: BootstrapOptions = defaultBootstrap,
): readonly Interval[] {
  const whole = new Uint32Array(n).fill(1);
  const values = statistics.map((statistic) => statistic(whole));
  if (n === 0) return values.map((value) => ({ value, low: NaN, high: NaN }));
  const random = seededRandom(seed);
  const weights = new Uint32Array(n);
  const drawn = statistics.map(() => new Float64Array(resamples));
  for (let r = 0; r < resamples; r++) {
    weights.fill(0);
    for (let k = 0; k < n; k++) weights[Math.floor(random() * n)]++;
    for (const [s, statistic] of statistics.entries()) drawn[s][r] = statistic(weights);
  }
  return drawn.map((each, s) => {
    const sorted = each.filter((value) => !Number.isNaN(value)).sort();
    const last = sorted.length - 1;
    if (last < 0) return { value: values[s], low: NaN, high: NaN };
    return { value: values[s], low: sorted[Math.round(tail * last)], high: sorted[Math.round((1 - tail) * last)] };
  });
}

/** Weighted mean of one value a unit; NaN values leave their unit out. */
export function meanStatistic(values: readonly number[]): WeightedStatistic {
  return ratioStatistic(
    values.map((value) => (Number.isNaN(value) ? 0 : value)),
    values.map((value) => (Number.isNaN(value) ? 0 : 1)),
  );
}

/** Σ w·numerator / Σ w·denominator; NaN without a denominator. */
export function ratioStatistic(numerators: readonly number[], denominators: readonly number[]): WeightedStatistic {
  return (weights) => {
    let [over, under] = [0, 0];
    for (let k = 0; k < weights.length; k++) {
      // 0 · Infinity would be NaN
      if (weights[k] === 0) continue;
      over += weights[k] * numerators[k];
      under += weights[k] * denominators[k];
    }
    return under === 0 ? NaN : over / under;
  };
}

/** Weighted median of one value a unit (mean of the two middle ones); infinite values count, NaN leave their unit out. */
export function medianStatistic(values: readonly number[]): WeightedStatistic {
  const order = sortedOrder(values);
  return (weights) => {
    let total = 0;
    for (const k of order) total += weights[k];
    if (total === 0) return NaN;
    const [lower, upper] = [Math.floor((total - 1) / 2), Math.ceil((total - 1) / 2)];
    let seen = 0;
    let first = NaN;
    for (const k of order) {
      seen += weights[k];
      if (Number.isNaN(first) && seen > lower) first = values[k];
      if (seen > upper) return first === values[k] ? first : (first + values[k]) / 2;
    }
    return NaN;
  };
}

/**
 * `areaUnderRecall` with weights: `errors` holds the same number of errors for every unit, one unit after the other.
 */
export function recallAreaStatistic(errors: readonly number[], perUnit: number, t: number): WeightedStatistic {
  const order = sortedOrder(errors).filter((k) => errors[k] <= t);
  return (weights) => {
    let total = 0;
    for (let k = 0; k < weights.length; k++) total += weights[k];
    const n = total * perUnit;
    if (n === 0) return NaN;
    let [area, lastError, lastRecall] = [0, 0, 0];
    for (const k of order) {
      const weight = weights[Math.floor(k / perUnit)];
      if (weight === 0) continue;
      // the first of equal errors closes a trapezoid, the others rise upright
      area += (lastRecall + 0.5 / n) * (errors[k] - lastError);
      lastError = errors[k];
      lastRecall += weight / n;
    }
    return (area + lastRecall * (t - lastError)) / t;
  };
}

/** The difference of two statistics of the same units. */
export function differenceStatistic(first: WeightedStatistic, second: WeightedStatistic): WeightedStatistic {
  return (weights) => first(weights) - second(weights);
}

function sortedOrder(values: readonly number[]): Uint32Array {
  const kept = values.flatMap((value, k) => (Number.isNaN(value) ? [] : [k]));
  return Uint32Array.from(kept).sort((i, j) => (values[i] === values[j] ? i - j : values[i] < values[j] ? -1 : 1));
}
