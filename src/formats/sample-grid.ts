import type { RunContext } from '../core/progress.ts';
import { cropRaster } from '../core/raster/raster.ts';
import { cutTile, defaultSyntheticGrid, planSyntheticGrid } from '../core/synthesis/synthetic-grid.ts';
import type { SyntheticGridOptions } from '../core/synthesis/synthetic-grid.ts';
import { defaultTexture, emTexture, renderTexture } from '../core/synthesis/texture.ts';
import { truthOf, type Truth } from '../core/synthesis/truth.ts';
import { memorySink } from './memory-sink.ts';
import { softwareName } from './software.ts';
import { writeTiledTiff } from './tiff/tiff-writer.ts';

/** The built-in sample: turned, shifted, unevenly exposed tiles of a procedural tissue, with the truth beside them. */
export const sampleOptions: SyntheticGridOptions = {
  ...defaultSyntheticGrid,
  rows: 3,
  columns: 4,
  tileSize: { width: 640, height: 640 },
  overlap: { x: 0.12, y: 0.12 },
  maxShiftPx: 8,
  maxRotationRad: 0.008,
  noiseSigma: 8,
  nameOf: (row, column) => `sample_r${row + 1}_c${column + 1}.tif`,
};

/** Pixel size that the sample claims. */
const samplePixelSizeNm = 8;
/** Rows of the source rendered between two chances to cancel. */
const bandHeight = 64;

/**
 * Makes the sample's files, one after the other, in `context.onProgress` steps of one tile.
 * @throws an abort.
 */
export async function makeSampleGrid(
  seed: number,
  context: RunContext,
  options: SyntheticGridOptions = sampleOptions,
): Promise<{
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly truth: Truth;
}> {
  const plan = planSyntheticGrid({ ...options, seed });
  const { width, height } = plan.sourceSize;
  const texture = emTexture({ ...defaultTexture, seed });
  const data = new Float32Array(width * height);
  const total = Math.ceil(height / bandHeight) + plan.tiles.length;
  let done = 0;
  const step = async (note: string) => {
    context.onProgress({ stage: 'read', done: ++done, total, note });
    await context.yieldNow();
    context.signal.throwIfAborted();
  };
  for (let y = 0; y < height; y += bandHeight) {
    const band = renderTexture(texture, { x: 0, y, width, height: Math.min(bandHeight, height - y) });
    data.set(band.data, y * width);
    await step('tissue');
  }
  const files: { name: string; bytes: Uint8Array }[] = [];
  for (const planned of plan.tiles) {
    const { name, raster } = cutTile({ data, width, height }, planned);
    const sink = memorySink();
    await writeTiledTiff(
      sink,
      {
        size: { width: raster.width, height: raster.height },
        channels: 1,
        sampleType: planned.sampleType,
        pixelSizeNm: samplePixelSizeNm,
        software: softwareName,
      },
      async (rect) => [cropRaster(raster, rect)],
      { tileSize: 256 },
      { ...context, onProgress: () => undefined },
    );
    files.push({ name, bytes: sink.bytes() });
    await step(name);
  }
  return { files, truth: truthOf(plan, `procedural tissue, seed ${seed}`) };
}
