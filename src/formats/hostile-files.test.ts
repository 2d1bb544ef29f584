import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { StitchError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { silentContext } from '../core/progress.ts';
import { byteSourceFromBytes } from './byte-source.ts';
import { crc32 } from './crc32.ts';
import { openImage } from './index.ts';
import { parseMdoc, mdocPositions } from './mdoc.ts';
import { xmlElements } from './metadata/xml-elements.ts';
import { parseModelManifest } from './model-bundle.ts';
import { parsePositionFile } from './position-file.ts';
import { encodeDirectory, encodeHeader } from './tiff/tiff-directory-writer.ts';
import type { TiffField } from './tiff/tiff-directory-writer.ts';
import { tiffTag } from './tiff/tiff-tags.ts';
import { exampleManifest } from '../../bench/fuzz/examples.ts';

const { signal } = silentContext;
/** Far above what any of these take (milliseconds), far below what they took (minutes, or for ever). */
const patienceMs = 5000;

async function readAll(bytes: Uint8Array, name = 'tile.tif') {
  const image = await openImage(byteSourceFromBytes(name, bytes));
  return image.readRegion(0, undefined, signal);
}

async function codeOf(run: () => unknown): Promise<ErrorCode | 'no error'> {
  try {
    await run();
  } catch (error) {
    if (error instanceof StitchError) return error.code;
    throw error;
  }
  return 'no error';
}

function tiff(width: number, height: number, fields: readonly TiffField[], data: Uint8Array): Uint8Array {
  const all: TiffField[] = [
    { tag: tiffTag.imageWidth, type: 'long', values: [width] },
    { tag: tiffTag.imageLength, type: 'long', values: [height] },
    { tag: tiffTag.bitsPerSample, type: 'short', values: [8] },
    { tag: tiffTag.photometric, type: 'short', values: [1] },
    ...fields,
  ];
  const sorted = all.sort((p, q) => p.tag - q.tag);
  const directory = encodeDirectory(sorted, 8 + data.length, false);
  const bytes = new Uint8Array(8 + data.length + directory.length);
  bytes.set(encodeHeader(8 + data.length, false));
  bytes.set(data, 8);
  bytes.set(directory, 8 + data.length);
  return bytes;
}

function strips(count: number, bytes: number, compression: number, rows = 1): readonly TiffField[] {
  return [
    { tag: tiffTag.compression, type: 'short', values: [compression] },
    { tag: tiffTag.rowsPerStrip, type: 'long', values: [rows] },
    { tag: tiffTag.stripOffsets, type: 'long', values: Array.from({ length: count }, () => 8) },
    { tag: tiffTag.stripByteCounts, type: 'long', values: Array.from({ length: count }, () => bytes) },
  ];
}

describe('a hostile TIFF', () => {
  it('of 130,000 strips that share their bytes is read', { timeout: 60_000 }, async () => {
    const rows = 130_000;
    const [{ data }] = await readAll(tiff(4, rows, strips(rows, 4, 1), Uint8Array.of(1, 2, 3, 4)));
    expect([...data.subarray(-4)]).toEqual([1, 2, 3, 4]);
  });

  it(
    'that claims gigapixels in a few bytes is refused before memory is asked for',
    { timeout: patienceMs },
    async () => {
      const packed = deflateSync(new Uint8Array(1000));
      const huge = tiff(2 ** 20, 2 ** 20, strips(1, packed.length, 8, 2 ** 20), packed);
      expect(await codeOf(() => readAll(huge))).toBe('truncated-file');
    },
  );

  it('whose zstd frame asks for a window of a gigabyte is refused', { timeout: patienceMs }, async () => {
    const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 20 << 3, 3, 0, 0, 7, ...new Uint8Array(16));
    expect(await codeOf(() => readAll(tiff(8, 8, strips(1, frame.length, 50000, 8), frame)))).toBe('truncated-file');
  });

  it('of deflated rows with more in them than the image asks for is read', async () => {
    const stored = deflateSync(new Uint8Array(400).fill(7), { level: 0 });
    const [{ data }] = await readAll(tiff(8, 8, strips(1, stored.length, 8, 8), stored));
    expect([...data].every((value) => value === 7)).toBe(true);
  });

  it('whose pages lie over one another is refused', { timeout: patienceMs }, async () => {
    // Directories of 4000 entries, each beginning two bytes after the last.
    const bytes = new Uint8Array(65536);
    bytes.set([0x49, 0x49, 42, 0, 8, 0, 0, 0]);
    const view = new DataView(bytes.buffer);
    for (let at = 8; at < 12_000; at += 2) view.setUint16(at, 4000, true);
    for (let at = 8; at < 12_000; at += 2)
      if (at + 2 + 48_000 + 4 < bytes.length) view.setUint32(at + 2 + 48_000, at + 4, true);
    expect(await codeOf(() => readAll(bytes))).toBe('truncated-file');
  });
});

describe('hostile PNG and JPEG', () => {
  const chunk = (type: string, body: Uint8Array): number[] => {
    const inner = Uint8Array.from([...new TextEncoder().encode(type), ...body]);
    const word = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
    return [...word(body.length), ...inner, ...word(crc32(inner))];
  };
  const png = (width: number, height: number, ...chunks: (readonly number[])[]): Uint8Array => {
    const head = new Uint8Array(13);
    new DataView(head.buffer).setUint32(0, width);
    new DataView(head.buffer).setUint32(4, height);
    head[8] = 8;
    return Uint8Array.from([
      0x89,
      0x50,
      0x4e,
      0x47,
      13,
      10,
      26,
      10,
      ...chunk('IHDR', head),
      ...chunks.flat(),
      ...chunk('IEND', new Uint8Array(0)),
    ]);
  };

  it('a PNG of gigapixels in a few bytes is refused', { timeout: patienceMs }, async () => {
    const idat = chunk('IDAT', deflateSync(new Uint8Array(100)));
    expect(await codeOf(() => readAll(png(2 ** 20, 2 ** 20, idat), 'a.png'))).toBe('truncated-file');
  });

  it(
    'a PNG with megabytes packed into profile, text and surplus pixels is read without them',
    { timeout: patienceMs },
    async () => {
      const bomb = deflateSync(new Uint8Array(2 ** 24));
      const profile = chunk('iCCP', Uint8Array.from([0x78, 0, 0, ...bomb]));
      const [{ data }] = await readAll(png(3, 2, profile, chunk('IDAT', bomb)), 'a.png');
      expect([...data]).toEqual([0, 0, 0, 0, 0, 0]);
    },
  );

  it('a JPEG of 30000 × 30000 in a few bytes is refused', { timeout: patienceMs }, async () => {
    const jpeg = Uint8Array.of(
      0xff,
      0xd8,
      0xff,
      0xc0,
      0,
      11,
      8,
      0x75,
      0x30,
      0x75,
      0x30,
      1,
      1,
      0x11,
      0,
      0xff,
      0xd9,
      0,
      0,
    );
    expect(await codeOf(() => readAll(jpeg, 'a.jpg'))).toBe('truncated-file');
  });
});

describe('hostile text', () => {
  const long = 60_000;
  it.each([
    ['blank lines', '\n'.repeat(long)],
    ['brackets and commas', `;;(${','.repeat(long / 3)}${')'.repeat(long / 3)}x`],
    ['semicolons', `${';'.repeat(long)}(1, 2`],
    ['MIST words', `file: ${'a;'.repeat(long / 4)}position: (1`],
    ['blanks in brackets', `[Image=${' '.repeat(long)}x`],
  ])('%s take no time', { timeout: patienceMs }, async (_, text) => {
    for (const name of ['positions.txt', 'stack.mdoc'])
      expect(['bad-layout-file', 'no error']).toContain(
        await codeOf(() => parsePositionFile(name, text, ['tile.tif'])),
      );
  });

  it('a .mdoc of 130,000 sections has its places', { timeout: 60_000 }, () => {
    const text = Array.from({ length: 130_000 }, (_, i) => `[ZValue = ${i}]\nPieceCoordinates = ${i} ${i} 0`).join(
      '\n',
    );
    expect(mdocPositions(parseMdoc('a.mdoc', text)).at(-1)).toEqual({ x: 129_999, y: 0 });
  });

  it('XML: a megabyte of one name takes no time, and entities are not expanded', { timeout: patienceMs }, () => {
    expect([...xmlElements(`<a ${'b'.repeat(2 ** 20)} c="1"/>`)][0].attributes.get('c')).toBe('1');
    const [, text] = [...xmlElements('<!DOCTYPE x [<!ENTITY a "aaaa">]><x><y z=\'&a;\'>&a;&lt;</y></x>')];
    expect([text.text, text.attributes.get('z')]).toEqual(['&a;<', '&a;']);
  });

  it.each(['../x.onnx', 'a/../../x.onnx', 'a\n/../../x.onnx', '%2e%2e/x.onnx', 'a?x', 'C:x', 'a\\..\\x', '/x', 'a//x'])(
    'a model at %j is refused',
    (path) => {
      const manifest = exampleManifest as { readonly files: readonly object[] };
      const changed = { ...manifest, files: manifest.files.map((file) => ({ ...file, path })) };
      expect(() => parseModelManifest(JSON.stringify(changed))).toThrow('must be a relative path inside the bundle');
    },
  );

  it.each([
    ['multipleOf', 1e9],
    ['scale', 1e-9],
  ])('a model that asks for strips of %s %d is refused', (field, value) => {
    const manifest = exampleManifest as { readonly input: object };
    const changed = { ...manifest, input: { ...manifest.input, [field]: value } };
    expect(() => parseModelManifest(JSON.stringify(changed))).toThrow(field);
  });
});
