import type { Rect } from '../../core/geometry/rect.ts';
import { intersectRects } from '../../core/geometry/rect.ts';
import type { CancelSignal } from '../../core/progress.ts';
import { allocateSamples } from '../../core/raster/raster.ts';
import type { Raster, Samples } from '../../core/raster/raster.ts';
import { readExactly } from '../byte-source.ts';
import { tooLarge, unsupportedImage } from '../format-errors.ts';
import type { ByteSource } from '../image-file.ts';
import { maxSegmentsAtOnce } from '../limits.ts';
import { rowsInSegment, segmentRowBytes } from './tiff-page.ts';
import type { TiffPage } from './tiff-page.ts';
import { decodeSegment } from './tiff-segments.ts';
import type { StoredSamples } from './tiff-segments.ts';
import { tiffCompression } from './tiff-tags.ts';

/** A run of bytes of one strip or tile and the pixels of the page that they hold. */
interface SegmentRead {
  readonly index: number;
  /** Plane of a planar page, 0 otherwise. */
  readonly plane: number;
  readonly offset: number;
  readonly length: number;
  /** Place of the decoded rows in the page; may reach past its right and lower edge. */
  readonly area: Rect;
}

/** Bytes fetched at once: large enough for a disk, small enough for a tab. */
const groupBytes = 8 * 2 ** 20;
/** Gaps up to this are read through: one read is cheaper than two. */
const gapBytes = 16384;
/** Strips or tiles decoded at the same time. */
const decodeWidth = 8;

/**
 * Samples of a region, one raster a channel; only the strips and tiles that touch it are read (of an uncompressed one,
 * only the rows).
 * @throws StitchError `truncated-file`, `unsupported-image`, `unreadable-file`; an abort is rethrown
 */
export async function readTiffRegion(
  source: ByteSource,
  page: TiffPage,
  region: Rect,
  signal: CancelSignal,
): Promise<readonly Raster[]> {
  signal.throwIfAborted();
  const { width, height } = region;
  const groups = groupReads(planReads(source.name, page, region));
  const rasters = Array.from({ length: page.channels }, () => ({
    data: allocateSamples(page.sampleType, width * height),
    width,
    height,
  }));
  let pending = fetchGroup(source, page, groups[0]);
  for (let g = 0; g < groups.length; g++) {
    const bytes = await pending;
    if (g + 1 < groups.length) {
      pending = fetchGroup(source, page, groups[g + 1]);
      // Awaited in the next round; until then a failure must not count as unhandled.
      pending.catch(() => undefined);
    }
    const start = groups[g][0].offset;
    for (let first = 0; first < groups[g].length; first += decodeWidth) {
      signal.throwIfAborted();
      const batch = groups[g].slice(first, first + decodeWidth);
      await Promise.all(
        batch.map(async (read) => {
          const at = read.offset - start;
          const name = { file: source.name, segment: nameOf(page, read.index) };
          const stored = await decodeSegment(page, bytes.subarray(at, at + read.length), read.area.height, name);
          copySegment(source.name, page, stored, read, region, rasters);
        }),
      );
    }
  }
  signal.throwIfAborted();
  return rasters;
}

function nameOf(page: TiffPage, index: number): string {
  return `${page.isTiled ? 'tile' : 'strip'} ${index + 1} of ${page.offsets.length}`;
}

function planReads(file: string, page: TiffPage, region: Rect): SegmentRead[] {
  const { segmentWidth, segmentHeight, segmentsAcross, segmentsDown } = page;
  const reads: SegmentRead[] = [];
  // Of a palette page only the first plane holds indices.
  const planes = page.isChunky || page.mapping.kind === 'palette' ? 1 : page.channels;
  const lastDown = Math.floor((region.y + region.height - 1) / segmentHeight);
  const lastAcross = Math.floor((region.x + region.width - 1) / segmentWidth);
  const touched =
    planes *
    (lastDown - Math.floor(region.y / segmentHeight) + 1) *
    (lastAcross - Math.floor(region.x / segmentWidth) + 1);
  if (touched > maxSegmentsAtOnce)
    throw tooLarge(file, `${touched} strips or tiles are to be read at once`, 'Save the image in larger tiles');
  for (let plane = 0; plane < planes; plane++) {
    for (let down = Math.floor(region.y / segmentHeight); down <= lastDown; down++) {
      for (let across = Math.floor(region.x / segmentWidth); across <= lastAcross; across++) {
        const index = (plane * segmentsDown + down) * segmentsAcross + across;
        const area = {
          x: across * segmentWidth,
          y: down * segmentHeight,
          width: segmentWidth,
          height: rowsInSegment(page, down),
        };
        const whole = { index, plane, offset: page.offsets[index], length: page.byteCounts[index], area };
        if (page.compression === tiffCompression.none)
          for (const run of rowsOfRaw(page, whole, region)) reads.push(run);
        else reads.push(whole);
      }
    }
  }
  return reads.sort((a, b) => a.offset - b.offset);
}

/** Of an uncompressed strip or tile: only the rows asked for, in runs of bounded size. */
function rowsOfRaw(page: TiffPage, read: SegmentRead, region: Rect): SegmentRead[] {
  const rowBytes = segmentRowBytes(page);
  const rowsAtOnce = Math.max(1, Math.floor(groupBytes / rowBytes));
  const runs: SegmentRead[] = [];
  const end = Math.min(region.y + region.height, read.area.y + read.area.height);
  for (let y = Math.max(region.y, read.area.y); y < end; y += rowsAtOnce) {
    const height = Math.min(rowsAtOnce, end - y);
    const offset = read.offset + (y - read.area.y) * rowBytes;
    runs.push({ ...read, offset, length: height * rowBytes, area: { ...read.area, y, height } });
  }
  return runs;
}

function groupReads(reads: readonly SegmentRead[]): readonly (readonly SegmentRead[])[] {
  const groups: SegmentRead[][] = [];
  let start = 0;
  let end = 0;
  for (const read of reads) {
    const isNear =
      groups.length > 0 && read.offset <= end + gapBytes && read.offset + read.length - start <= groupBytes;
    if (isNear) groups[groups.length - 1].push(read);
    else {
      groups.push([read]);
      start = read.offset;
      end = start;
    }
    end = Math.max(end, read.offset + read.length);
  }
  return groups;
}

function fetchGroup(source: ByteSource, page: TiffPage, group: readonly SegmentRead[]): Promise<Uint8Array> {
  const start = group[0].offset;
  const end = group.reduce((last, read) => Math.max(last, read.offset + read.length), 0);
  return readExactly(source, start, end - start, nameOf(page, group[0].index));
}

function copySegment(
  file: string,
  page: TiffPage,
  stored: StoredSamples,
  read: SegmentRead,
  region: Rect,
  rasters: readonly Raster[],
): void {
  const common = intersectRects(read.area, region);
  if (common === null) return;
  const stride = page.isChunky ? page.samplesPerPixel : 1;
  const isPalette = page.mapping.kind === 'palette';
  for (let j = common.y; j < common.y + common.height; j++) {
    const from = ((j - read.area.y) * page.segmentWidth + (common.x - read.area.x)) * stride;
    const to = (j - region.y) * region.width + (common.x - region.x);
    for (let c = 0; c < rasters.length; c++) {
      if (!page.isChunky && !isPalette && c !== read.plane) continue;
      const offset = page.isChunky && !isPalette ? c : 0;
      copyRow(file, page, stored, from + offset, stride, rasters[c].data, to, common.width, c);
    }
  }
}

function copyRow(
  file: string,
  page: TiffPage,
  stored: StoredSamples,
  from: number,
  stride: number,
  target: Samples,
  to: number,
  count: number,
  channel: number,
): void {
  const { mapping } = page;
  if (mapping.kind === 'palette') {
    const table = mapping.tables[channel];
    for (let i = 0; i < count; i++) target[to + i] = table[stored[from + i * stride]];
  } else if (mapping.kind === 'inverted') {
    const max = target instanceof Uint8Array ? 255 : 65535;
    for (let i = 0; i < count; i++) target[to + i] = max - stored[from + i * stride];
  } else if (stride === 1 && stored.constructor === target.constructor) {
    target.set(stored.subarray(from, from + count), to);
  } else {
    for (let i = 0; i < count; i++) target[to + i] = stored[from + i * stride];
    if (target instanceof Float32Array && !(stored instanceof Float32Array))
      checkExact(file, page, stored, from, stride, target, to, count);
  }
}

/** Nothing is rounded silently: wide integers and doubles must fit a 32-bit float exactly. */
function checkExact(
  file: string,
  page: TiffPage,
  stored: StoredSamples,
  from: number,
  stride: number,
  target: Float32Array,
  to: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const value = stored[from + i * stride];
    if (target[to + i] !== value && !Number.isNaN(value))
      throw unsupportedImage(
        file,
        `a TIFF of ${page.storedType} samples whose value ${value} does not fit a 32-bit float exactly`,
        'Convert it to 16-bit or 32-bit float and drop it again',
      );
  }
}
