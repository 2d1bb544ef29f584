import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { solvePoseGraph } from '../graph/solve.ts';
import type { Link } from '../matching/link.ts';
import { matchPair } from '../matching/match-pair.ts';
import type { Matcher } from '../matching/matcher.ts';
import { defaultStitchOptions } from '../options.ts';
import { solveTones } from '../photometry/solve-tones.ts';
import { silentContext } from '../progress.ts';
import { normaliseForMatching } from '../raster/normalise.ts';
import type { Raster } from '../raster/raster.ts';
import { tileId, type Tile, type TilePair } from '../tiles/tile.ts';
import { sampleTexture, spotTexture } from './analytic-texture.ts';
import { memoryTileReader } from './memory-tile-reader.ts';
import { makeSyntheticGraph } from './synthetic-graph.ts';

const wrong = fc.constantFrom(NaN, Infinity, -Infinity);
const side = 96;
const step = 72;

function tileOf(name: string): Tile {
  const kind = { page: 0, channels: 1, sampleType: 'float32', pixelSizeNm: null, stage: null } as const;
  return { id: tileId(name), file: name, size: { width: side, height: side }, ...kind };
}
const [tileA, tileB] = [tileOf('a.tif'), tileOf('b.tif')];
const pair: TilePair = {
  ...{ a: tileA.id, b: tileB.id, aFromB: { x: step, y: 0, thetaRad: 0 }, sigmaPx: 10 },
  expectedOverlap: { x: step, y: 0, width: side - step, height: side },
};

/** A matcher that is right, but for what `spoil` makes of its answer. */
function matcherWith(spoil: (points: { a: Float32Array; b: Float32Array; confidence: Float32Array }) => void): Matcher {
  return {
    ...{ scale: 1, multipleOf: 1, minConfidence: 0.1, dispose: async () => undefined },
    match: async (a, _b, { aFromB }) => {
      const points: number[] = [];
      for (let y = 2; y < a.height; y += 5) for (let x = 2; x < a.width; x += 5) points.push(x, y);
      const found = {
        a: Float32Array.from(points),
        b: Float32Array.from(points, (value, i) => value - (i % 2 === 0 ? aFromB.e : aFromB.f)),
        confidence: new Float32Array(points.length / 2).fill(0.9),
      };
      spoil(found);
      return found;
    },
  };
}

async function matched(a: Raster, b: Raster, matcher: Matcher) {
  const reader = memoryTileReader(
    new Map([
      [tileA.id, [a]],
      [tileB.id, [b]],
    ]),
  );
  const options = { ...defaultStitchOptions.pair, align: false };
  return matchPair(pair, tileA, tileB, { reader, matcher, now: () => 0 }, options, silentContext);
}

function tiles(): [Raster, Raster] {
  const texture = spotTexture(3, 7);
  const at = (e: number) => sampleTexture(texture, side, side, { a: 1, b: 0, c: 0, d: 1, e, f: 0 });
  return [at(0), at(step)];
}

/** Every number anywhere in a value. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  if (value instanceof Map) return [...value.values()].flatMap(numbersIn);
  return value && typeof value === 'object' ? Object.values(value).flatMap(numbersIn) : [];
}
const allFinite = (value: unknown) => numbersIn(value).every(Number.isFinite);

describe('numbers that are not finite', () => {
  it('in a float tile become no contrast: what a matcher is handed is finite and in 0…1', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(255), wrong), { maxLength: 256 }), (spots) => {
        const data = Float32Array.from({ length: 256 }, (_, i) => Math.sin(i));
        for (const [at, value] of spots) data[at] = value;
        const seen = normaliseForMatching({ data, width: 16, height: 16 }, [1, 99]);
        expect(seen.data.every((value) => value >= 0 && value <= 1)).toBe(true);
      }),
    );
  });

  it('in a float tile leave the link of the rest finite', async () => {
    const [a, b] = tiles();
    for (let i = 0; i < a.data.length; i += 11) a.data[i] = [NaN, Infinity, -Infinity][i % 3];
    const result = await matched(
      a,
      b,
      matcherWith(() => undefined),
    );
    expect(result.kind).toBe('link');
    expect(allFinite({ ...result, pair: null })).toBe(true);
  });

  it('from a matcher never reach a link, wherever they are', async () => {
    const [a, b] = tiles();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('a', 'b', 'confidence'),
        wrong,
        fc.integer({ min: 1, max: 9 }),
        async (field, value, every) => {
          const matcher = matcherWith((found) => {
            const values = found[field];
            for (let i = 0; i < values.length; i += every) values[i] = value;
          });
          const result = await matched(a, b, matcher);
          if (result.kind === 'rejected') expect(result.detail).not.toMatch(/NaN|Infinity/);
          else expect(allFinite([result.aFromB, result.moments, result.rmsPx, result.inliers])).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('in the moments of a link stop the solve, which names the pair', async () => {
    const { graph } = makeSyntheticGraph({ rows: 2, columns: 2 });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(graph.links.length - 1),
        fc.constantFrom('meanA' as const, 'meanB' as const, 'aa' as const, 'bb' as const, 'ab' as const),
        wrong,
        async (l, field, value) => {
          const links = graph.links.map((link, k): Link => {
            if (k !== l) return link;
            return {
              ...link,
              moments: { ...link.moments, [field]: [value, 0, 0, 0].slice(0, link.moments[field].length) },
            };
          });
          const { a, b } = links[l].pair;
          const solving = solvePoseGraph({ ...graph, links }, defaultStitchOptions.solve, silentContext);
          await expect(solving).rejects.toMatchObject({ code: 'numerical-failure', detail: { pair: [a, b] } });
        },
      ),
      { numRuns: 30 },
    );
  });

  it('in the brightness of an overlap stop the tones, which name the pair', () => {
    const { graph } = makeSyntheticGraph({ rows: 1, columns: 2 });
    const intensities = { count: 9, meanA: 1, meanB: 1, varianceA: 1, varianceB: 1, covariance: 1 };
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(intensities)), wrong, (field, value) => {
        const link: Link = { ...graph.links[0], intensities: { ...intensities, [field]: value } };
        expect(() =>
          solveTones(
            [link],
            graph.nodes.map(({ id }) => id),
          ),
        ).toThrow(/is not finite; exclude this link/);
      }),
    );
  });
});

describe('graphs that determine less than everything', () => {
  it('give every tile a finite place, and say what holds it: disconnected, without links, one link, links of one point', async () => {
    const { graph } = makeSyntheticGraph({ rows: 3, columns: 3 });
    const noSpread = { aa: [0, 0, 0], bb: [0, 0, 0], ab: [0, 0, 0, 0] } as const;
    const cases: readonly (readonly [readonly Link[], string])[] = [
      [[], 'no-links'],
      [graph.links.slice(0, 1), 'converged'],
      [graph.links.filter((_, l) => l % 3 === 0), 'converged'],
      [graph.links.map((link): Link => ({ ...link, moments: { ...link.moments, ...noSpread } })), 'converged'],
    ];
    for (const [links, termination] of cases)
      for (const model of ['translation', 'rigid', 'affine'] as const) {
        const report = await solvePoseGraph(
          { ...graph, links },
          { ...defaultStitchOptions.solve, model },
          silentContext,
        );
        expect(report.mosaicFromTile.size).toBe(graph.nodes.length);
        expect(allFinite(report.mosaicFromTile)).toBe(true);
        expect([...report.state.values()].includes('prior') || links.length > 2).toBe(true);
        if (termination === 'no-links') expect(report.termination).toBe(termination);
      }
  });
});

describe('tiles without a place of their own', () => {
  const sift = matcherWith(() => undefined);

  it('that are all one value, black or saturated, are rejected for want of texture and named', async () => {
    for (const value of [0, 1, 255, 65535]) {
      const flat = { data: new Float32Array(side * side).fill(value), width: side, height: side };
      const result = await matched(flat, tiles()[1], sift);
      expect(result).toMatchObject({ kind: 'rejected', reason: 'no-texture' });
      expect(result.kind === 'rejected' && result.detail).toContain('a.tif shows nothing but an even field');
    }
  });

  it('that the layout puts apart are rejected without being matched', async () => {
    const [a, b] = tiles();
    const reader = memoryTileReader(
      new Map([
        [tileA.id, [a]],
        [tileB.id, [b]],
      ]),
    );
    const apart = { ...pair, aFromB: { x: 500, y: 0, thetaRad: 0 }, sigmaPx: 1, expectedOverlap: null };
    const steps = { reader, matcher: sift, now: () => 0 };
    const result = await matchPair(apart, tileA, tileB, steps, defaultStitchOptions.pair, silentContext);
    expect(result.kind).toBe('rejected');
    expect(result.kind === 'rejected' && result.reason).toBe('implausible');
  });
});

describe('tiles that look alike', () => {
  /** The whole way with the real SIFT; tile a at the origin, b a step to the right. */
  async function withSift(a: Raster, b: Raster) {
    const { matchers } = await import('../../matchers/index.ts');
    return matched(a, b, await matchers.sift.load());
  }
  const textured = (seed: number, e = 0) =>
    sampleTexture(spotTexture(seed, 7), side, side, { a: 1, b: 0, c: 0, d: 1, e, f: 0 });

  it('a duplicated tile is no neighbour of itself: the motion is none that the stage could have made', async () => {
    const tile = textured(8);
    const result = await withSift(tile, tile);
    expect(result.kind).toBe('rejected');
  });

  it('repeated texture gives no link, or the one that the layout says to within a period', async () => {
    const period = 12;
    const data = Float32Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [i % side, Math.floor(i / side)];
      return 0.5 + 0.25 * Math.sin((2 * Math.PI * x) / period) + 0.25 * Math.cos((2 * Math.PI * y) / period);
    });
    const tile = { data, width: side, height: side };
    const result = await withSift(tile, tile);
    if (result.kind === 'link') expect(Math.abs(result.aFromB.e - step)).toBeLessThan(period);
    expect(allFinite({ ...result, pair: null })).toBe(true);
  });

  it('mirrored, turned or reversed tiles are never linked at a wrong place', async () => {
    const [a, b] = [textured(4), textured(4, step)];
    const at = (from: (x: number, y: number) => number) =>
      Float32Array.from({ length: side * side }, (_, i) => b.data[from(i % side, Math.floor(i / side))]);
    for (const data of [
      at((x, y) => y * side + side - 1 - x),
      at((x, y) => x * side + side - 1 - y),
      b.data.map((value) => 1 - value) as Float32Array,
    ]) {
      const result = await withSift(a, { data, width: side, height: side });
      if (result.kind === 'link') expect(Math.hypot(result.aFromB.e - step, result.aFromB.f)).toBeLessThan(1);
    }
  });
});
