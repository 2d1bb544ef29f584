import { StitchError } from '../../core/errors.ts';
import type { CancelSignal } from '../../core/progress.ts';
import { withBlockCache } from '../byte-source.ts';
import { checkedRegion } from '../decoded-image.ts';
import type { ByteSource, ImageFile, ImageInfo } from '../image-file.ts';
import { readTiffMetadata } from './tiff-metadata.ts';
import type { TiffMetadata } from './tiff-metadata.ts';
import { readTiffDirectories, readTiffHeader } from './tiff-directory.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import { readTiffPage } from './tiff-page.ts';
import type { TiffPage } from './tiff-page.ts';
import { readTiffRegion } from './tiff-region.ts';
import { tiffTag } from './tiff-tags.ts';

/** Bits of NewSubfileType: a reduced copy of another page, a transparency mask. */
const reducedOrMask = 1 | 4;

/**
 * Opens a TIFF or BigTIFF: headers only, pixels on demand and by region.
 *
 * The directory walk and the decoders are ours: of what geotiff 3.0.5 reads, big-endian predictor 2, FillOrder 2,
 * MinIsWhite and YCbCr JPEG come out wrong or fail, and so do big-endian files with large tile tables; what remained of
 * it after replacing the slow and the wrong was the walk.
 * @throws StitchError `not-an-image`, `truncated-file`, `unsupported-image`, `unreadable-file`
 */
export async function openTiff(source: ByteSource): Promise<ImageFile> {
  const headers = withBlockCache(source);
  const all = await readTiffDirectories(headers, await readTiffHeader(headers));
  const { directories, omitted } = await imageDirectories(all);
  const metadata = await readTiffMetadata(source.name, directories);
  const pages: TiffPage[] = [];
  const infos: ImageInfo[] = [];
  const leftOut: string[] = [];
  for (const [index, directory] of directories.entries()) {
    const page = await readPageUnlessExtra(headers, directory, index, leftOut);
    if (page === null) continue;
    pages.push(page);
    infos.push(infoOf(page, metadata.pages[index]));
  }
  return {
    format: 'tiff',
    pages: infos.map((info, i) => (i === 0 ? { ...info, notes: [...omitted, ...leftOut, ...info.notes] } : info)),
    ...(metadata.positions.length > 0 ? { positions: metadata.positions } : {}),
    readRegion: async (index, region, signal: CancelSignal) => {
      const wanted = checkedRegion(source.name, infos, index, region);
      return readTiffRegion(source, pages[index], wanted, signal);
    },
  };
}

/** Pages that are images in their own right; thumbnails, pyramid levels and masks are not tiles. */
async function imageDirectories(
  all: readonly TiffDirectory[],
): Promise<{ readonly directories: readonly TiffDirectory[]; readonly omitted: readonly string[] }> {
  const kinds = await Promise.all(all.map((directory) => directory.number(tiffTag.newSubfileType, 0)));
  const directories = all.filter((_, i) => (kinds[i] & reducedOrMask) === 0);
  if (directories.length === 0) return { directories: all.slice(0, 1), omitted: [] };
  const count = all.length - directories.length;
  const omitted = count > 0 ? [`${count} reduced copies or masks in the file are ignored.`] : [];
  return { directories, omitted };
}

/** The first page must be readable; a later one that is not is left out with a note. */
async function readPageUnlessExtra(
  source: ByteSource,
  directory: TiffDirectory,
  index: number,
  leftOut: string[],
): Promise<TiffPage | null> {
  try {
    return await readTiffPage(source, directory);
  } catch (error) {
    const isLeftOut = index > 0 && error instanceof StitchError && error.code === 'unsupported-image';
    if (!isLeftOut) throw error;
    leftOut.push(`Page ${index + 1} is left out: ${error.message}`);
    return null;
  }
}

function infoOf(page: TiffPage, metadata: TiffMetadata): ImageInfo {
  return {
    size: page.size,
    channels: page.channels,
    sampleType: page.sampleType,
    pixelSizeNm: metadata.pixelSizeNm,
    stagePx: metadata.stagePx,
    ...(metadata.acquiredAtMs === undefined ? {} : { acquiredAtMs: metadata.acquiredAtMs }),
    notes: [...page.notes, ...metadata.notes],
  };
}
