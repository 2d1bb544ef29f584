import { describe, expect, it } from 'vitest';
import { composeRegion } from '../mosaic/compositor.ts';
import { defaultComposeOptions } from '../mosaic/mosaic.ts';
import type { Mosaic } from '../mosaic/mosaic.ts';
import type { Link } from '../matching/link.ts';
import { noCorrespondences } from '../matching/matcher.ts';
import { emptyMoments } from '../matching/link-moments.ts';
import { silentContext } from '../progress.ts';
import type { Raster } from '../raster/raster.ts';
import { defaultSyntheticGrid, planSyntheticGrid, syntheticGrid, tilesOf } from '../synthesis/synthetic-grid.ts';
import { defaultTexture, emTexture, renderTexture } from '../synthesis/texture.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { plainReport } from '../testing/plain-report.ts';
import type { TileId } from '../tiles/tile.ts';
import { estimateShading } from './estimate-shading.ts';
import { meanShading, shadingAt, withoutShading } from './shading-field.ts';
import type { ShadingField } from './shading-field.ts';
import { unshadedLinks } from './unshaded-links.ts';

const side = 192;
type Shading = (s: number, t: number) => number;

const flat: Shading = () => 1;
/** Corners 21 % darker than the centre. */
const vignette: Shading = (s, t) => 1 - 0.42 * ((s - 0.5) ** 2 + (t - 0.5) ** 2);
const slope: Shading = (s, t) => 1 + 0.1 * (s - 0.5) - 0.06 * (t - 0.5);

/** Tiles of procedural tissue with uneven gains and offsets. */
function plainGrid(rows: number, columns: number, seed: number) {
  const options = {
    ...defaultSyntheticGrid,
    ...{ rows, columns, seed, tileSize: { width: side, height: side }, overlap: { x: 0.12, y: 0.12 } },
    ...{ maxShiftPx: 4, maxRotationRad: 0.005 },
  };
  const { width, height } = planSyntheticGrid(options).sourceSize;
  return syntheticGrid(renderTexture(emTexture({ ...defaultTexture, seed }), { x: 0, y: 0, width, height }), options);
}

/** The tiles of a grid seen through a shading. */
function shaded(grid: ReturnType<typeof plainGrid>, shading: Shading) {
  const { plan } = grid;
  const rasters = new Map<TileId, readonly Raster[]>();
  for (const { id, raster } of grid.tiles) {
    const data = new Uint8Array(raster.data.length);
    for (let j = 0; j < side; j++)
      for (let i = 0; i < side; i++)
        data[j * side + i] = Math.round(0.9 * raster.data[j * side + i] * shading(i / (side - 1), j / (side - 1)));
    rasters.set(id, [{ data, width: side, height: side }]);
  }
  const at = new Map(plan.tiles.map((tile) => [`${tile.row},${tile.column}`, tile.id]));
  const links = plan.tiles.flatMap((tile) =>
    [`${tile.row},${tile.column + 1}`, `${tile.row + 1},${tile.column}`].flatMap((key) => {
      const b = at.get(key);
      return b ? [linkOf(tile.id, b)] : [];
    }),
  );
  const report = plainReport(new Map(plan.tiles.map(({ id, mosaicFromTile }) => [id, mosaicFromTile])));
  return { request: { tiles: tilesOf(plan), links, report }, reader: memoryTileReader(rasters), rasters };
}

function linkOf(a: TileId, b: TileId): Link {
  return {
    kind: 'link',
    pair: { a, b, aFromB: { x: 0, y: 0, thetaRad: 0 }, sigmaPx: 1, expectedOverlap: null },
    correspondences: noCorrespondences,
    matchMs: 0,
    model: 'rigid',
    aFromB: { a: 1, b: 0, c: 0, d: 1, e: 150, f: 0 },
    inlierMask: new Uint8Array(0),
    inliers: 0,
    confidence: 1,
    rmsPx: 0,
    moments: emptyMoments,
    intensities: { count: 100, meanA: 90, meanB: 110, varianceA: 81, varianceB: 121, covariance: 90 },
  };
}

/** Root mean square and largest error of a field against a shading of mean 1. */
function errorOf(field: ShadingField | null, shading: Shading) {
  const steps = 33;
  let mean = 0;
  for (let n = 0; n < 64 * 64; n++) mean += shading(((n % 64) + 0.5) / 64, (Math.floor(n / 64) + 0.5) / 64) / 4096;
  let [sum, worst] = [0, 0];
  for (let n = 0; n < steps * steps; n++) {
    const s = (n % steps) / (steps - 1);
    const t = Math.floor(n / steps) / (steps - 1);
    const error = (field ? shadingAt(field, s, t) : 1) / (shading(s, t) / mean) - 1;
    sum += error * error;
    worst = Math.max(worst, Math.abs(error));
  }
  return { rms: Math.sqrt(sum) / steps, worst };
}

const large = plainGrid(6, 6, 3);

describe('estimateShading', () => {
  it.each([
    ['a vignette', vignette],
    ['a slope', slope],
  ])('recovers %s from 6 × 6 tiles to less than one percent', async (_, shading) => {
    const { request, reader } = shaded(large, shading);
    const estimate = await estimateShading(request, reader, silentContext);
    const { rms, worst } = errorOf(estimate.field, shading);
    expect(rms).toBeLessThan(0.01);
    expect(worst).toBeLessThan(0.025);
    expect(estimate.sigma).toBeLessThan(0.007);
    expect(estimate.sentence).toMatch(
      /^All tiles share a shading from \d+\.\d % to \d+\.\d % of their mean, known to 0\.\d %/,
    );
  });

  it('recovers a vignette from as few as nine tiles', async () => {
    const { request, reader } = shaded(plainGrid(3, 3, 4), vignette);
    const { field } = await estimateShading(request, reader, silentContext);
    expect(errorOf(field, vignette).rms).toBeLessThan(0.01);
  });

  it.each([3, 5])('invents no shading on a grid of side %i that has none', async (rows) => {
    for (const seed of rows === 3 ? [1, 2] : [1]) {
      const { request, reader } = shaded(plainGrid(rows, rows, seed), flat);
      const { field } = await estimateShading(request, reader, silentContext);
      expect(errorOf(field, flat).worst).toBeLessThan(0.005);
    }
  });

  it('is not misled by tiles that are blank, clipped, damaged, or linked where they do not overlap', async () => {
    const { request, reader, rasters } = shaded(large, vignette);
    const [blank, bright, lost, stray] = request.tiles.map(({ id }) => id);
    rasters.set(blank, [{ data: new Uint8Array(side * side).fill(190), width: side, height: side }]);
    rasters.set(bright, [{ data: new Uint8Array(side * side).fill(255), width: side, height: side }]);
    rasters.delete(lost);
    const links = [...request.links, linkOf(stray, request.tiles[35].id)];
    const broken = { ...request, links, tiles: request.tiles.filter(({ id }) => id !== lost) };
    const { field, tiles } = await estimateShading(broken, reader, silentContext);
    expect(tiles).toBe(34);
    expect(errorOf(field, vignette).rms).toBeLessThan(0.01);
  });

  it('says so where there are too few tiles', async () => {
    const { request, reader } = shaded(plainGrid(1, 3, 1), vignette);
    const estimate = await estimateShading(request, reader, silentContext);
    expect(estimate).toMatchObject({ field: null, tiles: 3 });
    expect(estimate.sentence).toContain('needs 6 solved tiles');
  });
});

describe('taking a shading out', () => {
  const field: ShadingField = { columns: 2, rows: 2, values: Float32Array.of(0.8, 1.2, 0.8, 1.2) };

  it('divides every pixel by the field at its place, at any level and in any region', () => {
    const size = { width: 101, height: 51 };
    const seen = { data: new Uint8Array(101).fill(120), width: 101, height: 1 };
    const [whole] = withoutShading([seen], field, { region: { x: 0, y: 7, width: 101, height: 1 }, level: 0, size });
    expect([whole.data[0], whole.data[50], whole.data[100]].map((v) => v.toFixed(3))).toEqual([
      '150.000',
      '120.000',
      '100.000',
    ]);
    const small = { data: new Uint8Array(2).fill(120), width: 2, height: 1 };
    const [half] = withoutShading([small], field, { region: { x: 12, y: 3, width: 2, height: 1 }, level: 1, size });
    // Pixel 12 of level 1 has its centre at 24.5 of the tile.
    expect(half.data[0]).toBeCloseTo(120 / (0.8 + 0.4 * 0.245), 4);
    expect(
      withoutShading([seen], undefined, { region: { x: 0, y: 0, width: 101, height: 1 }, level: 0, size })[0],
    ).toBe(seen);
  });

  it('takes it out of the moments of the overlaps, too', () => {
    const { request } = shaded(plainGrid(1, 2, 1), flat);
    const [link] = unshadedLinks(request.links, request.tiles, field);
    // b lies 150 px to the right of a: columns 150…192 of a, 0…42 of b.
    const a = meanShading(field, { x: 150, y: 0, width: 42, height: 192 }, { width: side, height: side });
    const b = meanShading(field, { x: 0, y: 0, width: 42, height: 192 }, { width: side, height: side });
    expect(a).toBeGreaterThan(1.1);
    expect(b).toBeLessThan(0.9);
    expect(link.intensities?.meanA).toBeCloseTo(90 / a, 6);
    expect(link.intensities?.varianceB).toBeCloseTo(121 / b ** 2, 6);
    expect(unshadedLinks(request.links, request.tiles, null)).toBe(request.links);
  });

  it.each(['overlay', 'average', 'feather', 'seam', 'multiband'] as const)(
    'happens in the compositor before blending: %s',
    async (blend) => {
      const seen = Uint8Array.from({ length: 64 * 64 }, (_, n) => Math.round(120 * (0.8 + (0.4 * (n % 64)) / 63)));
      const tile = 'a.tif' as TileId;
      const mosaic: Mosaic = {
        bounds: { x: 0, y: 0, width: 64, height: 64 },
        placements: [
          {
            tile,
            size: { width: 64, height: 64 },
            mosaicFromTile: { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 },
            ...{ state: 'solved', component: 0, tone: { gain: 1, offset: 0 } },
          },
        ],
        ...{ channels: 1, sampleType: 'uint8', pixelSizeNm: null, shading: field },
      };
      const reader = memoryTileReader(new Map([[tile, [{ data: seen, width: 64, height: 64 }]]]));
      const region = { rect: mosaic.bounds, scale: 1 };
      const options = { ...defaultComposeOptions, blend };
      const { channels } = await composeRegion(mosaic, region, options, reader, silentContext.signal);
      for (const value of channels[0].data) expect(Math.abs(value - 120)).toBeLessThanOrEqual(1);
      const raw = await composeRegion(mosaic, region, { ...options, blend: 'none' }, reader, silentContext.signal);
      expect(raw.channels[0].data).toEqual(seen);
    },
  );
});
