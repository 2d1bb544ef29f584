import { createStore, type StoreApi } from 'zustand/vanilla';
import { noTool, type ToolState } from './edits.ts';
import { noJob, type JobState } from './job.ts';
import { notOffline, type OfflineState } from './offline.ts';
import { emptyProject, type ProjectState } from './project.ts';
import { noResult, type ResultState } from './result.ts';
import { noSections, type SectionsState } from './sections.ts';
import { notWatching, type WatchState } from './watch.ts';
import { initialView, type ViewState } from './view.ts';

/** The whole state of the app: plain data in slices. Only `app/jobs` writes `result`, `job` and `sections`. */
export interface AppState {
  readonly project: ProjectState;
  readonly result: ResultState;
  readonly job: JobState;
  readonly view: ViewState;
  readonly tool: ToolState;
  readonly sections: SectionsState;
  readonly offline: OfflineState;
  readonly watch: WatchState;
}

export type AppStore = StoreApi<AppState>;

export function createAppStore(): AppStore {
  return createStore<AppState>()(() => ({
    project: emptyProject,
    result: noResult,
    job: noJob,
    view: initialView,
    tool: noTool,
    sections: noSections,
    offline: notOffline,
    watch: notWatching,
  }));
}

/** The one word for what the app is doing, for the root element and tests. */
export type Phase = 'idle' | 'loading' | 'ready' | 'running' | 'cancelled' | 'failed' | 'done';

/** Loading is everything up to a layout; running is everything after Stitch. */
export function phaseOf({ job: { current }, project }: AppState): Phase {
  switch (current.kind) {
    case 'running':
      return current.task === 'sample' || current.task === 'inspect' || current.task === 'layout'
        ? 'loading'
        : 'running';
    case 'cancelled':
    case 'failed':
      return current.kind;
    case 'done':
      return current.task === 'stitch' || current.task === 'resolve' || current.task === 'export' ? 'done' : 'ready';
    case 'idle':
      return project.tiles.length > 0 ? 'ready' : 'idle';
  }
}

/** Changes one slice. */
export function updateSlice<K extends keyof AppState>(
  store: AppStore,
  slice: K,
  change: (state: AppState[K]) => AppState[K],
): void {
  store.setState((state) => ({ [slice]: change(state[slice]) }));
}

/** Puts away the result and what was chosen in it: other tiles, or none, are here now. */
export function forgetResult(store: AppStore): void {
  updateSlice(store, 'result', ({ revision }) => ({ run: null, revision: revision + 1 }));
  updateSlice(store, 'view', (view) => ({
    ...view,
    selectedPair: null,
    selectedTile: null,
    wantedViewport: null,
    sidePanel: 'auto',
  }));
}
