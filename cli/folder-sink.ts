import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StitchError } from '../src/core/errors.ts';
import type { FileTreeSink } from '../src/formats/file-tree-sink.ts';
import { CommandError } from './arguments.ts';

/**
 * A folder that is written beside its target and renamed on `commit`: the target is whole or absent. With `replace` an
 * older folder stays until the new one is whole and then gives way to it.
 * @throws CommandError when something stands at `path` already and is not to be replaced
 */
export async function folderSink(path: string, replace = false): Promise<FileTreeSink> {
  if (!replace && (await exists(path)))
    throw new CommandError(`${path} exists already; name a new folder or remove it`);
  const partial = `${path}.partial`;
  await rm(partial, { recursive: true, force: true });
  const made = new Set<string>();
  let total = 0;
  return {
    async write(name, bytes) {
      const full = join(partial, ...name.split('/'));
      await failing(path, async () => {
        const folder = dirname(full);
        if (!made.has(folder)) {
          await mkdir(folder, { recursive: true });
          made.add(folder);
        }
        await writeWhole(full, bytes);
      });
      total += bytes.length;
    },
    async commit() {
      await failing(path, async () => {
        const old = `${path}.old`;
        await rm(old, { recursive: true, force: true });
        if (replace && (await exists(path))) await rename(path, old);
        await rename(partial, path);
        await rm(old, { recursive: true, force: true });
      });
      return total;
    },
    abort: () => rm(partial, { recursive: true, force: true }),
  };
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    let written = 0;
    while (written < bytes.length) {
      const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, written);
      if (bytesWritten <= 0) throw new Error(`only ${written} of ${bytes.length} bytes were taken`);
      written += bytesWritten;
    }
    const { size } = await handle.stat();
    if (size !== bytes.length) throw new Error(`${size} of ${bytes.length} bytes are in ${path}`);
  } finally {
    await handle.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function failing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StitchError(
      'write-failed',
      `${path} could not be written (${why}); free some disk space or name another place. The solution is kept.`,
      { file: path },
      { cause },
    );
  }
}
