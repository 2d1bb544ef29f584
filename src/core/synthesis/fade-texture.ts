import type { FloatRaster, Raster } from '../raster/raster.ts';
import { addLatticeNoise } from './lattice-noise.ts';
import { momentsOf } from '../raster/statistics.ts';
import { streamSeed } from './random.ts';

/** Islands of texture are about this wide. */
const islandPx = 110;

/**
 * The picture with its texture left in islands that cover about a fifth of it; elsewhere deviations from the mean are
 * reduced to `fadeTo`. A property of the specimen: tiles that overlap see the same islands.
 */
export function fadeTexture(source: Raster, fadeTo: number, seed: number, index: number): FloatRaster {
  const { width, height } = source;
  const islands: FloatRaster = { width, height, data: new Float32Array(width * height) };
  addLatticeNoise(islands, streamSeed(seed, [fadePurpose, index]), islandPx, 1);
  const { mean } = momentsOf(source.data);
  const { data } = islands;
  for (let at = 0; at < data.length; at++) {
    const inside = Math.min(Math.max((data[at] - 0.35) / 0.2, 0), 1);
    data[at] = mean + (fadeTo + (1 - fadeTo) * inside) * (source.data[at] - mean);
  }
  return islands;
}

const fadePurpose = 78;
