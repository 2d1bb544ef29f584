import type { Rect } from '../../core/geometry/rect.ts';
import type { StitchOptions } from '../../core/options.ts';
import type { Overlap } from '../../core/tiles/tile.ts';
import type { ModelSource, NamedFile, StitchClient, TextExportKind } from '../../../workers/protocol.ts';
import { withError, withoutError, type CheckedDevice } from '../state/job.ts';
import type { LayoutChoice } from '../state/layout-choice.ts';
import { editProject, emptyProject, redoEdit, undoEdit, type EditChange, type PageChoice } from '../state/project.ts';
import { noSections } from '../state/sections.ts';
import { forgetResult, updateSlice, type AppStore } from '../state/store.ts';
import { createCorrections, type Corrections } from './corrections.ts';
import { createExports, type MosaicChoice } from './exports.ts';
import { checkDevice } from './check-device.ts';
import { createForeground } from './foreground.ts';
import { openFiles } from './open-files.ts';
import { fileIdentities } from './file-identities.ts';
import type { PairCache } from './pair-cache.ts';
import { singleTab, type ProjectLock } from './project-lock.ts';
import type { SavePlace } from './save-place.ts';
import { createSession, type Session } from './session.ts';
import { memorySessionStore, type SessionStore } from './session-store.ts';
import { sectionJobs, type SectionJobs } from './sections.ts';
import { stitchRuns } from './stitch-run.ts';

export interface JobDeps {
  readonly store: AppStore;
  readonly client: StitchClient;
  /** Workers beside those of the project, for the check of this device. */
  readonly spareClient: () => StitchClient;
  readonly cache: PairCache;
  readonly place: SavePlace;
  readonly embeddedModel: ModelSource;
  /** Milliseconds of a clock that only grows. */
  readonly now: () => number;
  /** Where projects are kept between visits; in memory when absent. */
  readonly sessions?: SessionStore;
  /** Tells the tabs that have one project open apart; there is one tab when absent. */
  readonly lock?: ProjectLock;
  /** Names this page among all that were ever open; needed where tabs cannot be told apart. */
  readonly tab?: string;
  /** Asks the browser to keep what is stored when the disk runs low. */
  readonly persist?: () => Promise<unknown>;
  /** Milliseconds since 1970. */
  readonly wallClock?: () => number;
}

/** Everything the user can ask for. Failures end in the error panel; none of the promises rejects. */
export interface Jobs {
  readonly addFiles: (named: readonly NamedFile[]) => Promise<void>;
  readonly openSample: () => Promise<void>;
  /** Forgets the files and the result; cached pair results stay. */
  readonly startOver: () => void;
  readonly chooseGroup: (group: string | null) => Promise<void>;
  readonly choosePages: (pages: PageChoice) => Promise<void>;
  readonly chooseLayout: (choice: LayoutChoice) => void;
  readonly setOverlap: (overlap: Overlap | null) => void;
  readonly estimateOverlap: () => Promise<void>;
  readonly setOptions: (label: string, options: StitchOptions) => void;
  readonly setOwnModel: (files: readonly File[] | null) => void;
  readonly setExcluded: (pairKey: string, excluded: boolean) => void;
  /** What survives the tab. */
  readonly session: Session;
  /** What the user corrects by hand. */
  readonly corrections: Corrections;
  /** The sections of a stack. */
  readonly sections: SectionJobs;
  readonly undo: () => void;
  readonly redo: () => void;
  readonly stitch: () => Promise<void>;
  /** Stitches a grid with known truth on this device, with the chosen matcher; the project stays as it is. */
  readonly testMatcher: () => Promise<void>;
  readonly cancel: () => void;
  readonly autoDisplay: (rect: Rect, scale: number) => Promise<void>;
  readonly exportMosaic: (choice: MosaicChoice) => Promise<void>;
  /** The picture and the solution of every stitched section, into a folder. */
  readonly exportSections: (choice: MosaicChoice) => Promise<void>;
  readonly exportText: (kind: TextExportKind) => Promise<readonly string[]>;
  /** Shows an error that arose outside a job. */
  readonly report: (error: unknown) => void;
  readonly dismissError: (id: number) => void;
}

export function createJobs({
  store,
  client,
  spareClient,
  cache,
  place,
  embeddedModel,
  now,
  sessions = memorySessionStore(),
  lock = singleTab,
  tab = 'tab',
  persist = async () => undefined,
  wallClock = () => 0,
}: JobDeps): Jobs {
  client.onWaiting?.((waitingFor) => updateSlice(store, 'job', (job) => ({ ...job, waitingFor })));
  const foreground = createForeground(store, now);
  const files = openFiles(store, client, foreground, (context) => session.whenLaidOut(context));
  const identities = fileIdentities(client);
  const runs = stitchRuns({ store, client, foreground, cache, identities, embeddedModel, now });
  const sections = sectionJobs({ store, client, foreground, layOut: files.layOut, stitch: runs.stitch });
  const exports = createExports({ store, client, foreground, place, openSection: sections.open });

  const edit = (label: string, change: EditChange) => {
    updateSlice(store, 'project', (project) => editProject(project, label, change));
    void runs.reconcile();
  };

  const corrections = createCorrections({ store, client, edit });

  const session: Session = createSession({
    store,
    client,
    identities,
    sessions,
    lock,
    tab,
    persist,
    place,
    wallClock,
    addFiles: files.add,
    chooseTiles: files.chooseTiles,
    setOptions: (label, options) => edit(label, { options }),
    stitch: runs.stitch,
  });

  return {
    session,
    async addFiles(named) {
      await files.add(named);
      await session.applyPending();
    },
    openSample() {
      session.close();
      return files.openSample();
    },
    chooseGroup: files.chooseGroup,
    choosePages: files.choosePages,
    startOver() {
      session.close();
      foreground.reset();
      const { options } = store.getState().project.edits;
      updateSlice(store, 'project', () => ({ ...emptyProject, edits: { ...emptyProject.edits, options } }));
      updateSlice(store, 'sections', () => noSections);
      forgetResult(store);
    },
    chooseLayout(layoutChoice) {
      // A layout by hand says nothing about the overlap: what is known of it stays.
      const { layout } = store.getState().project.edits;
      const known = layoutChoice.kind === 'hypothesis' || layout?.kind !== 'grid' ? null : layout.overlap;
      edit(`layout ${layoutChoice.kind}`, { layoutChoice, overlap: known });
    },
    setOverlap: (overlap) => edit('overlap', { overlap }),
    async estimateOverlap() {
      const { tiles, edits } = store.getState().project;
      const { layout } = edits;
      if (layout?.kind !== 'grid') return;
      await foreground.run('layout', async ({ signal }) => {
        const { x, y } = await client.estimateOverlap(tiles, layout, signal);
        signal.throwIfAborted();
        edit('estimate overlap', { overlap: { x: x ?? layout.overlap.x, y: y ?? layout.overlap.y } });
        return x === null && y === null ? 'Nothing in the thumbnails correlates; the overlap stays as it was.' : '';
      });
    },
    setOptions: (label, options) => edit(label, { options }),
    setOwnModel(modelFiles) {
      const ownModel: ModelSource | null = modelFiles && { kind: 'files', files: modelFiles };
      updateSlice(store, 'project', (project) => ({ ...project, ownModel }));
    },
    setExcluded: corrections.setExcluded,
    corrections,
    sections,
    undo() {
      updateSlice(store, 'project', undoEdit);
      void runs.reconcile();
    },
    redo() {
      updateSlice(store, 'project', redoEdit);
      void runs.reconcile();
    },
    async stitch() {
      const taking = session.takingUp();
      if (taking) {
        // What was saved is decided: the mosaic is made with it, once.
        const isMade = await taking.catch(() => false);
        await session.applyPending();
        if (isMade) return;
      }
      await runs.stitch();
    },
    testMatcher: async () => {
      const { edits, ownModel } = store.getState().project;
      const { matcher } = edits.options;
      const choice = { matcher, model: matcher === 'loftr' ? (ownModel ?? embeddedModel) : null };
      const keep = (deviceTest: CheckedDevice) => updateSlice(store, 'job', (job) => ({ ...job, deviceTest }));
      await checkDevice({ foreground, spareClient, now }, choice, keep);
      await runs.reconcile();
    },
    cancel: foreground.cancel,
    autoDisplay: runs.autoDisplay,
    exportMosaic: async (choice) => {
      await exports.mosaic(choice);
      await runs.reconcile();
    },
    exportSections: async (choice) => {
      await exports.sections(choice);
      await runs.reconcile();
    },
    async exportText(kind) {
      const warnings = await exports.text(kind);
      await runs.reconcile();
      return warnings;
    },
    report: (error) => updateSlice(store, 'job', (job) => withError(job, error)),
    dismissError: (id) => updateSlice(store, 'job', (job) => withoutError(job, id)),
  };
}
