/** The raster thread: decode, compose, export. Bitmaps, numbers and files leave it, never a raster of a tile. */
import * as comlink from 'comlink';
import { StitchError } from '../src/core/errors.ts';
import { snapLandmark } from '../src/core/edits/snap-landmark.ts';
import { growRect } from '../src/core/geometry/rect.ts';
import { composeRegion } from '../src/core/mosaic/compositor.ts';
import { correlationSurface } from '../src/core/mosaic/correlation-surface.ts';
import type { ComposeOptions, Mosaic } from '../src/core/mosaic/mosaic.ts';
import { probePixel } from '../src/core/mosaic/pixel-probe.ts';
import { boundedTileReader } from '../src/core/mosaic/bounded-reader.ts';
import { blendReachPx } from '../src/core/mosaic/multiband.ts';
import { seamStore } from '../src/core/mosaic/seam-store.ts';
import type { SeamStore } from '../src/core/mosaic/seam-store.ts';
import { estimateShading } from '../src/core/photometry/estimate-shading.ts';
import { cachedTileReader, exportCacheBytes } from '../src/core/mosaic/tile-cache.ts';
import type { CachedTileReader } from '../src/core/mosaic/tile-cache.ts';
import { lumaOf } from '../src/core/raster/raster.ts';
import { findOddTiles } from '../src/core/diagnosis/tile-orientation.ts';
import { estimateOverlapOf, inferLayoutOf } from '../src/core/tiles/layout-from-pixels.ts';
import { thumbnailOf } from '../src/core/tiles/thumbnail.ts';
import type { Tile, TileId } from '../src/core/tiles/tile.ts';
import { byteSourceFromBlob } from '../src/formats/byte-source.ts';
import { fileIdentity } from '../src/formats/file-identity.ts';
import { inspectFiles } from '../src/formats/inspect.ts';
import { parseOptions } from '../src/formats/options-json.ts';
import { parseProject } from '../src/formats/project-json.ts';
import { projectTileReader } from '../src/formats/project-reader.ts';
import type { RasterApi } from './api.ts';
import { chunkCache } from './chunk-cache.ts';
import { paintRaster } from './display.ts';
import { evidencePicture, nearbyTiles, type NearbyTiles } from './evidence-picture.ts';
import { exportMosaic } from './export-mosaic.ts';
import { cacheBudget } from './memory-budget.ts';
import { movedPicture } from './moved-picture.ts';
import { renderPairView } from './pair-view.ts';
import { reportEvidence } from './report-evidence.ts';
import { workerReads } from './worker-reads.ts';
import { serveCalls } from './remote-calls.ts';
import { makeSample, makeTestGrid } from './sample.ts';
import { screenPicture } from './screen-picture.ts';
import { textExport } from './text-export.ts';
import { valueStatistics } from './value-statistics.ts';

const tileCacheBytes = cacheBudget(512 * 2 ** 20);
const chunkCacheBytes = cacheBudget(128 * 2 ** 20);

interface Project {
  readonly tiles: ReadonlyMap<TileId, Tile>;
  readonly reader: CachedTileReader;
}

interface Shown {
  readonly mosaic: Mosaic;
  readonly options: ComposeOptions;
  /** The mosaic of the tiles near a rectangle. */
  readonly near: NearbyTiles;
  readonly seams: SeamStore;
}

const patient = workerReads(self);
let project: Project | null = null;
let shown: Shown | null = null;
const chunks = chunkCache(chunkCacheBytes);

const api: RasterApi = {
  inspect: (named, context) =>
    inspectFiles(
      named.map(({ path, file }) => patient(byteSourceFromBlob(path, file))),
      context,
    ),

  parseProject: async ({ text, file }) => parseProject(text, file),

  parseOptions: async ({ text, file }) => parseOptions(text, file),

  async identify(named, { signal }) {
    const identities: string[] = [];
    for (const { path, file } of named) {
      signal.throwIfAborted();
      identities.push(await fileIdentity(patient(byteSourceFromBlob(path, file))).catch(unreadable));
    }
    return identities;
  },

  snapLandmark(request, { signal }) {
    const sizes = { a: tileOf(request.a).size, b: tileOf(request.b).size };
    return snapLandmark(request, sizes, opened().reader, signal);
  },

  findOddTiles(pairs, context) {
    const { tiles, reader } = opened();
    return findOddTiles(pairs, [...tiles.values()], reader, context);
  },

  estimateShading: (request, context) => estimateShading(request, opened().reader, context),

  async open(sources) {
    const files = sources.map(({ tile, file }) => ({ tile, source: patient(byteSourceFromBlob(tile.file, file)) }));
    project = {
      tiles: new Map(sources.map(({ tile }) => [tile.id, tile])),
      reader: cachedTileReader(boundedTileReader(projectTileReader(files)), tileCacheBytes),
    };
    chunks.clear();
  },

  makeSample: (seed, context) => makeSample(seed, context),

  makeTestGrid: (_, context) => makeTestGrid(context),

  inferLayout: (tiles, context) => inferLayoutOf(tiles, opened().reader, context),

  estimateOverlap: ({ tiles, layout }, context) => estimateOverlapOf(layout, tiles, opened().reader, context),

  async thumbnail({ tile: id, maxSide }, { signal }) {
    const tile = tileOf(id);
    const raster = await thumbnailOf(tile, opened().reader, signal, maxSide);
    const { low, high } = valueStatistics(raster, null);
    const image = paintRaster([raster], null, { low, high, gamma: 1, invert: false });
    return transferred(await screenPicture(image));
  },

  async showMosaic({ mosaic, options }) {
    shown = { mosaic, options, near: nearbyTiles(mosaic), seams: seamStore() };
    chunks.clear();
  },

  async renderChunk({ rect, scale, display }, { signal }) {
    const chunk = await composedChunk(rect, scale, signal);
    return transferred(await screenPicture(paintRaster(chunk.channels, chunk.coverage, display)));
  },

  async renderMoved(request, { signal }) {
    const picture = await movedPicture(onShow(), request, opened().reader, signal);
    return transferred(await screenPicture(picture));
  },

  async renderEvidence(request, { signal }) {
    const picture = await evidencePicture(onShow(), request, opened().reader, signal);
    return transferred(await screenPicture(picture));
  },

  probePixel({ x, y }, { signal }) {
    const { near, options } = onShow();
    const here = near({ x: x - 1, y: y - 1, width: 3, height: 3 });
    return probePixel(here, x, y, options, opened().reader, signal);
  },

  correlationSurface: ({ pair, aFromB, ...where }, { signal }) =>
    correlationSurface(tileOf(pair.a), tileOf(pair.b), aFromB, where, opened().reader, signal),

  async statistics({ rect, scale }, { signal }) {
    const chunk = await composedChunk(rect, scale, signal);
    return valueStatistics(lumaOf(chunk.channels), chunk.coverage);
  },

  async pairView({ pair, aFromB, maxSide }, { signal }) {
    const view = await renderPairView(tileOf(pair.a), tileOf(pair.b), aFromB, maxSide, opened().reader, signal);
    const bitmaps = [view.a.bitmap, view.b.bitmap, view.overlapA, view.overlapB, view.difference, view.greenMagenta];
    return comlink.transfer(view, bitmaps);
  },

  async exportMosaic(request, context) {
    const { mosaic, options } = onShow();
    const { tiles, reader } = opened();
    // Looking about comes back to tiles long after; writing does not, and a small cache keeps the tab's peak flat.
    reader.limit(Math.min(tileCacheBytes, exportCacheBytes(tiles.values())));
    try {
      return await exportMosaic(request, mosaic, options, reader, context);
    } finally {
      reader.limit(tileCacheBytes);
    }
  },

  async textExport(request, context) {
    if (request.kind !== 'report') return textExport(request);
    return textExport(request, await reportEvidence(request, tileOf, opened().reader, context));
  },
};

/** A file that cannot be read has no identity; the reading of its header says why. */
function unreadable(error: unknown): string {
  if (error instanceof StitchError) return '';
  throw error;
}

function opened(): Project {
  if (project) return project;
  throw new StitchError('no-tiles', 'No tiles are open; drop a folder of tiles first.');
}

function tileOf(id: TileId): Tile {
  const tile = opened().tiles.get(id);
  if (tile) return tile;
  throw new StitchError('unreadable-file', `${id} is not in the project any more; drop its folder again.`, {
    file: id,
  });
}

function onShow(): Shown {
  if (shown) return shown;
  throw new StitchError('no-tiles', 'There is no mosaic yet; press Stitch first.');
}

function composedChunk(
  rect: { x: number; y: number; width: number; height: number },
  scale: number,
  signal: AbortSignal,
) {
  const { near, options, seams } = onShow();
  const key = [rect.x, rect.y, rect.width, rect.height, scale].join();
  const mosaic = near(growRect(rect, blendReachPx(options.blend, scale)));
  return chunks.get(key, () => composeRegion(mosaic, { rect, scale }, options, opened().reader, signal, seams));
}

function transferred(bitmap: ImageBitmap): ImageBitmap {
  return comlink.transfer(bitmap, [bitmap]);
}

serveCalls<RasterApi>(api, self);
