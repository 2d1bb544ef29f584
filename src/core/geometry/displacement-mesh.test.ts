import { describe, expect, it } from 'vitest';
import { applyAffine } from './affine2.ts';
import { displacementAt, placeInMosaic, placeInTile } from './displacement-mesh.ts';
import type { DisplacementMesh } from './displacement-mesh.ts';

const size = { width: 101, height: 61 };
const mosaicFromTile = { a: 0.98, b: 0.12, c: -0.15, d: 1.01, e: 40, f: -25 };
/** Nodes at x = 0, 50 and 100, y = 0 and 60. */
const mesh: DisplacementMesh = {
  columns: 3,
  rows: 2,
  dx: Float64Array.of(1, 3, -2, 0, 2, 4),
  dy: Float64Array.of(0, 0.5, 1, -1, 1.5, 2),
};

describe('a displacement mesh', () => {
  it('spans the pixel centres and is bilinear between its nodes', () => {
    expect(displacementAt(mesh, size, 0, 0)).toEqual({ x: 1, y: 0 });
    expect(displacementAt(mesh, size, 50, 0)).toEqual({ x: 3, y: 0.5 });
    expect(displacementAt(mesh, size, 100, 60)).toEqual({ x: 4, y: 2 });
    expect(displacementAt(mesh, size, 25, 30)).toEqual({ x: (1 + 3 + 0 + 2) / 4, y: (0 + 0.5 - 1 + 1.5) / 4 });
    const { x, y } = displacementAt(mesh, size, 60, 15);
    expect(x).toBeCloseTo(0.75 * (3 + 0.2 * -5) + 0.25 * (2 + 0.2 * 2), 12);
    expect(y).toBeCloseTo(0.75 * (0.5 + 0.2 * 0.5) + 0.25 * (1.5 + 0.2 * 0.5), 12);
  });

  it('goes on beyond the border as at the border', () => {
    expect(displacementAt(mesh, size, -7, -3)).toEqual({ x: 1, y: 0 });
    expect(displacementAt(mesh, size, 130, 90)).toEqual({ x: 4, y: 2 });
    expect(displacementAt(mesh, size, 50, -40)).toEqual({ x: 3, y: 0.5 });
  });
});

describe('the place of a tile’s point', () => {
  it('is the affine’s result plus the displacement there', () => {
    const p = applyAffine(mosaicFromTile, 25, 30);
    expect(placeInMosaic({ size, mosaicFromTile, mesh }, 25, 30)).toEqual({ x: p.x + 1.5, y: p.y + 0.25 });
    expect(placeInMosaic({ size, mosaicFromTile, mesh: null }, 25, 30)).toEqual(p);
    expect(placeInMosaic({ size, mosaicFromTile }, 25, 30)).toEqual(p);
  });

  it('leads back to the point, in bent tiles and stiff ones', () => {
    for (const tile of [
      { size, mosaicFromTile, mesh },
      { size, mosaicFromTile },
    ])
      for (const [x, y] of [
        [0, 0],
        [12.3, 45.6],
        [50, 60],
        [99.7, 3.1],
        [-4, 64],
      ]) {
        const p = placeInMosaic(tile, x, y);
        const back = placeInTile(tile, p.x, p.y);
        expect(Math.hypot(back.x - x, back.y - y)).toBeLessThan(1e-9);
      }
  });
});
