import { Content, List, Root, Trigger } from '@radix-ui/react-tabs';
import { useMemo, type RefObject } from 'react';
import { intersectRects } from '../../core/geometry/rect.ts';
import { pairKey } from '../../core/tiles/tile.ts';
import type { StitchRun } from '../state/result.ts';
import { updateSlice } from '../state/store.ts';
import type { ResultTab } from '../state/view.ts';
import { viewerLinks } from '../viewer/link-graph.ts';
import type { MosaicViewerHandle } from '../viewer/MosaicViewer.tsx';
import { useApp, useAppState } from './app-context.ts';
import { AcquisitionTab } from './AcquisitionTab.tsx';
import { EditsTab } from './edits/EditsTab.tsx';
import { ExportPanel } from './ExportPanel.tsx';
import { linkRows } from './links/link-row.ts';
import { LinkTable } from './links/LinkTable.tsx';
import { InspectorTab } from './InspectorTab.tsx';
import { TilesPanel } from './TilesPanel.tsx';
import { useRemWidth } from './use-rem.ts';
import { visibleRegion } from './visible-region.ts';

/** With the name where letters are large and the window is small, if it is another. */
const tabs: readonly (readonly [ResultTab, string, string?])[] = [
  ['links', 'Links'],
  ['inspector', 'Inspector'],
  ['corrections', 'Corrections', 'Edits'],
  ['tiles', 'Tiles'],
  ['export', 'Export'],
  ['acquisition', 'Acquisition', 'Scan'],
];

/** In a window of fewer rem the long names would break the tabs into two lines. */
const longNamesRem = 50;

interface ResultPanelProps {
  readonly run: StitchRun;
  readonly viewer: RefObject<MosaicViewerHandle | null>;
}

/** The evidence and the files of a run. */
export function ResultPanel({ run, viewer }: ResultPanelProps) {
  const { store } = useApp();
  const isShort = useRemWidth() < longNamesRem;
  const tab = useAppState(({ view }) => view.tab);
  const isLarge = useAppState(({ view }) => view.isInspectorLarge && view.tab === 'inspector');
  const show = (next: ResultTab) => updateSlice(store, 'view', (view) => ({ ...view, tab: next }));
  return (
    <Root
      asChild
      value={tab}
      onValueChange={(next) => {
        const chosen = tabs.find(([id]) => id === next);
        if (chosen) show(chosen[0]);
      }}
    >
      <aside
        className={`result-panel ${tab === 'inspector' ? 'wide' : ''} ${isLarge ? 'large' : ''}`}
        aria-label="Result"
      >
        <List className="tabs" aria-label="Result">
          {tabs.map(([id, label, short = label]) => (
            <Trigger key={id} value={id} data-testid={`${id}-tab`}>
              {isShort ? short : label}
            </Trigger>
          ))}
        </List>
        {/* One at a time; a tab that is not seen costs nothing. */}
        <Content className="tab-body" value={tab} key={tab}>
          {tab === 'links' && <LinksTab run={run} viewer={viewer} />}
          {tab === 'inspector' && <InspectorTab run={run} />}
          {tab === 'corrections' && <EditsTab run={run} />}
          {tab === 'tiles' && <TilesTab run={run} viewer={viewer} />}
          {tab === 'acquisition' && <AcquisitionTab run={run} />}
          {tab === 'export' && <ExportPanel viewer={viewer} />}
        </Content>
      </aside>
    </Root>
  );
}

function LinksTab({ run, viewer }: ResultPanelProps) {
  const { store, jobs } = useApp();
  const selectedPair = useAppState(({ view }) => view.selectedPair);
  const { pairs, report, mosaic } = run.outcome;
  const { excluded, corrections } = run;
  const rows = useMemo(
    () => linkRows({ results: pairs, ...report, excluded, corrections }),
    [pairs, report, excluded, corrections],
  );
  const select = (pair: string, tab: ResultTab) => {
    updateSlice(store, 'view', (view) => ({ ...view, selectedPair: pair, tab }));
    const results = pairs.filter((result) => pairKey(result.pair) === pair);
    const [link] = viewerLinks({ placements: mosaic.placements, results, edges: [], excluded });
    if (!link) return;
    const seen = visibleRegion(viewer.current, mosaic.bounds);
    const seam = { x: Math.round(link.seam.x), y: Math.round(link.seam.y), width: 1, height: 1 };
    if (!seen || !intersectRects(seen, seam)) viewer.current?.centreOn(link.seam);
  };
  return (
    <LinkTable
      rows={rows}
      selectedKey={selectedPair}
      onSelect={(pair) => select(pair, 'links')}
      onOpen={(pair) => select(pair, 'inspector')}
      onToggleExclude={(pair) => jobs.setExcluded(pair, !store.getState().project.edits.excluded.has(pair))}
      onExcludeAll={jobs.corrections.excludeAll}
    />
  );
}

function TilesTab({ run, viewer }: ResultPanelProps) {
  const { store } = useApp();
  return (
    <TilesPanel
      run={run}
      onShow={(tile) => {
        updateSlice(store, 'view', (view) => ({
          ...view,
          selectedTile: tile,
          overlays: { ...view.overlays, outlines: true },
        }));
        const placement = run.outcome.mosaic.placements.find((one) => one.tile === tile);
        if (!placement) return;
        const { mosaicFromTile, size } = placement;
        viewer.current?.reveal({
          x: Math.floor(mosaicFromTile.e),
          y: Math.floor(mosaicFromTile.f),
          width: size.width,
          height: size.height,
        });
      }}
    />
  );
}
