import { describe, expect, it } from 'vitest';
import { StitchError } from '../errors.ts';
import { applyAffine, invertAffine, translation } from '../geometry/affine2.ts';
import { intersectRects } from '../geometry/rect.ts';
import type { FloatRaster, Raster } from '../raster/raster.ts';
import { cropRaster } from '../raster/raster.ts';
import { addNoise, sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { plainTile } from '../testing/plain-tile.ts';
import type { TilePair, TileReader } from '../tiles/tile.ts';
import { matchPair } from './match-pair.ts';
import type { Correspondences, MatchContext, Matcher } from './matcher.ts';
import { overlapIntensities } from './overlap-intensities.ts';

const size = { width: 120, height: 90 };
const [tileA, tileB] = ['a.tif', 'b.tif'].map((file) => plainTile(file, size, { sampleType: 'float32' }));
const pair: TilePair = {
  a: tileA.id,
  b: tileB.id,
  aFromB: { x: 80, y: 0, thetaRad: 0 },
  sigmaPx: 3,
  expectedOverlap: intersectRects({ x: 0, y: 0, ...size }, { x: 80, y: 0, ...size }),
};
const options = { model: 'rigid', minConfidence: null, ransacPx: 3, marginFraction: 0.5, align: false } as const;
const signal = { aborted: false, throwIfAborted: () => undefined };
const texture = spotTexture(4, 6);
const pictures = [
  sampleTexture(texture, 120, 90, translation(0, 0)),
  sampleTexture(texture, 120, 90, translation(80, 0)),
];

function readerOf(rasters: readonly (Raster | Error)[]): TileReader {
  return {
    read: async (id, { region, level }) => {
      expect(level).toBe(0);
      const raster = rasters[id === tileA.id ? 0 : 1];
      if (raster instanceof Error) throw raster;
      return [region === undefined ? raster : cropRaster(raster, region)];
    },
  };
}

/** Puts every fifth pixel where the layout does; `change` may spoil what it says. */
function matcherOf(
  change: (found: Correspondences) => Correspondences = (found) => found,
  more: Partial<Matcher> = {},
) {
  const contexts: MatchContext[] = [];
  const matcher: Matcher = {
    scale: 1,
    multipleOf: 1,
    minConfidence: 0.2,
    match: async (a, _b, context) => {
      contexts.push(context);
      const points: number[] = [];
      for (let y = 2; y < a.height; y += 13) for (let x = 20; x < a.width - 1; x += 13) points.push(x, y);
      const back = invertAffine(context.aFromB);
      const inB = points.map((_p, i) => {
        const q = applyAffine(back, points[i - (i % 2)], points[i - (i % 2) + 1]);
        return i % 2 === 0 ? q.x : q.y;
      });
      const n = points.length / 2;
      const confidence = Float32Array.from({ length: n }, (_p, k) => 0.5 + 0.01 * (k % 7));
      return change({ a: Float32Array.from(points), b: Float32Array.from(inB), confidence });
    },
    dispose: async () => undefined,
    ...more,
  };
  return { matcher, contexts };
}

/** A clock that goes on by 5 ms whenever it is asked. */
function clock(): () => number {
  let time = 1000;
  return () => (time += 5);
}

const run = (matcher: Matcher, rasters: readonly (Raster | Error)[] = pictures, more = {}, of = pair) =>
  matchPair(
    of,
    tileA,
    tileB,
    { reader: readerOf(rasters), matcher, now: clock() },
    { ...options, ...more },
    { signal },
  );

describe('a pair that is matched', () => {
  it('is a link with its time and its intensities', async () => {
    const { matcher, contexts } = matcherOf();
    const result = await run(matcher);
    if (result.kind !== 'link') throw new Error(result.detail);
    // The clock is asked at the start, after the verdict and at the end.
    expect(result.matchMs).toBe(10);
    expect(result.pair).toBe(pair);
    expect([result.aFromB.e, result.aFromB.f]).toEqual([expect.closeTo(80, 3), expect.closeTo(0, 3)]);
    const strips = pictures.map((raster) => ({ raster, region: { x: 0, y: 0, ...size } }));
    const whole = overlapIntensities(strips[0], strips[1], result.aFromB);
    expect(result.intensities?.meanA ?? NaN).toBeCloseTo(whole?.meanA ?? NaN, 1);
    // Five sigma are 15 px, the least is 16.
    expect(contexts[0]).toMatchObject({ searchRadiusPx: 16, scale: 1 });
  });

  it('leaves out what is not sure or no number', async () => {
    const spoil = ({ a, b, confidence }: Correspondences): Correspondences => {
      const [p, q, sure] = [a.slice(), b.slice(), confidence.slice()];
      sure[0] = 0.19;
      sure[1] = 0.2;
      p[4] = NaN;
      p[7] = Infinity;
      q[8] = NaN;
      q[11] = -Infinity;
      sure[6] = NaN;
      return { a: p, b: q, confidence: sure, sigmaPx: sure.map((_, k) => k) };
    };
    const all = await run(matcherOf().matcher);
    const kept = await run(matcherOf(spoil, { minConfidence: 0.2 }).matcher);
    const n = all.correspondences.confidence.length;
    const rest = [1, ...Array.from({ length: n - 7 }, (_, k) => k + 7)];
    // 0.2 as a float is a little more.
    expect([...(kept.correspondences.sigmaPx ?? [])]).toEqual(rest);
    expect([...kept.correspondences.a]).toEqual(
      rest.flatMap((k) => [...all.correspondences.a.subarray(2 * k, 2 * k + 2)]),
    );
    expect([...kept.correspondences.b]).toEqual(
      rest.flatMap((k) => [...all.correspondences.b.subarray(2 * k, 2 * k + 2)]),
    );
    expect(kept.correspondences.confidence.length).toBe(n - 6);
    const strict = await run(matcherOf().matcher, pictures, { minConfidence: 0.535 });
    expect([...strict.correspondences.confidence].every((value) => value > 0.535)).toBe(true);
    expect('sigmaPx' in strict.correspondences).toBe(false);
  });

  it('counts chance by how far its wrong matches land, in px of the tiles', async () => {
    // Within 2 px of the strips every match agrees by chance.
    const narrow = matcherOf(undefined, { chanceRadiusPx: 2 });
    expect(await run(narrow.matcher)).toMatchObject({ kind: 'rejected', reason: 'no-consensus' });
    expect((await run(matcherOf(undefined, { chanceRadiusPx: 12 }).matcher)).kind).toBe('link');
  });
});

describe('a pair that is not matched', () => {
  const flat = (value: number): FloatRaster => ({ ...size, data: new Float32Array(120 * 90).fill(value) });

  it('says why, with its time', async () => {
    const { matcher, contexts } = matcherOf();
    expect(await run(matcher, pictures, {}, { ...pair, expectedOverlap: null })).toMatchObject({
      kind: 'rejected',
      reason: 'implausible',
      detail: 'The layout says that these two tiles do not overlap.',
      matchMs: 5,
    });
    const broken = (file: string) => new StitchError('unreadable-file', `${file} is gone.`);
    expect(await run(matcher, [broken('a.tif'), pictures[1]])).toMatchObject({
      reason: 'read-failed',
      detail: 'a.tif is gone.',
      matchMs: 5,
    });
    expect(await run(matcher, [pictures[0], broken('b.tif')])).toMatchObject({
      reason: 'read-failed',
      detail: 'b.tif is gone.',
    });
    const nothing = (file: string) => `${file} shows nothing but an even field or noise in the overlap.`;
    expect(await run(matcher, [flat(3), pictures[1]])).toMatchObject({
      reason: 'no-texture',
      detail: nothing('a.tif'),
      matchMs: 5,
    });
    expect(await run(matcher, [pictures[0], flat(3)])).toMatchObject({
      reason: 'no-texture',
      detail: nothing('b.tif'),
    });
    expect(contexts).toEqual([]);
  });

  it('tries what may be noise, and says so when nothing comes of it', async () => {
    const noise = addNoise(flat(100), 10, 3);
    const none = matcherOf(() => ({ a: new Float32Array(0), b: new Float32Array(0), confidence: new Float32Array(0) }));
    expect(await run(none.matcher, [pictures[0], noise])).toMatchObject({
      kind: 'rejected',
      reason: 'no-texture',
      detail: 'b.tif shows nothing but an even field or noise in the overlap.',
      matchMs: 10,
    });
    expect(none.contexts.length).toBe(1);
    expect(await run(none.matcher)).toMatchObject({
      reason: 'too-few-matches',
      detail: '0 matches found; at least 8 are needed.',
      matchMs: 10,
    });
  });

  it('throws what nobody foresaw, and an abort', async () => {
    const { matcher } = matcherOf();
    await expect(run(matcher, [new TypeError('bug'), pictures[1]])).rejects.toThrow(TypeError);
    const abort = new StitchError('unreadable-file', 'stopped');
    abort.name = 'AbortError';
    await expect(run(matcher, [abort, pictures[1]])).rejects.toBe(abort);
    for (const calls of [0, 1, 2]) {
      let count = 0;
      const stop = new Error('stop');
      const throwIfAborted = () => {
        if (count++ >= calls) throw stop;
      };
      const steps = { reader: readerOf(pictures), matcher, now: clock() };
      const matching = matchPair(pair, tileA, tileB, steps, options, { signal: { aborted: false, throwIfAborted } });
      await expect(matching).rejects.toBe(stop);
    }
  });
});

describe('a pair that is aligned', () => {
  it('is sharpened without being weighed, or weighed', async () => {
    const { matcher } = matcherOf((found) => ({ ...found, a: found.a.map((value, k) => value + 0.4 * Math.cos(k)) }));
    const plain = await run(matcher);
    const sharp = await run(matcher, pictures, { align: true, weigh: false });
    const weighed = await run(matcher, pictures, { align: true });
    if (plain.kind !== 'link' || sharp.kind !== 'link' || weighed.kind !== 'link') throw new Error('no link');
    const off = ({ aFromB }: { aFromB: { e: number; f: number } }) => Math.hypot(aFromB.e - 80, aFromB.f);
    expect(off(sharp)).toBeLessThan(0.05);
    expect(sharp.evidence).toBeUndefined();
    expect(weighed.evidence?.kind).toBe('matches');
    const none = matcherOf(() => ({ a: new Float32Array(0), b: new Float32Array(0), confidence: new Float32Array(0) }));
    expect((await run(none.matcher, pictures, { align: true, weigh: false })).kind).toBe('rejected');
  });
});
