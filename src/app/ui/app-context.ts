import { createContext, useContext, type RefObject } from 'react';
import { useStore } from 'zustand';
import type { StitchClient } from '../../../workers/protocol.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { MosaicActions } from './commands/command.ts';
import type { Offline } from '../offline/keep-offline.ts';
import type { FolderWatch } from '../watch/folder-watch.ts';
import type { AppState, AppStore } from '../state/store.ts';

/** What every component may reach: the state, what can be asked for, and the pictures. */
export interface AppContextValue {
  readonly store: AppStore;
  readonly jobs: Jobs;
  readonly client: StitchClient;
  /** The mosaic on the screen, for commands; it puts itself there. */
  readonly mosaic: RefObject<MosaicActions | null>;
  readonly offline: Offline;
  readonly watch: FolderWatch;
  readonly diagnostics: {
    /** The diagnostics as they are now. */
    readonly read: () => Promise<string>;
    readonly save: (text: string) => void;
  };
}

export const AppContext = createContext<AppContextValue | null>(null);

export function useApp(): AppContextValue {
  const app = useContext(AppContext);
  if (!app) throw new Error('a component of the app is outside AppContext');
  return app;
}

/** A part of the state; the component is drawn again when that part changes. */
export function useAppState<T>(selector: (state: AppState) => T): T {
  return useStore(useApp().store, selector);
}
