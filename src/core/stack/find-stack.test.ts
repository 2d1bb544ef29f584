import { describe, expect, it } from 'vitest';
import { tileId } from '../tiles/tile.ts';
import { findStack } from './find-stack.ts';

const named = (files: readonly string[]) => files.map((file) => ({ id: tileId(file), file, page: 0 }));

/** The files of `sections` grids of 3 × 3. */
function filesOf(sections: readonly number[], nameOf: (s: number, r: number, c: number) => string): string[] {
  return sections.flatMap((s) => [0, 1, 2].flatMap((r) => [0, 1, 2].map((c) => nameOf(s, r, c))));
}

const shown = (files: readonly string[], asked = false) => {
  const stack = findStack(named(files), asked);
  return (
    stack &&
    `${stack.kind}: ${stack.sections.map(({ name, index, tiles }) => `${name}=${index} ${tiles.length}`).join(', ')}`
  );
};

const pad = (n: number, width: number) => String(n).padStart(width, '0');

describe('findStack', () => {
  it.each([
    [
      'a slice index behind row and column',
      (s: number, r: number, c: number) => `tile_r${r}_c${c}_s${pad(s, 5)}.tif`,
      'names: s00007=7 9, s00008=8 9, s00010=10 9',
    ],
    [
      'a slice index before a running number',
      (s: number, r: number, c: number) => `s${pad(s, 3)}_t${3 * r + c}.tif`,
      'names: s007=7 9, s008=8 9, s010=10 9',
    ],
    [
      'a slice index before two bare numbers',
      (s: number, r: number, c: number) => `vol_z${s}_${r}_${c}.png`,
      'names: z7=7 9, z8=8 9, z10=10 9',
    ],
    ['bare numbers', (s: number, r: number, c: number) => `${s}_${r}_${c}.tif`, 'names: 7=7 9, 8=8 9, 10=10 9'],
    [
      'numbered folders',
      (s: number, r: number, c: number) => `vol/s${pad(s, 3)}/tile_${r}_${c}.tif`,
      'folders: s007=7 9, s008=8 9, s010=10 9',
    ],
    [
      'folders whose number stands in the names, too',
      (s: number, r: number, c: number) => `Sec${s}_Montage/Tile_r${r}-c${c}_sec${s}.tif`,
      'folders: Sec7_Montage=7 9, Sec8_Montage=8 9, Sec10_Montage=10 9',
    ],
    [
      'folders with words',
      (s: number, r: number, c: number) => `${['knife', 'liver', 'mussel edge'][s % 3]}/${r}_${c}.tif`,
      'folders: knife=null 9, liver=null 9, mussel_edge=null 9',
    ],
    [
      'folders of folders',
      (s: number, r: number, c: number) => `vol/sec${s}/tiles/raw/t_${r}_${c}.tif`,
      'folders: sec7=7 9, sec8=8 9, sec10=10 9',
    ],
  ])('sees %s', (_, nameOf, expected) => {
    const numbers = nameOf(7, 0, 0).startsWith('liver') ? [6, 7, 8] : [7, 8, 10];
    expect(shown(filesOf(numbers, nameOf))).toBe(expected);
    expect(shown(filesOf(numbers, nameOf).reverse())).toBe(expected);
  });

  it.each([
    ['one grid', filesOf([7], (_, r, c) => `tile_r${r}_c${c}.tif`)],
    ['one grid with a constant section', filesOf([7], (s, r, c) => `tile_r${r}_c${c}_s${s}.tif`)],
    ['two grids that are mixed by accident', filesOf([1, 165], (s, r, c) => `${s}_${r}_${c}.tif`)],
    [
      'rows in folders',
      filesOf([0, 1, 2], (s, _, c) => `row${s}/tile_c${c}.tif`).filter((f, k, all) => all.indexOf(f) === k),
    ],
    ['single pictures of many sections', [1, 2, 3, 4, 5].map((s) => `slice_${s}.tif`)],
    ['one tile', ['s1_r1_c1.tif']],
  ])('sees no stack in %s', (_, files) => {
    expect(shown(files)).toBeNull();
  });

  it('takes the word of the user where names leave it open', () => {
    const mixed = filesOf([1, 165], (s, r, c) => `${s}_${r}_${c}.tif`);
    expect(shown(mixed, true)).toBe('names: 1=1 9, 165=165 9');
    const numbers = filesOf([1, 2], (s, r, c) => `${pad(s, 3)}/${pad(3 * r + c, 4)}.tif`);
    expect(shown(numbers)).toBeNull();
    expect(shown(numbers, true)).toBe('folders: 001=1 9, 002=2 9');
    expect(
      shown(
        filesOf([0, 1, 2], (s, _, c) => `row${s}/tile_c${c}.tif`),
        true,
      ),
    ).toBeNull();
  });

  it('names the files that belong to no section', () => {
    const stack = findStack(named([...filesOf([1, 2], (s, r, c) => `s${s}/${r}_${c}.tif`), 'overview.tif']), false);
    expect(stack?.loose.map(({ file }) => file)).toEqual(['overview.tif']);
    const flat = findStack(named([...filesOf([1, 2], (s, r, c) => `r${r}_c${c}_s${s}.tif`), 'overview.tif']), false);
    expect(flat?.loose.map(({ file }) => file)).toEqual(['overview.tif']);
  });

  it('gives sections names that folders can have, each its own', () => {
    const stack = findStack(named(filesOf([0, 1], (s, r, c) => `${['a b', 'a_b'][s]}/${r}_${c}.tif`)), false);
    expect(stack?.sections.map(({ name }) => name)).toEqual(['a_b', 'a_b-2']);
  });

  it('takes a hundred sections of a hundred tiles apart in a few seconds', () => {
    const files = Array.from(
      { length: 10_000 },
      (_, k) => `t_r${((k / 10) % 10) | 0}_c${k % 10}_s${pad((k / 100) | 0, 5)}.tif`,
    );
    const started = performance.now();
    expect(findStack(named(files), false)?.sections.length).toBe(100);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
