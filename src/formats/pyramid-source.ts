import { StitchError } from '../core/errors.ts';
import { growRect, intersectRects } from '../core/geometry/rect.ts';
import type { Rect, Size } from '../core/geometry/rect.ts';
import { composeRegion } from '../core/mosaic/compositor.ts';
import type { ComposeOptions, Mosaic } from '../core/mosaic/mosaic.ts';
import { blendReachPx } from '../core/mosaic/multiband.ts';
import type { ComposeUnit, CoveredImage } from '../core/mosaic/pyramid-stream.ts';
import { placementIndex } from '../core/mosaic/pyramid-stream-placements.ts';
import { seamStore } from '../core/mosaic/seam-store.ts';
import type { RunContext } from '../core/progress.ts';
import type { SampleType } from '../core/raster/raster.ts';
import type { TileId, TileReader } from '../core/tiles/tile.ts';
import { changeSamples, isNarrower, measuredRange, sampleTypeFor } from './pyramid-samples.ts';
import type { OutputBits, SampleChange, ValueRange } from './pyramid-samples.ts';

/** What is written of a mosaic. */
export interface MosaicWriteOptions {
  readonly compose: ComposeOptions;
  /** Part of the mosaic, mosaic px; it must lie within the bounds. */
  readonly region: Rect;
  /** The pixels, or the mask of where there are any (255 and 0). */
  readonly content: 'pixels' | 'mask';
  /** Null keeps the sample type of the mosaic. */
  readonly bits: OutputBits | null;
  /** Values that become the ends of a narrower type; null measures them. */
  readonly range: ValueRange | null;
}

/** The picture that a writer streams into a file. */
export interface MosaicPicture {
  readonly mosaic: Mosaic;
  readonly options: MosaicWriteOptions;
  readonly size: Size;
  readonly channels: 1 | 3;
  readonly sampleType: SampleType;
  /** Value of canvas that no tile covers, in the sample type that is written. */
  readonly fill: number;
  /** How values were changed; null when they are the mosaic's own. */
  readonly change: SampleChange | null;
  readonly compose: ComposeUnit;
  /** Tiles that turned out damaged so far and are missing from the picture. */
  readonly damaged: () => readonly TileId[];
}

/**
 * Prepares a mosaic, or its mask, for a writer: crops, converts samples and asks `composeRegion` only for the tiles that
 * touch. A float sample stays what it is; nothing is rescaled unless a narrower type was asked for.
 * @throws StitchError `bad-options` for a region outside the mosaic
 */
export async function mosaicPicture(
  mosaic: Mosaic,
  options: MosaicWriteOptions,
  reader: TileReader,
  context: RunContext,
): Promise<MosaicPicture> {
  const { compose, content } = options;
  const region = checkedRegion(options.region, mosaic.bounds);
  const isMask = content === 'mask';
  const damaged = new Set<TileId>();
  const touching = placementIndex(mosaic);
  const seams = seamStore();
  const reach = blendReachPx(compose.blend, 1);
  const composeOwn: ComposeUnit = async (rect) => {
    const wanted = { ...rect, x: rect.x + region.x, y: rect.y + region.y };
    const near = touching(growRect(wanted, reach));
    const composed = await composeRegion(near, { rect: wanted, scale: 1 }, compose, reader, context.signal, seams);
    for (const id of composed.damaged) damaged.add(id);
    return isMask ? maskOf(composed) : composed;
  };
  const own: SampleType = isMask ? 'uint8' : mosaic.sampleType;
  const sampleType = isMask ? 'uint8' : sampleTypeFor(own, options.bits);
  const change = sampleType === own ? null : await changeTo(sampleType, own, options.range, region, composeOwn);
  const fill = isMask ? 0 : compose.fill;
  return {
    mosaic,
    options: { ...options, region },
    size: { width: region.width, height: region.height },
    channels: isMask ? 1 : mosaic.channels,
    sampleType,
    fill: change === null ? fill : (changeSamples(canvasPixel(fill), change, fill).channels[0].data[0] ?? 0),
    change,
    compose: change === null ? composeOwn : async (rect) => changeSamples(await composeOwn(rect), change, fill),
    damaged: () => [...damaged],
  };
}

function checkedRegion(region: Rect, bounds: Rect): Rect {
  const { x, y, width, height } = region;
  const inside = [x, y, width, height].every(Number.isInteger) ? intersectRects(region, bounds) : null;
  if (inside === null || inside.width !== width || inside.height !== height)
    throw new StitchError(
      'bad-options',
      `The region ${x},${y} ${width} × ${height} px does not lie within the mosaic, which is ` +
        `${bounds.x},${bounds.y} ${bounds.width} × ${bounds.height} px.`,
    );
  return inside;
}

function maskOf({ coverage, width, height }: CoveredImage): CoveredImage {
  return { channels: [{ data: coverage, width, height }], coverage, width, height };
}

async function changeTo(
  to: SampleType,
  from: SampleType,
  given: ValueRange | null,
  region: Rect,
  compose: ComposeUnit,
): Promise<SampleChange> {
  if (!isNarrower(from, to)) return { to, range: null };
  return { to, range: given ?? (await measuredRange(region, compose)) ?? { low: 0, high: 1 } };
}

function canvasPixel(fill: number): CoveredImage {
  return {
    channels: [{ data: Float32Array.of(fill), width: 1, height: 1 }],
    coverage: Uint8Array.of(0),
    width: 1,
    height: 1,
  };
}

/** What was done to the values, in one sentence; null when nothing was. */
export function describeChange(change: SampleChange | null): string | null {
  if (change === null) return null;
  if (change.range === null) return `Values are kept as they are in a wider sample type (${change.to}).`;
  const top = change.to === 'uint8' ? 255 : 65535;
  return `Values ${rounded(change.range.low)} … ${rounded(change.range.high)} became 0 … ${top}; values beyond are clamped.`;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(7)));
}
