import { useStore } from 'zustand';
import { useApp } from '../app-context.ts';

/** Says that another tab has this project open: decisions of this one are not kept for the next visit. */
export function ElsewhereNotice() {
  const { jobs } = useApp();
  const isElsewhere = useStore(jobs.session.state, (session) => session.isElsewhere);
  if (!isElsewhere) return null;
  return (
    <span
      className="warn-text"
      role="status"
      data-testid="open-elsewhere"
      title="Both tabs work and share the finished pairs. The first one keeps its decisions for the next visit; close it to have this one keep them."
    >
      open in another tab: not saved here
    </span>
  );
}
