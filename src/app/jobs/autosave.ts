import type { ProjectFile } from '../../../workers/protocol.ts';
import { relativeToDrop } from '../state/dropped-files.ts';
import { filesIdOf, isDecidedIn, isWorthKeeping, savedId, savedProject } from '../state/session.ts';
import type { AppState, AppStore } from '../state/store.ts';
import type { FileIdentities } from './file-identities.ts';
import type { ProjectLock } from './project-lock.ts';
import type { SessionStore, StoredProject } from './session-store.ts';

/** Keeps what is open under the name and the content of its files, so that the next visit can go on. */
export interface Autosave {
  /** Saves now, and again after a while when more has changed by then. */
  readonly soon: () => void;
  /** Saves what waits for its turn: the page may be gone before it comes. */
  readonly flush: () => void;
  /** The stored form of what is open; null while there is nothing to keep. */
  readonly snapshot: () => Promise<StoredProject | null>;
  /** Folders and files that the user dropped, to open them again at the next visit. */
  readonly handles: { readonly add: (found: readonly FileSystemHandle[]) => void; readonly reset: () => void };
  /** The decisions that the page goes on from: what is stored of them may be replaced. */
  readonly goOnFrom: (project: ProjectFile) => void;
  /** Counts the projects that were closed: what belongs to an earlier one has no say any more. */
  readonly visit: () => number;
  /** Keeps what is open as it is now, as a project that was closed. */
  readonly close: () => Promise<void>;
}

export interface AutosaveDeps {
  readonly store: AppStore;
  readonly identities: FileIdentities;
  readonly sessions: SessionStore;
  readonly lock: ProjectLock;
  /** Names this page among all that were ever open: its records where nobody knows of other tabs. */
  readonly tab: string;
  /** Asks the browser not to clear what is kept here when the disk runs low. */
  readonly persist: () => Promise<unknown>;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** The project that waits for its files: what is stored of it is not replaced before it is taken up. */
  readonly pending: () => ProjectFile | null;
  /** Told whether another tab saves the project. */
  readonly onElsewhere: (isElsewhere: boolean) => void;
}

/** Nothing is saved more often than this, ms. */
const savePeriodMs = 400;

export function createAutosave(deps: AutosaveDeps): Autosave {
  const { store, identities, sessions, lock } = deps;
  let handles: readonly FileSystemHandle[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isDue = false;
  /** What this page has stored last of the open project. */
  let open: StoredProject | null = null;
  let origin: ProjectFile | null = null;
  let closed = 0;
  let [taken, written] = [0, 0];

  const storedForm = async (state: AppState, ofHandles: typeof handles): Promise<StoredProject> => {
    const files = relativeToDrop(state.project.files);
    const known = await identities.of(files, new AbortController().signal);
    const project = savedProject(state, files, known);
    return { id: savedId(project), project, handles: ofHandles, savedAt: deps.wallClock(), isOpen: true };
  };

  const snapshot = async () => {
    const { project } = store.getState();
    if (project.tiles.length === 0) return null;
    await identities.of(relativeToDrop(project.files), new AbortController().signal);
    // The files may have changed meanwhile: what changed them saves again. What else has changed is kept.
    if (store.getState().project.files !== project.files) return null;
    return storedForm(store.getState(), handles);
  };

  const save = async () => {
    const visit = closed;
    // Files that are being read may turn out to be none: the end of the job saves.
    if (isReading(store.getState())) return;
    const now = await snapshot();
    const turn = ++taken;
    const pending = deps.pending();
    if (!now || closed !== visit || (pending && savedId(pending) === now.id)) return;
    // Two tabs that save one project would undo each other's decisions: the first one saves.
    const saver = await lock.hold(now.id, soon);
    if (closed !== visit) {
      lock.release(now.id);
      return;
    }
    deps.onElsewhere(saver === 'another-tab');
    if (saver === 'another-tab') return;
    // Some browsers ask the user: nothing waits for the answer.
    if (open === null) deps.persist().catch((error: unknown) => console.warn('storage may be cleared', error));
    await keep(saver === 'this-tab' ? now : { ...now, id: `${now.id}-${deps.tab}` }, visit, turn);
  };

  /** Stores a record, and removes those that it takes the place of. */
  const keep = async (now: StoredProject, visit: number, turn: number) => {
    const isFirst = open?.id !== now.id;
    const others = isFirst ? (await sessions.list()).filter((one) => isOfSameFiles(one, now)) : [];
    const same = others.find(({ id }) => id === now.id);
    if (same && !isKnown(same, now))
      await sessions.put({ ...same, id: `${filesIdOf(now.id)}-${same.savedAt.toString(36)}`, isOpen: false });
    if (closed !== visit || turn < written) return;
    const former = open;
    open = now;
    written = turn;
    await sessions.put(now);
    for (const one of others) if (one !== same && isKnown(one, now)) await sessions.removeUnchanged(one);
    // Tiles that came to a project make another one of it, with all its decisions.
    if (former && former.id !== now.id && (isOfSameFiles(former, now) || isGrown(former.project, now.project)))
      await sessions.remove(former.id);
  };

  /**
   * True when a record decides nothing that this page does not know. What others have decided about the same files, at an
   * earlier visit or in another tab, stays beside what this one does.
   */
  const isKnown = ({ project }: StoredProject, now: StoredProject): boolean =>
    !isWorthKeeping(project) || isDecidedIn(project, now.project) || (origin !== null && isDecidedIn(project, origin));

  const run = () => {
    // A full disk costs the next visit its start, nothing else.
    save().catch((error: unknown) => console.warn('the project was not saved', error));
  };

  const soon = () => {
    if (timer) {
      isDue = true;
      return;
    }
    run();
    timer = setTimeout(() => {
      timer = null;
      if (isDue) soon();
    }, savePeriodMs);
    isDue = false;
  };

  return {
    soon,
    flush() {
      if (!isDue) return;
      isDue = false;
      run();
    },
    snapshot,
    handles: {
      add: (found) => (handles = [...handles, ...found]),
      reset: () => (handles = []),
    },
    goOnFrom: (project) => (origin = project),
    visit: () => closed,
    async close() {
      const [last, former, ofHandles] = [store.getState(), open, handles];
      closed++;
      open = null;
      origin = null;
      handles = [];
      isDue = false;
      deps.onElsewhere(false);
      if (!former) {
        lock.releaseAll();
        return;
      }
      try {
        // What was decided a moment ago has not been saved yet.
        const now = isReading(last) ? former : await storedForm(last, ofHandles).catch(() => former);
        await sessions.put({ ...(isOfSameFiles(now, former) ? now : former), id: former.id, isOpen: false });
      } finally {
        lock.release(filesIdOf(former.id));
      }
    },
  };
}

/** Headers are being read: files are there whose tiles are not. */
function isReading({ job: { current } }: AppState): boolean {
  return current.kind === 'running' && (current.task === 'inspect' || current.task === 'sample');
}

function isOfSameFiles(one: StoredProject, other: StoredProject): boolean {
  return filesIdOf(one.id) === filesIdOf(other.id);
}

/** True when all files of `former` are among those of `now`, and more. */
function isGrown(former: ProjectFile, now: ProjectFile): boolean {
  const known = new Set(now.files.map(({ identity }) => identity));
  return now.files.length > former.files.length && former.files.every(({ identity }) => known.has(identity));
}
