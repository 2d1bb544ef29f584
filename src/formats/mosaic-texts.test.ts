import { describe, expect, it } from 'vitest';
import { defaultComposeOptions } from '../core/mosaic/mosaic.ts';
import type { Mosaic } from '../core/mosaic/mosaic.ts';
import { silentContext } from '../core/progress.ts';
import type { Progress } from '../core/progress.ts';
import { allocateSamples } from '../core/raster/raster.ts';
import type { SampleType } from '../core/raster/raster.ts';
import { memoryTileReader } from '../core/testing/memory-tile-reader.ts';
import { tileId } from '../core/tiles/tile.ts';
import type { FileTreeSink } from './file-tree-sink.ts';
import { byteSourceFromBytes } from './byte-source.ts';
import { mosaicFormats, openImage } from './index.ts';
import type { MosaicFormat } from './index.ts';
import { memorySink } from './memory-sink.ts';
import { omeXml } from './ome-tiff-xml.ts';
import { mosaicPicture } from './pyramid-source.ts';
import type { MosaicWriteOptions } from './pyramid-source.ts';
import { softwareName } from './software.ts';

/** One tile of 8 × 6 px at (−3, 2); sample i is i. */
function sceneOf(sampleType: SampleType, channels: 1 | 3 = 1, pixelSizeNm: number | null = 4) {
  const tile = tileId('a <1>.tif');
  const size = { width: 8, height: 6 };
  const data = allocateSamples(sampleType, 48).map((_, i) => i);
  const rasters = Array.from({ length: channels }, () => ({ data, ...size }));
  const mosaic: Mosaic = {
    bounds: { x: -3, y: 2, ...size },
    placements: [
      {
        tile,
        size,
        mosaicFromTile: { a: 1, b: 0, c: 0, d: 1, e: -3, f: 2 },
        state: 'solved',
        component: 0,
        tone: { gain: 1, offset: 0.5 },
      },
    ],
    channels,
    sampleType,
    pixelSizeNm,
  };
  return { mosaic, reader: memoryTileReader(new Map([[tile, rasters]])) };
}
type Scene = ReturnType<typeof sceneOf>;

function optionsFor({ mosaic }: Scene, change: Partial<MosaicWriteOptions> = {}): MosaicWriteOptions {
  const compose = { ...defaultComposeOptions, evenTones: false, fill: 7 };
  return { compose, region: mosaic.bounds, content: 'pixels', bits: null, range: null, ...change };
}

/** The files of a folder that a writer fills, and its report. */
async function folderOf(format: MosaicFormat, scene: Scene, change: Partial<MosaicWriteOptions> = {}) {
  const files = new Map<string, Uint8Array>();
  const progress: Progress[] = [];
  const sink: FileTreeSink = {
    write: async (path, bytes) => void files.set(path, bytes),
    commit: async () => 99,
    abort: async () => files.clear(),
  };
  const writer = await mosaicFormats[format].load();
  const context = { ...silentContext, onProgress: (step: Progress) => void progress.push(step) };
  const report = await writer.write(
    { kind: 'folder', sink },
    scene.mosaic,
    optionsFor(scene, change),
    scene.reader,
    context,
  );
  const json = (path: string): unknown => JSON.parse(new TextDecoder().decode(files.get(path)));
  return { files, progress, report, json };
}

const inner = { x: -1, y: 3, width: 4, height: 3 };

describe('the OME-XML of a mosaic', () => {
  const xmlOf = async (scene: Scene, change: Partial<MosaicWriteOptions> = {}) =>
    omeXml(await mosaicPicture(scene.mosaic, optionsFor(scene, change), scene.reader, silentContext), 'n&1');
  const pairs = (values: Readonly<Record<string, string>>) =>
    Object.entries(values)
      .map(([key, value]) => `<M K="${key}">${value}</M>`)
      .join('');
  const head =
    '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"' +
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"' +
    ' xsi:schemaLocation="http://www.openmicroscopy.org/Schemas/OME/2016-06 http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd"' +
    ` Creator="${softwareName}"><Image ID="Image:0" Name="n&#38;1">`;

  it('is one plane with its pixel size and place, and an annotation a tile', async () => {
    const values = {
      software: softwareName,
      content: 'pixels',
      'bounds of the mosaic (x y width height, px)': '-3 2 8 6',
      'region (x y width height, mosaic px)': '-1 3 4 3',
      blend: defaultComposeOptions.blend,
      interpolation: defaultComposeOptions.interpolation,
      'tones evened': 'false',
      fill: '7',
      values: 'Values 0 … 255 became 0 … 255; values beyond are clamped.'.replaceAll('…', '&#8230;'),
    };
    const tile = {
      file: 'a &#60;1&#62;.tif',
      'size (width height, px)': '8 6',
      'mosaicFromTile (a b c d e f, px, pixel centres)': '1 0 0 1 -3 2',
      state: 'solved',
      gain: '1',
      offset: '0.5',
    };
    const text = await xmlOf(sceneOf('uint16'), { region: inner, bits: '8', range: { low: 0, high: 255 } });
    expect(text).toBe(
      `${head}<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" BigEndian="false" SizeX="4" SizeY="3" SizeZ="1"` +
        ' SizeC="1" SizeT="1" PhysicalSizeX="4" PhysicalSizeXUnit="nm" PhysicalSizeY="4" PhysicalSizeYUnit="nm">' +
        '<Channel ID="Channel:0:0" SamplesPerPixel="1"></Channel><TiffData IFD="0" PlaneCount="1"/>' +
        '<Plane TheZ="0" TheC="0" TheT="0" PositionX="-4" PositionXUnit="nm" PositionY="12" PositionYUnit="nm"/></Pixels>' +
        '<AnnotationRef ID="Annotation:0"/><AnnotationRef ID="Annotation:1"/></Image><StructuredAnnotations>' +
        `<MapAnnotation ID="Annotation:0" Namespace="em-stitch/mosaic"><Value>${pairs(values)}</Value></MapAnnotation>` +
        `<MapAnnotation ID="Annotation:1" Namespace="em-stitch/tile"><Value>${pairs(tile)}</Value></MapAnnotation>` +
        '</StructuredAnnotations></OME>',
    );
  });

  it('has pixels for units where their size is unknown, says the type and the colours, and leaves tiles out of a mask', async () => {
    const colour = await xmlOf(sceneOf('uint8', 3, null));
    expect(colour).toContain(
      'Type="uint8" BigEndian="false" Interleaved="true" SizeX="8" SizeY="6" SizeZ="1" SizeC="3" SizeT="1">',
    );
    expect(colour).toContain('SamplesPerPixel="3"');
    expect(colour).toContain('PositionX="-3" PositionXUnit="pixel" PositionY="2" PositionYUnit="pixel"');
    expect(colour).not.toContain('K="values"');
    for (const [type, name] of [
      ['uint16', 'uint16'],
      ['int16', 'int16'],
      ['float32', 'float'],
    ] as const)
      expect(await xmlOf(sceneOf(type))).toContain(` Type="${name}" `);
    const mask = await xmlOf(sceneOf('uint16'), { content: 'mask' });
    expect(mask).toContain('<M K="content">mask</M>');
    expect(mask).not.toContain('Annotation:1');
    for (const [blend, evened] of [
      ['none', 'false'],
      ['feather', 'true'],
    ] as const) {
      const scene = sceneOf('uint8');
      const compose = { ...defaultComposeOptions, evenTones: true, blend };
      expect(await xmlOf(scene, { compose })).toContain(`<M K="tones evened">${evened}</M>`);
    }
  });
});

describe('an OME-Zarr of a mosaic', () => {
  const space = (name: string) => ({ name, type: 'space', unit: 'nanometer' });

  it('says what its group and its array are', async () => {
    const { files, progress, report, json } = await folderOf('ome-zarr', sceneOf('uint16'), { region: inner });
    expect([...files.keys()]).toEqual(['zarr.json', '0/zarr.json', '0/c/0/0']);
    expect(report).toMatchObject({
      bytes: 99,
      kind: 'OME-Zarr 0.5',
      levels: 1,
      size: { width: 4, height: 3 },
      damaged: [],
    });
    expect(progress).toEqual([{ stage: 'export', done: 1, total: 1 }]);
    const [low, high] = [10, 29];
    expect(json('zarr.json')).toEqual({
      zarr_format: 3,
      node_type: 'group',
      attributes: {
        ome: {
          version: '0.5',
          multiscales: [
            {
              name: 'mosaic',
              axes: [space('y'), space('x')],
              datasets: [
                {
                  path: '0',
                  coordinateTransformations: [
                    { type: 'scale', scale: [4, 4] },
                    { type: 'translation', translation: [12, -4] },
                  ],
                },
              ],
              type: 'mean',
              metadata: {
                description: 'Each level is the mean of the covered pixels of 2×2 blocks of the one before.',
              },
            },
          ],
          omero: {
            channels: [
              {
                label: 'grey',
                color: 'FFFFFF',
                window: {
                  min: 0,
                  max: 65535,
                  start: expect.closeTo(low, 0) as number,
                  end: expect.closeTo(high, 0) as number,
                },
                active: true,
              },
            ],
          },
        },
        'em-stitch': {
          software: softwareName,
          content: 'pixels',
          bounds: [-3, 2, 8, 6],
          region: [-1, 3, 4, 3],
          blend: defaultComposeOptions.blend,
          values: null,
          tiles: [{ file: 'a <1>.tif', mosaicFromTile: [1, 0, 0, 1, -3, 2], state: 'solved', gain: 1, offset: 0.5 }],
        },
      },
    });
    expect(json('0/zarr.json')).toEqual({
      zarr_format: 3,
      node_type: 'array',
      shape: [3, 4],
      data_type: 'uint16',
      chunk_grid: { name: 'regular', configuration: { chunk_shape: [1024, 1024] } },
      chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
      fill_value: 7,
      codecs: [
        { name: 'bytes', configuration: { endian: 'little' } },
        { name: 'gzip', configuration: { level: 6 } },
      ],
      dimension_names: ['y', 'x'],
      attributes: {},
    });
  });

  it('places the middle of each level’s first pixel', async () => {
    const scene = sceneOf('uint8');
    const size = { width: 1030, height: 8 };
    const mosaic = { ...scene.mosaic, bounds: { x: -3, y: 2, ...size } };
    const { json, report } = await folderOf('ome-zarr', { ...scene, mosaic });
    expect(report.levels).toBe(3);
    const group = json('zarr.json') as {
      attributes: { ome: { multiscales: readonly { datasets: readonly { coordinateTransformations: unknown }[] }[] } };
    };
    const { datasets } = group.attributes.ome.multiscales[0];
    expect(datasets.map(({ coordinateTransformations }) => coordinateTransformations)).toEqual(
      [0, 1, 2].map((level) => [
        { type: 'scale', scale: [4 * 2 ** level, 4 * 2 ** level] },
        { type: 'translation', translation: [4 * (2 + (2 ** level - 1) / 2), 4 * (-3 + (2 ** level - 1) / 2)] },
      ]),
    );
    expect(json('2/zarr.json')).toMatchObject({ shape: [2, 258] });
  });

  it('has colours before its rows, and no unit where the size of a pixel is unknown', async () => {
    const { files, json } = await folderOf('ome-zarr', sceneOf('uint8', 3, null));
    expect([...files.keys()].slice(2)).toEqual(['0/c/0/0/0', '0/c/1/0/0', '0/c/2/0/0']);
    const window = { min: 0, max: 255, start: 0, end: 255 };
    expect(json('zarr.json')).toMatchObject({
      attributes: {
        ome: {
          multiscales: [
            {
              axes: [
                { name: 'c', type: 'channel' },
                { name: 'y', type: 'space' },
                { name: 'x', type: 'space' },
              ],
              datasets: [
                {
                  coordinateTransformations: [
                    { type: 'scale', scale: [1, 1, 1] },
                    { type: 'translation', translation: [0, 2, -3] },
                  ],
                },
              ],
            },
          ],
          omero: {
            channels: [
              { label: 'red', color: 'FF0000', window, active: true },
              { label: 'green', color: '00FF00', window, active: true },
              { label: 'blue', color: '0000FF', window, active: true },
            ],
          },
        },
      },
    });
    expect(JSON.stringify(json('zarr.json'))).not.toContain('unit');
    expect(json('0/zarr.json')).toMatchObject({
      shape: [3, 6, 8],
      chunk_grid: { configuration: { chunk_shape: [1, 1024, 1024] } },
      codecs: [{ name: 'bytes' }, { name: 'gzip' }],
      dimension_names: ['c', 'y', 'x'],
    });
  });

  it('shows signed numbers and floats over the range that they have', async () => {
    const windowOf = async (type: SampleType, change: Partial<MosaicWriteOptions> = {}) => {
      const { json } = await folderOf('ome-zarr', sceneOf(type), change);
      const group = json('zarr.json') as {
        attributes: { ome: { omero: { channels: readonly { window: object }[] } } };
      };
      return group.attributes.ome.omero.channels[0].window;
    };
    expect(await windowOf('int16')).toMatchObject({ min: -32768, max: 32767 });
    const floats = (await windowOf('float32')) as { min: number; max: number; start: number; end: number };
    expect([floats.start, floats.end]).toEqual([floats.min, floats.max]);
    expect(floats.max).toBeGreaterThan(floats.min);
    const scene = sceneOf('float32');
    const compose = { ...optionsFor(scene).compose, fill: NaN };
    const { json } = await folderOf('ome-zarr', scene, { compose });
    expect(json('0/zarr.json')).toMatchObject({ data_type: 'float32', fill_value: 'NaN' });
    const mask = await folderOf('ome-zarr', sceneOf('uint16'), { content: 'mask' });
    expect(JSON.stringify(mask.json('zarr.json'))).toContain('"name":"mask"');
  });
});

describe('a Deep Zoom picture of a mosaic', () => {
  it('has levels from one pixel up, a file a tile, and says its size', async () => {
    const { files, progress, report } = await folderOf('dzi', sceneOf('uint8'));
    const paths = [...files.keys()];
    const descriptor = paths[paths.length - 1];
    expect(descriptor).toMatch(/^\w+\.dzi$/);
    const name = descriptor.slice(0, -4);
    // 8 × 6, 4 × 3, 2 × 2 and 1 × 1 px; each tile once all of what it is made of is there.
    expect(paths.slice(0, -1)).toEqual([3, 2, 1, 0].map((level) => `${name}_files/${level}/0_0.png`));
    expect(new TextDecoder().decode(files.get(descriptor))).toMatch(
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<Image xmlns="http:\/\/schemas\.microsoft\.com\/deepzoom\/2008" Format="png" Overlap="0" TileSize="\d+"><Size Width="8" Height="6"\/><\/Image>\n$/,
    );
    expect(report).toMatchObject({ kind: 'Deep Zoom', levels: 4, size: { width: 8, height: 6 }, bytes: 99 });
    expect(progress).toEqual([1, 2, 3, 4].map((done) => ({ stage: 'export', done, total: 4 })));
  });
});

describe('formats of one file', () => {
  it.each([
    ['tiff', 'TIFF is one file; name a file.'],
    ['ome-tiff', 'OME-TIFF is one file; name a file.'],
    ['png', 'PNG is one file; name a file.'],
  ] as const)('are refused a folder: %s', async (format, message) => {
    await expect(folderOf(format, sceneOf('uint8'))).rejects.toMatchObject({ code: 'bad-options', message });
  });

  it.each([
    ['tiff', 'uint16', 1, 'TIFF'],
    ['ome-tiff', 'int16', 1, 'OME-TIFF'],
    ['png', 'uint8', 3, 'PNG'],
    ['png', 'uint16', 1, 'PNG'],
    ['png', 'uint16', 3, 'PNG'],
  ] as const)('hold the pixels of the mosaic: %s of %s × %d', async (format, type, channels, kind) => {
    const scene = sceneOf(type, channels);
    const sink = memorySink();
    const writer = await mosaicFormats[format].load();
    const report = await writer.write(
      { kind: 'file', sink },
      scene.mosaic,
      optionsFor(scene),
      scene.reader,
      silentContext,
    );
    expect(report).toMatchObject({ kind, size: { width: 8, height: 6 }, levels: 1, damaged: [], change: null });
    expect(report.bytes).toBe(sink.bytes().length);
    const image = await openImage(byteSourceFromBytes('m', sink.bytes()));
    expect(image.pages[0].pixelSizeNm).toBeCloseTo(4, 6);
    const rasters = await image.readRegion(0, undefined, silentContext.signal);
    expect(rasters.length).toBe(channels);
    // Tones are not evened: the offset of the tile is none of its pixels.
    for (const { data } of rasters) expect([...data]).toEqual(Array.from({ length: 48 }, (_, i) => i));
  });
});

describe('a PNG of a mosaic', () => {
  const write = async (scene: Scene, change: Partial<MosaicWriteOptions> = {}) => {
    const sink = memorySink();
    const writer = await mosaicFormats.png.load();
    await writer.write({ kind: 'file', sink }, scene.mosaic, optionsFor(scene, change), scene.reader, silentContext);
    return [...sink.bytes()];
  };

  it('begins with its size, its kind of samples, its pixels per metre and who wrote it', async () => {
    const letters = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
    const starts = async (type: SampleType, channels: 1 | 3, nm: number | null, depth: number, colour: number) => {
      const bytes = await write(sceneOf(type, channels, nm));
      expect(bytes.slice(0, 16)).toEqual([0x89, ...letters('PNG'), 13, 10, 26, 10, 0, 0, 0, 13, ...letters('IHDR')]);
      expect(bytes.slice(16, 29)).toEqual([0, 0, 0, 8, 0, 0, 0, 6, depth, colour, 0, 0, 0]);
      expect(bytes.slice(-8, -4)).toEqual(letters('IEND'));
      return bytes.slice(33);
    };
    const physical = (perMetre: readonly number[]) => [0, 0, 0, 9, ...letters('pHYs'), ...perMetre, ...perMetre, 1];
    const text = [...letters('tEXt'), ...letters('Software'), 0, ...letters(softwareName)];
    const known = await starts('uint8', 1, 4, 8, 0);
    expect(known.slice(0, 17)).toEqual(physical([0x0e, 0xe6, 0xb2, 0x80]));
    expect(known.slice(25, 25 + text.length)).toEqual(text);
    expect((await starts('uint16', 3, null, 16, 2)).slice(4, 4 + text.length)).toEqual(text);
    expect((await starts('uint8', 1, 0.1, 8, 0)).slice(8, 12)).toEqual([0x7f, 255, 255, 255]);
    expect((await starts('uint8', 1, 1e12, 8, 0)).slice(8, 12)).toEqual([0, 0, 0, 1]);
  });

  it('is refused of floats, and of more pixels than programs hold', async () => {
    const floats = write(sceneOf('float32'));
    await expect(floats).rejects.toMatchObject({
      code: 'bad-options',
      message: 'PNG cannot hold float32 samples. Choose 8 or 16 bits, or another format.',
    });
    const region = (width: number) => ({ region: { x: 0, y: 0, width, height: 16_384 } });
    await expect(write(sceneOf('uint8'), region(16_385))).rejects.toMatchObject({
      code: 'too-large',
      message:
        '16385 × 16384 px are too many for a PNG, which programs hold whole in memory (limit 268435456 px, 16,384²). ' +
        'Export OME-TIFF, OME-Zarr or DZI, or a region.',
    });
    await expect(write(sceneOf('uint8'), region(16_384))).rejects.toThrow('does not lie within the mosaic');
  });
});

describe('a region of a mosaic', () => {
  it.each([
    [{ x: -4, y: 2, width: 3, height: 3 }],
    [{ x: -3, y: 1, width: 3, height: 3 }],
    [{ x: -3, y: 2, width: 9, height: 3 }],
    [{ x: -3, y: 2, width: 3, height: 7 }],
    [{ x: -2.5, y: 2, width: 3, height: 3 }],
    [{ x: 50, y: 50, width: 3, height: 3 }],
  ])('%j does not lie within it', async (region) => {
    const scene = sceneOf('uint8');
    await expect(
      mosaicPicture(scene.mosaic, optionsFor(scene, { region }), scene.reader, silentContext),
    ).rejects.toThrow(
      `The region ${region.x},${region.y} ${region.width} × ${region.height} px does not lie within the mosaic, which is ` +
        '-3,2 8 × 6 px.',
    );
  });
});
