/** An export that is younger may still be on its way to the disk of this or another tab, ms. */
const oldMs = 3600_000;

/** A folder whose files can be listed; TypeScript's DOM library does not have the listing. */
type ListedFolder = Pick<FileSystemDirectoryHandle, 'removeEntry'> & { values(): AsyncIterable<FileSystemHandle> };

/**
 * Removes exports of earlier visits from the browser's private file system: a browser without a picker writes there
 * first, and a downloaded mosaic would keep its place on the disk for good. What is young, in use or refused stays.
 * @returns how many were removed.
 */
export async function removeOldExports(privateFolder: ListedFolder, nowMs: number): Promise<number> {
  const files: FileSystemFileHandle[] = [];
  for await (const entry of privateFolder.values())
    if (entry.kind === 'file') files.push(entry as FileSystemFileHandle);
  let removed = 0;
  for (const entry of files) {
    try {
      const { lastModified } = await entry.getFile();
      if (nowMs - lastModified < oldMs) continue;
      await privateFolder.removeEntry(entry.name);
      removed++;
    } catch (error) {
      // Another tab writes it: it is no old export.
      console.info(`${entry.name} stays`, error);
    }
  }
  return removed;
}
