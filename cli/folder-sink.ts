import { dirname, join } from 'node:path';
import { treePath, type FileTreeSink } from '../src/formats/file-tree-sink.ts';
import { CommandError } from './arguments.ts';
import { isThere, makeFolder, move, openFile, remove, writing } from './disk.ts';

/**
 * A folder that is written beside its target and renamed on `commit`: the target is whole or absent. With `replace` an
 * older folder stays until the new one is whole and then gives way to it.
 * @throws CommandError when something stands at `path` already and is not to be replaced; StitchError `write-failed`
 */
export async function folderSink(path: string, replace = false): Promise<FileTreeSink> {
  if (!replace && (await writing(path, () => isThere(path))))
    throw new CommandError(`${path} exists already; name a new folder or remove it`);
  const partial = `${path}.partial`;
  await writing(path, () => remove(partial));
  const made = new Set<string>();
  let total = 0;
  return {
    async write(name, bytes) {
      const full = join(partial, ...treePath(name));
      await writing(path, async () => {
        const folder = dirname(full);
        if (!made.has(folder)) {
          await makeFolder(folder);
          made.add(folder);
        }
        await writeWhole(full, bytes);
      });
      total += bytes.length;
    },
    async commit() {
      await writing(path, async () => {
        const old = `${path}.old`;
        await remove(old);
        if (replace && (await isThere(path))) await move(path, old);
        await move(partial, path);
        // The new folder is whole and in its place; an old one that stays is taken away by the next run.
        await remove(old).catch(() => undefined);
      });
      return total;
    },
    // What is left bears the name of a part, and the next run begins by taking it away.
    abort: () => remove(partial).catch(() => undefined),
  };
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const file = await openFile(path, 'wx');
  try {
    await file.write(bytes, 0);
    const { size } = await file.stat();
    if (size !== bytes.length) throw new Error(`${size} of ${bytes.length} bytes are in ${path}`);
  } finally {
    await file.close();
  }
}
