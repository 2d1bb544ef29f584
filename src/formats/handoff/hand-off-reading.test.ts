import { describe, expect, it } from 'vitest';
import { defaultStitchOptions } from '../../core/options.ts';
import { handOffs } from '../index.ts';
import type { HandOffId } from '../index.ts';
import type { Solution, SolutionTile } from '../solution-json.ts';
import { lineName, lossWarnings, placedTiles, textOf } from './hand-off.ts';
import type { HandOffInput } from './hand-off.ts';
import { plainSolutionTile } from '../testing/plain-solution-tile.ts';

function inputOf(tiles: readonly SolutionTile[], change: Partial<Solution> = {}): HandOffInput {
  const solution: Solution = {
    version: 1,
    tiles: [...tiles],
    links: [],
    options: structuredClone(defaultStitchOptions),
    model: null,
    device: 'test',
    bounds: [0, 0, 100, 100],
    pixelSizeNm: 4,
    ...change,
  };
  return { solution, links: [], tiles: [] };
}

const write = async (id: HandOffId, input: HandOffInput) => (await handOffs[id].load()).write(input);
const read = async (id: HandOffId, name: string, text: string) => (await handOffs[id].load()).read([{ name, text }]);
const refusal = (id: HandOffId, name: string, text: string) =>
  read(id, name, text).then(
    () => 'read',
    (error: unknown) => {
      const { code, message } = error as { code: string; message: string };
      return `${code} ${message}`;
    },
  );

describe('feabas coordinates', () => {
  it('are read with their header passed over, whatever ends the lines', async () => {
    const lines = ['{ROOT_DIR}\t.', '{TILE_SIZE}\t5\t5', ' \t', 'a b.tif\t1.5\t-2', '', ' c.tif\t3\t4\tmore'];
    for (const end of ['\n', '\r\n', '\r'])
      expect(await read('feabas', 's.txt', lines.join(end))).toEqual([
        { file: 'a b.tif', mosaicFromTile: { a: 1, b: 0, c: 0, d: 1, e: 1.5, f: -2 } },
        { file: ' c.tif', mosaicFromTile: { a: 1, b: 0, c: 0, d: 1, e: 3, f: 4 } },
      ]);
    expect(await refusal('feabas', 's.txt', 'a.tif\t1\t2\nb.tif\t3')).toMatch(
      /^bad-layout-file s\.txt.* 2: expected file, x and y, separated by tabs/,
    );
    expect(await refusal('feabas', 's.txt', 'a.tif\t1\tx')).toMatch(/^bad-layout-file s\.txt.* 1: .*x/);
  });

  it('come with what the program has to be told', async () => {
    const { files, warnings } = await write(
      'feabas',
      inputOf([plainSolutionTile('a'), plainSolutionTile('b', { width: 90 }), plainSolutionTile('c', { width: 90 })], {
        pixelSizeNm: null,
      }),
    );
    expect(warnings).toEqual([
      '{ROOT_DIR} is a dot: put the folder of the tiles there, as an absolute path.',
      'The pixel size is unknown; feabas takes full_resolution of its configuration.',
      'feabas knows one tile size; the tiles have 101 × 51, 90 × 51 px.',
    ]);
    expect(files[0].text).toBe('{ROOT_DIR}\t.\n{TILE_SIZE}\t51\t101\na\t0\t0\nb\t0\t0\nc\t0\t0\n');
    expect((await write('feabas', inputOf([plainSolutionTile('a')]))).warnings.length).toBe(1);
  });
});

describe('MIST positions', () => {
  it('number tiles without row or column along a line, and say so', async () => {
    const rounded = 'Positions are rounded to whole pixels.';
    const numbered = 'Tiles without row and column are numbered along one row.';
    for (const change of [{ row: null }, { column: null }]) {
      const { files, warnings } = await write(
        'mist',
        inputOf([plainSolutionTile('a'), plainSolutionTile('b', change)]),
      );
      expect(warnings).toEqual([rounded, numbered]);
      expect(files[0].text).toContain('file: b; corr: 0.0000000000; position: (0, 0); grid: (1, 0);');
    }
    expect((await write('mist', inputOf([plainSolutionTile('a', { row: 3 })]))).warnings).toEqual([rounded]);
    expect((await read('mist', 'p.txt', 'file: a; corr: 0; position: (4, -5); grid: (0, 0);\n'))[0]).toMatchObject({
      file: 'a',
      mosaicFromTile: { e: 4, f: -5 },
    });
  });

  it('have the mean confidence of the accepted links that have one', async () => {
    const rest = { aFromB: null, matches: 9, inliers: 8, rmsPx: 1, residualPx: 1 };
    const links: Solution['links'] = [
      { a: 'a', b: 'b', state: 'link', confidence: 0.5, ...rest },
      { a: 'b', b: 'c', state: 'link', confidence: 1, ...rest },
      { a: 'a', b: 'c', state: 'excluded', confidence: 0.25, ...rest },
      { a: 'a', b: 'c', state: 'link', confidence: null, ...rest },
    ];
    const { files } = await write(
      'mist',
      inputOf([plainSolutionTile('a'), plainSolutionTile('b'), plainSolutionTile('c')], { links }),
    );
    expect([...files[0].text.matchAll(/corr: ([\d.]+)/g)].map(([, value]) => Number(value))).toEqual([0.5, 0.75, 1]);
  });
});

describe('the NGFF scene', () => {
  const sceneOf = (change: object, name = 'world') =>
    JSON.stringify({
      attributes: {
        ome: {
          scene: {
            coordinateSystems: [{ name, axes: [{ name: 'y', unit: 'nanometer' }, { name: 'x' }] }],
            coordinateTransformations: [
              {
                type: 'affine',
                input: { path: 'a.ome.zarr.tif.ome.zarr' },
                affine: [
                  [4, 2, 24],
                  [3, 1, 20],
                ],
                ...change,
              },
            ],
          },
        },
      },
    });

  it('is read by the names of its tiles, rows in the order y, x', async () => {
    expect(await read('ngff', 'zarr.json', sceneOf({}))).toEqual([
      { file: 'a.ome.zarr.tif', mosaicFromTile: { a: 1, b: 2, c: 3, d: 4, e: 20, f: 24 } },
    ]);
  });

  it.each([
    ['{', 'it is not valid JSON'],
    ['{}', 'attributes: '],
    ['3', 'the whole: '],
    [sceneOf({ type: 'scale' }), 'attributes.ome.scene.coordinateTransformations.0.type: '],
    [sceneOf({ input: {} }), 'coordinateTransformations.0.input.path: '],
    [sceneOf({ affine: [[4, 2, 24]] }), 'coordinateTransformations.0.affine.1: '],
    [
      sceneOf({
        affine: [
          [4, 2],
          [3, 1, 20],
        ],
      }),
      'coordinateTransformations.0.affine.0.2: ',
    ],
    [sceneOf({}).replace('nanometer', 'parsec'), 'coordinateSystems.0.axes.0.unit: '],
    [
      sceneOf({}).replace(
        '"coordinateSystems":[{"name":"world","axes":[{"name":"y","unit":"nanometer"},{"name":"x"}]}]',
        '"coordinateSystems":[]',
      ),
      'coordinateSystems: ',
    ],
    [sceneOf({}).replace('24', '1e999'), 'an affine is not finite'],
    [sceneOf({}).replace('"path"', '"way"'), 'input.path'],
  ])('is refused by what is wrong: %s', async (text, words) => {
    const said = await refusal('ngff', 'zarr.json', text);
    expect(said).toMatch(/^bad-layout-file zarr\.json/);
    expect(said).toContain(words);
  });
});

describe('Janelia render', () => {
  it('orders matches of two groups by the groups', async () => {
    const tiles = [plainSolutionTile('a', { section: 9 }), plainSolutionTile('b', { section: 2 })];
    const links = [{ a: 'a', b: 'b', inA: [1, 2], inB: [3, 4], weights: [1] }];
    const { files } = await write('render', { ...inputOf(tiles), links });
    expect(JSON.parse(files[1].text)).toMatchObject([{ pGroupId: '2.0', pId: 'b', qGroupId: '9.0', qId: 'a' }]);
  });

  it('is refused by what is wrong', async () => {
    const { files } = await write(
      'render',
      inputOf([plainSolutionTile('d/a b.tif', { mosaicFromTile: [1, 2, 3, 4, 5, 6] })]),
    );
    const { name, text } = files[0];
    expect(await read('render', name, text)).toEqual([
      { file: 'd/a b.tif', mosaicFromTile: { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 } },
    ]);
    expect(await refusal('render', name, '{')).toMatch(/^bad-layout-file .*it is not valid JSON \(.+\)/);
    expect(await refusal('render', name, '3')).toContain('the whole: ');
    expect(await refusal('render', name, '[3]')).toContain('0: ');
    const numbers = 'a dataString is not six numbers';
    expect(await refusal('render', name, text.replace('1 2 3 4 5 6', '1 2 3 4 5'))).toContain(numbers);
    expect(await refusal('render', name, text.replace('1 2 3 4 5 6', '1 2 3 4 5 6 7'))).toContain(numbers);
    expect(await refusal('render', name, text.replace('1 2 3 4 5 6', '1 2 3 4 5 x'))).toContain(numbers);
    expect(await refusal('render', name, text.replace('a%20b', 'a%2'))).toContain(
      '"d/a%2.tif" is no address of a file',
    );
  });
});

describe('BigStitcher', () => {
  it('is read by the setups of its files and its registrations', async () => {
    const { files } = await write(
      'bigstitcher',
      inputOf([plainSolutionTile('a', { mosaicFromTile: [1, 2, 3, 4, 5, 6] })]),
    );
    const { name, text } = files[0];
    const affine = /<affine>([^<]*)<\/affine>/.exec(text)?.[1] ?? '';
    const spread = text.replace(affine, affine.split(' ').join('\n  '));
    expect(await read('bigstitcher', name, spread)).toEqual([
      { file: 'a', mosaicFromTile: { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 } },
    ]);
    const wrong = (setup: string) => `view setup ${setup} has no file or no affine of twelve numbers`;
    expect(await refusal('bigstitcher', name, text.replace(affine, `${affine} 1`))).toContain(wrong('0'));
    expect(await refusal('bigstitcher', name, text.replace(affine, affine.slice(2)))).toContain(wrong('0'));
    expect(await refusal('bigstitcher', name, text.replace(affine, affine.replace('1', 'x')))).toContain(wrong('0'));
    expect(await refusal('bigstitcher', name, text.replace('view_setup="0"', 'view_setup="7"'))).toContain(wrong('0'));
    expect(await refusal('bigstitcher', name, text.replace(' setup="0"', ''))).toContain(wrong(''));
    const unnamed = text.replace(' view_setup="0"', '').replace(' setup="0"', '');
    expect((await read('bigstitcher', name, unnamed))[0].file).toBe('a');
  });
});

describe('TrakEM2', () => {
  it('is read by the matrices of its patches', async () => {
    const { files, warnings } = await write(
      'trakem2',
      inputOf([plainSolutionTile('a', { mosaicFromTile: [1, 2, 3, 4, 5, 6] })]),
    );
    const xml = files.find(({ name }) => name.endsWith('.xml'));
    const [name, text] = [xml?.name ?? '', xml?.text ?? ''];
    const matrix = /<t2_patch[^>]*(matrix\([^)]*\))/.exec(text)?.[1] ?? '';
    expect((await read('trakem2', name, text))[0].mosaicFromTile).toEqual({ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 });
    expect(warnings.join('\n')).toContain(
      'The sample type of the tiles is unknown here: the patches are declared 8-bit.',
    );
    const wrong = 'a t2_patch has no file_path or no matrix of six numbers';
    for (const other of [
      matrix.replace(')', ',1)'),
      'matrix(1,0,0,1,0)',
      `${matrix} `,
      `x${matrix}`,
      'matrix(1,0,0,1,0,x)',
      'matrix(1,0,0,1,0,1e999)',
    ])
      expect(await refusal('trakem2', name, text.replace(matrix, other))).toContain(wrong);
    expect(await refusal('trakem2', name, text.replace('file_path="a"', ''))).toContain(wrong);
    expect(await refusal('trakem2', name, text.replace(`transform="${matrix}"`, ''))).toContain(wrong);
  });
});

describe('what a hand-off loses', () => {
  it('counts tiles that lose more than half a pixel of their rotation', () => {
    // 100 px from the first column to the last.
    const stretched = (px: number) =>
      plainSolutionTile(`${px}`, { mosaicFromTile: [1 + px / 100, 0, 0, 1 + px / 100, 0, 0] });
    const words = lossWarnings(inputOf([stretched(0.25), stretched(0.75), stretched(1.5)]), 'translation', true);
    expect(words).toEqual([
      'Positions only: rotation and stretch of up to 1.5 px across a tile are dropped ' +
        '(2 tiles lose more than half a pixel). solution.json keeps them.',
    ]);
    expect(lossWarnings(inputOf([stretched(1.5)]), 'affine', true)).toEqual([]);
  });

  it('counts pages and unplaced tiles', () => {
    const input = inputOf([
      plainSolutionTile('a', { page: 1 }),
      plainSolutionTile('b', { page: 2 }),
      plainSolutionTile('c'),
      plainSolutionTile('d', { mosaicFromTile: null, state: 'unplaced' }),
    ]);
    expect(placedTiles(input).length).toBe(3);
    expect(lossWarnings(input, 'affine', false)).toEqual([
      '2 tiles are later pages of their files; the format names files only.',
      '1 tiles without a place are left out.',
    ]);
    expect(lossWarnings(input, 'affine', true)).toEqual(['1 tiles without a place are left out.']);
  });

  it('names the file that a line cannot hold, and the one that is not there', () => {
    expect(lineName('a b', ';', 'MIST')).toBe('a b');
    for (const bad of [';', '\n', '\r'])
      expect(() => lineName(`a${bad}`, ';', 'MIST')).toThrow(
        `because its name holds ${JSON.stringify(bad)}. Rename the file and stitch again.`,
      );
    expect(textOf([{ name: 'x.txt', text: 'one' }], '.txt')).toBe('one');
    expect(() => textOf([{ name: 'x.txt', text: 'one' }], '.xml')).toThrow(new RangeError('no file ending in .xml'));
  });
});
