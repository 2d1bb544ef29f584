import { TriangleAlert } from 'lucide-react';
import { isSidePanelOpen } from '../state/attention.ts';
import { updateSlice } from '../state/store.ts';
import { warningsOfRun, type StitchRun } from '../state/result.ts';
import { useApp, useAppState } from './app-context.ts';
import { Tip } from './Tip.tsx';

/** What a run warns of, in one line above the mosaic while the panel that has all of it is closed. */
export function WarningStrip({ run }: { readonly run: StitchRun }) {
  const { store } = useApp();
  const isListed = useAppState(isSidePanelOpen);
  const [first, ...others] = warningsOfRun(run);
  if (first === undefined || isListed) return null;
  return (
    <div className="warning-strip" role="status" data-testid="warning-strip">
      <TriangleAlert className="small" aria-hidden="true" />
      <Tip text={first}>
        <span tabIndex={0}>{first}</span>
      </Tip>
      <button type="button" onClick={() => updateSlice(store, 'view', (view) => ({ ...view, sidePanel: 'open' }))}>
        {others.length > 0 ? `${others.length} more` : 'Show'}
      </button>
    </div>
  );
}
