import { StitchError } from '../../core/errors.ts';
import type { OnProgress } from '../../core/progress.ts';
import type { LayoutRanking } from '../../core/tiles/layout-ranking.ts';
import type { Tile } from '../../core/tiles/tile.ts';
import type { NamedFile, StitchClient } from '../../../workers/protocol.ts';
import { mergeFiles, relativeToDrop, renewFiles } from '../state/dropped-files.ts';
import { emptyProject, tileGroups, tileSources, withInspection, withRanking, withTiles } from '../state/project.ts';
import type { PageChoice, ProjectState, TileChoice } from '../state/project.ts';
import { sectionsIn } from '../state/sections.ts';
import { forgetResult, updateSlice, type AppState, type AppStore } from '../state/store.ts';
import { idsOf } from './sections.ts';
import type { Foreground, JobContext } from './foreground.ts';

/** Seed of the built-in sample: the same pictures on every visit. */
const sampleSeed = 1;

const noRanking: LayoutRanking = { hypotheses: [], isClose: false };

/** From a drop to a layout. */
export interface OpenFiles {
  readonly add: (named: readonly NamedFile[]) => Promise<void>;
  readonly openSample: () => Promise<void>;
  readonly chooseGroup: (group: string | null) => Promise<void>;
  readonly choosePages: (pages: PageChoice) => Promise<void>;
  /** Both at once, inside a job or as one; false when it was stopped. */
  readonly chooseTiles: (choice: TileChoice, context: JobContext | null) => Promise<boolean>;
  /** Hands the project's tiles to the workers and ranks the layouts their names allow. */
  readonly layOut: (context: JobContext) => Promise<void>;
}

/** `whenLaidOut` ends the job that has read what was dropped. */
export function openFiles(
  store: AppStore,
  client: StitchClient,
  foreground: Foreground,
  whenLaidOut: (context: JobContext) => Promise<void> = async () => undefined,
): OpenFiles {
  /** Hands the tiles to the workers and ranks the layouts their names allow. */
  const layOut = async ({ signal, onProgress }: JobContext) => {
    forgetResult(store);
    const { project } = store.getState();
    await client.openProject(tileSources(project, relativeToDrop(project.files)));
    signal.throwIfAborted();
    const ranking = await rankingOf(project.tiles, signal, onProgress);
    signal.throwIfAborted();
    updateSlice(store, 'project', (state) => withRanking(state, ranking));
  };

  /** Names that say nothing are no failure: the user is asked for a pattern. */
  const rankingOf = async (tiles: readonly Tile[], signal: AbortSignal, onProgress: OnProgress) => {
    if (tiles.length < 2) return noRanking;
    try {
      return await client.inferLayout(tiles, signal, onProgress);
    } catch (error) {
      if (error instanceof StitchError && error.code === 'layout-unknown') return noRanking;
      throw error;
    }
  };

  /** True when all tiles together made no whole layout and one of several grids is now chosen instead. */
  const takeLargestGroup = () => {
    const { inspection, group, edits, tiles } = store.getState().project;
    const [largest, second] = inspection ? tileGroups(inspection.tiles) : [];
    const isWhole = edits.layout?.kind === 'positions' || edits.layout?.cells.size === tiles.length;
    if (group !== null || isWhole || !second) return false;
    updateSlice(store, 'project', (state) => withTiles({ ...state, group: largest.key }));
    return true;
  };

  const layOutTwice = async (context: JobContext) => {
    await layOut(context);
    if (takeLargestGroup()) await layOut(context);
    return '';
  };

  const inspect = async (context: JobContext) => {
    const files = relativeToDrop(store.getState().project.files);
    const inspection = await client.inspect(files, context.signal, context.onProgress);
    context.signal.throwIfAborted();
    const sections = sectionsIn(inspection.tiles);
    updateSlice(store, 'sections', () => sections);
    const sectionTiles = idsOf(sections.entries[0]);
    updateSlice(store, 'project', (state) => withInspection({ ...state, sectionTiles }, inspection));
    if (inspection.tiles.length === 0)
      throw new StitchError(
        'no-tiles',
        inspection.problems.length > 0
          ? 'None of these files is an image that can be stitched; the list of problems says why of each.'
          : 'None of these files is an image, by its name or its content.',
      );
    return layOutTwice(context);
  };

  const add = async (named: readonly NamedFile[]) => {
    const before = store.getState().project;
    const merged = mergeFiles(before.files, named);
    const isSame = merged === before.files && named.length > 0 && before.edits.layout !== null;
    if (isSame && !isSecondTry(store.getState())) return;
    const files = isSame ? renewFiles(merged, named) : merged;
    // Another drop may come while this one is read: its job starts from all files seen so far.
    updateSlice(store, 'project', (state) => ({ ...state, files }));
    // Once the headers are read the files stay, whatever becomes of the layout.
    const rollback = () => {
      const { inspection, tiles, ranking } = store.getState().project;
      if (inspection !== before.inspection && tiles.length > 0) {
        if (!ranking) updateSlice(store, 'project', (state) => withRanking(state, noRanking));
        return;
      }
      const isFirst = before.tiles.length === 0;
      updateSlice(store, 'project', (state) =>
        isFirst ? { ...withoutFiles(state), inspection: state.inspection } : { ...state, files: before.files },
      );
    };
    await foreground.run(
      'inspect',
      async (context) => {
        if (named.length === 0) throw new StitchError('no-tiles', 'There is no file in what was dropped.');
        const note = await inspect(context);
        await whenLaidOut(context);
        return note;
      },
      rollback,
    );
  };

  return {
    add,
    layOut,
    async openSample() {
      await foreground.run('sample', async (context) => {
        const sample = await client.makeSample(sampleSeed, context.signal, context.onProgress);
        context.signal.throwIfAborted();
        updateSlice(store, 'project', () => ({ ...emptyProject, files: sample.files }));
        return inspect(context);
      });
    },
    async chooseGroup(group) {
      updateSlice(store, 'project', (state) => withTiles({ ...state, group, past: [], future: [] }));
      // The user's word counts: all tiles together stay together.
      await foreground.run('layout', async (context) => {
        await layOut(context);
        return '';
      });
    },
    async chooseTiles(choice, context) {
      const work = async (job: JobContext) => {
        updateSlice(store, 'project', (state) => withTiles({ ...state, ...choice }));
        await layOut(job);
        return '';
      };
      if (!context) return foreground.run('layout', work);
      await work(context);
      return true;
    },
    async choosePages(pages) {
      updateSlice(store, 'project', (state) => withTiles({ ...state, pages, past: [], future: [] }));
      await foreground.run('layout', layOutTwice);
    },
  };
}

/** The same files again are a second try where the last job came to no layout, or where one of them could not be read. */
function isSecondTry({ job, project, result }: AppState): boolean {
  const { current } = job;
  if (current.kind === 'failed')
    if (current.task === 'inspect' || current.task === 'layout' || current.code === 'unreadable-file') return true;
  if (project.inspection?.problems.some(({ code }) => code === 'unreadable-file')) return true;
  const pairs = result.run?.outcome.pairs ?? [];
  return pairs.some((pair) => pair.kind === 'rejected' && pair.reason === 'read-failed');
}

/** A project without files in which the options are as the user has set them. */
function withoutFiles({ edits }: ProjectState): ProjectState {
  return { ...emptyProject, edits: { ...emptyProject.edits, options: edits.options } };
}
