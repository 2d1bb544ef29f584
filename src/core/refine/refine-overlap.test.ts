import { describe, expect, it } from 'vitest';
import { composeAffine, invertAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { displacementAt } from '../geometry/displacement-mesh.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import { silentContext } from '../progress.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { addNoise, spotTexture } from '../testing/analytic-texture.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { tileId } from '../tiles/tile.ts';
import type { TilePair } from '../tiles/tile.ts';
import { defaultRefineOptions, refineOverlap } from './refine-overlap.ts';
import type { RefinedOverlap } from './refined-overlap.ts';

const size = { width: 420, height: 400 };
const [idA, idB] = [tileId('a'), tileId('b')];
const pair: TilePair = {
  a: idA,
  b: idB,
  aFromB: { x: 300, y: 0, thetaRad: 0 },
  sigmaPx: 10,
  expectedOverlap: null,
};
const texture = spotTexture(11, 9);

type Place = (x: number, y: number) => { readonly x: number; readonly y: number };

/** A tile that shows the texture at the place of each pixel: no resampling. */
function imageOf(place: Place): FloatRaster {
  const data = new Float32Array(size.width * size.height);
  for (let y = 0; y < size.height; y++)
    for (let x = 0; x < size.width; x++) {
      const p = place(x, y);
      data[y * size.width + x] = 100 * texture.valueAt(p.x, p.y);
    }
  return { data, ...size };
}

const affinePlace =
  ({ a, b, c, d, e, f }: Affine2): Place =>
  (x, y) => ({ x: a * x + c * y + e, y: b * x + d * y + f });

function refine(a: FloatRaster, b: FloatRaster, bFromA: Affine2, options = defaultRefineOptions) {
  const reader = memoryTileReader(
    new Map([
      [idA, [a]],
      [idB, [b]],
    ]),
  );
  return refineOverlap(pair, bFromA, { a: size, b: size }, reader, options, silentContext.signal);
}

/** Errors of the patches against the true places, px. */
function errorsOf(overlap: RefinedOverlap, placeA: Place, placeB: Place) {
  return Array.from(overlap.correlation, (_, k) => {
    const p = placeA(overlap.a[2 * k], overlap.a[2 * k + 1]);
    const q = placeB(overlap.b[2 * k], overlap.b[2 * k + 1]);
    return { x: p.x - q.x, y: p.y - q.y };
  });
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (values: readonly number[]) => [...values].sort((p, q) => p - q)[values.length >> 1];

describe('refining an overlap', () => {
  it.each([
    [0.5, 0.5],
    [-0.25, 3],
    [2.37, -4.61],
  ])('finds a shift of (%f, %f) px between the pose and the pixels, without bias', async (dx, dy) => {
    const b = translation(300, 4);
    const start = composeAffine(invertAffine(translation(300 + dx, 4 + dy)), translation(0, 0));
    const overlap = await refine(imageOf(affinePlace(translation(0, 0))), imageOf(affinePlace(b)), start);
    expect(overlap?.correlation.length).toBeGreaterThan(20);
    if (!overlap) return;
    const errors = errorsOf(overlap, affinePlace(translation(0, 0)), affinePlace(b));
    expect(Math.abs(mean(errors.map(({ x }) => x)))).toBeLessThan(0.01);
    expect(Math.abs(mean(errors.map(({ y }) => y)))).toBeLessThan(0.01);
    expect(Math.max(...errors.map(({ x, y }) => Math.hypot(x, y)))).toBeLessThan(0.05);
  });

  it('follows a turn and a smooth bend that the pose does not know', async () => {
    const pose = { a: 0.9998, b: 0.012, c: -0.015, d: 1.0015, e: 298.7, f: 3.2 };
    const mesh: DisplacementMesh = {
      columns: 4,
      rows: 4,
      dx: Float64Array.from({ length: 16 }, (_, k) => 2.5 * Math.sin(1.3 * k)),
      dy: Float64Array.from({ length: 16 }, (_, k) => 2 * Math.cos(0.7 * k)),
    };
    const placeB: Place = (x, y) => {
      const p = affinePlace(pose)(x, y);
      const d = displacementAt(mesh, size, x, y);
      return { x: p.x + d.x, y: p.y + d.y };
    };
    const placeA = affinePlace(translation(0, 0));
    const overlap = await refine(imageOf(placeA), imageOf(placeB), invertAffine(pose));
    expect(overlap?.correlation.length).toBeGreaterThan(15);
    if (overlap)
      expect(median(errorsOf(overlap, placeA, placeB).map(({ x, y }) => Math.hypot(x, y)))).toBeLessThan(0.1);
  });

  it('does not mind gain and offset, and states a covariance that fits its errors in noise', async () => {
    const placeA = affinePlace(translation(0, 0));
    const placeB = affinePlace(translation(300.3, 4.4));
    const a = addNoise(imageOf(placeA), 6, 1);
    const clean = imageOf(placeB);
    const b = addNoise({ ...clean, data: clean.data.map((value) => 1.4 * value - 30) }, 8, 2);
    const overlap = await refine(a, b, translation(-300, -4));
    expect(overlap?.correlation.length).toBeGreaterThan(20);
    if (!overlap) return;
    const errors = errorsOf(overlap, placeA, placeB);
    const squares = errors.map(({ x }, k) => (x * x) / overlap.covariance[3 * k]);
    // 1 in the mean if the covariance told all; interpolation and averaging leave it within a factor of four.
    expect(mean(squares)).toBeGreaterThan(0.1);
    expect(mean(squares)).toBeLessThan(4);
    expect(Math.abs(mean(errors.map(({ x }) => x)))).toBeLessThan(0.03);
  });

  it('finds nothing where one tile shows noise alone', async () => {
    const a = imageOf(affinePlace(translation(0, 0)));
    const noise = addNoise({ data: new Float32Array(size.width * size.height), ...size }, 10, 3);
    const overlap = await refine(a, noise, translation(-300, 0));
    expect(overlap?.correlation.length).toBe(0);
    expect(overlap?.losses.correlation).toBeGreaterThan(20);
  });

  it('has nothing to say of tiles that do not overlap, or by less than a patch', async () => {
    const a = imageOf(affinePlace(translation(0, 0)));
    expect(await refine(a, a, translation(-900, 0))).toBeNull();
    expect(await refine(a, a, translation(-410, 0))).toBeNull();
  });

  it('reads no more than the overlap and hears an abort', async () => {
    const a = imageOf(affinePlace(translation(0, 0)));
    const asked: number[] = [];
    const reader = memoryTileReader(
      new Map([
        [idA, [a]],
        [idB, [a]],
      ]),
    );
    await refineOverlap(
      pair,
      translation(-300, -150),
      { a: size, b: size },
      {
        read: (tile, request) => {
          asked.push(request.region?.width ?? Infinity, request.region?.height ?? Infinity);
          return reader.read(tile, request);
        },
      },
      defaultRefineOptions,
      silentContext.signal,
    );
    // The overlap, and in b as much more as its patches may have moved: 12 px where the tile goes on.
    expect(asked).toEqual([120, 250, 132, 262]);
    const signal = AbortSignal.abort();
    await expect(
      refineOverlap(pair, translation(-300, 0), { a: size, b: size }, reader, defaultRefineOptions, signal),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('aligns tiles that lie turned against one another by a quarter of a right angle, far from the corner of either', async () => {
    const [cos, sin] = [Math.cos(0.4), Math.sin(0.4)];
    const pose = { a: cos, b: sin, c: -sin, d: cos, e: 180, f: 90 };
    const [placeA, placeB] = [affinePlace(translation(0, 0)), affinePlace(pose)];
    const off = composeAffine(translation(1.5, -2), invertAffine(pose));
    const overlap = await refine(imageOf(placeA), imageOf(placeB), off);
    expect(overlap?.correlation.length).toBeGreaterThan(30);
    if (!overlap) return;
    const errors = errorsOf(overlap, placeA, placeB);
    expect(Math.max(...errors.map(({ x, y }) => Math.hypot(x, y)))).toBeLessThan(0.05);
    const { texture: flat, correlation, backward, neighbours } = overlap.losses;
    expect(flat + correlation + backward + neighbours + overlap.correlation.length).toBe(overlap.tried);
    expect(overlap.tried - overlap.correlation.length).toBeLessThan(0.4 * overlap.tried);
  });

  it('states a larger error along a membrane than across it', async () => {
    // Waves that are three times longer along y than along x.
    const waves: Place = (x, y) => ({ x, y: y / 3 });
    const shifted: Place = (x, y) => waves(x + 300.3, y + 0.6);
    const overlap = await refine(imageOf(waves), imageOf(shifted), translation(-300, 0), {
      ...defaultRefineOptions,
      patchRadius: 16,
    });
    expect(overlap?.correlation.length).toBeGreaterThan(5);
    for (let k = 0; k < (overlap?.correlation.length ?? 0); k++)
      expect(overlap?.covariance[3 * k + 2]).toBeGreaterThan(1.5 * (overlap?.covariance[3 * k] ?? NaN));
  });

  it('drops the patches of a piece that moved by itself, and keeps those around it', async () => {
    const placeA = affinePlace(translation(0, 0));
    const placeB: Place = (x, y) => ({ x: x + 300 + (Math.hypot(x - 60, y - 200) < 24 ? 2 : 0), y });
    const overlap = await refine(imageOf(placeA), imageOf(placeB), translation(-300, 0));
    if (!overlap) throw new Error('no overlap');
    const { texture: flat, correlation, backward, neighbours } = overlap.losses;
    expect(flat + correlation + backward + neighbours).toBeGreaterThan(0);
    expect(flat + correlation + backward + neighbours + overlap.correlation.length).toBe(overlap.tried);
    for (let k = 0; k < overlap.correlation.length; k++)
      expect(Math.abs(overlap.a[2 * k] - overlap.b[2 * k] - 300)).toBeLessThan(0.7);
  });
});
