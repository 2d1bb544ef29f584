import { describe, expect, it } from 'vitest';
import { addEdit } from '../../core/edits/edit.ts';
import { defaultStitchOptions } from '../../core/options.ts';
import { tileId, type Tile } from '../../core/tiles/tile.ts';
import type { NamedFile, ProjectFile } from '../../../workers/protocol.ts';
import { relativeToDrop } from '../state/dropped-files.ts';
import { editProject, withInspection, withRanking } from '../state/project.ts';
import { parseProject } from '../../formats/project-json.ts';
import { createAppStore, updateSlice } from '../state/store.ts';
import { browserProjectLock, singleTab, type ProjectLock, type Saver } from './project-lock.ts';
import { createSession } from './session.ts';
import { memorySessionStore, type StoredProject } from './session-store.ts';

const paths = ['g/a_1_1.tif', 'g/a_1_2.tif'];
const drop = (folder = 'g', content = ''): readonly NamedFile[] =>
  paths.map((path) => ({ path: path.replace('g', folder), file: new File([path + content], path.slice(2)) }));
const tileOf = (path: string): Tile => ({
  id: tileId(path),
  file: path,
  page: 0,
  size: { width: 100, height: 80 },
  channels: 1,
  sampleType: 'uint8',
  pixelSizeNm: null,
  stage: null,
});

/** Of all pages. */
const clock = { ms: 0 };

/** A page with a session over a store of projects that outlives it. */
function page(sessions = memorySessionStore(), lock: ProjectLock = singleTab, tab = 'tab') {
  const store = createAppStore();
  const calls = { stitched: 0, persisted: 0, downloads: [] as Blob[] };
  const read = (files: readonly NamedFile[]) =>
    updateSlice(store, 'project', (project) => {
      const inspection = {
        tiles: relativeToDrop(files).map(({ path }) => tileOf(path)),
        multiPage: [],
        positionTables: [],
        problems: [],
        notes: [],
      };
      return withInspection({ ...project, files }, inspection);
    });
  const open = async (files: readonly NamedFile[]) => {
    read(files);
    updateSlice(store, 'project', (project) => withRanking(project, { hypotheses: [], isClose: false }));
    await session.applyPending();
  };
  const session = createSession({
    store,
    client: {
      parseProject: async (text, file) => parseProject(text, file),
      inferLayout: async () => ({ hypotheses: [], isClose: false }),
      parseOptions: async () => ({ ...defaultStitchOptions, matcher: 'sift' }),
    },
    identities: { of: (files) => Promise.all(files.map(({ file }) => file.text())) },
    sessions,
    lock,
    tab,
    persist: async () => void calls.persisted++,
    place: { choose: async () => null, download: (_, content) => void calls.downloads.push(content) },
    wallClock: () => ++clock.ms,
    addFiles: open,
    chooseTiles: async () => true,
    setOptions: (label, options) => updateSlice(store, 'project', (now) => editProject(now, label, { options })),
    stitch: async () => void calls.stitched++,
  });
  return { store, session, sessions, calls, read, open };
}

const correct = (store: ReturnType<typeof createAppStore>) =>
  updateSlice(store, 'project', (project) =>
    editProject(project, 'exclude', {
      corrections: addEdit([], { kind: 'exclude-link', a: tileId('a_1_1.tif'), b: tileId('a_1_2.tif') }),
    }),
  );
const saved = () => new Promise((resolve) => setTimeout(resolve, 450));

describe('a session', () => {
  it('offers to continue after a reload, knows the files by content, and takes up where it was', async () => {
    const before = page();
    await before.session.start();
    await before.open(drop());
    correct(before.store);
    updateSlice(before.store, 'job', (job) => ({
      ...job,
      current: {
        ...{ kind: 'running', task: 'stitch', stage: null, done: 0, total: 0, note: '' },
        startedAt: 0,
        stageStartedAt: 0,
        stageStartDone: 0,
      } as const,
    }));
    await saved();

    const after = page(before.sessions);
    await after.session.start();
    const [offered] = after.session.state.getState().recent;
    expect(offered).toMatchObject({ name: 'g', tiles: 2, corrections: 1, isOpen: true, hasHandles: false });
    await after.session.continueProject(offered.id);
    expect(after.session.state.getState().pending?.name).toBe('g');
    await after.open(drop('other folder'));
    expect(after.session.state.getState().pending).toBeNull();
    expect(after.store.getState().project.edits.excluded.size).toBe(1);
    expect(after.calls.stitched).toBe(1);
  });

  it('knows files by content when their names are others, and says the corrections of the tiles as they are called now', async () => {
    const first = page();
    await first.open(drop());
    correct(first.store);
    await first.session.saveFile();
    const second = page();
    await second.session.openFile(new File([first.calls.downloads[0]], 'p.json'));
    await second.open(drop().map(({ file }, k) => ({ path: `h/scan ${2 - k}.tif`, file })));
    const { edits } = second.store.getState().project;
    expect(edits.corrections).toMatchObject([{ edit: { a: 'scan 1.tif', b: 'scan 2.tif' } }]);
    expect([...edits.excluded]).toEqual(['scan 1.tif\u0000scan 2.tif']);
    expect(second.store.getState().job.errors).toEqual([]);
  });

  it('waits for the layout of files that are still being read', async () => {
    const first = page();
    await first.open(drop());
    await first.session.saveFile();
    const second = page();
    second.read(drop());
    await second.session.openFile(new File([first.calls.downloads[0]], 'p.json'));
    expect(second.session.state.getState().pending?.name).toBe('g');
    await second.open(drop());
    expect(second.session.state.getState().pending).toBeNull();
  });

  it('says so when the files are others, and keeps waiting', async () => {
    const first = page();
    await first.open(drop());
    await first.session.saveFile();
    const second = page();
    await second.session.openFile(new File([first.calls.downloads[0]], 'p.json'));
    await second.open(drop('g', 'changed'));
    expect(second.store.getState().job.errors).toMatchObject([{ code: 'project-files' }]);
    expect(second.session.state.getState().pending).not.toBeNull();
    expect(second.calls.stitched).toBe(0);
  });

  it('keeps a project that was closed, but no longer as one that was interrupted', async () => {
    const { session, open, sessions } = page();
    await session.start();
    await open(drop());
    await saved();
    session.close();
    await saved();
    expect(await sessions.list()).toMatchObject([{ isOpen: false }]);
    expect(session.state.getState().recent).toMatchObject([{ isOpen: false }]);
    await session.forget((await sessions.list())[0].id);
    expect(session.state.getState().recent).toEqual([]);
  });

  it('does not save over the work of another tab, says so, and saves once that tab has let go', async () => {
    const lets = { saver: 'another-tab' as Saver, onFreed: () => undefined as void };
    const lock: ProjectLock = {
      hold: async (_, onFreed) => {
        lets.onFreed = onFreed;
        return lets.saver;
      },
      release: () => undefined,
      releaseAll: () => undefined,
    };
    const { session, open, sessions, calls } = page(memorySessionStore(), lock);
    await session.start();
    await open(drop());
    await saved();
    expect(session.state.getState().isElsewhere).toBe(true);
    expect(await sessions.list()).toEqual([]);
    lets.saver = 'this-tab';
    lets.onFreed();
    await saved();
    expect(session.state.getState().isElsewhere).toBe(false);
    expect(await sessions.list()).toHaveLength(1);
    expect(calls.persisted).toBe(1);
  });

  it('opens no project of another version blindly, and lists none whose shape is unknown', async () => {
    const first = page();
    await first.session.start();
    await first.open(drop());
    await saved();
    const [kept] = await first.sessions.list();
    await first.sessions.put({ ...kept, id: 'later', project: { ...kept.project, version: 2 as 1 } });
    await first.sessions.put({ ...kept, id: 'odd', project: { kind: 'em-stitch-project' } as ProjectFile });
    const second = page(first.sessions);
    await second.session.start();
    expect(second.session.state.getState().recent.map(({ id }) => id)).toEqual([kept.id, 'later']);
    await second.session.continueProject('later');
    expect(second.session.state.getState().pending).toBeNull();
    expect(second.store.getState().job.errors).toMatchObject([{ code: 'bad-project' }]);
    expect(second.store.getState().job.errors[0].message).toContain('newer version');
  });

  it('takes an options file for what it is', async () => {
    const { store, session } = page();
    await session.openFile(new File(['{"kind": "em-stitch-options"}'], 'options.json'));
    expect(store.getState().project.edits.options.matcher).toBe('sift');
  });
});

describe('two tabs where nobody knows of the other (no Web Locks)', () => {
  const untold = browserProjectLock(undefined);
  const excluded = (sessions: readonly StoredProject[]) =>
    sessions.map(({ project }) => project.corrections.map(({ edit }) => edit.kind)).toSorted();
  const setOptions = ({ store }: ReturnType<typeof page>, matcher: 'sift' | 'phase-correlation') =>
    updateSlice(store, 'project', (project) =>
      editProject(project, 'matcher', { options: { ...defaultStitchOptions, matcher } }),
    );

  it('keep what each decides beside what the other does, however they take turns', async () => {
    const sessions = memorySessionStore();
    const [first, second] = [page(sessions, untold, 'one'), page(sessions, untold, 'two')];
    for (const tab of [first, second]) {
      await tab.session.start();
      await tab.open(drop());
    }
    correct(first.store);
    setOptions(second, 'sift');
    await saved();
    setOptions(first, 'phase-correlation');
    await saved();
    setOptions(second, 'sift');
    await saved();
    const kept = await sessions.list();
    expect(kept.map(({ project }) => project.options.matcher)).toEqual(['sift', 'phase-correlation']);
    expect(excluded(kept)).toEqual([[], ['exclude-link']]);
    expect([first, second].map(({ session }) => session.state.getState().isElsewhere)).toEqual([false, false]);

    // The next visit tells them apart, takes one up and leaves the other.
    const later = page(sessions, untold, 'three');
    await later.session.start();
    const { recent } = later.session.state.getState();
    expect(recent.map(({ distinction }) => distinction)).toEqual([
      'the latest',
      'kept beside the latest: matcher phase-correlation, exclude link a_1_1.tif – a_1_2.tif',
    ]);
    await later.session.continueProject(recent[1].id);
    await later.open(drop());
    await saved();
    expect((await sessions.list()).map(({ id, project }) => [id.split('-')[2], project.options.matcher])).toEqual([
      ['three', 'phase-correlation'],
      ['two', 'sift'],
    ]);
  });

  it('do not remove what the other has saved in the same moment', async () => {
    const sessions = memorySessionStore();
    const first = page(sessions, untold, 'one');
    await first.session.start();
    await first.open(drop());
    await saved();
    const [old] = await sessions.list();
    correct(first.store);
    await saved();
    await sessions.removeUnchanged(old);
    expect(excluded(await sessions.list())).toEqual([['exclude-link']]);
    await sessions.removeUnchanged((await sessions.list())[0]);
    expect(await sessions.list()).toEqual([]);
  });

  it('close their own record, and are one again when the second decides nothing else', async () => {
    const sessions = memorySessionStore();
    const first = page(sessions, untold, 'one');
    await first.session.start();
    await first.open(drop());
    correct(first.store);
    await saved();
    first.session.close();
    await saved();
    expect(await sessions.list()).toMatchObject([{ isOpen: false }]);
    const second = page(sessions, untold, 'two');
    await second.session.start();
    await second.session.continueProject((await sessions.list())[0].id);
    await second.open(drop());
    await saved();
    expect(excluded(await sessions.list())).toEqual([['exclude-link']]);
    expect(second.session.state.getState().recent.map(({ distinction }) => distinction)).toEqual([null]);
  });
});
