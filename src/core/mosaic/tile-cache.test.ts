import { describe, expect, it } from 'vitest';
import { silentContext } from '../progress.ts';
import type { Raster } from '../raster/raster.ts';
import { rasterAtLevel } from '../raster/pyramid.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { tileId } from '../tiles/tile.ts';
import type { TileReader } from '../tiles/tile.ts';
import { cachedTileReader, exportCacheBytes, matchingCacheBytes } from './tile-cache.ts';

const { signal } = silentContext;
const ids = ['a', 'b', 'c'].map((name) => tileId(name));
const raster = (seed: number): Raster => ({
  data: Uint8Array.from({ length: 37 * 21 }, (_, i) => (Math.imul(i + seed, 2654435761) >>> 24) & 255),
  width: 37,
  height: 21,
});
const tiles = new Map(ids.map((id, n) => [id, [raster(1000 * n)]]));
const tileBytes = 37 * 21;

/** A reader whose reads land when told to, and that looks at its signal then. */
function heldReader() {
  const landings: (() => void)[] = [];
  const reader: TileReader = {
    read: (tile, request) =>
      new Promise((resolve, reject) => {
        landings.push(() => {
          if (request.signal.aborted) reject(new DOMException('given up', 'AbortError'));
          else memoryTileReader(tiles).read(tile, request).then(resolve, reject);
        });
      }),
  };
  return { reader, landings };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A square tile of 16 bits. */
const ofSide = (side: number) => ({ size: { width: side, height: side }, channels: 1, sampleType: 'uint16' }) as const;

describe('cachedTileReader', () => {
  it('gives the pixels of the reader below, whole and by region, at every level', async () => {
    const cache = cachedTileReader(memoryTileReader(tiles), 1e6);
    for (const level of [0, 1, 2, 3]) {
      const whole = rasterAtLevel(raster(0), level);
      expect((await cache.read(ids[0], { level, signal }))[0]).toEqual(whole);
      for (const region of [
        { x: 1, y: 1, width: 2, height: 2 },
        { x: 0, y: 1, width: whole.width, height: 2 },
      ])
        expect(await cache.read(ids[0], { level, region, signal })).toEqual(
          await memoryTileReader(tiles).read(ids[0], { level, region, signal }),
        );
    }
    expect(cache.report().tileReads).toBe(1);
  });

  it('decodes once for concurrent reads of several levels', async () => {
    const cache = cachedTileReader(memoryTileReader(tiles), 1e6);
    await Promise.all([0, 2, 1, 0, 2].map((level) => cache.read(ids[0], { level, signal })));
    expect(cache.report().tileReads).toBe(1);
  });

  it('lets go of what a smaller budget does not hold, the least recently used first', async () => {
    const cache = cachedTileReader(memoryTileReader(tiles), 3 * tileBytes);
    for (const id of ids) await cache.read(id, { level: 0, signal });
    cache.limit(2 * tileBytes);
    expect(cache.report()).toMatchObject({ bytes: 2 * tileBytes, evictions: 1 });
    cache.limit(3 * tileBytes);
    await cache.read(ids[2], { level: 0, signal });
    await cache.read(ids[1], { level: 0, signal });
    await cache.read(ids[0], { level: 0, signal });
    expect(cache.report()).toMatchObject({ bytes: 3 * tileBytes, hits: 2, tileReads: 4 });
  });

  it('keeps 256 MB for writing, six of the largest tiles, at most 1 GiB', () => {
    expect(exportCacheBytes([])).toBe(2 ** 28);
    expect(exportCacheBytes([ofSide(2048), ofSide(16)])).toBe(2 ** 28);
    expect(exportCacheBytes([ofSide(16), ofSide(8192)])).toBe(6 * 2 ** 27);
    expect(exportCacheBytes([ofSide(20000)])).toBe(2 ** 30);
  });

  it('holds two rows of a square grid while it is matched, within 256 MiB and 1 GiB', () => {
    expect(matchingCacheBytes(Array.from({ length: 2500 }, () => ofSide(512)))).toBe(2 ** 28);
    expect(matchingCacheBytes(Array.from({ length: 2500 }, () => ofSide(2048)))).toBe(106 * 2 * 2048 ** 2);
    expect(matchingCacheBytes(Array.from({ length: 10_000 }, () => ofSide(8192)))).toBe(2 ** 30);
  });

  it('forgets the least recently used tile first and stays within its budget', async () => {
    const cache = cachedTileReader(memoryTileReader(tiles), 2 * tileBytes);
    for (const n of [0, 1, 0, 2]) await cache.read(ids[n], { level: 0, signal });
    expect(cache.report()).toMatchObject({ bytes: 2 * tileBytes, tileReads: 3, evictions: 1 });
    await cache.read(ids[0], { level: 0, signal });
    expect(cache.report().tileReads).toBe(3);
    await cache.read(ids[1], { level: 0, signal });
    expect(cache.report().tileReads).toBe(4);
  });

  it('does not let the full resolution drive coarse levels out that were asked for', async () => {
    const cache = cachedTileReader(memoryTileReader(tiles), tileBytes + 100);
    for (const id of ids) await cache.read(id, { level: 2, signal });
    const before = cache.report().tileReads;
    for (const id of ids) await cache.read(id, { level: 2, signal });
    expect(cache.report().tileReads).toBe(before);
    expect(cache.report().bytes).toBeLessThanOrEqual(tileBytes + 100);
  });

  it('serves a waiter whose companion gave up, and cancels the decode only when all gave up', async () => {
    const { reader, landings } = heldReader();
    const cache = cachedTileReader(reader, 1e6);
    const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
    const one = cache.read(ids[0], { level: 1, signal: first.signal });
    const two = cache.read(ids[0], { level: 0, signal: second.signal });
    await settle();
    first.abort();
    landings[0]();
    await expect(one).rejects.toMatchObject({ name: 'AbortError' });
    expect((await two)[0]).toEqual(raster(0));
    const three = cache.read(ids[1], { level: 0, signal: third.signal });
    await settle();
    third.abort();
    landings[1]();
    await expect(three).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('tells the reader below that all gave up, and not that some did', async () => {
    const controllers = [new AbortController(), new AbortController()];
    const seen: string[] = [];
    const waits: (() => void)[] = [];
    const reader: TileReader = {
      async read(tile, request) {
        for (let n = 0; n < 3; n++) {
          await new Promise<void>((resolve) => waits.push(resolve));
          seen.push(String(request.signal.aborted));
          request.signal.throwIfAborted();
        }
        return memoryTileReader(tiles).read(tile, request);
      },
    };
    const cache = cachedTileReader(reader, 1e6);
    const reads = controllers.map((each) => cache.read(ids[0], { level: 0, signal: each.signal }));
    const ends = Promise.allSettled(reads);
    for (const each of controllers) {
      await settle();
      waits.shift()?.();
      await settle();
      each.abort();
    }
    await settle();
    waits.shift()?.();
    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(seen).toEqual(['false', 'false', 'true']);
  });

  it('forgets all when it is told to', async () => {
    const cache = cachedTileReader(memoryTileReader(tiles), 1e6);
    await cache.read(ids[0], { level: 0, signal });
    cache.clear();
    expect(cache.report()).toMatchObject({ bytes: 0, tileReads: 1 });
    await cache.read(ids[0], { level: 0, signal });
    expect(cache.report()).toEqual({ bytes: tileBytes, hits: 0, tileReads: 2, evictions: 0 });
  });

  it('starts anew for one who joined a read that was already given up', async () => {
    // A decoder that hears the abort at once and says so later, when the second caller has joined.
    const begun: { hear(): void; end(): void }[] = [];
    const early: TileReader = {
      read: (tile, request) =>
        new Promise((resolve, reject) => {
          let hasHeard = false;
          begun.push({
            hear: () => (hasHeard = request.signal.aborted),
            end: () => {
              if (hasHeard) reject(new DOMException('given up', 'AbortError'));
              else memoryTileReader(tiles).read(tile, request).then(resolve, reject);
            },
          });
        }),
    };
    const cache = cachedTileReader(early, 1e6);
    const quitter = new AbortController();
    const one = cache.read(ids[0], { level: 0, signal: quitter.signal });
    one.catch(() => undefined);
    await settle();
    quitter.abort();
    begun[0].hear();
    const two = cache.read(ids[0], { level: 0, signal });
    begun[0].end();
    await expect(one).rejects.toMatchObject({ name: 'AbortError' });
    await settle();
    expect(begun.length).toBe(2);
    begun[1].end();
    expect((await two)[0]).toEqual(raster(0));
    expect(cache.report().tileReads).toBe(2);
  });

  it('reports a failure to all who wait and tries again next time', async () => {
    let isBroken = true;
    const cache = cachedTileReader(
      {
        read: (tile, request) =>
          isBroken ? Promise.reject(new Error('disk gone')) : memoryTileReader(tiles).read(tile, request),
      },
      1e6,
    );
    const reads = [0, 1].map((level) => cache.read(ids[0], { level, signal }));
    for (const read of reads) await expect(read).rejects.toThrow('disk gone');
    isBroken = false;
    expect((await cache.read(ids[0], { level: 0, signal }))[0]).toEqual(raster(0));
  });
});
