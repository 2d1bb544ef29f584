import type { MovedRequest } from '../../../../workers/protocol.ts';

/** A picture and what was asked for. */
export interface MovedPicture<T> {
  readonly bitmap: T;
  readonly request: MovedRequest;
}

interface MovedPicturesOptions<T> {
  readonly render: (request: MovedRequest, signal: AbortSignal) => Promise<T>;
  /** There is a newer picture. */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

/** A picture of more output px than this is made coarser first, so that a hand is followed. */
const draftPixels = 1_000_000;

/**
 * Pictures of a tile that the user holds, made elsewhere: one at a time, always of the newest wish, a coarse one before a
 * large one. Only what makes a shown picture finer is given up for a newer wish: a tile that never rests is drawn too.
 */
export class MovedPictures<T extends { close(): void }> {
  readonly #options: MovedPicturesOptions<T>;
  #wanted: MovedRequest | null = null;
  /** The wish that the last picture was made for. */
  #made: MovedRequest | null = null;
  #isFine = false;
  #shown: MovedPicture<T> | null = null;
  #isRunning = false;
  #refining: AbortController | null = null;
  readonly #life = new AbortController();

  constructor(options: MovedPicturesOptions<T>) {
    this.#options = options;
  }

  /** The newest picture, perhaps of an earlier wish. */
  get shown(): MovedPicture<T> | null {
    return this.#shown;
  }

  /** True when the picture of the newest wish is there at its full scale, or cannot be had. */
  get isSettled(): boolean {
    return this.#wanted === this.#made && this.#isFine;
  }

  want(request: MovedRequest): void {
    if (this.#wanted !== null && isSameRequest(this.#wanted, request)) return;
    this.#wanted = request;
    this.#refining?.abort();
    if (!this.#isRunning) void this.#run();
  }

  dispose(): void {
    this.#life.abort();
    this.#refining?.abort();
    this.#shown?.bitmap.close();
    this.#shown = null;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#wanted !== null && !this.isSettled && !this.#life.signal.aborted) await this.#makeNext(this.#wanted);
    } finally {
      this.#isRunning = false;
    }
  }

  async #makeNext(wanted: MovedRequest): Promise<void> {
    const isRefining = this.#made === wanted;
    const request = isRefining ? wanted : draftOf(wanted);
    const refining = isRefining ? new AbortController() : null;
    this.#refining = refining;
    const { signal } = refining ?? this.#life;
    let bitmap: T;
    try {
      bitmap = await this.#options.render(request, signal);
    } catch (error) {
      if (signal.aborted) return;
      // This wish cannot be had; a newer one may.
      this.#made = wanted;
      this.#isFine = true;
      this.#options.onError(error);
      return;
    } finally {
      this.#refining = null;
    }
    if (signal.aborted || this.#life.signal.aborted) {
      bitmap.close();
      return;
    }
    this.#shown?.bitmap.close();
    this.#shown = { bitmap, request };
    this.#made = wanted;
    this.#isFine = request === wanted;
    this.#options.onChange();
  }
}

/** The same picture with fewer output px; the same request when it is small already. */
function draftOf(request: MovedRequest): MovedRequest {
  const { rect, scale } = request;
  const pixels = rect.width * rect.height * scale * scale;
  return pixels <= draftPixels ? request : { ...request, scale: scale * Math.sqrt(draftPixels / pixels) };
}

function isSameRequest(p: MovedRequest, q: MovedRequest): boolean {
  return keyOf(p) === keyOf(q);
}

function keyOf({ tile, view, scale, rect, mosaicFromTile: t, display: d }: MovedRequest): string {
  const numbers = [
    scale,
    rect.x,
    rect.y,
    rect.width,
    rect.height,
    t.a,
    t.b,
    t.c,
    t.d,
    t.e,
    t.f,
    d.low,
    d.high,
    d.gamma,
  ];
  return [tile, view, d.invert, ...numbers].join();
}
