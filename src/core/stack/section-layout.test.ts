import { describe, expect, it } from 'vitest';
import { nominalPriors } from '../tiles/nominal-poses.ts';
import { proposePairs } from '../tiles/pairing.ts';
import { tileId, type Tile, type TileGrid } from '../tiles/tile.ts';
import { layoutAfter, layoutLike } from './section-layout.ts';
import { plainTile } from '../testing/plain-tile.ts';

const tile = (file: string): Tile => plainTile(file, { width: 101, height: 101 });

/** 2 × 3 tiles named by `nameOf`, rows counted from the bottom: a layout that the names alone would not give. */
function laidOut(nameOf: (r: number, c: number) => string) {
  const tiles = [0, 1].flatMap((r) => [0, 1, 2].map((c) => tile(nameOf(r, c))));
  const cells = new Map(tiles.map(({ id }, k) => [id, { row: 1 - Math.floor(k / 3), column: k % 3 }]));
  const layout: TileGrid = { kind: 'grid', rows: 2, columns: 3, cells, overlap: { x: 0.2, y: 0.1 } };
  return { tiles, layout };
}

describe('layoutLike', () => {
  it.each([
    ['slice indices', (s: number) => (r: number, c: number) => `r${r}_c${c}_s0000${s}.tif`],
    ['folders', (s: number) => (r: number, c: number) => `sec${s}/tile_${r}_${c}.tif`],
    [
      'folders and time stamps',
      (s: number) => (r: number, c: number) => `${s}/r${r}_c${c}_t${997 * s + 31 * r + c}.tif`,
    ],
    ['running numbers', (s: number) => (r: number, c: number) => `sec${s}/img_${3 * r + c}.tif`],
    ['letters', (s: number) => (r: number, c: number) => `sec${s}/${'abcdef'[3 * r + c]}.tif`],
  ])('reads the layout of one section into the names of the next: %s', (_, section) => {
    const reference = laidOut(section(1));
    const next = laidOut(section(2));
    const layout = layoutLike(reference, [...next.tiles].reverse());
    expect(layout && { ...layout, cells: new Map([...layout.cells].sort()) }).toEqual({
      ...next.layout,
      cells: new Map([...next.layout.cells].sort()),
    });
  });

  it('leaves the cells of missing tiles empty, and gives up when there is a tile too many', () => {
    const reference = laidOut((r, c) => `s1_r${r}_c${c}.tif`);
    const next = laidOut((r, c) => `s2_r${r}_c${c}.tif`);
    const fewer = layoutLike(reference, next.tiles.slice(1));
    expect(fewer?.cells.size).toBe(5);
    expect(fewer?.cells.get(next.tiles[4].id)).toEqual({ row: 0, column: 1 });
    expect(layoutLike(reference, [...next.tiles, tile('s2_r0_c7.tif')])).toBeNull();
  });
});

describe('layoutAfter', () => {
  const { tiles, layout } = laidOut((r, c) => `r${r}_c${c}.tif`);
  const centre = (row: number, column: number) => ({ row, column, x: 83 * column + 3 * row + 50, y: 88 * row + 50 });

  it('puts tiles where the earlier section had them, and carries the others along', () => {
    const earlier = [
      { ...centre(0, 0), isSolved: true },
      { ...centre(0, 1), isSolved: true },
      { ...centre(1, 0), isSolved: true },
      { ...centre(1, 1), isSolved: true },
    ];
    const after = layoutAfter(layout, tiles, earlier);
    const priors = nominalPriors(after, tiles);
    const poseAt = (row: number, column: number) =>
      priors.get(
        tiles.find(({ id }) => layout.cells.get(id)?.row === row && layout.cells.get(id)?.column === column)?.id ??
          tileId(''),
      )?.pose;
    expect(poseAt(1, 1)).toEqual({ x: 86, y: 88, thetaRad: 0 });
    // Nominal pitch is 80.8 and 90.9; the four known cells lie 2.6 px to the right and 1.45 above on average.
    expect(poseAt(0, 2)?.x).toBeCloseTo(161.6 + (0 + 2.2 + 3 + 5.2) / 4, 9);
    expect(poseAt(0, 2)?.y).toBeCloseTo((0 + 0 - 2.9 - 2.9) / 4, 9);
    const pair = proposePairs(after, tiles).find(({ a, b }) => a === 'r0_c0.tif' && b === 'r0_c1.tif');
    expect(pair?.aFromB).toEqual({ x: 83, y: 0, thetaRad: 0 });
  });

  it('is the layout itself without an earlier place', () => {
    expect(layoutAfter(layout, tiles, [])).toBe(layout);
  });
});
