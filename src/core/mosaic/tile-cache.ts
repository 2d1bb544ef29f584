import type { CancelSignal } from '../progress.ts';
import { halveRaster } from '../raster/pyramid.ts';
import { bytesPerSample, cropRaster } from '../raster/raster.ts';
import type { Raster } from '../raster/raster.ts';
import type { Rect } from '../geometry/rect.ts';
import type { Tile, TileId, TileReader } from '../tiles/tile.ts';

/** What a cache has done so far. */
export interface TileCacheReport {
  /** Bytes held now. */
  readonly bytes: number;
  readonly hits: number;
  /** Whole tiles read from the reader below. */
  readonly tileReads: number;
  readonly evictions: number;
}

/** A reader that remembers decoded tiles. Its rasters are shared: nobody may write into them. */
export interface CachedTileReader extends TileReader {
  report(): TileCacheReport;
  /** Forgets every tile; reads under way are not disturbed. */
  clear(): void;
  /** Changes the byte budget; what is too much goes at once, the least recently used first. */
  limit(bytes: number): void;
}

/** Least and most decoded pixels that are kept while a mosaic is matched or written; of large tiles six where it is written. */
const leastBytes = 256 * 2 ** 20;
const mostBytes = 1024 * 2 ** 20;
const tilesKept = 6;

/**
 * The byte budget of a cache for writing a mosaic of these tiles. The walk over the picture comes back to a tile soon or
 * never: a small cache reads each tile hardly more than once, and the peak memory does not grow with the mosaic.
 */
export function exportCacheBytes(tiles: Iterable<DecodedSize>): number {
  return cacheBytes(tiles, () => tilesKept);
}

/**
 * The byte budget of a cache for matching a grid pair by pair, row by row: a tile is needed again when the row below is
 * matched, so two rows of a square grid are kept, at least 256 MiB and at most 1 GiB.
 */
export function matchingCacheBytes(tiles: Iterable<DecodedSize>): number {
  return cacheBytes(tiles, (count) => tilesKept + 2 * Math.ceil(Math.sqrt(count)));
}

type DecodedSize = Pick<Tile, 'size' | 'channels' | 'sampleType'>;

function cacheBytes(tiles: Iterable<DecodedSize>, keptOf: (count: number) => number): number {
  let [largest, count] = [0, 0];
  for (const { size, channels, sampleType } of tiles) {
    largest = Math.max(largest, size.width * size.height * channels * bytesPerSample[sampleType]);
    count++;
  }
  return Math.min(mostBytes, Math.max(leastBytes, keptOf(count) * largest));
}

interface Flight {
  readonly rasters: Promise<readonly Raster[]>;
  readonly waiters: CancelSignal[];
  /** Somebody asked for this very level; otherwise it is only a step towards a coarser one. */
  isAskedFor: boolean;
}

/**
 * Keeps whole decoded tiles per level, least recently used first to go, within `byteBudget`. Level n is made of level
 * n − 1 by `halveRaster`, always, so that pixels do not depend on what the cache happens to hold; steps on the way to a
 * coarser level are kept only while there is free room. Concurrent reads of one tile share one decode, which is
 * cancelled only when all who wait for it are. Regions of whole rows are views, other regions copies.
 */
export function cachedTileReader(reader: TileReader, byteBudget: number): CachedTileReader {
  let budget = byteBudget;
  const kept = new Map<string, readonly Raster[]>(); // in order of use, oldest first
  const flights = new Map<string, Flight>();
  let [bytes, hits, tileReads, evictions] = [0, 0, 0, 0];

  const makeRoom = (size: number) => {
    for (const [oldest, old] of kept) {
      if (bytes + size <= budget) break;
      kept.delete(oldest);
      bytes -= bytesOf(old);
      evictions++;
    }
  };

  const keep = (key: string, rasters: readonly Raster[], isAskedFor: boolean) => {
    const size = bytesOf(rasters);
    if (size > budget || (!isAskedFor && bytes + size > budget)) return;
    makeRoom(size);
    kept.set(key, rasters);
    bytes += size;
  };

  const load = async (tile: TileId, level: number, signal: CancelSignal): Promise<readonly Raster[]> => {
    if (level > 0) return (await obtain(tile, level - 1, signal, false)).map((raster) => halveRaster(raster));
    tileReads++;
    return reader.read(tile, { level: 0, signal });
  };

  const takeOff = (key: string, tile: TileId, level: number): Flight => {
    const waiters: CancelSignal[] = [];
    const land = async () => {
      try {
        const rasters = await load(tile, level, commonSignal(waiters));
        keep(key, rasters, flight.isAskedFor);
        return rasters;
      } finally {
        flights.delete(key);
      }
    };
    // The load starts a microtask later, when the first waiter is on the list.
    const flight: Flight = { rasters: Promise.resolve().then(land), waiters, isAskedFor: false };
    flights.set(key, flight);
    return flight;
  };

  const obtain = async (tile: TileId, level: number, signal: CancelSignal, isAskedFor: boolean) => {
    const key = `${level}|${tile}`;
    for (;;) {
      signal.throwIfAborted();
      const found = kept.get(key);
      if (found) {
        hits++;
        kept.delete(key);
        kept.set(key, found);
        return found;
      }
      const flight = flights.get(key) ?? takeOff(key, tile, level);
      flight.waiters.push(signal);
      flight.isAskedFor ||= isAskedFor;
      try {
        return await flight.rasters;
      } catch (error) {
        // A flight that went down because others gave up is no failure of ours: start anew.
        if (signal.aborted || !flight.waiters.some((waiter) => waiter.aborted)) throw error;
      }
    }
  };

  return {
    async read(tile, { level, region, signal }) {
      const rasters = await obtain(tile, level, signal, true);
      signal.throwIfAborted();
      return region ? rasters.map((raster) => regionOf(raster, region)) : rasters;
    },
    report: () => ({ bytes, hits, tileReads, evictions }),
    clear() {
      kept.clear();
      bytes = 0;
    },
    limit(most) {
      budget = most;
      makeRoom(0);
    },
  };
}

/** Aborted when every waiter is. */
function commonSignal(waiters: readonly CancelSignal[]): CancelSignal {
  return {
    get aborted() {
      return waiters.every((waiter) => waiter.aborted);
    },
    throwIfAborted() {
      if (this.aborted) for (const waiter of waiters) waiter.throwIfAborted();
    },
  };
}

function bytesOf(rasters: readonly Raster[]): number {
  return rasters.reduce((sum, raster) => sum + raster.data.byteLength, 0);
}

function regionOf(raster: Raster, region: Rect): Raster {
  const { x, y, width, height } = region;
  const isWholeRows = x === 0 && width === raster.width && y >= 0 && y + height <= raster.height;
  if (!isWholeRows) return cropRaster(raster, region);
  return { data: raster.data.subarray(y * width, (y + height) * width), width, height };
}
