import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyAffine } from '../../core/geometry/affine2.ts';
import { defaultStitchOptions } from '../../core/options.ts';
import { handOffs } from '../index.ts';
import type { HandOffId } from '../index.ts';
import type { Solution, SolutionTile } from '../solution-json.ts';
import { placedTiles } from './hand-off.ts';
import type { HandOffInput, LinkMatches } from './hand-off.ts';
import { readRenderMatches } from './render-tilespec.ts';
import { readTrakEm2Text } from './trakem2.ts';
import { plainSolutionTile } from '../testing/plain-solution-tile.ts';

/** Python with lxml-free ElementTree: an XML reader from outside. */
const python = process.env.TIFF_PYTHON ?? '/usr/bin/python3';
const ids = Object.keys(handOffs) as HandOffId[];

function solutionOf(tiles: readonly SolutionTile[], pixelSizeNm: number | null = 4): Solution {
  return {
    version: 1,
    tiles: [...tiles],
    links: [],
    options: structuredClone(defaultStitchOptions),
    model: null,
    device: 'test',
    bounds: [-17, 5, 5000, 4000],
    pixelSizeNm,
  };
}

function tileOf(file: string, pose: readonly number[], change: Partial<SolutionTile> = {}): SolutionTile {
  const [a, b, c, d, e, f] = pose;
  return plainSolutionTile(file, { width: 2048, height: 1768, mosaicFromTile: [a, b, c, d, e, f], ...change });
}

/** A rotation with stretch and shear about as large as real stages make. */
const pose = fc
  .tuple(
    fc.integer({ min: -5000, max: 5000 }).map((n) => n / 1e5),
    fc.integer({ min: -3000, max: 3000 }).map((n) => n / 1e5),
    fc.integer({ min: -100_000_000, max: 100_000_000 }).map((n) => n / 1000),
    fc.integer({ min: -100_000_000, max: 100_000_000 }).map((n) => n / 1000),
  )
  .map(([theta, stretch, x, y]) => [
    (1 + stretch) * Math.cos(theta),
    Math.sin(theta),
    -Math.sin(theta),
    (1 - stretch) * Math.cos(theta),
    x,
    y,
  ]);

/** Names with what XML, URLs and tables trip over. */
const names = ['a/tile one.tif', 'ä µ 瓦 🙂.tif', `<b> & "c" 'd'.tif`, '100%25 #3, [x]=y.tif', '../e/f+g.tif'];

const precisionPx: Readonly<Record<HandOffId, number>> = {
  trakem2: 1e-9,
  render: 0,
  bigstitcher: 0,
  ngff: 1e-9,
  mist: 0.5,
  feabas: 1e-9,
};
const isRelative: Readonly<Record<HandOffId, boolean>> = {
  trakem2: true,
  render: false,
  bigstitcher: false,
  ngff: false,
  mist: true,
  feabas: true,
};
const carriesAffine: readonly HandOffId[] = ['trakem2', 'render', 'bigstitcher', 'ngff'];

describe.each(ids)('handing over to %s', (id) => {
  it('reads back the places of solution.json within the precision of the format', async () => {
    const format = await handOffs[id].load();
    await fc.assert(
      fc.asyncProperty(fc.array(pose, { minLength: names.length, maxLength: names.length }), async (poses) => {
        const solution = solutionOf(poses.map((each, n) => tileOf(names[n], each)));
        const input: HandOffInput = { solution, links: [], tiles: [] };
        const places = format.read(format.write(input).files);
        expect(places.map(({ file }) => file)).toEqual(names);
        const nm = id === 'ngff' ? 4 : 1;
        placedTiles(input).forEach(({ mosaicFromTile, entry }, n) => {
          const { mosaicFromTile: read } = places[n];
          const [dx, dy] = isRelative[id] ? [solution.bounds[0], solution.bounds[1]] : [0, 0];
          const at = carriesAffine.includes(id)
            ? [
                [0, 0],
                [entry.width - 1, 0],
                [0, entry.height - 1],
              ]
            : [[(entry.width - 1) / 2, (entry.height - 1) / 2]];
          for (const [x, y] of at) {
            const truth = applyAffine(mosaicFromTile, x, y);
            // NGFF: from physical coordinates of the tile to those of the world.
            const found = applyAffine(read, x * nm, y * nm);
            const slack = precisionPx[id] + 1e-9 * Math.max(1, Math.abs(truth.x), Math.abs(truth.y)) * nm;
            expect(Math.abs(found.x / nm + dx - truth.x)).toBeLessThanOrEqual(slack);
            expect(Math.abs(found.y / nm + dy - truth.y)).toBeLessThanOrEqual(slack);
          }
        });
      }),
      { numRuns: 30 },
    );
  });

  it('gives the same files twice and says what it drops: rotation, mesh, unplaced tiles', async () => {
    const format = await handOffs[id].load();
    const mesh = { columns: 2, rows: 2, dx: [0, 0, 0, 3], dy: [0, 0, 0, 4] };
    const turned = [Math.cos(0.01), Math.sin(0.01), -Math.sin(0.01), Math.cos(0.01), 0, 0];
    const solution = solutionOf([
      tileOf('bent.tif', turned, { mesh }),
      tileOf('lost.tif', turned, { mosaicFromTile: null, state: 'unplaced' }),
    ]);
    const input: HandOffInput = { solution, links: [], tiles: [] };
    const { files, warnings } = format.write(input);
    expect(format.write(input).files).toEqual(files);
    const all = warnings.join(' ');
    expect(all).toContain('mesh is dropped: displacements of up to 5.00 px');
    expect(all).toContain('1 tiles without a place');
    if (!carriesAffine.includes(id)) expect(all).toContain('rotation and stretch of up to 20.5 px');
    for (const { text } of files) expect(text).not.toContain('lost.tif');
  });

  it('refuses a damaged file of its own by name, and ends on any text', async () => {
    const format = await handOffs[id].load();
    const { files } = format.write({
      solution: solutionOf([tileOf('a.tif', [1, 0, 0, 1, 2, 3])]),
      links: [],
      tiles: [],
    });
    fc.assert(
      fc.property(fc.nat(), fc.string(), (at, junk) => {
        const damaged = files.map(({ name, text }) => {
          const cut = at % (text.length + 1);
          return { name, text: text.slice(0, cut) + junk + text.slice(cut + junk.length) };
        });
        try {
          format.read(damaged);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-layout-file' });
        }
      }),
    );
  });
});

describe('TrakEM2', () => {
  it('puts a turned tile by its corner, as Java2D draws it, and declares what it uses', async () => {
    const format = await handOffs.trakem2.load();
    // A quarter turn: the tile's upper-left pixel centre goes to (100, 50) of the mosaic.
    const solution = solutionOf([tileOf('t.tif', [0, 1, -1, 0, 100, 50])]);
    const { files } = format.write({ solution, links: [], tiles: [] });
    const xml = files.find(({ name }) => name.endsWith('.xml'))?.text ?? '';
    // Corner convention: t' = t + ½ − A·(½, ½) = (100 + ½ + ½, 50 + ½ − ½); minus the bounds (−17, 5).
    expect(xml).toContain('transform="matrix(0,1,-1,0,118,45)"');
    const path = join(mkdtempSync(join(tmpdir(), 'trakem2-')), 'p.xml');
    writeFileSync(path, xml);
    const program = `
import re, sys
import xml.etree.ElementTree as E
text = open(sys.argv[1]).read()
declared = {}
for name, attribute in re.findall(r'<!ATTLIST (\\w+) (\\w+)', text):
    declared.setdefault(name, set()).add(attribute)
elements = set(re.findall(r'<!ELEMENT (\\w+)', text))
for e in E.fromstring(text).iter():
    assert e.tag in elements, e.tag
    assert set(e.attrib) <= declared.get(e.tag, set()), (e.tag, e.attrib)
print('ok')`;
    expect(execFileSync(python, ['-c', program, path], { encoding: 'utf8' }).trim()).toBe('ok');
  });

  it('names the layer of every tile in its text import', async () => {
    const format = await handOffs.trakem2.load();
    const solution = solutionOf([
      tileOf('s/1.tif', [1, 0, 0, 1, 10.25, 20.5], { section: 3 }),
      tileOf('s/2.tif', [1, 0, 0, 1, 30, 40], { section: 7 }),
    ]);
    const { files } = format.write({ solution, links: [], tiles: [] });
    const text = files.find(({ name }) => name.endsWith('.txt'))?.text ?? '';
    expect(text).toBe('s/1.tif\t27.25\t15.5\t3\ns/2.tif\t47\t35\t7\n');
    expect(readTrakEm2Text(text).map(({ layer }) => layer)).toEqual([3, 7]);
  });
});

describe('Janelia render', () => {
  const solution = solutionOf([
    tileOf('b.tif', [1, 0.5, 0.25, 1, 10, 20], { section: 2, row: 1, column: 3 }),
    tileOf('a.tif', [1, 0, 0, 1, 0, 0], { section: 2 }),
  ]);

  it('writes the affine in the order m00 m10 m01 m11 m02 m12 with the layout of the tile', async () => {
    const format = await handOffs.render.load();
    const specs = JSON.parse(format.write({ solution, links: [], tiles: [] }).files[0].text) as unknown[];
    expect(specs[0]).toMatchObject({
      tileId: 'b.tif',
      z: 2,
      width: 2048,
      height: 1768,
      layout: { sectionId: '2.0', imageRow: 1, imageCol: 3 },
      mipmapLevels: { '0': { imageUrl: 'file:b.tif' } },
      transforms: {
        type: 'list',
        specList: [
          { type: 'leaf', className: 'mpicbg.trakem2.transform.AffineModel2D', dataString: '1 0.5 0.25 1 10 20' },
        ],
      },
    });
  });

  it('stores matches with the smaller id as p, points turned with it', async () => {
    const format = await handOffs.render.load();
    const links: readonly LinkMatches[] = [
      { a: 'b.tif', b: 'a.tif', inA: [1, 2, 3, 4], inB: [5, 6, 7, 8], weights: [0.5, 1] },
      { a: 'gone.tif', b: 'a.tif', inA: [1, 2], inB: [3, 4], weights: [1] },
    ];
    const { files } = format.write({ solution, links, tiles: [] });
    expect(readRenderMatches(files[1].text)).toEqual([
      {
        pGroupId: '2.0',
        pId: 'a.tif',
        qGroupId: '2.0',
        qId: 'b.tif',
        matches: {
          p: [
            [5, 7],
            [6, 8],
          ],
          q: [
            [1, 3],
            [2, 4],
          ],
          w: [0.5, 1],
        },
      },
    ]);
  });
});

describe('texts of positions', () => {
  it('writes MIST’s line, one file a section', async () => {
    const format = await handOffs.mist.load();
    const solution = solutionOf([
      tileOf('a.tif', [1, 0, 0, 1, 83.4, 104.6], { row: 2, column: 5 }),
      tileOf('b.tif', [1, 0, 0, 1, 0, 5], { section: 4, row: 0, column: 1 }),
    ]);
    const link = { a: 'a.tif', b: 'b.tif', aFromB: null, matches: 9, inliers: 8, rmsPx: 1, residualPx: 1 } as const;
    const linked = { ...solution, links: [{ ...link, state: 'link', confidence: 0.75 } as const] };
    const { files } = format.write({ solution: linked, links: [], tiles: [] });
    expect(files).toEqual([
      {
        name: 'img-global-positions-0.txt',
        text: 'file: a.tif; corr: 0.7500000000; position: (100, 100); grid: (5, 2);\n',
      },
      {
        name: 'img-global-positions-4.txt',
        text: 'file: b.tif; corr: 0.7500000000; position: (17, 0); grid: (1, 0);\n',
      },
    ]);
  });

  it('writes feabas’s header with height before width', async () => {
    const format = await handOffs.feabas.load();
    const { files } = format.write({
      solution: solutionOf([tileOf('a b.tif', [1, 0, 0, 1, -7, 8.5])]),
      links: [],
      tiles: [],
    });
    expect(files).toEqual([
      { name: 's0000.txt', text: '{ROOT_DIR}\t.\n{RESOLUTION}\t4\n{TILE_SIZE}\t1768\t2048\na b.tif\t10\t3.5\n' },
    ]);
  });

  it('refuses names that a line cannot hold, by name', async () => {
    const named = (file: string): HandOffInput => ({
      solution: solutionOf([tileOf(file, [1, 0, 0, 1, 0, 0])]),
      links: [],
      tiles: [],
    });
    const [mist, feabas, trakem2] = await Promise.all([
      handOffs.mist.load(),
      handOffs.feabas.load(),
      handOffs.trakem2.load(),
    ]);
    expect(() => mist.write(named('a;b.tif'))).toThrow(/a;b\.tif: MIST cannot name/);
    expect(() => feabas.write(named('a\tb.tif'))).toThrow(/feabas cannot name/);
    expect(() => trakem2.write(named('a\nb.tif'))).toThrow(/cannot name/);
  });
});

describe('BigStitcher', () => {
  it('is the tree that SpimData reads: loader, setups, time points, registrations', async () => {
    const format = await handOffs.bigstitcher.load();
    const solution = solutionOf([
      tileOf('a.tif', [1, 0.5, 0.25, 2, 10, 20], { section: 6 }),
      tileOf('a.tif', [1, 0, 0, 1, 0, 0], { page: 3 }),
    ]);
    const { files } = format.write({ solution, links: [], tiles: [] });
    const path = join(mkdtempSync(join(tmpdir(), 'bigstitcher-')), 'd.xml');
    writeFileSync(path, files[0].text);
    const program = `
import json, sys
import xml.etree.ElementTree as E
r = E.parse(sys.argv[1]).getroot()
s = r.find('SequenceDescription')
print(json.dumps([r.tag, r.get('version'), s.find('ImageLoader').get('format'),
  [(m.get('view_setup'), m.get('series'), m.find('file').text) for m in s.findall('ImageLoader/files/FileMapping')],
  [(v.find('id').text, v.find('size').text, v.find('voxelSize/size').text, v.find('attributes/tile').text) for v in s.findall('ViewSetups/ViewSetup')],
  [a.get('name') for a in s.findall('ViewSetups/Attributes')],
  s.find('Timepoints/integerpattern').text,
  [(v.get('setup'), v.find('ViewTransform').get('type'), v.find('ViewTransform/affine').text) for v in r.findall('ViewRegistrations/ViewRegistration')]]))`;
    expect(JSON.parse(execFileSync(python, ['-c', program, path], { encoding: 'utf8' }))).toEqual([
      'SpimData',
      '0.2',
      'spimreconstruction.filemap2',
      [
        ['0', '0', 'a.tif'],
        ['1', '3', 'a.tif'],
      ],
      [
        ['0', '2048 1768 1', '4 4 1', '0'],
        ['1', '2048 1768 1', '4 4 1', '1'],
      ],
      ['illumination', 'channel', 'tile', 'angle'],
      '0',
      [
        ['0', 'affine', '1 0.25 0 10 0.5 2 0 20 0 0 1 6'],
        ['1', 'affine', '1 0 0 0 0 1 0 0 0 0 1 0'],
      ],
    ]);
  });
});

describe('the NGFF scene', () => {
  it('holds the scene that the schema asks for, rows in the order y, x, in nanometres', async () => {
    const format = await handOffs.ngff.load();
    const { files } = format.write({
      solution: solutionOf([tileOf('a.tif', [1, 2, 3, 4, 5, 6])]),
      links: [],
      tiles: [],
    });
    expect(JSON.parse(files[0].text)).toEqual({
      zarr_format: 3,
      node_type: 'group',
      attributes: {
        ome: {
          version: '0.6',
          scene: {
            coordinateSystems: [
              {
                name: 'world',
                axes: [
                  { name: 'y', type: 'space', discrete: false, unit: 'nanometer' },
                  { name: 'x', type: 'space', discrete: false, unit: 'nanometer' },
                ],
              },
            ],
            coordinateTransformations: [
              {
                type: 'affine',
                name: 'a.tif',
                input: { path: 'a.tif.ome.zarr', name: 'physical' },
                output: { name: 'world' },
                affine: [
                  [4, 2, 24],
                  [3, 1, 20],
                ],
              },
            ],
          },
        },
      },
    });
  });
});
