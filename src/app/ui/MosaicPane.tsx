import { useMemo, type RefObject } from 'react';
import { viewerLinks } from '../viewer/link-graph.ts';
import { MosaicViewer, type MosaicViewerHandle } from '../viewer/MosaicViewer.tsx';
import type { StitchRun } from '../state/result.ts';
import { updateSlice } from '../state/store.ts';
import type { Overlays, ViewState } from '../state/view.ts';
import { useApp, useAppState } from './app-context.ts';
import { ContrastPanel } from './ContrastPanel.tsx';
import { CheckField } from './Fields.tsx';

interface MosaicPaneProps {
  readonly run: StitchRun;
  readonly viewer: RefObject<MosaicViewerHandle | null>;
}

/** The mosaic with what is drawn over it and how it is shown. */
export function MosaicPane({ run, viewer }: MosaicPaneProps) {
  const { client, store, jobs } = useApp();
  const generation = useAppState(({ result }) => result.revision);
  const { display, overlays, selectedPair, selectedTile } = useAppState(({ view }) => view);
  const { mosaic, pairs, report } = run.outcome;
  const { excluded } = run;
  const links = useMemo(
    () => viewerLinks({ placements: mosaic.placements, results: pairs, edges: report.edges, excluded }),
    [mosaic, pairs, report, excluded],
  );
  const selection = useMemo(() => ({ link: selectedPair, tile: selectedTile }), [selectedPair, selectedTile]);
  const events = useMemo(() => {
    const look = (change: Partial<ViewState>) => updateSlice(store, 'view', (view) => ({ ...view, ...change }));
    return {
      onSelectLink: (pair: string | null) =>
        look(pair ? { selectedPair: pair, tab: 'inspector' } : { selectedPair: null }),
      onSelectTile: (selectedTile: ViewState['selectedTile']) => look({ selectedTile }),
      onHover: (cursor: ViewState['cursor']) => look({ cursor }),
      onViewportChange: (viewport: ViewState['viewport']) => look({ viewport }),
      onError: jobs.report,
    };
  }, [store, jobs]);
  return (
    <div className="mosaic-pane">
      <div className="toolbar" role="toolbar" aria-label="View">
        <button type="button" onClick={() => viewer.current?.fit()}>
          Fit
        </button>
        <button type="button" onClick={() => viewer.current?.actualPixels()}>
          100 %
        </button>
        <OverlayToggles />
        <ContrastPanel run={run} viewer={viewer} />
      </div>
      <MosaicViewer
        ref={viewer}
        client={client}
        bounds={mosaic.bounds}
        generation={generation}
        display={display}
        placements={mosaic.placements}
        links={links}
        overlays={overlays}
        selection={selection}
        pixelSizeNm={mosaic.pixelSizeNm}
        {...events}
      />
    </div>
  );
}

const overlayNames: readonly (readonly [keyof Overlays, string])[] = [
  ['outlines', 'Outlines'],
  ['names', 'Names'],
  ['links', 'Links'],
];

function OverlayToggles() {
  const { store } = useApp();
  const overlays = useAppState(({ view }) => view.overlays);
  return overlayNames.map(([name, label]) => (
    <CheckField
      key={name}
      label={label}
      checked={overlays[name]}
      onChange={(on) => updateSlice(store, 'view', (view) => ({ ...view, overlays: { ...view.overlays, [name]: on } }))}
    />
  ));
}
