import { describe, expect, it } from 'vitest';
import type { Matcher } from '../matching/matcher.ts';
import { applyAffine, invertAffine } from '../geometry/affine2.ts';
import { defaultStitchOptions } from '../options.ts';
import { silentContext } from '../progress.ts';
import { runDeviceTest } from './device-test.ts';

const small = { pairs: 3, disjointPairs: 1, tileSide: 128, seed: 3 };
const pairOptions = { ...defaultStitchOptions.pair, align: false, weigh: false };

/** Answers with a lattice that moves as the layout says: accepted, and off by the stage's error. */
const nominalMatcher: Matcher = {
  scale: 1,
  multipleOf: 1,
  minConfidence: 0,
  async match(a, _, { aFromB }) {
    const inA = Array.from({ length: 60 }, (_, k) => [4 + (k % 4) * 8, 4 + Math.floor(k / 4) * 8]).filter(
      ([x, y]) => x < a.width && y < a.height,
    );
    const bFromA = invertAffine(aFromB);
    const inB = inA.map(([x, y]) => applyAffine(bFromA, x, y));
    return {
      a: Float32Array.from(inA.flat()),
      b: Float32Array.from(inB.flatMap(({ x, y }) => [x, y])),
      confidence: new Float32Array(inA.length).fill(1),
    };
  },
  dispose: async () => undefined,
};

describe('runDeviceTest', () => {
  it('counts every link between tiles that share nothing as false, and measures the others against the truth', async () => {
    let clock = 0;
    const report = await runDeviceTest(nominalMatcher, small, pairOptions, () => (clock += 5), silentContext);
    expect(report.falseLinks).toBeGreaterThanOrEqual(1);
    expect(report.rightLinks).toBeLessThanOrEqual(3);
    // the stage's error of two tiles, up to 8 px each along x and y
    expect(report.cornerErrorPx).toBeGreaterThan(0.5);
    expect(report.cornerErrorPx).toBeLessThan(25);
    expect(report.matchMs).toBeGreaterThan(0);
  });

  it('finds no link and an infinite error with a matcher that finds nothing, and reports every pair', async () => {
    const blind: Matcher = {
      ...nominalMatcher,
      match: async () => ({ a: new Float32Array(0), b: new Float32Array(0), confidence: new Float32Array(0) }),
    };
    const seen: number[] = [];
    const context = { ...silentContext, onProgress: ({ done }: { done: number }) => seen.push(done) };
    const report = await runDeviceTest(blind, small, pairOptions, () => 0, context);
    expect(report).toMatchObject({ rightLinks: 0, falseLinks: 0, cornerErrorPx: Infinity });
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  it('stops at an abort between two pairs', async () => {
    const signal = {
      aborted: true,
      throwIfAborted: () => {
        throw new DOMException('stop', 'AbortError');
      },
    };
    const run = runDeviceTest(nominalMatcher, small, pairOptions, () => 0, { ...silentContext, signal });
    await expect(run).rejects.toThrow('stop');
  });
});
