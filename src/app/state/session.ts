import { addEdit } from '../../core/edits/edit.ts';
import { defaultStitchOptions } from '../../core/options.ts';
import type { NamedFile, ProjectFile } from '../../../workers/protocol.ts';
import type { LayoutChoice } from './layout-choice.ts';
import { difference, merged } from './plain-changes.ts';
import type { EditChange, ProjectState } from './project.ts';
import { withDecisions } from './project.ts';
import type { AppState } from './store.ts';
import { resultTabs, type ViewState } from './view.ts';

/** A project of an earlier visit, as the start page lists it. */
export interface RecentProject {
  readonly id: string;
  readonly name: string;
  readonly tiles: number;
  readonly corrections: number;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  /** The browser can open the folder again after a question. */
  readonly hasHandles: boolean;
  /** It was left open: the page was closed, reloaded or crashed over it. */
  readonly isOpen: boolean;
  /** Among several of the same files: what tells it from the others, in words. */
  readonly distinction: string | null;
}

/** What the start page offers; a store of its own, beside the slices of `AppState`. */
export interface SessionState {
  readonly recent: readonly RecentProject[];
  /** A project that waits for its files to be dropped. */
  readonly pending: ProjectFile | null;
  /** Another tab has the project open and saves it: this one does not. */
  readonly isElsewhere: boolean;
  /** Nothing outlives the page: this browser gives no storage, or a newer version of the app has it. */
  readonly isFleeting: boolean;
}

export const noSession: SessionState = { recent: [], pending: null, isElsewhere: false, isFleeting: false };

/** What names the project: the dropped folder that all files share, else the first file. */
export function projectName(files: readonly NamedFile[]): string {
  const [first] = files;
  if (!first) return 'project';
  const slash = first.path.indexOf('/');
  const folder = slash > 0 ? first.path.slice(0, slash) : '';
  return folder && files.every(({ path }) => path.startsWith(`${folder}/`)) ? folder : first.path;
}

/** The project as it is now, without pixels; `identities` are those of `files`, which are relative to the drop. */
export function savedProject(
  { project, result, job, view }: AppState,
  files: readonly NamedFile[],
  identities: readonly string[],
): ProjectFile {
  const { layoutChoice, overlap, options, corrections } = project.edits;
  const isStitching = job.current.kind === 'running' && job.current.task === 'stitch';
  const { viewport } = view;
  return {
    kind: 'em-stitch-project',
    version: 1,
    name: projectName(project.files),
    files: files.map(({ path, file }, k) => ({ path, size: file.size, identity: identities[k] })),
    pages: project.pages,
    group: project.group,
    layoutChoice,
    overlap: overlap && { x: overlap.x, y: overlap.y },
    options,
    corrections,
    isStitched: result.run !== null || isStitching,
    view: {
      tab: view.tab,
      selectedPair: view.selectedPair,
      viewport: viewport && { x: viewport.x, y: viewport.y, zoom: viewport.zoom },
    },
  };
}

/**
 * The project with the decisions of a saved one, as if they had just been made; there is nothing to undo. What the user
 * has decided since `knownPast` counts more than what was saved: it is later.
 */
export function withSaved(
  project: ProjectState,
  saved: ProjectFile,
  knownPast: ProjectState['past'] = project.past,
): ProjectState {
  const { layoutChoice, overlap, options, corrections } = saved;
  // The schema of a layout choice is the type's, field by field.
  const decided = { layoutChoice: layoutChoice satisfies LayoutChoice, overlap, options, corrections };
  const firstStep = project.past.find((step) => !knownPast.includes(step));
  return withDecisions(project, firstStep ? withLater(decided, firstStep.edits, project.edits) : decided);
}

/** Saved decisions with those that lead from `before` to `now` on top. */
function withLater(
  saved: Required<EditChange>,
  before: ProjectState['edits'],
  now: ProjectState['edits'],
): Required<EditChange> {
  const added = now.corrections.filter((entry) => !before.corrections.includes(entry));
  return {
    layoutChoice: now.layoutChoice === before.layoutChoice ? saved.layoutChoice : now.layoutChoice,
    overlap: now.overlap === before.overlap ? saved.overlap : now.overlap,
    options: merged(saved.options, difference(now.options, before.options)),
    corrections: added.reduce((list, { edit }) => addEdit(list, edit), saved.corrections),
  };
}

/** The same files in the same places are the same project: FNV-1a of the name and the identities. */
export function savedId({ name, files }: ProjectFile): string {
  const text = JSON.stringify([name, files.map(({ identity }) => identity).toSorted()]);
  let [low, high] = [0x811c9dc5, 0x1b873593];
  for (let i = 0; i < text.length; i++) {
    low = Math.imul(low ^ text.charCodeAt(i), 0x01000193) >>> 0;
    high = Math.imul(high ^ text.charCodeAt(text.length - 1 - i), 0x01000193) >>> 0;
  }
  return `${low.toString(16)}-${high.toString(16)}`;
}

/** What the records of the same files in the same places have in common: their `savedId`, with which their own id begins. */
export function filesIdOf(recordId: string): string {
  return recordId.split('-', 2).join('-');
}

/** True when a saved project decides nothing that `other` does not: the same choices, and its corrections are there. */
export function isDecidedIn(saved: ProjectFile, other: ProjectFile): boolean {
  const [{ corrections, ...choices }, { corrections: others, ...otherChoices }] = [saved, other].map(decisionsOf);
  const isKnown = ({ isOn, edit }: ProjectFile['corrections'][number]) =>
    others.some((one) => difference({ isOn, edit }, { isOn: one.isOn, edit: one.edit }) === undefined);
  return difference(choices, otherChoices) === undefined && corrections.every(isKnown);
}

/** True when somebody has decided something in a saved project: a choice, an option, a correction. */
export function isWorthKeeping(saved: ProjectFile): boolean {
  const { layoutChoice, overlap, options, corrections } = decisionsOf(saved);
  const isFirst = layoutChoice?.kind === 'hypothesis' && layoutChoice.index === 0;
  const isChosen = !isFirst && layoutChoice?.kind !== 'table';
  return (
    isChosen || overlap !== null || corrections?.length > 0 || difference(options, defaultStitchOptions) !== undefined
  );
}

function decisionsOf({ pages, group, layoutChoice, overlap, options, corrections }: ProjectFile) {
  return { pages, group, layoutChoice, overlap, options, corrections };
}

/** The view with what was looked at when the project was saved. */
export function withSavedView(view: ViewState, saved: ProjectFile['view']): ViewState {
  const tab = resultTabs.find((one) => one === saved.tab) ?? view.tab;
  return { ...view, tab, selectedPair: saved.selectedPair, wantedViewport: saved.viewport };
}
