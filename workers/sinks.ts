import { StitchError } from '../src/core/errors.ts';
import type { RandomAccessSink } from '../src/formats/image-file.ts';

/**
 * A sink on a file that the user chose. The browser writes into a swap file: nothing whole-looking exists before
 * `commit`, and `abort` leaves the old file as it was.
 */
export async function fileHandleSink(handle: FileSystemFileHandle): Promise<RandomAccessSink> {
  const stream = await failing(handle.name, () => handle.createWritable({ keepExistingData: false }));
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
      const { size } = await failing(handle.name, () => handle.getFile());
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
interface SyncAccess {
  write(bytes: BufferSource, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  getSize(): number;
  close(): void;
}

interface PrivateFile {
  createSyncAccessHandle(): Promise<SyncAccess>;
}

/** So many tabs may write a file of one name at once. */
const mostWriters = 8;

/**
 * A sink on a file of the origin-private file system. Every count is checked: a full quota has been seen to return a
 * wrapped negative count without throwing (docs: platform notes), which must not pass for success.
 */
export async function opfsSink(name: string): Promise<RandomAccessSink & { file(): Promise<File> }> {
  const { root, file, handle, access } = await failing(name, () => openPrivateFile(name));
  let end = 0;
  const discard = async () => {
    access.close();
    await root.removeEntry(file);
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
      const size = await failing(name, async () => {
        access.flush();
        return access.getSize();
      });
      if (size !== end) {
        await discard();
        throw writeFailed(name, `the file has ${size} of ${end} bytes`);
      }
      access.close();
    },
    abort: discard,
    file: () => failing(name, () => handle.getFile()),
  };
}

/** An empty file of this name; of another one where a tab is writing a file of this name. */
async function openPrivateFile(name: string) {
  const root = await navigator.storage.getDirectory();
  for (let writer = 1; ; writer++) {
    const file = writer === 1 ? name : `${writer}-${name}`;
    const handle: FileSystemFileHandle & Partial<PrivateFile> = await root.getFileHandle(file, { create: true });
    if (!handle.createSyncAccessHandle) throw new Error('this thread cannot write into the private file system');
    try {
      const access = await handle.createSyncAccessHandle();
      emptied(access);
      return { root, file, handle, access };
    } catch (error) {
      const isTaken = error instanceof DOMException && error.name === 'NoModificationAllowedError';
      if (!isTaken || writer === mostWriters) throw error;
    }
  }
}

/** Empties a file that was just opened; one that cannot be emptied is closed, or nobody could open it again. */
function emptied(access: SyncAccess): void {
  try {
    access.truncate(0);
  } catch (error) {
    access.close();
    throw error;
  }
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
