import { affineFromPose } from '../geometry/pose2.ts';
import { boundsOfPlacements } from '../mosaic/build-mosaic.ts';
import type { Mosaic, Placement } from '../mosaic/mosaic.ts';
import { allocateSamples } from '../raster/raster.ts';
import type { Raster, SampleType } from '../raster/raster.ts';
import { memoryTileReader } from './memory-tile-reader.ts';
import { tileId } from '../tiles/tile.ts';
import type { TileId, TileReader } from '../tiles/tile.ts';

/** A mosaic of three turned tiles in an L, so that a corner of its canvas is empty; names that need escaping. */
export function smallMosaic(
  sampleType: SampleType,
  channels: 1 | 3,
  tileSide = 700,
): { readonly mosaic: Mosaic; readonly reader: TileReader } {
  const names = ['a b/tile <1> & "one".tif', 'ä µ/瓦.tif', "it's#1.tif"];
  const step = Math.round(tileSide * 0.87);
  const rasters = new Map<TileId, readonly Raster[]>();
  const placements = names.map((name, n): Placement => {
    const tile = tileId(name);
    rasters.set(
      tile,
      Array.from({ length: channels }, (_, c) => texture(sampleType, tileSide, 31 * n + 7 * c)),
    );
    const pose = { x: (n % 2) * step - 11.3, y: Math.floor(n / 2) * step + 5.6, thetaRad: 0.01 * (n - 1) };
    return {
      tile,
      size: { width: tileSide, height: tileSide },
      mosaicFromTile: affineFromPose(pose),
      state: 'solved',
      component: 0,
      tone: { gain: 1, offset: n },
    };
  });
  const bounds = boundsOfPlacements(placements);
  return {
    mosaic: { bounds, placements, channels, sampleType, pixelSizeNm: 4.5 },
    reader: memoryTileReader(rasters),
  };
}

function texture(type: SampleType, side: number, seed: number): Raster {
  const [low, high] = { uint8: [3, 250], uint16: [900, 5200], int16: [-800, 3000], float32: [-2.5, 7.5] }[type];
  const data = allocateSamples(type, side * side);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [i % side, Math.floor(i / side)];
    const wave = Math.sin((x + seed) / 17) * Math.cos((y - seed) / 13);
    const grain = (Math.imul(i + seed, 2654435761) >>> 24) / 255 - 0.5;
    const unit = Math.min(1, Math.max(0, 0.5 + 0.4 * wave + 0.2 * grain));
    data[i] = low + unit * (high - low);
  }
  return { data, width: side, height: side };
}
