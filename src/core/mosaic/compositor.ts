import { StitchError } from '../errors.ts';
import type { Rect } from '../geometry/rect.ts';
import type { CancelSignal } from '../progress.ts';
import { levelForScale } from '../raster/pyramid.ts';
import { allocateSamples } from '../raster/raster.ts';
import type { Raster, Samples } from '../raster/raster.ts';
import { sampleBicubic, sampleBilinear } from '../raster/sample.ts';
import type { TileId, TileReader } from '../tiles/tile.ts';
import { blendInterval, rangeOf } from './blend.ts';
import { seamsOf } from './block-seams.ts';
import { centreOf, openSources } from './block-sources.ts';
import type { ComposeOptions, Mosaic, Placement } from './mosaic.ts';
import { bandCount, blendBands, framedBlock } from './multiband.ts';
import { ownerBySeams } from './owners.ts';
import type { RenderTile } from './pair-seam.ts';
import { visitIntervals } from './row-intervals.ts';
import { rowWork } from './row-work.ts';
import type { SeamTable } from './row-work.ts';
import { seamStore } from './seam-store.ts';
import type { SeamStore } from './seam-store.ts';

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
 * Seams are looked up in `seams`, which belongs to this mosaic, these options and this reader; without one they are found
 * anew, the same.
 * @throws StitchError `bad-options` for a scale that is not positive or a fill that the sample type cannot hold;
 * whatever the reader throws, an abort included.
 */
export async function composeRegion(
  mosaic: Mosaic,
  region: RegionRequest,
  options: ComposeOptions,
  reader: TileReader,
  signal: CancelSignal,
  seams: SeamStore = seamStore(),
): Promise<ComposedRegion> {
  const { rect, scale } = region;
  if (!(scale > 0) || !Number.isFinite(scale))
    throw new StitchError('bad-options', `The scale ${scale} of a region must be a positive number.`);
  const columns = outputAxis(rect.x, rect.width, scale);
  const rows = outputAxis(rect.y, rect.height, scale);
  const [width, height] = [columns.count, rows.count];
  const channels = Array.from({ length: mosaic.channels }, () => allocateCanvas(mosaic, options, width * height));
  const coverage = new Uint8Array(width * height);
  const level = levelForScale(scale);
  const sample = options.interpolation === 'bicubic' ? sampleBicubic : sampleBilinear;
  const isUnitStep = scale === 2 ** -level;
  const damaged = new Set<TileId>();
  const [xs, ys] = [coordinatesOf(columns, 0, width), coordinatesOf(rows, 0, height)];
  const isOnGrid = isUnitStep && columns.shift === 0 && options.interpolation === 'bilinear';
  const grid = isOnGrid ? { xs, first: columns.first, step: 1 / scale } : null;
  const work = rowWork({ blend: options.blend, sample, isUnitStep, grid }, xs, channels, coverage);
  const bands = options.blend === 'multiband' ? bandCount(scale) : 0;
  const request = { mosaic, options, level, reader, signal };
  const search = { store: seams, scale, signal, render: renderAlone(mosaic, options, reader, signal) };
  for (let j0 = 0; j0 < height; j0 += blockSide) {
    for (let i0 = 0; i0 < width; i0 += blockSide) {
      signal.throwIfAborted();
      const block = { i0, j0, i1: Math.min(i0 + blockSide, width), j1: Math.min(j0 + blockSide, height) };
      const frame = framedBlock(block, bands, columns.first, rows.first);
      const frameXs = coordinatesOf(columns, frame.i0, frame.i1);
      const frameYs = coordinatesOf(rows, frame.j0, frame.j1);
      const opened = await openSources(request, spanOf(frameXs, frameYs));
      for (const tile of opened.damaged) damaged.add(tile);
      const hasSeams = options.blend === 'seam' || options.blend === 'multiband';
      const own = hasSeams ? { ...work, seams: await seamsOf(opened, search) } : work;
      visitIntervals(opened.sources, xs, ys, block, (covering, y, j, from, to) =>
        blendInterval(own, covering, y, j, from, to),
      );
      if (bands > 0) blendBands(own, opened.sources, block, { ...frame, xs: frameXs, ys: frameYs }, bands);
    }
  }
  return {
    channels: channels.map((data) => ({ data, width, height })),
    coverage,
    damaged: [...damaged],
    width,
    height,
  };
}

/**
 * The tile that shows at a mosaic point under `seam` and `multiband`, of those that cover it in drawing order; null of
 * none.
 * @throws whatever the reader throws, an abort included.
 */
export async function seamOwnerAt(
  mosaic: Mosaic,
  covering: readonly Placement[],
  x: number,
  y: number,
  options: ComposeOptions,
  reader: TileReader,
  signal: CancelSignal,
  seams: SeamStore = seamStore(),
): Promise<TileId | null> {
  const table = await seamTableOf(mosaic, covering, 1, options, reader, signal, seams);
  const tiles = covering.map((placement, index) => {
    const centre = centreOf(placement);
    return { index, centreX: centre.x, centreY: centre.y };
  });
  return covering.length === 0 ? null : covering[ownerBySeams(table, tiles, x, y)].tile;
}

/**
 * The seams between tiles, in drawing order, as a composition of them at `scale` has them under `seam` and `multiband`.
 * @throws whatever the reader throws, an abort included.
 */
export async function seamTableOf(
  mosaic: Mosaic,
  placements: readonly Placement[],
  scale: number,
  options: ComposeOptions,
  reader: TileReader,
  signal: CancelSignal,
  seams: SeamStore,
): Promise<SeamTable> {
  const render = renderAlone(mosaic, options, reader, signal);
  return seamsOf({ placements }, { store: seams, scale, signal, render });
}

/** Renders one tile alone, as the seams of a composition see it. */
function renderAlone(mosaic: Mosaic, options: ComposeOptions, reader: TileReader, signal: CancelSignal): RenderTile {
  const plain: ComposeOptions = { ...options, blend: 'overlay', interpolation: 'bilinear', fill: 0 };
  return (placement, rect, step) =>
    composeRegion({ ...mosaic, placements: [placement] }, { rect, scale: 1 / step }, plain, reader, signal);
}

/** Output pixels along one axis. */
interface OutputAxis {
  /** Absolute index of the first pixel where the region lies on the output's grid, else 0. */
  readonly first: number;
  readonly count: number;
  /** Mosaic coordinate of absolute index 0 less that of the output's grid. */
  readonly shift: number;
  readonly scale: number;
}

function outputAxis(start: number, length: number, scale: number): OutputAxis {
  const count = Math.max(1, Math.round(length * scale));
  const nearest = Math.round(start * scale);
  const isOnGrid = Math.abs(start * scale - nearest) < 1e-6;
  return isOnGrid ? { first: nearest, count, shift: 0, scale } : { first: 0, count, shift: start, scale };
}

/** Mosaic coordinates of output pixels from ≤ i < to, which may lie beyond the region, from their absolute indices. */
function coordinatesOf({ first, shift, scale }: OutputAxis, from: number, to: number): Float64Array {
  const coordinates = new Float64Array(to - from);
  for (let i = 0; i < coordinates.length; i++) coordinates[i] = shift + (first + from + i + 0.5) / scale - 0.5;
  return coordinates;
}

function spanOf(xs: Float64Array, ys: Float64Array) {
  return { x0: xs[0], x1: xs[xs.length - 1], y0: ys[0], y1: ys[ys.length - 1] };
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
