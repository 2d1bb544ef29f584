import { describe, expect, it } from 'vitest';
import { StitchError } from '../errors.ts';
import { applyPattern, gridFromPattern, parsePattern, readName } from './file-name-pattern.ts';
import { scanOrders } from './scan-order.ts';
import type { Tile } from './tile.ts';
import { plainTile } from '../testing/plain-tile.ts';

function tile(file: string): Tile {
  return plainTile(file, { width: 100, height: 80 });
}

const cell = (row: number, column: number) => ({ kind: 'cell', row, column });
const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof StitchError) return error.code;
    throw error;
  }
  return 'none';
};

describe('placeholders', () => {
  it.each([
    ['tile_r{rr}_c{cc}.png', 'tile_r01_c02.png', cell(1, 2)],
    ['tile_r{rr}_c{cc}.png', 'TILE_R01_C102.PNG', cell(1, 102)],
    ['{r}{c}.tif', '12.tif', cell(1, 2)],
    ['{rr}{ccc}.tif', '01002.tif', cell(1, 2)],
    ['165_{r}_{c}.tif', 'dir/165_2_13.tif', cell(2, 13)],
    ['img[Grid@{c} {r}].jpg', 'img[Grid@1 2].jpg', cell(2, 1)],
    ['*_t{iii}_*.tif', 'em424_g00000_t00003_s00000.tif', { kind: 'index', index: 3 }],
    ['row{r}/{c}.tif', 'row3/04.tif', cell(3, 4)],
    ['img_{ppp}.tif', 'img_0117.tif', { kind: 'index', index: 117 }],
  ])('%s reads %s', (text, file, expected) => {
    expect(readName(parsePattern(text), file)).toEqual(expected);
  });

  it.each([
    ['tile_r{rr}_c{cc}.png', 'tile_r1_c02.png'],
    ['{rr}{cc}.tif', '011.tif'],
    ['img_{i}.tif', 'img_1.tiff'],
    ['img_{i}.tif', 'imgs/img_x.tif'],
  ])('%s does not read %s', (text, file) => {
    expect(readName(parsePattern(text), file)).toBeNull();
  });
});

describe('regular expressions', () => {
  it.each([
    ['Tile_(?<r>\\d+)_(?<c>\\d+)', 'a/Tile_3_004.tif', cell(3, 4)],
    ['(?<index>\\d+)\\.tif$', 'run7_012.tif', { kind: 'index', index: 12 }],
    ['x(?<x>\\d+)y(?<y>\\d+)', 'X5Y6.tif', cell(6, 5)],
    ['^(?<row>[0-9]{2})-(?:a|b)-(?<column>\\d+)', '07-b-8.png', cell(7, 8)],
  ])('%s reads %s', (text, file, expected) => {
    expect(readName(parsePattern(text), file)).toEqual(expected);
  });

  it.each([
    ['no placeholder', 'image.tif'],
    ['a row without a column', 'image_{r}.tif'],
    ['broken syntax', '(?<row>\\d+(?<column>\\d+)'],
    ['nested repetition', '(?<row>(\\w+)+)_(?<column>\\d+)$'],
    ['a repeated choice', '(a|aa)+(?<index>\\d+)$'],
    ['a repetition nested two deep', '((\\w+))*(?<index>\\d+)$'],
    ['many open repetitions', '.*.*.*.*.*(?<index>\\d+)x'],
    ['a back-reference', '(a)\\1(?<index>\\d+)'],
    ['excessive length', `{i}${'a'.repeat(300)}`],
  ])('refuses %s', (_, text) => {
    expect(code(() => parsePattern(text))).toBe('bad-options');
  });

  it('stays quick on a hostile name', () => {
    for (const text of ['.*_.*_(?<index>\\d+)x$', '(?<r>\\d+)\\d+(?<c>\\d+)$', '*_*_*_*{i}.tif']) {
      const pattern = parsePattern(text);
      const start = performance.now();
      for (const letter of ['_', '1']) readName(pattern, `${letter.repeat(pattern.maxNameLength - 1)}!`);
      expect(performance.now() - start).toBeLessThan(10_000);
    }
  });
});

describe('applyPattern', () => {
  it('gives the table and names what does not fit', () => {
    const table = applyPattern(parsePattern('Tile_{r}_{c}.tif'), ['Tile_1_1.tif', 'notes.tif', 'Tile_1_2.tif']);
    expect(table.rows.map((row) => row.reading)).toEqual([cell(1, 1), null, cell(1, 2)]);
    expect(table.errors.map((error) => [error.code, error.detail.file])).toEqual([['pattern-mismatch', 'notes.tif']]);
  });

  it('names both files of a doubled cell', () => {
    const table = applyPattern(parsePattern('T{r}_{c}.tif'), ['T1_1.tif', 'T01_1.tif']);
    expect(table.errors.map((error) => [error.code, error.detail.pair])).toEqual([
      ['cell-taken', ['T1_1.tif', 'T01_1.tif']],
    ]);
  });
});

describe('gridFromPattern', () => {
  const overlap = { x: 0.1, y: 0.2 };
  const byRows = { order: scanOrders[1], rows: null, columns: 3 };

  it('counts rows and columns from the least one named', () => {
    const grid = gridFromPattern(
      parsePattern('t_{r}_{c}.tif'),
      ['t_2_5.tif', 't_3_7.tif', 'x.tif'].map(tile),
      byRows,
      overlap,
    );
    expect([grid.rows, grid.columns, [...grid.cells]]).toEqual([
      2,
      3,
      [
        ['t_2_5.tif', { row: 0, column: 0 }],
        ['t_3_7.tif', { row: 1, column: 2 }],
      ],
    ]);
  });

  it('lays running numbers in snake order and leaves the first cell empty when its number is missing', () => {
    const grid = gridFromPattern(
      parsePattern('i{i}.tif'),
      ['i2.tif', 'i3.tif', 'i4.tif', 'i6.tif'].map(tile),
      byRows,
      overlap,
    );
    expect([grid.rows, grid.columns]).toEqual([2, 3]);
    expect([...grid.cells.values()]).toEqual([
      { row: 0, column: 1 },
      { row: 0, column: 2 },
      { row: 1, column: 2 },
      { row: 1, column: 0 },
    ]);
  });

  it('says so when the numbers do not fit into the grid, or no name fits', () => {
    const tiles = ['i1.tif', 'i9.tif'].map(tile);
    expect(code(() => gridFromPattern(parsePattern('i{i}.tif'), tiles, { ...byRows, rows: 2 }, overlap))).toBe(
      'bad-options',
    );
    expect(code(() => gridFromPattern(parsePattern('j{i}.tif'), tiles, byRows, overlap))).toBe('pattern-mismatch');
    expect(
      code(() => gridFromPattern(parsePattern('i{i}.tif'), ['a/i1.tif', 'b/i1.tif'].map(tile), byRows, overlap)),
    ).toBe('cell-taken');
  });
});
