import { composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { maskedWarp } from './masked-warp.ts';
import { meshWarp } from './mesh-warp.ts';
import type { Placement } from './mosaic.ts';
import { farthestPx, toFixed, toFixedStep } from './fixed-point.ts';
import { hullSlackPx, pieceLength } from './tile-warp.ts';
import type { MosaicSpan, TileWarp } from './tile-warp.ts';

/**
 * Columns of a fixed-point piece, a power of two: right at its middle, with steps that are off by half of 2⁻¹⁵ px it is off
 * by 0.002 px at its ends.
 */
const pieceColumns = 256;
const middleColumn = pieceColumns / 2;

/**
 * The warp of a placement into level n of its tile, level = (tile + ½) / 2ⁿ − ½, for mosaic points within `span`.
 */
export function warpOf(placement: Placement, level: number, span: MosaicSpan): TileWarp {
  const warp = unmaskedWarp(placement, level, span);
  return placement.masks === undefined ? warp : maskedWarp(warp, placement);
}

function unmaskedWarp(placement: Placement, level: number, span: MosaicSpan): TileWarp {
  if (placement.mesh !== undefined) return meshWarp(placement, placement.mesh, level, span);
  const k = 2 ** -level;
  const levelFromTile: Affine2 = { a: k, b: 0, c: 0, d: k, e: (k - 1) / 2, f: (k - 1) / 2 };
  const levelFromMosaic = composeAffine(levelFromTile, invertAffine(placement.mosaicFromTile));
  return affineWarp(levelFromMosaic, placement.size.width * k, placement.size.height * k, k);
}

function affineWarp(levelFromMosaic: Affine2, width: number, height: number, k: number): TileWarp {
  const { a, b, c, d, e, f } = levelFromMosaic;
  const isShift = a === k && b === 0 && c === 0 && d === k;
  return {
    width,
    height,
    shift: isShift ? { u: e, v: f } : null,
    rangeCount: 1,
    mapRow(xs, y, from, to, us, vs) {
      const u0 = c * y + e;
      const v0 = d * y + f;
      for (let i = from; i < to; i++) {
        us[i] = a * xs[i] + u0;
        vs[i] = b * xs[i] + v0;
      }
    },
    pieces: ({ xs, first, step }, y, from, to, out) => {
      const du = toFixedStep(a * step);
      const dv = toFixedStep(b * step);
      const u0 = c * y + e;
      const v0 = d * y + f;
      let count = 0;
      for (let i = from; i < to;) {
        const since = (first + i) & (pieceColumns - 1);
        const x = xs[i] + (middleColumn - since) * step;
        const u = a * x + u0;
        const v = b * x + v0;
        if (!(Math.abs(u) < farthestPx && Math.abs(v) < farthestPx)) return 0;
        i = Math.min(to, i + pieceColumns - since);
        const at = count++ * pieceLength;
        out[at] = i;
        out[at + 1] = toFixed(u) + (since - middleColumn) * du;
        out[at + 2] = toFixed(v) + (since - middleColumn) * dv;
        out[at + 3] = du;
        out[at + 4] = dv;
      }
      return count;
    },
    coverRow(xs, y, from, to, out, at) {
      out[at] = from;
      out[at + 1] = to;
      clipRange(xs, a, c * y + e, width, out, at);
      clipRange(xs, b, d * y + f, height, out, at);
    },
    boundsOf(x0, y0, x1, y1) {
      const us = [a * x0 + c * y0 + e, a * x1 + c * y0 + e, a * x0 + c * y1 + e, a * x1 + c * y1 + e];
      const vs = [b * x0 + d * y0 + f, b * x1 + d * y0 + f, b * x0 + d * y1 + f, b * x1 + d * y1 + f];
      return { minU: Math.min(...us), maxU: Math.max(...us), minV: Math.min(...vs), maxV: Math.max(...vs) };
    },
  };
}

/**
 * Shrinks the range out[at] … out[at + 1] to the points with −½ ≤ slope·x + origin ≤ extent − ½. The floating-point
 * value of slope·x + origin is monotonic in x, so a look at the ends, or bisection, finds exactly the points that pass the
 * comparison.
 */
function clipRange(xs: Float64Array, slope: number, origin: number, extent: number, out: Int32Array, at: number): void {
  const low = -0.5 - hullSlackPx;
  const high = extent - 0.5 + hullSlackPx;
  const from = out[at];
  const to = out[at + 1];
  if (slope >= 0) {
    out[at] = firstAtLeast(xs, slope, origin, low, from, to);
    out[at + 1] = firstAbove(xs, slope, origin, high, out[at], to);
  } else {
    out[at] = firstAtLeast(xs, -slope, -origin, -high, from, to);
    out[at + 1] = firstAbove(xs, -slope, -origin, -low, out[at], to);
  }
}

function firstAtLeast(
  xs: Float64Array,
  slope: number,
  origin: number,
  limit: number,
  from: number,
  to: number,
): number {
  if (from === to || slope * xs[from] + origin >= limit) return from;
  if (!(slope * xs[to - 1] + origin >= limit)) return to;
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (slope * xs[middle] + origin >= limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

function firstAbove(xs: Float64Array, slope: number, origin: number, limit: number, from: number, to: number): number {
  if (from === to || slope * xs[from] + origin > limit) return from;
  if (!(slope * xs[to - 1] + origin > limit)) return to;
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (slope * xs[middle] + origin > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}
