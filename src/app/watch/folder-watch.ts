import type { NamedFile } from '../../../workers/protocol.ts';
import { filesOfHandles } from '../jobs/folder-handles.ts';
import type { WatchState } from '../state/watch.ts';
import { updateSlice, type AppStore } from '../state/store.ts';
import { settledFiles, type Stamps } from './settled-files.ts';

/** Takes in tiles as the microscope writes them. */
export interface FolderWatch {
  /** Folders that were dropped or chosen: they can be watched from now on. */
  readonly offer: (handles: Promise<readonly FileSystemHandle[]>) => void;
  readonly toggle: () => void;
  /** Asks for a folder, opens it and watches it; null where the browser has no such question. */
  readonly pick: (() => void) | null;
}

export interface FolderWatchDeps {
  readonly store: AppStore;
  readonly page: Window;
  readonly addFiles: (files: readonly NamedFile[]) => Promise<void>;
  readonly stitch: () => Promise<void>;
  readonly report: (error: unknown) => void;
}

/** Chromium's picker and observer, which TypeScript's DOM library does not have. */
interface WatchablePage {
  readonly showDirectoryPicker?: () => Promise<FileSystemDirectoryHandle>;
  FileSystemObserver?: new (changed: () => void) => {
    observe(handle: FileSystemHandle, options: { readonly recursive: boolean }): Promise<void>;
    disconnect(): void;
  };
}

/** A file that stays the same for so long is taken as written to the end, ms. */
const lookPeriodMs = 2000;

/** An overlap found anew with every tile would move all pairs by a hair, and all would be matched again. */
function keepOverlap(store: AppStore): void {
  updateSlice(store, 'project', (project) => {
    const { layout, overlap } = project.edits;
    const known = overlap ?? (layout?.kind === 'grid' ? layout.overlap : null);
    return { ...project, edits: { ...project.edits, overlap: known } };
  });
}

/** Watches folders: by the browser's observer where there is one, else by looking again and again. */
export function folderWatch({ store, page, addFiles, stitch, report }: FolderWatchDeps): FolderWatch {
  const { showDirectoryPicker, FileSystemObserver } = page as Window & WatchablePage;
  let folders: readonly FileSystemHandle[] = [];
  let stop: (() => void) | null = null;
  let stamps: Stamps = new Map();
  const change = (now: Partial<WatchState>) => updateSlice(store, 'watch', (before) => ({ ...before, ...now }));
  const isBusy = () => store.getState().job.current.kind === 'running';

  /** One look; true while files are still being written. */
  const look = async (): Promise<boolean> => {
    const { files } = store.getState().project;
    const found = settledFiles(files, await filesOfHandles(folders), stamps);
    stamps = found.stamps;
    // All that has come is taken in at once, when the last of it is there: each time the mosaic is made anew.
    if (found.unsettled > 0 || found.settled.length === 0) return found.unsettled > 0;
    const wasStitched = store.getState().result.run !== null;
    if (wasStitched) keepOverlap(store);
    await addFiles(found.settled);
    change({ added: store.getState().watch.added + found.settled.length });
    if (wasStitched && store.getState().project.edits.layout !== null) await stitch();
    return false;
  };

  const begin = () => {
    let isDirty = true;
    let isLooking = false;
    const observer = FileSystemObserver && new FileSystemObserver(() => (isDirty = true));
    for (const folder of folders)
      // Where it cannot observe, looking again and again does.
      void observer?.observe(folder, { recursive: true }).catch(() => (isDirty = true));
    const timer = setInterval(() => {
      if (isLooking || isBusy() || (observer && !isDirty)) return;
      isLooking = true;
      isDirty = false;
      look()
        .then(
          (goesOn) => (isDirty ||= goesOn),
          // A file may be moved while it is looked at.
          () => (isDirty = true),
        )
        .finally(() => (isLooking = false));
    }, lookPeriodMs);
    return () => {
      clearInterval(timer);
      observer?.disconnect();
    };
  };

  const setOn = (isOn: boolean) => {
    stop?.();
    stop = isOn ? begin() : null;
    change({ isOn, added: 0 });
  };

  const take = (handles: readonly FileSystemHandle[]) => {
    folders = [...folders, ...handles.filter(({ kind }) => kind === 'directory')];
    change({ canWatch: folders.length > 0 });
  };

  // Who starts over watches nothing any more.
  store.subscribe((now, before) => {
    if (now.project.files.length > 0 || before.project.files.length === 0) return;
    folders = [];
    stamps = new Map();
    if (now.watch.isOn) setOn(false);
    change({ canWatch: false });
  });

  return {
    offer: (handles) => void handles.then(take, () => undefined),
    toggle: () => setOn(!store.getState().watch.isOn),
    pick: showDirectoryPicker
      ? () => {
          const opening = async () => {
            const folder = await showDirectoryPicker.call(page);
            take([folder]);
            await addFiles(await filesOfHandles([folder]));
            setOn(true);
          };
          opening().catch((error: unknown) => {
            // Closing the question is an answer.
            if (!(error instanceof DOMException && error.name === 'AbortError')) report(error);
          });
        }
      : null,
  };
}
