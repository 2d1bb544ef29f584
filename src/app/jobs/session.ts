import { createStore, type StoreApi } from 'zustand/vanilla';
import { isAbort, StitchError } from '../../core/errors.ts';
import type { NamedFile, ProjectFile, StitchClient } from '../../../workers/protocol.ts';
import { relativeToDrop } from '../state/dropped-files.ts';
import { withError } from '../state/job.ts';
import type { ProjectState, TileChoice } from '../state/project.ts';
import type { StitchOptions } from '../../core/options.ts';
import { distinctionOf } from '../state/kept-copies.ts';
import {
  filesIdOf,
  noSession,
  withSaved,
  withSavedView,
  type RecentProject,
  type SessionState,
} from '../state/session.ts';
import { groupNow, renamedFiles, withNamesNow } from '../state/renamed-files.ts';
import { soundCorrections } from '../state/sound-corrections.ts';
import { updateSlice, type AppState, type AppStore } from '../state/store.ts';
import { createAutosave } from './autosave.ts';
import type { FileIdentities } from './file-identities.ts';
import type { JobContext } from './foreground.ts';
import { filesOfHandles, mayRead } from './folder-handles.ts';
import { brokenCorrections, filesMissing, layoutAsSaved, strangeFiles } from './project-files.ts';
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
  /** Takes up the project that waits for files: the end of the job that has read and laid out what was dropped. */
  readonly whenLaidOut: (context: JobContext) => Promise<void>;
  /** After that job: takes up what it has left, and goes on with the mosaic that was under way. */
  readonly applyPending: () => Promise<void>;
  /** The project that is being taken up, null while there is none: true when its mosaic is made again. */
  readonly takingUp: () => Promise<boolean> | null;
  /** Saves what has not been saved yet: the page may be closed. */
  readonly saveNow: () => void;
  /** Remembers what was dropped, to open it again at the next visit. */
  readonly rememberHandles: (handles: Promise<readonly FileSystemHandle[]>) => void;
  /** The user has closed the project: it is kept, and not offered as one that was interrupted. */
  readonly close: () => void;
}

export interface SessionDeps {
  readonly store: AppStore;
  readonly client: Pick<StitchClient, 'parseProject' | 'parseOptions' | 'inferLayout'>;
  readonly identities: FileIdentities;
  readonly sessions: SessionStore;
  readonly lock: ProjectLock;
  /** Names this page among all that were ever open. */
  readonly tab: string;
  /** Asks the browser not to clear what is kept here when the disk runs low. */
  readonly persist: () => Promise<unknown>;
  readonly place: SavePlace;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly addFiles: (files: readonly NamedFile[]) => Promise<void>;
  /** Takes other tiles of the files and lays them out, inside a job or as one; false when that was stopped. */
  readonly chooseTiles: (choice: TileChoice, context: JobContext | null) => Promise<boolean>;
  readonly setOptions: (label: string, options: StitchOptions) => void;
  readonly stitch: () => Promise<void>;
}

export function createSession(deps: SessionDeps): Session {
  const { store, client, identities, sessions, lock, place } = deps;
  const state = createStore<SessionState>()(() => noSession);
  /** Steps of undo that were there when the pending project was opened. */
  let knownPast: ProjectState['past'] = [];
  /** Project files that were opened so far: the last one counts, whichever is read first. */
  let opened = 0;
  /** A project that was taken up and whose mosaic is not begun. */
  let resuming: ProjectFile | null = null;
  let taking: Promise<boolean> | null = null;

  const fail = (error: unknown) => updateSlice(store, 'job', (job) => withError(job, error));
  const pendingNow = () => state.getState().pending;
  const autosave = createAutosave({
    ...{ store, identities, sessions, lock, tab: deps.tab, persist: deps.persist, wallClock: deps.wallClock },
    pending: pendingNow,
    onElsewhere: (isElsewhere) => state.setState({ isElsewhere }),
  });
  const waitFor = (pending: ProjectFile) => {
    knownPast = store.getState().project.past;
    state.setState({ pending });
  };

  const listed = async () => {
    try {
      return await sessions.list();
    } catch (cause) {
      throw storageFailed(cause);
    }
  };
  const listRecent = async () => state.setState({ recent: recentOf(await listed()) });

  /** Takes up `pending`, unless something else is open or awaited by the time that the files are known. */
  const takeUp = async (pending: ProjectFile, context: JobContext | null): Promise<boolean> => {
    const { files } = store.getState().project;
    const isOvertaken = () => pendingNow() !== pending || store.getState().project.files !== files;
    const signal = context?.signal ?? new AbortController().signal;
    const present = relativeToDrop(files);
    const known = await identities.of(present, signal);
    if (isOvertaken()) return false;
    const found = renamedFiles(pending, present, known);
    if (found.missing.length === pending.files.length) throw strangeFiles(pending);
    const { pages } = pending;
    const { project } = store.getState();
    const group = groupNow(pending, project.inspection?.tiles ?? [], found);
    const isLaid = JSON.stringify(project.pages) === JSON.stringify(pages) && project.group === group;
    const goesOn = isLaid || (await deps.chooseTiles({ pages, group }, context));
    if (isOvertaken()) return false;
    const layoutChoice = await layoutAsSaved(store.getState().project, pending, found, client, signal);
    if (isOvertaken()) return false;
    if (found.missing.length > 0) fail(filesMissing(pending, present, found));
    const named = withNamesNow(pending, found);
    const { corrections, faults } = soundCorrections(named.corrections, store.getState().project.tiles);
    if (faults.length > 0) fail(brokenCorrections(pending, faults));
    const now = { ...named, corrections, ...(layoutChoice && { layoutChoice }) };
    // In one go: a save in between would keep the project without its decisions.
    autosave.goOnFrom(pending);
    updateSlice(store, 'project', (later) => withSaved(later, now, knownPast));
    state.setState({ pending: null });
    if (goesOn) resuming = now;
    return goesOn && pending.isStitched;
  };

  const takeUpPending = async (context: JobContext | null): Promise<void> => {
    const pending = pendingNow();
    const { tiles, ranking } = store.getState().project;
    // Files that another drop is still reading are taken up by that drop.
    if (!pending || tiles.length === 0 || !ranking) return;
    const now = takeUp(pending, context).finally(() => {
      if (taking === now) taking = null;
    });
    taking = now;
    await now;
  };

  /** Makes the mosaic that was there, and shows what was looked at, unless the user looks at something else by then. */
  const resume = async () => {
    const saved = resuming;
    resuming = null;
    if (!saved) return;
    const { view, project } = store.getState();
    if (saved.isStitched) await deps.stitch();
    const now = store.getState();
    if (now.project.files !== project.files) return;
    if (now.view.tab !== view.tab || now.view.selectedPair !== view.selectedPair) return;
    updateSlice(store, 'view', (later) => withSavedView(later, saved.view));
  };

  const applyPending = async () => {
    if (!taking) await takeUpPending(null).catch(fail);
    await resume();
  };

  return {
    state,
    applyPending,
    async whenLaidOut(context) {
      await takeUpPending(context).catch((error: unknown) => {
        if (!isAbort(error)) return fail(error);
        // Who cancels goes on without it; another job that took the place of this one takes it up.
        if (store.getState().job.current.kind === 'cancelled') state.setState({ pending: null });
        throw error;
      });
    },
    takingUp: () => taking,
    saveNow: autosave.flush,
    async start() {
      store.subscribe((now, before) => {
        if (isWorthSaving(now, before)) autosave.soon();
      });
      await listRecent().catch(fail);
      state.setState({ isFleeting: (await sessions.lasts?.()) === false });
    },
    async continueProject(id) {
      try {
        const found = (await sessions.list()).find((one) => one.id === id);
        if (!found) return;
        // What an older or newer version of the app has written is checked like any file.
        const project = await client.parseProject(JSON.stringify(found.project), found.project.name).catch(fail);
        if (!project) return;
        waitFor(project);
        const { files } = store.getState().project;
        if (found.handles.length === 0 || !(await mayRead(found.handles))) return;
        const foundFiles = await filesOfHandles(found.handles);
        // The question may stand for long, and a network drive takes its time: something else may be open by now.
        if (pendingNow() !== project || store.getState().project.files !== files) return;
        autosave.handles.reset();
        autosave.handles.add(found.handles);
        await deps.addFiles(foundFiles);
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
        const now = await autosave.snapshot();
        if (now) downloadJson(place, `${now.project.name}.em-stitch.json`, now.project);
      } catch (error) {
        fail(error);
      }
    },
    saveOptions() {
      const { options } = store.getState().project.edits;
      try {
        downloadJson(place, 'options.json', { kind: optionsKind, ...options });
      } catch (error) {
        fail(error);
      }
    },
    async openFile(file) {
      const turn = ++opened;
      try {
        const text = await file.text();
        if (isOptions(text)) {
          deps.setOptions(`options of ${file.name}`, await client.parseOptions(text, file.name));
          return;
        }
        const project = await client.parseProject(text, file.name);
        if (turn !== opened) return;
        waitFor(project);
        await applyPending();
      } catch (error) {
        fail(error);
      }
    },
    rememberHandles(dropped) {
      const visit = autosave.visit();
      dropped.then(
        (found) => {
          if (autosave.visit() !== visit || found.length === 0) return;
          autosave.handles.add(found);
          autosave.soon();
        },
        () => undefined, // no handles, no question at the next visit
      );
    },
    close() {
      opened++;
      resuming = null;
      state.setState({ pending: null });
      autosave.close().then(listRecent).catch(fail);
    },
  };
}

function storageFailed(cause: unknown): StitchError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StitchError(
    'storage-failed',
    `The projects of earlier visits cannot be read from the storage of this browser (${why}). A project file opens all the same.`,
    {},
    { cause },
  );
}

const optionsKind = 'em-stitch-options';

function downloadJson(place: SavePlace, name: string, value: unknown): void {
  place.download(name, new Blob([`${JSON.stringify(value, null, 1)}\n`], { type: 'application/json' }));
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

/** The lines of the start page; none for what another version of the app has left in a shape that is not known here. */
function recentOf(stored: readonly StoredProject[]): readonly RecentProject[] {
  const known = stored.filter(
    ({ project }) =>
      typeof project?.name === 'string' && Array.isArray(project.files) && Array.isArray(project.corrections),
  );
  return known.map(({ id, project, savedAt, handles, isOpen }) => {
    const same = known.filter((other) => filesIdOf(other.id) === filesIdOf(id));
    const [latest] = same;
    const words = latest.id === id ? 'the latest' : distinctionOf(project, latest.project);
    return {
      id,
      name: project.name,
      tiles: project.files.length,
      corrections: project.corrections.length,
      savedAt,
      hasHandles: handles?.length > 0,
      isOpen,
      distinction: same.length > 1 ? words : null,
    };
  });
}

/** An options file says so; everything else must be a project. */
function isOptions(text: string): boolean {
  return text.slice(0, 200).includes(`"${optionsKind}"`);
}
