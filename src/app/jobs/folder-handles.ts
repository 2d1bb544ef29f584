import type { NamedFile } from '../../../workers/protocol.ts';
import { isHidden } from '../state/dropped-files.ts';

/** The File System Access permission calls, which TypeScript's DOM library does not have. */
interface AskableHandle {
  requestPermission?(descriptor: { readonly mode: 'read' }): Promise<PermissionState>;
}

/** What was dropped, as handles that outlive the page; none where the browser has none. Call it inside the drop event. */
export async function handlesOfDrop(transfer: DataTransfer): Promise<readonly FileSystemHandle[]> {
  const asked: Promise<FileSystemHandle | null>[] = [];
  for (const item of transfer.items) {
    const ask = (item as { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> }).getAsFileSystemHandle;
    if (item.kind === 'file' && ask) asked.push(ask.call(item).catch(() => null));
  }
  return (await Promise.all(asked)).filter((handle) => handle !== null);
}

/** Asks for the permission to read; must be called from a click. */
export async function mayRead(handles: readonly FileSystemHandle[]): Promise<boolean> {
  for (const handle of handles) {
    const askable = handle as FileSystemHandle & AskableHandle;
    if ((await askable.requestPermission?.({ mode: 'read' })) === 'denied') return false;
  }
  return true;
}

/** The files below the handles with the paths that a drop gives them; hidden ones are left out. */
export async function filesOfHandles(handles: readonly FileSystemHandle[]): Promise<readonly NamedFile[]> {
  const files: NamedFile[] = [];
  for (const handle of handles) await collect(handle, '', files);
  return files.toSorted((p, q) => (p.path < q.path ? -1 : 1));
}

async function collect(handle: FileSystemHandle, folder: string, files: NamedFile[]): Promise<void> {
  const path = `${folder}${handle.name}`;
  if (isHidden(path)) return;
  if (handle.kind === 'file') files.push({ path, file: await (handle as FileSystemFileHandle).getFile() });
  else {
    const entries = (handle as FileSystemDirectoryHandle & { values(): AsyncIterable<FileSystemHandle> }).values();
    for await (const entry of entries) await collect(entry, `${path}/`, files);
  }
}
