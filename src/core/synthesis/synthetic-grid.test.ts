import { describe, expect, it } from 'vitest';
import { applyAffine, rotationOf } from '../geometry/affine2.ts';
import type { Raster } from '../raster/raster.ts';
import { defaultEm424, planEm424Grid } from './em424-grid.ts';
import {
  cutGrid,
  defaultSyntheticGrid,
  planSyntheticGrid,
  syntheticGrid,
  syntheticGridPresets,
  tileGridOf,
  tilesOf,
} from './synthetic-grid.ts';
import type { SyntheticGridOptions, SyntheticTile } from './synthetic-grid.ts';
import { defaultTexture, emTexture, renderTexture } from './texture.ts';
import { truthOf } from './truth.ts';

const wave = (x: number, y: number) => 120 + 50 * Math.sin(x / 9 + 0.4) + 50 * Math.cos(y / 8 - 0.7);

function render(value: (x: number, y: number) => number, size: { width: number; height: number }): Raster {
  return renderTexture(value, { x: 0, y: 0, ...size });
}

const small: SyntheticGridOptions = {
  ...defaultSyntheticGrid,
  ...syntheticGridPresets.clean,
  rows: 2,
  columns: 3,
  tileSize: { width: 96, height: 80 },
  maxRotationRad: 0.08,
};

/** Position error of a tile along x and y: least squares of (tile − truth) on the truth's gradients. */
function positionError(tile: SyntheticTile, picture: (x: number, y: number) => number) {
  let [xx, xy, yy, xr, yr] = [0, 0, 0, 0, 0];
  const { width, height, data } = tile.raster;
  for (let v = 2; v < height - 2; v++)
    for (let u = 2; u < width - 2; u++) {
      const p = applyAffine(tile.mosaicFromTile, u, v);
      const gx = picture(p.x + 0.01, p.y) - picture(p.x - 0.01, p.y);
      const gy = picture(p.x, p.y + 0.01) - picture(p.x, p.y - 0.01);
      const residual = 0.02 * (data[v * width + u] - picture(p.x, p.y));
      xx += gx * gx;
      xy += gx * gy;
      yy += gy * gy;
      xr += gx * residual;
      yr += gy * residual;
    }
  const det = xx * yy - xy * xy;
  return { x: (yy * xr - xy * yr) / det, y: (xx * yr - xy * xr) / det };
}

describe('syntheticGrid', () => {
  it('puts every pixel where the truth says, to 0.001 px', () => {
    const plan = planSyntheticGrid(small);
    const grid = cutGrid(render(wave, plan.sourceSize), plan);
    expect(grid.tiles).toHaveLength(6);
    for (const tile of grid.tiles) {
      const error = positionError(tile, wave);
      expect(Math.hypot(error.x, error.y)).toBeLessThan(0.001);
    }
  });

  it('keeps the truth on a picture with fine grain: a tile is the texture at its true positions', () => {
    const plan = planSyntheticGrid({ ...small, rows: 1, columns: 1 });
    const texture = emTexture({ ...defaultTexture, seed: 3 });
    const [tile] = cutGrid(render(texture, plan.sourceSize), plan).tiles;
    let squares = 0;
    for (let v = 0; v < 80; v++)
      for (let u = 0; u < 96; u++) {
        const p = applyAffine(tile.mosaicFromTile, u, v);
        squares += (tile.raster.data[v * 96 + u] - texture(p.x, p.y)) ** 2;
      }
    expect(Math.sqrt(squares / (80 * 96))).toBeLessThan(1.5); // grey levels, of a standard deviation of about 25
    const error = positionError(tile, texture);
    expect(Math.hypot(error.x, error.y)).toBeLessThan(0.01); // 0.0051 for this seed
  });

  it('stays inside the source for every stage error, turn and distortion', () => {
    for (let seed = 0; seed < 40; seed++) {
      const plan = planSyntheticGrid({ ...small, ...syntheticGridPresets.drift, maxShiftPx: 11, seed });
      for (const { mosaicFromTile, mesh, size } of plan.tiles) {
        const reach = mesh ? Math.max(...mesh.dx.map(Math.abs), ...mesh.dy.map(Math.abs)) : 0;
        for (const [u, v] of [
          [0, 0],
          [size.width - 1, 0],
          [0, size.height - 1],
          [size.width - 1, size.height - 1],
        ]) {
          const p = applyAffine(mosaicFromTile, u, v);
          expect(Math.min(p.x, p.y)).toBeGreaterThanOrEqual(reach);
          expect(p.x).toBeLessThanOrEqual(plan.sourceSize.width - 1 - reach);
          expect(p.y).toBeLessThanOrEqual(plan.sourceSize.height - 1 - reach);
        }
      }
    }
  });

  it('applies noise, gain and offset as stated, and the tone undoes them', () => {
    const options: SyntheticGridOptions = {
      ...defaultSyntheticGrid,
      rows: 1,
      columns: 1,
      tileSize: { width: 200, height: 200 },
    };
    for (const sampleType of ['uint8', 'uint16', 'int16', 'float32'] as const) {
      const plan = planSyntheticGrid({ ...options, sampleType });
      const [tile] = cutGrid(
        render(() => 100, plan.sourceSize),
        plan,
      ).tiles;
      const units = { uint8: 1, uint16: 200, int16: 100, float32: 1 }[sampleType];
      const restored = Array.from(tile.raster.data, (value) => (tile.tone.gain * value + tile.tone.offset) / units);
      const mean = restored.reduce((sum, value) => sum + value, 0) / restored.length;
      const variance = restored.reduce((sum, value) => sum + (value - mean) ** 2, 0) / restored.length;
      expect(mean).toBeCloseTo(100, 0);
      expect(Math.sqrt(variance)).toBeCloseTo(5, 0);
    }
  });

  it('leaves missing cells out, fills blank ones with resin, and repeats for the same seed', () => {
    const options = { ...small, missing: [{ row: 0, column: 0 }], blank: [{ row: 1, column: 1 }] };
    const source = render(wave, planSyntheticGrid(options).sourceSize);
    const grid = syntheticGrid(source, options);
    expect(grid.tiles.map((tile) => tile.name)).toEqual([
      'tile_1_2.tif',
      'tile_1_3.tif',
      'tile_2_1.tif',
      'tile_2_2.tif',
      'tile_2_3.tif',
    ]);
    expect(grid.tiles[3].raster.data.every((value) => value === 190)).toBe(true);
    expect(syntheticGrid(source, options)).toEqual(grid);
    expect(tileGridOf(grid.plan).cells.get(tilesOf(grid.plan)[0].id)).toEqual({ row: 0, column: 1 });
    const complete = syntheticGrid(source, small);
    expect(complete.tiles[1].raster.data).toEqual(grid.tiles[0].raster.data); // other cells do not move its draws
  });

  it('stretches the start of the scan lines by the stated amount and states it in the mesh', () => {
    const options = { ...small, rows: 1, columns: 1, maxRotationRad: 0, lineStart: { amplitudePx: 4, decayPx: 20 } };
    const plan = planSyntheticGrid(options);
    const [tile] = cutGrid(
      render((x) => x, plan.sourceSize),
      plan,
    ).tiles;
    const { e } = tile.mosaicFromTile;
    for (let u = 0; u < 96; u++) expect(tile.raster.data[u] - u - e).toBeCloseTo(4 * Math.exp(-u / 20), 1);
    const truth = truthOf(plan, 'ramp').tiles[0];
    expect(truth.mesh?.dx[0]).toBe(4);
    expect(truth.mosaicFromTile[4]).toBe(e);
  });

  it('refuses a source that is too small', () => {
    expect(() => syntheticGrid(render(wave, { width: 50, height: 50 }), small)).toThrow('needs a source of');
  });
});

describe('planEm424Grid', () => {
  const plan = planEm424Grid({ width: 3000, height: 2400 }, defaultEm424);

  it('names, counts and starts tiles as the recipe says', () => {
    expect([plan.rows, plan.columns]).toEqual([2, 3]);
    expect(plan.tiles[4].name).toBe('em424_g00000_t00004_s00000.tif');
    const first = plan.tiles[0].mosaicFromTile;
    expect([first.e, first.f, rotationOf(first)]).toEqual([90, 90, 0]);
    for (const tile of plan.tiles) {
      const centre = applyAffine(tile.mosaicFromTile, 512, 512);
      const [dx, dy] = [centre.x - 512 - 90 - 729 * tile.column, centre.y - 512 - 90 - 729 * tile.row];
      expect(Number.isInteger(Math.round(dx * 1e6) / 1e6)).toBe(true);
      expect(dx).toBeGreaterThan(-1e-6);
      expect(dy).toBeLessThan(30 + 1e-6);
      if (tile.column === 0) expect(dx).toBeCloseTo(0, 9);
    }
  });

  it('turns by whole degrees that move by at most 5 and stay within −5…5', () => {
    let previous = 0;
    for (let grid = 0; grid < 30; grid++)
      for (const tile of planEm424Grid({ width: 3000, height: 2400 }, { ...defaultEm424, grid }).tiles) {
        const degrees = (rotationOf(tile.mosaicFromTile) * 180) / Math.PI;
        if (tile.row + tile.column === 0) previous = 0;
        expect(degrees).toBeCloseTo(Math.round(degrees), 9);
        expect(Math.abs(Math.round(degrees) - previous)).toBeLessThanOrEqual(5);
        expect(Math.abs(degrees)).toBeLessThanOrEqual(5 + 1e-9);
        previous = Math.round(degrees);
      }
  });
});
