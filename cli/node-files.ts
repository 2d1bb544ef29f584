import { open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { StitchError } from '../src/core/errors.ts';
import type { ByteSource, RandomAccessSink } from '../src/formats/image-file.ts';

/** A folder with more entries than this is not a folder of tiles. */
const maxFiles = 200_000;

/**
 * Every file below `folder`, hidden ones left out, as byte sources named relative to it with '/'.
 * @throws StitchError `unreadable-file` when the folder cannot be listed; `too-large` beyond `limit` files.
 */
export async function listFolder(folder: string, limit = maxFiles): Promise<readonly ByteSource[]> {
  const found: ByteSource[] = [];
  const visit = async (path: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const full = join(path, entry.name);
      if (entry.isDirectory()) await visit(full);
      else if (entry.isFile()) found.push(await fileSource(full, relative(folder, full).split(sep).join('/')));
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

/** A file on disk as a byte source; it is opened for each read, so ten thousand tiles hold no handle. */
export async function fileSource(path: string, name: string): Promise<ByteSource> {
  const { size } = await stat(path);
  return {
    name,
    size,
    async read(offset, length) {
      let handle: FileHandle | null = null;
      try {
        handle = await open(path, 'r');
        const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
        let filled = 0;
        while (filled < bytes.length) {
          const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, offset + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return filled === bytes.length ? bytes : bytes.subarray(0, filled);
      } catch (cause) {
        throw new StitchError(
          'unreadable-file',
          `${name} cannot be read; check the disk and its permissions.`,
          { file: name },
          { cause },
        );
      } finally {
        await handle?.close();
      }
    },
  };
}

/** Writes beside the target and renames on `commit`: the target is whole or absent. */
export async function fileSink(path: string): Promise<RandomAccessSink> {
  const partial = `${path}.partial`;
  const handle = await open(partial, 'w');
  let end = 0;
  const checked = async <T>(write: () => Promise<T>): Promise<T> => {
    try {
      return await write();
    } catch (cause) {
      if (cause instanceof StitchError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new StitchError(
        'write-failed',
        `${path} could not be written (${why}); free some disk space and run again. The solution is kept.`,
        { file: path },
        { cause },
      );
    }
  };
  return {
    writeAt: (offset, bytes) =>
      checked(async () => {
        let written = 0;
        while (written < bytes.byteLength) {
          const { bytesWritten } = await handle.write(bytes, written, bytes.byteLength - written, offset + written);
          if (bytesWritten <= 0)
            throw new StitchError('write-failed', `${path} took only ${written} of ${bytes.byteLength} bytes.`, {
              file: path,
            });
          written += bytesWritten;
        }
        end = Math.max(end, offset + bytes.byteLength);
      }),
    truncate: (size) =>
      checked(async () => {
        await handle.truncate(size);
        end = size;
      }),
    commit: () =>
      checked(async () => {
        await handle.sync();
        const { size } = await handle.stat();
        await handle.close();
        if (size !== end)
          throw new StitchError('write-failed', `${path} has ${size} of ${end} bytes; it was not kept.`, {
            file: path,
          });
        await rename(partial, path);
      }),
    abort: async () => {
      await handle.close();
      await rm(partial, { force: true });
    },
  };
}
