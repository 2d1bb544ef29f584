import { createStore, type StoreApi } from 'zustand/vanilla';
import { StitchError } from '../../core/errors.ts';
import type { NamedFile, ProjectFile, StitchClient } from '../../../workers/protocol.ts';
import { relativeToDrop } from '../state/dropped-files.ts';
import { withError } from '../state/job.ts';
import type { PageChoice } from '../state/project.ts';
import {
  missingFiles,
  noSession,
  savedProject,
  withSaved,
  withSavedView,
  type RecentProject,
  type SessionState,
} from '../state/session.ts';
import { updateSlice, type AppState, type AppStore } from '../state/store.ts';
import type { FileIdentities } from './file-identities.ts';
import { filesOfHandles, mayRead } from './folder-handles.ts';
import type { ProjectLock } from './project-lock.ts';
import type { SavePlace } from './save-place.ts';
import type { SessionStore, StoredProject } from './session-store.ts';

/** What survives the tab: autosave, projects of earlier visits, project files. */
export interface Session {
  readonly state: StoreApi<SessionState>;
  /** Lists the projects of earlier visits and begins to save the present one. */
  readonly start: () => Promise<void>;
  /** Opens a project of an earlier visit: its folder where the browser allows it, else the files are asked for. */
  readonly continueProject: (id: string) => Promise<void>;
  readonly forget: (id: string) => Promise<void>;
  /** Downloads the project as a file. */
  readonly saveFile: () => Promise<void>;
  /** Downloads the options as a file that the command line reads, too. */
  readonly saveOptions: () => void;
  /** Takes a project or options file; the tiles are asked for when they are not there. */
  readonly openFile: (file: File) => Promise<void>;
  /** Takes up the project that waits for files, once they are there. */
  readonly applyPending: () => Promise<void>;
  /** Remembers what was dropped, to open it again at the next visit. */
  readonly rememberHandles: (handles: Promise<readonly FileSystemHandle[]>) => void;
  /** The user has closed the project: it is kept, and not offered as one that was interrupted. */
  readonly close: () => void;
}

export interface SessionDeps {
  readonly store: AppStore;
  readonly client: Pick<StitchClient, 'parseProject' | 'parseOptions'>;
  readonly identities: FileIdentities;
  readonly sessions: SessionStore;
  readonly lock: ProjectLock;
  /** Asks the browser not to clear what is kept here when the disk runs low. */
  readonly persist: () => Promise<unknown>;
  readonly place: SavePlace;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly addFiles: (files: readonly NamedFile[]) => Promise<void>;
  readonly choosePages: (pages: PageChoice) => Promise<void>;
  readonly chooseGroup: (group: string | null) => Promise<void>;
  readonly stitch: () => Promise<void>;
}

/** Nothing is saved more often than this, ms. */
const savePeriodMs = 400;

export function createSession(deps: SessionDeps): Session {
  const { store, client, identities, sessions, lock, place } = deps;
  const state = createStore<SessionState>()(() => noSession);
  let handles: readonly FileSystemHandle[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  let openId: string | null = null;

  const fail = (error: unknown) => updateSlice(store, 'job', (job) => withError(job, error));
  const identitiesNow = (files: readonly NamedFile[]) => identities.of(files, new AbortController().signal);

  /** The stored form of what is open; null while there is nothing to keep. */
  const stored = async (): Promise<StoredProject | null> => {
    const { project } = store.getState();
    if (project.tiles.length === 0 || state.getState().pending) return null;
    const files = relativeToDrop(project.files);
    const known = await identitiesNow(files);
    // The files may have changed meanwhile: what changed them saves again.
    if (store.getState().project.files !== project.files) return null;
    const saved = savedProject(store.getState(), files, known);
    return { id: idOf(saved), project: saved, handles, savedAt: deps.wallClock(), isOpen: true };
  };

  const save = async () => {
    const now = await stored();
    if (!now) return;
    // Two tabs that save one project would undo each other's decisions: the first one saves.
    const isMine = await lock.hold(now.id, saveSoon);
    state.setState({ isElsewhere: !isMine });
    if (!isMine) return;
    // Some browsers ask the user: nothing waits for the answer.
    if (openId === null) deps.persist().catch((error: unknown) => console.warn('storage may be cleared', error));
    openId = now.id;
    await sessions.put(now);
  };

  const saveSoon = () => {
    timer ??= setTimeout(() => {
      timer = null;
      // A full disk costs the next visit its start, nothing else.
      save().catch((error: unknown) => console.warn('the project was not saved', error));
    }, savePeriodMs);
  };

  const listed = async () => {
    try {
      return await sessions.list();
    } catch (cause) {
      throw storageFailed(cause);
    }
  };
  const listRecent = async () => state.setState({ recent: (await listed()).flatMap(recentOf) });

  const takeUp = async (pending: ProjectFile) => {
    const { project } = store.getState();
    const missing = missingFiles(pending, await identitiesNow(relativeToDrop(project.files)));
    if (missing.length === pending.files.length) throw strangeFiles(pending, missing[0]);
    state.setState({ pending: null });
    if (missing.length > 0) fail(filesMissing(pending, missing));
    if (JSON.stringify(project.pages) !== JSON.stringify(pending.pages)) await deps.choosePages(pending.pages);
    if (store.getState().project.group !== pending.group) await deps.chooseGroup(pending.group);
    updateSlice(store, 'project', (now) => withSaved(now, pending));
    if (pending.isStitched) await deps.stitch();
    updateSlice(store, 'view', (view) => withSavedView(view, pending.view));
  };

  const applyPending = async () => {
    const { pending } = state.getState();
    const { tiles, ranking } = store.getState().project;
    // Files that another drop is still reading are taken up by that drop.
    if (!pending || tiles.length === 0 || !ranking) return;
    await takeUp(pending).catch(fail);
  };

  return {
    state,
    applyPending,
    async start() {
      store.subscribe((now, before) => {
        if (isWorthSaving(now, before)) saveSoon();
      });
      await listRecent().catch(fail);
    },
    async continueProject(id) {
      try {
        const found = (await sessions.list()).find((one) => one.id === id);
        if (!found) return;
        // What an older or newer version of the app has written is checked like any file.
        const project = await client.parseProject(JSON.stringify(found.project), found.project.name).catch(fail);
        if (!project) return;
        state.setState({ pending: project });
        if (found.handles.length === 0 || !(await mayRead(found.handles))) return;
        const files = await filesOfHandles(found.handles);
        handles = found.handles;
        await deps.addFiles(files);
        await applyPending();
      } catch {
        // A folder that was moved or is refused: the user is asked for the files, as without handles.
      }
    },
    async forget(id) {
      await sessions
        .remove(id)
        .then(listRecent)
        .catch((error: unknown) => fail(error instanceof StitchError ? error : storageFailed(error)));
    },
    async saveFile() {
      try {
        const now = await stored();
        if (now) downloadJson(place, `${now.project.name}.em-stitch.json`, now.project);
      } catch (error) {
        fail(error);
      }
    },
    saveOptions() {
      const { options } = store.getState().project.edits;
      downloadJson(place, 'options.json', { kind: optionsKind, ...options });
    },
    async openFile(file) {
      try {
        const text = await file.text();
        if (isOptions(text)) {
          const options = await client.parseOptions(text, file.name);
          updateSlice(store, 'project', (now) => ({ ...now, edits: { ...now.edits, options } }));
          return;
        }
        state.setState({ pending: await client.parseProject(text, file.name) });
        await applyPending();
      } catch (error) {
        fail(error);
      }
    },
    rememberHandles(dropped) {
      dropped.then(
        (found) => {
          handles = [...handles, ...found];
          if (found.length > 0) saveSoon();
        },
        () => undefined, // no handles, no question at the next visit
      );
    },
    close() {
      const id = openId;
      openId = null;
      handles = [];
      lock.release();
      state.setState({ pending: null, isElsewhere: false });
      const closed = async () => {
        const found = (await sessions.list()).find((one) => one.id === id);
        if (found) await sessions.put({ ...found, isOpen: false });
        await listRecent();
      };
      closed().catch(fail);
    },
  };
}

function storageFailed(cause: unknown): StitchError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StitchError(
    'unreadable-file',
    `The projects of earlier visits cannot be read from the storage of this browser (${why}). A project file opens all the same.`,
    {},
    { cause },
  );
}

const optionsKind = 'em-stitch-options';

function downloadJson(place: SavePlace, name: string, value: unknown): void {
  place.download(name, new Blob([`${JSON.stringify(value, null, 1)}\n`], { type: 'application/json' }));
}

function strangeFiles({ name }: ProjectFile, example: string): StitchError {
  return new StitchError(
    'bad-options',
    `None of these files belongs to the project "${name}". Drop the folder that it was made from, with ${example} in it.`,
  );
}

function filesMissing({ files }: ProjectFile, missing: readonly string[]): StitchError {
  return new StitchError(
    'bad-options',
    `${missing.length} of the ${files.length} files of the project are not there, or have changed: ${missing.slice(0, 3).join(', ')}. The rest is opened without them.`,
  );
}

/** Decisions, a run that begins or ends, and what is looked at. */
function isWorthSaving({ project, result, view, job }: AppState, before: AppState): boolean {
  return (
    project.edits !== before.project.edits ||
    project.tiles !== before.project.tiles ||
    result.run !== before.result.run ||
    view.tab !== before.view.tab ||
    view.selectedPair !== before.view.selectedPair ||
    job.current.kind !== before.job.current.kind
  );
}

/** The same files in the same places are the same project: FNV-1a of the name and the identities. */
function idOf({ name, files }: ProjectFile): string {
  const text = JSON.stringify([name, files.map(({ identity }) => identity).toSorted()]);
  let [low, high] = [0x811c9dc5, 0x1b873593];
  for (let i = 0; i < text.length; i++) {
    low = Math.imul(low ^ text.charCodeAt(i), 0x01000193) >>> 0;
    high = Math.imul(high ^ text.charCodeAt(text.length - 1 - i), 0x01000193) >>> 0;
  }
  return `${low.toString(16)}-${high.toString(16)}`;
}

/** The line of the start page; none for what another version of the app has left in a shape that is not known here. */
function recentOf({ id, project, savedAt, handles, isOpen }: StoredProject): readonly RecentProject[] {
  if (typeof project?.name !== 'string' || !Array.isArray(project.files) || !Array.isArray(project.corrections))
    return [];
  const line = {
    id,
    name: project.name,
    tiles: project.files.length,
    corrections: project.corrections.length,
    savedAt,
    hasHandles: handles?.length > 0,
    isOpen,
  };
  return [line];
}

/** An options file says so; everything else must be a project. */
function isOptions(text: string): boolean {
  return text.slice(0, 200).includes(`"${optionsKind}"`);
}
