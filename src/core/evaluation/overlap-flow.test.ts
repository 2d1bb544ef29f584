import { describe, expect, it } from 'vitest';
import { translation } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import type { Link } from '../matching/link.ts';
import type { Raster } from '../raster/raster.ts';
import { emTexture, defaultTexture, renderTexture } from '../synthesis/texture.ts';
import { tileId } from '../tiles/tile.ts';
import type { TileGrid } from '../tiles/tile.ts';
import { loopClosures, overlapFlow } from './overlap-flow.ts';
import { medianOf } from './statistics.ts';

describe('overlapFlow', () => {
  const texture = emTexture({ ...defaultTexture, seed: 4 });
  const piece = (x: number): Raster => renderTexture(texture, { x, y: 40, width: 240, height: 240 });

  it('finds the shift that a solved motion is off by, to a tenth of a pixel', () => {
    const [a, b] = [piece(100), piece(190)];
    const blocks = overlapFlow(a, b, translation(93, -1));
    expect(blocks.length).toBeGreaterThan(1);
    const shifts = blocks.map(({ shiftPx }) => shiftPx ?? NaN);
    expect(medianOf(shifts)).toBeCloseTo(Math.hypot(3, 1), 1);
    expect(medianOf(overlapFlow(a, b, translation(90, 0)).map(({ correlation }) => correlation))).toBeGreaterThan(0.99);
  });

  it('leaves blocks without texture out', () => {
    const flat: Raster = { data: new Float32Array(240 * 240).fill(7), width: 240, height: 240 };
    expect(overlapFlow(flat, flat, translation(0, 0))).toEqual([]);
  });
});

describe('loopClosures', () => {
  it('is the distance by which four motions round a cycle do not close', () => {
    const ids = ['a', 'b', 'c', 'd'].map((name) => tileId(name));
    const cells = new Map(ids.map((id, k) => [id, { row: k >> 1, column: k & 1 }]));
    const grid: TileGrid = { kind: 'grid', rows: 2, columns: 2, cells, overlap: { x: 0.1, y: 0.1 } };
    const link = (i: number, j: number, x: number, y: number, thetaRad = 0) =>
      ({ pair: { a: ids[i], b: ids[j] }, aFromB: affineFromPose({ x, y, thetaRad }) }) as unknown as Link;
    const links = [link(0, 1, 90, 0), link(0, 2, 0, 90), link(1, 3, 3, 90), link(2, 3, 90, 4)];
    const size = { width: 100, height: 100 };
    expect(loopClosures(grid, links, () => size)).toEqual([5]);
    expect(loopClosures(grid, links.slice(1), () => size)).toEqual([]);
  });

  it('is measured at the centre of the upper left tile, whatever its shape', () => {
    const ids = ['a', 'b', 'c', 'd'].map((name) => tileId(name));
    const cells = new Map(ids.map((id, k) => [id, { row: k >> 1, column: k & 1 }]));
    const grid: TileGrid = { kind: 'grid', rows: 2, columns: 2, cells, overlap: { x: 0.1, y: 0.1 } };
    // The first motion turns about (120, 35), the centre of a tile of 241 × 71 px; the others do nothing.
    const turn = affineFromPose({ x: 0, y: 0, thetaRad: 0.4 });
    const about = { ...turn, e: 120 - turn.a * 120 - turn.c * 35, f: 35 - turn.b * 120 - turn.d * 35 };
    const still = translation(0, 0);
    const links = [
      [0, 1, about],
      [0, 2, still],
      [1, 3, still],
      [2, 3, still],
    ].map(([i, j, aFromB]) => ({ pair: { a: ids[Number(i)], b: ids[Number(j)] }, aFromB }) as unknown as Link);
    const [closure] = loopClosures(grid, links, () => ({ width: 241, height: 71 }));
    expect(closure).toBeLessThan(1e-9);
    const [beside] = loopClosures(grid, links, () => ({ width: 251, height: 71 }));
    expect(beside).toBeCloseTo(2 * 5 * Math.sin(0.2), 9);
  });
});
