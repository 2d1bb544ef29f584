import { StitchError } from '../errors.ts';
import { applyAffine } from '../geometry/affine2.ts';
import type { Rect } from '../geometry/rect.ts';
import type { CancelSignal } from '../progress.ts';
import { levelForScale, levelSize } from '../raster/pyramid.ts';
import { allocateSamples } from '../raster/raster.ts';
import type { Raster, Samples } from '../raster/raster.ts';
import { sampleBicubic, sampleBilinear, samplerMarginPx } from '../raster/sample.ts';
import type { TileId, TileReader } from '../tiles/tile.ts';
import { blendInterval, rangeOf, rowWork } from './blend.ts';
import type { PlacedSource, RowWork } from './blend.ts';
import { unitGain } from './mosaic.ts';
import type { ComposeOptions, Interpolation, Mosaic, Placement } from './mosaic.ts';
import { warpOf } from './warp.ts';
import type { MosaicSpan, TileWarp, WarpBounds } from './tile-warp.ts';

/** A rectangle of the mosaic, mosaic px, rendered with `scale` output px per mosaic px. */
export interface RegionRequest {
  readonly rect: Rect;
  readonly scale: number;
}

/** Rendered pixels: one raster a channel in the mosaic's sample type, and where they come from a tile. */
export interface ComposedRegion {
  readonly channels: readonly Raster[];
  /** [width · height] 255 where a tile covers the pixel, 0 where it is canvas (`fill`). */
  readonly coverage: Uint8Array;
  /** Tiles whose files are damaged: they cover nothing here, and whoever shows or writes this must say so. */
  readonly damaged: readonly TileId[];
  readonly width: number;
  readonly height: number;
}

/** Output is composed in squares of this side: bounds the tile pixels held at a time, and the time to an abort. */
const blockSide = 1024;

/**
 * Renders a region of the mosaic at any scale from the tiles that touch it; only the parts of them that are needed
 * are read, at level ⌊log₂(1/scale)⌋. Output pixel (i, j) is the mosaic point x = rect.x + (i + ½)/scale − ½, and the
 * output has max(1, round(rect size · scale)) pixels a side. A pixel depends on its mosaic point alone: regions whose
 * rect.x · scale and rect.y · scale are whole numbers can be cut into chunks without a trace. A tile covers the hull of
 * its pixel centres grown by ½ px (its border pixels repeat there), so abutting tiles leave no line. A float sample that
 * is NaN counts as not covered by its tile; a tile that is damaged for good covers nothing and is named. Integers are rounded half away from zero and clamped.
 * @throws StitchError `bad-options` for a scale that is not positive or a fill that the sample type cannot hold;
 * whatever the reader throws, an abort included.
 */
export async function composeRegion(
  mosaic: Mosaic,
  region: RegionRequest,
  options: ComposeOptions,
  reader: TileReader,
  signal: CancelSignal,
): Promise<ComposedRegion> {
  const { rect, scale } = region;
  if (!(scale > 0) || !Number.isFinite(scale))
    throw new StitchError('bad-options', `The scale ${scale} of a region must be a positive number.`);
  const xs = outputCoordinates(rect.x, rect.width, scale);
  const ys = outputCoordinates(rect.y, rect.height, scale);
  const channels = Array.from({ length: mosaic.channels }, () =>
    allocateCanvas(mosaic, options, xs.length * ys.length),
  );
  const coverage = new Uint8Array(xs.length * ys.length);
  const level = levelForScale(scale);
  const sample = options.interpolation === 'bicubic' ? sampleBicubic : sampleBilinear;
  const isUnitStep = scale === 2 ** -level;
  const damaged = new Set<TileId>();
  const work = rowWork({ blend: options.blend, sample, isUnitStep }, xs, channels, coverage);
  for (let j0 = 0; j0 < ys.length; j0 += blockSide) {
    for (let i0 = 0; i0 < xs.length; i0 += blockSide) {
      signal.throwIfAborted();
      const block = { i0, j0, i1: Math.min(i0 + blockSide, xs.length), j1: Math.min(j0 + blockSide, ys.length) };
      const opened = await openSources(mosaic, options, level, reader, signal, cornersOf(block, xs, ys));
      for (const tile of opened.damaged) damaged.add(tile);
      composeBlock(work, opened.sources, ys, block);
    }
  }
  const [width, height] = [xs.length, ys.length];
  return {
    channels: channels.map((data) => ({ data, width, height })),
    coverage,
    damaged: [...damaged],
    width,
    height,
  };
}

/** Mosaic coordinates of output pixels, from absolute output indices where the region lies on the output's grid. */
function outputCoordinates(start: number, length: number, scale: number): Float64Array {
  const coordinates = new Float64Array(Math.max(1, Math.round(length * scale)));
  const first = start * scale;
  const nearest = Math.round(first);
  const isOnGrid = Math.abs(first - nearest) < 1e-6;
  for (let i = 0; i < coordinates.length; i++)
    coordinates[i] = isOnGrid ? (nearest + i + 0.5) / scale - 0.5 : start + (i + 0.5) / scale - 0.5;
  return coordinates;
}

function allocateCanvas(mosaic: Mosaic, options: ComposeOptions, length: number): Samples {
  const data = allocateSamples(mosaic.sampleType, length);
  const { fill } = options;
  if (!(data instanceof Float32Array)) {
    const [low, high] = rangeOf(data);
    if (!Number.isInteger(fill) || fill < low || fill > high)
      throw new StitchError('bad-options', `The fill value ${fill} is no ${mosaic.sampleType}.`);
  }
  if (fill !== 0) data.fill(fill);
  return data;
}

interface Block {
  readonly i0: number;
  readonly i1: number;
  readonly j0: number;
  readonly j1: number;
}

function cornersOf(block: Block, xs: Float64Array, ys: Float64Array): MosaicSpan {
  return { x0: xs[block.i0], x1: xs[block.i1 - 1], y0: ys[block.j0], y1: ys[block.j1 - 1] };
}

async function openSources(
  mosaic: Mosaic,
  options: ComposeOptions,
  level: number,
  reader: TileReader,
  signal: CancelSignal,
  span: MosaicSpan,
): Promise<{ readonly sources: readonly PlacedSource[]; readonly damaged: readonly TileId[] }> {
  const damaged: TileId[] = [];
  const opening: Promise<PlacedSource | null>[] = [];
  for (const placement of mosaic.placements) {
    const warp = warpOf(placement, level, span);
    const bounds = warp.boundsOf(span.x0, span.y0, span.x1, span.y1);
    if (bounds.maxU < -0.51 || bounds.minU > warp.width - 0.49) continue;
    if (bounds.maxV < -0.51 || bounds.minV > warp.height - 0.49) continue;
    const region = regionOf(bounds, placement, level, options.interpolation);
    opening.push(
      openSource(
        mosaic,
        placement,
        options,
        warp,
        reader.read(placement.tile, { level, region, signal }),
        region,
        level,
      ).catch((error: unknown) => {
        if (!isDamage(error)) throw error;
        damaged.push(placement.tile);
        return null;
      }),
    );
  }
  const sources = (await Promise.all(opening)).filter((source) => source !== null);
  return { sources, damaged };
}

/** A file that will not get better; a read that failed for another reason may succeed next time and is no damage. */
function isDamage(error: unknown): boolean {
  return error instanceof StitchError && (error.code === 'truncated-file' || error.code === 'unsupported-image');
}

async function openSource(
  mosaic: Mosaic,
  placement: Placement,
  options: ComposeOptions,
  warp: TileWarp,
  reading: Promise<readonly Raster[]>,
  region: Rect,
  level: number,
): Promise<PlacedSource> {
  const rasters = await reading;
  const size = levelSize(placement.size, level);
  const windows = Array.from({ length: mosaic.channels }, (_, channel) => {
    const raster = rasters[rasters.length === 1 ? 0 : channel];
    if (raster.width !== region.width || raster.height !== region.height)
      throw new RangeError(
        `tile ${placement.tile}: asked for ${region.width}×${region.height}, read ${raster.width}×${raster.height}`,
      );
    return { raster, x: region.x, y: region.y, size };
  });
  const centre = applyAffine(placement.mosaicFromTile, (placement.size.width - 1) / 2, (placement.size.height - 1) / 2);
  const hasTone = options.evenTones && options.blend !== 'none';
  return { warp, windows, tone: hasTone ? placement.tone : unitGain, centreX: centre.x, centreY: centre.y };
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

function composeBlock(work: RowWork, sources: readonly PlacedSource[], ys: Float64Array, block: Block): void {
  if (sources.length === 0) return;
  const starts = new Int32Array(sources.length + 1);
  sources.forEach(({ warp }, s) => (starts[s + 1] = starts[s] + 2 * warp.rangeCount));
  const spans = new Int32Array(starts[sources.length]);
  for (let j = block.j0; j < block.j1; j++) {
    for (let s = 0; s < sources.length; s++)
      sources[s].warp.coverRow(work.xs, ys[j], block.i0, block.i1, spans, starts[s]);
    composeRow(work, sources, spans, starts, ys[j], j);
  }
}

/** Cuts a row where the set of covering tiles changes and blends each interval from its set. */
function composeRow(
  work: RowWork,
  sources: readonly PlacedSource[],
  spans: Int32Array,
  starts: Int32Array,
  y: number,
  j: number,
): void {
  const cuts = spans.slice().sort();
  for (let n = 0; n + 1 < cuts.length; n++) {
    const from = cuts[n];
    const to = cuts[n + 1];
    if (from === to) continue;
    const covering = sources.filter((_, s) => isCovered(spans, starts[s], starts[s + 1], from, to));
    if (covering.length > 0) blendInterval(work, covering, y, j, from, to);
  }
}

/** True when one of the ranges spans[first] … spans[last − 1] holds from ≤ i < to. */
function isCovered(spans: Int32Array, first: number, last: number, from: number, to: number): boolean {
  for (let k = first; k < last; k += 2) if (spans[k] <= from && spans[k + 1] >= to) return true;
  return false;
}
