import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rect } from '../../core/geometry/rect.ts';
import type { ChunkRequest } from '../../../workers/protocol.ts';
import { CHUNK_PX, ChunkLayer, chunkLevel, coarsestLevel, coveringChunks } from './chunk-layer.ts';

const display = { low: 0, high: 255, gamma: 1, invert: false };

class FakeBitmap {
  closed = false;
  readonly width: number;
  readonly height: number;
  readonly request: ChunkRequest;
  constructor(request: ChunkRequest) {
    this.request = request;
    this.width = request.rect.width * request.scale;
    this.height = request.rect.height * request.scale;
  }
  close(): void {
    expect(this.closed).toBe(false);
    this.closed = true;
  }
}

interface Asked {
  readonly request: ChunkRequest;
  readonly signal: AbortSignal;
  readonly answer: () => Promise<FakeBitmap>;
  readonly fail: (error: Error) => Promise<void>;
}

function settleMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function fakeRenderer() {
  const asked: Asked[] = [];
  const render = (request: ChunkRequest, signal: AbortSignal): Promise<FakeBitmap> =>
    new Promise((resolve, reject) => {
      asked.push({
        request,
        signal,
        answer: async () => {
          const bitmap = new FakeBitmap(request);
          resolve(bitmap);
          await settleMicrotasks();
          return bitmap;
        },
        fail: async (error) => {
          reject(error);
          await settleMicrotasks();
        },
      });
    });
  const answerAll = async (from = 0): Promise<void> => {
    for (let i = from; i < asked.length; i++) if (!asked[i].signal.aborted) await asked[i].answer();
  };
  return { asked, render, answerAll };
}

function drawn(layer: ChunkLayer<FakeBitmap>): FakeBitmap[] {
  const bitmaps: FakeBitmap[] = [];
  layer.forEachDrawn((bitmap) => bitmaps.push(bitmap));
  for (const bitmap of bitmaps) expect(bitmap.closed).toBe(false);
  return bitmaps;
}

describe('chunk lattice', () => {
  it('takes the smallest power of two that is at least the zoom', () => {
    expect(chunkLevel(1, 9)).toBe(0);
    expect(chunkLevel(7.5, 9)).toBe(0);
    expect(chunkLevel(0.5, 9)).toBe(1);
    expect(chunkLevel(0.51, 9)).toBe(0);
    expect(chunkLevel(0.49, 9)).toBe(1);
    expect(chunkLevel(0.25 * (1 - 1e-9), 9)).toBe(2);
    expect(chunkLevel(0.001, 3)).toBe(3);
  });

  const rects = fc.record({
    x: fc.integer({ min: -5000, max: 5000 }),
    y: fc.integer({ min: -5000, max: 5000 }),
    width: fc.integer({ min: 1, max: 9000 }),
    height: fc.integer({ min: 1, max: 9000 }),
  });

  it('covers every pixel of the mosaic exactly once with whole output pixels', () => {
    fc.assert(
      fc.property(rects, fc.integer({ min: 0, max: 5 }), (bounds, level) => {
        const step = 2 ** level;
        const whole = { left: -1e6, top: -1e6, right: 1e6, bottom: 1e6 };
        const chunks = coveringChunks(whole, bounds, level);
        let area = 0;
        for (const { rect } of chunks) {
          expect(rect.width % step).toBe(0);
          expect(rect.height % step).toBe(0);
          expect(rect.width / step).toBeLessThanOrEqual(CHUNK_PX);
          expect(rect.width).toBeGreaterThan(0);
          expect(rect.height).toBeGreaterThan(0);
          area += common(rect, bounds);
        }
        expect(area).toBe(bounds.width * bounds.height);
        expect(new Set(chunks.map((chunk) => chunk.key)).size).toBe(chunks.length);
      }),
    );
  });

  it('has at most 2×2 chunks at the coarsest level', () => {
    fc.assert(
      fc.property(rects, (bounds) => {
        const whole = { left: -1e6, top: -1e6, right: 1e6, bottom: 1e6 };
        expect(coveringChunks(whole, bounds, coarsestLevel(bounds)).length).toBeLessThanOrEqual(4);
      }),
    );
  });

  it('asks for the neighbour only when half a pixel of it shows', () => {
    const bounds = { x: 0, y: 0, width: 2048, height: 512 };
    expect(coveringChunks({ left: 0, top: 0, right: 511.5, bottom: 511.5 }, bounds, 0)).toHaveLength(1);
    expect(coveringChunks({ left: 0, top: 0, right: 511.6, bottom: 511.5 }, bounds, 0)).toHaveLength(2);
  });
});

function common(p: Rect, q: Rect): number {
  const width = Math.min(p.x + p.width, q.x + q.width) - Math.max(p.x, q.x);
  const height = Math.min(p.y + p.height, q.y + q.height) - Math.max(p.y, q.y);
  return Math.max(0, width) * Math.max(0, height);
}

describe('ChunkLayer', () => {
  const bounds = { x: 0, y: 0, width: 2048, height: 2048 };
  const everything = { left: -0.5, top: -0.5, right: 2047.5, bottom: 2047.5 };

  it('asks for the chunks nearest the middle first, a few at a time, and the overview last', async () => {
    const { asked, render, answerAll } = fakeRenderer();
    const layer = new ChunkLayer<FakeBitmap>({ render, onChange: () => undefined, concurrency: 2 });
    layer.setSource({ bounds, generation: 1, display });
    layer.setView({ left: 500, top: 500, right: 1300, bottom: 1000 }, 1);
    expect(asked).toHaveLength(2);
    expect(asked[0].request.rect).toMatchObject({ x: 512, y: 512 });
    expect(layer.settled).toBe(false);
    await answerAll();
    expect(layer.settled).toBe(true);
    expect(asked.map((a) => a.request.scale)).toEqual([1, 1, 1, 1, 1, 1, 0.25]);
    expect(drawn(layer)).toHaveLength(6);
  });

  it('aborts chunks that left the view and closes them when they come all the same', async () => {
    const { asked, render } = fakeRenderer();
    const layer = new ChunkLayer<FakeBitmap>({ render, onChange: () => undefined, concurrency: 1 });
    layer.setSource({ bounds, generation: 1, display });
    layer.setView({ left: 0, top: 0, right: 500, bottom: 500 }, 1);
    layer.setView({ left: 1600, top: 1600, right: 2000, bottom: 2000 }, 1);
    expect(asked[0].signal.aborted).toBe(true);
    expect(asked).toHaveLength(2);
    expect(asked[1].request.rect).toMatchObject({ x: 1536, y: 1536 });
    const late = await asked[0].answer();
    expect(late.closed).toBe(true);
    expect(layer.settled).toBe(false);
  });

  it('asks for nothing while the view moves within the chunks it has', async () => {
    const { asked, render, answerAll } = fakeRenderer();
    const layer = new ChunkLayer<FakeBitmap>({ render, onChange: () => undefined });
    layer.setSource({ bounds, generation: 1, display });
    layer.setView({ left: 10, top: 10, right: 400, bottom: 400 }, 1);
    await answerAll();
    const before = asked.length;
    layer.setView({ left: 20, top: 30, right: 410, bottom: 420 }, 1);
    expect(asked).toHaveLength(before);
    expect(layer.settled).toBe(true);
  });

  it('shows the old mosaic until the new one has arrived, and never asks for the old one again', async () => {
    const { asked, render, answerAll } = fakeRenderer();
    const layer = new ChunkLayer<FakeBitmap>({ render, onChange: () => undefined, concurrency: 1 });
    layer.setSource({ bounds, generation: 1, display });
    layer.setView(everything, 0.5);
    await answerAll();
    const old = drawn(layer);
    expect(old).toHaveLength(4);
    const first = asked.length;
    const moved = { ...bounds, x: -300 };
    layer.setSource({ bounds: moved, generation: 2, display });
    expect(layer.settled).toBe(false);
    expect(drawn(layer).length).toBeGreaterThanOrEqual(4);
    await asked[first].answer();
    expect(drawn(layer).at(-1)?.request).toBe(asked[first].request);
    await answerAll(first + 1);
    expect(layer.settled).toBe(true);
    expect(old.every((bitmap) => bitmap.closed)).toBe(true);
    expect(drawn(layer).every((bitmap) => asked.findIndex((a) => a.request === bitmap.request) >= first)).toBe(true);
  });

  it('lets chunks on their way arrive when only the display changes, then asks for them anew', async () => {
    const { asked, render, answerAll } = fakeRenderer();
    const layer = new ChunkLayer<FakeBitmap>({ render, onChange: () => undefined, concurrency: 1 });
    layer.setSource({ bounds, generation: 1, display });
    layer.setView({ left: 0, top: 0, right: 100, bottom: 100 }, 1);
    layer.setSource({ bounds, generation: 1, display: { ...display, high: 100 } });
    expect(asked).toHaveLength(1);
    expect(asked[0].signal.aborted).toBe(false);
    await asked[0].answer();
    expect(drawn(layer)).toHaveLength(1);
    expect(layer.settled).toBe(false);
    await answerAll(1);
    expect(drawn(layer).map((bitmap) => bitmap.request.display.high)).toEqual([100]);
    expect(layer.settled).toBe(true);
  });

  it('does nothing when the same source is set again', async () => {
    const { asked, render, answerAll } = fakeRenderer();
    const layer = new ChunkLayer<FakeBitmap>({ render, onChange: () => undefined });
    layer.setView(everything, 0.5);
    layer.setSource({ bounds, generation: 1, display });
    await answerAll();
    const before = asked.length;
    layer.setSource({ bounds: { ...bounds }, generation: 1, display: { ...display } });
    expect(layer.settled).toBe(true);
    expect(asked).toHaveLength(before);
  });

  it('draws a coarser chunk below until the wanted one is there', async () => {
    const { asked, render, answerAll } = fakeRenderer();
    const layer = new ChunkLayer<FakeBitmap>({ render, onChange: () => undefined });
    layer.setSource({ bounds, generation: 1, display });
    layer.setView(everything, 0.25);
    await answerAll();
    layer.setView({ left: 0, top: 0, right: 400, bottom: 400 }, 4);
    expect(drawn(layer).map((bitmap) => bitmap.request.scale)).toEqual([0.25]);
    await answerAll(asked.length - 1);
    expect(drawn(layer).map((bitmap) => bitmap.request.scale)).toEqual([1]);
  });

  it('keeps to its memory, dropping what was wanted longest ago', async () => {
    const { render, asked } = fakeRenderer();
    const mebibyte = 1024 * 1024;
    const layer = new ChunkLayer<FakeBitmap>({ render, onChange: () => undefined, maxBytes: 6 * mebibyte });
    layer.setSource({ bounds, generation: 1, display });
    const made: FakeBitmap[] = [];
    for (let column = 0; column < 4; column++) {
      const left = column * 512;
      layer.setView({ left, top: 0, right: left + 500, bottom: 1000 }, 1);
      while (made.length < asked.length) made.push(await asked[made.length].answer());
    }
    const open = made.filter((bitmap) => !bitmap.closed);
    expect(open).toHaveLength(6);
    expect(made[0].closed).toBe(true);
    expect(drawn(layer)).toHaveLength(2);
  });

  it('tries a failed chunk twice, reports it once, and settles', async () => {
    const { asked, render } = fakeRenderer();
    const errors: unknown[] = [];
    const layer = new ChunkLayer<FakeBitmap>({ render, onChange: () => undefined, onError: (e) => errors.push(e) });
    layer.setSource({ bounds: { x: 0, y: 0, width: 100, height: 100 }, generation: 1, display });
    layer.setView(everything, 1);
    await asked[0].fail(new Error('worker lost'));
    expect(layer.settled).toBe(false);
    await asked[1].fail(new Error('worker lost'));
    expect(asked).toHaveLength(2);
    expect(errors).toHaveLength(1);
    expect(layer.settled).toBe(true);
  });

  it('closes every bitmap when it goes, the late ones too', async () => {
    const { asked, render } = fakeRenderer();
    const layer = new ChunkLayer<FakeBitmap>({ render, onChange: () => undefined, concurrency: 2 });
    layer.setSource({ bounds, generation: 1, display });
    layer.setView({ left: 0, top: 0, right: 1000, bottom: 100 }, 1);
    const first = await asked[0].answer();
    layer.dispose();
    const late = await asked[1].answer();
    expect(first.closed && late.closed).toBe(true);
  });
});
