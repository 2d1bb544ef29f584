import type { FilePosition } from '../position-table.ts';
import { acquisitionTimeMs, nanometresOf, plausiblePixelSize, unknownAcquisition } from './acquisition.ts';
import type { Acquisition } from './acquisition.ts';
import { xmlElements } from './xml-elements.ts';
import type { XmlElement } from './xml-elements.ts';

/** One image of an OME-XML block. */
export interface OmeImage {
  readonly acquisition: Acquisition;
  /** First IFD of the image in the file that carries the block; null when it does not say. */
  readonly ifd: number | null;
  /** Name of the file that holds the image, null when it is the one that carries the block. */
  readonly file: string | null;
}

interface OmeDraft {
  pixelSizeNm: number | null;
  stageNm: { readonly x: number; readonly y: number } | null;
  acquiredAtMs: number | null;
  ifd: number | null;
  file: string | null;
}

/** True for an ImageDescription that is an OME-XML block. */
export function isOmeXml(description: string): boolean {
  const head = description.slice(0, 4096);
  return /<(\w+:)?OME[\s>]/.test(head);
}

/**
 * Images of an OME-XML block with their pixel size, the position of their first plane (the upper-left corner, y down,
 * as the viewers and stitchers of the field read it) and the file they are in.
 * @see OME-XML 2016-06, Pixels (PhysicalSizeX and its unit, µm by default), Plane (PositionX), TiffData
 */
export function parseOmeXml(text: string): readonly OmeImage[] {
  const drafts: OmeDraft[] = [];
  for (const element of xmlElements(text)) {
    if (element.name === 'Image')
      drafts.push({ pixelSizeNm: null, stageNm: null, acquiredAtMs: null, ifd: null, file: null });
    const draft = drafts.at(-1);
    if (draft !== undefined) readInto(draft, element);
  }
  return drafts.map(({ pixelSizeNm, stageNm, acquiredAtMs, ifd, file }) => {
    const stagePx =
      stageNm === null || pixelSizeNm === null ? null : { x: stageNm.x / pixelSizeNm, y: stageNm.y / pixelSizeNm };
    const acquired = acquiredAtMs === null ? {} : { acquiredAtMs };
    return { acquisition: { pixelSizeNm, stagePx, ...acquired }, ifd, file };
  });
}

function readInto(draft: OmeDraft, { name, attributes, text }: XmlElement): void {
  const length = (key: string, unit: string): number =>
    Number(attributes.get(key) ?? NaN) * (nanometresOf(attributes.get(unit) ?? 'µm') ?? NaN);
  if (name === 'Pixels') draft.pixelSizeNm = plausiblePixelSize(length('PhysicalSizeX', 'PhysicalSizeXUnit'));
  if (name === 'Plane' && draft.stageNm === null) {
    const [x, y] = [length('PositionX', 'PositionXUnit'), length('PositionY', 'PositionYUnit')];
    if (Number.isFinite(x) && Number.isFinite(y)) draft.stageNm = { x, y };
  }
  if (name === 'AcquisitionDate') draft.acquiredAtMs = acquisitionTimeMs(text);
  if (name === 'TiffData' && draft.ifd === null) draft.ifd = ifdOf(attributes.get('IFD'));
  if (name === 'UUID' && draft.file === null) draft.file = attributes.get('FileName') ?? null;
  if (name === 'UUID' && draft.file === null && text.endsWith('.tif')) draft.file = text;
}

/** A damaged number counts as absent: the first. */
function ifdOf(text: string | undefined): number {
  const ifd = Number(text ?? 0);
  return Number.isSafeInteger(ifd) && ifd >= 0 ? ifd : 0;
}

/** The acquisition of page `ifd` of the file `name`: the image whose TiffData names them, else the only image. */
export function omeAcquisition(images: readonly OmeImage[], name: string, ifd: number): Acquisition {
  const base = name.slice(name.lastIndexOf('/') + 1);
  const own = images.filter(({ file }) => file === null || file === base);
  const starts = own.filter((image) => (image.ifd ?? 0) <= ifd);
  const found = starts.reduce<OmeImage | null>(
    (best, image) => (best === null || (image.ifd ?? 0) > (best.ifd ?? 0) ? image : best),
    null,
  );
  return (found ?? (images.length === 1 ? images[0] : null))?.acquisition ?? unknownAcquisition;
}

/** Positions of the files that a multi-file block names, full-resolution px. */
export function omePositions(images: readonly OmeImage[]): readonly FilePosition[] {
  const places = new Map<string, FilePosition>();
  for (const { file, acquisition } of images)
    if (file !== null && acquisition.stagePx !== null && !places.has(file))
      places.set(file, { file, ...acquisition.stagePx });
  return [...places.values()];
}
