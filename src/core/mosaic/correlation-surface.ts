import { unitGain } from '../photometry/gain-offset.ts';
import { identityAffine, type Affine2 } from '../geometry/affine2.ts';
import type { Rect } from '../geometry/rect.ts';
import type { CancelSignal } from '../progress.ts';
import { lumaOf } from '../raster/raster.ts';
import type { Tile, TileReader } from '../tiles/tile.ts';
import { composeRegion } from './compositor.ts';
import { defaultComposeOptions, type Mosaic } from './mosaic.ts';

/** How a patch of a fits b when it is moved about its place: (2·reach + 1)² values, row-major. */
export interface CorrelationSurface {
  readonly side: number;
  /** Normalised cross-correlation, −1…1; NaN where b has no pixels or no contrast. */
  readonly values: Float32Array;
  /** Where b's image of the patch lies, seen from where `aFromB` has it, px; sub-pixel by a paraboloid. Null without a value. */
  readonly peak: SurfacePeak | null;
  /** The best place beyond `rivalPx` of the peak. */
  readonly rival: SurfacePeak | null;
}

/** A maximum: displacement px, value. */
export interface SurfacePeak {
  readonly dx: number;
  readonly dy: number;
  readonly value: number;
}

/** Where to look: the middle of the patch in a, half its side and the reach of the search, full-resolution px. */
export interface SurfaceRequest {
  readonly x: number;
  readonly y: number;
  readonly halfPx: number;
  readonly reachPx: number;
}

/** A second peak nearer than this is the shoulder of the first, px. */
const rivalPx = 4;

/**
 * Correlates the patch of a round (x, y) with b, resampled into the frame of a by `aFromB`, at every whole displacement.
 * @throws whatever the reader throws, an abort included.
 */
export async function correlationSurface(
  a: Tile,
  b: Tile,
  aFromB: Affine2,
  request: SurfaceRequest,
  reader: TileReader,
  signal: CancelSignal,
): Promise<CorrelationSurface> {
  const { halfPx, reachPx } = request;
  const centre = { x: Math.round(request.x), y: Math.round(request.y) };
  const patch = await pixelsOf(a, identityAffine, squareAt(centre, halfPx), reader, signal);
  const search = await pixelsOf(b, aFromB, squareAt(centre, halfPx + reachPx), reader, signal);
  const side = 2 * reachPx + 1;
  const values = new Float32Array(side * side);
  for (let j = 0; j < side; j++)
    for (let i = 0; i < side; i++) values[j * side + i] = correlationAt(patch, search, i, j);
  const peak = peakOf(values, side, reachPx, null);
  return { side, values, peak, rival: peak && peakOf(values, side, reachPx, peak) };
}

interface Pixels {
  readonly side: number;
  /** NaN where the tile is not. */
  readonly data: Float64Array;
}

function squareAt({ x, y }: { readonly x: number; readonly y: number }, half: number): Rect {
  return { x: x - half, y: y - half, width: 2 * half + 1, height: 2 * half + 1 };
}

async function pixelsOf(
  tile: Tile,
  frameFromTile: Affine2,
  rect: Rect,
  reader: TileReader,
  signal: CancelSignal,
): Promise<Pixels> {
  const placement = { tile: tile.id, size: tile.size, mosaicFromTile: frameFromTile, tone: unitGain } as const;
  const mosaic: Mosaic = {
    bounds: rect,
    placements: [{ ...placement, state: 'solved', component: 0 }],
    channels: tile.channels,
    sampleType: tile.sampleType,
    pixelSizeNm: null,
  };
  const options = { ...defaultComposeOptions, blend: 'overlay', evenTones: false } as const;
  const composed = await composeRegion(mosaic, { rect, scale: 1 }, options, reader, signal);
  const luma = lumaOf(composed.channels).data;
  const data = new Float64Array(luma.length);
  for (let i = 0; i < data.length; i++) data[i] = composed.coverage[i] === 0 ? NaN : luma[i];
  return { side: rect.width, data };
}

/** NCC of the patch with the window of `search` whose upper-left pixel is (left, top), over the pixels both have. */
function correlationAt(patch: Pixels, search: Pixels, left: number, top: number): number {
  let n = 0;
  let p = 0;
  let q = 0;
  let pp = 0;
  let qq = 0;
  let pq = 0;
  for (let y = 0; y < patch.side; y++) {
    let at = (top + y) * search.side + left;
    for (let i = y * patch.side; i < (y + 1) * patch.side; i++, at++) {
      const u = patch.data[i];
      const v = search.data[at];
      if (u !== u || v !== v) continue;
      n++;
      p += u;
      q += v;
      pp += u * u;
      qq += v * v;
      pq += u * v;
    }
  }
  if (n < (patch.side * patch.side) / 2) return NaN;
  const varP = pp - (p * p) / n;
  const varQ = qq - (q * q) / n;
  return varP > 0 && varQ > 0 ? (pq - (p * q) / n) / Math.sqrt(varP * varQ) : NaN;
}

/** The best place of a surface, or the best farther than `rivalPx` from another; null where all values are NaN. */
export function peakOf(
  values: Float32Array,
  side: number,
  reach: number,
  notNear: SurfacePeak | null,
): SurfacePeak | null {
  let best = -1;
  for (let k = 0; k < values.length; k++) {
    const dx = (k % side) - reach;
    const dy = Math.floor(k / side) - reach;
    if (notNear !== null && Math.hypot(dx - notNear.dx, dy - notNear.dy) <= rivalPx) continue;
    if (values[k] === values[k] && (best < 0 || values[k] > values[best])) best = k;
  }
  if (best < 0) return null;
  const offset = subPixelOf(values, side, best);
  return {
    dx: (best % side) - reach + offset.dx,
    dy: Math.floor(best / side) - reach + offset.dy,
    value: values[best],
  };
}

/** Vertex of the paraboloid through the 3 × 3 values round a maximum; 0 at the border and where it is no maximum. */
function subPixelOf(v: Float32Array, side: number, k: number): { readonly dx: number; readonly dy: number } {
  const i = k % side;
  const j = Math.floor(k / side);
  const none = { dx: 0, dy: 0 };
  if (i === 0 || j === 0 || i === side - 1 || j === side - 1) return none;
  const gx = (v[k + 1] - v[k - 1]) / 2;
  const gy = (v[k + side] - v[k - side]) / 2;
  const xx = v[k + 1] - 2 * v[k] + v[k - 1];
  const yy = v[k + side] - 2 * v[k] + v[k - side];
  const xy = (v[k + side + 1] - v[k + side - 1] - v[k - side + 1] + v[k - side - 1]) / 4;
  const determinant = xx * yy - xy * xy;
  if (!(xx < 0) || !(determinant > 0)) return none;
  const within = (offset: number) => Math.max(-0.5, Math.min(0.5, offset));
  return { dx: within((xy * gy - yy * gx) / determinant), dy: within((xy * gx - xx * gy) / determinant) };
}
