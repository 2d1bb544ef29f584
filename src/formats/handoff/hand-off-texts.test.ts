import { describe, expect, it } from 'vitest';
import { defaultStitchOptions } from '../../core/options.ts';
import { tileId } from '../../core/tiles/tile.ts';
import type { Tile } from '../../core/tiles/tile.ts';
import { handOffs } from '../index.ts';
import type { HandOffId } from '../index.ts';
import type { SolutionTile } from '../solution-json.ts';
import type { HandOffInput } from './hand-off.ts';
import { plainSolutionTile } from '../testing/plain-solution-tile.ts';

const ids = Object.keys(handOffs) as HandOffId[];

function entry(file: string, change: Partial<SolutionTile>): SolutionTile {
  return plainSolutionTile(file, { row: 1, column: 2, width: 201, height: 101, ...change });
}

function tile(file: string, sampleType: Tile['sampleType'], channels: 1 | 3, stage: Tile['stage']): Tile {
  const id = tileId(file, 0);
  return { id, file, page: 0, size: { width: 201, height: 101 }, channels, sampleType, pixelSizeNm: 4, stage };
}

/** Sections that sort otherwise as words, a colour tile, a later page, a mesh, a turned tile, one without a place. */
const rich: HandOffInput = {
  solution: {
    version: 1,
    tiles: [
      entry('s/a.tif', { section: 10, mosaicFromTile: [1, 0.02, -0.02, 1, 10.5, 20.25] }),
      entry('s/b.tif', { section: 9, row: null, column: null, mosaicFromTile: [1, 0, 0, 1, 200, -4] }),
      entry('s/c.tif', { section: 9, mesh: { columns: 2, rows: 2, dx: [0, 3, 0, 0], dy: [0, 4, 0, 1] } }),
      entry('s/d.tif', { section: 9, page: 2, mosaicFromTile: [1.5, 0, 0, 1, 0, 100] }),
      entry('s/lost.tif', { section: 9, mosaicFromTile: null, state: 'unplaced' }),
    ],
    links: [],
    options: structuredClone(defaultStitchOptions),
    model: null,
    device: 'test',
    bounds: [-7, -4, 500, 300],
    pixelSizeNm: 4,
  },
  links: [{ a: 's/b.tif', b: 's/c.tif', inA: [1, 2, 3, 4], inB: [5, 6, 7, 8], weights: [0.5, 1] }],
  tiles: [
    tile('s/a.tif', 'uint16', 1, { x: 7, y: 8, thetaRad: 0 }),
    tile('s/b.tif', 'uint8', 3, null),
    tile('s/c.tif', 'int16', 1, { x: 1, y: 2, thetaRad: 0 }),
  ],
};

/** Nothing is known but a place. */
const bare: HandOffInput = {
  solution: { ...rich.solution, tiles: [entry('one.tif', {})], pixelSizeNm: null },
  links: [],
  tiles: [],
};

const asText = ({
  files,
  warnings,
}: {
  files: readonly { name: string; text: string }[];
  warnings: readonly string[];
}) => [...files.map(({ name, text }) => `==== ${name}\n${text}`), '==== warnings', ...warnings, ''].join('\n');

describe.each(ids)('handing over to %s', (id) => {
  it('is these files and warnings to the letter, since another program reads them', async () => {
    const format = await handOffs[id].load();
    const text = `${asText(format.write(rich))}\n\n${asText(format.write(bare))}`;
    await expect(text).toMatchFileSnapshot(`../testing/hand-off/${id}.txt`);
  });
});
