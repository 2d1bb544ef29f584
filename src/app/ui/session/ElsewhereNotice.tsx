import { useStore } from 'zustand';
import { useApp } from '../app-context.ts';

/** Says that decisions of this tab are not kept for the next visit, and why. */
export function ElsewhereNotice() {
  const { jobs } = useApp();
  const { isElsewhere, isFleeting } = useStore(jobs.session.state);
  if (isElsewhere)
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
  if (isFleeting)
    return (
      <span
        className="warn-text"
        role="status"
        data-testid="not-kept"
        title="This browser gives no storage (a private window, a full disk), or a newer version of the app in another tab has it. Save the project as a file."
      >
        not kept when the tab is closed
      </span>
    );
  return null;
}
