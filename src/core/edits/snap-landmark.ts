import type { Affine2, Point } from '../geometry/affine2.ts';
import { applyAffine } from '../geometry/affine2.ts';
import { intersectRects } from '../geometry/rect.ts';
import type { Rect, Size } from '../geometry/rect.ts';
import type { CancelSignal } from '../progress.ts';
import { lumaOf } from '../raster/raster.ts';
import type { FloatRaster, Raster } from '../raster/raster.ts';
import { alignTemplate, cutTemplate, emptyTemplate } from '../refine/patch-alignment.ts';
import type { Template } from '../refine/patch-alignment.ts';
import type { TileId, TileReader } from '../tiles/tile.ts';

/** Half side of the patch that is looked for, px: as much as a person looks at to call it a place; smaller near a border. */
const patchRadii = [20, 13, 8] as const;
/** Room round a patch for its gradients and the interpolation, px. */
const kernelPx = 4;
/** A patch that slides along an edge with less curvature than this (see `cutTemplate`) is no landmark. */
const leastCurvature = 0.002;
/** Sub-pixel alignment may move the whole-pixel peak by so much, px. */
const drift = 2;

/** A place in tile a, and where it is believed to be in tile b; full-resolution px. */
export interface SnapRequest {
  readonly a: TileId;
  readonly b: TileId;
  readonly inA: Point;
  readonly inB: Point;
  /** How far from `inB` the place is looked for, px a side. */
  readonly searchPx: number;
  /** The motion of b's axes against a's: only its linear part counts. */
  readonly bFromA: Affine2;
}

/** A snapped landmark: `inA` is the whole pixel nearest to what was asked. */
export interface SnappedLandmark {
  readonly inA: Point;
  readonly inB: Point;
  /** Correlation of the two patches, −1…1. */
  readonly correlation: number;
}

/**
 * Finds the patch round a place of tile a in tile b at full resolution: the best whole pixel of the search window by
 * normalised cross-correlation, then Gauss–Newton to a fraction of a pixel. Null where there is no structure or no peak.
 * @throws StitchError what the reader throws; an abort is rethrown.
 */
export async function snapLandmark(
  request: SnapRequest,
  sizes: { readonly a: Size; readonly b: Size },
  reader: TileReader,
  signal: CancelSignal,
): Promise<SnappedLandmark | null> {
  const { a, b, inB, searchPx } = request;
  const at = { x: Math.round(request.inA.x), y: Math.round(request.inA.y) };
  const [largest] = patchRadii;
  const [patch, window] = await Promise.all([
    readRegion(reader, a, around(at, largest + 1), sizes.a, signal),
    readRegion(reader, b, around(inB, searchPx + Math.ceil(1.5 * largest) + kernelPx), sizes.b, signal),
  ]);
  if (patch === null || window === null) return null;
  for (const radius of patchRadii) {
    const found = snapPatch(request, at, radius, patch, window);
    if (found !== null) return found;
  }
  return null;
}

interface Window {
  readonly region: Rect;
  readonly raster: FloatRaster;
}

/** `snapLandmark` with one size of patch; null where it does not fit in or has no peak. */
function snapPatch(request: SnapRequest, at: Point, radius: number, patch: Window, window: Window) {
  const { inA, inB, bFromA, searchPx } = request;
  const template = emptyTemplate(radius);
  const [x, y] = [at.x - patch.region.x, at.y - patch.region.y];
  if (!cutTemplate(patch.raster, x, y, template, leastCurvature)) return null;
  // Where the sub-pixel part of the click lies in b: both ends speak of the whole pixel of a.
  const origin = applyAffine(bFromA, inA.x, inA.y);
  const moved = applyAffine(bFromA, at.x, at.y);
  const { region, raster } = window;
  const guess = { x: inB.x + moved.x - origin.x - region.x, y: inB.y + moved.y - origin.y - region.y };
  // A place whose patch reaches beyond the other tile cannot be told from the best of the places that do not.
  const room = Math.min(guess.x, guess.y, raster.width - 1 - guess.x, raster.height - 1 - guess.y);
  if (room < radius + kernelPx) return null;
  const peak = bestWholePixel(template, raster, guess, searchPx, bFromA);
  const found = peak && alignTemplate(template, raster, { ...bFromA, ...peak }, drift);
  if (!found) return null;
  return { inA: at, inB: { x: found.x + region.x, y: found.y + region.y }, correlation: found.correlation };
}

function around({ x, y }: Point, reach: number): Rect {
  const left = Math.round(x) - reach;
  const top = Math.round(y) - reach;
  return { x: left, y: top, width: 2 * reach + 1, height: 2 * reach + 1 };
}

async function readRegion(reader: TileReader, tile: TileId, wanted: Rect, size: Size, signal: CancelSignal) {
  const region = intersectRects(wanted, { x: 0, y: 0, ...size });
  if (region === null) return null;
  return { region, raster: floatsOf(lumaOf(await reader.read(tile, { level: 0, region, signal }))) };
}

function floatsOf({ data, width, height }: Raster): FloatRaster {
  return { data: Float32Array.from(data), width, height };
}

/** The whole-pixel offset from `guess` at which the template correlates best with the image; null when none fits in. */
function bestWholePixel(template: Template, image: FloatRaster, guess: Point, searchPx: number, bFromA: Affine2) {
  const reach = Math.ceil(searchPx);
  let best: { x: number; y: number } | null = null;
  let highest = -Infinity;
  for (let dy = -reach; dy <= reach; dy++)
    for (let dx = -reach; dx <= reach; dx++) {
      const x = Math.round(guess.x) + dx;
      const y = Math.round(guess.y) + dy;
      const value = correlationAt(template, image, x, y, bFromA);
      if (value > highest) {
        highest = value;
        best = { x, y };
      }
    }
  return best;
}

/** Correlation of the template with the image round (x, y), nearest pixels; −∞ where it leaves the image. */
function correlationAt({ radius, values }: Template, image: FloatRaster, x: number, y: number, j: Affine2): number {
  const { data, width, height } = image;
  let [sum, squares, product] = [0, 0, 0];
  let k = 0;
  for (let v = -radius; v <= radius; v++)
    for (let u = -radius; u <= radius; u++, k++) {
      const px = Math.round(x + j.a * u + j.c * v);
      const py = Math.round(y + j.b * u + j.d * v);
      if (px < 0 || py < 0 || px >= width || py >= height) return -Infinity;
      const value = data[py * width + px];
      sum += value;
      squares += value * value;
      product += value * values[k];
    }
  // The template has zero mean and unit variance.
  const variance = squares / values.length - (sum / values.length) ** 2;
  return variance > 0 ? product / values.length / Math.sqrt(variance) : -Infinity;
}
