import { crc32 } from './crc32.ts';
import { inflate } from './tiff/deflate.ts';

/** What a PNG's header says of its pixels. */
export interface PngLayout {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample. */
  readonly depth: number;
  /** Samples of a pixel. */
  readonly samples: number;
  readonly isInterlaced: boolean;
}

/** One reduced image of an interlaced PNG, or the whole of another: its pixel (i, j) is (x + i·dx, y + j·dy). */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly width: number;
  readonly height: number;
}

/** @see PNG Specification (Third Edition), section 8.1, Adam7 */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Bytes that the filtered rows of all passes have. */
export function pngRawBytes(layout: PngLayout): number {
  return passesOf(layout).reduce((sum, { width, height }) => sum + height * (1 + rowBytes(layout, width)), 0);
}

/**
 * The samples of a PNG, interleaved, one element each, as they are stored (not scaled). The bytes are a whole file; of
 * its chunks only IDAT is looked at, so that no other (a colour profile that unpacks to gigabytes) costs anything, and
 * no more is unpacked than the header promises.
 * @throws RangeError with the reason on damage and where data are missing
 */
export async function decodePngSamples(bytes: Uint8Array, layout: PngLayout): Promise<Uint8Array | Uint16Array> {
  const needed = pngRawBytes(layout);
  const raw = await inflate(imageData(bytes), needed);
  if (raw.length < needed) throw new RangeError(`its pixels have ${raw.length} of ${needed} bytes`);
  const length = layout.width * layout.height * layout.samples;
  const out = layout.depth === 16 ? new Uint16Array(length) : new Uint8Array(length);
  let at = 0;
  for (const pass of passesOf(layout)) {
    const row = rowBytes(layout, pass.width);
    unfilter(raw, at, pass.height, row, Math.max(1, (layout.depth * layout.samples) / 8));
    for (let j = 0; j < pass.height; j++) placeRow(raw, at + j * (row + 1) + 1, layout, pass, j, out);
    at += pass.height * (row + 1);
  }
  return out;
}

function rowBytes({ depth, samples }: PngLayout, width: number): number {
  return Math.ceil((width * depth * samples) / 8);
}

function passesOf({ width, height, isInterlaced }: PngLayout): readonly Pass[] {
  if (!isInterlaced) return [{ x: 0, y: 0, dx: 1, dy: 1, width, height }];
  return adam7
    .map(([x, y, dx, dy]) => ({
      x,
      y,
      dx,
      dy,
      width: Math.ceil((width - x) / dx),
      height: Math.ceil((height - y) / dy),
    }))
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

/** The bytes of all IDAT chunks, joined; their checksums must hold. */
function imageData(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const type = view.getUint32(at + 4);
    if (at + 12 + length > bytes.length) throw new RangeError('a chunk reaches past the end of the file');
    if (type === iend) break;
    if (type === idat) {
      if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length))
        throw new RangeError('the checksum of its pixels (IDAT) does not hold');
      parts.push(bytes.subarray(at + 8, at + 8 + length));
    }
    at += 12 + length;
  }
  if (parts.length === 1) return parts[0];
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

const idat = 0x49444154;
const iend = 0x49454e44;

/** Undoes the filters of `rows` rows in place, each led by its filter's number. @see PNG Specification, section 9 */
function unfilter(raw: Uint8Array, start: number, rows: number, row: number, pixel: number): void {
  for (let j = 0; j < rows; j++) {
    const at = start + j * (row + 1) + 1;
    // Before the first row of a pass lie zeros: `up` reads none of it then.
    const up = j === 0 ? -1 : at - row - 1;
    const filter = raw[at - 1];
    if (filter === 0) continue;
    if (filter === 1) for (let i = pixel; i < row; i++) raw[at + i] += raw[at + i - pixel];
    else if (filter === 2) {
      if (up >= 0) for (let i = 0; i < row; i++) raw[at + i] += raw[up + i];
    } else if (filter === 3) {
      for (let i = 0; i < row; i++) {
        const left = i < pixel ? 0 : raw[at + i - pixel];
        raw[at + i] += (left + (up < 0 ? 0 : raw[up + i])) >> 1;
      }
    } else if (filter === 4) {
      for (let i = 0; i < row; i++) raw[at + i] += paeth(raw, at + i, up < 0 ? -1 : up + i, i < pixel ? 0 : pixel);
    } else throw new RangeError(`row ${j + 1} has filter ${filter}, which there is not`);
  }
}

/** The neighbour (left, above, left above) that lies nearest to left + above − left above. */
function paeth(raw: Uint8Array, at: number, up: number, pixel: number): number {
  const left = pixel === 0 ? 0 : raw[at - pixel];
  const above = up < 0 ? 0 : raw[up];
  const corner = up < 0 || pixel === 0 ? 0 : raw[up - pixel];
  const guess = left + above - corner;
  const toLeft = Math.abs(guess - left);
  const toAbove = Math.abs(guess - above);
  const toCorner = Math.abs(guess - corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** Spreads the samples of row `j` of a pass over the image. */
function placeRow(
  raw: Uint8Array,
  from: number,
  { width, depth, samples }: PngLayout,
  pass: Pass,
  j: number,
  out: Uint8Array | Uint16Array,
): void {
  const to = (pass.y + j * pass.dy) * width * samples;
  const mask = (1 << depth) - 1;
  const perByte = 8 / depth;
  if (depth === 8 && pass.dx === 1) {
    out.set(raw.subarray(from, from + pass.width * samples), to);
    return;
  }
  for (let i = 0; i < pass.width; i++) {
    const at = to + (pass.x + i * pass.dx) * samples;
    if (depth < 8) out[at] = (raw[from + Math.floor(i / perByte)] >> (8 - depth * ((i % perByte) + 1))) & mask;
    else if (depth === 8) for (let c = 0; c < samples; c++) out[at + c] = raw[from + i * samples + c];
    else
      for (let c = 0; c < samples; c++) {
        const k = from + 2 * (i * samples + c);
        out[at + c] = (raw[k] << 8) | raw[k + 1];
      }
  }
}
