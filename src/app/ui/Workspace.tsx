import { useRef } from 'react';
import type { MosaicViewerHandle } from '../viewer/MosaicViewer.tsx';
import { useAppState } from './app-context.ts';
import { LayoutPanel } from './LayoutPanel.tsx';
import { LayoutPreview } from './LayoutPreview.tsx';
import { MosaicPane } from './MosaicPane.tsx';
import { OptionsPanel } from './OptionsPanel.tsx';
import { ProblemList } from './ProblemList.tsx';
import { ResultPanel } from './ResultPanel.tsx';

/** Decisions on the left, the picture in the middle, the evidence on the right. */
export function Workspace() {
  const run = useAppState(({ result }) => result.run);
  const viewer = useRef<MosaicViewerHandle>(null);
  return (
    <main className={run ? 'workspace with-result' : 'workspace'}>
      <aside className="side-panel" aria-label="Layout and options">
        <ProblemList />
        {/* Folded once there is a mosaic, and open again for the next drop. */}
        <LayoutPanel key={run ? 'after' : 'before'} open={!run} />
        <OptionsPanel />
      </aside>
      <section className="centre" aria-label={run ? 'Mosaic' : 'Layout preview'}>
        {run ? <MosaicPane run={run} viewer={viewer} /> : <LayoutPreview />}
      </section>
      {run && <ResultPanel run={run} viewer={viewer} />}
    </main>
  );
}
