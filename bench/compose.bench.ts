import { affineFromPose } from '../src/core/geometry/pose2.ts';
import { boundsOfPlacements } from '../src/core/mosaic/build-mosaic.ts';
import { composeRegion } from '../src/core/mosaic/compositor.ts';
import { blendModes, defaultComposeOptions, unitGain } from '../src/core/mosaic/mosaic.ts';
import type { ComposeOptions, Mosaic, Placement } from '../src/core/mosaic/mosaic.ts';
import { silentContext } from '../src/core/progress.ts';
import type { Raster, SampleType } from '../src/core/raster/raster.ts';
import { allocateSamples } from '../src/core/raster/raster.ts';
import { memoryTileReader } from '../src/core/testing/memory-tile-reader.ts';
import { tileId } from '../src/core/tiles/tile.ts';
import type { TileId } from '../src/core/tiles/tile.ts';

/** One line of the bench: a name and its rate. */
export interface ComposeRate {
  readonly name: string;
  readonly megapixelsPerSecond: number;
}

const side = 1024;
const tilesAcross = 3;

/** A 3×3 grid of 1024² tiles with 15 % overlap, turned by up to 0.5° or not at all. */
function grid(
  sampleType: SampleType,
  isTurned: boolean,
  hasTones: boolean,
): { mosaic: Mosaic; rasters: Map<TileId, readonly Raster[]> } {
  const rasters = new Map<TileId, readonly Raster[]>();
  const placements: Placement[] = [];
  for (let n = 0; n < tilesAcross ** 2; n++) {
    const data = allocateSamples(sampleType, side * side);
    for (let i = 0; i < data.length; i++) data[i] = (Math.imul(i + n, 2654435761) >>> 24) & 255;
    const id = tileId(`tile-${n}`);
    rasters.set(id, [{ data, width: side, height: side }]);
    const thetaRad = isTurned ? 0.009 * Math.sin(n * 2.1) : 0;
    const jitter = isTurned ? 0.37 * n : 0;
    placements.push({
      tile: id,
      size: { width: side, height: side },
      mosaicFromTile: affineFromPose({
        x: 870 * (n % tilesAcross) + jitter,
        y: 870 * Math.floor(n / tilesAcross),
        thetaRad,
      }),
      state: 'solved',
      component: 0,
      tone: hasTones ? { gain: 1 + 0.01 * n, offset: n } : unitGain,
    });
  }
  const mosaic: Mosaic = {
    bounds: boundsOfPlacements(placements),
    placements,
    channels: 1,
    sampleType,
    pixelSizeNm: null,
  };
  return { mosaic, rasters };
}

async function rate(
  name: string,
  sampleType: SampleType,
  isTurned: boolean,
  options: ComposeOptions,
  scale = 1,
): Promise<ComposeRate> {
  const { mosaic, rasters } = grid(sampleType, isTurned, options.evenTones);
  const reader = memoryTileReader(rasters);
  let best = 0;
  for (let repeat = 0; repeat < 4; repeat++) {
    const start = process.cpuUsage().user;
    const { width, height } = await composeRegion(
      mosaic,
      { rect: mosaic.bounds, scale },
      options,
      reader,
      silentContext.signal,
    );
    best = Math.max(best, (width * height) / (process.cpuUsage().user - start));
  }
  return { name, megapixelsPerSecond: Math.round(best * 10) / 10 };
}

/** Output megapixels per second of CPU time, reading from memory included, best of four. */
export async function run(): Promise<readonly ComposeRate[]> {
  const base = { ...defaultComposeOptions, evenTones: false };
  const rates: ComposeRate[] = [];
  for (const blend of blendModes) rates.push(await rate(`uint8 bilinear ${blend}`, 'uint8', true, { ...base, blend }));
  rates.push(
    await rate('uint8 bilinear feather with tones', 'uint8', true, { ...base, blend: 'feather', evenTones: true }),
  );
  rates.push(
    await rate('uint8 bicubic overlay', 'uint8', true, { ...base, blend: 'overlay', interpolation: 'bicubic' }),
  );
  rates.push(await rate('uint8 whole-pixel overlay', 'uint8', false, { ...base, blend: 'overlay' }));
  rates.push(await rate('uint16 bilinear feather', 'uint16', true, { ...base, blend: 'feather' }));
  rates.push(await rate('float32 bilinear feather', 'float32', true, { ...base, blend: 'feather' }));
  return rates;
}
