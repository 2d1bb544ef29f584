import { StitchError } from '../errors.ts';
import { applyAffine } from '../geometry/affine2.ts';
import type { Point } from '../geometry/affine2.ts';
import type { Rect } from '../geometry/rect.ts';
import type { CancelSignal } from '../progress.ts';
import { withoutShading } from '../photometry/shading-field.ts';
import { levelSize } from '../raster/pyramid.ts';
import { sampleTypeOf } from '../raster/raster.ts';
import type { Raster, SampleType } from '../raster/raster.ts';
import { samplerMarginPx } from '../raster/sample.ts';
import type { TileId, TileReader } from '../tiles/tile.ts';
import { unitGain } from '../photometry/gain-offset.ts';
import type { ComposeOptions, Interpolation, Mosaic, Placement } from './mosaic.ts';
import type { PlacedSource } from './row-work.ts';
import type { MosaicSpan, TileWarp, WarpBounds } from './tile-warp.ts';
import { warpOf } from './warp.ts';

/** What the tiles of a composition are opened with. */
export interface SourceRequest {
  readonly mosaic: Mosaic;
  readonly options: ComposeOptions;
  /** Level of the tiles that is read. */
  readonly level: number;
  readonly reader: TileReader;
  readonly signal: CancelSignal;
}

/** The tiles that touch a span of the mosaic, in drawing order. */
export interface OpenedSources {
  readonly sources: readonly PlacedSource[];
  /** The placements of `sources`. */
  readonly placements: readonly Placement[];
  /** Tiles that are damaged for good and left out. */
  readonly damaged: readonly TileId[];
}

/**
 * Reads what a span of the mosaic needs of the tiles that touch it.
 * @throws what the reader throws, but for damage that will not get better
 */
export async function openSources(request: SourceRequest, span: MosaicSpan): Promise<OpenedSources> {
  const { mosaic, level, options } = request;
  const damaged: TileId[] = [];
  const opening: Promise<{ source: Omit<PlacedSource, 'index'>; placement: Placement } | null>[] = [];
  for (const placement of mosaic.placements) {
    const warp = warpOf(placement, level, span);
    const bounds = warp.boundsOf(span.x0, span.y0, span.x1, span.y1);
    if (bounds.maxU < -0.51 || bounds.minU > warp.width - 0.49) continue;
    if (bounds.maxV < -0.51 || bounds.minV > warp.height - 0.49) continue;
    const needed = regionOf(bounds, placement, level, options.interpolation);
    const region = mosaic.shading === undefined ? wholeRows(needed, placement, level) : needed;
    opening.push(
      openSource(request, placement, warp, region).then(
        (source) => ({ source, placement }),
        (error: unknown) => {
          if (!isDamage(error)) throw error;
          damaged.push(placement.tile);
          return null;
        },
      ),
    );
  }
  const opened = (await Promise.all(opening)).filter((each) => each !== null);
  return {
    sources: opened.map(({ source }, index) => ({ ...source, index })),
    placements: opened.map(({ placement }) => placement),
    damaged,
  };
}

/** A file that will not get better; a read that failed for another reason may succeed next time and is no damage. */
function isDamage(error: unknown): boolean {
  return error instanceof StitchError && (error.code === 'truncated-file' || error.code === 'unsupported-image');
}

async function openSource(
  { mosaic, options, reader, level, signal }: SourceRequest,
  placement: Placement,
  warp: TileWarp,
  region: Rect,
): Promise<Omit<PlacedSource, 'index'>> {
  const read = await reader.read(placement.tile, { level, region, signal });
  const shading = options.blend === 'none' ? null : mosaic.shading;
  const rasters = withoutShading(read, shading, { region, level, size: placement.size });
  const size = levelSize(placement.size, level);
  const windows = Array.from({ length: mosaic.channels }, (_, channel) => {
    const raster: Raster = rasters[rasters.length === 1 ? 0 : channel];
    if (raster.width !== region.width || raster.height !== region.height)
      throw new RangeError(
        `tile ${placement.tile}: asked for ${region.width}×${region.height}, read ${raster.width}×${raster.height}`,
      );
    return { raster, x: region.x, y: region.y, size };
  });
  const centre = centreOf(placement);
  const hasTone = options.evenTones && options.blend !== 'none';
  const tone = hasTone ? placement.tone : unitGain;
  return { warp, windows, sampleType: commonType(rasters), tone, centreX: centre.x, centreY: centre.y };
}

/** The sample type of all rasters; null where they differ. */
function commonType(rasters: readonly Raster[]): SampleType | null {
  const type = sampleTypeOf(rasters[0].data);
  return rasters.every(({ data }) => sampleTypeOf(data) === type) ? type : null;
}

/** The centre of a tile by its affine, mosaic px. */
export function centreOf({ mosaicFromTile, size }: Placement): Point {
  return applyAffine(mosaicFromTile, (size.width - 1) / 2, (size.height - 1) / 2);
}

/** The rows of a region from end to end, which a cache of tiles hands out without a copy. */
function wholeRows({ y, height }: Rect, placement: Placement, level: number): Rect {
  return { x: 0, y, width: levelSize(placement.size, level).width, height };
}

/** Pixels of the level that the interpolation of points within `bounds` needs. */
function regionOf(bounds: WarpBounds, placement: Placement, level: number, interpolation: Interpolation): Rect {
  const size = levelSize(placement.size, level);
  const margin = samplerMarginPx[interpolation];
  const clamp = (value: number, last: number) => Math.min(Math.max(value, 0), last);
  const x = clamp(Math.floor(bounds.minU) - margin, size.width - 1);
  const y = clamp(Math.floor(bounds.minV) - margin, size.height - 1);
  return {
    x,
    y,
    width: clamp(Math.ceil(bounds.maxU) + margin, size.width - 1) - x + 1,
    height: clamp(Math.ceil(bounds.maxV) + margin, size.height - 1) - y + 1,
  };
}
