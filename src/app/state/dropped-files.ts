import { StitchError } from '../../core/errors.ts';
import type { NamedFile } from '../../../workers/protocol.ts';

/** What of a dropped entry is needed: `FileSystemEntry` of the platform fits, and so does a plain object in a test. */
export interface DroppedEntry {
  readonly isDirectory: boolean;
  readonly fullPath: string;
}

interface DroppedFileEntry extends DroppedEntry {
  file(resolve: (file: File) => void, reject: (error: unknown) => void): void;
}

interface DroppedFolderEntry extends DroppedEntry {
  createReader(): {
    readEntries(resolve: (entries: readonly DroppedEntry[]) => void, reject: (error: unknown) => void): void;
  };
}

/** Side products of operating systems that carry no dot. */
const systemFiles = new Set(['thumbs.db', 'desktop.ini', '__macosx', '$recycle.bin']);

/** Hidden files and folders are not the user's tiles: a leading dot or a name the operating system put there. */
export function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.') || systemFiles.has(part.toLowerCase()));
}

/** Told of what cannot be read, the others are given all the same, and of how many files there are so far. */
export interface WalkListener {
  readonly onUnreadable: (error: StitchError) => void;
  readonly onFound?: (count: number) => void;
}

/**
 * All files of a drop, folders recursively, hidden ones left out, sorted by path. Must be called inside the drop
 * event: the list of items is emptied when the handler returns.
 */
export function filesOfDrop(transfer: DataTransfer, listener: WalkListener): Promise<readonly NamedFile[]> {
  const entries: DroppedEntry[] = [];
  const loose: File[] = [];
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue;
    // A drop made by a script has files but no entries.
    const entry = item.webkitGetAsEntry();
    const file = entry ? null : item.getAsFile();
    if (entry) entries.push(entry);
    else if (file) loose.push(file);
  }
  return walkEntries(entries, listener).then((files) => sortByPath([...files, ...namedFiles(loose)]));
}

/** So many entries of a folder are asked for at once: each answer takes about a millisecond, mostly of waiting. */
const entriesAtOnce = 64;

/** The files below `entries`, depth first, hidden ones and those that cannot be read left out. */
export async function walkEntries(
  entries: readonly DroppedEntry[],
  { onUnreadable, onFound }: WalkListener,
): Promise<readonly NamedFile[]> {
  let count = 0;
  const below = async (entry: DroppedEntry): Promise<readonly NamedFile[]> => {
    const path = entry.fullPath.replace(/^\/+/, '');
    if (isHidden(path)) return [];
    try {
      if (isFolder(entry)) return await all(await entriesOf(entry));
      const file = await fileOf(entry as DroppedFileEntry);
      onFound?.(++count);
      return [{ path, file }];
    } catch (cause) {
      onUnreadable(unreadable(path, cause));
      return [];
    }
  };
  const all = async (list: readonly DroppedEntry[]): Promise<readonly NamedFile[]> => {
    const files: NamedFile[] = [];
    for (let k = 0; k < list.length; k += entriesAtOnce) {
      const found = await Promise.all(list.slice(k, k + entriesAtOnce).map(below));
      files.push(...found.flat());
    }
    return files;
  };
  return all(entries);
}

function unreadable(path: string, cause: unknown): StitchError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `${path} cannot be read and is left out (${why}). It may have been moved, or you may not be allowed to read it: drop it again.`;
  return new StitchError('unreadable-file', message, { file: path }, { cause });
}

/** Files of an `<input type="file">`; a folder input gives each its path below the chosen folder. */
export function namedFiles(files: Iterable<File>): readonly NamedFile[] {
  const named = Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file }));
  return sortByPath(named.filter(({ path }) => !isHidden(path)));
}

/**
 * `known` with what is new in `added`. A file is the same when size and time agree and one path ends in the other
 * (dropped once alone and once with its folder); a file of the same path with other content replaces the old one.
 * Returns `known` itself when the drop changes nothing.
 */
export function mergeFiles(known: readonly NamedFile[], added: readonly NamedFile[]): readonly NamedFile[] {
  const byPath = new Map(known.map((named) => [named.path, named]));
  const pathsByContent = new Map<string, string[]>();
  for (const named of known) remember(pathsByContent, named);
  let changed = false;
  for (const named of added) {
    const twins = pathsByContent.get(contentKey(named)) ?? [];
    if (twins.some((path) => isSamePath(path, named.path))) continue;
    byPath.set(named.path, named);
    remember(pathsByContent, named);
    changed = true;
  }
  return changed ? sortByPath([...byPath.values()]) : known;
}

/** `known` with each file as it has just been dropped: a file may be readable again through its new handle alone. */
export function renewFiles(known: readonly NamedFile[], added: readonly NamedFile[]): readonly NamedFile[] {
  const twins = new Map<string, NamedFile[]>();
  for (const named of added) {
    const key = contentKey(named);
    twins.set(key, [...(twins.get(key) ?? []), named]);
  }
  return known.map((named) => {
    const twin = twins.get(contentKey(named))?.find(({ path }) => isSamePath(path, named.path));
    return twin ? { path: named.path, file: twin.file } : named;
  });
}

/** Paths relative to the dropped folder: the first folder is cut off when all files share it. */
export function relativeToDrop(files: readonly NamedFile[]): readonly NamedFile[] {
  const folders = new Set(files.map(({ path }) => (path.includes('/') ? path.slice(0, path.indexOf('/') + 1) : '')));
  const [folder] = folders;
  if (folders.size !== 1 || !folder) return files;
  return files.map(({ path, file }) => ({ path: path.slice(folder.length), file }));
}

/** Identity of a file for caches: path, size and time of the last change. */
export function fileIdentity({ path, file }: NamedFile): string {
  return `${path}|${file.size}|${file.lastModified}`;
}

function isFolder(entry: DroppedEntry): entry is DroppedFolderEntry {
  return entry.isDirectory;
}

/** `readEntries` hands out about a hundred at a time, and an empty list at the end. */
async function entriesOf(folder: DroppedFolderEntry): Promise<readonly DroppedEntry[]> {
  const reader = folder.createReader();
  const all: DroppedEntry[] = [];
  for (;;) {
    const batch = await new Promise<readonly DroppedEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return all;
    all.push(...batch);
  }
}

function fileOf(entry: DroppedFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

function contentKey({ file }: NamedFile): string {
  return `${file.name}|${file.size}|${file.lastModified}`;
}

function remember(pathsByContent: Map<string, string[]>, named: NamedFile): void {
  const key = contentKey(named);
  const paths = pathsByContent.get(key);
  if (paths) paths.push(named.path);
  else pathsByContent.set(key, [named.path]);
}

function isSamePath(p: string, q: string): boolean {
  return p === q || p.endsWith(`/${q}`) || q.endsWith(`/${p}`);
}

/** Natural order, so that `tile_2` comes before `tile_10`; the code units decide between equals. */
function sortByPath(files: readonly NamedFile[]): readonly NamedFile[] {
  const order = new Intl.Collator('en', { numeric: true });
  return files.toSorted((p, q) => order.compare(p.path, q.path) || (p.path < q.path ? -1 : 1));
}
