import { StitchError } from '../src/core/errors.ts';
import type { ComposeOptions, Mosaic } from '../src/core/mosaic/mosaic.ts';
import { composeMoved, differenceOfMoved } from '../src/core/mosaic/moved-tile.ts';
import type { CancelSignal } from '../src/core/progress.ts';
import type { TileReader } from '../src/core/tiles/tile.ts';
import { paintRaster } from './display.ts';
import type { NearbyTiles } from './evidence-picture.ts';
import type { DisplayRange, MovedRequest } from './protocol.ts';

/** A difference of so much of the display range is shown white. */
const whiteFraction = 0.5;

/** The mosaic that is shown. */
export interface MovedFrom {
  readonly mosaic: Mosaic;
  readonly near: NearbyTiles;
  readonly options: ComposeOptions;
}

/** The region as a picture, with a tile where the user holds it. */
export async function movedPicture(
  { mosaic, near, options }: MovedFrom,
  request: MovedRequest,
  reader: TileReader,
  signal: CancelSignal,
): Promise<ImageData> {
  const placement = mosaic.placements.find(({ tile }) => tile === request.tile);
  if (!placement)
    throw new StitchError('no-tiles', `${request.tile} has no place in the mosaic.`, { file: request.tile });
  const subject = { near, placement, options, reader };
  if (request.view === 'blend') {
    const { channels, coverage } = await composeMoved(subject, request, request, signal);
    return paintRaster(channels, coverage, request.display);
  }
  const { region, difference } = await differenceOfMoved(subject, request, request, signal);
  return withDifference(paintRaster(region.channels, region.coverage, request.display), difference, request.display);
}

/** Paints what is compared: black where both agree. */
function withDifference(image: ImageData, difference: Float32Array, { low, high }: DisplayRange): ImageData {
  const perUnit = 255 / (whiteFraction * Math.max(1e-9, high - low));
  for (let i = 0; i < difference.length; i++)
    if (!Number.isNaN(difference[i])) image.data.fill(Math.min(255, difference[i] * perUnit), 4 * i, 4 * i + 3);
  return image;
}
