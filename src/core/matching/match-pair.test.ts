import { describe, expect, it } from 'vitest';
import { StitchError } from '../errors.ts';
import { applyAffine, identityAffine, invertAffine, translation } from '../geometry/affine2.ts';
import { intersectRects } from '../geometry/rect.ts';
import { cropRaster } from '../raster/raster.ts';
import type { FloatRaster, Raster } from '../raster/raster.ts';
import { addNoise, sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { tileId } from '../tiles/tile.ts';
import type { Tile, TileId, TilePair, TileReader } from '../tiles/tile.ts';
import { matchPair } from './match-pair.ts';
import type { MatchContext, Matcher } from './matcher.ts';

const signal = { aborted: false, throwIfAborted: () => undefined };
const options = { model: 'rigid', minConfidence: null, ransacPx: 3, marginFraction: 0.5, align: false } as const;

function tileOf(name: string, { width, height }: Raster): Tile {
  const common = { page: 0, channels: 1, sampleType: 'float32', pixelSizeNm: null, stage: null } as const;
  return { id: tileId(name), file: name, size: { width, height }, ...common };
}

function readerOf(rasters: ReadonlyMap<TileId, Raster>): TileReader {
  return {
    read: async (tile, { region }) => {
      const raster = rasters.get(tile);
      if (raster === undefined) throw new StitchError('unreadable-file', `${tile} could not be read.`, { file: tile });
      return [region === undefined ? raster : cropRaster(raster, region)];
    },
  };
}

function pairAt(a: Tile, b: Tile, x: number, y: number): TilePair {
  const overlap = intersectRects({ x: 0, y: 0, ...a.size }, { x, y, ...b.size });
  return { a: a.id, b: b.id, aFromB: { x, y, thetaRad: 0 }, sigmaPx: 12, expectedOverlap: overlap };
}

/**
 * Believes the layout: every point of a matches where `aFromB` puts it in b. What it returns is exact in px of the
 * strips it was handed, so any error is of the mapping.
 */
function layoutMatcher(scale: number, multipleOf: number, limits: { maxTokens?: number } = {}) {
  const seen: { readonly a: FloatRaster; readonly b: FloatRaster; readonly context: MatchContext }[] = [];
  const matcher: Matcher = {
    scale,
    multipleOf,
    minConfidence: 0.2,
    ...limits,
    match: async (a, b, context) => {
      seen.push({ a, b, context });
      const points: number[] = [];
      for (let y = 4; y < a.height; y += 9) for (let x = 4; x < a.width; x += 9) points.push(x, y);
      const bFromA = invertAffine(context.aFromB);
      const inB = points.map((_, i) => {
        const p = applyAffine(bFromA, points[i - (i % 2)], points[i - (i % 2) + 1]);
        return i % 2 === 0 ? p.x : p.y;
      });
      return {
        a: Float32Array.from(points),
        b: Float32Array.from(inB),
        confidence: new Float32Array(points.length / 2).fill(0.9),
      };
    },
    dispose: async () => undefined,
  };
  return { matcher, seen };
}

const texture = spotTexture(11);
const textured = (width: number, height: number) => sampleTexture(texture, width, height, identityAffine);

/** Cheap structure where only the geometry matters. */
function pattern(width: number, height: number): FloatRaster {
  const data = new Float32Array(width * height).map((_, i) => Math.sin((i % width) / 5) + Math.cos(i / width / 7));
  return { data, width, height };
}

describe('matchPair', () => {
  it.each([
    [500, 500, 0.07],
    [512, 512, 0.3],
    [777, 777, 0.15],
    [640, 760, 0.1],
    [1024, 300, 0.1],
  ])('maps matches back without a bias: %i×%i px, overlap %f, any scale and crop', async (width, height, overlap) => {
    const raster = pattern(width, height);
    const a = tileOf('a', raster);
    const b = tileOf('b', raster);
    const reader = readerOf(new Map([a, b].map((tile) => [tile.id, raster])));
    for (const [x, y] of [
      [Math.round(width * (1 - overlap)) + 0.375, -2.25],
      [3.5, Math.round(height * (1 - overlap)) - 0.125],
    ]) {
      for (const [scale, multipleOf] of [
        [1, 1],
        [0.5, 8],
        [1 / 3, 4],
      ]) {
        const { matcher, seen } = layoutMatcher(scale, multipleOf);
        const pair = pairAt(a, b, x, y);
        const nominal = { ...pair, expectedOverlap: pairAt(a, b, Math.round(x), Math.round(y)).expectedOverlap };
        const result = await matchPair(nominal, a, b, { reader, matcher, now: () => 0 }, options, { signal });
        const { a: p, b: q, confidence } = result.correspondences;
        expect(confidence.length).toBeGreaterThan(3);
        // the matcher believed the layout to the last bit, so every match must say the layout's shift
        for (let i = 0; i < confidence.length; i++) {
          expect(Math.abs(p[2 * i] - q[2 * i] - x)).toBeLessThan(2e-3);
          expect(Math.abs(p[2 * i + 1] - q[2 * i + 1] - y)).toBeLessThan(2e-3);
        }
        expect(seen[0].a.width % multipleOf).toBe(0);
        expect(seen[0].b.height % multipleOf).toBe(0);
      }
    }
  });

  it('hands over strips that show the same texture where the layout says, to a pixel of the strip', async () => {
    const a = tileOf('a', textured(400, 300));
    const b = tileOf('b', textured(400, 300));
    const rasters = new Map<TileId, Raster>([
      [a.id, textured(400, 300)],
      [b.id, sampleTexture(texture, 400, 300, translation(320, 4))],
    ]);
    const { matcher, seen } = layoutMatcher(0.5, 8);
    await matchPair(pairAt(a, b, 320, 4), a, b, { reader: readerOf(rasters), matcher, now: () => 0 }, options, {
      signal,
    });
    const [{ a: stripA, b: stripB, context }] = seen;
    let [difference, spread] = [0, 0];
    for (let y = 8; y < 130; y++) {
      for (let x = 2; x < 30; x++) {
        const p = applyAffine(context.aFromB, x, y);
        const inA = stripA.data[Math.round(p.y) * stripA.width + Math.round(p.x)];
        difference += (inA - stripB.data[y * stripB.width + x]) ** 2;
        spread += (inA - 0.5) ** 2;
      }
    }
    expect(difference / spread).toBeLessThan(0.05);
  });

  it('cuts a strip with too many cells into windows and joins their matches', async () => {
    const raster = pattern(900, 900);
    const a = tileOf('a', raster);
    const b = tileOf('b', raster);
    const reader = readerOf(new Map([a, b].map((tile) => [tile.id, raster])));
    const { matcher, seen } = layoutMatcher(0.5, 8, { maxTokens: 300 });
    // Both show the whole picture: this matcher believes the layout, the overlap would not.
    const blind = { ...options, weigh: false };
    const result = await matchPair(pairAt(a, b, 640, 0), a, b, { reader, matcher, now: () => 0 }, blind, { signal });
    expect(result.kind).toBe('link');
    expect(seen.length).toBeGreaterThan(3);
    for (const strips of seen)
      for (const { width, height } of [strips.a, strips.b]) expect((width / 8) * (height / 8)).toBeLessThanOrEqual(300);
    const { a: p, b: q, confidence } = result.correspondences;
    for (let i = 0; i < confidence.length; i++) expect(p[2 * i] - q[2 * i]).toBeCloseTo(640, 2);
    const rows = Array.from(confidence, (_, i) => p[2 * i + 1]);
    expect(Math.min(...rows)).toBeLessThan(60);
    expect(Math.max(...rows)).toBeGreaterThan(840);
  });

  it('measures the gain and offset between the overlaps from raw samples', async () => {
    const a = tileOf('a', textured(400, 300));
    const b = tileOf('b', textured(400, 300));
    const scaled = sampleTexture(texture, 400, 300, translation(320, 0));
    const rasters = new Map<TileId, Raster>([
      [a.id, textured(400, 300)],
      [b.id, addNoise({ ...scaled, data: scaled.data.map((value) => 2 * value + 30) }, 0.05, 3)],
    ]);
    const { matcher } = layoutMatcher(0.5, 8);
    const result = await matchPair(
      pairAt(a, b, 320, 0),
      a,
      b,
      { reader: readerOf(rasters), matcher, now: () => 0 },
      options,
      { signal },
    );
    if (result.kind !== 'link' || result.intensities === null) throw new Error('no link');
    const { meanA, meanB, varianceA, varianceB, covariance } = result.intensities;
    expect(Math.sqrt(varianceB / varianceA)).toBeCloseTo(2, 1);
    expect(meanB - 2 * meanA).toBeCloseTo(30, 1);
    expect(covariance / Math.sqrt(varianceA * varianceB)).toBeGreaterThan(0.97);
  });

  it('rejects a blank strip, an unreadable file and a pair that the layout keeps apart, each by name', async () => {
    const raster = pattern(300, 300);
    const a = tileOf('a.tif', raster);
    const b = tileOf('b.tif', raster);
    const { matcher, seen } = layoutMatcher(0.5, 8);
    const reject = async (rasters: ReadonlyMap<TileId, Raster>, pair: TilePair) => {
      const result = await matchPair(pair, a, b, { reader: readerOf(rasters), matcher, now: () => 0 }, options, {
        signal,
      });
      if (result.kind !== 'rejected') throw new Error('accepted');
      return result;
    };
    const blank = { ...raster, data: new Float32Array(300 * 300).fill(9) };
    const dull = await reject(
      new Map<TileId, Raster>([
        [a.id, raster],
        [b.id, blank],
      ]),
      pairAt(a, b, 240, 0),
    );
    expect(dull.reason).toBe('no-texture');
    expect(dull.detail).toContain('b.tif');
    const lost = await reject(new Map([[a.id, raster]]), pairAt(a, b, 240, 0));
    expect(lost.reason).toBe('read-failed');
    expect(lost.detail).toBe('b.tif could not be read.');
    const apart = await reject(new Map(), { ...pairAt(a, b, 240, 0), expectedOverlap: null });
    expect(apart.reason).toBe('implausible');
    expect(seen.length).toBe(0);
  });

  it('passes an abort of the reader on', async () => {
    const raster = pattern(300, 300);
    const a = tileOf('a', raster);
    const abort = Object.assign(new Error('cancelled'), { name: 'AbortError' });
    const reader: TileReader = { read: async () => Promise.reject(abort) };
    const { matcher } = layoutMatcher(1, 1);
    const matching = matchPair(pairAt(a, a, 240, 0), a, a, { reader, matcher, now: () => 0 }, options, { signal });
    await expect(matching).rejects.toBe(abort);
  });
});
