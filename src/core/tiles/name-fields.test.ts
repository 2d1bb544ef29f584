import { describe, expect, it } from 'vitest';
import { compareNames, nameFields, nameWithout, roleOfMarker } from './name-fields.ts';
import { tileId } from './tile.ts';

const named = (file: string, page = 0) => ({ id: tileId(file, page), file, page });

describe('the numbers of a name', () => {
  it('are read with the letters before them, and the page at the end', () => {
    expect(nameFields(named('Run 7/Tile_R01-c0002.ome.tiff', 3))).toEqual({
      template: 'run #/tile_r#-c#',
      values: [7, 1, 2, 3],
      digits: ['7', '01', '0002', '3'],
      markers: ['run', 'r', 'c', 'page'],
      extension: '.ome.tif',
    });
  });

  it.each([
    ['a_1.JPEG', '.jpg'],
    ['a_1.PNG', '.png'],
    ['a_1.ome.tif', '.ome.tif'],
    ['a_1', ''],
    ['a_1.7z', ''],
    ['a_1.abcdefg', ''],
  ])('%s has the extension %s', (file, extension) => {
    expect(nameFields(named(file)).extension).toBe(extension);
  });

  it('have no letters where a folder or another number comes between', () => {
    expect(nameFields(named('row/3_4.tif')).markers).toEqual(['', '', 'page']);
    expect(nameFields(named('[Grid@1 2].tif')).markers).toEqual(['grid', '', 'page']);
    expect(nameFields(named(`r${'-'.repeat(60)}5.tif`)).markers[0]).toBe('r');
    expect(nameFields(named(`r${'-'.repeat(64)}5.tif`)).markers[0]).toBe('');
  });

  it('are shown as stars where they vary', () => {
    expect(nameWithout(named('165_2_13.tif'), new Set([1, 2]))).toBe('165_*_*.tif');
    expect(nameWithout(named('165_2_13.tif'), new Set())).toBe('165_2_13.tif');
    expect(nameWithout(named('165_2_13'), new Set([0]))).toBe('*_2_13');
  });
});

describe('a marker', () => {
  it.each([
    ['row', ['r', 'row', 'rows', 'y', 'iy', 'ypos']],
    ['column', ['c', 'col', 'cols', 'column', 'columns', 'x', 'ix', 'xpos']],
    ['index', 't tile i idx index img image p pos position f field fov m page'.split(' ')],
    ['section', 's sec section slice z g grid ch channel scan montage mosaic sample day'.split(' ')],
  ] as const)('names a %s', (role, words) => {
    for (const word of words) expect(roleOfMarker(word)).toBe(role);
  });

  it('may name nothing', () => {
    expect([roleOfMarker(''), roleOfMarker('abc')]).toEqual([null, null]);
  });
});

describe('the order of names', () => {
  it('counts numbers by their value and letters by their code', () => {
    const names = ['t10', 't9', 't2b', 't2', 't02', 's300', 't2a1'];
    expect([...names].sort(compareNames)).toEqual(['s300', 't02', 't2', 't2a1', 't2b', 't9', 't10']);
  });

  it('puts a name before what goes on from it, and compares endless numbers as text', () => {
    expect(compareNames('a1', 'a1b')).toBeLessThan(0);
    expect(compareNames('a1b', 'a1')).toBeGreaterThan(0);
    expect(compareNames('a1', 'a1')).toBe(0);
    const [nines, eights] = ['9'.repeat(400), '8'.repeat(400)];
    expect(compareNames(`a${eights}`, `a${nines}`)).toBe(-1);
    expect(compareNames(`a${nines}`, `a${eights}`)).toBe(1);
    expect(compareNames('b', 'a')).toBe(1);
    expect(compareNames('a1b', 'a1b2')).toBeLessThan(0);
    expect(compareNames('a1b2', 'a1b')).toBeGreaterThan(0);
  });
});
