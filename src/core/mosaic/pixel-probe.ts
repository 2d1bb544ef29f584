import { shadingAt } from '../photometry/shading-field.ts';
import type { ShadingField } from '../photometry/shading-field.ts';
import type { CancelSignal } from '../progress.ts';
import type { Raster } from '../raster/raster.ts';
import type { TileId, TileReader } from '../tiles/tile.ts';
import { composeRegion, seamOwnerAt } from './compositor.ts';
import type { ComposeOptions, Mosaic, Placement } from './mosaic.ts';
import type { GainOffset } from '../photometry/gain-offset.ts';
import { unitGain } from '../photometry/gain-offset.ts';
import { tileSharesAt } from './tile-weights.ts';

/** One tile's part in a pixel of the mosaic. */
export interface ProbedTile {
  readonly tile: TileId;
  /** Place in the tile, full-resolution px. */
  readonly u: number;
  readonly v: number;
  /** The sample of the file nearest to (u, v), a value a channel: before tones, blending and display. */
  readonly raw: readonly number[];
  /** What the mosaic does to the tile's values before blending, the shading at this place included. */
  readonly tone: GainOffset;
  /** Share in the mosaic's value, 0…1. */
  readonly weight: number;
}

/** What a pixel of the mosaic is made of. */
export interface PixelProbe {
  readonly x: number;
  readonly y: number;
  /** The mosaic's value, one a channel, before display; null where no tile is. */
  readonly value: readonly number[] | null;
  /** Every tile that covers the pixel, the topmost first. */
  readonly tiles: readonly ProbedTile[];
}

/**
 * Looks into mosaic pixel (x, y): its value as it is composed and exported, and the tiles' own samples.
 * @throws whatever the reader throws, an abort included.
 */
export async function probePixel(
  mosaic: Mosaic,
  x: number,
  y: number,
  options: ComposeOptions,
  reader: TileReader,
  signal: CancelSignal,
): Promise<PixelProbe> {
  const { blend } = options;
  const covering = tileSharesAt(mosaic.placements, blend, x, y).map(({ placement }) => placement);
  // Only the tiles at this place: the compositor looks at every placement it is given. Bands come from farther away.
  const here: Mosaic = blend === 'multiband' ? mosaic : { ...mosaic, placements: covering };
  const hasSeams = blend === 'seam' || blend === 'multiband';
  const owner = hasSeams ? await seamOwnerAt(mosaic, covering, x, y, options, reader, signal) : null;
  const shares = tileSharesAt(covering, blend, x, y, owner);
  const composed = await composeRegion(
    here,
    { rect: { x, y, width: 1, height: 1 }, scale: 1 },
    options,
    reader,
    signal,
  );
  const hasTone = options.evenTones && options.blend !== 'none';
  const tiles = await Promise.all(
    shares.map(async ({ placement, u, v, weight }): Promise<ProbedTile> => {
      const region = {
        x: Math.min(placement.size.width - 1, Math.max(0, Math.round(u))),
        y: Math.min(placement.size.height - 1, Math.max(0, Math.round(v))),
        width: 1,
        height: 1,
      };
      const raw = (await reader.read(placement.tile, { level: 0, region, signal })).map(onlySample);
      const { gain, offset } = hasTone ? placement.tone : unitGain;
      const shading = mosaic.shading && blend !== 'none' ? shadingOf(mosaic.shading, placement, u, v) : 1;
      return { tile: placement.tile, u, v, raw, tone: { gain: gain / shading, offset }, weight };
    }),
  );
  const value = composed.coverage[0] === 0 ? null : composed.channels.map(onlySample);
  return { x, y, value, tiles };
}

function shadingOf(field: ShadingField, { size }: Placement, u: number, v: number): number {
  return shadingAt(field, u / Math.max(1, size.width - 1), v / Math.max(1, size.height - 1));
}

function onlySample(raster: Raster): number {
  return raster.data[0];
}
