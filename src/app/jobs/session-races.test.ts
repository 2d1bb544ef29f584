import { afterEach, describe, expect, it, vi } from 'vitest';
import { addEdit, type Edit } from '../../core/edits/edit.ts';
import { StitchError } from '../../core/errors.ts';
import { defaultStitchOptions, type StitchOptions } from '../../core/options.ts';
import { tileId, type Layout, type Tile } from '../../core/tiles/tile.ts';
import type { NamedFile, ProjectFile, StitchClient } from '../../../workers/protocol.ts';
import { editProject } from '../state/project.ts';
import { createAppStore, phaseOf, updateSlice } from '../state/store.ts';
import { createJobs } from './jobs.ts';
import { memoryPairCache } from './pair-cache.ts';
import { memorySessionStore, type SessionStore, type StoredProject } from './session-store.ts';

const names = (folder: string) => ['1_1', '1_2', '2_1', '2_2'].map((cell) => `${folder}/${folder}_${cell}.tif`);
const drop = (folder: string): readonly NamedFile[] =>
  names(folder).map((path) => ({ path, file: new File([path], path.slice(2), { lastModified: 1 }) }));

function tileOf({ path }: NamedFile): Tile {
  const kind = { channels: 1, sampleType: 'uint8', pixelSizeNm: null, stage: null } as const;
  return { id: tileId(path), file: path, page: 0, size: { width: 100, height: 100 }, ...kind };
}

function gridOf(tiles: readonly Tile[]): Layout {
  const cells = new Map(tiles.map(({ id }, k) => [id, { row: k >> 1, column: k & 1 }] as const));
  return { kind: 'grid', rows: 2, columns: 2, cells, overlap: { x: 0.2, y: 0.2 } };
}

/** A place in a run at which it can be stopped and let go on. */
function barrier() {
  let [open, come] = [() => undefined as void, () => undefined as void];
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (come = resolve));
  return { open, reached, pass: () => (come(), opened) };
}

const clock = { ms: 0 };

/** A page whose workers know files when they are let, and match nothing; `runs` are the options of each run. */
function page(sessions: SessionStore = memorySessionStore()) {
  const store = createAppStore();
  const runs: StitchOptions[] = [];
  const stops = {
    identify: null as ReturnType<typeof barrier> | null,
    layOut: null as ReturnType<typeof barrier> | null,
  };
  const client = {
    matcherStatus: null,
    inspect: async (files: readonly NamedFile[]) => ({
      ...{ tiles: files.map(tileOf), multiPage: [], positionTables: [], problems: [], notes: [] },
    }),
    openProject: async () => undefined,
    async inferLayout(tiles: readonly Tile[]) {
      await stops.layOut?.pass();
      const hypothesis = { layout: gridOf(tiles), description: 'a grid', confidence: 1, correlation: null };
      return { hypotheses: [hypothesis], isClose: false };
    },
    async identify(files: readonly NamedFile[], signal: AbortSignal) {
      const aborted = new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(new DOMException('cancelled', 'AbortError'))),
      );
      await Promise.race([stops.identify?.pass(), aborted]);
      return Promise.all(files.map(({ file }) => file.text()));
    },
    loadMatcher: async () => {
      runs.push(store.getState().project.edits.options);
      throw new StitchError('inference-failed', 'Nothing is matched here.');
    },
    parseProject: async (text: string) => JSON.parse(text) as ProjectFile,
    parseOptions: async () => withSift,
  } as unknown as StitchClient;
  const downloads: Blob[] = [];
  const jobs = createJobs({
    ...{ store, client, spareClient: () => client, cache: memoryPairCache(), sessions },
    place: { choose: async () => null, download: (_, content) => void downloads.push(content) },
    embeddedModel: { kind: 'url', manifestUrl: 'test:model' },
    now: () => 0,
    wallClock: () => clock.ms++,
  });
  return { store, jobs, runs, stops, sessions, downloads };
}

type Page = ReturnType<typeof page>;

const withSift: StitchOptions = { ...defaultStitchOptions, matcher: 'sift' };
const exclusion = (folder: string): Edit => {
  const [a, b] = names(folder).map((path) => tileId(path.slice(2)));
  return { kind: 'exclude-link', a, b };
};
/** What the user does on the page, without a run that it would follow. */
function decide({ store }: Page, change: Parameters<typeof editProject>[2]): void {
  updateSlice(store, 'project', (project) => editProject(project, 'decide', change));
}
const correct = (on: Page, folder: string) => {
  const { corrections } = on.store.getState().project.edits;
  decide(on, { corrections: addEdit(corrections, exclusion(folder)) });
};
/** All promises that are ready have run. */
const settled = () => vi.advanceTimersByTimeAsync(0);
const saved = () => vi.advanceTimersByTimeAsync(1000);
const correctionsOf = (kept: readonly StoredProject[]) => kept.map(({ project }) => project.corrections.length);

/** A store with one project of an earlier visit: SIFT, one exclusion. */
async function visited(folder = 'g'): Promise<SessionStore> {
  const before = page();
  await before.jobs.session.start();
  await before.jobs.addFiles(drop(folder));
  decide(before, { options: withSift });
  correct(before, folder);
  await saved();
  return before.sessions;
}

/** A page on which that project waits for its files. */
async function waiting(sessions: SessionStore): Promise<Page> {
  const next = page(sessions);
  await next.jobs.session.start();
  await next.jobs.session.continueProject((await sessions.list())[0].id);
  return next;
}

vi.useFakeTimers();
afterEach(() => vi.clearAllTimers());

describe('a saved project that is being taken up', () => {
  it('does not look ready before its decisions are there, and keeps what is stored until then', async () => {
    const sessions = await visited();
    const next = await waiting(sessions);
    next.stops.identify = barrier();
    const adding = next.jobs.addFiles(drop('g'));
    await next.stops.identify.reached;
    expect(phaseOf(next.store.getState())).toBe('loading');
    await saved();
    expect(correctionsOf(await sessions.list())).toEqual([1]);
    next.stops.identify.open();
    await adding;
    expect(phaseOf(next.store.getState())).toBe('ready');
    expect(next.store.getState().project.edits.options.matcher).toBe('sift');
    await saved();
    expect(correctionsOf(await sessions.list())).toEqual([1]);
  });

  it('stitches with its decisions when Stitch is pressed before they are there', async () => {
    const sessions = await visited();
    const first = page(sessions);
    await first.jobs.addFiles(drop('g'));
    first.stops.identify = barrier();
    const [stored] = await sessions.list();
    const file = new File([JSON.stringify(stored.project)], 'g.json');
    // Files that are not known yet: another page that has them open.
    const opening = first.jobs.session.openFile(file);
    await first.stops.identify.reached;
    const stitching = first.jobs.stitch();
    await settled();
    expect(first.runs).toEqual([]);
    first.stops.identify.open();
    await Promise.all([opening, stitching]);
    expect(first.runs.map(({ matcher }) => matcher)).toEqual(['sift']);
  });

  it('is stitched once when it was stitched before and Stitch is pressed meanwhile', async () => {
    const sessions = await visited();
    const [stored] = await sessions.list();
    const first = page(sessions);
    await first.jobs.addFiles(drop('g'));
    first.stops.identify = barrier();
    const file = new File([JSON.stringify({ ...stored.project, isStitched: true })], 'g.json');
    const opening = first.jobs.session.openFile(file);
    await first.stops.identify.reached;
    const stitching = first.jobs.stitch();
    first.stops.identify.open();
    await Promise.all([opening, stitching]);
    expect(first.runs.map(({ matcher }) => matcher)).toEqual(['sift']);
  });

  it('keeps what the user decides meanwhile, on top of what was saved', async () => {
    const sessions = await visited();
    const next = await waiting(sessions);
    next.stops.identify = barrier();
    const adding = next.jobs.addFiles(drop('g'));
    await next.stops.identify.reached;
    const { options } = next.store.getState().project.edits;
    decide(next, { options: { ...options, solve: { ...options.solve, model: 'rigid' } } });
    const [a, , c] = next.store.getState().project.tiles.map(({ id }) => id);
    decide(next, { corrections: addEdit([], { kind: 'exclude-link', a, b: c }) });
    next.stops.identify.open();
    await adding;
    const { edits } = next.store.getState().project;
    expect(edits.options).toMatchObject({ matcher: 'sift', solve: { model: 'rigid' } });
    expect(edits.corrections).toHaveLength(2);
    await saved();
    expect(correctionsOf(await sessions.list())).toEqual([2]);
  });

  it('does not give its decisions to other files that are opened meanwhile', async () => {
    const sessions = await visited();
    const next = await waiting(sessions);
    next.stops.identify = barrier();
    const adding = next.jobs.addFiles(drop('g'));
    await next.stops.identify.reached;
    next.jobs.startOver();
    const other = next.jobs.addFiles(drop('h'));
    next.stops.identify.open();
    await Promise.all([adding, other]);
    await saved();
    const { project } = next.store.getState();
    expect(project.tiles.map(({ file }) => file[0])).toEqual(['h', 'h', 'h', 'h']);
    expect(project.edits.corrections).toEqual([]);
    expect(next.runs).toEqual([]);
    expect(correctionsOf(await sessions.list()).toSorted()).toEqual([0, 1]);
  });

  it('is not stored without its decisions while its pages are laid out; cancelled there, it has them all the same', async () => {
    const sessions = await visited();
    const [stored] = await sessions.list();
    await sessions.put({ ...stored, project: { ...stored.project, pages: { kind: 'all' }, isStitched: true } });
    const next = await waiting(sessions);
    await next.jobs.addFiles(drop('h'));
    next.jobs.startOver();
    const open = page(sessions);
    await open.jobs.session.start();
    await open.jobs.addFiles(drop('g'));
    open.stops.layOut = barrier();
    const [{ project }] = (await sessions.list()).filter(({ project: one }) => one.corrections.length > 0);
    const opening = open.jobs.session.openFile(new File([JSON.stringify(project)], 'g.json'));
    await open.stops.layOut.reached;
    await saved();
    expect(Math.max(...correctionsOf(await sessions.list()))).toBe(1);
    open.jobs.cancel();
    open.stops.layOut.open();
    await opening;
    expect(open.store.getState().project.edits.corrections).toHaveLength(1);
    // Who cancels wants no run.
    expect(open.runs).toEqual([]);
  });

  it('lets the user go on when it is cancelled, and keeps what was stored beside that', async () => {
    const sessions = await visited();
    const next = await waiting(sessions);
    next.stops.identify = barrier();
    const adding = next.jobs.addFiles(drop('g'));
    await next.stops.identify.reached;
    next.jobs.cancel();
    next.stops.identify.open();
    await adding;
    expect(next.jobs.session.state.getState().pending).toBeNull();
    decide(next, { overlap: { x: 0.1, y: 0.1 } });
    await saved();
    const kept = await sessions.list();
    expect(kept.map(({ project }) => [project.overlap?.x ?? null, project.corrections.length])).toEqual([
      [0.1, 0],
      [null, 1],
    ]);
  });

  it('is the one that was opened last, whichever file is read first', async () => {
    const { jobs, sessions } = page(await visited());
    const [{ project }] = await sessions.list();
    const slow = new File([''], 'slow.json');
    const read = barrier();
    slow.text = async () => (await read.pass(), JSON.stringify({ ...project, name: 'slow' }));
    const first = jobs.session.openFile(slow);
    await jobs.session.openFile(new File([JSON.stringify({ ...project, name: 'quick' })], 'quick.json'));
    read.open();
    await first;
    expect(jobs.session.state.getState().pending?.name).toBe('quick');
  });
});

describe('what is stored of decisions', () => {
  it('is not lost when the same folder is dropped without a word of continuing', async () => {
    const sessions = await visited();
    const next = page(sessions);
    await next.jobs.session.start();
    await next.jobs.addFiles(drop('g'));
    await saved();
    expect(correctionsOf(await sessions.list())).toEqual([0, 1]);
    expect(next.jobs.session.state.getState().recent).toHaveLength(1);
    // What is kept beside it can be taken up, and takes its place: what decides nothing more than that is not kept twice.
    const later = page(sessions);
    await later.jobs.session.start();
    const kept = (await sessions.list()).find(({ project }) => project.corrections.length > 0);
    await later.jobs.session.continueProject(kept?.id ?? '');
    await later.jobs.addFiles(drop('g'));
    await saved();
    expect(correctionsOf(await sessions.list())).toEqual([1]);
    expect(later.store.getState().project.edits.corrections).toHaveLength(1);
  });

  it('is kept for other files while a project waits for its own', async () => {
    const sessions = await visited();
    const next = await waiting(sessions);
    await next.jobs.addFiles(drop('h'));
    expect(next.store.getState().job.errors).toMatchObject([{ code: 'project-files' }]);
    correct(next, 'h');
    await saved();
    expect((await sessions.list()).map(({ project }) => [project.name, project.corrections.length])).toEqual([
      ['h', 1],
      ['g', 1],
    ]);
  });

  it('has the last decision before the project is closed or the page is left', async () => {
    const open = page();
    await open.jobs.session.start();
    await open.jobs.addFiles(drop('g'));
    await saved();
    decide(open, { overlap: { x: 0.1, y: 0.1 } });
    await settled();
    correct(open, 'g');
    open.jobs.session.saveNow();
    await settled();
    expect(correctionsOf(await open.sessions.list())).toEqual([1]);
    decide(open, { options: withSift });
    open.jobs.startOver();
    await settled();
    const [kept] = await open.sessions.list();
    expect(kept).toMatchObject({ isOpen: false, project: { options: { matcher: 'sift' } } });
  });

  it('stays closed when the project is closed while it is being saved', async () => {
    const open = page();
    await open.jobs.session.start();
    await open.jobs.addFiles(drop('g'));
    await saved();
    open.stops.identify = barrier();
    correct(open, 'g');
    open.jobs.startOver();
    open.stops.identify.open();
    await saved();
    expect(await open.sessions.list()).toMatchObject([{ isOpen: false, project: { corrections: [{ isOn: true }] } }]);
  });

  it('is one project that grows while tiles come to it, and none of a drop that is cancelled', async () => {
    const open = page();
    await open.jobs.session.start();
    await open.jobs.addFiles(drop('g').slice(0, 2));
    correct(open, 'g');
    await saved();
    await open.jobs.addFiles(drop('g').slice(2));
    await saved();
    expect(await open.sessions.list()).toMatchObject([
      { project: { files: { length: 4 }, corrections: { length: 1 } } },
    ]);
    open.stops.layOut = barrier();
    const adding = open.jobs.addFiles(drop('h'));
    open.jobs.cancel();
    await saved();
    open.stops.layOut.open();
    await adding;
    await saved();
    expect((await open.sessions.list()).map(({ project }) => project.files.length)).toEqual([4]);
  });

  it('does not put the files of one project under the handles of the next', async () => {
    const open = page();
    await open.jobs.session.start();
    const late = barrier();
    const handle = { kind: 'directory', name: 'g' } as FileSystemHandle;
    open.jobs.session.rememberHandles(late.pass().then(() => [handle]));
    await open.jobs.addFiles(drop('g'));
    open.jobs.startOver();
    await open.jobs.addFiles(drop('h'));
    late.open();
    await saved();
    expect((await open.sessions.list()).find(({ project }) => project.name === 'h')?.handles).toEqual([]);
  });
});

describe('an options file', () => {
  it('that is dropped while pairs are matched is a step that can be undone', async () => {
    const open = page();
    await open.jobs.addFiles(drop('g'));
    const stitching = open.jobs.stitch();
    await open.jobs.session.openFile(new File(['{"kind": "em-stitch-options"}'], 'options.json'));
    await stitching;
    expect(open.store.getState().project.edits.options.matcher).toBe('sift');
    open.jobs.undo();
    expect(open.store.getState().project.edits.options.matcher).toBe(defaultStitchOptions.matcher);
  });
});
