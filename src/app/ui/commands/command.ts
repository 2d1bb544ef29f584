import type { Jobs } from '../../jobs/jobs.ts';
import type { Offline } from '../../offline/keep-offline.ts';
import type { FolderWatch } from '../../watch/folder-watch.ts';
import type { AppState, AppStore } from '../../state/store.ts';
import type { ViewerCommand } from '../../viewer/viewer-commands.ts';

/** Headings under which commands are listed. */
export const commandGroups = [
  'Project',
  'Mosaic',
  'Seeing',
  'Links',
  'Inspector',
  'Corrections',
  'Files',
  'Help',
] as const;
export type CommandGroup = (typeof commandGroups)[number];

/** What the mosaic on the screen can be asked for from elsewhere. */
export interface MosaicActions {
  fit(): void;
  actualPixels(): void;
  zoomBy(factor: number): void;
  look(command: ViewerCommand): void;
}

/** What is shown over the page. */
export type Overlay = 'keys' | 'palette' | 'diagnostics';

/** What commands work on. */
export interface CommandContext {
  readonly store: AppStore;
  readonly jobs: Jobs;
  /** Null while no mosaic is shown. */
  readonly mosaic: MosaicActions | null;
  readonly offline: Offline;
  readonly watch: FolderWatch;
  readonly show: (overlay: Overlay) => void;
}

/** One thing that can be asked for: by its keys, from the palette, and mostly by a button. */
export interface Command {
  readonly id: string;
  /** What it does, as the palette and the list of keys say it. */
  readonly title: string;
  readonly group: CommandGroup;
  /** Chords as `chordOf` names them; empty when there is only a button. */
  readonly keys: readonly string[];
  /** Whether it means anything now; the first possible command of a chord gets the key. */
  readonly isPossible: (state: AppState) => boolean;
  readonly run: (context: CommandContext) => void;
}
