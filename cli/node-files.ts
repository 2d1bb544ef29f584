import { join, relative, sep } from 'node:path';
import type { Stats } from 'node:fs';
import { StitchError } from '../src/core/errors.ts';
import type { ByteSource, RandomAccessSink } from '../src/formats/image-file.ts';
import { entriesOf, move, openFile, remove, statOf, writing, type DiskFile } from './disk.ts';

/** A folder with more entries than this is not a folder of tiles. */
const maxFiles = 200_000;

/**
 * Every file below `folder`, hidden ones left out, as byte sources named relative to it with '/'.
 * @throws StitchError `unreadable-file` when the folder cannot be listed; `too-large` beyond `limit` files.
 */
export async function listFolder(folder: string, limit = maxFiles): Promise<readonly ByteSource[]> {
  const found: ByteSource[] = [];
  const visit = async (path: string): Promise<void> => {
    for (const entry of await entriesOf(path)) {
      if (entry.name.startsWith('.')) continue;
      const full = join(path, entry.name);
      if (entry.isDirectory()) await visit(full);
      else if (entry.isFile()) found.push(await listedSource(full, relative(folder, full).split(sep).join('/')));
      if (found.length > limit)
        throw new StitchError('too-large', `${folder} holds over ${limit} files; name the folder of one grid.`);
    }
  };
  try {
    await visit(folder);
  } catch (cause) {
    if (cause instanceof StitchError) throw cause;
    throw new StitchError(
      'unreadable-file',
      `${folder} cannot be read as a folder; check the path.`,
      { file: folder },
      { cause },
    );
  }
  return found;
}

/** A file of a listing; one that is gone again, or cannot be looked at, says so when it is read. */
async function listedSource(path: string, name: string): Promise<ByteSource> {
  return fileSource(path, name).catch((cause: unknown) => ({
    name,
    size: 0,
    read: () => Promise.reject(unreadable(name, cause)),
  }));
}

/**
 * A file on disk as a byte source; it is opened for each read, so ten thousand tiles hold no handle. A file that changes
 * after it was looked at first cannot be read any more: what is known of it would be told of other pixels.
 * @throws the system's error when there is no such file
 */
export async function fileSource(path: string, name: string): Promise<ByteSource> {
  const listed = await statOf(path);
  const { size } = listed;
  return {
    name,
    size,
    async read(offset, length) {
      const wanted = Math.max(0, Math.min(length, size - offset));
      try {
        // A disk may stumble once, with an error or with less than there is.
        const bytes = await readFrom(path, listed, offset, wanted).catch(() => null);
        return bytes?.length === wanted ? bytes : await readFrom(path, listed, offset, wanted);
      } catch (cause) {
        throw unreadable(name, cause);
      }
    },
  };
}

async function readFrom(path: string, listed: Stats, offset: number, length: number): Promise<Uint8Array> {
  const file = await openFile(path, 'r');
  try {
    const { size, mtimeMs } = await file.stat();
    if (size !== listed.size || mtimeMs !== listed.mtimeMs) throw new Error('it was changed after it was listed');
    return await filled(file, new Uint8Array(length), offset);
  } finally {
    // What was read was read, whatever becomes of the handle.
    await file.close().catch(() => undefined);
  }
}

async function filled(file: DiskFile, bytes: Uint8Array, offset: number): Promise<Uint8Array> {
  let count = 0;
  while (count < bytes.length) {
    const read = await file.read(bytes, count, offset + count);
    if (read <= 0) return bytes.subarray(0, count);
    count += read;
  }
  return bytes;
}

function unreadable(name: string, cause: unknown): StitchError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StitchError(
    'unreadable-file',
    `${name} cannot be read (${why}); check the disk and its permissions.`,
    { file: name },
    { cause },
  );
}

/**
 * Writes beside the target and renames on `commit`: the target is whole or absent.
 * @throws StitchError `write-failed`, as every method of the sink
 */
export async function fileSink(path: string): Promise<RandomAccessSink> {
  const partial = `${path}.partial`;
  const checked = <T>(write: () => Promise<T>): Promise<T> => writing(path, write);
  const file = await checked(() => openFile(partial, 'w'));
  let end = 0;
  return {
    writeAt: (offset, bytes) =>
      checked(async () => {
        await file.write(bytes, offset);
        end = Math.max(end, offset + bytes.byteLength);
      }),
    truncate: (size) =>
      checked(async () => {
        await file.truncate(size);
        end = size;
      }),
    commit: () =>
      checked(async () => {
        await file.sync();
        const { size } = await file.stat();
        await file.close();
        if (size !== end) throw new Error(`it has ${size} of ${end} bytes and was not kept`);
        await move(partial, path);
      }),
    async abort() {
      // What is left bears the name of a part, and the next run writes over it: the error that led here is the one to tell.
      await file.close().catch(() => undefined);
      await remove(partial).catch(() => undefined);
    },
  };
}
