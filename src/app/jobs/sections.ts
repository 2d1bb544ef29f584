import { layoutAfter, layoutLike, type LaidOutSection } from '../../core/stack/section-layout.ts';
import type { LayoutRanking } from '../../core/tiles/layout-ranking.ts';
import type { TileGrid } from '../../core/tiles/tile.ts';
import type { StitchClient } from '../../../workers/protocol.ts';
import { relativeToDrop } from '../state/dropped-files.ts';
import { tileSources, withRanking, withTiles } from '../state/project.ts';
import { isUpToDate, recordOf, withEntry, withStack, type SectionEntry } from '../state/sections.ts';
import { updateSlice, type AppStore } from '../state/store.ts';
import type { Foreground, JobContext } from './foreground.ts';

/** What the user can ask of a stack. */
export interface SectionJobs {
  /** Opens a section; one that is stitched already is shown at once, its pairs are known. */
  readonly open: (name: string) => Promise<void>;
  /** Stitches all sections that are not done, one after the other; one that fails is named, the others go on. */
  readonly stitchAll: () => Promise<void>;
  /** Takes the word of the user that the folders or names are sections. */
  readonly acceptOffer: () => Promise<void>;
  readonly setUsesPrevious: (usesPrevious: boolean) => void;
}

interface SectionDeps {
  readonly store: AppStore;
  readonly client: Pick<StitchClient, 'openProject'>;
  readonly foreground: Foreground;
  /** Hands the project's tiles to the workers and ranks their layouts. */
  readonly layOut: (context: JobContext) => Promise<void>;
  readonly stitch: () => Promise<void>;
}

/** A section that has not so large a share of its tiles solved is no start for the next. */
const leastSolvedShare = 0.8;

export function sectionJobs({ store, client, foreground, layOut, stitch }: SectionDeps): SectionJobs {
  /** The section whose layout the others share: the last one that had a grid. */
  let reference: LaidOutSection | null = null;
  const entryOf = (name: string | null) =>
    store.getState().sections.entries.find(({ section }) => section.name === name);
  const change = (name: string, fields: Partial<SectionEntry>) =>
    updateSlice(store, 'sections', (sections) => withEntry(sections, name, fields));

  // Whoever stitches the open section, its numbers belong in the list.
  store.subscribe((state, before) => {
    const { run } = state.result;
    const entry = entryOf(state.sections.current);
    if (!run || run === before.result.run || !entry) return;
    if (run.tiles.some(({ id }) => entry.section.tiles.some((tile) => tile.id === id)))
      change(entry.section.name, { state: 'done', record: recordOf(run), options: run.options, failure: '' });
  });

  const remember = () => {
    const { tiles, edits } = store.getState().project;
    if (edits.layout?.kind === 'grid') reference = { tiles, layout: edits.layout };
  };

  /** Makes a section the project: its tiles, and the shared layout where its names fit it. */
  const lay = async (name: string, context: JobContext) => {
    remember();
    updateSlice(store, 'sections', (sections) => ({ ...sections, current: name }));
    updateSlice(store, 'project', (project) =>
      withTiles({ ...project, sectionTiles: idsOf(entryOf(name)), past: [], future: [] }),
    );
    const { project } = store.getState();
    const shared = reference && layoutLike(reference, project.tiles);
    if (!shared) return layOut(context);
    updateSlice(store, 'result', ({ revision }) => ({ run: null, revision: revision + 1 }));
    updateSlice(store, 'view', (view) => ({ ...view, selectedPair: null, selectedTile: null }));
    await client.openProject(tileSources(project, relativeToDrop(project.files)));
    context.signal.throwIfAborted();
    const layout = startOf(name, shared);
    const description = layout === shared ? 'the layout of the other sections' : 'the places of the section before';
    const ranking: LayoutRanking = {
      hypotheses: [{ layout, description, confidence: 1, correlation: null }],
      isClose: false,
    };
    updateSlice(store, 'project', (state) => withRanking(state, ranking));
  };

  const startOf = (name: string, layout: TileGrid): TileGrid => {
    const { entries, usesPrevious } = store.getState().sections;
    if (!usesPrevious) return layout;
    const place = entries.findIndex(({ section }) => section.name === name);
    const earlier = entries.slice(0, place).findLast(({ state, record }) => state === 'done' && isGood(record));
    return earlier?.record ? layoutAfter(layout, store.getState().project.tiles, earlier.record.places) : layout;
  };

  const open = async (name: string): Promise<boolean> =>
    foreground.run('layout', async (context) => {
      await lay(name, context);
      return '';
    });

  const lastError = () => store.getState().job.errors.at(-1)?.message ?? 'It could not be stitched.';

  return {
    async open(name) {
      const isDone = entryOf(name)?.state === 'done';
      if ((await open(name)) && isDone) await stitch();
    },
    async stitchAll() {
      const isDone = (name: string) => {
        const entry = entryOf(name);
        return entry !== undefined && isUpToDate(entry, store.getState().project.edits.options);
      };
      for (const { section } of store.getState().sections.entries) {
        const { name } = section;
        if (isDone(name)) continue;
        const isOpen = store.getState().sections.current === name && store.getState().project.edits.layout !== null;
        change(name, { state: 'running', failure: '' });
        if (isOpen || (await open(name))) await stitch();
        if (isDone(name)) continue;
        const { kind } = store.getState().job.current;
        change(name, kind === 'failed' ? { state: 'failed', failure: lastError() } : { state: 'waiting' });
        // Cancelled, or something else was asked for: the rest waits.
        if (kind !== 'failed') return;
      }
    },
    async acceptOffer() {
      const { offered } = store.getState().sections;
      if (!offered) return;
      updateSlice(store, 'sections', () => withStack(offered));
      await open(offered.sections[0].name);
    },
    setUsesPrevious: (usesPrevious) => updateSlice(store, 'sections', (sections) => ({ ...sections, usesPrevious })),
  };
}

function isGood(record: SectionEntry['record']): boolean {
  return record !== null && record.quality.solved >= leastSolvedShare * record.quality.tiles;
}

/** Ids of an entry's tiles; null, meaning all, without one. */
export function idsOf(entry: SectionEntry | undefined): ReadonlySet<string> | null {
  return entry ? new Set(entry.section.tiles.map(({ id }) => id)) : null;
}
