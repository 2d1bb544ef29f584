import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibratedConfidence, calibratedSigma, calibrationFor, type Calibration } from './calibration.ts';

const table: Calibration = {
  scale: 0.5,
  slope: 0.8,
  spreadSlope: 1.5,
  confidence: [
    [-2, 0.05],
    [0, 0.3],
    [0, 0.3],
    [3, 0.9],
  ],
  sigmaPx: [
    [0.4, 0.2],
    [1, 0.6],
  ],
};

describe('calibration', () => {
  it('reads the table between its knots and holds its ends', () => {
    // logit(0.5) = 0, spread 1: score 0
    expect(calibratedConfidence(table, 0.5, 1)).toBeCloseTo(0.3, 12);
    // score = −1.5 ln(1/e) = 1.5: half way from 0 to 3
    expect(calibratedConfidence(table, 0.5, Math.exp(-1))).toBeCloseTo(0.6, 12);
    expect(calibratedConfidence(table, 1e-9, 5)).toBe(0.05);
    expect(calibratedConfidence(table, 1, 1e-3)).toBe(0.9);
    expect(calibratedSigma(table, 0.7)).toBeCloseTo(0.4, 12);
    expect(calibratedSigma(table, 0)).toBe(0.2);
    expect(calibratedSigma(table, 9)).toBe(0.6);
  });

  it('keeps a match that is not mutual at 0 and does not hide NaN', () => {
    expect(calibratedConfidence(table, 0, 0.1)).toBe(0);
    expect(calibratedConfidence(table, NaN, 0.5)).toBeNaN();
    expect(calibratedConfidence(table, 0.5, NaN)).toBeNaN();
  });

  it('never falls with the confidence and never rises with the spread', () => {
    const unit = fc.double({ min: 1e-6, max: 1, noNaN: true });
    const spread = fc.integer({ min: 10, max: 5000 }).map((n) => n / 1000);
    fc.assert(
      fc.property(unit, unit, spread, spread, (p, q, s, t) => {
        const [low, high] = [Math.min(p, q), Math.max(p, q)];
        const [narrow, wide] = [Math.min(s, t), Math.max(s, t)];
        expect(calibratedConfidence(table, low, s)).toBeLessThanOrEqual(calibratedConfidence(table, high, s));
        expect(calibratedConfidence(table, p, wide)).toBeLessThanOrEqual(calibratedConfidence(table, p, narrow));
        expect(calibratedSigma(table, narrow)).toBeLessThanOrEqual(calibratedSigma(table, wide));
      }),
    );
  });

  it('takes the table of the nearest scale by ratio', () => {
    const full = { ...table, scale: 1 };
    expect(calibrationFor([full, table], 0.6)).toBe(table);
    expect(calibrationFor([full, table], 0.8)).toBe(full);
    expect(calibrationFor([full, table], 0.1)).toBe(table);
    expect(calibrationFor([], 1)).toBeNull();
  });
});
