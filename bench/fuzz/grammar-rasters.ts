import { crc32, deflateSync } from 'node:zlib';
import type { Draw } from './draw.ts';
import { joined } from './havoc.ts';

const latin = new TextEncoder();

/** A PNG of any colour type, interlaced or not, with odd chunks; checksums hold, so that damage lies deeper. */
export function drawPng(draw: Draw): Uint8Array {
  const [width, height] = draw.chance(0.93) ? [draw.int(1, 30), draw.int(1, 30)] : [draw.odd(), draw.odd()];
  const [colour, depths] = draw.pick([
    [0, [1, 2, 4, 8, 16]],
    [2, [8, 16]],
    [3, [1, 2, 4, 8]],
    [4, [8, 16]],
    [6, [8, 16]],
    [draw.int(0, 8), [1, 3, 8, 16, 99]],
  ] as const);
  const depth = draw.pick<number>(depths);
  const interlace = draw.chance(0.75) ? 0 : draw.pick([1, 1, 1, 2]);
  const head = new Uint8Array(13);
  const view = new DataView(head.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  head.set([depth, colour, draw.chance(0.99) ? 0 : 1, draw.chance(0.99) ? 0 : 64, interlace], 8);
  const samples = [1, 1, 3, 1, 2, 1, 4, 1][colour];
  const rows = (w: number, h: number): Uint8Array => {
    const stride = 1 + Math.ceil((w * depth * samples) / 8);
    const raw = new Uint8Array(Math.min(stride * h, 2 ** 20));
    raw.set(draw.bytes(Math.min(raw.length, 200)));
    for (let at = 0; at < raw.length; at += stride) raw[at] = draw.chance(0.995) ? draw.int(0, 5) : draw.int(0, 256);
    return raw;
  };
  const pixels = interlace === 0 ? rows(width, height) : joined(adam7(width, height).map(([w, h]) => rows(w, h)));
  const short = draw.chance(0.05) ? pixels.subarray(0, draw.int(0, pixels.length + 1)) : pixels;
  const raw = draw.chance(0.03) ? joined([short, new Uint8Array(draw.pick([1, 1000, 2 ** 22]))]) : short;
  const packed = deflateSync(raw, { level: draw.pick([0, 6]) });
  const cuts = draw.chance(0.7) ? [packed] : [packed.subarray(0, 7), packed.subarray(7)];
  const chunks = [
    chunk('IHDR', head),
    ...(colour === 3 || draw.chance(0.1) ? [chunk('PLTE', draw.bytes(3 * draw.int(0, 257)))] : []),
    ...Array.from({ length: draw.pick([0, 0, 0, 1, 2]) }, () => extraChunk(draw)),
    ...cuts.map((cut) => chunk('IDAT', cut)),
    ...(draw.chance(0.1) ? [extraChunk(draw)] : []),
    ...(draw.chance(0.97) ? [chunk('IEND', new Uint8Array(0))] : []),
  ];
  return joined([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), ...chunks]);
}

/** Widths and heights of the passes of an interlaced PNG, empty ones left out. */
function adam7(width: number, height: number): readonly (readonly [number, number])[] {
  const passes = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ];
  return passes
    .map(([x, y, dx, dy]) => [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)] as const)
    .filter(([w, h]) => w > 0 && h > 0);
}

function extraChunk(draw: Draw): Uint8Array {
  const bomb = deflateSync(new Uint8Array(draw.pick([10, 10, 2 ** 22])));
  const [type, bytes] = draw.pick<readonly [string, Uint8Array]>([
    ['tRNS', draw.bytes(draw.pick([1, 2, 6, 256, 300]))],
    ['pHYs', draw.bytes(draw.pick([9, 9, 0, 8]))],
    ['acTL', draw.bytes(8)],
    ['iCCP', joined([latin.encode('x\0\0'), bomb])],
    ['tEXt', joined([latin.encode('Title\0'), draw.bytes(9)])],
    ['zTXt', joined([latin.encode('Title\0\0'), bomb])],
    ['gAMA', draw.bytes(4)],
    ['PLTE', draw.bytes(draw.pick([3, 4, 900]))],
    ['XXXX', draw.bytes(draw.int(0, 40))],
  ]);
  return chunk(type, bytes);
}

function chunk(type: string, bytes: Uint8Array): Uint8Array {
  const body = joined([latin.encode(type), bytes]);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  const sum = new Uint8Array(4);
  new DataView(sum.buffer).setUint32(0, crc32(body));
  return joined([length, body, sum]);
}

/** A Windows bitmap in the variants that are read and some that are not. */
export function drawBmp(draw: Draw): Uint8Array {
  const [width, height] = draw.chance(0.93) ? [draw.int(1, 40), draw.int(1, 40)] : [draw.odd(), draw.odd()];
  const bits = draw.chance(0.95) ? draw.pick([8, 24, 32]) : draw.pick([0, 1, 4, 16, 64, 65535]);
  const headerBytes = draw.chance(0.9) ? 40 : draw.pick([12, 52, 56, 64, 108, 124, draw.odd()]);
  const colours = draw.chance(0.8) ? 0 : draw.odd();
  const palette = bits === 8 ? draw.bytes(Math.min(colours === 0 ? 256 : colours, 256) * 4) : new Uint8Array(0);
  if (bits === 8 && draw.chance(0.5)) for (let i = 0; i + 3 < palette.length; i += 4) palette.fill(i / 4, i, i + 3);
  const at = 14 + Math.min(headerBytes, 200) + palette.length;
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  const pixels = draw.bytes(Math.min(rowBytes * height, 6000));
  const head = new Uint8Array(Math.max(54, 14 + Math.min(headerBytes, 200)));
  const view = new DataView(head.buffer);
  head.set([0x42, 0x4d]);
  view.setUint32(2, at + pixels.length, true);
  view.setUint32(10, draw.chance(0.97) ? at : draw.odd(), true);
  view.setUint32(14, headerBytes, true);
  view.setInt32(18, width, true);
  view.setInt32(22, draw.chance(0.8) ? height : -height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, bits, true);
  view.setUint32(30, draw.chance(0.95) ? 0 : draw.int(0, 8), true);
  view.setUint32(46, colours, true);
  return joined([head, palette, pixels]);
}

/** An MRC image or stack, both byte orders, all modes, extended headers. */
export function drawMrc(draw: Draw): Uint8Array {
  const isLittle = draw.chance(0.6);
  const [width, height, sections] = draw.chance(0.93)
    ? [draw.int(1, 30), draw.int(1, 30), draw.chance(0.8) ? 1 : draw.int(1, 5)]
    : [draw.odd(), draw.odd(), draw.odd()];
  const mode = draw.chance(0.93) ? draw.pick([0, 1, 2, 6]) : draw.pick([3, 4, 5, 12, 16, 101, -1, draw.odd()]);
  const extended = draw.chance(0.8) ? 0 : draw.pick([1024, 7, 128, draw.odd()]);
  const head = new Uint8Array(1024);
  const view = new DataView(head.buffer);
  for (const [i, value] of [width, height, sections, mode].entries()) view.setInt32(4 * i, value, isLittle);
  view.setInt32(28, draw.chance(0.9) ? width : 0, isLittle);
  view.setFloat32(40, draw.pick([width * 2, 0, NaN, Infinity, -1, 1e-30]), isLittle);
  for (const [i, axis] of [1, 2, 3].entries()) view.setInt32(64 + 4 * i, axis, isLittle);
  view.setInt32(92, extended, isLittle);
  if (mode === 0 && draw.chance(0.5)) {
    view.setInt32(152, 1146047817, isLittle);
    view.setInt32(156, 1, isLittle);
  }
  if (draw.chance(0.8)) head.set(latin.encode('MAP '), 208);
  const bytes = [1, 2, 4, 4, 8, 1, 2][mode] ?? 2;
  const body = Math.min(Math.abs(width * height * sections * bytes), 6000) + (draw.chance(0.05) ? -1 : 0);
  return joined([head, new Uint8Array(Math.min(Math.max(extended, 0), 2048)), draw.bytes(Math.max(0, body))]);
}

/** A JPEG with its marker segments left out, doubled, shuffled or changed, and its frame header lying. */
export function changeJpeg(draw: Draw, valid: Uint8Array): Uint8Array {
  const segments = jpegSegments(valid);
  const changed = segments.flatMap((segment) => {
    const choice = draw.int(0, 60);
    if (choice === 0) return [];
    if (choice === 1) return [segment, segment];
    if (choice === 2) return Array.from({ length: draw.int(2, 60) }, () => segment);
    if (choice === 3) return [Uint8Array.of(0xff, 0xff, 0xff), segment];
    if (choice > 8) return [segment];
    const own = segment.slice();
    if (own.length > 4) own[draw.int(4, Math.min(own.length, 24))] = draw.odd();
    return [own];
  });
  if (draw.chance(0.1)) {
    const frame = changed.find((segment) => segment[1] >= 0xc0 && segment[1] <= 0xc2 && segment.length > 9);
    if (frame) new DataView(frame.buffer, frame.byteOffset).setUint32(5, draw.odd());
  }
  return joined(changed);
}

/** A JPEG cut before every marker segment; entropy-coded bytes stay with their scan. */
export function jpegSegments(bytes: Uint8Array): Uint8Array[] {
  const cuts = [0];
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff || bytes[at + 1] === 0 || (bytes[at + 1] >= 0xd0 && bytes[at + 1] <= 0xd7)) {
      at++;
      continue;
    }
    cuts.push(at);
    at += bytes[at + 1] === 0xd9 ? 2 : 2 + Math.max(2, (bytes[at + 2] << 8) | bytes[at + 3]);
  }
  return cuts.map((cut, i) => bytes.slice(cut, cuts[i + 1] ?? bytes.length));
}
