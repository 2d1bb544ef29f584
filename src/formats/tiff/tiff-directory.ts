import { readExactly } from '../byte-source.ts';
import { corruptImage, notAnImage, truncatedFile, unsupportedImage } from '../format-errors.ts';
import type { ByteSource } from '../image-file.ts';
import { maxPages, maxTagBytes, maxTagText, maxTagValues } from '../limits.ts';
import { fieldTypeBytes } from './tiff-tags.ts';

/** Byte order and offset size of a file. */
export interface TiffHeader {
  readonly littleEndian: boolean;
  readonly bigTiff: boolean;
  readonly firstDirectory: number;
}

interface TiffEntry {
  readonly type: number;
  readonly count: number;
  /** Where the values lie in the file, inline or not. */
  readonly offset: number;
}

/** One image file directory; values are read when asked for. */
export interface TiffDirectory {
  readonly littleEndian: boolean;
  has(tag: number): boolean;
  /**
   * Values of a numeric tag, rationals as quotients; null when the tag is absent.
   * @throws StitchError `truncated-file`
   */
  numbers(tag: number): Promise<Float64Array | null>;
  /** First value of a numeric tag, or `fallback` when absent. */
  number(tag: number, fallback: number): Promise<number>;
  /** Bytes of a tag as they lie in the file; null when absent. */
  bytes(tag: number): Promise<Uint8Array | null>;
  /** Text up to the first NUL: UTF-8 where valid, else Latin-1; null when absent or longer than any metadata. */
  text(tag: number): Promise<string | null>;
}

const maxEntries = 4096;
/**
 * Bytes of tags that are read in all: tables may be shared by pages, but a file that has every page point at the same
 * megabytes is a trap.
 */
const tagBytesPerFileByte = 16;
const freeTagBytes = 64 * 2 ** 20;

/**
 * Byte order, flavour and place of the first directory.
 * @throws StitchError `not-an-image`, `truncated-file`, `unsupported-image`
 */
export async function readTiffHeader(source: ByteSource): Promise<TiffHeader> {
  const head = await readExactly(source, 0, 8, 'TIFF header');
  const order = String.fromCharCode(head[0], head[1]);
  if (order !== 'II' && order !== 'MM') throw notAnImage(source.name, 'the file does not start like a TIFF');
  const littleEndian = order === 'II';
  const view = dataViewOf(head);
  const version = view.getUint16(2, littleEndian);
  if (version === 42) return { littleEndian, bigTiff: false, firstDirectory: view.getUint32(4, littleEndian) };
  if (version !== 43) throw notAnImage(source.name, `the file starts like a TIFF, but of version ${version}`);
  const big = dataViewOf(await readExactly(source, 0, 16, 'BigTIFF header'));
  if (big.getUint16(4, littleEndian) !== 8)
    throw unsupportedImage(source.name, `a BigTIFF with offsets of ${big.getUint16(4, littleEndian)} bytes`);
  return { littleEndian, bigTiff: true, firstDirectory: readUint64(big, 8, littleEndian) };
}

/**
 * All directories of the main chain, in file order.
 * @throws StitchError `truncated-file`
 */
export async function readTiffDirectories(source: ByteSource, header: TiffHeader): Promise<readonly TiffDirectory[]> {
  const directories: TiffDirectory[] = [];
  const seen = new Set<number>();
  const budget = { tagBytes: freeTagBytes + tagBytesPerFileByte * source.size };
  let entryBytes = 0;
  let offset = header.firstDirectory;
  if (offset === 0) throw truncatedFile(source.name, 'its directory was never written (an interrupted save)');
  while (offset !== 0) {
    if (seen.has(offset)) throw corruptImage(source.name, 'its chain of pages runs in a circle');
    if (seen.size >= maxPages) throw corruptImage(source.name, `it claims more than ${maxPages} pages`);
    seen.add(offset);
    const { directory, next, bytes } = await readDirectory(source, header, offset, directories.length, budget);
    entryBytes += bytes;
    if (entryBytes > source.size) throw corruptImage(source.name, 'its pages lie over one another');
    directories.push(directory);
    offset = next;
  }
  return directories;
}

async function readDirectory(
  source: ByteSource,
  header: TiffHeader,
  offset: number,
  page: number,
  budget: { tagBytes: number },
): Promise<{ readonly directory: TiffDirectory; readonly next: number; readonly bytes: number }> {
  const { littleEndian, bigTiff } = header;
  const what = `directory of page ${page + 1}`;
  const countBytes = bigTiff ? 8 : 2;
  const entryBytes = bigTiff ? 20 : 12;
  const nextBytes = bigTiff ? 8 : 4;
  const head = dataViewOf(await readExactly(source, offset, countBytes, what));
  const count = bigTiff ? readUint64(head, 0, littleEndian) : head.getUint16(0, littleEndian);
  if (count === 0 || count > maxEntries) throw corruptImage(source.name, `its ${what} claims ${count} entries`);
  const start = offset + countBytes;
  const view = dataViewOf(await readExactly(source, start, count * entryBytes + nextBytes, what));
  const entries = new Map<number, TiffEntry>();
  for (let i = 0; i < count; i++) {
    const at = i * entryBytes;
    const type = view.getUint16(at + 2, littleEndian);
    const values = bigTiff ? readUint64(view, at + 4, littleEndian) : view.getUint32(at + 4, littleEndian);
    const valueAt = at + (bigTiff ? 12 : 8);
    const isInline = (fieldTypeBytes[type] ?? 0) * values <= (bigTiff ? 8 : 4);
    const pointer =
      bigTiff && !isInline ? readUint64(view, valueAt, littleEndian) : view.getUint32(valueAt, littleEndian);
    const entry = { type, count: values, offset: isInline ? start + valueAt : pointer };
    entries.set(view.getUint16(at, littleEndian), entry);
  }
  const nextAt = count * entryBytes;
  const next = bigTiff ? readUint64(view, nextAt, littleEndian) : view.getUint32(nextAt, littleEndian);
  return { directory: directoryOf(source, littleEndian, entries, budget), next, bytes: count * entryBytes };
}

function directoryOf(
  source: ByteSource,
  littleEndian: boolean,
  entries: ReadonlyMap<number, TiffEntry>,
  budget: { tagBytes: number },
): TiffDirectory {
  const valueOf = async (tag: number, { type, count, offset }: TiffEntry): Promise<Uint8Array> => {
    const length = (fieldTypeBytes[type] ?? 0) * count;
    if (length > maxTagBytes) throw corruptImage(source.name, `its tag ${tag} claims ${length} bytes`);
    budget.tagBytes -= length;
    if (budget.tagBytes < 0) throw corruptImage(source.name, 'its pages share more metadata than there are');
    return readExactly(source, offset, length, `tag ${tag}`);
  };
  const numbers = async (tag: number): Promise<Float64Array | null> => {
    const entry = entries.get(tag);
    if (entry === undefined) return null;
    const { type, count } = entry;
    if (count > maxTagValues) throw corruptImage(source.name, `its tag ${tag} claims ${count} values`);
    return decodeNumbers(await valueOf(tag, entry), type, count, littleEndian);
  };
  return {
    littleEndian,
    has: (tag) => entries.has(tag),
    bytes: async (tag) => {
      const entry = entries.get(tag);
      return entry === undefined ? null : valueOf(tag, entry);
    },
    numbers,
    number: async (tag, fallback) => (await numbers(tag))?.at(0) ?? fallback,
    text: async (tag) => {
      const entry = entries.get(tag);
      return entry === undefined || entry.count > maxTagText ? null : decodeText(await valueOf(tag, entry));
    },
  };
}

/** Field values as doubles; 64-bit integers above 2⁵³ lose digits, which no offset in a real file reaches. */
function decodeNumbers(bytes: Uint8Array, type: number, count: number, littleEndian: boolean): Float64Array {
  const view = dataViewOf(bytes);
  const size = fieldTypeBytes[type] ?? 0;
  const values = new Float64Array(size === 0 ? 0 : count);
  for (let i = 0; i < values.length; i++) values[i] = decodeNumber(view, i * size, type, littleEndian);
  return values;
}

function decodeNumber(view: DataView, at: number, type: number, littleEndian: boolean): number {
  switch (type) {
    case 3:
      return view.getUint16(at, littleEndian);
    case 4:
    case 13:
      return view.getUint32(at, littleEndian);
    case 5:
      return view.getUint32(at, littleEndian) / view.getUint32(at + 4, littleEndian);
    case 6:
      return view.getInt8(at);
    case 8:
      return view.getInt16(at, littleEndian);
    case 9:
      return view.getInt32(at, littleEndian);
    case 10:
      return view.getInt32(at, littleEndian) / view.getInt32(at + 4, littleEndian);
    case 11:
      return view.getFloat32(at, littleEndian);
    case 12:
      return view.getFloat64(at, littleEndian);
    case 16:
    case 18:
      return readUint64(view, at, littleEndian);
    case 17:
      return Number(view.getBigInt64(at, littleEndian));
    default:
      return view.getUint8(at);
  }
}

function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const text = end < 0 ? bytes : bytes.subarray(0, end);
  const utf8 = new TextDecoder('utf-8').decode(text);
  // U+FFFD marks bytes that were not UTF-8: vendors write µ in Latin-1.
  return utf8.includes('\uFFFD') ? new TextDecoder('windows-1252').decode(text) : utf8;
}

function readUint64(view: DataView, at: number, littleEndian: boolean): number {
  return Number(view.getBigUint64(at, littleEndian));
}

function dataViewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
