/** Which tiles make a pixel of the mosaic, and with what share: the blends of `composeRegion` told for single points. */
import { applyAffine } from '../geometry/affine2.ts';
import type { TileId } from '../tiles/tile.ts';
import type { ComposeOptions, Placement } from './mosaic.ts';
import { warpOf } from './warp.ts';

/** A tile that covers a point: (u, v) full-resolution px of the tile, `weight` its share, 0…1. */
export interface TileShare {
  readonly placement: Placement;
  readonly u: number;
  readonly v: number;
  readonly weight: number;
}

/** Distance to the border below which a feather weight does not fall, px: as in `blendInterval`. */
const leastFeatherPx = 1e-6;

/**
 * The tiles that cover the mosaic point (x, y), in drawing order, with the shares that `blend` gives them; they sum to 1.
 * Float samples that are NaN have no share in the mosaic: this does not look at samples. `owner` is the tile that shows
 * there by the seams, for the blends that have them (`seamOwnerAt`); `multiband` mixes in more than shares can tell.
 */
export function tileSharesAt(
  placements: readonly Placement[],
  blend: ComposeOptions['blend'],
  x: number,
  y: number,
  owner: TileId | null = null,
): readonly TileShare[] {
  const covering = placements.flatMap((placement) => {
    const at = tilePointOf(placement, x, y);
    return at === null ? [] : [{ placement, ...at, weight: 0 }];
  });
  const weights = covering.map((share, index) => weightOf(share, index, blend, covering, x, y, owner));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return covering.map((share, index) => ({ ...share, weight: weights[index] / sum }));
}

/** Where the mosaic point lies in the tile, full-resolution px; null when the tile does not cover it. */
export function tilePointOf(
  placement: Placement,
  x: number,
  y: number,
): { readonly u: number; readonly v: number } | null {
  const warp = warpOf(placement, 0, { x0: x, x1: x, y0: y, y1: y });
  const us = new Float64Array(1);
  const vs = new Float64Array(1);
  const xs = Float64Array.of(x);
  const ranges = new Int32Array(2 * warp.rangeCount);
  warp.coverRow(xs, y, 0, 1, ranges, 0);
  if (!ranges.some((to, k) => k % 2 === 1 && to > ranges[k - 1])) return null;
  warp.mapRow(xs, y, 0, 1, us, vs);
  return { u: us[0], v: vs[0] };
}

function weightOf(
  { placement, u, v }: TileShare,
  index: number,
  blend: ComposeOptions['blend'],
  all: readonly TileShare[],
  x: number,
  y: number,
  owner: TileId | null,
): number {
  switch (blend) {
    case 'overlay':
      return index === 0 ? 1 : 0;
    case 'none':
      return index === nearestOf(all, x, y) ? 1 : 0;
    case 'average':
      return 1;
    case 'seam':
    case 'multiband': {
      const isShown = owner === null ? index === nearestOf(all, x, y) : placement.tile === owner;
      return isShown ? 1 : 0;
    }
    case 'feather': {
      const { width, height } = placement.size;
      const across = Math.max(leastFeatherPx, Math.min(u + 0.5, width - 0.5 - u));
      const along = Math.max(leastFeatherPx, Math.min(v + 0.5, height - 0.5 - v));
      return (across * along * 4) / (width * height);
    }
  }
}

function nearestOf(all: readonly TileShare[], x: number, y: number): number {
  let nearest = 0;
  let least = Infinity;
  all.forEach(({ placement }, index) => {
    const centre = applyAffine(
      placement.mosaicFromTile,
      (placement.size.width - 1) / 2,
      (placement.size.height - 1) / 2,
    );
    const distance = (x - centre.x) ** 2 + (y - centre.y) ** 2;
    if (distance >= least) return;
    least = distance;
    nearest = index;
  });
  return nearest;
}
