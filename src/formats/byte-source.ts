import { isAbort, StitchError } from '../core/errors.ts';
import { truncatedFile } from './format-errors.ts';
import type { ByteSource } from './image-file.ts';

/**
 * The bytes of a browser `File` or `Blob`; `name` is its path relative to the dropped folder. A read that fails is tried
 * once more: a drive that hiccups must not cost a tile, or change what is measured of it.
 */
export function byteSourceFromBlob(name: string, blob: Blob): ByteSource {
  const readOnce = async (offset: number, length: number) =>
    new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
  return {
    name,
    size: blob.size,
    read: async (offset, length) => {
      try {
        return await readOnce(offset, length).catch((error: unknown) => {
          if (isAbort(error)) throw error;
          return readOnce(offset, length);
        });
      } catch (cause) {
        if (isAbort(cause)) throw cause;
        throw new StitchError(
          'unreadable-file',
          `${name}: the file cannot be read. It may have been moved, changed or unmounted: drop it again.`,
          { file: name },
          { cause },
        );
      }
    },
  };
}

/** Bytes in memory as a source; reads are views, not copies. */
export function byteSourceFromBytes(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

/**
 * Exactly `length` bytes from `offset`; `what` names them in the error.
 * @throws StitchError `truncated-file` when the file ends before them, `unreadable-file`
 */
export async function readExactly(
  source: ByteSource,
  offset: number,
  length: number,
  what: string,
): Promise<Uint8Array> {
  if (offset < 0 || offset + length > source.size)
    throw truncatedFile(source.name, `the file has ${source.size} bytes and ends before its ${what}`);
  const bytes = await source.read(offset, length);
  if (bytes.byteLength !== length)
    throw truncatedFile(source.name, `only ${bytes.byteLength} of ${length} bytes of its ${what} could be read`);
  return bytes;
}

const blockBytes = 16384;
const maxCachedBlocks = 64;

/** The same source with small reads served from cached blocks of 16 KiB: headers are many tiny reads. */
export function withBlockCache(source: ByteSource): ByteSource {
  const blocks = new Map<number, Promise<Uint8Array>>();
  const block = (index: number): Promise<Uint8Array> => {
    const cached = blocks.get(index);
    if (cached !== undefined) return cached;
    if (blocks.size >= maxCachedBlocks) blocks.clear();
    const loading = source.read(index * blockBytes, blockBytes);
    blocks.set(index, loading);
    return loading;
  };
  return {
    name: source.name,
    size: source.size,
    read: async (offset, length) => {
      const end = Math.min(offset + length, source.size);
      if (length > blockBytes || offset >= end) return source.read(offset, length);
      const first = Math.floor(offset / blockBytes);
      const last = Math.floor((end - 1) / blockBytes);
      const head = await block(first);
      if (first === last) return head.subarray(offset - first * blockBytes, end - first * blockBytes);
      const joined = new Uint8Array(end - offset);
      const fromHead = head.subarray(offset - first * blockBytes);
      joined.set(fromHead);
      joined.set((await block(last)).subarray(0, end - last * blockBytes), fromHead.length);
      return joined;
    },
  };
}
