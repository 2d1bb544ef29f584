import { describe, expect, it } from 'vitest';
import { affineFromPose } from '../core/geometry/pose2.ts';
import type { Mosaic, Placement } from '../core/mosaic/mosaic.ts';
import { unitGain } from '../core/photometry/gain-offset.ts';
import { tileId } from '../core/tiles/tile.ts';
import type { Tile } from '../core/tiles/tile.ts';
import { mdocPositions, parseMdoc } from './mdoc.ts';
import { parseMistPositions } from './mist-positions.ts';
import { isPositionFile, layoutFromPositions, parsePositionFile } from './position-file.ts';
import { parsePositionsCsv } from './positions-csv.ts';
import { lostRotationPx, parseTileConfiguration, writeTileConfiguration } from './tile-configuration.ts';

const size = { width: 1001, height: 801 };

function tile(file: string, page = 0): Tile {
  return { id: tileId(file, page), file, page, size, channels: 1, sampleType: 'uint8', pixelSizeNm: null, stage: null };
}

function mosaicOf(thetaRad: number): Mosaic {
  const placements = ['a.tif', 'b.tif'].map((file, i): Placement => {
    const mosaicFromTile = affineFromPose({ x: -3.25 + 900 * i, y: 7.5, thetaRad });
    return { tile: tileId(file), size, mosaicFromTile, state: 'solved', component: 0, tone: unitGain };
  });
  const bounds = { x: -10, y: 5, width: 2000, height: 900 };
  return { bounds, placements, channels: 1, sampleType: 'uint8', pixelSizeNm: null };
}

describe('TileConfiguration', () => {
  it('is parsed as Fiji writes it, with comments, spaces in names and a third dimension', () => {
    const text =
      '# Define the number of dimensions\r\ndim = 2\r\n\r\n# Define the image coordinates\r\n' +
      'my tile 1.tif; ; (0.0, 0.0)\r\nsub\\tile_2.tif; ; (921.5, -3.25e1)\r\nthird.tif; 0; (1, 2, 3)\r\n';
    expect(parseTileConfiguration('T.txt', text).positions).toEqual([
      { file: 'my tile 1.tif', x: 0, y: 0 },
      { file: 'sub/tile_2.tif', x: 921.5, y: -32.5 },
      { file: 'third.tif', x: 1, y: 2 },
    ]);
  });

  it.each([
    ['a.tif; ; (1, x)', 1],
    ['dim = 2\na.tif; ; (1, 2)\nb.tif 3 4', 3],
    ['a.tif; ; (1)', 1],
  ])('%j is refused with its line', (text, line) => {
    expect(() => parseTileConfiguration('T.txt', text)).toThrow(
      expect.objectContaining({ code: 'bad-layout-file', detail: { file: 'T.txt', line } }),
    );
  });

  it('refuses a table without positions or with a tile in two places', () => {
    const bad: unknown = expect.objectContaining({ code: 'bad-layout-file' });
    expect(() => parseTileConfiguration('T.txt', 'dim = 2\n')).toThrow(bad);
    expect(() => parseTileConfiguration('T.txt', 'a; ; (1, 2)\na; ; (1, 3)')).toThrow(bad);
  });

  it('survives writing and reading when tiles are only moved, without a warning', () => {
    const { text, warnings } = writeTileConfiguration(mosaicOf(0));
    expect(warnings).toEqual([]);
    expect(parseTileConfiguration('T.txt', text).positions).toEqual([
      { file: 'a.tif', x: 6.75, y: 2.5 },
      { file: 'b.tif', x: 906.75, y: 2.5 },
    ]);
  });

  it('warns when |θ| times the longer side exceeds half a pixel, and keeps the centre of the tile', () => {
    const theta = 0.01;
    const mosaic = mosaicOf(theta);
    const { text, warnings } = writeTileConfiguration(mosaic);
    expect(lostRotationPx(mosaic.placements[0].mosaicFromTile, size)).toBeCloseTo(theta * 1001, 6);
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toContain('10.0 px');
    const [first] = parseTileConfiguration('T.txt', text).positions;
    const { a, b, c, d, e, f } = mosaic.placements[0].mosaicFromTile;
    expect(first.x + 500).toBeCloseTo(a * 500 + c * 400 + e + 10, 9);
    expect(first.y + 400).toBeCloseTo(b * 500 + d * 400 + f - 5, 9);
    expect(writeTileConfiguration(mosaicOf(0.0004)).warnings).toEqual([]);
  });
});

describe('positions as CSV', () => {
  const want = [
    { file: 'a.tif', x: 0, y: 1.5 },
    { file: 'b,c.tif', x: 10, y: -2 },
  ];

  it.each([
    ['comma, no header', 'a.tif,0,1.5\n"b,c.tif",10,-2\n'],
    ['header in another order', 'X,Y,Index,FileName\r\n0,1.5,1,a.tif\r\n10,-2,2,"b,c.tif"\r\n'],
    ['semicolons and decimal commas', 'file;x;y\na.tif;0;1,5\nb,c.tif;10;-2\n'],
    ['tabs, feabas head, byte order mark', '\uFEFF{ROOT_DIR}\t/x\n{TILE_SIZE}\t9\t9\na.tif\t0\t1.5\nb,c.tif\t10\t-2\n'],
  ])('%s', (_, text) => {
    expect(parsePositionsCsv('p.csv', text).positions).toEqual(want);
  });

  it('names the line of a bad coordinate and of a missing column', () => {
    const at = (line: number): unknown =>
      expect.objectContaining({ code: 'bad-layout-file', detail: { file: 'p.csv', line } });
    expect(() => parsePositionsCsv('p.csv', 'file,x,y\na,1,2\nb,NaN,2\n')).toThrow(at(3));
    expect(() => parsePositionsCsv('p.csv', 'a,1,2\nb,2\n')).toThrow(at(2));
    expect(() => parsePositionsCsv('p.csv', 'a,1,Infinity\n')).toThrow(at(1));
  });
});

describe('MIST positions', () => {
  it('are parsed', () => {
    const text =
      'file: t_1.tif; corr: 0.99; position: (0, 12); grid: (0, 0);\nfile: t 2.tif; corr: -1; position: (740, 3); grid: (1, 0);\n';
    expect(parseMistPositions('g.txt', text).positions).toEqual([
      { file: 't_1.tif', x: 0, y: 12 },
      { file: 't 2.tif', x: 740, y: 3 },
    ]);
  });
});

describe('SerialEM mdoc', () => {
  const text =
    'PixelSpacing = 20\nImageFile = grid.mrc\n\n[T = SerialEM]\n\n' +
    '[ZValue = 0]\nPieceCoordinates = 0 0 0\nStagePosition = 1 2\n\n[ZValue = 1]\nPieceCoordinates = 900 700 0\n';

  it('gives piece coordinates with y turned down and the pixel size', () => {
    const mdoc = parseMdoc('grid.mrc.mdoc', text);
    expect(mdoc.pixelSizeNm).toBeCloseTo(2, 12);
    expect(mdocPositions(mdoc)).toEqual([
      { x: 0, y: 700 },
      { x: 900, y: 0 },
    ]);
  });

  it('falls back to the stage position over the pixel size', () => {
    const mdoc = parseMdoc('a.mdoc', 'PixelSpacing = 20\n[ZValue = 0]\nStagePosition = 1 2\n');
    expect(mdocPositions(mdoc)).toEqual([{ x: 500, y: -1000 }]);
  });

  it('names the pages of its stack', () => {
    const table = parsePositionFile('d/grid.mrc.mdoc', text, ['d/grid.mrc', 'd/other.tif']);
    expect(table?.positions.map(({ file }) => file)).toEqual(['d/grid.mrc', 'd/grid.mrc#1']);
    if (table === null) throw new Error('no table');
    const layout = layoutFromPositions(table, [tile('d/grid.mrc', 1)]);
    expect(layout.poses.get(tileId('d/grid.mrc', 1))).toEqual({ x: 900, y: 0, thetaRad: 0 });
  });
});

describe('position files of a drop', () => {
  const files = ['s1/a.tif', 's1/b.tif', 's1/TileConfiguration.txt', 's1/readme.txt'];

  it('are recognised by content and name their files by path, also after a conversion', () => {
    expect(files.filter(isPositionFile)).toEqual(['s1/TileConfiguration.txt', 's1/readme.txt']);
    const fiji = parsePositionFile('s1/TileConfiguration.txt', 'dim = 2\na.png; ; (1, 2)\nb.tif; ; (3, 4)\n', files);
    expect(fiji).toEqual({
      format: 'Fiji TileConfiguration',
      positions: [
        { file: 's1/a.tif', x: 1, y: 2 },
        { file: 's1/b.tif', x: 3, y: 4 },
      ],
    });
    expect(parsePositionFile('s1/p.csv', 'a.tif,1,2\n', files)?.format).toBe('CSV positions');
    expect(parsePositionFile('s1/readme.txt', 'Imaged on Monday.\nGood luck; really (yes)', files)).toBeNull();
  });

  it('mean the file beside them before another of that name, and none where two are alike', () => {
    const named = (table: string, text: string, files: readonly string[]) =>
      parsePositionFile(table, text, files)?.positions.map(({ file }) => file);
    expect(named('d/p.csv', 'a.tif,1,2', ['e/a.tif', 'd/a.tif'])).toEqual(['d/a.tif']);
    expect(named('p.csv', 'a.tif,1,2', ['e/a.tif', 'd/a.tif'])).toEqual(['a.tif']);
    expect(named('p.csv', 'e/a.tif,1,2', ['e/a.tif', 'd/a.tif'])).toEqual(['e/a.tif']);
    expect(named('q/p.csv', 'x/a.tif,1,2', ['e/a.tif'])).toEqual(['e/a.tif']);
  });

  it('become a free layout of the tiles that they name', () => {
    const table = { format: 'CSV positions', positions: [{ file: 's1/a.tif', x: 5, y: 6 }] };
    const layout = layoutFromPositions(table, [tile('s1/a.tif'), tile('s1/b.tif')]);
    expect([...layout.poses]).toEqual([['s1/a.tif', { x: 5, y: 6, thetaRad: 0 }]]);
    expect(() => layoutFromPositions(table, [tile('q.tif')])).toThrow(
      expect.objectContaining({ code: 'bad-layout-file' }),
    );
  });
});
