import type { Rect } from '../../core/geometry/rect.ts';
import { streamPyramid } from '../../core/mosaic/pyramid-stream.ts';
import type { ComposeUnit, PyramidPlan } from '../../core/mosaic/pyramid-stream.ts';
import type { RunContext } from '../../core/progress.ts';
import type { Raster } from '../../core/raster/raster.ts';
import type { RandomAccessSink } from '../image-file.ts';
import { planTiff, tiffFile } from './tiff-file.ts';
import type { TiffFile, TiledTiffImage, TiledTiffOptions, TiledTiffReport, TiffPlan } from './tiff-file.ts';

export type { TiledTiffImage, TiledTiffOptions, TiledTiffReport } from './tiff-file.ts';

/** Samples of a rectangle that lies within the image, one raster a channel, in the image's sample type. */
export type ReadTile = (rect: Rect) => Promise<readonly Raster[]>;

/**
 * Streams an image as a tiled TIFF: tiles in row order, then the directory, then the header that points to it, so that
 * an interrupted file never looks whole. Memory is bounded by a few tiles. Same pixels, same decoded pixels everywhere;
 * the compressed bytes are the platform's.
 *
 * Classic or BigTIFF is decided before the first byte, from the size without compression.
 * @throws StitchError `bad-options`, `write-failed`; whatever `readTile` throws; an abort is rethrown. The sink is
 *   aborted in each case.
 * @see TIFF 6.0, sections 8, 14, 15; BigTIFF, https://libtiff.gitlab.io/libtiff/specification/bigtiff.html
 */
export function writeTiledTiff(
  sink: RandomAccessSink,
  image: TiledTiffImage,
  readTile: ReadTile,
  options: TiledTiffOptions,
  context: RunContext,
): Promise<TiledTiffReport> {
  return writing(
    sink,
    () => planTiff(image, [image.size], options),
    context,
    async (file, { tileSize }) => {
      const { width, height } = image.size;
      for (let y = 0; y < height; y += tileSize)
        for (let x = 0; x < width; x += tileSize) {
          context.signal.throwIfAborted();
          const rect = { x, y, width: Math.min(tileSize, width - x), height: Math.min(tileSize, height - y) };
          await file.put(0, rect, await readTile(rect));
          await context.yieldNow();
        }
    },
  );
}

/**
 * Streams an image with its reduced copies as one TIFF: the copies are SubIFDs of the full-resolution image, largest
 * first, as OME-TIFF asks for them. Tiles stand in the file in the order they become ready.
 * @throws as `writeTiledTiff`
 */
export function writePyramidTiff(
  sink: RandomAccessSink,
  image: TiledTiffImage,
  pyramid: PyramidPlan,
  compose: ComposeUnit,
  options: Omit<TiledTiffOptions, 'tileSize'>,
  context: RunContext,
): Promise<TiledTiffReport> {
  const { tileSize, levels } = pyramid;
  const plan = () => planTiff(image, levels, { ...options, tileSize });
  return writing(sink, plan, context, (file) =>
    streamPyramid(pyramid, compose, ({ level, rect, channels }) => file.put(level, rect, channels), context),
  );
}

/** Plans, writes and commits; whatever fails, the sink is aborted. */
async function writing(
  sink: RandomAccessSink,
  plan: () => TiffPlan,
  context: RunContext,
  write: (file: TiffFile, plan: TiffPlan) => Promise<void>,
): Promise<TiledTiffReport> {
  try {
    const planned = plan();
    const file = tiffFile(sink, planned, context);
    await write(file, planned);
    return await file.finish();
  } catch (error) {
    // The first failure is the one to tell; a sink that cannot even be aborted adds nothing to it.
    await sink.abort().catch(() => undefined);
    throw error;
  }
}
