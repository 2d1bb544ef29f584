import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { fromArrayBuffer } from 'geotiff';
import { describe, expect, it } from 'vitest';
import { StitchError } from '../core/errors.ts';
import { boundsOfPlacements } from '../core/mosaic/build-mosaic.ts';
import { composeRegion } from '../core/mosaic/compositor.ts';
import { defaultComposeOptions } from '../core/mosaic/mosaic.ts';
import type { Mosaic } from '../core/mosaic/mosaic.ts';
import { halveCovered } from '../core/mosaic/pyramid-stream-halving.ts';
import type { CoveredImage } from '../core/mosaic/pyramid-stream-halving.ts';
import { silentContext } from '../core/progress.ts';
import { cropRaster, sampleTypeOf } from '../core/raster/raster.ts';
import type { Raster, SampleType } from '../core/raster/raster.ts';
import type { TileReader } from '../core/tiles/tile.ts';
import { byteSourceFromBytes } from './byte-source.ts';
import type { FileTreeSink } from './file-tree-sink.ts';
import type { RandomAccessSink } from './image-file.ts';
import { mosaicFormats, openImage } from './index.ts';
import type { MosaicFormat } from './index.ts';
import { memorySink } from './memory-sink.ts';
import type { MosaicWriteOptions } from './pyramid-source.ts';
import { smallMosaic } from '../core/testing/small-mosaic.ts';

/** Python with numpy, tifffile and PIL (Debian: python3-tifffile, python3-pil), the readers from outside. */
const python = process.env.TIFF_PYTHON ?? '/usr/bin/python3';
const folder = mkdtempSync(join(tmpdir(), 'mosaic-formats-'));
const { signal } = silentContext;
const formatIds = Object.keys(mosaicFormats) as MosaicFormat[];

function optionsFor(mosaic: Mosaic, change: Partial<MosaicWriteOptions> = {}): MosaicWriteOptions {
  const compose = { ...defaultComposeOptions, evenTones: false };
  return { compose, region: mosaic.bounds, content: 'pixels', bits: null, range: null, ...change };
}

async function written(
  format: MosaicFormat,
  { mosaic, reader }: { readonly mosaic: Mosaic; readonly reader: TileReader },
  change: Partial<MosaicWriteOptions> = {},
) {
  const sink = memorySink();
  const writer = await mosaicFormats[format].load();
  const options = optionsFor(mosaic, change);
  const report = await writer.write({ kind: 'file', sink }, mosaic, options, reader, silentContext);
  const bytes = sink.bytes();
  expect(report.bytes).toBe(bytes.length);
  return { bytes, report };
}

/** What the levels must hold: the compositor's pixels, halved where they are covered. */
async function truth(
  { mosaic, reader }: { readonly mosaic: Mosaic; readonly reader: TileReader },
  levels: number,
  change: Partial<MosaicWriteOptions> = {},
): Promise<readonly CoveredImage[]> {
  const { region, compose } = optionsFor(mosaic, change);
  let image: CoveredImage = await composeRegion(mosaic, { rect: region, scale: 1 }, compose, reader, signal);
  const all = [image];
  while (all.length < levels) all.push((image = halveCovered(image)));
  return all;
}

function bytesOf(rasters: readonly Raster[]): Buffer {
  return Buffer.concat(rasters.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
}

function isSame(a: readonly Raster[], b: readonly Raster[]): boolean {
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

function runPython(program: string, ...args: readonly string[]): unknown {
  return JSON.parse(execFileSync(python, ['-W', 'ignore', '-c', program, ...args], { encoding: 'utf8' }));
}

const kinds = [
  { type: 'uint8', channels: 3 },
  { type: 'uint16', channels: 1 },
  { type: 'int16', channels: 1 },
  { type: 'float32', channels: 1 },
] as const;

describe('OME-TIFF', () => {
  const readLevels = `
import json, sys, numpy, tifffile, subprocess
path = sys.argv[1]
info = {}
with tifffile.TiffFile(path) as f:
    s = f.series[0]
    info['isOme'], info['count'], info['axes'] = f.is_ome, len(f.series), s.axes
    info['levels'] = [list(l.shape) for l in s.levels]
    info['dtype'] = str(s.dtype)
    info['subifds'] = len(f.pages[0].subifds or [])
    info['kinds'] = [int(l.pages[0].subfiletype) for l in s.levels]
    d = tifffile.xml2dict(f.ome_metadata)['OME']['Image']['Pixels']
    info['pixels'] = {k: d[k] for k in ('SizeX', 'SizeY', 'SizeC', 'Type', 'PhysicalSizeX', 'PhysicalSizeXUnit')}
    for n, offset in enumerate([None] + list(f.pages[0].subifds or [])):
        plain = path + '.plain%d.tif' % n
        # libtiff takes the compression off: tifffile here has no codecs of its own.
        subprocess.run(['tiffcp', '-c', 'none', '-s', path if offset is None else path, plain] if offset is None
                       else ['tiffcp', '-o', str(offset), '-c', 'none', '-s', path, plain], check=True)
        a = tifffile.imread(plain)
        a = a[..., None] if a.ndim == 2 else a
        numpy.ascontiguousarray(a.transpose(2, 0, 1)).tofile(path + '.raw%d' % n)
print(json.dumps(info))`;

  it.each(kinds)(
    '$type × $channels: tifffile and libtiff see every level, and its pixels',
    async ({ type, channels }) => {
      const small = smallMosaic(type, channels);
      const { bytes, report } = await written('ome-tiff', small);
      const path = join(folder, `${type}-${channels}.ome.tif`);
      writeFileSync(path, bytes);
      const { width, height } = small.mosaic.bounds;
      const half = (n: number, level: number) => Math.ceil(n / 2 ** level);
      const shape = (level: number) => [half(height, level), half(width, level), ...(channels === 3 ? [3] : [])];
      expect(report).toMatchObject({ levels: 3, kind: 'OME-TIFF', change: null, damaged: [] });
      expect(runPython(readLevels, path)).toEqual({
        isOme: true,
        count: 1,
        axes: channels === 3 ? 'YXS' : 'YX',
        levels: [shape(0), shape(1), shape(2)],
        dtype: type,
        subifds: 2,
        kinds: [0, 1, 1],
        pixels: {
          SizeX: width,
          SizeY: height,
          SizeC: channels,
          Type: type === 'float32' ? 'float' : type,
          PhysicalSizeX: 4.5,
          PhysicalSizeXUnit: 'nm',
        },
      });
      const { readFileSync } = await import('node:fs');
      for (const [level, image] of (await truth(small, 3)).entries())
        expect(Buffer.compare(readFileSync(`${path}.raw${level}`), bytesOf(image.channels)), `level ${level}`).toBe(0);
      const info = execFileSync('bash', ['-c', 'tiffinfo "$1" 2>&1', '-', path], { encoding: 'utf8' });
      expect(info).not.toMatch(/warning|error/i);
    },
  );

  it('is read by geotiff and by our own reader, which takes full resolution, pixel size and place', async () => {
    const small = smallMosaic('uint16', 1);
    const { bytes } = await written('ome-tiff', small);
    const [full, , coarse] = await truth(small, 3);
    const own = await openImage(byteSourceFromBytes('m.ome.tif', bytes));
    expect(own.pages).toHaveLength(1);
    expect(own.pages[0].pixelSizeNm).toBeCloseTo(4.5, 9);
    expect(own.pages[0].stagePx?.x).toBeCloseTo(small.mosaic.bounds.x, 6);
    expect(isSame(await own.readRegion(0, undefined, signal), full.channels)).toBe(true);
    const tiff = await fromArrayBuffer(new Uint8Array(bytes).buffer);
    expect(await tiff.getImageCount()).toBe(1);
    const image = await tiff.getImage(0);
    expect(image.getWidth()).toBe(full.width);
    expect(coarse.width).toBe(Math.ceil(full.width / 4));
  });

  it('holds the schema’s order and names, escaped, and every annotation is referred to', async () => {
    const small = smallMosaic('uint8', 1);
    const { bytes } = await written('ome-tiff', small);
    const path = join(folder, 'annotated.ome.tif');
    writeFileSync(path, bytes);
    const found = runPython(
      `
import json, sys, tifffile
import xml.etree.ElementTree as E
xml = tifffile.TiffFile(sys.argv[1]).pages[0].description
assert xml.isascii()
ns = '{http://www.openmicroscopy.org/Schemas/OME/2016-06}'
root = E.fromstring(xml)
image = root.find(ns + 'Image')
maps = root.find(ns + 'StructuredAnnotations').findall(ns + 'MapAnnotation')
print(json.dumps({
  'root': [e.tag.replace(ns, '') for e in root],
  'image': sorted(set(e.tag.replace(ns, '') for e in image), key=['Pixels', 'AnnotationRef'].index),
  'pixels': [e.tag.replace(ns, '') for e in image.find(ns + 'Pixels')],
  'referred': [r.get('ID') for r in image.findall(ns + 'AnnotationRef')] == [m.get('ID') for m in maps],
  'files': [m.find(ns + 'Value')[0].text for m in maps[1:]],
}))`,
      path,
    );
    expect(found).toEqual({
      root: ['Image', 'StructuredAnnotations'],
      image: ['Pixels', 'AnnotationRef'],
      pixels: ['Channel', 'TiffData', 'Plane'],
      referred: true,
      files: small.mosaic.placements.map(({ tile }) => tile),
    });
  });
});

describe('OME-Zarr', () => {
  it.each(kinds)(
    '$type × $channels: group, arrays and chunks hold the pixels of every level',
    async ({ type, channels }) => {
      const small = smallMosaic(type, channels, 900);
      const { bytes, report } = await written('ome-zarr', small);
      const files = unzipSync(bytes);
      const json = (path: string) => JSON.parse(new TextDecoder().decode(files[path])) as Record<string, never>;
      const group = json('zarr.json') as unknown as ZarrGroup;
      const [multiscale] = group.attributes.ome.multiscales;
      expect(group).toMatchObject({ zarr_format: 3, node_type: 'group', attributes: { ome: { version: '0.5' } } });
      expect(multiscale.axes.map(({ name }) => name)).toEqual(channels === 3 ? ['c', 'y', 'x'] : ['y', 'x']);
      expect(multiscale.datasets.map(({ path }) => path)).toEqual(['0', '1', '2']);
      const { x, y } = small.mosaic.bounds;
      expect(multiscale.datasets[1].coordinateTransformations).toEqual([
        { type: 'scale', scale: [...(channels === 3 ? [1] : []), 9, 9] },
        { type: 'translation', translation: [...(channels === 3 ? [0] : []), (y + 0.5) * 4.5, (x + 0.5) * 4.5] },
      ]);
      expect(report.levels).toBe(3);
      for (const [level, image] of (await truth(small, 3)).entries()) {
        const array = json(`${level}/zarr.json`) as unknown as ZarrArray;
        expect(array).toMatchObject({ zarr_format: 3, node_type: 'array', data_type: type });
        expect(array.shape).toEqual([...(channels === 3 ? [3] : []), image.height, image.width]);
        expect(isSame(await zarrChannels(files, level, array, image), image.channels), `level ${level}`).toBe(true);
      }
    },
  );

  it('writes the same files into a folder, every one once', async () => {
    const small = smallMosaic('uint16', 1);
    const { bytes } = await written('ome-zarr', small);
    const tree = memoryTree();
    const writer = await mosaicFormats['ome-zarr'].load();
    await writer.write(
      { kind: 'folder', sink: tree.sink },
      small.mosaic,
      optionsFor(small.mosaic),
      small.reader,
      silentContext,
    );
    const zipped = unzipSync(bytes);
    expect(tree.state()).toBe('committed');
    expect([...tree.files.keys()].sort()).toEqual(Object.keys(zipped).sort());
    for (const [path, content] of tree.files) expect(Buffer.compare(content, zipped[path])).toBe(0);
  });

  it('is an archive that Python opens, its group first, nothing compressed', async () => {
    const { bytes } = await written('ome-zarr', smallMosaic('uint8', 1));
    const path = join(folder, 'small.ozx');
    writeFileSync(path, bytes);
    const found = runPython(
      `
import json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(json.dumps([z.namelist()[0], sorted(set(i.compress_type for i in z.infolist())), json.loads(z.comment)]))`,
      path,
    );
    expect(found).toEqual(['zarr.json', [0], { ome: { version: '0.5' } }]);
  });

  it('leaves out chunks that no tile touches', async () => {
    const small = smallMosaic('uint8', 1, 1200);
    const { bytes } = await written('ome-zarr', small);
    const chunks = Object.keys(unzipSync(bytes)).filter((path) => path.startsWith('0/c/'));
    expect(chunks).toHaveLength(8);
    expect(chunks).not.toContain('0/c/2/2');
  });
});

interface ZarrGroup {
  readonly attributes: {
    readonly ome: {
      readonly multiscales: readonly {
        readonly axes: readonly { readonly name: string }[];
        readonly datasets: readonly { readonly path: string; readonly coordinateTransformations: unknown }[];
      }[];
    };
  };
}

interface ZarrArray {
  readonly shape: readonly number[];
  readonly fill_value: number;
  readonly chunk_grid: { readonly configuration: { readonly chunk_shape: readonly number[] } };
}

/** The whole arrays of a level, from its chunks, by the text of the Zarr specification. */
async function zarrChannels(
  files: Readonly<Record<string, Uint8Array>>,
  level: number,
  array: ZarrArray,
  like: CoveredImage,
): Promise<readonly Raster[]> {
  const { gunzipSync } = await import('node:zlib');
  const side = array.chunk_grid.configuration.chunk_shape.at(-1) ?? 0;
  return like.channels.map((channel, c) => {
    const data = channel.data.slice().fill(array.fill_value);
    for (let row = 0; row * side < like.height; row++)
      for (let column = 0; column * side < like.width; column++) {
        const key = [level, 'c', ...(array.shape.length === 3 ? [c] : []), row, column].join('/');
        const packed = files[key] as Uint8Array | undefined;
        if (packed === undefined) continue;
        const raw = new Uint8Array(gunzipSync(packed));
        const samples = samplesOf(raw, sampleTypeOf(channel.data));
        expect(samples.length).toBe(side * side);
        for (let j = 0; j < Math.min(side, like.height - row * side); j++) {
          const width = Math.min(side, like.width - column * side);
          data.set(samples.subarray(j * side, j * side + width), (row * side + j) * like.width + column * side);
        }
      }
    return { data, width: like.width, height: like.height };
  });
}

function samplesOf(raw: Uint8Array, type: SampleType): Raster['data'] {
  if (type === 'uint8') return raw;
  if (type === 'uint16') return new Uint16Array(raw.buffer);
  return type === 'int16' ? new Int16Array(raw.buffer) : new Float32Array(raw.buffer);
}

function memoryTree() {
  const files = new Map<string, Uint8Array>();
  let state = 'open';
  const sink: FileTreeSink = {
    async write(path, bytes) {
      if (files.has(path)) throw new RangeError(`${path} is written twice`);
      files.set(path, bytes);
    },
    async commit() {
      state = 'committed';
      return [...files.values()].reduce((sum, { length }) => sum + length, 0);
    },
    async abort() {
      state = 'aborted';
    },
  };
  return { files, sink, state: () => state };
}

describe('Deep Zoom', () => {
  it('has levels from one pixel up, and PIL reads the tiles that the compositor made', async () => {
    const small = smallMosaic('uint8', 1);
    const { bytes, report } = await written('dzi', small);
    const files = unzipSync(bytes);
    const root = join(folder, 'dzi');
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    const { width, height } = small.mosaic.bounds;
    const top = Math.ceil(Math.log2(Math.max(width, height)));
    expect(report.levels).toBe(top + 1);
    const found = runPython(
      `
import json, sys, os, numpy
import xml.etree.ElementTree as E
from PIL import Image
root = sys.argv[1]
ns = '{http://schemas.microsoft.com/deepzoom/2008}'
x = E.parse(root + '/mosaic.dzi').getroot()
assert x.tag == ns + 'Image'
size = x.find(ns + 'Size')
w, h, t, o = int(size.get('Width')), int(size.get('Height')), int(x.get('TileSize')), int(x.get('Overlap'))
levels = sorted(int(n) for n in os.listdir(root + '/mosaic_files'))
top = levels[-1]
for level in levels:
    lw, lh = -(-w // 2 ** (top - level)), -(-h // 2 ** (top - level))
    names = set(os.listdir(root + '/mosaic_files/%d' % level))
    assert names == set('%d_%d.png' % (c, r) for c in range(-(-lw // t)) for r in range(-(-lh // t))), names
    whole = numpy.zeros((lh, lw), numpy.uint8)
    for n in names:
        c, r = map(int, n[:-4].split('_'))
        a = numpy.array(Image.open(root + '/mosaic_files/%d/%s' % (level, n)))
        whole[r * t:r * t + a.shape[0], c * t:c * t + a.shape[1]] = a
    whole.tofile(root + '/level%d.raw' % level)
print(json.dumps([w, h, t, o, x.get('Format'), levels[0], top]))`,
      root,
    );
    expect(found).toEqual([width, height, 512, 0, 'png', 0, top]);
    const { readFileSync } = await import('node:fs');
    for (const [level, image] of (await truth(small, top + 1)).entries())
      expect(Buffer.compare(readFileSync(join(root, `level${top - level}.raw`)), bytesOf(image.channels))).toBe(0);
  });

  it('stretches 16-bit samples between measured percentiles and says so', async () => {
    const small = smallMosaic('uint16', 1);
    const { report } = await written('dzi', small);
    expect(report.change?.to).toBe('uint8');
    expect(report.change?.range?.low).toBeGreaterThanOrEqual(900);
    expect(report.change?.range?.high).toBeLessThanOrEqual(5203);
  });
});

describe('PNG', () => {
  it.each([
    { type: 'uint8', channels: 1 },
    { type: 'uint8', channels: 3 },
    { type: 'uint16', channels: 1 },
    { type: 'uint16', channels: 3 },
  ] as const)('$type × $channels: our reader decodes the same samples', async ({ type, channels }) => {
    const small = smallMosaic(type, channels);
    const { bytes } = await written('png', small);
    const [full] = await truth(small, 1);
    const image = await openImage(byteSourceFromBytes('m.png', bytes));
    expect(isSame(await image.readRegion(0, undefined, signal), full.channels)).toBe(true);
    if (channels === 3 && type === 'uint16') return; // PIL reads no 16-bit colour
    const path = join(folder, `${type}-${channels}.png`);
    writeFileSync(path, bytes);
    const mode = runPython(
      `
import json, sys, numpy
from PIL import Image
i = Image.open(sys.argv[1])
a = numpy.array(i)
a = a[..., None] if a.ndim == 2 else a
numpy.ascontiguousarray(a.transpose(2, 0, 1)).astype('uint8' if sys.argv[2] == 'uint8' else 'uint16').tofile(sys.argv[1] + '.raw')
print(json.dumps([list(i.size), [round(d) for d in i.info['dpi']]]))`,
      path,
      type,
    );
    expect(mode).toEqual([
      [full.width, full.height],
      [5644444, 5644444],
    ]);
    const { readFileSync } = await import('node:fs');
    expect(Buffer.compare(readFileSync(`${path}.raw`), bytesOf(full.channels))).toBe(0);
  });

  it('refuses float samples and pictures that are too large, by name', async () => {
    await expect(written('png', smallMosaic('float32', 1))).rejects.toMatchObject({ code: 'bad-options' });
    const small = smallMosaic('uint8', 1);
    const bounds = { x: 0, y: 0, width: 40000, height: 40000 };
    const large = { ...small, mosaic: { ...small.mosaic, bounds } };
    await expect(written('png', large)).rejects.toMatchObject({ code: 'too-large' });
  });
});

describe('every format of mosaics', () => {
  it('crops to a region of the mosaic and refuses one outside', async () => {
    const small = smallMosaic('uint8', 1);
    const [full] = await truth(small, 1);
    const region = { x: 100, y: 250, width: 333, height: 401 };
    const { bounds } = small.mosaic;
    const inside = { ...region, x: region.x - bounds.x, y: region.y - bounds.y };
    for (const format of ['tiff', 'ome-tiff', 'png'] as const) {
      const { bytes, report } = await written(format, small, { region });
      const image = await openImage(byteSourceFromBytes('crop', bytes));
      expect(report.size).toEqual({ width: 333, height: 401 });
      const expected = full.channels.map((channel) => cropRaster(channel, inside));
      expect(isSame(await image.readRegion(0, undefined, signal), expected)).toBe(true);
    }
    const outside = { ...region, x: bounds.x + bounds.width - 10 };
    await expect(written('tiff', small, { region: outside })).rejects.toMatchObject({ code: 'bad-options' });
  });

  it('writes tiles bent by a mesh as the compositor shows them', async () => {
    const plain = smallMosaic('uint8', 1);
    const bent = (n: number) => Float64Array.from({ length: 25 }, (_, i) => 6 * Math.sin(1.3 * i + n));
    const placements = plain.mosaic.placements.map((placement, n) => ({
      ...placement,
      mesh: { columns: 5, rows: 5, dx: bent(n), dy: bent(n + 3) },
    }));
    const small = { ...plain, mosaic: { ...plain.mosaic, placements, bounds: boundsOfPlacements(placements) } };
    const [full] = await truth(small, 1);
    const { bytes } = await written('tiff', small);
    const image = await openImage(byteSourceFromBytes('bent.tif', bytes));
    expect(isSame(await image.readRegion(0, undefined, signal), full.channels)).toBe(true);
  });

  it('widens samples without touching them and narrows them by the range that it names', async () => {
    const small = smallMosaic('uint16', 1);
    const [full] = await truth(small, 1);
    const wide = await written('tiff', small, { bits: '32f' });
    const read = async (bytes: Uint8Array) =>
      (await (await openImage(byteSourceFromBytes('t', bytes))).readRegion(0, undefined, signal))[0].data;
    expect(
      Buffer.compare(
        Buffer.from((await read(wide.bytes)).buffer),
        Buffer.from(Float32Array.from(full.channels[0].data).buffer),
      ),
    ).toBe(0);
    expect(wide.report.change).toEqual({ to: 'float32', range: null });
    const narrow = await written('tiff', small, { bits: '8', range: { low: 1000, high: 5000 } });
    const values = await read(narrow.bytes);
    const expected = full.channels[0].data.map((v, i) =>
      full.coverage[i] === 0 ? 0 : Math.min(255, Math.max(0, Math.round(((v - 1000) * 255) / 4000))),
    );
    expect(Buffer.compare(Buffer.from(values), Buffer.from(Uint8Array.from(expected)))).toBe(0);
  });

  it('writes the mask of where tiles are', async () => {
    const small = smallMosaic('uint16', 3);
    const [full] = await truth(small, 1);
    const { bytes } = await written('tiff', small, { content: 'mask' });
    const image = await openImage(byteSourceFromBytes('mask.tif', bytes));
    const [mask] = await image.readRegion(0, undefined, signal);
    expect(Buffer.compare(Buffer.from(mask.data as Uint8Array), Buffer.from(full.coverage))).toBe(0);
  });

  it.each(formatIds)('%s: the same mosaic gives the same bytes', async (format) => {
    const [first, second] = [
      await written(format, smallMosaic('uint8', 1)),
      await written(format, smallMosaic('uint8', 1)),
    ];
    expect(Buffer.compare(first.bytes, second.bytes)).toBe(0);
  });

  it.each(formatIds)('%s: a full disk aborts the sink and keeps its own words', async (format) => {
    const small = smallMosaic('uint8', 1);
    const memory = memorySink();
    let taken = 0;
    const full: RandomAccessSink = {
      ...memory,
      writeAt: async (offset, bytes) => {
        taken += bytes.length;
        if (taken > 100_000) throw new StitchError('write-failed', 'the disk is full');
        await memory.writeAt(offset, bytes);
      },
    };
    const writer = await mosaicFormats[format].load();
    const writing = writer.write(
      { kind: 'file', sink: full },
      small.mosaic,
      optionsFor(small.mosaic),
      small.reader,
      silentContext,
    );
    await expect(writing).rejects.toMatchObject({ code: 'write-failed', message: 'the disk is full' });
    expect(memory.state()).toBe('aborted');
  });

  it.each(formatIds)('%s: a cancel is heard, passed on untouched, and leaves nothing', async (format) => {
    const small = smallMosaic('uint8', 1);
    const memory = memorySink();
    const controller = new AbortController();
    const context = { ...silentContext, signal: controller.signal, onProgress: () => controller.abort() };
    const writer = await mosaicFormats[format].load();
    const writing = writer.write(
      { kind: 'file', sink: memory },
      small.mosaic,
      optionsFor(small.mosaic),
      small.reader,
      context,
    );
    await expect(writing).rejects.toMatchObject({ name: 'AbortError' });
    expect(memory.state()).toBe('aborted');
  });

  it.each(formatIds)('%s: names the tiles that are damaged', async (format) => {
    const small = smallMosaic('uint8', 1);
    const bad = small.mosaic.placements[1].tile;
    const reader: TileReader = {
      read: (tile, request) =>
        tile === bad
          ? Promise.reject(new StitchError('truncated-file', 'cut', { file: tile }))
          : small.reader.read(tile, request),
    };
    const { report } = await written(format, { mosaic: small.mosaic, reader });
    expect(report.damaged).toEqual([bad]);
  });
});
