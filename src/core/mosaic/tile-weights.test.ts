import { describe, expect, it } from 'vitest';
import { translation } from '../geometry/affine2.ts';
import { tileId } from '../tiles/tile.ts';
import { blendModes } from './mosaic.ts';
import type { BlendMode, Placement } from './mosaic.ts';
import { seamMask, tilesOfMask } from './seam-mask.ts';
import { tilePointOf, tileSharesAt } from './tile-weights.ts';

const [a, b, c] = ['a', 'b', 'c'].map((name) => tileId(name));
const placed = (tile: typeof a, x: number, y: number, width = 20, height = 10): Placement => ({
  tile,
  size: { width, height },
  mosaicFromTile: translation(x, y),
  state: 'solved',
  component: 0,
  tone: { gain: 1, offset: 0 },
});
// a covers 0 … 19, b 12 … 31, c lies below both.
const tiles = [placed(a, 0, 0), placed(b, 12, 0), placed(c, 6, 8)];

describe('the point of a tile', () => {
  it('is null where the tile does not cover it, half a pixel beyond its centres', () => {
    expect(tilePointOf(tiles[1], 15, 3)).toEqual({ u: 3, v: 3 });
    expect(tilePointOf(tiles[1], 11.5, -0.5)).toEqual({ u: -0.5, v: -0.5 });
    expect(tilePointOf(tiles[1], 11.4, 3)).toBeNull();
    expect(tilePointOf(tiles[1], 15, 9.6)).toBeNull();
  });
});

describe('the shares of tiles at a point', () => {
  const shares = (blend: BlendMode, x: number, y: number, owner: typeof a | null = null) =>
    tileSharesAt(tiles, blend, x, y, owner).map(({ placement, weight }) => [placement.tile, weight]);

  it('are one for the first, the nearest, all alike, or by the distance to the borders', () => {
    // (14, 2): 14.5 and 5.5 px from the sides of a, 2.5 and 17.5 from those of b; 2.5 from the top of both.
    expect(shares('overlay', 14, 2)).toEqual([
      [a, 1],
      [b, 0],
    ]);
    expect(shares('none', 14, 2)).toEqual([
      [a, 1],
      [b, 0],
    ]);
    expect(shares('none', 17, 2)).toEqual([
      [a, 0],
      [b, 1],
    ]);
    // (12, 9): 2.5 and 4.5 px from the centre of a, 3.5 and 3.5 from that of c.
    expect(shares('none', 12, 9)).toEqual([
      [a, 0],
      [b, 0],
      [c, 1],
    ]);
    expect(shares('average', 14, 2)).toEqual([
      [a, 0.5],
      [b, 0.5],
    ]);
    expect(shares('feather', 14, 2)).toEqual([
      [a, expect.closeTo(5.5 / 8, 9)],
      [b, expect.closeTo(2.5 / 8, 9)],
    ]);
    // Three tiles at (15, 8.5): a 1.0 from its lower border and 4.5 across, b 3.5 across, c 9.5 across and 1.0 from its top.
    expect(shares('feather', 15, 8.5)).toEqual([
      [a, expect.closeTo(4.5 / 17.5, 9)],
      [b, expect.closeTo(3.5 / 17.5, 9)],
      [c, expect.closeTo(9.5 / 17.5, 9)],
    ]);
  });

  it('follow the owner of the seams, or the nearest centre where none is known', () => {
    for (const blend of ['seam', 'multiband'] as const) {
      expect(shares(blend, 14, 2, b)).toEqual([
        [a, 0],
        [b, 1],
      ]);
      expect(shares(blend, 14, 2)).toEqual([
        [a, 1],
        [b, 0],
      ]);
    }
  });

  it('sum to one wherever a tile is, at its very border too, and are none elsewhere', () => {
    for (const blend of blendModes)
      for (const [x, y] of [
        [0, 0],
        [-0.5, -0.5],
        [15, 8.5],
        [25, 4],
      ]) {
        const weights = tileSharesAt(tiles, blend, x, y).map(({ weight }) => weight);
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
      }
    expect(shares('feather', 40, 40)).toEqual([]);
    expect(tileSharesAt(tiles, 'feather', 14, 2)[1]).toMatchObject({ u: 2, v: 2 });
  });
});

describe('the marks of seams', () => {
  const two = tiles.slice(0, 2);
  const rect = { x: 0, y: 0, width: 32, height: 10 };
  const marked = (
    blend: BlendMode,
    region = { rect, scale: 1 },
    placements = two,
    seams: Parameters<typeof seamMask>[3] = null,
  ) => {
    const { width, height, marks } = seamMask({ placements }, region, blend, seams);
    return Array.from({ length: height }, (_, j) =>
      Array.from({ length: width }, (__, i) => i).filter((i) => marks[j * width + i] === 1),
    );
  };
  const rows = (columns: readonly number[], count = 10) => Array.from({ length: count }, () => columns);

  it('are on both sides of where the tile that shows changes', () => {
    // a ends behind 19; the centres 9.5 and 21.5 are equally far at 15.5, the feathers at 15.5, too.
    expect(marked('overlay')).toEqual(rows([19, 20]));
    expect(marked('none')).toEqual(rows([15, 16]));
    expect(marked('average')).toEqual(rows([15, 16]));
    expect(marked('feather')).toEqual(rows([15, 16]));
    expect(marked('none', { rect, scale: 1 }, two.slice(0, 1))).toEqual(rows([]));
  });

  it('are where the feathers of tiles of differing height are equal', () => {
    // b is 30 px high: at (x, y) its feather is (x − 11.5)(y + 10.5)/600, that of a (19.5 − x)(9.5 − y)/200 below the middle.
    const tall = [placed(a, 0, 0), placed(b, 12, -10, 20, 30)];
    const feather = (of: Placement, x: number, y: number) => {
      const { width, height } = of.size;
      const [u, v] = [x - of.mosaicFromTile.e + 0.5, y - of.mosaicFromTile.f + 0.5];
      return (Math.min(u, width - u) * Math.min(v, height - v)) / (width * height);
    };
    const region = { rect: { x: 12, y: 0, width: 8, height: 10 }, scale: 1 };
    const owner = (i: number, j: number) => (feather(tall[0], 12 + i, j) >= feather(tall[1], 12 + i, j) ? a : b);
    const meant = Array.from({ length: 10 }, (_, j) =>
      Array.from({ length: 8 }, (__, i) => i).filter((i) =>
        [
          [i - 1, j],
          [i + 1, j],
          [i, j - 1],
          [i, j + 1],
        ].some(([p, q]) => p >= 0 && p < 8 && q >= 0 && q < 10 && owner(p, q) !== owner(i, j)),
      ),
    );
    expect(marked('feather', region, tall)).toEqual(meant);
  });

  it('are on a seam on the border of the region, and at any scale', () => {
    expect(marked('overlay', { rect: { x: 0, y: 0, width: 20, height: 10 }, scale: 1 })).toEqual(rows([19]));
    expect(marked('overlay', { rect: { x: 20, y: 0, width: 12, height: 10 }, scale: 1 })).toEqual(rows([]));
    // Columns of two px at 0.5, 2.5 … 18.5 | 20.5.
    expect(marked('overlay', { rect, scale: 0.5 })).toEqual(rows([9, 10], 5));
    const below = [placed(a, 0, 0), placed(c, 0, 8)];
    expect(marked('overlay', { rect: { x: 3, y: 0, width: 2, height: 18 }, scale: 1 }, below)).toEqual(
      Array.from({ length: 18 }, (_, j) => (j === 9 || j === 10 ? [0, 1] : [])),
    );
    expect(marked('overlay', { rect: { x: 3, y: 0, width: 2, height: 10 }, scale: 1 }, below).at(-1)).toEqual([0, 1]);
  });

  it('are not at the border of the canvas', () => {
    expect(marked('overlay', { rect: { x: -5, y: -5, width: 10, height: 10 }, scale: 1 })).toEqual(rows([]));
  });

  it('follow the seams that they are given', () => {
    const isFirst = Uint8Array.from({ length: 12 * 14 }, (_, k) => (k % 12 < 4 ? 1 : 0));
    const seam = { step: 1, firstX: 11, firstY: -1, columns: 12, rows: 14, isFirst };
    // Nodes 11 … 14 show a; half-way between 14 and 15 both do.
    expect(marked('seam', { rect, scale: 1 }, two, { count: 2, seams: [null, seam, null, null] })).toEqual(
      rows([14, 15]),
    );
    expect(marked('seam', { rect, scale: 1 }, two, { count: 2, seams: [null, null, null, null] })).toEqual(
      rows([15, 16]),
    );
  });

  it('want the tiles of the region and of one pixel round it', () => {
    const near = (x: number, width: number, scale = 1) =>
      tilesOfMask(tiles, { rect: { x, y: 0, width, height: 5 }, scale }).map(({ tile }) => tile);
    expect(near(0, 5)).toEqual([a]);
    expect(near(0, 9)).toEqual([a]);
    expect(near(0, 10)).toEqual([a]);
    expect(near(0, 11)).toEqual([a, b]);
    expect(near(0, 8, 0.25)).toEqual([a, b, c]);
    expect(near(60, 5)).toEqual([]);
  });
});
