import { describe, expect, it } from 'vitest';
import { silentContext } from '../src/core/progress.ts';
import { type Tile, type TileReader } from '../src/core/tiles/tile.ts';
import type { Inspection } from '../src/formats/inspect.ts';
import { chooseLayout } from './layout-options.ts';
import { plainTile } from '../src/core/testing/plain-tile.ts';

const files = ['t_1_1.tif', 't_1_2.tif'];
const tiles = files.map((file): Tile => plainTile(file, { width: 100, height: 80 }));
/** No pixel is needed where the layout is given. */
const unread: TileReader = { read: () => Promise.reject(new Error('read')) };

function inspectionWith(named: readonly string[]): Inspection {
  const positions = named.map((file, index) => ({ file, x: 90 * index, y: 3 }));
  const positionTables = [{ path: 'positions.csv', format: 'csv', positions }];
  return { tiles, multiPage: [], positionTables, problems: [], notes: [] };
}

describe('the layout of the command line', () => {
  it('believes a positions file that names every tile', async () => {
    const { layout, description } = await chooseLayout(inspectionWith(files), unread, {}, silentContext);
    expect(description).toBe('positions of positions.csv');
    expect(layout.kind === 'positions' && layout.poses.get(tiles[1].id)).toEqual({ x: 90, y: 3, thetaRad: 0 });
  });

  it('prefers the pattern that the user gives', async () => {
    const given = { pattern: 't_{r}_{c}.tif', overlap: '0.1,0.2' };
    const { layout } = await chooseLayout(inspectionWith(files), unread, given, silentContext);
    expect(layout).toMatchObject({ kind: 'grid', rows: 1, columns: 2, overlap: { x: 0.1, y: 0.2 } });
  });

  it('names a positions file that is not there', async () => {
    const given = { positions: 'other.csv' };
    await expect(chooseLayout(inspectionWith(files), unread, given, silentContext)).rejects.toThrow('other.csv');
  });
});
