import { useApp } from '../app-context.ts';
import { useShortcut } from '../pair-inspector/use-shortcut.ts';

/** The key x takes the shown link out, or takes that back. */
export function ExcludeKey({ pairKey }: { readonly pairKey: string }) {
  const { jobs, store } = useApp();
  useShortcut('x', () => jobs.setExcluded(pairKey, !store.getState().project.edits.excluded.has(pairKey)));
  return null;
}
