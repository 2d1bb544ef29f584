import { PanelLeftClose, PanelLeftOpen } from 'lucide-react';
import { useRef } from 'react';
import { isSidePanelOpen } from '../state/attention.ts';
import { updateSlice } from '../state/store.ts';
import type { MosaicViewerHandle } from '../viewer/MosaicViewer.tsx';
import { useApp, useAppState } from './app-context.ts';
import { LayoutPanel } from './LayoutPanel.tsx';
import { LayoutPreview } from './LayoutPreview.tsx';
import { OptionsPanel } from './OptionsPanel.tsx';
import { ProblemList } from './ProblemList.tsx';
import { SectionList } from './sections/SectionList.tsx';
import { ShadingPanel } from './ShadingPanel.tsx';
import { useMosaicRoom } from './use-mosaic-room.ts';

/** Decisions on the left, the picture in the middle, the evidence on the right. */
export function Workspace() {
  const run = useAppState(({ result }) => result.run);
  const isPanelOpen = useAppState(isSidePanelOpen);
  const viewer = useRef<MosaicViewerHandle>(null);
  const MosaicRoom = useMosaicRoom();
  const hasMosaic = run !== null && MosaicRoom !== null;
  return (
    <main className={`workspace ${hasMosaic ? 'with-result' : ''} ${isPanelOpen ? '' : 'without-panel'}`}>
      {isPanelOpen ? (
        <aside className="side-panel" aria-label="Layout and options" data-testid="side-panel">
          {run && <PanelSwitch isOpen />}
          <ProblemList />
          <SectionList />
          {/* Folded once there is a mosaic, and open again for the next drop. */}
          <LayoutPanel key={run ? 'after' : 'before'} open={!run} />
          <OptionsPanel />
          <ShadingPanel />
        </aside>
      ) : (
        <aside className="side-rail" aria-label="Layout and options">
          <PanelSwitch isOpen={false} />
        </aside>
      )}
      {hasMosaic ? (
        // Of a module that was loaded: the same at every drawing.
        // eslint-disable-next-line react-hooks/static-components
        <MosaicRoom run={run} viewer={viewer} />
      ) : (
        <section className="centre" aria-label="Layout preview">
          <LayoutPreview />
        </section>
      )}
    </main>
  );
}

function PanelSwitch({ isOpen }: { readonly isOpen: boolean }) {
  const { store } = useApp();
  const Icon = isOpen ? PanelLeftClose : PanelLeftOpen;
  const label = isOpen ? 'Hide layout and options' : 'Show layout and options';
  return (
    <button
      type="button"
      className="panel-switch"
      aria-label={label}
      aria-expanded={isOpen}
      title={label}
      data-testid="panel-switch"
      onClick={() => updateSlice(store, 'view', (view) => ({ ...view, sidePanel: isOpen ? 'closed' : 'open' }))}
    >
      <Icon aria-hidden="true" />
      {isOpen ? 'Hide' : <span className="panel-switch-name">Layout and options</span>}
    </button>
  );
}
