import { describe, expect, it } from 'vitest';
import { byteSourceFromBlob } from './byte-source.ts';

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
