import { describe, expect, it } from 'vitest';
import { removeOldExports } from './old-exports.ts';

/** A folder of files with the times of their last change; those in `busy` cannot be removed. */
function folderOf(changedMs: Readonly<Record<string, number>>, busy: readonly string[] = []) {
  const names = new Set(Object.keys(changedMs));
  const handle = (name: string) =>
    ({ kind: 'file', name, getFile: async () => ({ lastModified: changedMs[name] }) }) as unknown as FileSystemHandle;
  return {
    names,
    async *values() {
      yield* [...names].map(handle);
      yield { kind: 'directory', name: 'picked' } as FileSystemHandle;
    },
    async removeEntry(name: string) {
      if (busy.includes(name)) throw new DOMException('it is open', 'NoModificationAllowedError');
      names.delete(name);
    },
  };
}

const hour = 3600_000;

describe('removeOldExports', () => {
  it('removes exports that are over an hour old and leaves younger ones and folders', async () => {
    const folder = folderOf({ 'old.ome.tif': 0, 'new.ome.tif': 1.5 * hour });
    expect(await removeOldExports(folder, 2 * hour)).toBe(1);
    expect([...folder.names]).toEqual(['new.ome.tif']);
  });

  it('goes on past a file that another tab has open', async () => {
    const folder = folderOf({ 'a.tif': 0, 'b.tif': 0 }, ['a.tif']);
    expect(await removeOldExports(folder, 2 * hour)).toBe(1);
    expect([...folder.names]).toEqual(['a.tif']);
  });
});
