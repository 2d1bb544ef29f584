import { describe, expect, it } from 'vitest';
import { StitchError } from '../errors.ts';
import { median, nominalPriors, tilesByCell } from './nominal-poses.ts';
import { tileId } from './tile.ts';
import type { GridCell, Tile, TileGrid, TileId } from './tile.ts';
import { plainTile } from '../testing/plain-tile.ts';

function tile(file: string, width = 100, height = 80): Tile {
  return plainTile(file, { width, height });
}

function grid(rows: number, columns: number, cells: [string, GridCell][]): TileGrid {
  const byId = new Map<TileId, GridCell>(cells.map(([file, cell]) => [tileId(file), cell]));
  return { kind: 'grid', rows, columns, cells: byId, overlap: { x: 0.1, y: 0.25 } };
}

describe('nominalPriors', () => {
  it('steps by size × (1 − overlap) when all tiles are equal, with empty cells', () => {
    const layout = grid(3, 3, [
      ['a', { row: 0, column: 1 }],
      ['b', { row: 2, column: 2 }],
    ]);
    const priors = nominalPriors(layout, [tile('a'), tile('b'), tile('elsewhere')]);
    expect(priors.size).toBe(2);
    expect(priors.get(tileId('a'))?.pose).toEqual({ x: 90, y: 0, thetaRad: 0 });
    expect(priors.get(tileId('b'))?.pose).toEqual({ x: 180, y: 120, thetaRad: 0 });
    expect(priors.get(tileId('a'))?.sigmaPx).toBeCloseTo((0.025 / Math.SQRT2) * 90, 10);
    expect(priors.get(tileId('a'))?.sigmaRad).toBeCloseTo(Math.PI / 180, 10);
  });

  it('keeps the overlap of every seam when one column is narrower', () => {
    const layout = grid(
      1,
      4,
      ['a', 'b', 'c', 'd'].map((file, column) => [file, { row: 0, column }]),
    );
    const tiles = [tile('a'), tile('b', 60), tile('c'), tile('d')];
    const priors = nominalPriors(layout, tiles);
    const xs = tiles.map(({ id }) => priors.get(id)?.pose.x);
    expect(xs).toEqual([0, 90, 140, 230]);
  });

  it('takes free positions and their sigma as they are', () => {
    const poses = new Map([[tileId('a'), { x: 5.5, y: -3, thetaRad: 0.1 }]]);
    const priors = nominalPriors({ kind: 'positions', poses, sigmaPx: 7 }, [tile('a'), tile('b')]);
    expect([...priors.keys()]).toEqual(['a']);
    expect(priors.get(tileId('a'))).toMatchObject({ pose: { x: 5.5, y: -3, thetaRad: 0.1 }, sigmaPx: 7 });
  });
});

describe('tilesByCell', () => {
  it('names both tiles of a cell that is taken twice', () => {
    const layout = grid(1, 1, [
      ['a.tif', { row: 0, column: 0 }],
      ['b.tif', { row: 0, column: 0 }],
    ]);
    const attempt = () => tilesByCell(layout);
    expect(attempt).toThrow(StitchError);
    expect(attempt).toThrow('"a.tif" and "b.tif" would both lie in row 1, column 1');
  });
});

it('takes the mean of the middle two of an even count', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBe(0);
});
