import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { identityAffine } from '../../core/geometry/affine2.ts';
import { loftrMatcher } from './loftr.ts';
import type { InferenceSessionLike, LoftrContract } from './loftr.ts';

const contract: LoftrContract = {
  scale: 0.5,
  scales: [1, 0.5],
  normalisation: 'percentiles',
  multipleOf: 8,
  inputNames: ['image0', 'image1'],
  bandInput: null,
  outputName: 'matches',
  defaultConfidence: 0.2,
  calibration: [],
  maxTokens: 4096,
};
const strip = (width: number, height: number) => ({ data: new Float32Array(width * height).fill(0.5), width, height });
const context = {
  signal: { aborted: false, throwIfAborted: () => undefined },
  seed: 1,
  aFromB: identityAffine,
  searchRadiusPx: Infinity,
};
const tensor = (data: Float32Array, dims: readonly number[]) => new Tensor('float32', data, dims);

/** Answers with fixed rows and remembers what it was fed. */
function fakeSession(rows: readonly number[][], outputName = 'matches') {
  const fed: Readonly<Record<string, Tensor>>[] = [];
  const session: InferenceSessionLike = {
    run: async (feeds) => {
      fed.push(feeds);
      return { [outputName]: tensor(Float32Array.from(rows.flat()), [rows.length, 6]) };
    },
    release: async () => undefined,
  };
  return { session, fed };
}

describe('loftrMatcher', () => {
  it('feeds both strips as [1, 1, height, width], each with its own size', async () => {
    const { session, fed } = fakeSession([[1, 2, 3, 4, 0.9, 0.5]]);
    await loftrMatcher(session, contract, tensor).match(strip(64, 32), strip(48, 40), context);
    expect(fed[0].image0.dims).toEqual([1, 1, 32, 64]);
    expect(fed[0].image1.dims).toEqual([1, 1, 40, 48]);
  });

  it('keeps mutual, sure, finite matches inside both frames and drops the rest', async () => {
    const { session } = fakeSession([
      [8, 16, 8.25, 15.5, 0.9, 0.5],
      [8, 16, 8, 16, 0, 0.5], // not mutual
      [8, 16, 8, 16, 0.1, 0.5], // below the default confidence
      [NaN, 16, 8, 16, 0.9, 0.5],
      [8, 16, 8, 16, NaN, 0.5],
      [8, 16, 70, 16, 0.9, 0.5], // outside b
      [8, -3, 8, 16, 0.9, 0.5], // outside a
      [0, 0, 63.5, 31.5, 0.3, 0.5],
    ]);
    const found = await loftrMatcher(session, contract, tensor).match(strip(64, 32), strip(64, 32), context);
    expect([...found.a]).toEqual([8, 16, 0, 0]);
    expect([...found.b]).toEqual([8.25, 15.5, 63.5, 31.5]);
    expect(found.confidence[0]).toBeCloseTo(0.9, 6);
    expect(found.confidence[1]).toBeCloseTo(0.3, 6);
  });

  it('shows tall strips to the network lying on their side and gives the matches back standing', async () => {
    const { session, fed } = fakeSession([[40, 8, 32.25, 9.5, 0.9, 0.5]]);
    const ramp = { data: Float32Array.from({ length: 32 * 64 }, (_, i) => i), width: 32, height: 64 };
    const found = await loftrMatcher(session, contract, tensor).match(ramp, strip(24, 64), context);
    expect(fed[0].image0.dims).toEqual([1, 1, 32, 64]);
    expect(fed[0].image1.dims).toEqual([1, 1, 24, 64]);
    // row 3, column 5 of what the network sees is column 3, row 5 of the strip
    expect((fed[0].image0.data as Float32Array)[3 * 64 + 5]).toBe(5 * 32 + 3);
    expect([...found.a]).toEqual([8, 40]);
    expect([...found.b]).toEqual([9.5, 32.25]);
  });

  it('bounds how far the network looks along the long side where the stage’s error allows it', async () => {
    const { session, fed } = fakeSession([]);
    const matcher = loftrMatcher(session, { ...contract, bandInput: 'band' }, tensor);
    const match = async (a: [number, number], searchRadiusPx: number, aFromB = identityAffine) => {
      await matcher.match(strip(...a), strip(...a), { ...context, searchRadiusPx, aFromB });
      return fed.at(-1)?.band?.dims;
    };
    expect(await match([1024, 152], 128)).toEqual([20]);
    expect(await match([152, 1024], 128, { ...identityAffine, e: 500, f: 30 })).toEqual([24]); // 500 px across do not count
    expect(await match([512, 152], 128)).toBeUndefined();
    expect(await match([1024, 152], Infinity)).toBeUndefined();
  });

  it('calibrates confidences by the table of the strips’ scale, and scatter with them', async () => {
    const knots = (top: number) => [[-9, 0.05] as const, [9, top] as const];
    const table = (scale: number, top: number) => ({
      ...{ scale, slope: 1, spreadSlope: 0, confidence: knots(top) },
      sigmaPx: [[0, 0] as const, [2, scale] as const],
    });
    const calibrated = { ...contract, calibration: [table(0.5, 0.95), table(1, 0.55)] };
    const rows = [
      [8, 16, 8, 16, 0.5, 1],
      [8, 16, 8, 16, 0, 1],
    ];
    const matcher = loftrMatcher(fakeSession(rows).session, calibrated, tensor);
    const half = await matcher.match(strip(64, 32), strip(64, 32), context);
    expect([...half.confidence]).toEqual([0.5]); // logit(½) = 0: half way from 0.05 to 0.95
    expect([...(half.sigmaPx ?? [])]).toEqual([0.25]);
    const full = await matcher.match(strip(64, 32), strip(64, 32), { ...context, scale: 1 });
    expect(full.confidence[0]).toBeCloseTo(0.3, 6);
    expect([...(full.sigmaPx ?? [])]).toEqual([0.5]);
  });

  it('finds nothing when the network answers with no row', async () => {
    const found = await loftrMatcher(fakeSession([]).session, contract, tensor).match(
      strip(64, 32),
      strip(64, 32),
      context,
    );
    expect(found.confidence.length).toBe(0);
  });

  it('names the output that the manifest promises and the network lacks', async () => {
    const { session } = fakeSession([], 'other');
    await expect(
      loftrMatcher(session, contract, tensor).match(strip(8, 8), strip(8, 8), context),
    ).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringContaining('"matches"') as string,
    });
  });

  it('stops before the run when cancelled', async () => {
    const { session, fed } = fakeSession([]);
    const abort = Object.assign(new Error('cancelled'), { name: 'AbortError' });
    const signal = {
      aborted: true,
      throwIfAborted: () => {
        throw abort;
      },
    };
    const matching = loftrMatcher(session, contract, tensor).match(strip(8, 8), strip(8, 8), { ...context, signal });
    await expect(matching).rejects.toBe(abort);
    expect(fed.length).toBe(0);
  });
});
