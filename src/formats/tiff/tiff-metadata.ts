import type { Size } from '../../core/geometry/rect.ts';
import { acquisitionTimeMs, nanometresOf, plausiblePixelSize, unknownAcquisition } from '../metadata/acquisition.ts';
import type { Acquisition } from '../metadata/acquisition.ts';
import { isOmeXml, omeAcquisition, omePositions, parseOmeXml } from '../metadata/ome-xml.ts';
import type { OmeImage } from '../metadata/ome-xml.ts';
import {
  parseFeiMetadata,
  parseFibicsMetadata,
  parseXmlPixelSize,
  parseZeissMetadata,
} from '../metadata/vendor-metadata.ts';
import type { FilePosition } from '../position-table.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import { tiffTag } from './tiff-tags.ts';

/** What the tags of a page say about the acquisition. */
export interface TiffMetadata extends Acquisition {
  readonly notes: readonly string[];
}

/** Metadata of the pages of a file, and the places of other files that its OME-XML names. */
export interface TiffFileMetadata {
  readonly pages: readonly TiffMetadata[];
  readonly positions: readonly FilePosition[];
}

const nmPerCm = 1e7;
const nmPerInch = 2.54e7;
/**
 * Resolution tags coarser than this (1270 dpi) are a printer's or a screen's default (72, 96, 300 dpi), not a
 * microscope's pixel.
 */
const coarsestPixelNm = 20_000;

/**
 * Metadata of every page: vendor tags, OME-XML, ImageJ, the resolution tags, in this order; what one does not say the
 * next may. OME-XML lies in the first page and speaks for all.
 * @param name path of the file, by which multi-file OME-XML finds its images
 */
export async function readTiffMetadata(name: string, directories: readonly TiffDirectory[]): Promise<TiffFileMetadata> {
  const first = (await directories[0].text(tiffTag.imageDescription)) ?? '';
  const ome = isOmeXml(first) ? parseOmeXml(first) : [];
  const pages: TiffMetadata[] = [];
  for (const [ifd, directory] of directories.entries()) pages.push(await readPage(name, directory, ifd, first, ome));
  return { pages, positions: ome.length > 1 ? omePositions(ome) : [] };
}

async function readPage(
  name: string,
  directory: TiffDirectory,
  ifd: number,
  firstDescription: string,
  ome: readonly OmeImage[],
): Promise<TiffMetadata> {
  const size = {
    width: await directory.number(tiffTag.imageWidth, 1),
    height: await directory.number(tiffTag.imageLength, 1),
  };
  const isImageJ = firstDescription.startsWith('ImageJ=');
  const sources = [
    await vendorAcquisition(directory, size),
    omeAcquisition(ome, name, ifd),
    isImageJ ? await imageJAcquisition(directory, firstDescription) : unknownAcquisition,
    ome.length === 0 && /^\s*<\?xml/.test(firstDescription) ? parseXmlPixelSize(firstDescription) : unknownAcquisition,
    { pixelSizeNm: await resolutionNm(directory), stagePx: null },
  ];
  const pixelSizeNm = sources.find((source) => source.pixelSizeNm !== null)?.pixelSizeNm ?? null;
  const stagePx = sources.find((source) => source.stagePx !== null)?.stagePx ?? null;
  const acquiredAtMs = sources.find((source) => source.acquiredAtMs !== undefined)?.acquiredAtMs;
  const written = acquiredAtMs ?? acquisitionTimeMs((await directory.text(tiffTag.dateTime)) ?? '');
  const notes = isImageJ && ifd === 0 ? hiddenPlanes(firstDescription) : [];
  return { pixelSizeNm, stagePx, notes, ...(written === null ? {} : { acquiredAtMs: written }) };
}

async function vendorAcquisition(directory: TiffDirectory, size: Size): Promise<Acquisition> {
  const readers = [
    [tiffTag.feiHelios, parseFeiMetadata],
    [tiffTag.feiSfeg, parseFeiMetadata],
    [tiffTag.zeissSem, parseZeissMetadata],
    [tiffTag.fibics, parseFibicsMetadata],
  ] as const;
  for (const [tag, parse] of readers) {
    const text = await directory.text(tag);
    if (text !== null) return parse(text, size);
  }
  return unknownAcquisition;
}

/** ImageJ keeps its unit in the description and pixels per unit in the resolution tags. */
async function imageJAcquisition(directory: TiffDirectory, description: string): Promise<Acquisition> {
  const unit = /^unit=(.*)$/m.exec(description)?.[1]?.replace(/\\u00b5/i, 'µ') ?? '';
  const nm = nanometresOf(unit);
  const perUnit = await directory.number(tiffTag.xResolution, NaN);
  return { pixelSizeNm: nm === null ? null : plausiblePixelSize(nm / perUnit), stagePx: null };
}

/** Stacks above 4 GB are one directory and raw planes behind it: only the first of them is a page here. */
function hiddenPlanes(description: string): readonly string[] {
  const planes = Number(/^images=(\d+)/m.exec(description)?.[1] ?? 1);
  return planes > 1
    ? [`An ImageJ stack of ${planes} planes: the pages that have a directory of their own are read.`]
    : [];
}

async function resolutionNm(directory: TiffDirectory): Promise<number | null> {
  const perUnit = await directory.number(tiffTag.xResolution, NaN);
  const unit = await directory.number(tiffTag.resolutionUnit, 2);
  const nmPerUnit = unit === 3 ? nmPerCm : unit === 2 ? nmPerInch : NaN;
  const nm = plausiblePixelSize(nmPerUnit / perUnit);
  return nm !== null && nm <= coarsestPixelNm ? nm : null;
}
