import { describe, expect, it } from 'vitest';
import { needed, neededAlone, neededFaint, objectionTo } from './overlap-objection.ts';

const good = { z: 20, rivalZ: 3, structureNcc: 0.99, sparedNcc: 0.99 };

describe('what an overlap must show', () => {
  it('is more where matches prove less', () => {
    expect(needed).toEqual({ z: 3, lead: 0.5, structureNcc: 0.93 });
    expect(neededFaint).toEqual({ z: 4.5, lead: 1.5, structureNcc: 0.93 });
    expect(neededAlone).toEqual({ z: 6, lead: 2, structureNcc: 0.95 });
    for (const least of [needed, neededFaint, neededAlone]) expect(objectionTo(good, least)).toBeNull();
  });

  it.each([needed, neededFaint, neededAlone])('begins with a fit that stands out: %j', (least) => {
    const at = (z: number) => objectionTo({ ...good, z, rivalZ: -1 }, least);
    expect(at(least.z)).toBeNull();
    expect(at(least.z - 0.01)).toBe(
      `their best fit stands out by ${(least.z - 0.01).toFixed(1)} standard deviations, where ${least.z} are needed`,
    );
    expect(at(NaN)).toMatch(/^their best fit stands out by NaN/);
  });

  it.each([needed, neededFaint, neededAlone])('has a lead over every other place: %j', (least) => {
    expect(objectionTo({ ...good, z: 8, rivalZ: 8 - least.lead }, least)).toBeNull();
    expect(objectionTo({ ...good, z: 8, rivalZ: 8.01 - least.lead }, least)).toBe(
      `they fit elsewhere about as well (8.0 and ${(8.01 - least.lead).toFixed(1)} standard deviations)`,
    );
    expect(objectionTo({ ...good, rivalZ: Infinity }, least)).toMatch(/^they fit elsewhere/);
    expect(objectionTo({ ...good, rivalZ: NaN }, least)).toMatch(/^they fit elsewhere/);
  });

  it('is the same structure, throughout where the fit is weak', () => {
    const at = (z: number, structureNcc: number | null) =>
      objectionTo({ ...good, z, rivalZ: -1, structureNcc }, needed);
    expect(at(5.5, 0.93)).toBeNull();
    expect(at(5.5, 0.929)).toBe('only 92 % of their structure agrees, where 93 % are needed');
    expect(at(5.49, 0.98)).toBeNull();
    expect(at(5.49, 0.979)).toBe('only 97 % of their structure agrees, where 98 % are needed');
    expect(at(8, -0.4)).toBe('only 0 % of their structure agrees, where 93 % are needed');
    expect(at(8, NaN)).toMatch(/of their structure agrees/);
    // Not aligned as a whole: nothing is known of it.
    expect(at(3, null)).toBeNull();
    expect(objectionTo({ ...good, z: 12, structureNcc: 0.949 }, neededAlone)).toMatch(
      /^only 94 % .* where 95 % are needed$/,
    );
    expect(objectionTo({ ...good, z: 5, structureNcc: 0.985 }, { ...needed, structureNcc: 0.99 })).toMatch(
      /where 99 % are needed$/,
    );
  });

  it('may be what charges have spared, where the fit is beyond doubt', () => {
    const at = (more: Partial<typeof good>) =>
      objectionTo({ ...good, z: 14, rivalZ: 4, structureNcc: 0.5, sparedNcc: 0.9, ...more }, needed);
    expect(at({})).toBeNull();
    expect(at({ z: 13.99, rivalZ: -1 })).toMatch(/^only 50 %/);
    expect(at({ rivalZ: 4.01 })).toMatch(/^only 50 %/);
    expect(at({ sparedNcc: 0.899 })).toMatch(/^only 50 %/);
    expect(objectionTo({ z: 14, rivalZ: 4, structureNcc: 0.5, sparedNcc: null }, needed)).toMatch(/^only 50 %/);
  });
});
