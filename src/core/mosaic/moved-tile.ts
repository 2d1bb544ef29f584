import type { Affine2 } from '../geometry/affine2.ts';
import type { Rect } from '../geometry/rect.ts';
import { uniteRects } from '../geometry/rect.ts';
import type { CancelSignal } from '../progress.ts';
import { lumaOf } from '../raster/raster.ts';
import type { Raster } from '../raster/raster.ts';
import type { TileId, TileReader } from '../tiles/tile.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import { composeRegion } from './compositor.ts';
import type { ComposedRegion, RegionRequest } from './compositor.ts';
import type { BlendMode, ComposeOptions, Mosaic, Placement } from './mosaic.ts';

/** A tile that the user holds: where it is now, mosaic px. */
export interface MovedTile {
  readonly tile: TileId;
  readonly mosaicFromTile: Affine2;
}

/** What a held tile is compared with. */
export interface MoveSubject {
  /** The placements that may touch a rectangle, in drawing order, all where the solution has them. */
  readonly near: (rect: Rect) => Mosaic;
  /** The held tile where the solution has it. */
  readonly placement: Placement;
  readonly options: ComposeOptions;
  readonly reader: TileReader;
}

/** Seams are searched in the pixels of a whole overlap: too slow for a tile that moves. */
const liveBlends: Readonly<Record<BlendMode, BlendMode>> = {
  overlay: 'overlay',
  none: 'none',
  average: 'average',
  feather: 'feather',
  seam: 'feather',
  multiband: 'feather',
};

/**
 * The region as the mosaic would have it with the tile where it is held: the blend of the mosaic, but `feather` for
 * those that search seams.
 * @throws what `composeRegion` throws.
 */
export async function composeMoved(
  subject: MoveSubject,
  moved: MovedTile,
  region: RegionRequest,
  signal: CancelSignal,
): Promise<ComposedRegion> {
  const mosaic = nearby(subject, region.rect);
  const placements = mosaic.placements.map((placement) => movedPlacement(placement, moved));
  return composeRegion({ ...mosaic, placements }, region, liveOptions(subject), subject.reader, signal);
}

/** How far the held tile's values are from those beneath. */
export interface MovedDifference {
  /** The held tile where nothing else is, the others where it is not; both mixed up where they overlap. */
  readonly region: ComposedRegion;
  /** |held − others| in sample values, [width · height]; NaN where only one of them is. */
  readonly difference: Float32Array;
}

/**
 * The region with the difference of the held tile and the blend of all others where they overlap.
 * @throws what `composeRegion` throws.
 */
export async function differenceOfMoved(
  subject: MoveSubject,
  moved: MovedTile,
  region: RegionRequest,
  signal: CancelSignal,
): Promise<MovedDifference> {
  const mosaic = nearby(subject, region.rect);
  const isHeld = ({ tile }: Placement) => tile === moved.tile;
  const compose = (placements: readonly Placement[]) =>
    composeRegion({ ...mosaic, placements }, region, liveOptions(subject), subject.reader, signal);
  const held = await compose(mosaic.placements.filter(isHeld).map((placement) => movedPlacement(placement, moved)));
  const others = await compose(mosaic.placements.filter((placement) => !isHeld(placement)));
  const [p, q] = [lumaOf(held.channels).data, lumaOf(others.channels).data];
  const difference = new Float32Array(p.length).fill(NaN);
  const coverage = new Uint8Array(p.length);
  for (let i = 0; i < p.length; i++) {
    coverage[i] = held.coverage[i] | others.coverage[i];
    if (held.coverage[i] !== 0 && others.coverage[i] !== 0) difference[i] = Math.abs(p[i] - q[i]);
  }
  const channels = others.channels.map((under, k) => filled(under, others.coverage, held.channels[k]));
  return { region: { ...others, channels, coverage, damaged: [...held.damaged, ...others.damaged] }, difference };
}

/** `under` where it is covered, `over` elsewhere. */
function filled(under: Raster, coverage: Uint8Array, over: Raster): Raster {
  const data = over.data.slice();
  for (let i = 0; i < data.length; i++) if (coverage[i] !== 0) data[i] = under.data[i];
  return { ...under, data };
}

/** The held tile may have been elsewhere: its own place is looked up too. */
function nearby({ near, placement }: MoveSubject, rect: Rect): Mosaic {
  return near(uniteRects(rect, boundsOfPlacements([placement])));
}

function movedPlacement(placement: Placement, { tile, mosaicFromTile }: MovedTile): Placement {
  return placement.tile === tile ? { ...placement, mosaicFromTile } : placement;
}

function liveOptions({ options }: MoveSubject): ComposeOptions {
  return { ...options, blend: liveBlends[options.blend] };
}
