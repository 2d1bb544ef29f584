import { StitchError } from '../core/errors.ts';
import type { Rect } from '../core/geometry/rect.ts';
import type { CancelSignal } from '../core/progress.ts';
import { cropRaster } from '../core/raster/raster.ts';
import type { Raster } from '../core/raster/raster.ts';
import type { ImageFile, ImageInfo } from './image-file.ts';

/** One-page image whose format can only be decoded whole; regions are cut from the decoded image. */
export function decodedImage(
  format: string,
  info: ImageInfo,
  decode: (signal: CancelSignal) => Promise<readonly Raster[]>,
): ImageFile {
  return {
    format,
    pages: [info],
    readRegion: async (page, region, signal) => {
      const wanted = checkedRegion([info], page, region);
      signal.throwIfAborted();
      const rasters = await decode(signal);
      signal.throwIfAborted();
      return isWholePage(wanted, info) ? rasters : rasters.map((raster) => cropRaster(raster, wanted));
    },
  };
}

/** Larger than any array this machine makes; a header that asks for more is damaged or wants to be read in parts. */
const maxRegionPixels = 2 ** 31;

/**
 * The region asked for, the whole page when absent.
 * @throws StitchError `too-large` above 2³¹ pixels
 * @throws RangeError when the page does not exist or the region leaves it: a programmer's error.
 */
export function checkedRegion(pages: readonly ImageInfo[], page: number, region: Rect | undefined): Rect {
  if (page < 0 || page >= pages.length) throw new RangeError(`page ${page} of ${pages.length}`);
  const { width, height } = pages[page].size;
  if (region === undefined) return withinLimit({ x: 0, y: 0, width, height });
  const { x, y } = region;
  const isWhole = [x, y, region.width, region.height].every(Number.isInteger);
  if (!isWhole || x < 0 || y < 0 || region.width < 1 || region.height < 1)
    throw new RangeError(`region ${x},${y} ${region.width}×${region.height} is not a rectangle of whole pixels`);
  if (x + region.width > width || y + region.height > height)
    throw new RangeError(`region ${x},${y} ${region.width}×${region.height} leaves the page ${width}×${height}`);
  return withinLimit(region);
}

function withinLimit(region: Rect): Rect {
  const { width, height } = region;
  if (width * height > maxRegionPixels)
    throw new StitchError('too-large', `A region of ${width} × ${height} pixels is too large to be read at once.`);
  return region;
}

function isWholePage(region: Rect, info: ImageInfo): boolean {
  return region.width === info.size.width && region.height === info.size.height;
}
