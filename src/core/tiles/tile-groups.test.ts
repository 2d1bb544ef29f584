import { describe, expect, it } from 'vitest';
import { plainTile } from '../testing/plain-tile.ts';
import { findGroups } from './tile-groups.ts';
import type { NameScheme } from './tile-groups.ts';

const names = (count: number, name: (k: number) => string) => Array.from({ length: count }, (_, k) => name(k));
const half = (k: number, n: number) => Math.floor(k / n);
const cells = (first: number | null, second: number | null, marked: 'row-column' | 'x-y' | null): NameScheme => ({
  kind: 'cells',
  first,
  second,
  marked,
});
const index = (field: number): NameScheme => ({ kind: 'index', field });

describe('how names place their tiles', () => {
  it.each<[string, readonly string[], NameScheme, readonly (readonly [string, number])[], readonly number[]]>([
    [
      'a row and a column that is constant',
      names(4, (k) => `s_r1_c${k}.tif`),
      cells(null, 1, 'row-column'),
      [['s_r1_c*.tif', 4]],
      [],
    ],
    [
      'a column that is constant, where another number may be the missing direction',
      names(4, (k) => `n${k * k}_r${k}_c1.tif`),
      index(1),
      [['n0_r*_c1.tif', 4]],
      [],
    ],
    [
      'a row and a column that are both constant',
      names(4, (k) => `s${k}_r1_c1.tif`),
      index(0),
      [['s*_r1_c1.tif', 4]],
      [],
    ],
    ['x and y', names(6, (k) => `x${k % 3}_y${half(k, 3)}.tif`), cells(1, 0, 'x-y'), [['x*_y*.tif', 6]], []],
    [
      'the last row and column that vary, and a number that tells two grids apart',
      names(8, (k) => `r1c1_r${k % 2}_c${half(k, 2) % 2}_z${half(k, 4)}.tif`),
      cells(2, 3, 'row-column'),
      [
        ['r1c1_r*_c*_z0.tif', 4],
        ['r1c1_r*_c*_z1.tif', 4],
      ],
      [4],
    ],
    [
      'a running number beside row and column',
      names(6, (k) => `img${k}_r${k % 3}_c${half(k, 3)}.tif`),
      cells(1, 2, 'row-column'),
      [['img0_r*_c*.tif', 6]],
      [],
    ],
    [
      'a number of the tile that comes twice, which tells no grids apart',
      names(8, (k) => `tile${k % 4}_r${k % 2}_c${half(k, 2) % 2}_q${half(k, 4)}.tif`),
      cells(1, 2, 'row-column'),
      [
        ['tile0_r*_c*_q0.tif', 4],
        ['tile0_r*_c*_q1.tif', 4],
      ],
      [3],
    ],
    [
      'three numbers, of which the last two are the cell',
      names(12, (k) => `${half(k, 6)}_${k % 2}_${half(k, 2) % 3}.tif`),
      cells(1, 2, null),
      [
        ['0_*_*.tif', 6],
        ['1_*_*.tif', 6],
      ],
      [0],
    ],
    [
      'two numbers that fill a quarter of their grid',
      ['1_5.tif', '2_9.tif', '3_1.tif', '4_7.tif'],
      index(1),
      [['1_*.tif', 4]],
      [],
    ],
    ['two numbers that fill a third of it', ['1_5.tif', '2_9.tif', '3_1.tif'], cells(0, 1, null), [['*_*.tif', 3]], []],
    [
      'a number beside a time stamp that comes twice',
      names(5, (k) => `t_${k}_${[7, 9, 9, 31, 80][k]}.tif`),
      index(0),
      [['t_*_7.tif', 5]],
      [],
    ],
    [
      'column, row in brackets',
      names(6, (k) => `s[Grid@${k % 3} ${half(k, 3)}].tif`),
      cells(0, 1, null),
      [['s[Grid@* *].tif', 6]],
      [],
    ],
    [
      'a section and a running number',
      names(6, (k) => `s${half(k, 3)}_t${k % 3}.tif`),
      index(1),
      [
        ['s0_t*.tif', 3],
        ['s1_t*.tif', 3],
      ],
      [0],
    ],
    [
      'every name of two kinds of files',
      ['a_0.tif', 'a_1.tif', 'a_0.png', 'a_1.png'],
      index(0),
      [
        ['a_*.png', 2],
        ['a_*.tif', 2],
      ],
      [],
    ],
    [
      'two kinds of files, none of them twice',
      ['a_0.tif', 'a_1.tif', 'a_2.png', 'a_3.png'],
      index(0),
      [['a_*.tif', 4]],
      [],
    ],
    ['no numbers', ['b.tif', 'a.tif', 'c.tif'], { kind: 'sorted' }, [['names in sorted order', 3]], []],
    ['one file', ['a_1.tif'], { kind: 'sorted' }, [['a_1.tif', 1]], []],
  ])('%s', (_, files, scheme, labels, sections) => {
    const groups = findGroups(files.map((file) => plainTile(file, { width: 9, height: 9 })));
    expect(groups.map((group) => [group.label, group.tiles.length])).toEqual(labels);
    for (const group of groups) expect([group.scheme, group.sections]).toEqual([scheme, sections]);
  });

  it('sorted, they come by their names', () => {
    const [group] = findGroups(['b.tif', 'a.tif'].map((file) => plainTile(file, { width: 9, height: 9 })));
    expect(group.tiles.map(({ file }) => file)).toEqual(['a.tif', 'b.tif']);
    expect(findGroups([])).toEqual([]);
  });
});
