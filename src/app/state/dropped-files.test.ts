import { describe, expect, it } from 'vitest';
import type { NamedFile } from '../../../workers/protocol.ts';
import {
  isHidden,
  mergeFiles,
  namedFiles,
  relativeToDrop,
  renewFiles,
  walkEntries,
  type DroppedEntry,
} from './dropped-files.ts';

function named(path: string, content = 'x', lastModified = 1): NamedFile {
  return { path, file: new File([content], path.slice(path.lastIndexOf('/') + 1), { lastModified }) };
}

function fileEntry(path: string): DroppedEntry {
  const entry = {
    isDirectory: false,
    fullPath: path,
    file: (resolve: (file: File) => void) => resolve(named(path).file),
  };
  return entry;
}

/** Hands its children out two at a time, as the platform hands them out by the hundred. */
function folderEntry(path: string, children: readonly DroppedEntry[]): DroppedEntry {
  const folder = {
    isDirectory: true,
    fullPath: path,
    createReader: () => {
      let next = 0;
      return {
        readEntries: (resolve: (entries: readonly DroppedEntry[]) => void) =>
          resolve(children.slice(next, (next += 2))),
      };
    },
  };
  return folder;
}

describe('walkEntries', () => {
  it('keeps the order of a large folder whose files answer in any order, and counts them', async () => {
    const names = Array.from({ length: 300 }, (_, k) => `/grid/${String(k).padStart(3, '0')}.tif`);
    const children = names.map((path, k) => ({
      ...{ isDirectory: false, fullPath: path },
      file: (resolve: (file: File) => void) =>
        k % 3 === 0 ? queueMicrotask(() => resolve(named(path).file)) : resolve(named(path).file),
    }));
    const counts: number[] = [];
    const files = await walkEntries([folderEntry('/grid', children)], {
      onUnreadable: () => expect.unreachable(),
      onFound: (count) => counts.push(count),
    });
    expect(files.map(({ path }) => `/${path}`)).toEqual(names);
    expect(counts).toEqual(names.map((_, k) => k + 1));
  });

  it('collects folders recursively, past the first batch, without hidden files', async () => {
    const drop = folderEntry('/grid', [
      fileEntry('/grid/a.tif'),
      fileEntry('/grid/.DS_Store'),
      folderEntry('/grid/row', [fileEntry('/grid/row/b.tif')]),
      folderEntry('/grid/.git', [fileEntry('/grid/.git/c.tif')]),
      fileEntry('/grid/Thumbs.db'),
      fileEntry('/grid/d.tif'),
    ]);
    const files = await walkEntries([drop, fileEntry('/alone.tif')], { onUnreadable: () => expect.unreachable() });
    expect(files.map(({ path }) => path)).toEqual(['grid/a.tif', 'grid/row/b.tif', 'grid/d.tif', 'alone.tif']);
  });
});

describe('walkEntries of a folder in which something cannot be read', () => {
  it('gives the rest, and names the file that is gone and the folder that is refused', async () => {
    const gone = {
      ...fileEntry('/grid/b.tif'),
      file: (_: unknown, reject: (e: Error) => void) => reject(new Error('gone')),
    };
    const refused = {
      ...folderEntry('/grid/mine', []),
      createReader: () => ({ readEntries: (_: unknown, reject: (e: Error) => void) => reject(new Error('refused')) }),
    };
    const told: string[] = [];
    const drop = folderEntry('/grid', [fileEntry('/grid/a.tif'), gone, refused, fileEntry('/grid/c.tif')]);
    const files = await walkEntries([drop], {
      onUnreadable: ({ code, detail }) => told.push(`${code} ${detail.file}`),
    });
    expect(files.map(({ path }) => path)).toEqual(['grid/a.tif', 'grid/c.tif']);
    expect(told).toEqual(['unreadable-file grid/b.tif', 'unreadable-file grid/mine']);
  });
});

describe('isHidden', () => {
  it('knows dot files and the litter of operating systems at any depth', () => {
    expect(['.x', 'a/.b/c.tif', '__MACOSX/a.tif', 'a/desktop.ini'].every(isHidden)).toBe(true);
    expect(['a.tif', 'a/b.c/d.tif'].some(isHidden)).toBe(false);
  });
});

describe('namedFiles', () => {
  it('sorts numbers by value', () => {
    const files = ['t_10.tif', 't_2.tif', 't_1.tif'].map((path) => named(path).file);
    expect(namedFiles(files).map(({ path }) => path)).toEqual(['t_1.tif', 't_2.tif', 't_10.tif']);
  });
});

describe('mergeFiles', () => {
  const first = [named('grid/a.tif'), named('grid/b.tif')];

  it('changes nothing when the same files are dropped twice', () => {
    expect(mergeFiles(first, [named('grid/b.tif'), named('grid/a.tif')])).toBe(first);
  });

  it('knows a file that was dropped with its folder and then alone', () => {
    expect(mergeFiles(first, [named('a.tif')])).toBe(first);
  });

  it('adds new files and those of the same name in another folder', () => {
    const merged = mergeFiles(first, [named('grid/c.tif'), named('other/a.tif')]);
    expect(merged.map(({ path }) => path)).toEqual(['grid/a.tif', 'grid/b.tif', 'grid/c.tif', 'other/a.tif']);
  });

  it('replaces a file that was written again', () => {
    const again = named('grid/a.tif', 'xyz', 2);
    const merged = mergeFiles(first, [again]);
    expect(merged).toHaveLength(2);
    expect(merged[0].file).toBe(again.file);
  });
});

describe('renewFiles', () => {
  it('takes the files that were just dropped, under the paths that are known', () => {
    const known = [named('grid/a.tif'), named('grid/b.tif'), named('other/a.tif')];
    const again = [named('b.tif'), named('grid/a.tif')];
    const renewed = renewFiles(known, again);
    expect(renewed.map(({ path }) => path)).toEqual(['grid/a.tif', 'grid/b.tif', 'other/a.tif']);
    expect(renewed.map(({ file }) => file)).toEqual([again[1].file, again[0].file, known[2].file]);
  });

  it('keeps a file whose twin has another size', () => {
    const known = [named('grid/a.tif')];
    expect(renewFiles(known, [named('grid/a.tif', 'xyz')])[0].file).toBe(known[0].file);
  });
});

describe('relativeToDrop', () => {
  it('cuts off the dropped folder, but not the folders inside it', () => {
    const files = relativeToDrop([named('grid/r1/a.tif'), named('grid/r1/b.tif')]);
    expect(files.map(({ path }) => path)).toEqual(['r1/a.tif', 'r1/b.tif']);
  });

  it('keeps the folders when several were dropped', () => {
    const files = [named('one/a.tif'), named('two/a.tif')];
    expect(relativeToDrop(files)).toBe(files);
  });
});
