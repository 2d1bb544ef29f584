import { describe, expect, it } from 'vitest';
import { applyAffine, invertAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import { silentContext } from '../progress.ts';
import { cropRaster } from '../raster/raster.ts';
import { addNoise, sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { tileId } from '../tiles/tile.ts';
import type { TileReader } from '../tiles/tile.ts';
import { snapLandmark } from './snap-landmark.ts';

const size = { width: 200, height: 160 };
const [a, b] = ['a.tif', 'b.tif'].map((file) => tileId(file));
const texture = spotTexture(3);

/** Tiles a and b of one texture, b under `aFromB`, with noise of `sigma`. */
function readerOf(aFromB: Affine2, sigma = 0): TileReader {
  const rasterA = addNoise(sampleTexture(texture, size.width, size.height, translation(0, 0)), sigma, 1);
  const rasterB = addNoise(sampleTexture(texture, size.width, size.height, aFromB), sigma, 2);
  return {
    read: async (tile, { region }) => [cropRaster(tile === a ? rasterA : rasterB, region ?? { x: 0, y: 0, ...size })],
  };
}

function snap(aFromB: Affine2, inA: { x: number; y: number }, off: { x: number; y: number }, sigma = 0) {
  const bFromA = invertAffine(aFromB);
  const truth = applyAffine(bFromA, inA.x, inA.y);
  const inB = { x: truth.x + off.x, y: truth.y + off.y };
  const request = { a, b, inA, inB, searchPx: 12, bFromA };
  return snapLandmark(request, { a: size, b: size }, readerOf(aFromB, sigma), silentContext.signal);
}

/** Distance of a snapped landmark from the truth, px of b. */
function errorOf(aFromB: Affine2, found: Awaited<ReturnType<typeof snap>>): number {
  if (!found) return Infinity;
  const truth = applyAffine(invertAffine(aFromB), found.inA.x, found.inA.y);
  return Math.hypot(found.inB.x - truth.x, found.inB.y - truth.y);
}

describe('snapLandmark', () => {
  it.each([0.25, 0.5, 3.4])('finds a shift of whole and broken pixels (%d) to a fiftieth of a pixel', async (shift) => {
    const aFromB = translation(70 + shift, -5 - shift / 2);
    const found = await snap(aFromB, { x: 130.3, y: 80.8 }, { x: 6, y: -9 });
    expect(errorOf(aFromB, found)).toBeLessThan(0.02);
    expect(found?.inA).toEqual({ x: 130, y: 81 });
    expect(found?.correlation).toBeGreaterThan(0.99);
  });

  it('follows a turn of three degrees and holds under noise', async () => {
    const aFromB = affineFromPose({ x: 60, y: -3, thetaRad: 0.05 });
    expect(errorOf(aFromB, await snap(aFromB, { x: 130, y: 80 }, { x: -7, y: 8 }))).toBeLessThan(0.02);
    expect(errorOf(aFromB, await snap(aFromB, { x: 120, y: 70 }, { x: 5, y: 5 }, 0.05))).toBeLessThan(0.15);
  });

  it('takes a smaller patch near the border of either tile and none at it', async () => {
    const aFromB = translation(60.5, 0);
    expect(errorOf(aFromB, await snap(aFromB, { x: 78, y: 80 }, { x: 3, y: 3 }))).toBeLessThan(0.1);
    expect(errorOf(aFromB, await snap(aFromB, { x: 188, y: 80 }, { x: 3, y: 3 }))).toBeLessThan(0.05);
    expect(await snap(aFromB, { x: 197, y: 80 }, { x: 0, y: 0 })).toBeNull();
  });

  it('is no landmark where there is nothing to see', async () => {
    const flat: TileReader = {
      read: async (_, { region = { x: 0, y: 0, ...size } }) => [
        { data: new Uint8Array(region.width * region.height).fill(9), width: region.width, height: region.height },
      ],
    };
    const request = { a, b, inA: { x: 100, y: 80 }, inB: { x: 100, y: 80 }, searchPx: 8, bFromA: translation(0, 0) };
    expect(await snapLandmark(request, { a: size, b: size }, flat, silentContext.signal)).toBeNull();
  });
});

describe('the reach of a landmark', () => {
  const still = translation(0, 0);
  const own = readerOf(still);
  const snapAt = (inA: { x: number; y: number }, inB = inA, searchPx = 0, reader: TileReader = own) =>
    snapLandmark({ a, b, inA, inB, searchPx, bFromA: still }, { a: size, b: size }, reader, silentContext.signal);

  it('is the largest patch and its gradient in one tile, the search and half a turned patch more in the other', async () => {
    const asked: unknown[] = [];
    const watched: TileReader = {
      read: (tile, request) => {
        asked.push([tile, request.level, request.region]);
        return own.read(tile, request);
      },
    };
    await snapAt({ x: 90.4, y: 70.6 }, { x: 92, y: 75 }, 6, watched);
    // 20 + 1 round (90, 71); 6 + 30 + 4 round (92, 75).
    expect(asked).toEqual([
      [a, 0, { x: 69, y: 50, width: 43, height: 43 }],
      [b, 0, { x: 52, y: 35, width: 81, height: 81 }],
    ]);
  });

  it('ends nine px from the border of the first tile and twelve from that of the second', async () => {
    const isFound = async (x: number, y: number, dx = 0, dy = 0) =>
      (await snapLandmark(
        { a, b, inA: { x, y }, inB: { x: x + dx, y: y + dy }, searchPx: 1, bFromA: still },
        { a: size, b: size },
        readerOf(translation(-dx, -dy)),
        silentContext.signal,
      )) !== null;
    // In a: the other tile goes on where this one ends.
    for (const [x, y, dx, dy] of [
      [9, 80, 40, 0],
      [190, 80, -40, 0],
      [100, 9, 0, 40],
      [100, 150, 0, -40],
    ]) {
      expect(await isFound(x, y, dx, dy)).toBe(true);
      expect(await isFound(x - Math.sign(dx), y - Math.sign(dy), dx, dy)).toBe(false);
    }
    // In b.
    for (const [x, y, dx, dy] of [
      [52, 80, -40, 0],
      [147, 80, 40, 0],
      [100, 52, 0, -40],
      [100, 107, 0, 40],
    ]) {
      expect(await isFound(x, y, dx, dy)).toBe(true);
      expect(await isFound(x + Math.sign(dx), y + Math.sign(dy), dx, dy)).toBe(false);
    }
  });

  it.each([
    [5, 5],
    [-5, 5],
    [5, -5],
    [-5, -5],
  ])(
    'finds what lies (%d, %d) px off within a search of five, and not beyond that of the alignment',
    async (dx, dy) => {
      const inA = { x: 100, y: 80 };
      const found = await snapAt(inA, { x: 100 - dx, y: 80 - dy }, 5);
      expect(Math.hypot((found?.inB.x ?? NaN) - 100, (found?.inB.y ?? NaN) - 80)).toBeLessThan(0.01);
      const lost = await snapAt(inA, { x: 100 - 2 * dx, y: 80 - 2 * dy }, 5);
      expect(Math.hypot((lost?.inB.x ?? Infinity) - 100, (lost?.inB.y ?? Infinity) - 80)).toBeGreaterThan(3);
    },
  );

  it('is nothing where a click lies outside of its tile', async () => {
    expect(await snapAt({ x: 300, y: 80 }, { x: 100, y: 80 })).toBeNull();
    expect(await snapAt({ x: 100, y: 80 }, { x: 100, y: 300 })).toBeNull();
  });
});
