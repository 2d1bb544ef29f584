import { describe, expect, it } from 'vitest';
import { StitchError } from '../errors.ts';
import { proposeLayouts, stageLayout } from './layout-proposals.ts';
import { findGroups } from './tile-groups.ts';
import { tileId } from './tile.ts';
import type { Tile, TileGrid } from './tile.ts';

function tile(file: string, page = 0): Tile {
  return {
    id: tileId(file, page),
    file,
    page,
    size: { width: 100, height: 80 },
    channels: 1,
    sampleType: 'uint8',
    pixelSizeNm: null,
    stage: null,
  };
}

const grid = (rows: number, columns: number, name: (row: number, column: number) => string): Tile[] =>
  Array.from({ length: rows * columns }, (_, k) => tile(name(Math.floor(k / columns), k % columns)));

const digits = (value: number, width: number): string => String(value).padStart(width, '0');

function best(tiles: readonly Tile[]): TileGrid {
  const { layout } = proposeLayouts(tiles)[0];
  if (layout.kind !== 'grid') throw new Error('not a grid');
  return layout;
}

function expectRowMajor(tiles: readonly Tile[], rows: number, columns: number): void {
  const layout = best(tiles);
  expect([layout.rows, layout.columns]).toEqual([rows, columns]);
  expect(tiles.map(({ id }) => layout.cells.get(id))).toEqual(
    tiles.map((_, k) => ({ row: Math.floor(k / columns), column: k % columns })),
  );
}

function errorOf(run: () => unknown): StitchError {
  try {
    run();
  } catch (error) {
    if (error instanceof StitchError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** CPU time, not wall time: other work on the machine must not fail a test. */
function cpuMsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

describe('proposeLayouts from names alone', () => {
  it.each<[string, (row: number, column: number) => string]>([
    ['165_2_3.tif', (r, c) => `165_${r + 1}_${c + 1}.tif`],
    ['C1_1_2.bmp', (r, c) => `C1_${r + 1}_${c + 1}.bmp`],
    ['Tile_1_2.tif', (r, c) => `Tile_${r + 1}_${c + 1}.tif`],
    ['tile_r01_c02.png', (r, c) => `tile_r${digits(r, 2)}_c${digits(c, 2)}.png`],
    ['c before r', (r, c) => `c${c}r${r}.png`],
    ['row, col', (r, c) => `S12_row-${r}_col-${c}_v2.ome.tif`],
    ['X and Y', (r, c) => `X${c}_Y${r}.tif`],
    ['[Grid@column row]', (r, c) => `ex[Grid@${c} ${r}].jpg`],
    ['a running number beside them', (r, c) => `img${digits(r * 4 + c, 4)}_${r}_${c}.tif`],
    ['a time stamp beside them', (r, c) => `2024-05-01_1200${digits(r * 4 + c, 2)}_r${r}_c${c}.tif`],
    ['folders', (r, c) => `scan 7/row${r}/col${c}.tif`],
    ['t counts, g and s are constant', (r, c) => `em424_g00000_t${digits(r * 4 + c, 5)}_s00000.tif`],
    ['img_001', (r, c) => `img_${digits(r * 4 + c + 1, 3)}.tif`],
  ])('reads %s', (_, name) => {
    const tiles = grid(4, 4, name);
    expectRowMajor(tiles, 4, 4);
    const shares = proposeLayouts(tiles).map(({ confidence }) => confidence);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    expect([...shares].sort((p, q) => q - p)).toEqual(shares);
  });

  it('offers column, row too where names do not say, and puts it first for Grid@', () => {
    const plain = proposeLayouts(grid(2, 3, (r, c) => `t_${r}_${c}.tif`)).map(({ description }) => description);
    expect(plain[0]).toBe('2 rows × 3 columns: the numbers in the names are row, column');
    expect(plain).toContain('3 rows × 2 columns: the numbers in the names are column, row');
    const marked = proposeLayouts(grid(2, 3, (r, c) => `t[Grid@${c} ${r}].tif`));
    expect(marked[0].description).toBe('2 rows × 3 columns: the numbers in the names are column, row');
  });

  it('offers rows from the bottom and columns from the right, by how usual they are', () => {
    const told = (tiles: readonly Tile[]) =>
      new Map(proposeLayouts(tiles).map(({ description, confidence }) => [description, confidence]));
    const plain = told(grid(2, 3, (r, c) => `t_${r}_${c}.tif`));
    const rows = '2 rows × 3 columns: the numbers in the names are row, column';
    const columns = '3 rows × 2 columns: the numbers in the names are column, row';
    // 1, 0.06, 0.03 and both of the likely reading, half of it of the other.
    const sum = 1.5 * 1.06 * 1.03;
    for (const [description, weight] of [
      [rows, 1],
      [`${rows}; rows count from the bottom`, 0.06],
      [`${rows}; columns count from the right`, 0.03],
      [`${rows}; rows count from the bottom, columns count from the right`, 0.0018],
      [columns, 0.5],
      [`${columns}; rows count from the bottom`, 0.03],
      [`${columns}; columns count from the right`, 0.015],
    ] as const)
      expect(plain.get(description)).toBeCloseTo(weight / sum, 9);
    expect(plain.size).toBe(8);
    const column = told(grid(3, 1, (r) => `tile_r${r}_c1.tif`));
    expect([...column.keys()]).toEqual([
      '3 rows × 1 column: the names say row and column',
      '3 rows × 1 column: the names say row and column; rows count from the bottom',
      '1 row × 3 columns: the names say row and column, taken the other way round',
      '1 row × 3 columns: the names say row and column, taken the other way round; columns count from the right',
    ]);
  });

  it('keeps gaps, the first cell too', () => {
    const byCell = grid(3, 3, (r, c) => `t_${r + 1}_${c + 1}.tif`).filter((_, k) => k !== 0 && k !== 5);
    expect(best(byCell).cells.get(tileId('t_1_2.tif'))).toEqual({ row: 0, column: 1 });
    const byNumber = grid(3, 3, (r, c) => `t_${r * 3 + c + 1}.tif`).filter((_, k) => k !== 0 && k !== 5);
    expect(best(byNumber).cells.get(tileId('t_2.tif'))).toEqual({ row: 0, column: 1 });
  });

  it('offers raster and snake in all orders and shapes for running numbers', () => {
    const descriptions = proposeLayouts(grid(3, 4, (r, c) => `i${r * 4 + c}.tif`)).map(
      ({ description }) => description,
    );
    for (const expected of [
      '0…11 in 3 rows × 4 columns, snake by rows from the bottom right',
      '0…11 in 4 rows × 3 columns, raster by columns from the top left',
      '0…11 in 2 rows × 6 columns, snake by columns from the top right',
      '0…11 in 3 rows × 5 columns, raster by rows from the top left',
    ])
      expect(descriptions).toContain(expected);
    expect(new Set(descriptions).size).toBe(descriptions.length);
  });

  it('weighs shapes and scans of running numbers', () => {
    const told = (count: number) =>
      new Map(
        proposeLayouts(Array.from({ length: count }, (_, k) => tile(`i${k}.tif`))).map(
          ({ description, confidence }) => [description, confidence],
        ),
      );
    const twelve = told(12);
    const share = (shape: string, scan: string) => twelve.get(`0…11 in ${shape}, ${scan}`) ?? NaN;
    const usual = share('3 rows × 4 columns', 'raster by rows from the top left');
    const slope = (ratio: number) => Math.exp(-1.2 * Math.log(ratio)) / Math.exp(-1.2 * Math.log(4 / 3));
    for (const [shape, scan, weight] of [
      ['3 rows × 4 columns', 'snake by rows from the top left', 0.6],
      ['3 rows × 4 columns', 'raster by columns from the top left', 0.3],
      ['3 rows × 4 columns', 'raster by rows from the bottom left', 0.15],
      ['3 rows × 4 columns', 'raster by rows from the top right', 0.1],
      ['3 rows × 4 columns', 'snake by columns from the bottom right', 0.05 * 0.3 * 0.6],
      ['4 rows × 3 columns', 'raster by rows from the top left', 1],
      ['2 rows × 6 columns', 'raster by rows from the top left', slope(3)],
      ['6 rows × 2 columns', 'raster by rows from the top left', slope(3)],
      ['12 rows × 1 columns', 'raster by rows from the top left', slope(12)],
      ['1 rows × 12 columns', 'raster by rows from the top left', slope(12)],
      ['3 rows × 5 columns', 'raster by rows from the top left', 0.08 * slope(5 / 3)],
    ] as const)
      expect(share(shape, scan) / usual, `${shape} ${scan}`).toBeCloseTo(weight, 9);
    // A whole column of 3 × 5 cells would be empty; two rows of seven leave too long a line.
    expect(share('3 rows × 5 columns', 'raster by columns from the top left')).toBeNaN();
    expect(share('2 rows × 7 columns', 'raster by rows from the top left')).toBeNaN();
    const forty = [...told(40).keys()].join();
    for (const shape of ['5 rows × 8 columns', '4 rows × 10 columns', '10 rows × 4 columns'])
      expect(forty).toContain(shape);
    for (const shape of ['2 rows × 20 columns', '20 rows × 2 columns', '1 rows × 40'])
      expect(forty).not.toContain(shape);
    expect([...told(36).keys()].join()).toContain('2 rows × 18 columns');
  });

  it('counts evenly spaced numbers by their step, and keeps their gaps', () => {
    const spaced = best([0, 900, 2700].flatMap((x) => [0, 1500].map((y) => tile(`x${x}_y${y}.tif`))));
    expect([spaced.rows, spaced.columns]).toEqual([2, 4]);
    expect(spaced.cells.get(tileId('x2700_y1500.tif'))).toEqual({ row: 1, column: 3 });
    const hundreds = proposeLayouts([500, 600, 700, 800].map((n) => tile(`t${n}.tif`)))[0];
    expect(hundreds.description).toBe('500…800 in 2 rows × 2 columns, raster by rows from the top left');
    const late = proposeLayouts([2, 3, 4, 5, 6, 7, 8, 9].map((n) => tile(`t${n}.tif`)))[0];
    expect(late.description).toBe('1…9 in 3 rows × 3 columns, raster by rows from the top left');
    const stamps = best([13, 1024, 99_871, 4_000_000].map((n) => tile(`t${n}.tif`)));
    expect(stamps.cells.get(tileId('t99871.tif'))).toEqual({ row: 1, column: 0 });
  });

  it('believes stage positions of all twentyfold, and those of some hardly', () => {
    const tiles = grid(2, 2, (r, c) => `t_${r}_${c}.tif`).map((made, k) => ({
      ...made,
      stage: k === 0 ? null : { x: 90 * k, y: 0, thetaRad: 0 },
    }));
    const some = proposeLayouts(tiles).find(({ layout }) => layout.kind === 'positions');
    expect(some?.description).toBe('stage positions written in 3 of 4 files; the others have none');
    expect(some?.confidence).toBeCloseTo(0.02 / 1.02, 12);
    const whole = tiles.map((made, k) => ({ ...made, stage: { x: 0, y: k, thetaRad: 0 } }));
    const [all] = proposeLayouts(whole);
    expect([all.description, all.correlation]).toEqual(['stage positions written in the files', null]);
    expect(all.confidence).toBeCloseTo(20 / 21, 12);
    expect(stageLayout(tiles.slice(0, 2))).toBeNull();
    expect(stageLayout(whole.slice(0, 2))?.poses.size).toBe(2);
  });

  it('names two files with the same running number', () => {
    const error = errorOf(() => proposeLayouts(['t_1.tif', 't_2.tif', 't_02.tif'].map((file) => tile(file))));
    expect(error).toMatchObject({ code: 'cell-taken', detail: { file: 't_02.tif', pair: ['t_2.tif', 't_02.tif'] } });
    expect(error.message).toBe(
      '"t_2.tif" and "t_02.tif" have the same numbers in their names and would lie in the same cell. ' +
        'Remove one of the two files or give a name pattern.',
    );
    expect(errorOf(() => proposeLayouts([])).message).toBe('There is no tile to lay out. Drop the images of a grid.');
    expect(errorOf(() => proposeLayouts([tile('a.tif')])).message).toBe(
      '"a.tif" is the only tile; a mosaic needs two. Add its neighbours.',
    );
  });

  it('reads a single column, pages of one file, coordinates and names without numbers', () => {
    const column = best(grid(3, 1, (r) => `tile_r${r}_c1.tif`));
    expect([column.rows, column.columns]).toEqual([3, 1]);
    const pages = [0, 1, 2, 3].map((page) => tile('stack.tif', page));
    expectRowMajor(pages, 2, 2);
    expectRowMajor(
      grid(2, 3, (r, c) => `x${c * 1800}_y${r * 1500}.tif`),
      2,
      3,
    );
    expectRowMajor(
      ['a.tif', 'b.tif', 'c.tif', 'd.tif'].map((file) => tile(file)),
      2,
      2,
    );
  });

  it('names both files that would share a cell', () => {
    const error = errorOf(() => proposeLayouts([...grid(2, 2, (r, c) => `t_${r}_${c}.tif`), tile('t_01_1.tif')]));
    expect([error.code, error.detail.pair]).toEqual(['cell-taken', ['t_1_1.tif', 't_01_1.tif']]);
  });

  it('refuses nothing and a single tile by name', () => {
    expect(errorOf(() => proposeLayouts([])).code).toBe('no-tiles');
    expect(errorOf(() => proposeLayouts([tile('a.tif')])).message).toContain('"a.tif"');
  });

  it('puts stage positions first when every file has one', () => {
    const tiles = grid(2, 2, (r, c) => `t_${r}_${c}.tif`).map((made, k) => ({
      ...made,
      stage: { x: 90 * k, y: 0, thetaRad: 0 },
    }));
    const [first, second] = proposeLayouts(tiles);
    expect(first.layout.kind).toBe('positions');
    expect(first.confidence).toBeGreaterThan(0.9);
    expect(second.layout.kind).toBe('grid');
    expect(proposeLayouts([{ ...tiles[0], stage: null }, ...tiles.slice(1)])[0].layout.kind).toBe('grid');
    expect(stageLayout(tiles.map((made) => ({ ...made, stage: { x: 5, y: 5, thetaRad: 0 } })))).toBeNull();
  });

  it.each<[string, (row: number, column: number) => string]>([
    ['named cells', (r, c) => `t_r${r}_c${c}.tif`],
    ['running numbers', (r, c) => `t_${r * 100 + c}.tif`],
  ])('reads 10,000 %s within seconds', (_, name) => {
    const tiles = grid(100, 100, name);
    const start = process.cpuUsage();
    const layout = best(tiles);
    expect([layout.rows, layout.columns]).toEqual([100, 100]);
    expect(cpuMsSince(start)).toBeLessThan(3000);
  });
});

describe('findGroups', () => {
  const labels = (tiles: readonly Tile[]) => findGroups(tiles).map((group) => `${group.label} ${group.tiles.length}`);

  it('is one group for one grid', () => {
    expect(labels(grid(3, 3, (r, c) => `165_${r}_${c}.tif`))).toEqual(['165_*_*.tif 9']);
  });

  it.each<[string, (row: number, column: number) => string, (row: number, column: number) => string, string[]]>([
    ['numbers', (r, c) => `165_${r}_${c}.tif`, (r, c) => `1_${r}_${c}.tif`, ['165_*_*.tif 12', '1_*_*.tif 9']],
    ['text', (r, c) => `A_${r}_${c}.tif`, (r, c) => `B_${r}_${c}.tif`, ['A_*_*.tif 12', 'B_*_*.tif 9']],
    ['folders', (r, c) => `a/t_${r}_${c}.tif`, (r, c) => `b/t_${r}_${c}.tif`, ['a/t_*_*.tif 12', 'b/t_*_*.tif 9']],
    ['sections', (r, c) => `g0_t${r * 3 + c}.tif`, (r, c) => `g1_t${r * 3 + c}.tif`, ['g0_t*.tif 12', 'g1_t*.tif 9']],
  ])('tells mixed grids apart by %s', (_, first, second, expected) => {
    const mixed = [...grid(4, 3, first), ...grid(3, 3, second)];
    expect(labels(mixed)).toEqual(expected);
    const layout = best(mixed);
    expect(layout.cells.size).toBe(12);
    expect(proposeLayouts(mixed)[0].description).toContain('9 tiles of other names are left out');
  });

  it('sets a file of another name apart, and a set that is there twice', () => {
    expect(labels([...grid(2, 2, (r, c) => `t_${r}_${c}.tif`), tile('overview.tif')])).toEqual([
      't_*_*.tif 4',
      'overview.tif 1',
    ]);
    const twice = [...grid(2, 2, (r, c) => `t_${r}_${c}.tif`), ...grid(2, 2, (r, c) => `t_${r}_${c}.png`)];
    expect(labels(twice)).toEqual(['t_*_*.png 4', 't_*_*.tif 4']);
  });
});
