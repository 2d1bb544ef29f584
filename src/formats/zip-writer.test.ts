import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { crc32 } from './crc32.ts';
import type { RandomAccessSink } from './image-file.ts';
import { memorySink } from './memory-sink.ts';
import { zipTreeSink } from './zip-writer.ts';

/** Python's zipfile is the reader from outside: it knows ZIP64. */
const python = process.env.TIFF_PYTHON ?? '/usr/bin/python3';
const list = `
import json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
n = z.namelist()
print(json.dumps([len(n), n[0], n[-1], z.read(n[-1]).decode(), [i.header_offset for i in z.infolist()][-1]]))`;

function listed(path: string): unknown {
  return JSON.parse(execFileSync(python, ['-c', list, path], { encoding: 'utf8' }));
}

describe('the ZIP writer', () => {
  it('stores any files under any names that lead nowhere else: fflate reads them back', async () => {
    const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !/[/\\:]|^\.{1,2}$/.test(text));
    const file = fc.tuple(name, fc.uint8Array({ maxLength: 300 }));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(file, { selector: ([name]) => name }), async (files) => {
        const sink = memorySink();
        const tree = zipTreeSink(sink);
        for (const [name, bytes] of files) await tree.write(`d/${name}`, bytes);
        const size = await tree.commit();
        expect(sink.bytes()).toHaveLength(size);
        const back = unzipSync(sink.bytes());
        expect(Object.keys(back)).toHaveLength(files.length);
        for (const [name, bytes] of files)
          expect([...back[`d/${new TextDecoder().decode(new TextEncoder().encode(name))}`]]).toEqual([...bytes]);
      }),
      { numRuns: 50 },
    );
  });

  it('is a local entry, its bytes, the directory and its end, byte by byte', async () => {
    const sink = memorySink();
    const tree = zipTreeSink(sink, { startAt: 3, comment: 'µ' });
    await tree.write('a/ö', new TextEncoder().encode('123456789'));
    expect(await tree.commit()).toBe(3 + 30 + 4 + 9 + 46 + 4 + 22 + 2);
    // Flags, method, time, date, checksum, two sizes, lengths of name and extra field.
    const both = [0, 8, 0, 0, 0, 0, 0x21, 0, 0x26, 0x39, 0xf4, 0xcb, 9, 0, 0, 0, 9, 0, 0, 0, 4, 0, 0, 0];
    const name = [0x61, 0x2f, 0xc3, 0xb6];
    const words = (...values: readonly number[]) => values.flatMap((value) => [value & 255, value >> 8, 0, 0]);
    expect([...sink.bytes()]).toEqual([
      ...[0, 0, 0],
      ...[0x50, 0x4b, 3, 4, 20, 0, ...both, ...name],
      ...[49, 50, 51, 52, 53, 54, 55, 56, 57],
      ...[0x50, 0x4b, 1, 2, 20, 0, 20, 0, ...both],
      ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...words(3), ...name],
      ...[0x50, 0x4b, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0, ...words(50, 46), 2, 0, 0xc2, 0xb5],
    ]);
  });

  it('needs ZIP64 from the first place that 32 bits cannot hold', async () => {
    const ends = async (startAt: number) => {
      const writes: [number, Uint8Array][] = [];
      const tree = zipTreeSink(
        {
          ...memorySink(),
          writeAt: async (offset, bytes) => void writes.push([offset, bytes]),
          truncate: async () => undefined,
          commit: async () => undefined,
        },
        { startAt },
      );
      await tree.write('a', Uint8Array.of(7));
      await tree.commit();
      return writes.map(([, bytes]) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
    };
    const most = 2 ** 32 - 1;
    // A local entry of 32 bytes: the directory begins behind it.
    const [, near, nearEnd] = await ends(most - 33);
    expect([near.byteLength, near.getUint32(42, true), nearEnd.byteLength]).toEqual([47, most - 33, 22]);
    expect(nearEnd.getUint32(16, true)).toBe(most - 1);
    const [, , farEnd] = await ends(most - 32);
    expect(farEnd.byteLength).toBe(98);
    const [, far, end] = await ends(most);
    expect([far.byteLength, far.getUint16(4, true), far.getUint16(6, true), far.getUint16(30, true)]).toEqual([
      59, 45, 45, 12,
    ]);
    expect([far.getUint32(42, true), far.getUint16(47, true), far.getUint16(49, true)]).toEqual([most, 1, 8]);
    expect(far.getBigUint64(51, true)).toBe(BigInt(most));
    const at = BigInt(most) + 32n;
    expect([end.getUint32(0, true), end.getBigUint64(4, true)]).toEqual([0x06064b50, 44n]);
    expect([end.getUint16(12, true), end.getUint16(14, true)]).toEqual([45, 45]);
    expect([24, 32, 40, 48].map((place) => end.getBigUint64(place, true))).toEqual([1n, 1n, 59n, at]);
    expect([end.getUint32(56, true), end.getUint32(60, true), end.getUint32(72, true)]).toEqual([0x07064b50, 0, 1]);
    expect(end.getBigUint64(64, true)).toBe(at + 59n);
    expect([
      end.getUint32(76, true),
      end.getUint16(84, true),
      end.getUint32(88, true),
      end.getUint32(92, true),
    ]).toEqual([0x06054b50, 1, 59, most]);
  });

  it('counts beyond 65,535 entries as ZIP64', async () => {
    const sink = memorySink();
    const tree = zipTreeSink(sink);
    for (let n = 0; n < 70_000; n++) await tree.write(`${n}`, Uint8Array.of(48 + (n % 10)));
    await tree.commit();
    const folder = mkdtempSync(join(tmpdir(), 'zip-'));
    const path = join(folder, 'many.zip');
    writeFileSync(path, sink.bytes());
    expect(listed(path)).toEqual([70_000, '0', '69999', '9', expect.any(Number)]);
    rmSync(folder, { recursive: true });
  });

  it('points beyond 4 GB as ZIP64', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zip-'));
    const path = join(folder, 'far.zip');
    const file = openSync(path, 'w');
    // A sparse file: nothing but the last entries is on the disk.
    const sink: RandomAccessSink = {
      writeAt: async (offset, bytes) => void writeSync(file, bytes, 0, bytes.length, offset),
      truncate: async (size) => ftruncateSync(file, size),
      commit: async () => closeSync(file),
      abort: async () => closeSync(file),
    };
    const startAt = 5 * 2 ** 30;
    const tree = zipTreeSink(sink, { startAt, comment: 'far' });
    await tree.write('a/zarr.json', new TextEncoder().encode('one'));
    await tree.write('ä.txt', new TextEncoder().encode('two'));
    await tree.commit();
    expect(listed(path)).toEqual([2, 'a/zarr.json', 'ä.txt', 'two', startAt + 30 + 11 + 3]);
    rmSync(folder, { recursive: true });
  });

  it('sums as zlib does, in one piece and in two', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.nat(5000), (bytes, at) => {
        const truth = zlibCrc32(bytes);
        expect(crc32(bytes)).toBe(truth);
        expect(crc32(bytes.subarray(at), crc32(bytes.subarray(0, at)))).toBe(truth);
      }),
    );
    // The check value of the CRC catalogue.
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });
});
