/**
 * `npm run bench -- export [SIDE …] [--format ome-tiff] [--out DIR] [--browser]`: writes mosaics of SIDE × SIDE px, 16-bit,
 * from generated tiles of 2048² with 10 % overlap, each turned a little; one process a mosaic, so that its peak memory is its
 * own. 64 windows of what was written are compared with the compositor, by our reader and, of OME-TIFF, by libtiff, which
 * also opens every level. The 40,000 px run takes about 4 GB of disk. `--browser` writes in a Chromium tab instead, and has
 * libtiff read the tab's file.
 */
import { unitGain } from '../src/core/photometry/gain-offset.ts';
import { spawnSync } from 'node:child_process';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileSink } from '../cli/node-files.ts';
import { affineFromPose } from '../src/core/geometry/pose2.ts';
import { composeRegion } from '../src/core/mosaic/compositor.ts';
import { defaultComposeOptions } from '../src/core/mosaic/mosaic.ts';
import type { Mosaic, Placement } from '../src/core/mosaic/mosaic.ts';
import { placementIndex } from '../src/core/mosaic/pyramid-stream-placements.ts';
import { cachedTileReader } from '../src/core/mosaic/tile-cache.ts';
import { silentContext } from '../src/core/progress.ts';
import { cropRaster } from '../src/core/raster/raster.ts';
import { tileId } from '../src/core/tiles/tile.ts';
import type { TileReader } from '../src/core/tiles/tile.ts';
import type { ByteSource } from '../src/formats/image-file.ts';
import { mosaicFormats, openImage } from '../src/formats/index.ts';
import type { MosaicFormat } from '../src/formats/index.ts';
import { readByLibtiff, windowCount, windowsOf } from './export/read-back.ts';

/** One line of the bench. */
export interface ExportRow {
  readonly format: string;
  readonly side: number;
  readonly megapixels: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly megapixelsPerSecond: number;
  /** Samples of all levels before compression, per second. */
  readonly megabytesPerSecond: number;
  readonly fileMegabytes: number;
  readonly peakMegabytes: number;
  /** Times each tile was read, on the average. */
  readonly readsPerTile: number;
  /** Windows that equal the compositor, of those compared; none where the format is not read here. */
  readonly equalWindows: string;
  /** What libtiff found: levels, tiles read, windows that equal the compositor; of OME-TIFF alone. */
  readonly libtiff: string;
}

const tileSide = 2048;
const step = 1843;
const outsidePx = 8;
const defaultSides = [2000, 5000, 10000];
const cacheBytes = 256 * 2 ** 20;

/** Rows of the given sides; each is measured in a process of its own. */
export async function run(args: readonly string[]): Promise<readonly unknown[]> {
  // A browser's driver must not count among the memory of the other runs.
  if (args.includes('--browser')) return (await import('./export/chromium.ts')).exportInChromium(args);
  const format = valueOf(args, '--format') ?? 'ome-tiff';
  const ids = Object.keys(mosaicFormats) as MosaicFormat[];
  const id = ids.find((each) => each === format);
  if (!id) throw new RangeError(`--format is one of ${ids.join(', ')}`);
  const sides = args.filter((arg, n) => /^\d+$/.test(arg) && !args[n - 1]?.startsWith('--')).map(Number);
  const out = valueOf(args, '--out') ?? tmpdir();
  if (args.includes('--here')) return [await measure(id, sides[0], out)];
  return (sides.length > 0 ? sides : defaultSides).map((side) => inOwnProcess(id, side, out));
}

function valueOf(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
}

function inOwnProcess(format: MosaicFormat, side: number, out: string): ExportRow {
  const here = fileURLToPath(import.meta.url);
  const program = `import(${JSON.stringify(here)}).then(async (b) => process.stdout.write('ROW ' + JSON.stringify((await b.run(${JSON.stringify([String(side), '--here', '--format', format, '--out', out])}))[0])))`;
  const args = [...process.execArgv, '--input-type=module', '-e', program];
  const { stdout, status } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = stdout.split('\n').find((each) => each.startsWith('ROW '));
  if (status !== 0 || !line) throw new Error(`the run of ${side} px failed`);
  return JSON.parse(line.slice(4)) as ExportRow;
}

/** Tiles of noise over waves, made from one texture when they are read: reading costs a copy. */
function generated(side: number): { readonly mosaic: Mosaic; readonly tiles: TileReader } {
  const texture = new Uint16Array(tileSide * tileSide);
  for (let i = 0; i < texture.length; i++) {
    const wave = Math.sin((i % tileSide) / 37) * Math.cos(i / tileSide / 29);
    texture[i] = 20000 + 9000 * wave + (Math.imul(i + 1, 2654435761) >>> 20);
  }
  // Tiles begin a little outside, so that turned ones leave no canvas at the border.
  const across = Math.max(1, Math.ceil((side + 2 * outsidePx - tileSide) / step) + 1);
  const placements = Array.from({ length: across * across }, (_, n): Placement => {
    const pose = {
      x: step * (n % across) + 0.3 * Math.sin(n) - outsidePx,
      y: step * Math.floor(n / across) + 0.3 * Math.cos(n) - outsidePx,
      thetaRad: 0.002 * Math.sin(2.1 * n),
    };
    return {
      tile: tileId(`tile-${n}`),
      size: { width: tileSide, height: tileSide },
      mosaicFromTile: affineFromPose(pose),
      state: 'solved',
      component: 0,
      tone: unitGain,
    };
  });
  const rank = new Map(placements.map(({ tile }, n) => [tile, n]));
  const tiles: TileReader = {
    async read(tile, { region }) {
      const data = new Uint16Array(texture.length);
      const shift = ((rank.get(tile) ?? 0) * 524_287) % texture.length;
      data.set(texture.subarray(shift));
      data.set(texture.subarray(0, shift), texture.length - shift);
      const raster = { data, width: tileSide, height: tileSide };
      return [region ? cropRaster(raster, region) : raster];
    },
  };
  const bounds = { x: 0, y: 0, width: side, height: side };
  return { mosaic: { bounds, placements, channels: 1, sampleType: 'uint16', pixelSizeNm: 4 }, tiles };
}

async function measure(format: MosaicFormat, side: number, out: string): Promise<ExportRow> {
  const { mosaic, tiles } = generated(side);
  const reader = cachedTileReader(tiles, cacheBytes);
  const folder = await mkdtemp(join(out, 'export-bench-'));
  try {
    const path = join(folder, mosaicFormats[format].fileName);
    const compose = { ...defaultComposeOptions, evenTones: false };
    const options = { compose, region: mosaic.bounds, content: 'pixels', bits: null, range: null } as const;
    const writer = await mosaicFormats[format].load();
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    const yieldNow = () => new Promise<void>((resolve) => setImmediate(resolve));
    const target = { kind: 'file', sink: await fileSink(path) } as const;
    const report = await writer.write(target, mosaic, options, reader, { ...silentContext, yieldNow });
    const seconds = (performance.now() - start) / 1000;
    const used = process.cpuUsage(cpu);
    const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1024);
    process.stderr.write(`${side} px: written in ${round(seconds)} s, peak ${peakMegabytes} MB; now it is read\n`);
    const megapixels = (side * side) / 1e6;
    const samples = report.levels > 1 ? 4 / 3 : 1;
    return {
      format,
      side,
      megapixels: Math.round(megapixels),
      seconds: round(seconds),
      cpuSeconds: round((used.user + used.system) / 1e6),
      megapixelsPerSecond: round(megapixels / seconds),
      megabytesPerSecond: round((megapixels * 2 * samples) / seconds),
      fileMegabytes: Math.round(report.bytes / 1e6),
      peakMegabytes,
      readsPerTile: round(reader.report().tileReads / mosaic.placements.length),
      equalWindows: format === 'tiff' || format === 'ome-tiff' ? await compared(path, mosaic, tiles) : 'not read',
      libtiff: format === 'ome-tiff' ? await readByLibtiff(path, mosaic, tiles) : 'not read',
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Compares windows of the file, read by our own reader, with the compositor. */
async function compared(path: string, mosaic: Mosaic, tiles: TileReader): Promise<string> {
  const { size } = await stat(path);
  const handle = await open(path, 'r');
  try {
    const source: ByteSource = {
      name: path,
      size,
      async read(offset, length) {
        const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
        await handle.read(bytes, 0, bytes.length, offset);
        return bytes;
      },
    };
    const image = await openImage(source);
    const near = placementIndex(mosaic);
    const compose = { ...defaultComposeOptions, evenTones: false };
    let equal = 0;
    for (const rect of windowsOf(mosaic)) {
      const [written] = await image.readRegion(0, rect, silentContext.signal);
      const { channels } = await composeRegion(near(rect), { rect, scale: 1 }, compose, tiles, silentContext.signal);
      if (channels[0].data.every((value, i) => value === written.data[i])) equal++;
    }
    return `${equal} of ${windowCount}`;
  } finally {
    await handle.close();
  }
}
