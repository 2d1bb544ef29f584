import type { Rect } from '../core/geometry/rect.ts';
import type { CancelSignal } from '../core/progress.ts';
import { bytesPerSample, cropRaster } from '../core/raster/raster.ts';
import type { Raster } from '../core/raster/raster.ts';
import { tooLarge } from './format-errors.ts';
import type { ImageFile, ImageInfo } from './image-file.ts';
import { maxRegionBytes } from './limits.ts';

/** One-page image whose format can only be decoded whole; regions are cut from the decoded image. */
export function decodedImage(
  file: string,
  format: string,
  info: ImageInfo,
  decode: (signal: CancelSignal) => Promise<readonly Raster[]>,
): ImageFile {
  return {
    format,
    pages: [info],
    readRegion: async (page, region, signal) => {
      const wanted = checkedRegion(file, [info], page, region);
      checkedRegion(file, [info], page, undefined);
      signal.throwIfAborted();
      const rasters = await decode(signal);
      signal.throwIfAborted();
      return isWholePage(wanted, info) ? rasters : rasters.map((raster) => cropRaster(raster, wanted));
    },
  };
}

/**
 * The region asked for, the whole page when absent.
 * @throws StitchError `too-large` above 1 GiB of pixels
 * @throws RangeError when the page does not exist or the region leaves it: a programmer's error.
 */
export function checkedRegion(file: string, pages: readonly ImageInfo[], page: number, region: Rect | undefined): Rect {
  if (page < 0 || page >= pages.length) throw new RangeError(`page ${page} of ${pages.length}`);
  const { width, height } = pages[page].size;
  if (region === undefined) return withinLimit(file, pages[page], { x: 0, y: 0, width, height });
  const { x, y } = region;
  const isWhole = [x, y, region.width, region.height].every(Number.isInteger);
  if (!isWhole || x < 0 || y < 0 || region.width < 1 || region.height < 1)
    throw new RangeError(`region ${x},${y} ${region.width}×${region.height} is not a rectangle of whole pixels`);
  if (x + region.width > width || y + region.height > height)
    throw new RangeError(`region ${x},${y} ${region.width}×${region.height} leaves the page ${width}×${height}`);
  return withinLimit(file, pages[page], region);
}

function withinLimit(file: string, { channels, sampleType }: ImageInfo, region: Rect): Rect {
  const { width, height } = region;
  if (width * height * channels * bytesPerSample[sampleType] > maxRegionBytes)
    throw tooLarge(
      file,
      `${width} × ${height} pixels are too many to be read at once (over 1 GiB)`,
      'Save it in smaller images, or as an uncompressed or tiled TIFF',
    );
  return region;
}

function isWholePage(region: Rect, info: ImageInfo): boolean {
  return region.width === info.size.width && region.height === info.size.height;
}
