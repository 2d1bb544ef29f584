import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { createServer } from 'vite';
import { chromiumFlags, findChromium } from '../../cli/dev/chromium.ts';
import { cropRaster } from '../../src/core/raster/raster.ts';
import type { Mosaic, Placement } from '../../src/core/mosaic/mosaic.ts';
import { tileId, type TileReader } from '../../src/core/tiles/tile.ts';
import { browserMemory } from '../browser-memory.ts';
import { readByLibtiff } from './read-back.ts';

/** One mosaic, written by the app's own worker in a Chromium tab into its origin-private file system. */
export interface TabExportRow {
  readonly side: number;
  readonly megapixels: number;
  readonly seconds: number;
  readonly megapixelsPerSecond: number;
  readonly fileMegabytes: number;
  readonly levels: number;
  /** Peak resident memory of the tab's process: page and workers. */
  readonly tabPeakMegabytes: number;
  /** Peak resident memory of the browser's own process, which writes the file. */
  readonly browserPeakMegabytes: number;
  /** What libtiff found in the tab's file: levels, tiles read, windows that equal the compositor in Node. */
  readonly libtiff: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const defaultSides = [10_000, 20_000];

/** `--browser [SIDE …] [--out DIR]`: a fresh browser and profile a mosaic, so that peaks are its own. */
export async function exportInChromium(args: readonly string[]): Promise<readonly TabExportRow[]> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('no Chromium is installed; set CHROMIUM_PATH');
  const sides = args.filter((arg) => /^\d+$/.test(arg)).map(Number);
  const at = args.indexOf('--out');
  const out = at < 0 ? tmpdir() : args[at + 1];
  const server = await createServer({ root, logLevel: 'error', server: { port: 0 } });
  await server.listen();
  try {
    const [url] = server.resolvedUrls?.local ?? [];
    const page = new URL('public/models/loftr-compact/manifest.json?page', url).href;
    const rows: TabExportRow[] = [];
    for (const side of sides.length > 0 ? sides : defaultSides)
      rows.push(await exportInTab(side, page, executablePath, out));
    return rows;
  } finally {
    await server.close();
  }
}

async function exportInTab(side: number, url: string, executablePath: string, out: string): Promise<TabExportRow> {
  const profile = await mkdtemp(join(out, 'export-profile-'));
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: [...chromiumFlags] });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    await page.goto(url);
    const start = performance.now();
    const { bytes, levels } = await page.evaluate(exportMosaicHere, {
      side,
      placements: tabPlacements(side),
      ...tabGrid,
    });
    const seconds = (performance.now() - start) / 1000;
    const peaks = await browserMemory(profile);
    const megapixels = (side * side) / 1e6;
    return {
      side,
      megapixels,
      seconds: Math.round(seconds * 10) / 10,
      megapixelsPerSecond: Math.round((megapixels / seconds) * 10) / 10,
      fileMegabytes: Math.round(bytes / 1e6),
      levels,
      tabPeakMegabytes: peaks.tab.peak,
      browserPeakMegabytes: peaks.browser.peak,
      libtiff: await readBack(await largestFile(profile), side),
    };
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

/** What the page's modules are asked for. */
interface ClientModule {
  createStitchClient(): {
    openProject(sources: readonly unknown[]): Promise<void>;
    showMosaic(mosaic: unknown, options: unknown): Promise<void>;
    exportMosaic(
      request: unknown,
      signal: AbortSignal,
      onProgress: () => void,
    ): Promise<{ bytes: number; levels: number }>;
  };
}

/** The origin-private file system keeps a page's file as it is, under a name of its own: the mosaic is the largest. */
async function largestFile(profile: string): Promise<string> {
  const entries = await readdir(join(profile, 'Default', 'File System'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(files.map(async (path) => ({ path, size: (await stat(path)).size })));
  return sizes.reduce((most, each) => (each.size > most.size ? each : most)).path;
}

/** Has libtiff compare the file with what the compositor makes of the same tiles here. */
function readBack(path: string, side: number): Promise<string> {
  const kinds = Array.from({ length: tabGrid.kinds }, (_, kind) => samplesOfKind(kind));
  const placements = tabPlacements(side).map((placement) => ({ ...placement, tile: tileId(placement.tile) }));
  const kindOf = new Map(placements.map(({ tile }, n) => [tile, n % tabGrid.kinds]));
  const { tileSide } = tabGrid;
  const tiles: TileReader = {
    read: async (tile, { region }) => {
      const raster = { data: kinds[kindOf.get(tile) ?? 0], width: tileSide, height: tileSide };
      return [region ? cropRaster(raster, region) : raster];
    },
  };
  const bounds = { x: 0, y: 0, width: side, height: side };
  const mosaic: Mosaic = { bounds, placements, channels: 1, sampleType: 'uint16', pixelSizeNm: 4 };
  return readByLibtiff(path, mosaic, tiles);
}

/** The tiles of the tab: 8 files of 2048², shown many times over. */
const tabGrid = { tileSide: 2048, step: 1843, outside: 8, kinds: 8 } as const;

/** Where the tab's tiles lie: like those of the Node bench. */
function tabPlacements(side: number): readonly (Omit<Placement, 'tile'> & { readonly tile: string })[] {
  const { tileSide, step, outside } = tabGrid;
  const across = Math.max(1, Math.ceil((side + 2 * outside - tileSide) / step) + 1);
  const size = { width: tileSide, height: tileSide };
  return Array.from({ length: across * across }, (_, n) => {
    const theta = 0.002 * Math.sin(2.1 * n);
    const [cos, sin] = [Math.cos(theta), Math.sin(theta)];
    const e = step * (n % across) + 0.3 * Math.sin(n) - outside;
    const f = step * Math.floor(n / across) + 0.3 * Math.cos(n) - outside;
    const mosaicFromTile = { a: cos, b: sin, c: -sin, d: cos, e, f };
    return { tile: `tile-${n}`, size, mosaicFromTile, state: 'solved', component: 0, tone: { gain: 1, offset: 0 } };
  });
}

/** The samples of a file, as `exportMosaicHere` makes them in the page. */
function samplesOfKind(kind: number): Uint16Array {
  const { tileSide } = tabGrid;
  const samples = new Uint16Array(tileSide * tileSide);
  for (let i = 0; i < samples.length; i++) {
    const wave = Math.sin(((i % tileSide) + 99 * kind) / 37) * Math.cos(i / tileSide / 29);
    samples[i] = 20000 + 9000 * wave + (Math.imul(i + kind + 1, 2654435761) >>> 20);
  }
  return samples;
}

/** Runs in the page: makes the files of the tiles and writes the mosaic of these placements. */
async function exportMosaicHere({
  side,
  placements,
  tileSide,
  kinds,
}: {
  readonly side: number;
  readonly placements: ReturnType<typeof tabPlacements>;
  readonly tileSide: number;
  readonly kinds: number;
}): Promise<{ bytes: number; levels: number }> {
  const files = Array.from({ length: kinds }, (_, kind) => {
    // A classic little-endian TIFF: one strip of 16-bit samples behind nine tags.
    const [strip, count] = [8 + 2 + 9 * 12 + 4, tileSide * tileSide];
    const buffer = new ArrayBuffer(strip + 2 * count);
    const view = new DataView(buffer);
    const tags = [
      [256, tileSide],
      [257, tileSide],
      [258, 16],
      [259, 1],
      [262, 1],
      [273, strip],
      [277, 1],
      [278, tileSide],
      [279, 2 * count],
    ];
    view.setUint32(0, 0x49492a00);
    view.setUint32(4, 8, true);
    view.setUint16(8, tags.length, true);
    tags.forEach(([tag, value], n) => {
      const at = 10 + 12 * n;
      view.setUint16(at, tag, true);
      view.setUint16(at + 2, 4, true);
      view.setUint32(at + 4, 1, true);
      view.setUint32(at + 8, value, true);
    });
    const samples = new Uint16Array(buffer, strip, count);
    for (let i = 0; i < count; i++) {
      const wave = Math.sin(((i % tileSide) + 99 * kind) / 37) * Math.cos(i / tileSide / 29);
      samples[i] = 20000 + 9000 * wave + (Math.imul(i + kind + 1, 2654435761) >>> 20);
    }
    return new File([buffer], `kind-${kind}.tif`);
  });
  const sources = placements.map(({ tile: id, size }, n) => {
    const kind = { channels: 1, sampleType: 'uint16', pixelSizeNm: 4, stage: null };
    return { tile: { id, file: id, page: 0, size, ...kind }, file: files[n % kinds] };
  });
  const modulePath = '/workers/client.ts';
  const clientModule = (await import(/* @vite-ignore */ modulePath)) as ClientModule;
  const client = clientModule.createStitchClient();
  await client.openProject(sources);
  const bounds = { x: 0, y: 0, width: side, height: side };
  const options = { blend: 'feather', interpolation: 'bilinear', topmost: 'first', evenTones: false, fill: 0 };
  await client.showMosaic({ bounds, placements, channels: 1, sampleType: 'uint16', pixelSizeNm: 4 }, options);
  const request = { target: { kind: 'opfs', name: 'bench.ome.tif' }, region: null, format: 'ome-tiff' };
  const { bytes, levels } = await client.exportMosaic(request, new AbortController().signal, () => undefined);
  return { bytes, levels };
}
