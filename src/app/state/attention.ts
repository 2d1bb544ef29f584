import { warningsOfRun } from './result.ts';
import type { AppState } from './store.ts';

/** Problems of the drop, which somebody has to decide on: files left out, doubled cells. */
function problemCount({ project }: AppState): number {
  return (project.inspection?.problems.length ?? 0) + project.edits.layoutProblems.length;
}

/** How many things the user should know of: problems of the drop, warnings of the run. */
export function warningCount(state: AppState): number {
  return problemCount(state) + warningsOfRun(state.result.run).length;
}

/**
 * Whether the panel with layout, options and problems is shown. What a run warns of is told above the mosaic: nearly
 * every real section has one, and a panel for it would take a third of a small window.
 */
export function isSidePanelOpen(state: AppState): boolean {
  const { sidePanel } = state.view;
  if (sidePanel !== 'auto') return sidePanel === 'open';
  return state.result.run === null || state.sections.entries.length > 0 || problemCount(state) > 0;
}
