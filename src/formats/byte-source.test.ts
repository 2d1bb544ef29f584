import { describe, expect, it } from 'vitest';
import { byteSourceFromBlob, byteSourceFromBytes, readExactly, withBlockCache } from './byte-source.ts';

/** A file whose first `failures` reads fail with an error of this name, as a browser words it. */
function failingBlob(
  failures: number,
  name = 'NotReadableError',
): { readonly blob: Blob; readonly reads: () => number } {
  let reads = 0;
  const arrayBuffer = async () => {
    if (reads++ < failures) throw new DOMException('The requested file could not be read.', name);
    return new Uint8Array([1, 2, 3]).buffer;
  };
  return { blob: { size: 3, slice: () => ({ arrayBuffer }) } as unknown as Blob, reads: () => reads };
}

describe('the bytes of a dropped file', () => {
  it('are read again after a read that failed', async () => {
    const { blob } = failingBlob(1);
    expect([...(await byteSourceFromBlob('a.tif', blob).read(0, 3))]).toEqual([1, 2, 3]);
  });

  it('are given up, by name, when the second read fails too', async () => {
    const { blob, reads } = failingBlob(2);
    await expect(byteSourceFromBlob('a.tif', blob).read(0, 3)).rejects.toMatchObject({
      code: 'unreadable-file',
      detail: { file: 'a.tif' },
    });
    expect(reads()).toBe(2);
  });

  it('are not asked for again once the run is cancelled', async () => {
    const { blob, reads } = failingBlob(1, 'AbortError');
    await expect(byteSourceFromBlob('a.tif', blob).read(0, 3)).rejects.toMatchObject({ name: 'AbortError' });
    expect(reads()).toBe(1);
  });
});

describe('exactly as many bytes', () => {
  const source = byteSourceFromBytes('a.tif', Uint8Array.of(1, 2, 3, 4));

  it('are read where the file has them', async () => {
    expect([...(await readExactly(source, 1, 3, 'header'))]).toEqual([2, 3, 4]);
    expect((await readExactly(source, 4, 0, 'header')).length).toBe(0);
  });

  it('are refused by name where it has not, or where the drive gives fewer', async () => {
    const ends = 'a.tif: the file has 4 bytes and ends before its header.';
    await expect(readExactly(source, 1, 4, 'header')).rejects.toThrow(ends);
    await expect(readExactly(source, -1, 2, 'header')).rejects.toThrow(ends);
    const short = { ...source, read: async () => new Uint8Array(2) };
    await expect(readExactly(short, 0, 3, 'header')).rejects.toThrow(
      'a.tif: only 2 of 3 bytes of its header could be read.',
    );
    await expect(readExactly(short, 0, 1, 'header')).rejects.toMatchObject({ code: 'truncated-file' });
  });
});

describe('a source with cached blocks', () => {
  const block = 16384;
  function counted(length: number) {
    const bytes = Uint8Array.from({ length }, (_, k) => (k * 7 + (k >> 8)) & 255);
    const reads: [number, number][] = [];
    const inner = byteSourceFromBytes('a.tif', bytes);
    const source = withBlockCache({
      ...inner,
      read: (offset, count) => {
        reads.push([offset, count]);
        return inner.read(offset, count);
      },
    });
    return { bytes, reads, source };
  }

  it('gives the same bytes, and reads each block once', async () => {
    const { bytes, reads, source } = counted(3 * block + 100);
    expect([source.name, source.size]).toEqual(['a.tif', 3 * block + 100]);
    for (const [offset, length] of [
      [0, 8],
      [100, block - 100],
      [block - 1, 1],
      [block - 1, 2],
      [block, block],
      [10, block],
      [2 * block - 5, 12],
      [3 * block - 5, 12],
      [3 * block + 96, 4],
      [3 * block + 96, 9],
      [2 * block + 200, block],
    ])
      expect([...(await source.read(offset, length))]).toEqual([...bytes.subarray(offset, offset + length)]);
    expect(reads).toEqual([0, 1, 2, 3].map((index) => [index * block, block]));
  });

  it('passes on what is larger than a block, or behind the end', async () => {
    const { bytes, reads, source } = counted(2 * block);
    expect((await source.read(5, block + 1)).length).toBe(block + 1);
    expect((await source.read(2 * block, 3)).length).toBe(0);
    expect((await source.read(2 * block + 5, 3)).length).toBe(0);
    expect([...(await source.read(2 * block - 1, 3))]).toEqual([bytes[2 * block - 1]]);
    expect(reads).toEqual([
      [5, block + 1],
      [2 * block, 3],
      [2 * block + 5, 3],
      [block, block],
    ]);
  });

  it('keeps 64 blocks and then begins anew', async () => {
    const { reads, source } = counted(66 * block);
    for (let k = 0; k < 64; k++) await source.read(k * block, 1);
    await source.read(0, 1);
    expect(reads.length).toBe(64);
    await source.read(64 * block, 1);
    await source.read(0, 1);
    expect(reads.slice(64)).toEqual([
      [64 * block, block],
      [0, block],
    ]);
  });
});

describe('bytes of a blob', () => {
  it('are those of the part that is asked for; what cannot be read is named with its next step', async () => {
    const source = byteSourceFromBlob('d/a.tif', new Blob([Uint8Array.of(1, 2, 3, 4, 5)]));
    expect([source.name, source.size]).toEqual(['d/a.tif', 5]);
    expect([...(await source.read(1, 3))]).toEqual([2, 3, 4]);
    const { blob } = failingBlob(2);
    await expect(byteSourceFromBlob('a.tif', blob).read(0, 3)).rejects.toThrow(
      'a.tif: the file cannot be read. It may have been moved, changed or unmounted: drop it again.',
    );
    const stopped = failingBlob(3, 'AbortError');
    const once = failingBlob(1).blob;
    let parts = 0;
    const mixed = { size: 3, slice: () => (parts++ === 0 ? once : stopped.blob).slice() } as unknown as Blob;
    await expect(byteSourceFromBlob('a.tif', mixed).read(0, 3)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
