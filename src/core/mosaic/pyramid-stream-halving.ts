import { halveRaster, levelSize } from '../raster/pyramid.ts';
import { allocateSamples, sampleTypeOf } from '../raster/raster.ts';
import type { Raster } from '../raster/raster.ts';

/** Pixels and where they come from a tile: what `composeRegion` makes. */
export interface CoveredImage {
  /** One raster a channel. */
  readonly channels: readonly Raster[];
  /** [width · height] 255 where a tile covers the pixel, 0 where it is canvas. */
  readonly coverage: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * The next level of an image: the mean of the *covered* pixels of each 2×2 block, covered where one of them is. Where
 * none is, the canvas value of the block's upper-left pixel stays. A fully covered image gives `halveRaster`, bit for
 * bit: integers are rounded half to even.
 */
export function halveCovered(image: CoveredImage): CoveredImage {
  const { width, height } = levelSize(image, 1);
  if (!image.coverage.includes(0))
    return {
      channels: image.channels.map((channel) => halveRaster(channel)),
      coverage: new Uint8Array(width * height).fill(255),
      width,
      height,
    };
  const coverage = new Uint8Array(width * height);
  const channels = image.channels.map((channel): Raster => {
    const data = allocateSamples(sampleTypeOf(channel.data), width * height);
    for (let j = 0; j < height; j++) halveCoveredRow(channel, image.coverage, j, { data, width, height }, coverage);
    return { data, width, height };
  });
  return { channels, coverage, width, height };
}

/** Beyond an odd right or lower edge the last column or row stands twice, as in `halveRaster`. */
function halveCoveredRow(from: Raster, mask: Uint8Array, j: number, to: Raster, coverage: Uint8Array): void {
  const { data, width } = from;
  const isFloat = data instanceof Float32Array;
  const upper = 2 * j * width;
  const lower = Math.min(2 * j + 1, from.height - 1) * width;
  for (let i = 0; i < to.width; i++) {
    const x = 2 * i;
    const right = x + 1 < width ? x + 1 : x;
    let sum = 0;
    let count = 0;
    // Canvas may hold NaN: its value must not even be multiplied by 0.
    if (mask[upper + x] !== 0) {
      sum += data[upper + x];
      count++;
    }
    if (mask[upper + right] !== 0) {
      sum += data[upper + right];
      count++;
    }
    if (mask[lower + x] !== 0) {
      sum += data[lower + x];
      count++;
    }
    if (mask[lower + right] !== 0) {
      sum += data[lower + right];
      count++;
    }
    const at = j * to.width + i;
    if (count === 0) to.data[at] = data[upper + x];
    else {
      to.data[at] = isFloat ? sum / count : roundHalfToEven(sum / count);
      coverage[at] = 255;
    }
  }
}

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
