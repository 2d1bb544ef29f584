import { StitchError } from '../../src/core/errors.ts';
import type { Rect } from '../../src/core/geometry/rect.ts';
import { silentContext } from '../../src/core/progress.ts';
import { bytesPerSample, cropRaster } from '../../src/core/raster/raster.ts';
import type { Raster } from '../../src/core/raster/raster.ts';
import type { ImageFile, ImageInfo } from '../../src/formats/image-file.ts';
import type { Draw } from './draw.ts';

/** Pages above this are read in parts, as the app reads them. */
const wholePageBytes = 16 * 2 ** 20;
const pagesTried = 3;
const partSide = 200;
const { signal } = silentContext;

/** Something that a reader gave and must not give; the message says what. */
export class WrongValue extends Error {}

/** @throws WrongValue unless `isTrue` */
export function demand(isTrue: boolean, what: string): void {
  if (!isTrue) throw new WrongValue(what);
}

/**
 * Reads pixels of an opened image, whole and in part, and checks what it promised.
 * @returns what sort of image it was, for telling interesting inputs from dull ones
 * @throws WrongValue; what the reader throws
 */
export async function checkImage(image: ImageFile, draw: Draw): Promise<string> {
  demand(image.pages.length > 0, 'an image of no pages');
  for (const info of image.pages) checkInfo(info);
  for (const { x, y } of image.positions ?? [])
    demand(Number.isFinite(x) && Number.isFinite(y), 'a position that is no number');
  for (const [page, info] of image.pages.slice(0, pagesTried).entries()) await checkPixels(image, page, info, draw);
  const { channels, sampleType, notes } = image.pages[0];
  return `${image.format} ${channels} ${sampleType} ${Math.min(image.pages.length, 3)} ${notes.length}`;
}

function checkInfo({ size, channels, pixelSizeNm, stagePx, acquiredAtMs, notes }: ImageInfo): void {
  demand(
    [size.width, size.height].every((side) => Number.isInteger(side) && side > 0),
    `a size of ${size.width} × ${size.height}`,
  );
  demand(channels === 1 || channels === 3, `${String(channels)} channels`);
  demand(
    pixelSizeNm === null || (Number.isFinite(pixelSizeNm) && pixelSizeNm > 0),
    `a pixel size of ${pixelSizeNm} nm`,
  );
  demand(
    stagePx === null || (Number.isFinite(stagePx.x) && Number.isFinite(stagePx.y)),
    'a stage position that is no number',
  );
  demand(acquiredAtMs === undefined || Number.isFinite(acquiredAtMs), 'a time that is no number');
  demand(
    notes.every((note) => typeof note === 'string'),
    'a note that is no text',
  );
}

async function checkPixels(image: ImageFile, page: number, info: ImageInfo, draw: Draw): Promise<void> {
  const { width, height } = info.size;
  const bytes = width * height * info.channels * bytesPerSample[info.sampleType];
  if (bytes > wholePageBytes) {
    if (draw.chance(0.3)) await refuses(() => image.readRegion(page, undefined, signal), bytes);
    checkRasters(await image.readRegion(page, middleOf(info), signal), info, middleOf(info));
    return;
  }
  const whole = await image.readRegion(page, undefined, signal);
  checkRasters(whole, info, { x: 0, y: 0, width, height });
  if (!draw.chance(0.25)) return;
  const x = draw.int(0, width);
  const y = draw.int(0, height);
  const part = { x, y, width: draw.int(1, width - x + 1), height: draw.int(1, height - y + 1) };
  const rasters = await image.readRegion(page, part, signal);
  checkRasters(rasters, info, part);
  for (const [c, raster] of rasters.entries())
    demand(isSame(raster, cropRaster(whole[c], part)), `a part ${JSON.stringify(part)} that is not that of the whole`);
}

/** A page that would not fit into memory may be refused, and must not be tried. */
async function refuses(read: () => Promise<readonly Raster[]>, bytes: number): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (error instanceof StitchError) return;
    throw error;
  }
  demand(bytes <= 2 ** 30, `${bytes} bytes of pixels at once`);
}

function middleOf({ size: { width, height } }: ImageInfo): Rect {
  const [x, y] = [Math.floor(width / 2), Math.floor(height / 2)];
  return { x, y, width: Math.min(partSide, width - x), height: Math.min(partSide, height - y) };
}

function checkRasters(rasters: readonly Raster[], info: ImageInfo, { width, height }: Rect): void {
  demand(rasters.length === info.channels, `${rasters.length} rasters of ${info.channels} channels`);
  for (const raster of rasters) {
    demand(
      raster.width === width && raster.height === height,
      `a raster of ${raster.width} × ${raster.height} for ${width} × ${height}`,
    );
    demand(raster.data.length === width * height, `${raster.data.length} samples for ${width} × ${height}`);
    demand(typeOf(raster) === info.sampleType, `${typeOf(raster)} samples for ${info.sampleType}`);
  }
}

function typeOf({ data }: Raster): string {
  return data.constructor.name.replace('Array', '').toLowerCase();
}

function isSame(p: Raster, q: Raster): boolean {
  return p.data.every((value, i) => Object.is(value, q.data[i]));
}
