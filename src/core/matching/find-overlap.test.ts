import { describe, expect, it } from 'vitest';
import { translation } from '../geometry/affine2.ts';
import { backedPlace } from './find-overlap.ts';
import type { ComparedPlace } from './find-overlap.ts';
import { logNormalTail } from './significance.ts';

const place = (more: Partial<ComparedPlace> = {}): ComparedPlace => ({
  aFromB: translation(3, 4),
  z: 5,
  rival: 1,
  structureNcc: 0.97,
  sparedNcc: 0.96,
  support: 6,
  sum: 12,
  ...more,
});
const middle = [30, 60] as const;
const backed = (places: readonly ComparedPlace[], leastZ = 3.5) => backedPlace(places, middle, leastZ);

describe('an overlap that matches back', () => {
  it('says where it lies and what speaks for it', () => {
    expect(backed([place()])).toEqual({
      kind: 'overlap',
      aFromB: translation(3, 4),
      z: 5,
      rivalZ: 1,
      structureNcc: 0.97,
      sparedNcc: 0.96,
      isBacked: true,
    });
    expect(backed([])).toBeNull();
  });

  it.each([
    ['its fit', { z: 3.5 }, { z: 3.49 }],
    ['the support of the matches', { support: 3 }, { support: 2.99 }],
    ['the sum of both', { sum: 8 }, { sum: 7.99 }],
    ['the structure that agrees', { structureNcc: 0.95 }, { structureNcc: 0.949 }],
  ] as const)('needs %s', (_, enough, tooLittle) => {
    expect(backed([place(enough)])).not.toBeNull();
    expect(backed([place(tooLittle)])).toBeNull();
  });

  it('needs a better fit where there may be nothing but noise', () => {
    expect(backed([place({ z: 4.5 })], 4.5)).not.toBeNull();
    expect(backed([place({ z: 4.49 })], 4.5)).toBeNull();
  });

  it('is the best of those that show the same structure', () => {
    const best = place({ aFromB: translation(3, 9), sum: 14 });
    expect(backed([place(), best])?.aFromB).toEqual(best.aFromB);
    expect(backed([best, place()])?.aFromB).toEqual(best.aFromB);
    const other = place({ aFromB: translation(90, 0), sum: 50, structureNcc: 0.9 });
    expect(backed([other, best])?.aFromB).toEqual(best.aFromB);
  });

  it('has a lead of three over what shows the same structure elsewhere', () => {
    const elsewhere = (sum: number, x = 3 + 7.01) => place({ aFromB: translation(x, 4), sum });
    expect(backed([place(), elsewhere(9)])).not.toBeNull();
    expect(backed([place(), elsewhere(9.01)])).toBeNull();
    // Within 7 px it is the same place.
    expect(backed([place(), elsewhere(9.01, 10)])).not.toBeNull();
    // A near one does not hide the far one behind it.
    expect(backed([place(), elsewhere(11, 5), elsewhere(10)])).toBeNull();
  });

  it('has a lead of three over what chance gives for the best other place of its window', () => {
    const rival = 4;
    const chance = -logNormalTail(rival);
    expect(chance).toBeGreaterThan(4);
    expect(backed([place({ rival, sum: chance + 3.001 + 4 })])).not.toBeNull();
    expect(backed([place({ rival: 7, sum: -logNormalTail(7) + 3.001 })])).not.toBeNull();
    expect(backed([place({ rival: 7, sum: -logNormalTail(7) + 2.999 })])).toBeNull();
    expect(backed([place({ rival: Infinity })])).toBeNull();
  });
});
