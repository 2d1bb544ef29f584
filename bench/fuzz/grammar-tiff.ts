import { deflateSync } from 'node:zlib';
import type { Draw } from './draw.ts';
import { joined } from './havoc.ts';

/** A tag of a directory; `raw` are its values as they lie in the file. */
interface Field {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  readonly raw: Uint8Array;
}

interface Flavour {
  readonly littleEndian: boolean;
  readonly bigTiff: boolean;
}

const typeBytes: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 11: 4, 12: 8, 13: 4, 16: 8 };
const texts = [
  'ImageJ=1.53t\nimages=3\nunit=\\u00B5m\n',
  '<?xml version="1.0"?><OME><Image ID="Image:0"><Pixels PhysicalSizeX="0.004" SizeX="8" SizeY="8"><TiffData IFD="0"/><Plane PositionX="10" PositionY="-3"/></Pixels></Image></OME>',
  '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]><OME><Image><Pixels PhysicalSizeX="&b;"/></Image></OME>',
  '[Scan]\nPixelWidth=4e-9\n[Stage]\nStageX=1e-3\nStageY=-2e-3\n',
  '0\n0\n0\n4e-9\nAP_IMAGE_PIXEL_SIZE\nImage Pixel Size = 4.000 nm\n',
  '<Fibics><Scan><Ux>0.004</Ux><Uy>0</Uy></Scan><Stage><X>1</X><Y>NaN</Y></Stage></Fibics>',
  '2026:11:22 18:03:59',
  '',
];

/** A TIFF or BigTIFF that is mostly valid, with the cruelties that no encoder writes mixed in. */
export function drawTiff(draw: Draw): Uint8Array {
  const flavour = { littleEndian: draw.chance(0.6), bigTiff: draw.chance(0.3) };
  const pages = draw.chance(0.85) ? 1 : draw.int(1, 5);
  const parts: Uint8Array[] = [];
  let at = flavour.bigTiff ? 16 : 8;
  const place = (bytes: Uint8Array): number => {
    const where = at;
    const padded = bytes.length % 2 === 0 ? bytes : joined([bytes, new Uint8Array(1)]);
    parts.push(padded);
    at += padded.length;
    return where;
  };
  const offsets: number[] = [];
  for (let page = 0; page < pages; page++)
    offsets.push(placeDirectory(draw, flavour, drawPage(draw, flavour, place), place));
  const links = offsets.map(
    (_, page) => offsets[page + 1] ?? (draw.chance(0.03) ? draw.pick([...offsets, 9, draw.odd()]) : 0),
  );
  const file = joined([headerOf(draw, flavour, offsets[0]), ...parts]);
  for (const [page, offset] of offsets.entries()) linkDirectory(file, flavour, offset, links[page]);
  return draw.chance(0.05) ? file.subarray(0, draw.int(0, file.length)) : file;
}

function headerOf(draw: Draw, { littleEndian, bigTiff }: Flavour, first: number): Uint8Array {
  const head = new Uint8Array(bigTiff ? 16 : 8);
  const view = new DataView(head.buffer);
  head.fill(littleEndian ? 0x49 : 0x4d, 0, 2);
  view.setUint16(2, bigTiff ? 43 : 42, littleEndian);
  if (bigTiff) {
    view.setUint16(4, draw.chance(0.99) ? 8 : draw.odd(), littleEndian);
    view.setBigUint64(8, BigInt(first), littleEndian);
  } else view.setUint32(4, first, littleEndian);
  return head;
}

function drawPage(draw: Draw, flavour: Flavour, place: (bytes: Uint8Array) => number): Field[] {
  const [width, height] = draw.chance(0.94) ? [draw.int(1, 40), draw.int(1, 40)] : [draw.odd(), draw.odd()];
  const bits = draw.chance(0.9) ? draw.pick([8, 8, 8, 16, 16, 32, 64]) : draw.pick([1, 2, 4, 12, 24, 0, 7, 128, 65535]);
  const format = bits >= 32 && draw.chance(0.6) ? 3 : draw.chance(0.85) ? 1 : draw.pick([2, 3, 4, 5, 6, 0, 99]);
  const samples = draw.chance(0.7) ? 1 : draw.chance(0.95) ? draw.pick([2, 3, 3, 4, 5]) : draw.odd();
  const isPlanar = samples > 1 && draw.chance(0.3);
  const isTiled = draw.chance(0.4);
  const [tileWidth, tileHeight] = draw.chance(0.95)
    ? [draw.pick([16, 32, 8]), draw.pick([16, 32, 5])]
    : [draw.odd(), draw.odd()];
  const rows = draw.chance(0.95) ? draw.int(1, 41) : draw.odd();
  const segmentWidth = isTiled ? tileWidth : width;
  const segmentHeight = isTiled ? tileHeight : Math.max(1, Math.min(rows, height));
  const planes = isPlanar ? samples : 1;
  const count = Math.ceil(width / segmentWidth) * Math.ceil(height / segmentHeight) * planes;
  const codec = draw.chance(0.98) ? draw.pick([1, 1, 5, 7, 8, 8, 32773, 32946, 50000, 34926]) : draw.odd();
  const rowBytes = Math.ceil((segmentWidth * bits * (isPlanar ? 1 : samples)) / 8);
  const listed = Number.isFinite(count) ? Math.min(count, draw.chance(0.97) ? 600 : 12000) : 1;
  const shared = listed > 40 || draw.chance(0.05);
  const offsets: number[] = [];
  const counts: number[] = [];
  for (let i = 0; i < listed; i++) {
    if (shared && i > 0) {
      offsets.push(offsets[0]);
      counts.push(counts[0]);
      continue;
    }
    const data = encodeSegment(draw, codec, Math.min(rowBytes * segmentHeight, 8192));
    offsets.push(place(data));
    counts.push(draw.chance(0.995) ? data.length : draw.odd());
  }
  const usual = samples >= 3 ? [2, 2, 6, 1] : [1, 1, 1, 0, 3];
  const photometric = draw.chance(0.95) ? draw.pick(usual) : draw.odd();
  const wide = flavour.bigTiff && draw.chance(0.5) ? 16 : 4;
  const number = (tag: number, values: readonly number[], type = draw.pick([3, 4])): Field =>
    numbersField(flavour, tag, values, values.some((v) => v > 65535) && type === 3 ? 4 : type);
  const fields = [
    number(256, [width]),
    number(257, [height]),
    number(
      258,
      Array.from({ length: Math.min(samples, 64) }, (_, i) => (i > 0 && draw.chance(0.01) ? draw.odd() : bits)),
      3,
    ),
    number(259, [codec]),
    number(262, [photometric]),
    number(277, [samples]),
    number(isTiled ? 324 : 273, offsets, wide),
    number(isTiled ? 325 : 279, counts, draw.pick([4, wide])),
    number(
      339,
      Array.from({ length: Math.min(samples, 64) }, () => format),
      3,
    ),
  ];
  if (isTiled) fields.push(number(322, [tileWidth]), number(323, [tileHeight]));
  else fields.push(number(278, [rows]));
  if (samples > 1) fields.push(number(284, [isPlanar ? 2 : draw.chance(0.98) ? 1 : draw.odd()]));
  if (draw.chance(0.3)) fields.push(number(317, [draw.chance(0.9) ? draw.pick([1, 2, 2, 3]) : draw.odd()]));
  if (draw.chance(0.1)) fields.push(number(266, [draw.pick([1, 2, 2, 3])]));
  if (draw.chance(0.1)) fields.push(number(254, [draw.pick([0, 1, 2, 4])]));
  if (photometric === 3 && draw.chance(0.9))
    fields.push(
      number(
        320,
        Array.from({ length: 3 * 2 ** Math.min(bits, 8) }, (_, i) => (i * 257) % 65536),
        3,
      ),
    );
  if (codec === 7 && draw.chance(0.3)) fields.push(bytesField(347, 7, draw.bytes(draw.int(0, 40))));
  if (draw.chance(0.3)) fields.push(textField(draw, draw.pick([270, 34118, 34680, 34682, 51023, 306, 305])));
  if (draw.chance(0.1)) fields.push(number(330, [draw.odd(), draw.odd()], 13));
  if (draw.chance(0.2)) fields.push(...resolution(draw, flavour));
  if (draw.chance(0.1))
    fields.push(number(draw.pick([256, 257, 258, 277, 278, 317, 322]), [draw.odd()], draw.pick([1, 3, 4, 11, 12])));
  return draw.chance(0.05) ? fields.filter(() => draw.chance(0.9)) : fields;
}

function resolution(draw: Draw, flavour: Flavour): Field[] {
  const pair = () => [draw.odd(), draw.odd()];
  return [
    { ...numbersField(flavour, 282, pair(), 4), type: 5, count: 1 },
    { ...numbersField(flavour, 283, pair(), 4), type: 5, count: 1 },
    numbersField(flavour, 296, [draw.pick([1, 2, 3, 9])], 3),
  ];
}

function textField(draw: Draw, tag: number): Field {
  const text = draw.pick(texts);
  const long = draw.chance(0.02)
    ? text + draw.pick(['<', 'a', '=', '"', '&', '\n', ' ']).repeat(draw.int(1, 20000))
    : text;
  return bytesField(tag, 2, new TextEncoder().encode(`${long}\0`));
}

/** A strip's or tile's bytes in a codec: of random and of even pixels, and bombs that hold far more than asked for. */
function encodeSegment(draw: Draw, codec: number, size: number): Uint8Array {
  const bytes = draw.chance(0.02)
    ? size * draw.pick([64, 1000])
    : Math.max(0, size + (draw.chance(0.05) ? draw.int(-8, 9) : 0));
  const raw = new Uint8Array(Math.min(Math.max(bytes, 1), 2 ** 22)).fill(draw.int(0, 256));
  if (draw.chance(0.8)) raw.set(draw.bytes(Math.min(raw.length, 64)));
  if (codec === 8 || codec === 32946) return deflateSync(raw, { level: draw.pick([1, 6]) });
  if (codec === 50000 || codec === 34926) return zstdRuns(draw, raw);
  if (codec === 32773) return packBits(raw);
  if (codec === 5) return lzwLiterals(raw.subarray(0, 16384));
  return raw.subarray(0, 16384);
}

/** A zstd frame of raw and run-length blocks, its header in every shape the format has. @see RFC 8878, 3.1.1 */
function zstdRuns(draw: Draw, raw: Uint8Array): Uint8Array {
  const isSingle = draw.chance(0.6);
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < raw.length;) {
    const length = Math.min(raw.length - at, at === 0 ? 64 : 131072);
    const isRun = at > 0;
    const isLast = at + length >= raw.length;
    const word = (length << 3) | (isRun ? 2 : 0) | (isLast ? 1 : 0);
    blocks.push(Uint8Array.of(word & 255, (word >> 8) & 255, word >> 16));
    blocks.push(isRun ? raw.subarray(at, at + 1) : raw.subarray(at, at + length));
    at += length;
  }
  const stated = draw.chance(0.97) ? raw.length : draw.odd();
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, stated, true);
  const head = isSingle
    ? joined([Uint8Array.of(0xa0), size])
    : joined([
        Uint8Array.of(draw.chance(0.5) ? 0x80 : 0),
        Uint8Array.of(draw.chance(0.9) ? draw.int(0, 100) : draw.int(0, 256)),
      ]);
  const stating = !isSingle && head[0] === 0x80 ? size : new Uint8Array(0);
  const tail = draw.chance(0.05) ? draw.bytes(20) : new Uint8Array(0);
  return joined([Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd), head, stating, ...blocks, tail]);
}

function packBits(raw: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let at = 0; at < raw.length && out.length < 16384;) {
    let run = 1;
    while (run < 128 && at + run < raw.length && raw[at + run] === raw[at]) run++;
    if (run > 1) out.push(257 - run, raw[at]);
    else out.push(0, raw[at]);
    at += run;
  }
  return Uint8Array.from(out);
}

/** LZW that says every byte as itself and clears its table before it grows: valid, and simple to write. */
function lzwLiterals(raw: Uint8Array): Uint8Array {
  const out: number[] = [];
  let bits = 0;
  let held = 0;
  const put = (code: number): void => {
    held = (held << 9) | code;
    bits += 9;
    while (bits >= 8) {
      bits -= 8;
      out.push((held >> bits) & 255);
      held &= (1 << bits) - 1;
    }
  };
  for (const [i, byte] of raw.entries()) {
    if (i % 200 === 0) put(256);
    put(byte);
  }
  put(257);
  if (bits > 0) out.push((held << (8 - bits)) & 255);
  return Uint8Array.from(out);
}

function bytesField(tag: number, type: number, raw: Uint8Array): Field {
  return { tag, type, count: raw.length, raw };
}

function numbersField({ littleEndian }: Flavour, tag: number, values: readonly number[], type: number): Field {
  const size = typeBytes[type];
  const raw = new Uint8Array(size * values.length);
  const view = new DataView(raw.buffer);
  for (const [i, value] of values.entries()) {
    const at = i * size;
    if (type === 3) view.setUint16(at, value, littleEndian);
    else if (type === 11) view.setFloat32(at, value, littleEndian);
    else if (type === 12) view.setFloat64(at, value, littleEndian);
    else if (type === 16) view.setBigUint64(at, BigInt(value), littleEndian);
    else if (type === 1) view.setUint8(at, value);
    else view.setUint32(at, value, littleEndian);
  }
  return { tag, type, count: values.length, raw };
}

function placeDirectory(
  draw: Draw,
  flavour: Flavour,
  fields: readonly Field[],
  place: (bytes: Uint8Array) => number,
): number {
  const { littleEndian, bigTiff } = flavour;
  const sorted = [...fields].sort((p, q) => p.tag - q.tag);
  const [entryBytes, headBytes, inline] = bigTiff ? [20, 8, 8] : [12, 2, 4];
  const pointers = sorted.map(({ raw }) => (raw.length > inline ? place(raw) : -1));
  const directory = new Uint8Array(headBytes + sorted.length * entryBytes + (bigTiff ? 8 : 4));
  const view = new DataView(directory.buffer);
  const put = (at: number, value: number): void => {
    if (bigTiff) view.setBigUint64(at, BigInt(value), littleEndian);
    else view.setUint32(at, value, littleEndian);
  };
  if (bigTiff) put(0, sorted.length);
  else view.setUint16(0, sorted.length, littleEndian);
  for (const [i, { tag, type, count, raw }] of sorted.entries()) {
    const at = headBytes + i * entryBytes;
    view.setUint16(at, tag, littleEndian);
    view.setUint16(at + 2, type, littleEndian);
    put(at + 4, draw.chance(0.998) ? count : draw.odd());
    const valueAt = at + (bigTiff ? 12 : 8);
    if (pointers[i] < 0) directory.set(raw, valueAt);
    else put(valueAt, draw.chance(0.998) ? pointers[i] : draw.odd());
  }
  return place(directory);
}

function linkDirectory(file: Uint8Array, { littleEndian, bigTiff }: Flavour, offset: number, next: number): void {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (bigTiff) {
    const at = offset + 8 + 20 * Number(view.getBigUint64(offset, littleEndian));
    view.setBigUint64(at, BigInt(next), littleEndian);
  } else view.setUint32(offset + 2 + 12 * view.getUint16(offset, littleEndian), next, littleEndian);
}
