/**
 * The picture of the mosaic as square chunks at power-of-two scales ≤ 1: which ones a view needs, in what order they
 * are asked for, and which bitmaps are kept. Chunks sit on one lattice anchored at the mosaic's (0, 0), so that a chunk
 * of a new mosaic replaces the chunk of the old one in the same place and nothing flickers in between.
 */
import type { Rect } from '../../core/geometry/rect.ts';
import type { ChunkRequest, DisplayRange } from '../../../workers/protocol.ts';
import type { Edges } from './viewport.ts';

/** Output px a side; a bitmap of 1 MB. */
export const CHUNK_PX = 512;
const MAX_BYTES = 256 * 1024 * 1024;
const CONCURRENCY = 4;
const MAX_ATTEMPTS = 2;
/** Zooms this close below a power of two still count as that power. */
const LEVEL_TOLERANCE = 1e-6;

/** A cell of the lattice: at `level` n the scale is 2⁻ⁿ. `rect` is whole mosaic px, a multiple of 2ⁿ on each side. */
export interface Chunk {
  readonly key: string;
  readonly level: number;
  readonly rect: Rect;
}

/** What the layer needs of an ImageBitmap. */
export interface ChunkBitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}

/** What is shown. `generation` changes whenever the mosaic or its compose options change. */
export interface ChunkSource {
  readonly bounds: Rect;
  readonly generation: number;
  readonly display: DisplayRange;
}

/** The level whose scale is the smallest power of two ≥ `deviceZoom` (device px per mosaic px), within 0…`coarsest`. */
export function chunkLevel(deviceZoom: number, coarsest: number): number {
  const level = Math.floor(-Math.log2(deviceZoom) + LEVEL_TOLERANCE);
  return Math.max(0, Math.min(coarsest, level));
}

/** The level at which the whole of `bounds` is about one chunk (at most 2×2 of them). */
export function coarsestLevel(bounds: Rect): number {
  const side = Math.max(1, bounds.width, bounds.height);
  return Math.max(0, Math.ceil(Math.log2(side / CHUNK_PX)));
}

/** Column and row ranges (inclusive) of the lattice cells at `level` that touch `region` ∩ `bounds`; empty: to < from. */
export interface ChunkRange {
  readonly fromColumn: number;
  readonly toColumn: number;
  readonly fromRow: number;
  readonly toRow: number;
}

/** @see ChunkRange */
export function chunkRange(region: Edges, bounds: Rect, level: number): ChunkRange {
  const side = CHUNK_PX * 2 ** level;
  // The first and last whole pixels of the region that belong to the mosaic.
  const left = Math.max(bounds.x, Math.floor(region.left + 0.5));
  const top = Math.max(bounds.y, Math.floor(region.top + 0.5));
  const right = Math.min(bounds.x + bounds.width - 1, Math.ceil(region.right - 0.5));
  const bottom = Math.min(bounds.y + bounds.height - 1, Math.ceil(region.bottom - 0.5));
  if (right < left || bottom < top) return { fromColumn: 0, toColumn: -1, fromRow: 0, toRow: -1 };
  return {
    fromColumn: Math.floor(left / side),
    toColumn: Math.floor(right / side),
    fromRow: Math.floor(top / side),
    toRow: Math.floor(bottom / side),
  };
}

/** The lattice cell, cut to the bounds grown to whole output pixels. */
export function chunkAt(level: number, column: number, row: number, bounds: Rect): Chunk {
  const step = 2 ** level;
  const side = CHUNK_PX * step;
  const left = Math.max(column * side, Math.floor(bounds.x / step) * step);
  const top = Math.max(row * side, Math.floor(bounds.y / step) * step);
  const right = Math.min((column + 1) * side, Math.ceil((bounds.x + bounds.width) / step) * step);
  const bottom = Math.min((row + 1) * side, Math.ceil((bounds.y + bounds.height) / step) * step);
  return {
    key: `${level}/${column}/${row}`,
    level,
    rect: { x: left, y: top, width: right - left, height: bottom - top },
  };
}

/** The chunks of one level that cover `region`, those nearest its centre first. */
export function coveringChunks(region: Edges, bounds: Rect, level: number): readonly Chunk[] {
  const range = chunkRange(region, bounds, level);
  const centreX = (region.left + region.right) / 2;
  const centreY = (region.top + region.bottom) / 2;
  const chunks: { readonly chunk: Chunk; readonly distance: number }[] = [];
  for (let row = range.fromRow; row <= range.toRow; row++) {
    for (let column = range.fromColumn; column <= range.toColumn; column++) {
      const chunk = chunkAt(level, column, row, bounds);
      const dx = chunk.rect.x + (chunk.rect.width - 1) / 2 - centreX;
      const dy = chunk.rect.y + (chunk.rect.height - 1) / 2 - centreY;
      chunks.push({ chunk, distance: dx * dx + dy * dy });
    }
  }
  return chunks.sort((p, q) => p.distance - q.distance).map((entry) => entry.chunk);
}

interface Held<T> {
  readonly chunk: Chunk;
  readonly bitmap: T;
  /** The mosaic it is a picture of. */
  readonly bounds: Rect;
  /** Count of the source it was made from; the current one is fresh. */
  readonly epoch: number;
}

interface Job {
  readonly epoch: number;
  readonly controller: AbortController;
}

/** How the layer gets pictures and tells of them. */
export interface ChunkLayerOptions<T extends ChunkBitmap> {
  readonly render: (request: ChunkRequest, signal: AbortSignal) => Promise<T>;
  /** Something to draw changed. */
  readonly onChange: () => void;
  /** A chunk could not be had, after a second attempt. */
  readonly onError?: (error: unknown) => void;
  readonly maxBytes?: number;
  readonly concurrency?: number;
  /** False: the coarsest level is only had when it is looked at. */
  readonly hasOverview?: boolean;
}

/**
 * Owns the bitmaps of the view. A new source keeps the old picture until the new one has arrived: a changed mosaic
 * aborts what is on its way, a changed display lets it arrive, so that a dragged slider is followed chunk by chunk.
 */
export class ChunkLayer<T extends ChunkBitmap> {
  readonly #options: ChunkLayerOptions<T>;
  readonly #held = new Map<string, Held<T>>();
  readonly #jobs = new Map<string, Job>();
  readonly #attempts = new Map<string, number>();
  #source: ChunkSource | null = null;
  #epoch = 0;
  #level = 0;
  #coarsest = 0;
  #region: Edges | null = null;
  #deviceZoom = 1;
  #viewKey = '';
  /** The chunks of the view, then those of the coarsest level: placeholders and the navigator's picture. */
  #wanted: readonly Chunk[] = [];
  #wantedKeys = new Set<string>();
  #inView = 0;
  #settled = true;
  #disposed = false;

  constructor(options: ChunkLayerOptions<T>) {
    this.#options = options;
  }

  /** True when every chunk of the view is the current picture at the wanted scale (or has failed twice). */
  get settled(): boolean {
    return this.#settled;
  }

  /** Chunks of the current picture that are loaded. */
  get loaded(): number {
    let count = 0;
    for (const held of this.#held.values()) if (held.epoch === this.#epoch) count++;
    return count;
  }

  /** Replaces what is shown; null empties the layer. */
  setSource(source: ChunkSource | null): void {
    const before = this.#source;
    this.#source = source;
    if (source === null) {
      this.#abortAll();
      this.#closeAll();
    } else if (before === null || before.generation !== source.generation || !sameRect(before.bounds, source.bounds)) {
      this.#abortAll();
    } else if (sameDisplay(before.display, source.display)) return;
    this.#epoch++;
    this.#attempts.clear();
    this.#coarsest = source === null ? 0 : coarsestLevel(source.bounds);
    this.#viewKey = '';
    this.#plan();
    this.#options.onChange();
  }

  /** The visible region and device px per mosaic px. Cheap when no other chunks are needed than before. */
  setView(region: Edges, deviceZoom: number): void {
    this.#region = region;
    this.#deviceZoom = deviceZoom;
    this.#plan();
  }

  /**
   * Calls `visit` for every bitmap to be painted, in painting order: the old picture first, then coarse placeholders,
   * finer left-overs, and the wanted level on top.
   */
  forEachDrawn(visit: (bitmap: T, rect: Rect, bounds: Rect, level: number) => void): void {
    const deepest = 32;
    for (let pass = this.#settled ? 1 : 0; pass < 2; pass++) {
      const fresh = pass === 1;
      if (!this.#settled) {
        for (let level = deepest; level > this.#level; level--) this.#visitLevel(level, fresh, visit);
        for (let level = Math.max(0, this.#level - 2); level < this.#level; level++)
          this.#visitLevel(level, fresh, visit);
      }
      this.#visitLevel(this.#level, fresh, visit);
    }
  }

  /** Calls `visit` for the bitmaps of the coarsest level held: the whole mosaic, small. */
  forEachOverview(visit: (bitmap: T, rect: Rect, bounds: Rect, level: number) => void): void {
    for (const held of this.#held.values())
      if (held.chunk.level === this.#coarsest) visit(held.bitmap, held.chunk.rect, held.bounds, held.chunk.level);
  }

  /** Aborts what is on its way and closes every bitmap. */
  dispose(): void {
    this.#disposed = true;
    this.#abortAll();
    this.#closeAll();
    this.#wanted = [];
  }

  #visitLevel(
    level: number,
    fresh: boolean,
    visit: (bitmap: T, rect: Rect, bounds: Rect, level: number) => void,
  ): void {
    const region = this.#region;
    if (region === null) return;
    for (const held of this.#held.values()) {
      if (held.chunk.level !== level || (held.epoch === this.#epoch) !== fresh) continue;
      const { x, y, width, height } = held.chunk.rect;
      if (x - 0.5 > region.right || y - 0.5 > region.bottom) continue;
      if (x + width - 0.5 < region.left || y + height - 0.5 < region.top) continue;
      visit(held.bitmap, held.chunk.rect, held.bounds, held.chunk.level);
    }
  }

  #plan(): void {
    if (this.#disposed) return;
    const source = this.#source;
    const region = this.#region;
    if (source === null || region === null) {
      this.#wanted = [];
      this.#wantedKeys.clear();
      this.#inView = 0;
      this.#settled = true;
      return;
    }
    const level = chunkLevel(this.#deviceZoom, this.#coarsest);
    this.#level = level;
    const range = chunkRange(region, source.bounds, level);
    const viewKey = `${this.#epoch}:${level}:${range.fromColumn},${range.toColumn},${range.fromRow},${range.toRow}`;
    if (viewKey === this.#viewKey) return;
    this.#viewKey = viewKey;
    const inView = coveringChunks(region, source.bounds, level);
    this.#inView = inView.length;
    const wanted = [...inView];
    if (level !== this.#coarsest && this.#options.hasOverview !== false)
      wanted.push(...coveringChunks(wholeOf(source.bounds), source.bounds, this.#coarsest));
    this.#wanted = wanted;
    this.#wantedKeys = new Set(wanted.map((chunk) => chunk.key));
    this.#abortUnwanted();
    this.#touchWanted();
    this.#pump();
    this.#refreshSettled();
  }

  #abortUnwanted(): void {
    for (const [key, job] of this.#jobs) {
      if (this.#wantedKeys.has(key)) continue;
      job.controller.abort();
      this.#jobs.delete(key);
    }
  }

  /** Moves the wanted to the young end of the map: eviction takes from the old end. */
  #touchWanted(): void {
    for (const { key } of this.#wanted) {
      const held = this.#held.get(key);
      if (held === undefined) continue;
      this.#held.delete(key);
      this.#held.set(key, held);
    }
  }

  #pump(): void {
    const source = this.#source;
    if (source === null || this.#disposed) return;
    for (const chunk of this.#wanted) {
      if (this.#jobs.size >= (this.#options.concurrency ?? CONCURRENCY)) return;
      if (this.#isFresh(chunk.key) || this.#jobs.has(chunk.key) || this.#hasFailed(chunk.key)) continue;
      void this.#load(chunk, source);
    }
  }

  async #load(chunk: Chunk, source: ChunkSource): Promise<void> {
    const job: Job = { epoch: this.#epoch, controller: new AbortController() };
    const signal = job.controller.signal;
    this.#jobs.set(chunk.key, job);
    try {
      const request = { rect: chunk.rect, scale: 2 ** -chunk.level, display: source.display };
      const bitmap = await this.#options.render(request, signal);
      if (signal.aborted) bitmap.close();
      else this.#store({ chunk, bitmap, bounds: source.bounds, epoch: job.epoch });
    } catch (error) {
      if (!signal.aborted && job.epoch === this.#epoch) this.#noteFailure(chunk.key, error);
    }
    if (signal.aborted) return;
    if (this.#jobs.get(chunk.key) === job) this.#jobs.delete(chunk.key);
    this.#pump();
    this.#refreshSettled();
    this.#options.onChange();
  }

  #store(held: Held<T>): void {
    const { key } = held.chunk;
    this.#held.get(key)?.bitmap.close();
    this.#held.delete(key);
    this.#held.set(key, held);
    this.#evict();
  }

  #noteFailure(key: string, error: unknown): void {
    const attempts = (this.#attempts.get(key) ?? 0) + 1;
    this.#attempts.set(key, attempts);
    if (attempts >= MAX_ATTEMPTS) this.#options.onError?.(error);
  }

  #hasFailed(key: string): boolean {
    return (this.#attempts.get(key) ?? 0) >= MAX_ATTEMPTS;
  }

  #isFresh(key: string): boolean {
    return this.#held.get(key)?.epoch === this.#epoch;
  }

  #refreshSettled(): void {
    let settled = true;
    for (let i = 0; i < this.#inView && settled; i++) {
      const { key } = this.#wanted[i];
      settled = this.#isFresh(key) || this.#hasFailed(key);
    }
    this.#settled = settled;
    if (settled) this.#dropOldPicture();
  }

  /** Nothing of the old picture shows any more; its overview stays until the new overview is there. */
  #dropOldPicture(): void {
    let overviewIsFresh = true;
    for (let i = this.#level === this.#coarsest ? 0 : this.#inView; i < this.#wanted.length; i++)
      overviewIsFresh &&= this.#isFresh(this.#wanted[i].key);
    for (const [key, held] of this.#held) {
      if (held.epoch === this.#epoch) continue;
      if (!overviewIsFresh && held.chunk.level === this.#coarsest) continue;
      held.bitmap.close();
      this.#held.delete(key);
    }
  }

  #evict(): void {
    let bytes = 0;
    for (const held of this.#held.values()) bytes += held.bitmap.width * held.bitmap.height * 4;
    for (const [key, held] of this.#held) {
      if (bytes <= (this.#options.maxBytes ?? MAX_BYTES)) return;
      if (this.#wantedKeys.has(key)) continue;
      bytes -= held.bitmap.width * held.bitmap.height * 4;
      held.bitmap.close();
      this.#held.delete(key);
    }
  }

  #abortAll(): void {
    for (const job of this.#jobs.values()) job.controller.abort();
    this.#jobs.clear();
  }

  #closeAll(): void {
    for (const held of this.#held.values()) held.bitmap.close();
    this.#held.clear();
  }
}

function wholeOf(bounds: Rect): Edges {
  return { left: bounds.x, top: bounds.y, right: bounds.x + bounds.width, bottom: bounds.y + bounds.height };
}

function sameRect(p: Rect, q: Rect): boolean {
  return p.x === q.x && p.y === q.y && p.width === q.width && p.height === q.height;
}

function sameDisplay(p: DisplayRange, q: DisplayRange): boolean {
  return p.low === q.low && p.high === q.high && p.gamma === q.gamma && p.invert === q.invert;
}
