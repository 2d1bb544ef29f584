import { describe, expect, it } from 'vitest';
import { translation } from '../geometry/affine2.ts';
import { silentContext } from '../progress.ts';
import { tileId } from '../tiles/tile.ts';
import { seamsOf } from './block-seams.ts';
import type { Placement } from './mosaic.ts';
import type { RenderTile } from './pair-seam.ts';
import { seamStore } from './seam-store.ts';

const placed = (name: string, x: number): Placement => ({
  tile: tileId(name),
  size: { width: 30, height: 20 },
  mosaicFromTile: translation(x, 0),
  state: 'solved',
  component: 0,
  tone: { gain: 1, offset: 0 },
});

describe('the seams of a block', () => {
  const placements = [placed('a', 0), placed('b', 20), placed('c', 45)];

  it('are those of the pairs that overlap, found once, in drawing order', async () => {
    const drawn: string[] = [];
    const render: RenderTile = ({ tile, mosaicFromTile }, { x, width, height }) => {
      drawn.push(tile);
      const coverage = Uint8Array.from({ length: width * height }, (_, n) => {
        const u = x + (n % width) - mosaicFromTile.e;
        return u >= 0 && u < 30 ? 255 : 0;
      });
      const data = new Float32Array(width * height);
      return Promise.resolve({ channels: [{ data, width, height }], coverage, width, height });
    };
    const store = seamStore();
    const find = (scale: number) => seamsOf({ placements }, { store, render, scale, signal: silentContext.signal });
    const { count, seams } = await find(1);
    expect(count).toBe(3);
    // a and b, b and c; none the other way round, none of a and c.
    expect(seams.map((seam) => seam !== null)).toEqual([false, true, false, false, false, true, false, false, false]);
    expect([seams[1]?.firstX, seams[5]?.firstX]).toEqual([19, 44]);
    expect(drawn).toEqual(['a', 'b', 'b', 'c']);
    const again = await find(1);
    expect([again.seams[1], drawn.length]).toEqual([seams[1], 4]);
    // A lattice of one mosaic px is a quarter of an output px at a quarter of the scale: just coarse enough.
    expect((await find(0.25)).seams[1]).toBe(seams[1]);
    expect((await find(0.2)).seams).toEqual(Array(9).fill(null));
  });
});
