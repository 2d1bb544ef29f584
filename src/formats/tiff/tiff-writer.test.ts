import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Rect } from '../../core/geometry/rect.ts';
import { silentContext } from '../../core/progress.ts';
import type { Progress } from '../../core/progress.ts';
import { allocateSamples, cropRaster } from '../../core/raster/raster.ts';
import type { Raster, SampleType } from '../../core/raster/raster.ts';
import { byteSourceFromBytes } from '../byte-source.ts';
import type { RandomAccessSink } from '../image-file.ts';
import { memorySink } from '../memory-sink.ts';
import { openTiff } from './tiff-reader.ts';
import { writeTiledTiff } from './tiff-writer.ts';
import type { TiledTiffImage, TiledTiffOptions } from './tiff-writer.ts';

/** Python with numpy and tifffile (Debian: python3-tifffile), the oracle from outside. */
const python = process.env.TIFF_PYTHON ?? '/usr/bin/python3';
const folder = mkdtempSync(join(tmpdir(), 'tiff-writer-'));
const { signal } = silentContext;
const size = { width: 83, height: 61 };

/** Every value range of the type, extremes included, over a texture without symmetry. */
function texture(sampleType: SampleType, channels: 1 | 3, { width, height } = size): readonly Raster[] {
  const ranges = { uint8: [0, 255], uint16: [0, 65535], int16: [-32768, 32767], float32: [-1e3, 1e6] } as const;
  const [low, high] = ranges[sampleType];
  return Array.from({ length: channels }, (_, c) => {
    const data = allocateSamples(sampleType, width * height);
    for (let i = 0; i < data.length; i++) {
      const [x, y] = [i % width, Math.floor(i / width)];
      const unit = (Math.sin(x / 9 + c) * Math.cos(y / 7) + 1) / 2;
      data[i] = i === 0 ? low : i === 1 ? high : low + unit * (high - low);
    }
    return { data, width, height };
  });
}

async function write(image: TiledTiffImage, rasters: readonly Raster[], options: TiledTiffOptions) {
  const sink = memorySink();
  const read = async (rect: Rect) => rasters.map((raster) => cropRaster(raster, rect));
  const report = await writeTiledTiff(sink, image, read, options, silentContext);
  return { bytes: sink.bytes(), report };
}

/**
 * What tifffile decodes after libtiff has taken the compression off, for every TIFF in the folder: channels one after
 * the other, little-endian, beside each file; answers the sample types by file.
 */
function decodeAllByLibtiff(): Readonly<Record<string, string>> {
  const program = `
import glob, json, os, subprocess, sys, numpy, tifffile
types = {}
for path in sorted(glob.glob(sys.argv[1] + '/case-*.tif')):
    plain = path.replace('case-', 'plain-')
    subprocess.run(['tiffcp', '-c', 'none', '-s', path, plain], check=True)
    a = tifffile.imread(plain)
    a = a[..., None] if a.ndim == 2 else a
    numpy.ascontiguousarray(a.transpose(2, 0, 1)).tofile(path + '.raw')
    types[os.path.basename(path)] = str(a.dtype)
print(json.dumps(types))`;
  const printed = execFileSync(python, ['-W', 'ignore', '-c', program, folder], { encoding: 'utf8' });
  return JSON.parse(printed) as Record<string, string>;
}

function bytesOf(rasters: readonly Raster[]): Uint8Array {
  const parts = rasters.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return new Uint8Array(Buffer.concat(parts));
}

const cases = (['uint8', 'uint16', 'int16', 'float32'] as const).flatMap((sampleType) =>
  ([1, 3] as const).flatMap((channels) =>
    (['classic', 'big', 'plain'] as const).map((kind) => ({ sampleType, channels, kind })),
  ),
);
type Case = (typeof cases)[number];
const fileOf = ({ sampleType, channels, kind }: Case): string => `case-${sampleType}-${channels}-${kind}.tif`;

describe('writing tiled TIFF', () => {
  let types: Readonly<Record<string, string>> = {};
  beforeAll(async () => {
    for (const each of cases) {
      const { sampleType, channels, kind } = each;
      const image = { size, channels, sampleType, pixelSizeNm: 4.23, description: 'µm “test”', software: 'test 1' };
      const { bytes, report } = await write(image, texture(sampleType, channels), {
        tileSize: 32,
        bigTiff: kind === 'big' ? 'always' : 'auto',
        compression: kind === 'plain' ? 'none' : 'deflate',
      });
      expect(report).toEqual({ bytes: bytes.length, bigTiff: kind === 'big', tiles: 6 });
      writeFileSync(join(folder, fileOf(each)), bytes);
    }
    types = decodeAllByLibtiff();
  });

  it.each(cases)('$sampleType × $channels, $kind: libtiff and our reader decode the same samples', async (each) => {
    const { sampleType, channels } = each;
    const truth = bytesOf(texture(sampleType, channels));
    expect(types[fileOf(each)]).toBe(sampleType);
    expect(Buffer.compare(readFileSync(join(folder, `${fileOf(each)}.raw`)), truth)).toBe(0);

    const bytes = new Uint8Array(readFileSync(join(folder, fileOf(each))));
    const back = await openTiff(byteSourceFromBytes('back.tif', bytes));
    expect(back.pages[0]).toMatchObject({ size, channels, sampleType, notes: [] });
    expect(back.pages[0].pixelSizeNm).toBeCloseTo(4.23, 8);
    expect(Buffer.compare(bytesOf(await back.readRegion(0, undefined, signal)), truth)).toBe(0);
  });

  it('is free of warnings in tiffinfo, tiled, and carries pixel size, software and description', async () => {
    const image: TiledTiffImage = {
      size,
      channels: 1,
      sampleType: 'uint16',
      pixelSizeNm: 4,
      description: 'section 12',
      software: 'em-stitch',
    };
    const { bytes } = await write(image, texture('uint16', 1), { tileSize: 64 });
    const path = join(folder, 'tags.tif');
    writeFileSync(path, bytes);
    const printed = execFileSync('bash', ['-c', 'tiffinfo -D "$1" 2>&1', '-', path], { encoding: 'utf8' });
    expect(printed).not.toMatch(/warning|error/i);
    expect(printed).toContain('Tile Width: 64 Tile Length: 64');
    expect(printed).toContain('Resolution: 2.5e+06, 2.5e+06 pixels/cm');
    expect(printed).toContain('ImageDescription: section 12');
    expect(printed).toContain('Software: em-stitch');
    expect(printed).toContain('Predictor: horizontal differencing 2');
  });

  it('writes NaN and infinities of floats as they are', async () => {
    const data = Float32Array.of(NaN, Infinity, -Infinity, -0, 1e-45, 3.4e38);
    const raster = { data, width: 3, height: 2 };
    const image: TiledTiffImage = {
      size: { width: 3, height: 2 },
      channels: 1,
      sampleType: 'float32',
      pixelSizeNm: null,
      software: 'test',
    };
    const { bytes } = await write(image, [raster], { tileSize: 16 });
    const back = await openTiff(byteSourceFromBytes('nan.tif', bytes));
    const [own] = await back.readRegion(0, undefined, signal);
    expect(bytesOf([own])).toEqual(bytesOf([raster]));
    expect(back.pages[0].pixelSizeNm).toBeNull();
  });

  it('chooses BigTIFF before writing when the uncompressed image may pass 4 GiB', async () => {
    const written: number[] = [];
    const stop = new Error('enough');
    const sink: RandomAccessSink = {
      writeAt: async (offset) => {
        written.push(offset);
        throw stop;
      },
      truncate: async () => undefined,
      commit: async () => undefined,
      abort: async () => undefined,
    };
    const attempt = async (side: number): Promise<number> => {
      const image = { size: { width: side, height: side }, channels: 1, sampleType: 'uint16', software: 't' } as const;
      const blank = async ({ width, height }: Rect) => [{ data: new Uint16Array(width * height), width, height }];
      await expect(writeTiledTiff(sink, { ...image, pixelSizeNm: null }, blank, {}, silentContext)).rejects.toBe(stop);
      return written.at(-1) ?? -1;
    };
    expect(await attempt(46080)).toBe(8);
    expect(await attempt(46592)).toBe(16);
  });

  it('reports every tile and keeps few of them in memory', async () => {
    const reports: Progress[] = [];
    const sink = memorySink();
    let [asked, mostAhead] = [0, 0];
    const rasters = texture('uint8', 1, { width: 256, height: 256 });
    await writeTiledTiff(
      sink,
      { size: { width: 256, height: 256 }, channels: 1, sampleType: 'uint8', pixelSizeNm: null, software: 't' },
      async (rect) => {
        mostAhead = Math.max(mostAhead, ++asked - reports.length);
        return [cropRaster(rasters[0], rect)];
      },
      { tileSize: 32 },
      { ...silentContext, onProgress: (progress) => reports.push(progress) },
    );
    expect(reports.length).toBe(64);
    expect(reports.at(-1)).toMatchObject({ stage: 'export', done: 64, total: 64 });
    expect(mostAhead).toBeLessThanOrEqual(5);
  });

  it('aborts the sink when cancelled, when a tile fails and when a write fails', async () => {
    const image: TiledTiffImage = { size, channels: 1, sampleType: 'uint8', pixelSizeNm: null, software: 't' };
    const rasters = texture('uint8', 1);
    const read = async (rect: Rect) => [cropRaster(rasters[0], rect)];
    const controller = new AbortController();
    controller.abort();
    const cancelled = memorySink();
    const context = { ...silentContext, signal: controller.signal };
    await expect(writeTiledTiff(cancelled, image, read, {}, context)).rejects.toMatchObject({ name: 'AbortError' });
    const failing = memorySink();
    const broken = () => Promise.reject(new RangeError('no such tile'));
    await expect(writeTiledTiff(failing, image, broken, {}, silentContext)).rejects.toThrow('no such tile');
    const full = memorySink();
    const short: RandomAccessSink = { ...full, writeAt: () => Promise.reject(new Error('disk full')) };
    await expect(writeTiledTiff(short, image, read, {}, silentContext)).rejects.toThrow('disk full');
    expect([cancelled.state(), failing.state(), full.state()]).toEqual(['aborted', 'aborted', 'aborted']);
    expect(() => cancelled.bytes()).toThrow('aborted');
  });
});
