import { comparedAt, overlapAgreement } from '../src/core/mosaic/overlap-agreement.ts';
import type { ComposeOptions, Mosaic } from '../src/core/mosaic/mosaic.ts';
import { placementIndex } from '../src/core/mosaic/pyramid-stream-placements.ts';
import { seamTableOf } from '../src/core/mosaic/compositor.ts';
import { seamMask, tilesOfMask } from '../src/core/mosaic/seam-mask.ts';
import type { SeamStore } from '../src/core/mosaic/seam-store.ts';
import type { CancelSignal } from '../src/core/progress.ts';
import type { TileReader } from '../src/core/tiles/tile.ts';
import type { EvidenceRequest } from './protocol.ts';

/** Lower ends of the correlation classes above the worst. */
const correlationSteps = [0.3, 0.5, 0.7, 0.85] as const;
/** Upper ends of the classes of the mean difference below the worst, best first, as fractions of the display range. */
const differenceSteps = [0.03, 0.06, 0.1, 0.15] as const;
const cellAlpha = 165;
/** What overlaps without structure: neither good nor bad. */
const silentGrey = [128, 128, 128, 60] as const;

/** Finds the tiles near a region; made once a mosaic. */
export type NearbyTiles = (rect: EvidenceRequest['rect']) => Mosaic;
export const nearbyTiles = placementIndex;

/** The mosaic that is shown: its tiles near a region, how it is composed, and its seams. */
export interface ShownMosaic {
  readonly near: NearbyTiles;
  readonly options: ComposeOptions;
  readonly seams: SeamStore;
}

/** What lies over a region of the mosaic as a transparent picture: seams at the region's scale, or one px a cell. */
export async function evidencePicture(
  shown: ShownMosaic,
  request: EvidenceRequest,
  reader: TileReader,
  signal: CancelSignal,
): Promise<ImageData> {
  const margin = Math.ceil(2 / request.scale);
  const { rect } = request;
  const reach = {
    x: rect.x - margin,
    y: rect.y - margin,
    width: rect.width + 2 * margin,
    height: rect.height + 2 * margin,
  };
  const mosaic = shown.near(reach);
  return request.kind === 'seams'
    ? seamPicture(mosaic, shown, request, reader, signal)
    : agreementPicture(mosaic, request, reader, signal);
}

/** The seams where the composition has them: those of `seam` and `multiband` are found as it finds them. */
async function seamPicture(
  mosaic: Mosaic,
  { options, seams }: ShownMosaic,
  request: EvidenceRequest,
  reader: TileReader,
  signal: CancelSignal,
): Promise<ImageData> {
  const { blend } = options;
  const placements = tilesOfMask(mosaic.placements, request);
  const hasSeams = blend === 'seam' || blend === 'multiband';
  const table = hasSeams ? await seamTableOf(mosaic, placements, request.scale, options, reader, signal, seams) : null;
  const { width, height, marks } = seamMask({ placements }, request, blend, table);
  const image = new ImageData(width, height);
  const [red, green, blue] = rgbOf(request.colours.seam);
  for (let i = 0; i < marks.length; i++) if (marks[i] === 1) image.data.set([red, green, blue, 230], 4 * i);
  return image;
}

async function agreementPicture(
  mosaic: Mosaic,
  { rect, scale, kind, display, colours }: EvidenceRequest,
  reader: TileReader,
  signal: CancelSignal,
): Promise<ImageData> {
  const compared = { rect, ...comparedAt(scale) };
  const { columns, rows, correlation, difference } = await overlapAgreement(mosaic, compared, reader, signal);
  const image = new ImageData(columns, rows);
  const palette = colours.quality.map(rgbOf);
  const span = Math.max(1e-9, display.high - display.low);
  for (let i = 0; i < columns * rows; i++) {
    if (Number.isNaN(difference[i])) continue;
    if (kind === 'agreement' && Number.isNaN(correlation[i])) {
      image.data.set(silentGrey, 4 * i);
      continue;
    }
    const step = kind === 'agreement' ? correlationClass(correlation[i]) : differenceClass(difference[i] / span);
    image.data.set([...palette[step], cellAlpha], 4 * i);
  }
  return image;
}

/** 0 (worst) … 4 (best). */
function correlationClass(correlation: number): number {
  return correlationSteps.filter((least) => correlation >= least).length;
}

function differenceClass(fraction: number): number {
  return differenceSteps.filter((most) => fraction <= most).length;
}

/** '#rrggbb' as three bytes. */
function rgbOf(colour: string): readonly [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
