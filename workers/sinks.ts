import { StitchError } from '../src/core/errors.ts';
import type { RandomAccessSink } from '../src/formats/image-file.ts';

/**
 * A sink on a file that the user chose. The browser writes into a swap file: nothing whole-looking exists before
 * `commit`, and `abort` leaves the old file as it was.
 */
export async function fileHandleSink(handle: FileSystemFileHandle): Promise<RandomAccessSink> {
  const stream = await handle.createWritable({ keepExistingData: false });
  let end = 0;
  return {
    async writeAt(offset, bytes) {
      await failing(handle.name, () => stream.write({ type: 'write', position: offset, data: bytes as BufferSource }));
      end = Math.max(end, offset + bytes.byteLength);
    },
    async truncate(size) {
      await failing(handle.name, () => stream.truncate(size));
      end = size;
    },
    async commit() {
      await failing(handle.name, () => stream.close());
      const { size } = await handle.getFile();
      if (size === end) return;
      // The file stands at its place already: emptied, it looks whole to nobody.
      await handle
        .createWritable({ keepExistingData: false })
        .then((empty) => empty.close())
        .catch(() => undefined);
      throw writeFailed(handle.name, `the file has ${size} of ${end} bytes`);
    },
    async abort() {
      await stream.abort();
    },
  };
}

/** What is used of a file that workers write at once; the types of a page do not know it. */
interface PrivateFile {
  createSyncAccessHandle(): Promise<{
    write(bytes: BufferSource, options: { at: number }): number;
    truncate(size: number): void;
    flush(): void;
    getSize(): number;
    close(): void;
  }>;
}

/**
 * A sink on a file of the origin-private file system. Every count is checked: a full quota has been seen to return a
 * wrapped negative count without throwing (docs: platform notes), which must not pass for success.
 */
export async function opfsSink(name: string): Promise<RandomAccessSink & { file(): Promise<File> }> {
  const root = await navigator.storage.getDirectory();
  const handle: FileSystemFileHandle & Partial<PrivateFile> = await root.getFileHandle(name, { create: true });
  const access = await handle.createSyncAccessHandle?.();
  if (!access) throw writeFailed(name, 'this thread cannot write into the private file system');
  access.truncate(0);
  let end = 0;
  const discard = async () => {
    access.close();
    await root.removeEntry(name);
  };
  return {
    async writeAt(offset, bytes) {
      const written = await failing(name, async () => access.write(bytes as BufferSource, { at: offset }));
      if (written !== bytes.byteLength)
        throw writeFailed(name, `${written} of ${bytes.byteLength} bytes were taken at ${offset}`);
      end = Math.max(end, offset + bytes.byteLength);
    },
    async truncate(size) {
      await failing(name, async () => access.truncate(size));
      end = size;
    },
    async commit() {
      access.flush();
      const size = access.getSize();
      access.close();
      if (size !== end) {
        await root.removeEntry(name);
        throw writeFailed(name, `the file has ${size} of ${end} bytes`);
      }
    },
    abort: discard,
    file: () => handle.getFile(),
  };
}

async function failing<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    throw writeFailed(name, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function writeFailed(name: string, why: string, cause?: unknown): StitchError {
  return new StitchError(
    'write-failed',
    `${name} could not be written (${why}). Free some disk space or choose another place; the solution is kept.`,
    { file: name },
    { cause },
  );
}
