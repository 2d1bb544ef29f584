import { describe, expect, it } from 'vitest';
import { identityAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { SolveReport } from '../graph/pose-graph.ts';
import { composeRegion } from '../mosaic/compositor.ts';
import { defaultComposeOptions } from '../mosaic/mosaic.ts';
import { silentContext } from '../progress.ts';
import { plainReport } from '../testing/plain-report.ts';
import { tileId } from '../tiles/tile.ts';
import type { Tile, TileReader } from '../tiles/tile.ts';
import { effectOf } from './edit-effect.ts';
import { addEdit } from './edit.ts';
import type { Edit } from './edit.ts';
import { editedMosaic } from './edited-mosaic.ts';
import { isInside, rectanglePolygon } from '../geometry/polygon.ts';
import { plainTile } from '../testing/plain-tile.ts';

const size = { width: 20, height: 16 };
const [a, b] = ['a.tif', 'b.tif'].map((file) => tileId(file));
const tiles: readonly Tile[] = [a, b].map((id) => plainTile(id, size));
const poses = new Map<typeof a, Affine2>([
  [a, identityAffine],
  [b, translation(10, 0)],
]);
const report = plainReport(poses);
/** Tile a is 100 throughout, tile b 200. */
const reader: TileReader = {
  read: async (id, { region }) => {
    const { width, height } = region ?? size;
    return [{ data: new Uint8Array(width * height).fill(id === a ? 100 : 200), width, height }];
  },
};

async function composed(report2: SolveReport, ...edits: readonly Edit[]) {
  const effect = effectOf(edits.reduce(addEdit, [] as ReturnType<typeof addEdit>));
  const layout = { kind: 'positions', poses: new Map(), sigmaPx: 1 } as const;
  const mosaic = editedMosaic({ tiles, layout, topmost: 'first', effect }, report2, new Map());
  const options = { ...defaultComposeOptions, blend: 'overlay' } as const;
  const region = await composeRegion(mosaic, { rect: mosaic.bounds, scale: 1 }, options, reader, silentContext.signal);
  return { ...region, at: (x: number, y: number) => region.channels[0].data[y * region.width + x] };
}

const hole = rectanglePolygon({ x: 11.5, y: 3.5 }, { x: 15.5, y: 9.5 });
const mask: Edit = { kind: 'mask-tile', tile: a, polygon: hole, use: 'compositing' };

describe('editedMosaic', () => {
  it('shows what lies beneath a mask, and canvas where nothing does', async () => {
    const { at, coverage, width } = await composed(report, mask, {
      ...mask,
      polygon: rectanglePolygon({ x: 0.5, y: 0.5 }, { x: 2.5, y: 2.5 }),
    });
    for (let y = 0; y < 16; y++)
      for (let x = 0; x < 20; x++) {
        const isCanvas = x > 0.5 && x < 2.5 && y > 0.5 && y < 2.5;
        expect(at(x, y)).toBe(isCanvas ? 0 : isInside(hole, x, y) ? 200 : 100);
        expect(coverage[y * width + x]).toBe(isCanvas ? 0 : 255);
      }
  });

  it('turns and bends a mask with its tile', async () => {
    const turned = { a: 0, b: 1, c: -1, d: 0, e: 15, f: 0 }; // a quarter turn: (x, y) → (15 − y, x)
    const { at } = await composed({ ...report, mosaicFromTile: new Map([[a, turned]]) }, mask);
    expect(at(15 - 6, 13)).toBe(0);
    expect(at(15 - 6, 10)).toBe(100);
    expect(at(15 - 2, 13)).toBe(100);
    const mesh = { columns: 2, rows: 2, dx: Float64Array.of(3, 3, 3, 3), dy: new Float64Array(4) };
    const bent = await composed(
      { ...report, mosaicFromTile: new Map([[a, identityAffine]]), meshes: new Map([[a, mesh]]) },
      mask,
    );
    const left = bent.width === 20 ? 3 : 0; // bounds begin where the bent tile does
    expect(bent.at(12 + 3 - left, 6)).toBe(0);
    expect(bent.at(11 + 3 - left, 6)).toBe(100);
    expect(bent.at(15 + 3 - left, 6)).toBe(0);
    expect(bent.at(16 + 3 - left, 6)).toBe(100);
  });

  it('puts a raised tile on top', async () => {
    expect((await composed(report)).at(15, 1)).toBe(100);
    expect((await composed(report, { kind: 'raise-tile', tile: b })).at(15, 1)).toBe(200);
  });
});
