import { describe, expect, it } from 'vitest';
import { composeAffine, invertAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { silentContext } from '../progress.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { blurGaussian } from '../raster/resample.ts';
import { sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { tileId } from '../tiles/tile.ts';
import { defaultRefineOptions, refineOverlap } from './refine-overlap.ts';
import type { RefineOptions } from './refine-overlap.ts';
import { cutTemplate, emptyTemplate } from './patch-alignment.ts';

const [idA, idB] = [tileId('a'), tileId('b')];
const pair = { a: idA, b: idB, aFromB: { x: 0, y: 0, thetaRad: 0 }, sigmaPx: 10, expectedOverlap: null };
const texture = spotTexture(5, 7);
const view = (width: number, height: number, textureFromTile: Affine2) =>
  sampleTexture(texture, width, height, textureFromTile);

function refine(a: FloatRaster, b: FloatRaster, bFromA: Affine2, options: RefineOptions = defaultRefineOptions) {
  const reader = memoryTileReader(
    new Map([
      [idA, [a]],
      [idB, [b]],
    ]),
  );
  return refineOverlap(pair, bFromA, { a, b }, reader, options, silentContext.signal);
}

async function found(...args: Parameters<typeof refine>) {
  const overlap = await refine(...args);
  if (overlap === null) throw new Error('no overlap');
  return overlap;
}

const distinct = (values: Float32Array, axis: number) =>
  [...new Set(values.filter((_, k) => k % 2 === axis))].sort((p, q) => p - q);

describe('the grid of patches', () => {
  const a = view(180, 130, translation(0, 0));
  const b = view(180, 130, translation(90, 0));
  const bFromA = translation(-90, 0);

  it('is 24 px apart, centred in the overlap, two px more than a patch from its border', async () => {
    const overlap = await found(a, b, bFromA);
    // 90 px from 14 to 75: three columns, from (89 − 48)/2 = 20.5; 130 px from 14 to 115: five rows, from (129 − 96)/2.
    expect(distinct(overlap.a, 0)).toEqual([111, 135, 159]);
    expect(distinct(overlap.a, 1)).toEqual([17, 41, 65, 89, 113]);
    expect(overlap.tried).toBe(15);
    expect(overlap.correlation.length + overlap.losses.texture).toBe(15);
    for (let k = 0; k < overlap.correlation.length; k++) {
      expect(overlap.b[2 * k]).toBeCloseTo(overlap.a[2 * k] - 90, 2);
      expect(overlap.b[2 * k + 1]).toBeCloseTo(overlap.a[2 * k + 1], 2);
      expect(overlap.correlation[k]).toBeGreaterThan(0.999);
    }
  });

  it('is wider where it would have more patches than allowed', async () => {
    // √(90·130/4) = 54.1: 55 px apart.
    const overlap = await found(a, b, bFromA, { ...defaultRefineOptions, maxPatches: 4 });
    expect([distinct(overlap.a, 0), distinct(overlap.a, 1)]).toEqual([
      [107, 162],
      [37, 92],
    ]);
    expect(overlap.tried).toBe(4);
  });

  it('has smaller patches in a thin overlap, and none in one that a patch of 13 px does not fit in', async () => {
    const thin = (width: number) => refine(a, view(180, 130, translation(180 - width, 0)), translation(width - 180, 0));
    expect(await thin(41)).toBeNull();
    const overlap = await thin(42);
    // Radius (42 − 24)/3 = 6: from 8 to 33 two columns, from (41 − 24)/2 = 8.5.
    expect(distinct(overlap?.a ?? new Float32Array(0), 0)).toEqual([147, 171]);
  });

  it('does not count patches that lie outside the other tile', async () => {
    // Tile b is turned: the overlap’s bounding box is more than the overlap.
    const [cos, sin] = [Math.cos(0.6), Math.sin(0.6)];
    const pose = { a: cos, b: sin, c: -sin, d: cos, e: 100, f: -20 };
    const overlap = await found(a, view(180, 130, pose), invertAffine(pose));
    const { texture: flat, correlation, backward, neighbours } = overlap.losses;
    expect(flat + correlation + backward + neighbours + overlap.correlation.length).toBe(overlap.tried);
    expect(overlap.tried).toBeGreaterThan(5);
    for (let k = 0; k < overlap.correlation.length; k++) {
      const [x, y] = [overlap.b[2 * k], overlap.b[2 * k + 1]];
      expect(Math.min(x, y, 179 - x, 129 - y)).toBeGreaterThan(11);
    }
  });
});

describe('a patch’s answer', () => {
  it('is right where one tile is magnified by a quarter and sheared', async () => {
    const pose = { a: 1.25, b: 0.05, c: -0.12, d: 1.2, e: 80, f: 4 };
    const a = view(200, 160, translation(0, 0));
    const b = view(160, 150, pose);
    const overlap = await found(a, b, composeAffine(translation(0.7, -1.1), invertAffine(pose)));
    expect(overlap.correlation.length).toBeGreaterThan(8);
    expect(overlap.correlation.length).toBeGreaterThan(0.6 * overlap.tried);
    for (let k = 0; k < overlap.correlation.length; k++) {
      const [x, y] = [overlap.b[2 * k], overlap.b[2 * k + 1]];
      expect(Math.abs(pose.a * x + pose.c * y + pose.e - overlap.a[2 * k])).toBeLessThan(0.1);
      expect(Math.abs(pose.b * x + pose.d * y + pose.f - overlap.a[2 * k + 1])).toBeLessThan(0.1);
      expect(overlap.correlation[k]).toBeGreaterThan(0.97);
    }
  });

  it('has the covariance 2·0.01·4π of the inverse Gauss–Newton matrix, and 0.05² px², where both tiles agree', async () => {
    const a = view(180, 130, translation(0, 0));
    const overlap = await found(a, view(180, 130, translation(90, 0)), translation(-90, 0));
    const strip = blurGaussian(view(90, 130, translation(90, 0)), 1);
    const template = emptyTemplate(12);
    for (let k = 0; k < overlap.correlation.length; k++) {
      expect(cutTemplate(strip, overlap.a[2 * k] - 90, overlap.a[2 * k + 1], template, 0)).toBe(true);
      const [xx, xy, yy] = template.normal;
      const variance = (2 * 0.01 * 4 * Math.PI) / (xx * yy - xy * xy);
      expect(overlap.covariance[3 * k] / (variance * yy + 0.0025)).toBeCloseTo(1, 4);
      expect(overlap.covariance[3 * k + 1]).toBeCloseTo(-variance * xy, 7);
      expect(overlap.covariance[3 * k + 2] / (variance * xx + 0.0025)).toBeCloseTo(1, 4);
    }
  });
});

describe('a stage that swings more than the smooth field follows', () => {
  const swing = (x: number) => 5 * Math.sin((2 * Math.PI * x) / 210);
  const size = { width: 420, height: 110 };
  const a = view(size.width, size.height, translation(0, 0));
  const data = Float32Array.from({ length: size.width * size.height }, (_, k) => {
    const [x, y] = [k % size.width, Math.floor(k / size.width)];
    return texture.valueAt(x, y + swing(x));
  });
  const b = { data, ...size };

  it('is aligned from where its neighbours were found', async () => {
    const overlap = await found(a, b, translation(0, 0));
    // Where the swing is widest a patch is 2.5 px and more from the field; without their neighbours 22 are found of 68.
    let widest = 0;
    for (let k = 0; k < overlap.correlation.length; k++) {
      const [x, y] = [overlap.b[2 * k], overlap.b[2 * k + 1]];
      expect(Math.abs(x - overlap.a[2 * k])).toBeLessThan(0.6);
      expect(Math.abs(y + swing(x) - overlap.a[2 * k + 1])).toBeLessThan(0.8);
      if (Math.abs(swing(x)) > 4) widest++;
    }
    expect(overlap.tried).toBe(68);
    expect(overlap.correlation.length).toBeGreaterThan(40);
    expect(overlap.losses.neighbours).toBeLessThan(4);
    expect(widest).toBeGreaterThan(15);
  });
});
