import type { Rect } from '../../core/geometry/rect.ts';
import { comparedAt } from '../../core/mosaic/overlap-agreement.ts';
import type { DisplayRange, EvidenceColours, EvidenceKind, EvidenceRequest } from '../../../workers/protocol.ts';
import { ChunkLayer, type ChunkSource } from './chunk-layer.ts';
import type { DrawTransform } from './draw-transform.ts';
import type { Overlays } from './overlays.ts';
import { paintChunks } from './paint-chunks.ts';
import type { Edges } from './viewport.ts';

/** How evidence is asked for and told of. */
export interface EvidenceLayersOptions {
  readonly render: (request: EvidenceRequest, signal: AbortSignal) => Promise<ImageBitmap>;
  readonly colours: () => EvidenceColours;
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

const kinds: readonly EvidenceKind[] = ['seams', 'agreement', 'difference'];
/** Bitmaps of cells are small; seams are as large as the picture's. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Only a difference depends on the contrast: the others are not made again when a slider moves. */
const anyDisplay: DisplayRange = { low: 0, high: 1, gamma: 1, invert: false };

/** Seams and heat maps over the picture, on the same lattice of chunks; each lives while it is shown. */
export class EvidenceLayers {
  readonly #options: EvidenceLayersOptions;
  readonly #layers = new Map<EvidenceKind, ChunkLayer<ImageBitmap>>();
  #view: { readonly region: Edges; readonly deviceZoom: number } | null = null;

  constructor(options: EvidenceLayersOptions) {
    this.#options = options;
  }

  /** True when every part in view is there. */
  get settled(): boolean {
    return [...this.#layers.values()].every((layer) => layer.settled);
  }

  setSource(source: ChunkSource | null, overlays: Pick<Overlays, 'seams' | 'heat'>): void {
    for (const kind of kinds) {
      const isShown = source !== null && (kind === 'seams' ? overlays.seams : overlays.heat === kind);
      if (!isShown) this.#drop(kind);
      else this.#layer(kind).setSource(kind === 'difference' ? source : { ...source, display: anyDisplay });
    }
  }

  setView(region: Edges, deviceZoom: number): void {
    this.#view = { region, deviceZoom };
    for (const layer of this.#layers.values()) layer.setView(region, deviceZoom);
  }

  paint(context: CanvasRenderingContext2D, transform: DrawTransform): void {
    for (const kind of ['agreement', 'difference', 'seams'] as const) {
      const layer = this.#layers.get(kind);
      if (layer === undefined) continue;
      paintChunks(
        context,
        transform,
        (visit) =>
          layer.forEachDrawn((bitmap, rect, bounds, level) =>
            visit(bitmap, kind === 'seams' ? rect : coveredByCells(bitmap, rect, level), bounds),
          ),
        false,
      );
    }
  }

  dispose(): void {
    for (const kind of kinds) this.#drop(kind);
  }

  #layer(kind: EvidenceKind): ChunkLayer<ImageBitmap> {
    const found = this.#layers.get(kind);
    if (found !== undefined) return found;
    const { render, colours, onChange, onError } = this.#options;
    const made = new ChunkLayer<ImageBitmap>({
      render: (request, signal) => render({ ...request, kind, colours: colours() }, signal),
      onChange,
      onError,
      maxBytes: MAX_BYTES,
      // The picture comes first: it has four requests in flight.
      concurrency: 1,
      hasOverview: false,
    });
    if (this.#view !== null) made.setView(this.#view.region, this.#view.deviceZoom);
    this.#layers.set(kind, made);
    return made;
  }

  #drop(kind: EvidenceKind): void {
    this.#layers.get(kind)?.dispose();
    this.#layers.delete(kind);
  }
}

/** Whole cells reach beyond a region that they do not divide: the bitmap is a picture of these. */
function coveredByCells(bitmap: ImageBitmap, rect: Rect, level: number): Rect {
  const { scale, cellPx } = comparedAt(2 ** -level);
  const side = cellPx / scale;
  return { ...rect, width: bitmap.width * side, height: bitmap.height * side };
}
