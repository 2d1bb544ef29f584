import type { AppState } from './store.ts';

/** How many things the user should know of: files left out, doubled cells, warnings of the run. */
export function warningCount({ project, result }: AppState): number {
  const found = project.inspection?.problems.length ?? 0;
  return found + project.edits.layoutProblems.length + (result.run?.outcome.warnings.length ?? 0);
}

/** Whether the panel with layout, options and problems is shown. */
export function isSidePanelOpen(state: AppState): boolean {
  const { sidePanel } = state.view;
  if (sidePanel !== 'auto') return sidePanel === 'open';
  return state.result.run === null || state.sections.entries.length > 0 || warningCount(state) > 0;
}
