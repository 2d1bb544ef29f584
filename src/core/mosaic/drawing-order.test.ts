import { describe, expect, it } from 'vitest';
import { tileId } from '../tiles/tile.ts';
import type { Layout, Tile } from '../tiles/tile.ts';
import { drawingOrder } from './drawing-order.ts';

function tile(file: string, acquiredAtMs?: number): Tile {
  return {
    id: tileId(file),
    file,
    page: 0,
    size: { width: 8, height: 8 },
    channels: 1,
    sampleType: 'uint8',
    pixelSizeNm: null,
    stage: null,
    ...(acquiredAtMs === undefined ? {} : { acquiredAtMs }),
  };
}

const cells = new Map(['a', 'b', 'c', 'd'].map((file, n) => [tileId(file), { row: n % 2, column: n >> 1 }]));
const layout: Layout = { kind: 'grid', rows: 2, columns: 2, cells, overlap: { x: 0.1, y: 0.1 } };

describe('the drawing order', () => {
  it('puts the first or the last file, or the upper left tile, on top', () => {
    const tiles = ['a', 'b', 'c', 'd'].map((file) => tile(file));
    expect(drawingOrder(tiles, layout, 'first')).toEqual(['a', 'b', 'c', 'd']);
    expect(drawingOrder(tiles, layout, 'last')).toEqual(['d', 'c', 'b', 'a']);
    expect(drawingOrder(tiles, layout, 'rows')).toEqual(['a', 'c', 'b', 'd']);
  });

  it('puts what was exposed first on top, files of one second in their order', () => {
    const tiles = [tile('a', 3000), tile('b', 1000), tile('c', 3000), tile('d', 2000)];
    expect(drawingOrder(tiles, layout, 'dose')).toEqual(['b', 'd', 'a', 'c']);
  });

  it('keeps to the files where a single tile does not say when it was exposed', () => {
    const tiles = [tile('a', 3000), tile('b', 1000), tile('c')];
    expect(drawingOrder(tiles, layout, 'dose')).toEqual(['a', 'b', 'c']);
  });
});
