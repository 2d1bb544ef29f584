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
