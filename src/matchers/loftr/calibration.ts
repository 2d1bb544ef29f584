/** Piecewise linear: knots [x, y], both non-decreasing; constant beyond the ends. */
export type Knots = readonly (readonly [number, number])[];

/** What a network's confidence is worth on strips at one scale; measured on images held out from training. */
export interface Calibration {
  /** Resolution of the strips the table is for, as a fraction of full resolution. */
  readonly scale: number;
  /** score = slope · logit(confidence) − spreadSlope · ln(spread); both slopes ≥ 0. */
  readonly slope: number;
  readonly spreadSlope: number;
  /** Score to the share of matches within 1.5 px at full resolution. */
  readonly confidence: Knots;
  /** Spread of the fine heat map to the standard deviation of a match per axis, both px of the strips. */
  readonly sigmaPx: Knots;
}

/** Probabilities and spreads are kept this far from where logarithms end. */
const epsilon = 1e-4;

/** The table for strips at `scale`: that of the nearest scale by ratio; null when there is none. */
export function calibrationFor(tables: readonly Calibration[], scale: number): Calibration | null {
  const distance = (table: Calibration) => Math.abs(Math.log(table.scale / scale));
  return tables.reduce<Calibration | null>(
    (best, table) => (best === null || distance(table) < distance(best) ? table : best),
    null,
  );
}

/**
 * Share of matches with this confidence and spread that are right: rises with the confidence, falls with the spread.
 * 0 (not mutual) stays 0; NaN stays NaN.
 */
export function calibratedConfidence(table: Calibration, confidence: number, spread: number): number {
  if (confidence === 0) return 0;
  const p = Math.min(1 - epsilon, Math.max(epsilon, confidence));
  const score = table.slope * Math.log(p / (1 - p)) - table.spreadSlope * Math.log(Math.max(spread, epsilon));
  return Math.min(1, Math.max(0, interpolate(table.confidence, score)));
}

/** Standard deviation per axis of a right match, px of the strips. */
export function calibratedSigma(table: Calibration, spread: number): number {
  return interpolate(table.sigmaPx, spread);
}

function interpolate(knots: Knots, x: number): number {
  if (!(x > knots[0][0])) return Number.isNaN(x) ? NaN : knots[0][1];
  let low = 0;
  let high = knots.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (knots[middle][0] <= x) low = middle;
    else high = middle;
  }
  if (high === knots.length) return knots[low][1];
  const [x0, y0] = knots[low];
  const [x1, y1] = knots[high];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}
