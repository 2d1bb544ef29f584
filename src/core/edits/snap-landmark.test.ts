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
