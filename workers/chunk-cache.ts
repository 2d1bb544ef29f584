import type { ComposedRegion } from '../src/core/mosaic/compositor.ts';
import { bytesPerSample, sampleTypeOf } from '../src/core/raster/raster.ts';

/** Composed chunks, least recently used first out: a change of contrast paints them again without composing. */
export interface ChunkCache {
  get(key: string, compose: () => Promise<ComposedRegion>): Promise<ComposedRegion>;
  clear(): void;
}

export function chunkCache(byteBudget: number): ChunkCache {
  const chunks = new Map<string, ComposedRegion>();
  let bytes = 0;
  let generation = 0;
  const drop = (key: string, chunk: ComposedRegion) => {
    chunks.delete(key);
    bytes -= bytesOf(chunk);
  };
  return {
    async get(key, compose) {
      const found = chunks.get(key);
      if (found) {
        chunks.delete(key);
        chunks.set(key, found);
        return found;
      }
      const born = generation;
      const chunk = await compose();
      // A chunk of an older mosaic is shown to who asked for it, but not kept.
      if (born !== generation || chunks.has(key)) return chunk;
      chunks.set(key, chunk);
      bytes += bytesOf(chunk);
      for (const [oldKey, old] of chunks) {
        if (bytes <= byteBudget) break;
        drop(oldKey, old);
      }
      return chunk;
    },
    clear() {
      chunks.clear();
      bytes = 0;
      generation++;
    },
  };
}

function bytesOf({ channels, coverage }: ComposedRegion): number {
  return channels.reduce((sum, { data }) => sum + data.length * bytesPerSample[sampleTypeOf(data)], coverage.length);
}
