import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { byteSourceFromBytes } from '../../formats/byte-source.ts';
import { openImage } from '../../formats/index.ts';
import { seededRandom } from '../random.ts';
import { silentContext } from '../progress.ts';
import { lumaOf } from '../raster/raster.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { blurGaussian, downsample } from '../raster/resample.ts';
import { estimateOverlap, inferLayout } from './layout-inference.ts';
import { proposeLayouts } from './layout-proposals.ts';
import type { LayoutRanking } from './layout-ranking.ts';
import { tilesToLookAt } from './layout-ranking.ts';
import { cellOf, describeScanOrder, scanOrders } from './scan-order.ts';
import { tileId } from './tile.ts';
import type { GridCell, Tile, TileGrid, TileId } from './tile.ts';
import { plainTile } from '../testing/plain-tile.ts';

function tileOf(file: string, width: number, height: number): Tile {
  return plainTile(file, { width, height });
}

/** A plane of blobs of two sizes, mean 120, standard deviation about 40. */
function texture(width: number, height: number, seed: number): FloatRaster {
  const random = seededRandom(seed);
  const layer = (sigma: number): FloatRaster => {
    const white = Float32Array.from({ length: width * height }, () => random() - 0.5);
    const blurred = blurGaussian({ data: white, width, height }, sigma);
    // White noise of variance 1/12 keeps 1/(4πσ²) of it.
    const gain = Math.sqrt(12 * 4 * Math.PI) * sigma;
    return { ...blurred, data: blurred.data.map((value) => value * gain) };
  };
  const small = layer(1.6);
  const large = layer(7);
  return { width, height, data: small.data.map((value, i) => 120 + 25 * value + 30 * large.data[i]) };
}

interface GridRecipe {
  readonly rows: number;
  readonly columns: number;
  readonly overlap: number;
  readonly noise: number;
  readonly seed?: number;
  readonly missing?: readonly number[];
  readonly blank?: readonly number[];
}

interface MadeTile {
  readonly cell: GridCell;
  readonly thumbnail: FloatRaster;
}

/** Tiles of 256 × 224 px cut from a texture with a stage error of ±1.5 %, tone changes and noise; 8-bit values. */
function cutGrid(recipe: GridRecipe): MadeTile[] {
  const { rows, columns, overlap, noise, seed = 1, missing = [], blank = [] } = recipe;
  const [width, height] = [256, 224];
  const random = seededRandom(seed + 99);
  const pitch = { x: width * (1 - overlap), y: height * (1 - overlap) };
  const plane = texture(Math.ceil(pitch.x * columns + width), Math.ceil(pitch.y * rows + height), seed);
  const made: MadeTile[] = [];
  for (let k = 0; k < rows * columns; k++) {
    const cell = { row: Math.floor(k / columns), column: k % columns };
    const x = Math.max(0, Math.round(cell.column * pitch.x + (random() - 0.5) * 0.03 * width));
    const y = Math.max(0, Math.round(cell.row * pitch.y + (random() - 0.5) * 0.03 * height));
    const gain = 0.8 + 0.4 * random();
    const data = new Float32Array(width * height);
    for (let j = 0; j < height; j++)
      for (let i = 0; i < width; i++) {
        const value = blank.includes(k) ? 120 : gain * plane.data[(y + j) * plane.width + x + i];
        const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
        data[j * width + i] = Math.max(0, Math.min(255, Math.round(value + noise * normal)));
      }
    if (!missing.includes(k)) made.push({ cell, thumbnail: { data, width, height } });
  }
  return made;
}

type Naming = (row: number, column: number) => string;

function named(made: readonly MadeTile[], naming: Naming) {
  const tiles = made.map(({ cell }) => tileOf(naming(cell.row, cell.column), 256, 224));
  const thumbnails = new Map<TileId, FloatRaster>(made.map(({ thumbnail }, k) => [tiles[k].id, thumbnail]));
  const truth = new Map<TileId, GridCell>(made.map(({ cell }, k) => [tiles[k].id, cell]));
  return { tiles, thumbnails, truth };
}

function bestGrid(ranking: LayoutRanking): TileGrid {
  const { layout } = ranking.hypotheses[0];
  if (layout.kind !== 'grid') throw new Error('not a grid');
  return layout;
}

async function expectFound(made: readonly MadeTile[], naming: Naming, overlap: number): Promise<LayoutRanking> {
  const { tiles, thumbnails, truth } = named(made, naming);
  const ranking = await inferLayout(tiles, thumbnails, silentContext);
  const grid = bestGrid(ranking);
  expect(Object.fromEntries(grid.cells), ranking.hypotheses[0].description).toEqual(Object.fromEntries(truth));
  expect(Math.abs(grid.overlap.x - overlap)).toBeLessThan(0.015);
  expect(Math.abs(grid.overlap.y - overlap)).toBeLessThan(0.015);
  expect(ranking.isClose).toBe(false);
  return ranking;
}

const two = (value: number): string => String(value).padStart(2, '0');
const three = (value: number): string => String(value).padStart(3, '0');

/** Names by the running number of an order: the inverse of `cellOf`. */
function inOrder(rows: number, columns: number, k: number, name: (index: number) => string): Naming {
  const names = new Map<string, string>();
  for (let index = 0; index < rows * columns; index++) {
    const cell = cellOf(index, rows, columns, scanOrders[k]);
    names.set(`${cell.row},${cell.column}`, name(index));
  }
  return (row, column) => names.get(`${row},${column}`) ?? '';
}

const realGrids: readonly { folder: string; overlap: { x: number; y: number }; columnFirst: boolean }[] = [
  { folder: 'mussel-165', overlap: { x: 0.1, y: 0.1 }, columnFirst: false },
  { folder: 'mussel-1', overlap: { x: 0.1, y: 0.1 }, columnFirst: false },
  { folder: 'cremi-shift-C1', overlap: { x: 0.11, y: 0.11 }, columnFirst: false },
  { folder: 'cremi-rotated-C1', overlap: { x: 0.12, y: 0.1 }, columnFirst: false },
  { folder: 'rock-stitch2d', overlap: { x: 0.26, y: 0.1 }, columnFirst: true },
];

async function openGrid(folder: string) {
  const tiles: Tile[] = [];
  const thumbnails = new Map<TileId, FloatRaster>();
  for (const name of readdirSync(folder).sort()) {
    const file = `${folder.slice(folder.lastIndexOf('/') + 1)}/${name}`;
    const image = await openImage(byteSourceFromBytes(file, readFileSync(join(folder, name))));
    const raster = lumaOf(await image.readRegion(0, undefined, silentContext.signal));
    const tile = tileOf(file, raster.width, raster.height);
    tiles.push(tile);
    thumbnails.set(tile.id, downsample(raster, 256 / Math.max(raster.width, raster.height)));
  }
  return { tiles, thumbnails };
}

describe('inferLayout on real grids', () => {
  it.skipIf(!existsSync('../shared/data')).each(realGrids)(
    'finds layout and overlap of $folder from names, and from the pictures alone [needs ../shared/data]',
    async ({ folder, overlap, columnFirst }) => {
      const path = `../shared/data/${folder}`;
      const { tiles, thumbnails } = await openGrid(path);
      const numbers = tiles.map(({ file }) => (file.match(/\d+/g) ?? []).slice(-2).map(Number));
      const least = Math.min(...numbers.flat());
      const cells = numbers.map(([p, q]) =>
        columnFirst ? { row: q - least, column: p - least } : { row: p - least, column: q - least },
      );
      const byName = await inferLayout(tiles, thumbnails, silentContext);
      const grid = bestGrid(byName);
      expect(tiles.map(({ id }) => grid.cells.get(id))).toEqual(cells);
      expect(Math.abs(grid.overlap.x - overlap.x)).toBeLessThan(0.015);
      expect(Math.abs(grid.overlap.y - overlap.y)).toBeLessThan(0.015);
      expect(byName.isClose).toBe(false);

      // The same tiles as img_001 … in the order of the files: only the pictures can tell.
      const blind = tiles.map((tile, k) => ({
        ...tile,
        id: tileId(`img_${three(k + 1)}`),
        file: `img_${three(k + 1)}`,
      }));
      const seen = new Map(
        tiles.map((tile, k) => [
          blind[k].id,
          thumbnails.get(tile.id) ?? { data: new Float32Array(1), width: 1, height: 1 },
        ]),
      );
      const blindGrid = bestGrid(await inferLayout(blind, seen, silentContext));
      expect(blind.map(({ id }) => blindGrid.cells.get(id))).toEqual(cells);
    },
  );
});

describe('inferLayout on generated grids', () => {
  const fourByThree = cutGrid({ rows: 4, columns: 3, overlap: 0.1, noise: 10 });

  it.each<[string, Naming]>([
    ['Tile_1_2.tif', (row, column) => `Tile_${row + 1}_${column + 1}.tif`],
    ['tile_r01_c02.png', (row, column) => `tile_r${two(row + 1)}_c${two(column + 1)}.png`],
    ['X1_Y2 zero-based', (row, column) => `scan_X${column}_Y${row}.tif`],
    ['[Grid@column row]', (row, column) => `em[Grid@${column} ${row}].jpg`],
    ['[Grid@row column]', (row, column) => `em[Grid@${row} ${column}].jpg`],
    ['rows from the bottom', (row, column) => `Tile_${4 - row}_${column + 1}.tif`],
    ['folders', (row, column) => `row${row}/img${column}.tif`],
    ['coordinates', (row, column) => `s3_x${column * 900}_y${row * 800}.tif`],
  ])('reads %s', async (_, naming) => {
    await expectFound(fourByThree, naming, 0.1);
  });

  it.each(scanOrders.map((order, k) => [describeScanOrder(order), k] as const))('finds 4 × 3, %s', async (_, k) => {
    await expectFound(
      fourByThree,
      inOrder(4, 3, k, (index) => `img_${three(index + 1)}.tif`),
      0.1,
    );
  });

  it.each([
    { rows: 3, columns: 4, k: 0, path: 'raster' },
    { rows: 3, columns: 4, k: 1, path: 'snake' },
    { rows: 5, columns: 5, k: 0, path: 'raster' },
    { rows: 5, columns: 5, k: 1, path: 'snake' },
  ])('finds $rows × $columns, $path, zero-based with constant fields', async ({ rows, columns, k }) => {
    const made = cutGrid({ rows, columns, overlap: 0.1, noise: 10, seed: 2 });
    const name = (index: number): string => `em424_g00000_t${String(index).padStart(5, '0')}_s00000.tif`;
    await expectFound(made, inOrder(rows, columns, k, name), 0.1);
  });

  it.each([0.05, 0.1, 0.2, 0.3])(
    'finds 5 × 5 with the first and another tile missing, one blank, noise 30, overlap %f',
    async (overlap) => {
      const made = cutGrid({ rows: 5, columns: 5, overlap, noise: 30, seed: 4, missing: [0, 13], blank: [7] });
      await expectFound(
        made,
        inOrder(5, 5, 1, (index) => `img_${three(index + 1)}.tif`),
        overlap,
      );
      await expectFound(made, (row, column) => `Tile_${row + 1}_${column + 1}.tif`, overlap);
    },
  );

  it.each([
    { rows: 1, columns: 2, k: 0 },
    { rows: 1, columns: 2, k: 4 },
    { rows: 2, columns: 1, k: 0 },
    { rows: 2, columns: 1, k: 8 },
  ])('finds the side at which two tiles touch, $rows × $columns, order $k', async ({ rows, columns, k }) => {
    const made = cutGrid({ rows, columns, overlap: 0.12, noise: 10, seed: 12 });
    const { tiles, thumbnails, truth } = named(
      made,
      inOrder(rows, columns, k, (index) => `img_${index + 1}.tif`),
    );
    const grid = bestGrid(await inferLayout(tiles, thumbnails, silentContext));
    expect(Object.fromEntries(grid.cells)).toEqual(Object.fromEntries(truth));
  });

  it('finds an unfinished last row', async () => {
    const made = cutGrid({ rows: 4, columns: 4, overlap: 0.1, noise: 10, seed: 5, missing: [14, 15] });
    await expectFound(made, (row, column) => `img_${row * 4 + column + 1}.tif`, 0.1);
  });

  it('compares tiles of differing size at one scale', async () => {
    const made = cutGrid({ rows: 2, columns: 3, overlap: 0.2, noise: 5, seed: 6 });
    const { tiles, thumbnails, truth } = named(made, (row, column) => `t_${row}_${column}.tif`);
    // The last column is cut to half its width at full resolution; its thumbnail then has twice the scale.
    const sized = tiles.map((tile) => ({
      ...tile,
      size: truth.get(tile.id)?.column === 2 ? { width: 512, height: 896 } : { width: 1024, height: 896 },
    }));
    const cut = new Map(
      tiles.map(({ id }) => {
        const whole = thumbnails.get(id) ?? { data: new Float32Array(0), width: 0, height: 0 };
        return [id, truth.get(id)?.column === 2 ? leftHalf(whole) : downsample(whole, 0.5)] as const;
      }),
    );
    const grid = bestGrid(await inferLayout(sized, cut, silentContext));
    expect(Object.fromEntries(grid.cells)).toEqual(Object.fromEntries(truth));
    expect(Math.abs(grid.overlap.x - 0.2)).toBeLessThan(0.02);
  });

  it('says that it is close when nothing can be seen, and keeps the usual overlap', async () => {
    const made = cutGrid({ rows: 3, columns: 3, overlap: 0.1, noise: 10, blank: [0, 1, 2, 3, 4, 5, 6, 7, 8] });
    const { tiles, thumbnails } = named(made, (row, column) => `t_${row}_${column}.tif`);
    const ranking = await inferLayout(tiles, thumbnails, silentContext);
    expect(ranking.isClose).toBe(true);
    expect(bestGrid(ranking).overlap).toEqual({ x: 0.1, y: 0.1 });
    expect(await estimateOverlap(bestGrid(ranking), thumbnails, silentContext)).toEqual({ x: null, y: null });
  });

  it('hears an abort between surfaces', async () => {
    const { tiles, thumbnails } = named(fourByThree, (row, column) => `t_${row}_${column}.tif`);
    const abort = Object.assign(new Error('stop'), { name: 'AbortError' });
    let yields = 0;
    const signal = {
      get aborted() {
        return yields > 2;
      },
      throwIfAborted() {
        if (yields > 2) throw abort;
      },
    };
    const yieldNow = async () => void yields++;
    await expect(inferLayout(tiles, thumbnails, { ...silentContext, signal, yieldNow })).rejects.toBe(abort);
    expect(yields).toBe(3);
  });
});

function leftHalf(raster: FloatRaster): FloatRaster {
  const width = raster.width / 2;
  const data = new Float32Array(width * raster.height);
  for (let y = 0; y < raster.height; y++)
    data.set(raster.data.subarray(y * raster.width, y * raster.width + width), y * width);
  return { data, width, height: raster.height };
}

describe('estimateOverlap', () => {
  it('measures x and y apart on a given layout', async () => {
    const made = cutGrid({ rows: 3, columns: 3, overlap: 0.15, noise: 20, seed: 8 });
    const { tiles, thumbnails } = named(made, (row, column) => `t_${row}_${column}.tif`);
    const [{ layout }] = proposeLayouts(tiles);
    const { x, y } = await estimateOverlap(layout, thumbnails, silentContext);
    expect(Math.abs((x ?? 0) - 0.15)).toBeLessThan(0.01);
    expect(Math.abs((y ?? 0) - 0.15)).toBeLessThan(0.01);
  });
});

describe('tilesToLookAt', () => {
  it('asks for few thumbnails of a named grid of 10,000 tiles', () => {
    const tiles: Tile[] = [];
    for (let row = 0; row < 100; row++)
      for (let column = 0; column < 100; column++) tiles.push(tileOf(`t_r${row}_c${column}.tif`, 256, 256));
    const wanted = tilesToLookAt(proposeLayouts(tiles));
    expect(wanted.size).toBeLessThan(250);
  });
});
